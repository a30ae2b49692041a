"""An explanation as a sum: `-4,711.00 = 50 IBM × 94.20 (-4,710.00) + commission (-1.00); unexplained 0.00`.

The status, `breaks`, the story of a day and the mails say it alike.
"""

from __future__ import annotations

from decimal import Decimal

from ledger.events import BreakExplained, decimal_text
from ledger.events.reconciliation import BreakKind, ExplanationRow, TermRow
from ledger.state import Break
from queries.figures import change

MONEY: tuple[BreakKind, ...] = ("cash", "nav", "commission", "realised", "exposure")
TERM_WIDTH = 48  # longer words are told by their cause
ZERO = Decimal(0)

# Words of a term that say by themselves what the amount is, whatever it belongs to.
CLEAR = ("dividend", "payment in lieu", "tax", "interest", "fee", "deposit", "withdrawal", "commission")


def sum_of(known: Break, row: ExplanationRow | BreakExplained) -> str:
    """Spell the terms that make a difference, and what they leave."""
    kind, left = known.found.kind, row.unexplained or ZERO
    terms = " + ".join(f"{_named(term)} ({_amount(term.kind, term.amount)})" for term in row.terms)
    rest = _amount(kind, left) if left else "0.00" if kind in MONEY else "0"
    return f"{_amount(kind, known.found.difference or ZERO)} = {terms}; unexplained {rest}"


def rows_of(told: BreakExplained) -> tuple[ExplanationRow, ...]:
    """Return every explanation that was told, as `breaks` numbers them: 1 is the likeliest."""
    first = ExplanationRow(
        causes=tuple(told.cause.split(" + ")), certainty=told.certainty, text=told.text, terms=told.terms,
        unexplained=told.unexplained, evidence=told.evidence, also=told.also,
    )  # fmt: skip
    return (first, *told.rivals)


def because(known: Break) -> str:
    """Say in a line why the halves differ: as a sum where there is one, with how sure it is and what else fits.

    Of a break that is over, the explanation that was accepted or that came true, which need not be the likeliest; empty
    where it was something else.
    """
    told = known.explanation
    if told is None or not told.terms:
        return told.text if told is not None else known.found.text
    number, rows = taken_number(known), rows_of(told)
    if number is None and known.closed is not None and known.closed.cause:
        return ""
    row = rows[(number or 1) - 1]
    others = rows if known.status == "open" else ()
    rivals = " or ".join(dict.fromkeys(other.cause for other in others if other.cause != row.cause))
    sure = "in part" if row.certainty == "unexplained" else row.certainty
    return f"{sum_of(known, row)} ({sure}{f'; or {rivals}' if rivals else ''})"


def taken_number(known: Break) -> int | None:
    """Return which of its explanations was accepted, or came true; None where none was."""
    rows = rows_of(known.explanation) if known.explanation is not None else ()
    if known.accepted is not None:
        number = known.accepted.explanation
        return number if number is not None and number <= len(rows) else None
    cause = known.closed.cause if known.closed is not None else ""
    return next((number for number, row in enumerate(rows, 1) if row.cause == cause), None)


def _named(term: TermRow) -> str:
    """Name a term by its cause too, where its words do not."""
    words = term.text if len(term.text) <= TERM_WIDTH else term.cause
    is_clear = term.cause.split()[0] in words or " × " in words or words.startswith(CLEAR)
    return words if is_clear else f"{term.cause}: {words}"


def _amount(kind: BreakKind, amount: Decimal) -> str:
    return change(amount) if kind in MONEY else f"{Decimal(decimal_text(amount)):+,f}"
