"""The facts behind every figure: one line of the log, one cycle's, those of one name, those of one minute."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ledger.events import BY_NAME, CommissionCharged, OrderPlanned, OrderSendAttempted, SafeguardsEvaluated
from ledger.line import Event, decode
from queries.fence import quoted
from queries.story_of_cycle import cycle_text
from trader.commands.dashboard.edition import Edition
from trader.commands.dashboard.lines import cycle_lines, line_of
from trader.commands.dashboard.page import Asked, NoSuchPage, Page, Route

NAMES = ("con_id", "order_ref", "execution_id", "break_id")  # of what a trail can follow
TRAIL_MAX = 500
MINUTE = re.compile(r"\d{2}:\d{2}")


def event(edition: Edition, asked: Asked) -> Page:
    """Show one line: its envelope, its fact, its hash checked, its neighbours."""
    seq = _number(asked, "seq")
    found = line_of(edition.home, seq)
    if found is None:
        raise NoSuchPage(f"seq {seq}: the log ends at {edition.book.seq}")
    told = found.told
    fact = told.pop("fact", {})
    envelope = {name: value for name, value in told.items() if name not in {"seq", "type"}}
    model = BY_NAME.get(found.type)
    shown = {
        "line": found, "fact": _told(fact), "envelope": _told(envelope), "raw": found.raw.decode(errors="replace"),
        "means": "" if model is None else (model.__doc__ or "").strip().partition("\n")[0], "head": edition.book.seq,
    }  # fmt: skip
    return Page("event", f"{found.type} {seq}", shown, tab="/days")


def _told(fields: Any) -> list[tuple[str, Any]]:
    """Return the fields in the order of the line; rows stay rows."""
    return list(fields.items()) if isinstance(fields, dict) else []


def cycle(edition: Edition, asked: Asked) -> Page:
    """Tell one cycle: in a line, its safeguards, then every line that it recorded."""
    seq = _number(asked, "seq")
    lines = edition.once(("cycle", seq), lambda: cycle_lines(edition.home, seq))
    if not lines:
        raise NoSuchPage(f"seq {seq}: expected the start of a cycle, found another line or none")
    events = [decode(line.raw) for line in lines if line.hash_fits]
    asked_of = [(each.seq, each.fact) for each in events if isinstance(each.fact, SafeguardsEvaluated)]
    verdicts = [(seq, row) for seq, fact in asked_of for row in fact.verdicts]
    planned = {each.fact.con_id: each.fact.symbol for each in events if isinstance(each.fact, OrderPlanned)}
    why = {f"{con_id}": symbol for con_id, symbol in planned.items()}.get(asked.query.get("why", ""))
    shown = {
        "text": _in_a_line(edition, events),
        "started": events[0] if events else None,
        "rows": [(each, each.recorded_at - events[0].recorded_at, gist(each.fact)) for each in events],
        "refused": [(seq, row) for seq, row in verdicts if row.outcome != "pass"],
        "passed": [(seq, row) for seq, row in verdicts if row.outcome == "pass"],
        "planned": planned,
        "why": why,
        "reasons": _reasons(events, int(asked.query["why"])) if why else (),
        "broken": [line for line in lines if not line.hash_fits],
    }
    return Page("cycle", f"cycle {seq}", shown, tab="/days")


def _reasons(events: Sequence[Event], con_id: int) -> tuple[tuple[str, str], ...]:
    """Tell what led to a contract's order, or to none, as `tallybook audit --why` does."""
    from trader.audit.why import reasons

    return tuple(reasons(events, con_id))


def _in_a_line(edition: Edition, events: Sequence[Event]) -> str:
    """Tell a cycle as the day's story does, by what it recorded itself."""
    sent = {event.fact.order_ref: event for event in events if isinstance(event.fact, OrderSendAttempted)}
    paid = {event.fact.execution_id: event.fact.amount for event in events if isinstance(event.fact, CommissionCharged)}
    contracts = edition.book.contracts

    def symbol(con_id: int) -> str:
        return contracts[con_id].symbol if con_id in contracts else f"contract {con_id}"

    return cycle_text(events, sent, paid, symbol) if events else ""


def gist(fact: Any) -> str:
    """Return what a fact says first: its short fields, as they are."""
    said = fact.model_dump(mode="json", exclude_defaults=True)
    short = (f"{name} {value}" for name, value in said.items() if isinstance(value, str | int) and name != "type")
    return " · ".join(short)[:160]


def trail(edition: Edition, asked: Asked) -> Page:
    """Follow a contract, an order, an execution or a break through the log, the newest line first."""
    name, value = asked.place["name"], asked.place["value"]
    if name not in NAMES:
        raise NoSuchPage(f"{name}: expected one of {', '.join(NAMES)}")
    if name == "con_id" and not value.isdecimal():
        raise NoSuchPage(f"con_id {value}: expected a number")
    spelt = value if name == "con_id" else quoted(value)
    bearing = [kind for kind, model in BY_NAME.items() if name in model.model_fields]
    parts = " UNION ALL ".join(
        f"SELECT seq, recorded_at, cycle, '{kind}' AS type FROM {kind} WHERE {name} = {spelt}" for kind in bearing
    )
    found = edition.answer(f"{parts} ORDER BY seq DESC LIMIT {TRAIL_MAX}")
    if not found.rows:
        raise NoSuchPage(f"{name} {value}: no line of the log names it")
    known = edition.book.contracts.get(int(value)) if name == "con_id" and value.isdecimal() else None
    fills = edition.answer(
        "SELECT seq, filled_at, symbol, quantity, price, currency, commission, order_ref FROM fills "
        f"WHERE {name} = {spelt} ORDER BY seq DESC LIMIT {TRAIL_MAX}"
    ) if name != "break_id" else None  # fmt: skip
    shown = {"name": name, "value": value, "found": found, "known": known, "fills": fills, "most": TRAIL_MAX}
    return Page("trail", f"{name} {value}", shown, tab="/days")


def minute(edition: Edition, asked: Asked) -> Page:
    """List what happened, or became known, in one minute of a day."""
    of, at = asked.day(), asked.place["at"]
    if MINUTE.fullmatch(at) is None:
        raise NoSuchPage(f"{at}: expected a time, as 09:35")
    found = edition.answer(
        "SELECT seq, type, occurred_at, recorded_at, cycle FROM events "
        f"WHERE recorded_at >= TIMESTAMPTZ '{of}' AND recorded_at < TIMESTAMPTZ '{of}' + INTERVAL 2 DAY "
        f"AND '{of} {at}' IN (strftime(recorded_at, '%Y-%m-%d %H:%M'), strftime(occurred_at, '%Y-%m-%d %H:%M')) "
        "ORDER BY seq"
    )
    return Page("minute", f"{of} {at}", {"day": of, "at": at, "found": found}, tab="/days")


def _number(asked: Asked, name: str) -> int:
    try:
        return int(asked.place[name])
    except ValueError:
        raise NoSuchPage(f"{asked.place[name]}: expected a number") from None


ROUTES: tuple[Route, ...] = (
    ("/event/{seq}", event), ("/cycle/{seq}", cycle), ("/trail/{name}/{value}", trail), ("/minute/{day}/{at}", minute),
)  # fmt: skip
