"""What happened: a day in its own words, how NAV came about, what went wrong, breaks, and the nearest limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.breaks import Break
from ledger.bridge import LINES
from ledger.events import CycleSkipped, TradingHalted
from queries.break_words import both_sides, ended_words, follows, what_differs
from queries.figures import UNKNOWN, adding_up, change, clock_time, money, percent
from queries.pages.found import Found
from queries.pages.limits import NOT_OF_THE_ACCOUNT, Closest
from queries.sections import Section

LIMITS_SHOWN = 12
BREAKS_SHOWN = 60
TROUBLES_SHOWN = 60  # the rest is counted


def story(lines: Sequence[str]) -> Section:
    """Tell a day in its own words: what an audit prints, each line behind its time."""
    told = (line.split(maxsplit=1) for line in lines)
    return Section("The day", labelled=tuple((words[0], words[-1]) for words in told if words))


def bridge(found: Found) -> Iterator[Section]:
    """Tell how NAV came about, line by line."""
    told, base = found.bridge, found.stretch.base_currency
    if told is None:
        yield Section("How NAV came about", (f"{UNKNOWN}: {found.unknown}",), tone="bad")
        return
    moved = {line: told.lines[line] for line in LINES if told.lines[line]}
    began, *parts = adding_up((told.opening, *moved.values()), told.closing - told.residual)
    rows = [("NAV before", money(began), "")]
    rows += [(line, change(part), "") for line, part in zip(moved, parts, strict=True)]
    rows.append(("NAV", money(told.closing), f"residual {money(told.residual)}"))
    if told.accrued:
        rows.append(("accruals", change(told.accrued), "beside NAV: announced, not paid"))
    apart = frozenset((len(rows) - 1,)) if told.residual else frozenset[int]()
    yield Section("How NAV came about", head=("line", base, ""), rows=tuple(rows), apart=apart)


def troubles(found: Found) -> Iterator[Section]:
    """Tell what did not go as planned: cycles that failed, were skipped or had no consent, and halts."""
    told = sorted({*_of_cycles(found), *_beside_cycles(found)})
    if not told:
        return
    labelled = tuple((_at(found, at), f"{what} · {why}") for at, what, why, _ in told[:TROUBLES_SHOWN])
    more = len(told) - TROUBLES_SHOWN
    after = (f"{more:,} more are left out.",) if more > 0 else ()
    seqs = tuple(seq for *_, seq in told[:TROUBLES_SHOWN])
    yield Section("Not as planned", labelled=labelled, seqs=seqs, after=after)


def _of_cycles(found: Found) -> Iterator[tuple[datetime, str, str, int]]:
    for cycle in found.cycles:
        if cycle.failed:
            yield cycle.started_at, "cycle failed", cycle.failed, cycle.seq
        elif cycle.ended_at is None:
            yield cycle.started_at, "cycle never ended", "it died; the next one resolved what was under way", cycle.seq
        for reason in cycle.steps_failed:
            yield cycle.started_at, "step failed", reason, cycle.seq
        if cycle.vetoes:
            yield cycle.started_at, "no consent to trade", ", ".join(cycle.vetoes), cycle.seq


def _beside_cycles(found: Found) -> Iterator[tuple[datetime, str, str, int]]:
    for event in (*found.stretch.halts, *found.stretch.skipped):
        match event.fact:
            case TradingHalted(reason=reason):
                yield event.recorded_at, "halted", reason, event.seq
            case CycleSkipped(slot=slot, reason=reason):
                yield event.recorded_at, "slot passed", f"{slot}: {reason}", event.seq
            case _:
                pass


def breaks(found: Found) -> Iterator[Section]:
    """Tell each break that was found in these days, and how it ended."""
    book = found.stretch.book
    known = tuple(found.stretch.lives.values())
    if not known or book is None:
        return
    told = sorted(known, key=lambda each: (each.status != "open", -each.seq))[:BREAKS_SHOWN]
    told.sort(key=lambda each: each.seq)
    labelled = tuple((each.found.break_id, " · ".join(_break(found, book, each))) for each in told)
    is_open = any(each.status == "open" for each in told)
    more = len(known) - len(told)
    after = (f"{more:,} older ones, none of them open, are left out.",) if more else ()
    seqs = tuple(each.seq for each in told)
    yield Section("Breaks", labelled=labelled, seqs=seqs, after=after, tone="bad" if is_open else None)


def _break(found: Found, book: Book, known: Break) -> Iterator[str]:
    apart = "" if known.found.difference is None else f" ({both_sides(known)})"
    yield f"{_at(found, known.at)}, {what_differs(book, known)}{apart}"
    yield follows(book, known)
    yield _ended(found, known)


def _ended(found: Found, known: Break) -> str:
    if known.ended_at is None:
        return "open still"
    return f"{_at(found, known.ended_at)}, {ended_words(known)}"


def limits(found: Found) -> Iterator[Section]:
    """Tell which limits were nearest, and which safeguards refused how often."""
    told = found.stretch.nearest.told
    near = [each for each in told if each.refused or (each.used is not None and _counts(each))][:LIMITS_SHOWN]
    if not near:
        return
    yield Section(
        "Nearest limits",
        head=("limit", "used", "observed", "limit", "refused", "when", "of"),
        rows=tuple(_limit(found, each) for each in near),
        texts=frozenset((0, 5, 6)),
        seqs=tuple(each.seq for each in near),
        apart=frozenset(place for place, each in enumerate(near) if each.refused),
        after=(f"Of {len(told)} safeguards: those that refused first, then by how much of their room was used.",),
    )


def _counts(each: Closest) -> bool:
    return each.verdict.safeguard not in NOT_OF_THE_ACCOUNT


def _limit(found: Found, each: Closest) -> tuple[str, ...]:
    verdict = each.verdict
    of = "" if verdict.con_id is None else found.stretch.symbol(verdict.con_id)
    if each.used is not None and each.used > 1 and verdict.outcome == "pass":
        of = f"{of} let through: positions only shrank".strip()
    return (
        verdict.safeguard.replace("_", " "), "" if each.used is None else percent(each.used), verdict.observed,
        verdict.limit, str(each.refused) if each.refused else "", _at(found, each.at), of,
    )  # fmt: skip


def _at(found: Found, moment: datetime) -> str:
    """Spell a moment: the time alone on the page of its day."""
    there = moment.astimezone(ZoneInfo(found.stretch.zone))
    if found.is_one_day and there.date() == found.stretch.first:
        return clock_time(moment, found.stretch.zone)
    return f"{there:%a} {there.day} {there:%b %H:%M}"
