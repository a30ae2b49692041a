"""A break in words: the report, the mails and `tallybook breaks` say alike what differs, why, and how it ended.

To tell another kind of break, give it its words in `KINDS`; what cures it stands in `advice.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.events import Fact
from ledger.events.reconciliation import BreakKind, ExplanationRow
from ledger.paid import paid
from ledger.state import Break, Fill
from queries.advice import TOTALS, needs_a_choice
from queries.figures import change, clock_time, money, price, quantity
from queries.sums import MONEY, because, rows_of, sum_of

KINDS: dict[BreakKind, str] = {
    "position": "position {}",
    "cash": "cash {}",
    "nav": "NAV",
    "foreign_trade": "foreign trade {}",
    "foreign_order": "foreign order {}",
    "corporate_action": "corporate action {}",
    "refused_fact": "refused fact {}",
    "order": "order {}",
    "execution": "execution {}",
    "commission": "commission of {}",
    "realised": "realised of {}",
    "exposure": "exposure",
    "second_books": "our own books",
}
CONSEQUENCES: dict[str, tuple[str, str]] = {  # while it is open, and told afterwards
    "note": ("noted, all may trade", "was noted"),
    "lock": ("{} locked, others trade", "{} was locked"),
    "reduce_only": ("only reductions trade", "only reductions traded"),
    "halt": ("nothing trades", "nothing traded"),
}
NO_RIVAL = "no rival fits"


def symbol(book: Book, con_id: int) -> str:
    """Return what a person calls a contract."""
    contract = book.contracts.get(con_id)
    return contract.symbol if contract else f"contract {con_id}"


def subject_of(book: Book, known: Break) -> str:
    """Return what a person calls the subject of a break."""
    return known.found.subject if known.found.con_id is None else symbol(book, known.found.con_id)


def what_differs(book: Book, known: Break) -> str:
    """Name what differs, and by how much: `cash USD -16.25`, `position IBM +50`."""
    words = named(book, known)
    return words if known.found.difference is None else f"{words} {difference_of(known)}"


def named(book: Book, known: Break) -> str:
    """Name what differs: `cash USD`, `NAV`, `position IBM`."""
    found = known.found
    subject = found.currency if found.kind == "cash" and found.currency else subject_of(book, known)
    return KINDS[found.kind].format(subject)


def difference_of(known: Break) -> str:
    """Spell what the broker has more, or less."""
    found = known.found
    if found.difference is None:
        return "unknown"
    return change(found.difference) if found.kind in MONEY else f"{found.difference:+,f}"


def follows(book: Book, known: Break) -> str:
    """Say what a break stops, or stopped."""
    return CONSEQUENCES[known.found.consequence][known.status != "open"].format(subject_of(book, known))


def fills_of(book: Book, known: Break) -> tuple[Fill, ...]:
    """Return the executions that a foreign trade rests on."""
    if known.found.kind != "foreign_trade" or known.explanation is None:
        return ()
    return tuple(book.fills[base] for base in known.explanation.evidence if base in book.fills)


def money_moved(book: Book, fills: tuple[Fill, ...]) -> Decimal | None:
    """Return what executions did to cash; None without any, or where several currencies do not add up."""
    currencies = {currency for fill in fills for currency in (fill.currency, fill.commission_currency) if currency}
    moved = (_paid(book, fill) + (fill.commission or 0) for fill in fills)
    return sum(moved, Decimal(0)) if len(currencies) == 1 else None


def trade_sum(book: Book, known: Break) -> str | None:
    """Spell what a foreign trade did to cash; None where its executions are not known, or in several currencies."""
    fills = fills_of(book, known)
    moved = money_moved(book, fills)
    if moved is None:
        return None
    currency = "" if fills[0].currency == book.base_currency else f" {fills[0].currency}"
    whole = "" if any(fill.commission is None for fill in fills) else f"; unexplained 0.00; {NO_RIVAL}"
    return f"{change(moved)}{currency} = {' + '.join(_amounts(book, fills))}{whole}"


def why(book: Book, known: Break) -> str:
    """Say in a line why the halves differ, or did; empty where it ended otherwise than was thought."""
    return trade_sum(book, known) or because(known) or ("not explained" if known.status == "open" else "")


def choices(known: Break) -> tuple[str, ...]:
    """Spell each explanation as a sum, numbered where one has to be chosen or others fit too."""
    told = known.explanation
    if told is None or not told.terms or told.certainty == "unexplained":
        return ()
    rows = rows_of(told)
    if len(rows) > 1:
        return tuple(f"{n} {row.certainty:<8} {sum_of(known, row)}" for n, row in enumerate(rows, 1))
    number = f"1 {rows[0].certainty} " if needs_a_choice(known) and known.status == "open" else ""
    return (f"{number}{sum_of(known, rows[0])}; {NO_RIVAL}",)


def also_explained(known: Break) -> tuple[str, ...]:
    """Return the other breaks that the likeliest explanation explains."""
    rows: tuple[ExplanationRow, ...] = rows_of(known.explanation) if known.explanation is not None else ()
    return tuple(dict.fromkeys(break_id for row in rows[:1] for break_id in row.also))


def ended_words(known: Break, you: str = "") -> str:
    """Say how a break ended and why; `you` stands for whoever accepted it, else their name does."""
    accepted, closed, back = known.accepted, known.closed, known.taken_back
    if back is not None:
        return f"{_by('accepted', back.by, you, 'it, and took that back')}: {back.why}"
    if accepted is not None:
        number = accepted.explanation
        taken = f" as explanation {number}" if number and needs_a_choice(known) else ""
        return f"{_by('accepted', accepted.by, you, f'it{taken}')}: {accepted.why}"
    if closed is not None:
        cause = f" ({closed.cause})" if closed.cause and closed.cause not in closed.reason else ""
        return f"closed: {closed.reason}{cause}"
    return known.status


def span(began: datetime, ended: datetime, zone: str) -> str:
    """Spell from when to when: `09:35-10:10`, with its day where it began on an earlier one."""
    first, last = clock_time(began, zone), clock_time(ended, zone)
    there = began.astimezone(ZoneInfo(zone))
    if there.date() != ended.astimezone(ZoneInfo(zone)).date():
        return f"{there:%a} {there.day} {there:%b} {first} to {last}"
    return first if first == last else f"{first}-{last}"


def both_sides(known: Break) -> str:
    """Spell what either half says; of a total, which part of the difference is known already."""
    found = known.found
    if said := said_of_total(known):
        return said
    spell = money if found.kind in MONEY else _units
    return f"the book says {spell(found.expected)}, the broker {spell(found.found)}"


def said_of_total(known: Break) -> str:
    """Return what the comparison said of NAV or exposure: how much other breaks, marks and rates explain."""
    return known.found.text if known.found.kind in TOTALS else ""


def booking_words(book: Book, fact: Fact) -> str:
    """Say in a few words what a fact booked: `cash withdrawn -16.25 USD`."""
    con_id, amount, units = (getattr(fact, name, None) for name in ("con_id", "amount", "quantity"))
    words = fact.type.replace("_", " ")
    words += f" {symbol(book, con_id)}" if con_id is not None else ""
    if isinstance(amount, Decimal):
        return f"{words} {change(amount)} {getattr(fact, 'currency', '')}".rstrip()
    return f"{words} {units:+,f}" if isinstance(units, Decimal) else words


def _by(done: str, who: str, you: str, rest: str) -> str:
    return f"{you or who or 'somebody'} {done} {rest}"


def _amounts(book: Book, fills: tuple[Fill, ...]) -> Iterator[str]:
    for fill in fills:
        moved = change(_paid(book, fill))
        yield f"{quantity(fill.quantity)} {symbol(book, fill.con_id)} × {price(fill.price)} ({moved})"
    charged = [fill.commission for fill in fills if fill.commission is not None]
    if charged:
        yield f"commission ({change(sum(charged, Decimal(0)))})"
    if len(charged) < len(fills):
        yield "a commission that is pending"


def _paid(book: Book, fill: Fill) -> Decimal:
    return paid(book, fill.con_id, fill.quantity, fill.price)


def _units(number: Decimal | None) -> str:
    return "unknown" if number is None else quantity(number)
