"""How a break is shown: what differs, what follows from it, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.events import AcceptanceTakenBack, BreakAccepted, BreakClosed, Fact, decimal_text
from ledger.events.reconciliation import BreakKind, TermRow
from ledger.state import Break, Fill
from queries import HOME_ZONE
from queries.advice import accepting
from queries.break_words import (
    also_explained,
    booking_words,
    choices,
    fills_of,
    follows,
    money_moved,
    named,
    said_of_total,
    subject_of,
    trade_sum,
)
from queries.figures import change, city, columns, day_and_time, money, quantity
from queries.sums import MONEY, sum_of

COLUMNS = (
    "break_id", "status", "kind", "subject", "consequence", "expected", "found", "difference", "currency", "cause",
    "certainty", "text", "evidence", "found_at", "why", "unexplained", "terms", "rivals", "by", "facts",
)  # fmt: skip

TITLES: dict[BreakKind, str] = {
    "position": "POSITION DIFFERS",
    "cash": "CASH DIFFERS",
    "nav": "NAV DIFFERS",
    "foreign_trade": "TRADED OUTSIDE TALLYBOOK",
    "foreign_order": "ORDER FROM OUTSIDE TALLYBOOK",
    "corporate_action": "A CORPORATE ACTION NEEDS YOUR CHOICE",
    "refused_fact": "THE BROKER REPORTED WHAT CANNOT BE",
    "order": "ORDER DIFFERS",
    "execution": "AN EXECUTION DIFFERS",
    "commission": "COMMISSION DIFFERS",
    "realised": "WHAT WAS REALISED DIFFERS",
    "exposure": "EXPOSURE DIFFERS",
    "second_books": "OUR TWO BOOKKEEPINGS DIFFER",
}
WHOSE: dict[str, str] = {  # who traded, where it was nobody by hand
    "other client's trade": "BY ANOTHER CLIENT",
    "broker liquidation": "BY THE BROKER: MARGIN WAS SHORT",
}
CERTAIN_BY: dict[str, str] = {
    "foreign_trade": " (the broker's execution)",
    "foreign_order": " (the broker's open orders)",
}
QUESTIONS: dict[str, str] = {  # what an unexplained difference usually is
    "position": "a split, a transfer, a trade that was not reported?",
    "cash": "a dividend, a tax, interest, a fee, a transfer?",
}


def break_lines(book: Book, known: Break, zone: str = HOME_ZONE) -> list[str]:
    """Spell one break for a person: the figures, why they differ, the evidence, and what to do or what was done."""
    found, explanation = known.found, known.explanation
    fills = fills_of(book, known)
    stands = follows(book, known) if known.status == "open" else known.status
    lines = [f"{found.break_id}  {stands} · {_title(known)}{_certainty(known)}"]
    lines += [f" {line.rstrip()}" for line in columns(_figures(book, known, money_moved(book, fills)))]
    lines += [f" {text}" for text in _reasons(book, known)]
    lines += [f" evidence {text}" for text in _evidence(fills, explanation.evidence if explanation else (), zone)]
    lines.append(f" found    {day_and_time(known.at, zone)} {city(zone)}{_age(book, known)}")
    lines += [f" do       {accepting(known)}"] if known.status == "open" else list(_end(known))
    return lines


def _age(book: Book, known: Break) -> str:
    """Say for how long a break has been open, by the last moment that the log knows."""
    lasted = (known.ended_at or book.now) - known.at
    if lasted < timedelta(minutes=1):
        return ""
    hours, minutes = divmod(lasted.seconds // 60, 60)
    spelt = f"{lasted.days} d {hours} h" if lasted.days else f"{hours} h {minutes:02} min"
    return f", {'open for' if known.ended_at is None else 'lasted'} {spelt}"


def _end(known: Break) -> Iterator[str]:
    """Tell how a break ended: by whom and why, and which facts that recorded, undid or rested on."""
    accepted = known.accepted
    if accepted is not None:
        number = f", explanation {accepted.explanation}" if accepted.explanation else ""
        yield f" accepted{f' by {accepted.by}' if accepted.by else ''}{number}: {accepted.why}"
        yield from (f" recorded {key}" for key in accepted.recorded)
    if known.taken_back is not None:
        yield f" taken back{f' by {known.taken_back.by}' if known.taken_back.by else ''}: {known.taken_back.why}"
    if known.closed is not None:
        cause = f" ({known.closed.cause})" if known.closed.cause else ""
        yield f" closed: {known.closed.reason}{cause}"
        yield from (f" by fact  {key}" for key in known.closed.evidence)


def booked_lines(book: Book, facts: tuple[Fact, ...]) -> Iterator[str]:
    """Say what an acceptance books, or what taking one back undoes, and which other breaks that ends.

    `book` is from before.
    """
    for fact in facts:
        match fact:
            case BreakAccepted():
                pass
            case AcceptanceTakenBack():
                yield from (f"undone {_inferred(book, key)}" for key in fact.withdraws)
                yield from _expected_again(book, fact.withdraws)
            case BreakClosed():
                yield f"closed {fact.break_id}: {fact.reason}"
            case _:
                until = ", until a statement confirms it" if getattr(fact, "provisional", False) else ""
                yield f"booked {booking_words(book, fact)}{until}"


def _expected_again(book: Book, keys: tuple[str, ...]) -> Iterator[str]:
    """Name the flows that were announced, and whose arrival is undone."""
    for key in keys:
        booked = book.booked.get(key)
        if booked is not None and booked.flow is not None:
            name, flow = booked.flow
            yield f"{name} {change(flow.amount)} {flow.currency} is expected again, until {flow.until}"


def _inferred(book: Book, key: str) -> str:
    """Name what was inferred by what it is; by its key where it is none of cash."""
    told = book.provisional.get(key)
    if told is None or told.amount is None:
        return key
    return f"{told.type.replace('_', ' ')} {change(told.amount)} {told.currency or ''}".rstrip()


def _title(known: Break) -> str:
    difference = known.found.difference
    if known.found.kind == "foreign_trade" and difference:
        cause = known.explanation.cause if known.explanation is not None else ""
        return f"{'BOUGHT' if difference > 0 else 'SOLD'} {WHOSE.get(cause, 'OUTSIDE TALLYBOOK')}"
    return TITLES[known.found.kind]


def _certainty(known: Break) -> str:
    if known.explanation is None:
        return ""
    certainty = known.explanation.certainty
    return f" · {certainty}{CERTAIN_BY.get(known.found.kind, '') if certainty == 'certain' else ''}"


def _figures(book: Book, known: Break, moved: Decimal | None) -> Iterator[tuple[str, ...]]:
    found = known.found
    if found.difference is None:
        return
    if found.kind in MONEY:
        shown = (named(book, known), money(found.expected), money(found.found), change(found.difference))
    else:
        shown = (subject_of(book, known), _units(found.expected), _units(found.found), f"{found.difference:+,f}")
    name, expected, told, difference = shown
    booked = "booked, marked foreign" if found.kind == "foreign_trade" else "not booked" * (known.status == "open")
    yield (name, f"expected {expected}", f"broker {told}", difference, booked)
    if moved is not None:
        yield ("cash", "", "", change(moved), "booked")


def _reasons(book: Book, known: Break) -> Iterator[str]:
    found, explanation = known.found, known.explanation
    moved, told = trade_sum(book, known), choices(known)
    if moved is not None:
        yield moved
    elif told:
        yield from filter(None, (said_of_total(known), *told))
        if also := also_explained(known):
            yield f"the same explains {', '.join(also)}"
    elif found.kind in QUESTIONS and (explanation is None or explanation.certainty == "unexplained"):
        if explanation is not None and explanation.terms:
            yield f"{sum_of(known, explanation)}: what makes the rest?"
        yield f"unexplained: {QUESTIONS[found.kind]} The account statement tells"
    else:
        yield from dict.fromkeys(filter(None, (found.text, explanation.text if explanation else "")))


def _evidence(fills: tuple[Fill, ...], told: tuple[str, ...], zone: str) -> Iterator[str]:
    for fill in fills:
        yield f"{fill.execution_id}, {_moment(fill, zone)}, client {fill.client_id}, no orderRef of ours"
    if not fills:
        yield from told


def _moment(fill: Fill, zone: str) -> str:
    return f"{fill.at.astimezone(ZoneInfo(zone)):%H:%M:%S}"


def _units(number: Decimal | None) -> str:
    return "unknown" if number is None else quantity(number)


def break_row(book: Book, known: Break) -> tuple[object, ...]:
    """Spell one break for a program."""
    found, explanation, accepted = known.found, known.explanation, known.accepted
    facts = accepted.recorded if accepted is not None else known.closed.evidence if known.closed is not None else ()
    return (
        found.break_id, known.status, found.kind, subject_of(book, known), found.consequence,
        found.expected, found.found, found.difference, found.currency, explanation.cause if explanation else None,
        explanation.certainty if explanation else None, explanation.text if explanation else found.text,
        "; ".join(explanation.evidence) if explanation else "", known.at, known.why,
        explanation.unexplained if explanation else None, _terms(explanation.terms) if explanation else "",
        "; ".join(f"{row.cause}: {_terms(row.terms)}" for row in explanation.rivals) if explanation else "",
        accepted.by if accepted is not None else "", "; ".join(facts),
    )  # fmt: skip


def _terms(terms: tuple[TermRow, ...]) -> str:
    return " + ".join(f"{term.cause} {decimal_text(term.amount)}" for term in terms)
