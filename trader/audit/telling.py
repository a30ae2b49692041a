"""What `tallybook audit` prints: a day's story, a line a day, one cycle, one contract, or two days side by side."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from ledger.events import OrderPlanned, VerdictRow
from ledger.log.storage import day_files, events_folder
from queries.figures import clock_time, price, quantity
from queries.story import Audit, audit, audit_lines, divergence_lines, print_audit
from queries.tables import UnknownDay
from trader import exits
from trader.audit.following import Followed, Follower, follower_of
from trader.audit.inputs import Inputs, inputs_of
from trader.audit.otherwise import Compared, Otherwise, Sides
from trader.audit.periods import audit_day, audit_days
from trader.audit.why import reasons
from trader.safeguards import SAFEGUARDS
from trader.schedule import SettingsError
from trader.settings import settings_of
from trader.settings.texts import with_texts

INDENT = 12


def print_day(home: Path, day: date, zone: str) -> int:
    """Tell a day, decided again; return the exit status."""
    return print_audit(audit_day(home, day, zone))


def print_days(home: Path, days: Sequence[date], zone: str, tell: Callable[[int], None]) -> int:
    """Tell days, a line each, and their sum; return the exit status of the worst."""
    found, notes = list[Audit](), dict[str, None]()
    for number, each in enumerate(audit_days(home, days, zone), start=1):
        tell(number)
        if each is None:
            continue
        found.append(each)
        notes.update(dict.fromkeys(each.notes))
        print("\n".join((audit_lines(each)[0], *divergence_lines(each))))
    if not found:
        names = [name.removesuffix(".jsonl") for name in day_files(events_folder(home)).names]
        written = f"it was written on {names[0]} to {names[-1]}" if names else "it holds no day"
        raise UnknownDay(f"expected days of the log, found none; {written}")
    checked, equal = sum(each.checked for each in found), sum(each.equal for each in found)
    status = max(each.exit_status for each in found)
    print("\n".join(notes) + "\n" * bool(notes), end="")
    print(f"{len(found)} days · {checked} cycles decided again, {equal} equal · exit {status}")
    return status


def print_cycle(home: Path, day: date, zone: str, time: str) -> int:
    """Tell one cycle, batch by batch, and whether each decision comes out again."""
    found, follower = _followed(home, day, zone)
    cycles = _chosen(follower, day, time)
    for cycle in cycles:
        print(f"{cycle.started.slot}  attempt {cycle.started.attempt} · {cycle.started.kind}")
        print("\n".join(_batch_lines(cycle, zone)))
    slots = {cycle.started.slot for cycle in cycles}
    differing = [one for one in found.divergences if one.slot in slots]
    print("\n".join((*found.notes, *(f"{found.word} at seq {one.seq}: {one.what}" for one in differing))))
    return exits.BAD_NEWS if differing else exits.FINE


def _batch_lines(cycle: Followed, zone: str) -> Iterator[str]:
    for batch, stage, found in cycle.batches:
        kinds = ", ".join(dict.fromkeys(event.type for event in batch))
        verdict = "" if not stage else "   DIFFERS" if found else "   decided again: equal"
        span = f"{batch[0].seq}" if len(batch) == 1 else f"{batch[0].seq}-{batch[-1].seq}"
        at = f"{clock_time(batch[0].recorded_at, zone)}:{batch[0].recorded_at.second:02}"
        yield f" {at}  {span:>13}  {kinds}{verdict}"


def print_why(home: Path, day: date, zone: str, symbol: str, time: str) -> int:
    """Tell what led to a contract's orders on a day, or in one of its cycles."""
    found, follower = _followed(home, day, zone)
    named = [con_id for con_id, known in follower.symbols.items() if symbol in (known, str(con_id))]
    if not named:
        known = ", ".join(sorted(set(follower.symbols.values())))
        raise UnknownDay(f"{symbol}: expected a contract of the log ({known}), found none of that name")
    for cycle in _chosen(follower, day, time) if time else follower.cycles.values():
        told = [line for con_id in named for line in reasons(cycle.events, con_id)]
        if told:
            print(f"{cycle.started.slot} {symbol}")
            print("\n".join(f"  {name:<{INDENT}}{text}" for name, text in told))
    print("\n".join((*found.notes, *divergence_lines(found))), end="\n" if found.notes or found.divergences else "")
    return found.exit_status


