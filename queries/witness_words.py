"""What a day's statement showed, in words: the report, the mails and the story of a day say it alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from ledger.events import StatementFact, StatementReconciled, WitnessRow
from queries.figures import change, money, quantity

CENT = Decimal("0.01")
NAMED_MAX = 3  # so many figures are named, more are counted
RUN_TOGETHER = re.compile(r"(?<=[a-z])(?=[A-Z])")  # depositWithdrawals
CURRENCY = re.compile(r"[A-Z]{3}")
LINED = ("cash line", "commission", "dividend", "tax", "interest", "fee")  # kinds that are lines of the cash report
Symbol = Callable[[int], str]
UNITS = ("position", "units traded")
VERDICTS = {
    "agree": "agrees", "own differs": "book differed", "api differs": "API differed", "both differ": "both differed",
    "unknown": "not told",
}  # fmt: skip
KINDS = {"basis": "cost of", "nav": "NAV", "nav line": "NAV by", "units traded": "traded", "commissions": "commissions"}
LINES = {  # the broker's names of the lines of its reports; others are words run together
    "depositWithdrawals": "deposits, withdrawals",
    "depositsWithdrawals": "deposits, withdrawals",
    "netTradesSales": "sales",
    "netTradesPurchases": "purchases",
    "brokerInterest": "interest",
    "cashSettlingMtm": "futures settled",
    "paymentInLieu": "payments in lieu",
    "withholdingTax": "tax withheld",
    "changeInDividendAccruals": "dividends accrued",
    "assetTransfers": "positions transferred",
    "mtm": "prices",
}
COUNTED = {  # how many of a kind: one, several
    "basis": ("cost of a position", "costs of positions"),
    "nav": ("NAV", "NAVs"),
    "nav line": ("line of the change in NAV", "lines of the change in NAV"),
    "cash": ("cash balance", "cash balances"),
    "cash line": ("line of the cash report", "lines of the cash report"),
    "units traded": ("contract traded", "contracts traded"),
    "commissions": ("contract's commissions", "contracts' commissions"),
    "realised": ("realised gain", "realised gains"),
    "interest": ("sum of interest", "sums of interest"),
    "commission": ("sum of commissions", "sums of commissions"),
    "tax": ("sum of taxes", "sums of taxes"),
}
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
    return (
        name_of(row),
        spell(row.own_before),
        spell(row.api),
        spell(row.statement),
        spell(row.own),
        _verdict(row),
    )


def _verdict(row: WitnessRow) -> str:
    if is_open(row):
        return "DIFFERS STILL"
    told = [side for side in (row.own_before, row.api, row.statement) if side is not None]
    if row.verdict != "agree" or max(told) - min(told) <= CENT:
        return VERDICTS[row.verdict]
    return f"agrees within {_money(row.tolerance)}"  # such as NAV: marks differ


def name_of(row: WitnessRow) -> str:
    """Name a figure as a person does: `cash USD`, `other fees USD`, `NAV by prices`."""
    *currency, line = row.subject.split() or [""]
    words = LINES.get(line) or RUN_TOGETHER.sub(" ", line).lower()
    if row.kind == "nav line":
        return f"{KINDS[row.kind]} {words}"
    if (
        row.kind in LINED and len(currency) == 1 and CURRENCY.fullmatch(currency[0])
    ):  # "USD otherFees", a line of the cash report
        return f"{words} {currency[0]}"
    return f"{KINDS.get(row.kind, row.kind)} {row.subject}".strip()


def agreeing_words(stated: StatementReconciled) -> str:
    """Count what agrees three ways, by kind."""
    return ", ".join(count_of(each.kind, each.agreeing) for each in stated.agreeing)


def names_of(rows: Sequence[WitnessRow]) -> str:
    """Name a few figures; count many by kind."""
    if len(rows) <= NAMED_MAX:
        return ", ".join(map(name_of, rows))
    return ", ".join(count_of(kind, number) for kind, number in Counter(row.kind for row in rows).items())


def count_of(kind: str, number: int) -> str:
    """Spell how many figures of a kind."""
    one, several = COUNTED.get(kind, (kind, f"{kind}s"))
    return f"{number} {one if number == 1 else several}"


def fact_words(fact: StatementFact, symbol: Symbol) -> str:
    """Spell a fact with its day, its contract, its amount and what the broker wrote beside it."""
    day = f"{fact.occurred_on} " if fact.occurred_on is not None else ""
    contract = f" {symbol(fact.con_id)}" if fact.con_id is not None else ""
    amount = f" {change(fact.amount)} {fact.currency or ''}".rstrip() if fact.amount is not None else ""
    words, colon, note = (fact.text or fact.type.replace("_", " ")).partition(": ")
    return f"{day}{words}{contract}{amount}{colon}{note}"


def statement_lines(stated: StatementReconciled, symbol: Symbol, *, brief: bool = False) -> Iterator[str]:
    """Tell in a few lines what a statement showed: for a mail, where there is no room for the whole table.

    `brief` leaves out what is settled: it was told before.
    """
    yield f"Statement of {period_of(stated)}: {verdict_of(stated)}"
    for row in stated.rows:
        was_apart = row.verdict in ("own differs", "both differ", "api differs") and row.kind != "nav line"
        if is_open(row) or (was_apart and not brief):  # how NAV changed by a line follows from the line itself
            yield f"{_capital(name_of(row))}: {_sides_of(row)}."
    for field, words in () if brief else FATES:
        facts: tuple[StatementFact, ...] = getattr(stated, field)
        if facts:
            yield f"{_capital(words)}: {'; '.join(fact_words(fact, symbol) for fact in facts)}."


def _sides_of(row: WitnessRow) -> str:
    _, before, api, told, now, _ = figures_of(row)
    heard = f", the API {api}" if row.api is not None else ""
    settled = f"DIFFERS STILL, the book says {now}" if is_open(row) else f"now {now}"
    return f"the book said {before}{heard}, the statement {told}; {settled}"


def _capital(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def _units(number: Decimal | None) -> str:
    return "-" if number is None else quantity(number)


def _money(number: Decimal | None) -> str:
    return "-" if number is None else money(number)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
