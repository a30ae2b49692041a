"""`tallybook report nav-bridge`: how NAV came from one day's end to the next, and the line of it in an audit.

The days are read from a sealed day's book a week before (`ledger/checkpoints.py`), so that one day folds no years. How
a day's bridge comes about stands in `ledger/bridged_days.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from ledger.book import Book, Forgotten, forgetful_book
from ledger.bridge import LINES, Bridge, NativeLine, summed
from ledger.bridged_days import BridgedDay, bridged_days
from ledger.checkpoints import folded_from
from ledger.line import Event
from ledger.log import read_events
from ledger.log.storage import day_files, events_folder
from queries.figures import UNKNOWN, adding_up, change, columns, money, price
from queries.formats import Format
from queries.streams import Column, print_rows
from queries.tables import HOME_ZONE, UnknownDay

FINE, BAD_NEWS = 0, 1
LOOK_BACK = (1, 5)  # day files before the first one asked for, in which the session before it should lie
Tell = Callable[[int], None]  # told the seq that was read last


def silent(_: int) -> None:
    """Tell nobody how far it is."""


def days_of(
    home: Path, first: date | None = None, last: date | None = None, *, zone: str = HOME_ZONE, tell: Tell = silent
) -> Iterator[BridgedDay]:
    """Yield the bridged days of a home, in order; raises UnknownDay where there is none in the range."""
    found = False
    for told in _days(home, first, last, zone, tell):
        found = True
        yield told
    if not found:
        asked = f"{first}" if first and first == last else f"{first or 'the beginning'} to {last or 'the end'}"
        names = [name.removesuffix(".jsonl") for name in day_files(events_folder(home)).names]
        raise UnknownDay(
            f"{asked}: expected a trading day with a finished cycle, found none; the log was written on {names[0]} to "
            f"{names[-1]}, and a statement that was only imported ends no day"
        )


def _days(home: Path, first: date | None, last: date | None, zone: str, tell: Tell) -> Iterator[BridgedDay]:
    """Begin with the book of a day before, if the session before the first lies after it; else with the log."""
    seen = 0
    for files in LOOK_BACK if first is not None else ():
        begun = False
        with suppress(Forgotten):
            for told in _from_checkpoint(home, first, files, zone, tell):
                if last is not None and told.day > last:
                    break
                if first is not None and told.day < first:
                    begun = True
                elif begun:
                    seen += 1
                    yield told
                else:
                    break
            if begun:
                return
        if seen:
            break
    yield from _from_genesis(home, first, last, tell, seen)


def _from_checkpoint(home: Path, first: date | None, files: int, zone: str, tell: Tell) -> Iterator[BridgedDay]:
    """Yield the days after a checkpoint; the first of them may have begun before it."""
    if first is None:
        return
    began = datetime.combine(first, time(), ZoneInfo(zone)).astimezone(UTC).date()
    earlier = [name for name in day_files(events_folder(home)).names if name < f"{began}.jsonl"]
    if len(earlier) > files:
        book, seal = folded_from(home, before=earlier[-files])
        if seal is not None:
            yield from bridged_days(_read(read_events(home, since=seal), tell), book)


def _from_genesis(home: Path, first: date | None, last: date | None, tell: Tell, seen: int) -> Iterator[BridgedDay]:
    """Yield the days of the range, but for those that were told already, from the whole log."""
    for book in (forgetful_book(), Book()):
        told_now = 0
        try:
            for told in bridged_days(_read(read_events(home), tell), book):
                if last is not None and told.day > last:
                    return
                if first is None or told.day >= first:
                    told_now += 1
                    if told_now > seen:
                        seen = told_now
                        yield told
        except Forgotten:
            continue
        return


def _read(events: Iterable[Event], tell: Tell) -> Iterator[Event]:
    for event in events:
        tell(event.seq)
        yield event


# One day


def bridge_of(home: Path, day: date, *, zone: str = HOME_ZONE) -> BridgedDay | None:
    """Return the bridge of one day; None where no cycle of it finished."""
    try:
        return next(days_of(home, day, day, zone=zone))
    except UnknownDay:
        return None


def bridge_words(told: BridgedDay) -> str:
    """Spell a day's bridge in one line: what moved, the change, the residual."""
    found = told.bridge
    if found is None:
        return f"bridge {UNKNOWN}: {told.unknown}"
    moved = _moved(found)
    shown = "  ".join(f"{line} {change(amount)}" for line, amount in moved.items()) or "nothing moved"
    return f"bridge {shown} = {change(found.change)}   residual {money(found.residual)}"


