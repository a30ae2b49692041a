"""Positions and cash that moved in from, or out to, another account or broker."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ledger.events import CashDeposited, CashWithdrawn, PositionTransferred
from reconcile.statements.reading import ACTION, CASH, Reading
from reconcile.statements.rows import ZERO, Row, words
from reconcile.statements.sections import Section
from reconcile.statements.securities import READS, contract_of

IDENTIFYING = ("type", "direction", "date", "dateTime", "conid", "symbol", "quantity", "cashTransfer", "currency")


def take_transfers(rows: list[Row], reading: Reading) -> None:
    """Tell every transfer; lots of it that are listed repeat it."""
    for row in rows:
        if row.tag == "TransferLot":
            continue
        direction = row.text("direction").upper()
        moment = row.moment("dateTime", "date", "reportDate")
        if direction not in {"IN", "OUT"}:
            raise row.error("IN or OUT", repr(row.text("direction")), "direction")
        if moment is None:
            raise row.error("a dateTime, a date or a reportDate", "none")
        reference = reading.reference(row, *IDENTIFYING)
        sign = 1 if direction == "IN" else -1
        common: dict[str, Any] = {
            "source": "statement",
            "occurred_at": moment,
            "report_date": row.day("reportDate", "date"),
        }
        quantity, cash = row.number("quantity") or ZERO, row.money("cashTransfer") or ZERO
        note = f"{row.text('type')} {direction.lower()} {row.text('company', 'deliveringBroker', 'account')}".strip()
        if quantity and row.text("assetCategory") not in {"CASH", "Cash", ""}:
            contract, value = contract_of(row, reading), row.money("positionAmount")
            units = abs(quantity) * sign
            fact = PositionTransferred(
                con_id=contract.con_id, reference=reference, quantity=units, currency=contract.currency, note=note,
                basis=_basis(row, units, contract.multiplier, value),
                value=None if value is None else abs(value) * (1 if units > 0 else -1), **common,
            )  # fmt: skip
            reading.tell(row, fact, ACTION, reference)
            if sign > 0:
                reading.note(f"{contract.symbol}: moved in at {fact.basis:f}: a transfer does not tell what it cost")
        if cash:
            kind = CashDeposited if sign > 0 else CashWithdrawn
            moved = kind(
                reference=f"{reference}-cash", amount=abs(cash) * sign, currency=row.currency, note=note, **common
            )
            reading.tell(row, moved, CASH, moved.reference)


def _basis(row: Row, units: Decimal, multiplier: Decimal, value: Decimal | None) -> Decimal:
    """Return the basis: at the price of the transfer where one is told, else at its market value."""
    price = row.money("transferPrice")
    if price:
        return units * price * multiplier
    return ZERO if value is None else abs(value) * (1 if units > 0 else -1)


TRANSFERS: tuple[Section, ...] = (
    Section(
        "Transfers", ("Transfer", "TransferLot"), take_transfers,
        READS | words("direction dateTime date reportDate quantity cashTransfer positionAmount transferPrice type "
                      "company deliveringBroker account"),
        words("accountName positionAmountInBase pnlAmount pnlAmountInBase fxPnl capitalGainsPnl deliveringBroker "
              "company account costBasis settleDate"),
    ),
)  # fmt: skip