def _followed(home: Path, day: date, zone: str) -> tuple[Audit, Follower]:
    followers = list[Follower]()

    def made() -> Follower:
        followers.append(follower_of(home))
        return followers[-1]

    found = audit(home, day, zone=zone, judge=made)
    return found, followers[-1]


def _chosen(follower: Follower, day: date, time: str) -> list[Followed]:
    chosen = [cycle for cycle in follower.cycles.values() if cycle.time in (time, time.zfill(len("09:35")))]
    if not chosen:
        known = ", ".join(dict.fromkeys(cycle.time for cycle in follower.cycles.values())) or "none"
        raise UnknownDay(f"{day} {time}: expected one of the day's cycles ({known}), found none at that time")
    return chosen


def print_otherwise(home: Path, day: date, zone: str, settings: Path | None, without: str) -> int:
    """Tell a day's cycles as they were beside what they would have been."""
    names = [str(getattr(safeguard, "__name__", "")) for safeguard in SAFEGUARDS]
    if without and without not in names:
        near = ", ".join(get_close_matches(without, names, cutoff=0)) or ", ".join(names)
        raise SettingsError(f"--without {without}: expected the name of a safeguard, as {near}")
    judges = list[Otherwise]()

    def made() -> Otherwise:
        judges.append(Otherwise(home, None if settings is None else _read(settings, home), without))
        return judges[-1]

    audit(home, day, zone=zone, judge=made)
    judge = judges[-1]
    under = " and ".join(
        filter(None, (f"under {settings}" if settings else "", f"without {without}" if without else ""))
    )
    print(f"{day}  {under}, beside what was recorded")
    for one in judge.compared:
        print("\n".join(_beside(one)))
    print("\n".join((*judge.notes, _sum(judge.compared))))
    return exits.FINE


def _read(path: Path, home: Path) -> Inputs:
    try:
        with path.open("rb") as file:
            read = tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from error
    return inputs_of(home, with_texts(settings_of(read, path), home, path))


def _beside(one: Compared) -> Iterator[str]:
    time = one.slot.partition("/")[2]
    was, would = _told(one.recorded), _told(one.otherwise)
    if was == would and _stops(one.recorded) == _stops(one.otherwise):
        yield f"{time[:2]}:{time[2:]}  the same: {'; '.join(was)}"
        return
    width = max(map(len, was))
    yield f"{time[:2]}:{time[2:]}  {'recorded':<{width}}   otherwise"
    for place in range(max(len(was), len(would))):
        left, right = (side[place] if place < len(side) else "" for side in (was, would))
        yield f"       {left:<{width}}   {right}"
    if one.otherwise.failures:
        return  # plan and verdicts follow from it
    for dropped in _dropped(one):
        yield f"       no order for {dropped.symbol}: {dropped.reason}"
    for word, rows in (
        ("stops it now", _stops(one.otherwise) - _stops(one.recorded)),
        ("stopped it then", _stops(one.recorded) - _stops(one.otherwise)),
    ):
        for row in sorted(rows):
            yield f"       {word}: {row}"


def _dropped(one: Compared) -> Iterator[OrderPlanned]:
    """Yield the rows that were an order and would be none."""
    ordered = {row.con_id for row in one.recorded.orders}
    yield from (row for row in one.otherwise.plan if row.order_ref is None and row.con_id in ordered)


def _told(side: Sides) -> list[str]:
    orders = [_order(row) for row in side.orders]
    if side.stops and orders:
        orders = [f"{order} (stopped)" for order in orders]
    return [*side.failures, *orders] or ["nothing to do"]


def _order(row: OrderPlanned) -> str:
    limit = f" limit {price(row.limit_price)}" if row.limit_price is not None else ""
    return f"{row.action} {quantity(abs(row.quantity))} {row.symbol}{limit}"


def _stops(side: Sides) -> set[str]:
    return {_verdict(row) for row in side.stops}


def _verdict(row: VerdictRow) -> str:
    return f"{row.safeguard}: {row.formula}: {row.observed}{f', limit {row.limit}' if row.limit else ''}"


def _sum(compared: Sequence[Compared]) -> str:
    def leave(side: Sides) -> int:
        return 0 if side.stops or side.failures else len(side.orders)

    then, now = sum(leave(one.recorded) for one in compared), sum(leave(one.otherwise) for one in compared)
    differ = sum(_told(one.recorded) != _told(one.otherwise) for one in compared)
    return (
        f"{len(compared)} cycles, {differ} of them otherwise · orders that may leave: {then} recorded, {now} otherwise"
    )