def _moved(found: Bridge) -> dict[str, Decimal]:
    """Return the lines by which something moved, in cents that add up to the change."""
    told = {line: amount for line, amount in found.lines.items() if amount}
    return dict(zip(told, adding_up(tuple(told.values()), found.change - found.residual), strict=True))


def day_lines(told: BridgedDay, base_currency: str) -> Iterator[str]:
    """Spell a day's bridge line by line, with what stands behind each in other currencies."""
    found = told.bridge
    if found is None:
        yield f"{told.day}  {UNKNOWN}: {told.unknown}"
        return
    yield f"{told.day}  NAV {money(found.opening)} → {money(found.closing)} {base_currency}"
    rows = [
        (f" {line}", change(amount), _native_words(found.native, line, base_currency))
        for line, amount in _moved(found).items()
    ]
    rows.append((" = change", change(found.change), f"residual {money(found.residual)}"))
    if any(found.accruals):
        rows.append((" accruals", change(found.accrued), f"beside NAV: {money(found.accruals[1])} announced, not paid"))
    yield from (line.rstrip() for line in columns(rows, right=frozenset({1})))


def _native_words(native: Iterable[NativeLine], line: str, base_currency: str) -> str:
    parts = [each for each in native if each.line == line]
    if all(each.currency == base_currency for each in parts):
        return ""
    return ", ".join(f"{each.currency} {change(each.amount)} × {price(each.rate)}" for each in parts)


# Many days


def _shown(amount: object) -> str:
    return change(amount) if isinstance(amount, Decimal) else UNKNOWN


def _level(amount: object) -> str:
    return money(amount) if isinstance(amount, Decimal) else UNKNOWN


COLUMNS: tuple[Column, ...] = (
    Column("day"), Column("opening", _level), *(Column(line.replace(" ", "_"), _shown) for line in LINES),
    Column("closing", _level), Column("residual", _level), Column("accruals", _shown), Column("unknown"),
)  # fmt: skip


def row_of(name: object, found: Bridge | None, unknown: str) -> tuple[object, ...]:
    """Return the cells of a bridge; nothing is zero that is not known."""
    if found is None:
        return (name, *(None,) * (len(COLUMNS) - 2), unknown)
    return (name, found.opening, *(found.lines[line] for line in LINES), found.closing, found.residual, found.accrued,
            None)  # fmt: skip


def print_bridges(days: Iterable[BridgedDay], base_currency: str, format: Format) -> int:
    """Print bridges, several with their sum in a table; 1 where one is unknown or leaves a residual."""
    seen = list[BridgedDay]()

    def rows() -> Iterator[tuple[object, ...]]:
        for told in days:
            seen.append(told)
            yield row_of(told.day, told.bridge, told.unknown)

    if format == "table":
        _print_table(days, seen, base_currency)
    else:
        print_rows(COLUMNS, rows(), format)
    return FINE if all(told.bridge is not None and not told.bridge.residual for told in seen) else BAD_NEWS


def _print_table(days: Iterable[BridgedDay], seen: list[BridgedDay], base_currency: str) -> None:
    seen.extend(days)
    if len(seen) == 1:
        print("\n".join(day_lines(seen[0], base_currency)))
        return
    bridges = [told.bridge for told in seen if told.bridge is not None]
    total = row_of("together", summed(bridges), "") if len(bridges) == len(seen) else None
    all_rows = [row_of(told.day, told.bridge, told.unknown) for told in seen] + ([total] if total else [])
    told_of = [place for place, column in enumerate(COLUMNS) if is_told(column.name, [row[place] for row in all_rows])]
    print_rows([COLUMNS[place] for place in told_of], ([row[place] for place in told_of] for row in all_rows), "table")
    if total is None:
        print(f"together: {UNKNOWN}, for {len(seen) - len(bridges)} of {len(seen)} days are")


def is_told(name: str, cells: Iterable[object]) -> bool:
    """Leave out of a table the lines by which nothing moved; the residual is always told."""
    return name in ("day", "opening", "closing", "residual") or any(cells)
