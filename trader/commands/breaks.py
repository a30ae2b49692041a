"""How a break is shown: what differs, what follows from it, why, and what to do."""

from __future__ import annotations

from decimal import Decimal

from ledger.book import Book
from ledger.state import Break
from queries.figures import change, columns, money, quantity
from trader.notices.paragraphs import subject_of

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
    "refused_fact": "THE BROKER REPORTED WHAT CANNOT BE",
    "order": "ORDER DIFFERS",
}
CONSEQUENCES: dict[str, str] = {
    "note": "noted, all may trade",
    "lock": "{subject} locked, others trade",
    "reduce_only": "only reductions trade",
    "halt": "nothing trades",
}


def break_lines(book: Book, known: Break) -> list[str]:
    """Spell one break for a person."""
    found, explanation = known.found, known.explanation
    subject = subject_of(book, known)
    follows = CONSEQUENCES[found.consequence].format(subject=subject) if known.status == "open" else known.status
    certainty = f" · {explanation.certainty}" if explanation else ""
    lines = [f"{found.break_id}  {follows} · {_title(known)}{certainty}"]
    if found.difference is not None:
        lines += [f" {line}" for line in columns([_figures(known, subject)])]
    if found.text:
        lines.append(f" {found.text}")
    if explanation is not None:
        lines.append(f" {explanation.text}")
        lines += [f" evidence {text}" for text in explanation.evidence]
    if known.status == "open":
        lines.append(f' do       tallybook accept {found.break_id} --why "…"')
    else:
        lines.append(f" {known.status}: {known.why}")
    return lines


def _title(known: Break) -> str:
    difference = known.found.difference
    if known.found.kind == "foreign_trade" and difference:
        return f"{'BOUGHT' if difference > 0 else 'SOLD'} OUTSIDE TALLYBOOK"
    return TITLES[known.found.kind]


def _figures(known: Break, subject: str) -> tuple[str, ...]:
    found = known.found
    booked = "booked, marked foreign" if found.kind == "foreign_trade" else "not booked"
    if found.kind in ("cash", "nav"):
        shown = (money(found.expected), money(found.found), change(found.difference))
    else:
        shown = (_units(found.expected), _units(found.found), f"{found.difference:+,f}")
    return (subject, f"expected {shown[0]}", f"broker {shown[1]}", shown[2], booked)


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
