"""Taxes on trades, such as stamp duties: they stand beside the trade, or in a section of their own, or in both."""

from __future__ import annotations

from ledger.events import CommissionCharged, OrderFilled, TransactionTaxCharged
from reconcile.statements.cash import READ, take_movement
from reconcile.statements.reading import EXECUTION, Reading, Told
from reconcile.statements.rows import Row, words
from reconcile.statements.sections import Section
from reconcile.statements.securities import con_id_of


def take_taxes(rows: list[Row], reading: Reading) -> None:
    """Tell each tax once: what the trade itself tells counts, the rest goes to the trade that it belongs to."""
    told = {t.tie for t in reading.told if isinstance(t.fact, TransactionTaxCharged)}
    rows = [row for row in rows if row.money("taxAmount") and row.text("levelOfDetail").upper() != "SUMMARY"]
    for row in sorted(rows, key=_order):
        fill = _fill_of(row, reading)
        if fill is None:
            take_movement(row, reading, "Transaction Tax", "taxAmount")
        elif fill.tie not in told:
            _tell(row, fill, reading)


def _order(row: Row) -> tuple[str, ...]:
    return tuple(row.text(name) for name in ("date", "conid", "symbol", "taxDescription", "taxAmount"))


def _fill_of(row: Row, reading: Reading) -> Told | None:
    """Return the trade that a tax belongs to: by its id, or the one of this contract at that moment."""
    fills = [told for told in reading.told if isinstance(told.fact, OrderFilled)]
    trade = row.text("tradeId", "tradeID")
    named = [fill for fill in fills if trade and trade in reading.trade_ids.get(fill.tie, ())]
    if named:
        return named[0]
    moment, con_id = row.moment("dateTime", "date"), con_id_of(row)
    return next(
        (
            fill
            for fill in fills
            if isinstance(fill.fact, OrderFilled)
            and (fill.at.replace(microsecond=0), fill.fact.con_id) == (moment, con_id)
        ),
        None,
    )


def _tell(row: Row, fill: Told, reading: Reading) -> None:
    amount = row.money("taxAmount")
    assert isinstance(fill.fact, OrderFilled)
    assert amount is not None
    name, told = row.text("taxDescription") or "tax", {t.fact.key for t in reading.told}
    fact = TransactionTaxCharged(
        execution_id=fill.fact.execution_id, name=name, amount=amount, currency=row.currency or fill.fact.currency,
        occurred_at=fill.at, trade_date=fill.fact.trade_date, report_date=row.day("reportDate"),
    )  # fmt: skip
    number = 1
    while fact.key in told:
        number += 1
        fact = fact.model_copy(update={"name": f"{name} {number}"})
    reading.tell(row, fact, EXECUTION, fill.tie, 3)
    if reading.commissions_hold_taxes:
        _without_tax(fill, row, reading)


def _without_tax(fill: Told, row: Row, reading: Reading) -> None:
    """Take the tax out of the commission, where the file counts it there too."""
    amount = row.money("taxAmount")
    for place, told in enumerate(reading.told):
        if isinstance(told.fact, CommissionCharged) and told.tie == fill.tie and amount is not None:
            if abs(told.fact.amount) < abs(amount):
                return  # it cannot be in there
            rest = told.fact.amount - amount
            reading.told[place] = told._replace(fact=told.fact.model_copy(update={"amount": rest}))


TAXES: tuple[Section, ...] = (
    Section(
        "TransactionTaxes", ("TransactionTax",), take_taxes,
        READ | words("date taxDescription taxAmount tradeId tradeID"), words("quantity tradePrice source"),
    ),
)  # fmt: skip
