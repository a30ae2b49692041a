"""`tallybook report day` and `report month`: what the account did, from its NAV to the nearest limit, on one page.

To add a section: a function that yields `Section`s from what was `Found`, and its name in `_sections`; to tell the same
to programs, a part of `_plain`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from ledger.bridge import LINES
from ledger.events import decimal_text, instant_text
from ledger.lots import ROUNDING
from ledger.returns import sharpe, volatility
from queries.bridge import Tell, silent
from queries.figures import UNKNOWN, change, city, money, percent, percent_change, points
from queries.formats import plain
from queries.pages import course, days, happenings, positions
from queries.pages.found import ClosesOf, Found, commissions, find, no_closes
from queries.pages.orders import part
from queries.pages.profits import Profit
from queries.performance import EVENNESS_DAYS_MIN
from queries.sections import Figure, Report, Section, Tone
from queries.story import audit
from queries.tables import HOME_ZONE


def account_page(
    home: Path,
    first: date,
    last: date,
    *,
    zone: str = HOME_ZONE,
    ticker: str = "",
    closes_of: ClosesOf = no_closes,
    tell: Tell = silent,
) -> Report:
    """Return the page of some days; raises UnknownDay where no cycle of them finished.

    `ticker` is the benchmark's, whose closes are the kept bars'; `closes_of` is asked where there are none.
    """
    found = find(home, first, last, zone=zone, ticker=ticker, closes_of=closes_of, tell=tell)
    told = audit(home, found.stretch.first, zone=zone).lines if found.is_one_day else ()
    verdict, remarks, tone = _verdict(found)
    sections = tuple(_sections(found, told))
    return Report(found.stretch.first, _title(found), verdict, remarks, tone, sections, _plain(found, verdict, tone))


def _title(found: Found) -> str:
    stretch = found.stretch
    first, last = stretch.first, stretch.last
    if found.is_one_day:
        when = f"{first:%a} {first.day} {first:%b %Y}"
    elif (first.year, first.month) == (last.year, last.month):
        when = f"{first.day} to {last.day} {last:%B %Y}"
    else:
        when = f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"
    return f"{stretch.account} {stretch.mode} · {when} · times are {city(stretch.zone)}'s"


def _verdict(found: Found) -> tuple[str, tuple[str, ...], Tone]:
    """Return NAV and what it gained, whether all of it is explained, and whether something is open still."""
    base, bridge, book = found.stretch.base_currency, found.bridge, found.stretch.book
    open_breaks = [known.found.break_id for known in book.open_breaks] if book is not None else []
    halted = book is not None and book.halted
    remarks = list[str]()
    if bridge is None:
        remarks.append(f"How NAV came about is {UNKNOWN}: {found.unknown}")
    elif bridge.residual:
        remarks.append(f"{money(bridge.residual)} {base} of it is not explained")
    if open_breaks:
        remarks.append(f"BOOK ≠ BROKER at the end: {', '.join(open_breaks)} open")
    if halted:
        remarks.append("trading is halted at the end")
    tone: Tone = "bad" if remarks else "fine"
    last = found.last
    verdict = f"NAV {money(last.nav if last is not None else None)} {base}"
    if bridge is not None:
        verdict += f" · {change(bridge.gain)} ({percent_change(found.returned)})"
    if not remarks:
        remarks.append("Book = broker at the end, and all of it is explained.")
    return verdict, tuple(remarks), tone


def _sections(found: Found, told: tuple[str, ...]) -> Iterator[Section]:
    yield Section("", figures=tuple(_figures(found)), after=tuple(_remarks(found)))
    yield from course.sections(found)
    yield from happenings.bridge(found)
    yield from days.sections(found)
    if told:
        yield happenings.story(told)
    yield from positions.sections(found)
    yield from happenings.troubles(found)
    yield from happenings.breaks(found)
    yield from happenings.limits(found)


def _figures(found: Found) -> Iterator[Figure]:
    stretch, bridge, last = found.stretch, found.bridge, found.last
    base = stretch.base_currency
    gain = None if bridge is None else bridge.gain
    flows = f"put in or taken out {change(bridge.flows)}" if bridge is not None and bridge.flows else ""
    yield Figure(f"NAV {base}", money(last.nav if last else None), flows, seq=found.last_seq)
    yield Figure("made", change(gain), percent_change(found.returned), _tone(gain))
    yield from _beside_benchmark(found)
    fall = found.fall
    if not found.is_one_day:
        depth = None if fall is None else fall.depth
        yield Figure("deepest fall", percent_change(depth), "" if fall is None or not fall.bottom_on else _when(found))
    growth = None if stretch.book is None else stretch.book.growth.drawdown
    yield Figure("below its best ever", percent_change(growth), "at the end")
    yield from _evenness(found)
    yield from _leverage(found)
    yield from _trading(found)


def _when(found: Found) -> str:
    fall = found.fall
    assert fall is not None
    assert fall.bottom_on is not None
    since = "the beginning" if fall.peak_on is None else f"{fall.peak_on.day} {fall.peak_on:%b}"
    return f"{since} to {fall.bottom_on.day} {fall.bottom_on:%b}"


def _tone(amount: Decimal | None) -> Tone | None:
    return None if not amount else "fine" if amount > 0 else "bad"


def _beside_benchmark(found: Found) -> Iterator[Figure]:
    told = found.course
    if told is None or told.total_return is None or told.until is None:
        return
    kind = "with dividends" if told.with_dividends else "without dividends"
    until = "" if told.until == found.stretch.last else f", to {told.until.day} {told.until:%b}"
    yield Figure(told.ticker, percent_change(told.total_return), f"{kind}{until}")


def _evenness(found: Found) -> Iterator[Figure]:
    if len(found.days) < EVENNESS_DAYS_MIN:
        return
    ratio = sharpe(found.days)
    spread = volatility(found.days)
    yield Figure("Sharpe ratio", UNKNOWN if ratio is None else f"{ratio:.2f}", f"a year, of {len(found.days)} days")
    yield Figure("volatility", percent(spread), "a year")


def _leverage(found: Found) -> Iterator[Figure]:
    last = found.last
    if last is None:
        return
    limit = next((cycle.gross_limit for cycle in reversed(found.cycles) if cycle.gross_limit), None)
    most = max(cycle.stood.leverage_gross for cycle in found.cycles if cycle.stood is not None)
    beside = f"at most {most:.2f}" + ("" if limit is None else f", limit {limit:.2f}")
    yield Figure("leverage", f"{last.leverage_gross:.2f}", beside, seq=found.last_seq)


def _trading(found: Found) -> Iterator[Figure]:
    stretch, base = found.stretch, found.stretch.base_currency
    orders = tuple(stretch.orders.values())
    filled = sum(order.status == "filled" for order in orders)
    share = part(filled, len(orders))
    yield Figure("orders filled", f"{filled:,} of {len(orders):,}", "" if share is None else percent(share, 0))
    cost = found.cost()
    untold = f"{UNKNOWN} of {cost.unknown}" if cost.unknown else ""
    if cost.known or cost.unknown:
        words = change(cost.slippage) if cost.known else UNKNOWN
        beside = ", ".join(word for word in (points(cost.basis_points) if cost.known else "", untold) if word)
        yield Figure(f"slippage {base}", words, f"{beside}; + is worse")
    charged, pending = commissions(stretch)
    if charged or pending:
        words = ", ".join(f"{change(amount)} {currency}" for currency, amount in sorted(charged.items()))
        yield Figure("commissions", words or UNKNOWN, f"of {pending} not told yet" if pending else "")
    ended = sum(cycle.ended_at is not None and not cycle.failed for cycle in found.cycles)
    vetoed = sum(bool(cycle.vetoes) for cycle in found.cycles)
    yield Figure(
        "cycles finished", f"{ended:,} of {len(found.cycles):,}", f"{vetoed} without consent" if vetoed else ""
    )


def _remarks(found: Found) -> Iterator[str]:
    told = found.course
    if told is not None and told.total_return is None:
        yield f"{told.ticker}: no close of these days is kept."
    if len(found.days) >= EVENNESS_DAYS_MIN:
        yield "Sharpe ratio: of daily returns, times the root of 252, over nothing."


# The same for a program


def _plain(found: Found, verdict: str, tone: Tone) -> dict[str, Any]:
    stretch, bridge, last = found.stretch, found.bridge, found.last
    cost = found.cost()
    return {
        "first": stretch.first.isoformat(), "last": stretch.last.isoformat(), "account": stretch.account,
        "mode": stretch.mode, "currency": stretch.base_currency, "verdict": verdict, "fine": tone == "fine",
        "unknown": found.unknown or None,
        "nav": _text(None if last is None else last.nav),
        "bridge": None if bridge is None else {
            "opening": _text(bridge.opening), **{line: _text(bridge.lines[line]) for line in LINES},
            "closing": _text(bridge.closing), "residual": _text(bridge.residual), "gain": _text(bridge.gain),
        },
        "returned": _text(found.returned), "drawdown": _fall(found), "sharpe": _text(sharpe(found.days)),
        "volatility": _text(volatility(found.days)), "benchmark": _benchmark(found),
        "orders": len(stretch.orders), "orders_filled": sum(o.status == "filled" for o in stretch.orders.values()),
        "slippage": _text(cost.slippage) if cost.known else None, "slippage_unknown_of": cost.unknown,
        "slippage_basis_points": _text(cost.basis_points),
        "commissions": {currency: _text(amount) for currency, amount in sorted(commissions(stretch)[0].items())},
        "days": [_day(found, day.day) for day in found.bridged],
        "positions": [] if last is None else [row.model_dump(mode="json") for row in last.positions],
        "cash": [] if last is None else [row.model_dump(mode="json") for row in last.cash],
        "profits": [_profit(found, each) for each in found.profits],
        "breaks": [event.fact.model_dump(mode="json", exclude_none=True) for event in stretch.breaks.values()],
        "limits": _limits(found),
        "cycles": [_cycle(cycle) for cycle in found.cycles],
    }  # fmt: skip


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else decimal_text(amount)


def _fall(found: Found) -> dict[str, Any] | None:
    fall = found.fall
    if fall is None:
        return None
    return {
        "depth": _text(fall.depth), "peak_on": plain(fall.peak_on), "bottom_on": plain(fall.bottom_on),
        "recovered_on": plain(fall.recovered_on),
    }  # fmt: skip


def _benchmark(found: Found) -> dict[str, Any] | None:
    told = found.course
    if told is None:
        return None
    values = {day.day.isoformat(): _text(each) for day, each in zip(found.days, told.values, strict=True)}
    return {
        "ticker": told.ticker, "returned": _text(told.total_return), "until": plain(told.until),
        "with_dividends": told.with_dividends, "values": values,
    }  # fmt: skip


def _day(found: Found, day: date) -> dict[str, Any]:
    known = next((each for each in found.days if each.day == day), None)
    factor = None if known is None else known.factor
    return {
        "day": day.isoformat(), "opening": _text(known.opening if known else None),
        "flows": _text(known.flows if known else None), "closing": _text(known.closing if known else None),
        "returned": None if factor is None else _text(ROUNDING.subtract(factor, Decimal(1))),
    }  # fmt: skip


def _profit(found: Found, each: Profit) -> dict[str, Any]:
    return {
        "strategy": each.strategy, "con_id": each.con_id, "symbol": found.stretch.symbol(each.con_id),
        "currency": each.currency, "units_before": _text(each.before), "units": _text(each.after),
        "value": _text(each.value), "made": _text(each.profit), "made_in_base": _text(each.in_base),
    }  # fmt: skip


def _limits(found: Found) -> list[dict[str, Any]]:
    return [
        {
            **each.verdict.model_dump(mode="json", exclude_none=True), "refused": each.refused,
            "used": None if each.used is None else _text(round(each.used, 6)), "seq": each.seq,
        }
        for each in found.stretch.nearest.told
    ]  # fmt: skip


def _cycle(cycle: Any) -> dict[str, Any]:
    return {
        "seq": cycle.seq, "day": cycle.day.isoformat(), "kind": cycle.kind,
        "started_at": instant_text(cycle.started_at),
        "ended_at": None if cycle.ended_at is None else instant_text(cycle.ended_at), "failed": cycle.failed or None,
        "planned": cycle.planned, "sent": cycle.sent, "vetoes": cycle.vetoes, "steps_failed": cycle.steps_failed,
        "breaks": cycle.breaks, "open_breaks": cycle.open_breaks,
    }  # fmt: skip
