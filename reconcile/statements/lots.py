"""Closed lots: which lots the broker took for an execution that closes."""

from __future__ import annotations

from ledger.events import LotRow, LotsSpecified, execution_base
from reconcile.statements.executions import Traded
from reconcile.statements.reading import EXECUTION, Reading
from reconcile.statements.rows import Row
from reconcile.statements.securities import contract_of
from reconcile.statements.statement import ClosedLot

METHODS = frozenset({"SL", "LI", "HC", "ML", "MLG", "MLL", "MSG", "MSL"})  # matched otherwise than by age


def take_closed_lots(rows: list[Row], trades: list[Traded], reading: Reading) -> None:
    """Observe closed lots; where the broker matched them otherwise than by age, tell which were taken."""
    if not rows:
        return
    lots = sorted((_closed_lot(row, reading) for row in rows), key=str)
    reading.observed["closed_lots"] = (*reading.observed.get("closed_lots", ()), *lots)
    for trade in trades:
        if trade.codes & METHODS and not trade.cancels:
            _specified(trade, [lot for lot in lots if _is_of(lot, trade)], trades, reading)


def _closed_lot(row: Row, reading: Reading) -> ClosedLot:
    contract, quantity = contract_of(row, reading), row.required("quantity")
    closed_at = row.moment("dateTime", "tradeDate")
    if closed_at is None:
        raise row.error("a dateTime", "none")
    if row.text("buySell").upper().startswith("BUY"):
        quantity = -abs(quantity)  # what a purchase closes was short
    basis = row.money("cost")
    return ClosedLot(
        contract.con_id, row.moment("openDateTime", "holdingPeriodDateTime"), closed_at, quantity,
        None if basis is None else abs(basis).copy_sign(quantity), row.money("fifoPnlRealized"),
        row.text("transactionID"),
    )  # fmt: skip


def _is_of(lot: ClosedLot, trade: Traded) -> bool:
    return lot.con_id == trade.contract.con_id and lot.closed_at == trade.second and lot.quantity * trade.quantity < 0


def _specified(trade: Traded, lots: list[ClosedLot], trades: list[Traded], reading: Reading) -> None:
    """Tell the lots of one trade, if each can be named: what was bought before the file began cannot."""
    known = {other.row.text("transactionID"): execution_base(other.execution_id)[0] for other in trades}
    others = [t for t in trades if t.second == trade.second and t.contract == trade.contract and t is not trade]
    if others or not lots or any(lot.transaction not in known for lot in lots):
        reading.note(f"{trade.contract.symbol}: lots that were not matched by age cannot be told from this file alone")
        return
    fact = LotsSpecified(
        execution_id=trade.execution_id,
        lots=tuple(LotRow(execution=known[lot.transaction], quantity=abs(lot.quantity)) for lot in lots),
        **trade.dates,
    )
    reading.tell(trade.row, fact, EXECUTION, trade.execution_id, 4)
