"""The daily gain or loss of futures and CFDs, settled into cash: by contract, as far as the file tells it so.

The section of marks to market is in the base currency; the cash report has one line a currency. Where neither gives the
amount of a contract in its own currency, a note says what is missing.
"""

from __future__ import annotations

from decimal import Decimal

from ledger.events import VariationSettled
from reconcile.statements.reading import CASH, Reading
from reconcile.statements.rows import ZERO, Row, end_of, words
from reconcile.statements.sections import Section
from reconcile.statements.securities import MARGIN, READS, con_id_of, contract_of

CENT = Decimal("0.01")
LINE = "cashSettlingMtm"


def take_marks(rows: list[Row], reading: Reading) -> None:
    """Tell what each future settled in the period: what it gained, before commissions."""
    gained = dict[int, Decimal]()
    for row in rows:
        if not (row.text("conid") or row.text("symbol")) or not row.text("assetCategory"):
            continue  # a total
        con_id = con_id_of(row)
        if con_id not in reading.contracts and row.text("assetCategory") in {"FUT", "CFD"}:
            reading.note(f"{row.text('symbol')}: settled daily, but the file does not tell its currency")
            continue
        contract = reading.contracts.get(con_id)
        if contract is None or contract.security_type not in MARGIN:
            continue
        contract_of(row, reading) if row.currency == contract.currency else None
        if contract.currency != reading.base_currency:
            continue
        amount = (row.number("priorOpenMtm") or ZERO) + (row.number("transactionMtm") or ZERO)
        gained[con_id] = gained.get(con_id, ZERO) + amount
    for con_id, amount in sorted(gained.items()):
        tell_variation(rows[0], con_id, amount, reading)


def tell_variation(row: Row, con_id: int, amount: Decimal, reading: Reading) -> None:
    """Tell what one contract settled in the period, on its last day."""
    if not amount:
        return
    first, last = reading.first_day, reading.last_day
    fact = VariationSettled(
        con_id=con_id, source="statement", reference=f"variation/{con_id}/{first}/{last}", amount=amount,
        currency=reading.contracts[con_id].currency, occurred_at=end_of(last), report_date=last,
    )  # fmt: skip
    reading.tell(row, fact, CASH, fact.reference)


def settle_rest(row: Row, reading: Reading) -> None:
    """Where the marks did not tell them: from the cash report, if trades explain it, or if there is one contract."""
    lines = reading.observed.get("cash_lines") or {}
    told = {fact.fact.con_id for fact in reading.told if isinstance(fact.fact, VariationSettled)}
    for (currency, line), amount in sorted(lines.items()):
        if line != LINE or not amount:
            continue
        futures = {
            con_id for con_id, contract in reading.contracts.items()
            if contract.security_type in MARGIN and contract.currency == currency
        }  # fmt: skip
        if futures & told:
            continue
        marked = {con_id: gain for con_id, gain in reading.marked.items() if con_id in futures}
        if abs(sum(marked.values(), ZERO) - amount) <= CENT and marked:
            for con_id, gain in sorted(marked.items()):
                tell_variation(row, con_id, gain, reading)
        elif len(futures) == 1:
            tell_variation(row, futures.pop(), amount, reading)
        else:
            reading.note(
                f"{amount:f} {currency} of daily gains was settled, and the file does not tell of which contracts"
            )


VARIATION: tuple[Section, ...] = (
    Section(
        "MTMPerformanceSummaryInBase", ("MTMPerformanceSummaryUnderlying",), take_marks,
        READS | words("priorOpenMtm transactionMtm"),
        words(
            "prevCloseQuantity prevClosePrice closeQuantity closePrice commissions other total corpActionMtm dividends "
            "otherWithAccruals totalWithAccruals totalAccruals otherAccruals"
        ),
    ),
)  # fmt: skip
