"""What a day's statement showed, in words: the report, the mails and the story of a day say it alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from ledger.events import StatementFact, StatementReconciled, WitnessRow
from queries.figures import change, money, quantity

RUN_TOGETHER = re.compile(r"(?<=[a-z])(?=[A-Z])")  # depositWithdrawals
Symbol = Callable[[int], str]
UNITS = ("position", "units traded")
VERDICTS = {
    "agree": "agrees", "own differs": "the book differed", "api differs": "the API differed",
    "both differ": "both differed", "unknown": "not told",
}  # fmt: skip
FATES: tuple[tuple[str, str], ...] = (
    ("only_told", "only the statement knew"),
    ("confirmed", "inferred, and confirmed"),
    ("replaced", "inferred, and told otherwise"),
    ("reversed", "inferred, and undone: the statement lacks it"),
    ("waiting", "inferred, and neither told nor contradicted yet"),
)


def is_open(row: WitnessRow) -> bool:
    """Tell whether book and statement differ still, with all that the statement told."""
    if row.own is None or row.statement is None:
        return False
    return abs(row.own - row.statement) > row.tolerance


def is_news(stated: StatementReconciled) -> bool:
    """Tell whether a statement showed more than that everything is as it was thought to be."""
    return bool(stated.replaced or stated.reversed) or any(
        is_open(row) or row.verdict in ("own differs", "both differ") for row in stated.rows
    )


def period_of(stated: StatementReconciled) -> str:
    """Spell the days of a statement."""
    if stated.first_day == stated.last_day:
        return f"{stated.last_day:%a} {stated.last_day.day} {stated.last_day:%b %Y}"
    return f"{stated.first_day} to {stated.last_day}"


def verdict_of(stated: StatementReconciled) -> str:
    """Say in a sentence whether book and statement agree now."""
    apart = [row for row in stated.rows if is_open(row)]
    if apart:
        return f"{_counted(len(apart), 'figure')} of the statement {'differ' if len(apart) > 1 else 'differs'} still."
    before = sum(row.verdict in ("own differs", "both differ") for row in stated.rows)
    if before:
        return f"Book and statement agree; {_counted(before, 'figure')} differed before the statement was read."
    return "Book and statement agree, and did before the statement was read."


def figures_of(row: WitnessRow) -> tuple[str, str, str, str, str, str]:
    """Spell a figure as the book had it, the API told it, the statement tells it, and the book has it."""
    spell = _units if row.kind in UNITS else _money
    verdict = "DIFFERS STILL" if is_open(row) else VERDICTS[row.verdict]
    return (
        f"{row.kind} {row.subject}".strip(),
        spell(row.own_before),
        spell(row.api),
        spell(row.statement),
        spell(row.own),
        verdict,
    )


def _named(row: WitnessRow) -> str:
    """Name a figure as a person does; the broker's names of lines are words run together."""
    if row.kind in ("position", "basis", "realised", "units traded", "commissions", "cash", "nav"):
        return f"{'NAV' if row.kind == 'nav' else row.kind} {row.subject}".strip()
    words = RUN_TOGETHER.sub(" ", row.subject)
    spelt = " ".join(word if word.isupper() else word.lower() for word in words.split())
    return f"{'change in NAV by' if row.kind == 'nav line' else 'of the period,'} {spelt}"


def agreeing_words(stated: StatementReconciled) -> str:
    """Count what agrees three ways, by kind."""
    return ", ".join(f"{each.kind} {each.agreeing}" for each in stated.agreeing)


def fact_words(fact: StatementFact, symbol: Symbol) -> str:
    """Spell a fact with its day, its contract and its amount."""
    day = f"{fact.occurred_on} " if fact.occurred_on is not None else ""
    contract = f" {symbol(fact.con_id)}" if fact.con_id is not None else ""
    amount = f" {change(fact.amount)} {fact.currency or ''}".rstrip() if fact.amount is not None else ""
    return f"{day}{fact.text or fact.type.replace('_', ' ')}{contract}{amount}"


def statement_lines(stated: StatementReconciled, symbol: Symbol) -> Iterator[str]:
    """Tell in a few lines what a statement showed: for a mail, where there is no room for the whole table."""
    yield f"Statement of {period_of(stated)}: {verdict_of(stated)}"
    for row in stated.rows:
        if is_open(row) or row.verdict in ("own differs", "both differ", "api differs"):
            name, before, api, told, now, _ = figures_of(row)
            yield f"{name}: book {before}, API {api}, statement {told}, book now {now}."
    for field, words in FATES:
        facts: tuple[StatementFact, ...] = getattr(stated, field)
        if facts:
            yield f"{words.capitalize()}: {'; '.join(fact_words(fact, symbol) for fact in facts)}."


def _units(number: Decimal | None) -> str:
    return "-" if number is None else quantity(number)


def _money(number: Decimal | None) -> str:
    return "-" if number is None else money(number)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
