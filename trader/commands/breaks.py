"""How a break is shown: what differs, what follows from it, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.state import Break, Fill
from queries import HOME_ZONE
from queries.advice import accepting
from queries.figures import change, city, columns, day_and_time, money, price, quantity
from trader.notices.paragraphs import subject_of, symbol

COLUMNS = (
    "break_id", "status", "kind", "subject", "consequence", "expected", "found", "difference", "currency", "cause",
    "certainty", "text", "evidence", "found_at", "why",
)  # fmt: skip

TITLES: dict[str, str] = {
    "position": "POSITION DIFFERS",
    "cash": "CASH DIFFERS",
    "nav": "NAV DIFFERS",
    "foreign_trade": "TRADED OUTSIDE TALLYBOOK",
    "foreign_order": "ORDER FROM OUTSIDE TALLYBOOK",
    "corporate_action": "A CORPORATE ACTION NEEDS YOUR CHOICE",
    "refused_fact": "THE BROKER REPORTED WHAT CANNOT BE",
    "order": "ORDER DIFFERS",
}
CONSEQUENCES: dict[str, str] = {
    "note": "noted, all may trade",
    "lock": "{subject} locked, others trade",
    "reduce_only": "only reductions trade",
    "halt": "nothing trades",
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
    """Spell one break for a person: the figures, why they differ, the evidence, and what to do."""
    found, explanation = known.found, known.explanation
    subject = subject_of(book, known)
    follows = CONSEQUENCES[found.consequence].format(subject=subject) if known.status == "open" else known.status
    fills = _fills(book, known)
    lines = [f"{found.break_id}  {follows} · {_title(known)}{_certainty(known)}"]
    lines += [f" {line.rstrip()}" for line in columns(_figures(known, subject, _money_moved(fills)))]
    lines += [f" {text}" for text in _reasons(book, known, fills)]
    lines += [f" evidence {text}" for text in _evidence(fills, explanation.evidence if explanation else (), zone)]
    lines.append(f" found    {day_and_time(known.at, zone)} {city(zone)}")
    lines.append(f" do       {accepting(known)}" if known.status == "open" else f" {known.status}: {known.why}")
    return lines


def _title(known: Break) -> str:
    difference = known.found.difference
    if known.found.kind == "foreign_trade" and difference:
        return f"{'BOUGHT' if difference > 0 else 'SOLD'} OUTSIDE TALLYBOOK"
    return TITLES[known.found.kind]


def _certainty(known: Break) -> str:
    if known.explanation is None:
        return ""
    certainty = known.explanation.certainty
    return f" · {certainty}{CERTAIN_BY.get(known.found.kind, '') if certainty == 'certain' else ''}"


def _fills(book: Book, known: Break) -> tuple[Fill, ...]:
    """Return the executions that a foreign trade rests on."""
    if known.found.kind != "foreign_trade" or known.explanation is None:
        return ()
    return tuple(book.fills[base] for base in known.explanation.evidence if base in book.fills)


def _money_moved(fills: tuple[Fill, ...]) -> Decimal | None:
    """Return what executions did to cash; None without any, or where several currencies do not add up."""
    currencies = {currency for fill in fills for currency in (fill.currency, fill.commission_currency) if currency}
    return sum((-_spent(fill) + (fill.commission or 0) for fill in fills), Decimal(0)) if len(currencies) == 1 else None


def _spent(fill: Fill) -> Decimal:
    return fill.quantity * fill.price  # stocks alone: a multiplier of one


def _figures(known: Break, subject: str, moved: Decimal | None) -> Iterator[tuple[str, ...]]:
    found = known.found
    if found.difference is None:
        return
    if found.kind in ("cash", "nav"):
        name = "NAV" if found.kind == "nav" else f"cash {found.currency}"
        shown = (name, money(found.expected), money(found.found), change(found.difference))
    else:
        shown = (subject, _units(found.expected), _units(found.found), f"{found.difference:+,f}")
    name, expected, told, difference = shown
    booked = "booked, marked foreign" if found.kind == "foreign_trade" else "not booked" * (known.status == "open")
    yield (name, f"expected {expected}", f"broker {told}", difference, booked)
    if moved is not None:
        yield ("cash", "", "", change(moved), "booked")


def _reasons(book: Book, known: Break, fills: tuple[Fill, ...]) -> Iterator[str]:
    found, explanation = known.found, known.explanation
    moved = _money_moved(fills)
    if moved is not None:
        yield f"{change(moved)} {fills[0].currency} = {' + '.join(_amounts(book, fills))}"
    elif found.kind in QUESTIONS and (explanation is None or explanation.certainty == "unexplained"):
        yield f"unexplained: {QUESTIONS[found.kind]} The account statement tells"
    else:
        yield from dict.fromkeys(filter(None, (found.text, explanation.text if explanation else "")))


def _amounts(book: Book, fills: tuple[Fill, ...]) -> Iterator[str]:
    for fill in fills:
        yield f"{quantity(fill.quantity)} {symbol(book, fill.con_id)} × {price(fill.price)} ({change(-_spent(fill))})"
    charged = [fill.commission for fill in fills if fill.commission is not None]
    if charged:
        yield f"commission ({change(sum(charged, Decimal(0)))})"
    if len(charged) < len(fills):
        yield "a commission that is pending"


def _evidence(fills: tuple[Fill, ...], told: tuple[str, ...], zone: str) -> Iterator[str]:
    yield from (f"{fill.execution_id}, {_moment(fill, zone)}, no orderRef of ours" for fill in fills)
    if not fills:
        yield from told


def _moment(fill: Fill, zone: str) -> str:
    return f"{fill.at.astimezone(ZoneInfo(zone)):%H:%M:%S}"


def _units(number: Decimal | None) -> str:
    return "unknown" if number is None else quantity(number)


def break_row(book: Book, known: Break) -> tuple[object, ...]:
    """Spell one break for a program."""
    found, explanation = known.found, known.explanation
    return (
        found.break_id, known.status, found.kind, subject_of(book, known), found.consequence,
        found.expected, found.found, found.difference, found.currency, explanation.cause if explanation else None,
        explanation.certainty if explanation else None, explanation.text if explanation else found.text,
        "; ".join(explanation.evidence) if explanation else "", known.at, known.why,
    )  # fmt: skip
