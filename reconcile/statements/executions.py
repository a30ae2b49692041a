"""One row that tells an execution, read into signed numbers. The signs are applied here, and nowhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from ledger.events import ContractDefined
from ledger.lots import EXACT
from reconcile.statements.reading import Reading
from reconcile.statements.rows import NEW_YORK, ZERO, Row, at, clock_of
from reconcile.statements.securities import contract_of

IDENTIFYING = (
    "conid", "symbol", "isin", "dateTime", "tradeDate", "tradeTime", "buySell", "quantity", "tradePrice", "price",
    "currency", "transactionType",
)  # fmt: skip
EXECUTION_ID = re.compile(r"[^.]+(\.[^.]+){2,3}\.\d{1,3}", re.ASCII)  # BASE.REVISION, as the broker's API tells it
CANCELLING = frozenset({"TradeCancel", "FracShareCancel"})


@dataclass(slots=True)
class Traded:
    """An execution, or its cancellation."""

    row: Row
    contract: ContractDefined
    execution_id: str
    at: datetime
    quantity: Decimal  # + bought, - sold: of a cancellation, what it takes back, reversed
    price: Decimal
    proceeds: Decimal | None  # signed as cash, without commission and taxes
    commission: Decimal | None
    commission_currency: str
    taxes: Decimal
    realised: Decimal | None
    codes: frozenset[str]
    indicator: frozenset[str]  # O, C
    cancels: bool
    taken_back: bool = False

    @property
    def dates(self) -> dict[str, Any]:
        """Return the times of every fact of the row."""
        day = self.row.day("tradeDate") or self.at.astimezone(NEW_YORK).date()
        return {"occurred_at": self.at, "trade_date": day, "report_date": self.row.day("reportDate")}

    @property
    def second(self) -> datetime:
        """Return its time as the broker tells it."""
        return self.at.replace(microsecond=0)

    @property
    def computed(self) -> Decimal:
        """Return what quantity, price and multiplier alone would have moved."""
        return EXACT.multiply(EXACT.multiply(-self.quantity, self.price), self.contract.multiplier)

    @property
    def closes(self) -> bool:
        """Whether it closed anything, so that what it realised is told."""
        return "C" in self.indicator or bool(self.realised)

    @property
    def perm_id(self) -> int:
        """Return the order's permanent id; 0 where none is told."""
        told = self.row.text("ibOrderID", "orderID")
        return int(told) if told.isdecimal() and len(told) <= 18 else 0

    @property
    def economic(self) -> tuple[object, ...]:
        """Return what must be equal for two rows to be the same fill."""
        return (self.contract.con_id, self.quantity, self.price)

    def takes_back(self, other: Traded) -> bool:
        """Tell whether this cancels another: by its id, or by being its reverse at the same time."""
        if other.taken_back or other.contract.con_id != self.contract.con_id or other.quantity != -self.quantity:
            return False
        transaction = self.row.text("origTransactionID")
        if transaction not in {"", "0"} and other.row.text("transactionID"):
            return transaction == other.row.text("transactionID")
        trade = self.row.text("origTradeID")
        if trade not in {"", "0"} and other.row.text("tradeID"):
            return trade == other.row.text("tradeID") and other.price == self.price
        return other.price == self.price and other.at <= self.at


def traded_of(row: Row, reading: Reading) -> Traded:
    """Read one row; raises StatementError where a number that counts is missing or contradicts another."""
    contract = contract_of(row, reading)
    quantity, codes = _quantity(row), row.codes("notes", "code")
    price = row.money("tradePrice" if row.text("tradePrice") else "price")
    if price is None:
        raise row.error("a number as tradePrice", "none")
    commission = row.money("ibCommission" if row.text("ibCommission") else "commission")
    charged_in = row.text("ibCommissionCurrency", "commissionCurrency") or contract.currency
    told = row.codes("openCloseIndicator") or codes & {"O", "C"}
    trade = Traded(
        row, contract, _execution_id(row, reading), _moment(row), quantity, price, None, commission, charged_in,
        row.money("taxes" if row.text("taxes") else "tax") or ZERO, row.money("fifoPnlRealized"), codes, told,
        _cancels(row, codes),
    )  # fmt: skip
    trade.proceeds = _proceeds(trade)
    return trade


def _cancels(row: Row, codes: frozenset[str]) -> bool:
    return "(Ca.)" in row.text("buySell") or row.text("transactionType") in CANCELLING or "Ca" in codes


def _quantity(row: Row) -> Decimal:
    """Return the signed quantity; a sign that contradicts the side is an error, as no one knows which is right."""
    quantity, side = row.required("quantity"), row.text("buySell").upper()
    cancelled = "(CA.)" in side
    if side and not side.startswith(("BUY", "SELL")):
        raise row.error("BUY or SELL", repr(side), "buySell")
    if not quantity and row.section == "Trades" and row.tag == "Trade":
        raise row.error("a quantity other than zero", "0", "quantity")
    if side and (quantity > 0) != (side.startswith("BUY") != cancelled):
        raise row.error(f"a quantity with the sign of {side}", str(quantity), "quantity")
    return quantity


def _moment(row: Row) -> datetime:
    moment = row.moment("dateTime")
    day, clock = row.day("tradeDate", "date"), clock_of(row, "tradeTime")
    if moment is None and day is not None:
        moment = at(day, clock) if clock is not None else at(day)
    if moment is None:
        raise row.error("a dateTime, or a tradeDate", "neither")
    return moment


def _execution_id(row: Row, reading: Reading) -> str:
    """Return the broker's execution id, or a stable name of the same form."""
    told = row.text("ibExecID", "execID")
    if told:
        return told if EXECUTION_ID.fullmatch(told) else f"statement-{told}.01"
    for name in ("transactionID", "tradeID"):
        if (value := row.text(name)) and value != "0":
            return f"statement-{value}.01"
    return f"statement-{reading.reference(row, *IDENTIFYING, told=())}.01"


def _proceeds(trade: Traded) -> Decimal | None:
    """Return what the broker moved, without commission and taxes; where it is not told, what the net amount leaves."""
    row, told = trade.row, trade.row.money("proceeds")
    money = row.money("tradeMoney" if row.text("tradeMoney") else "amount")
    if told is not None and (told or not trade.computed):
        return told
    if money:
        return -money
    net = row.money("netCash")
    if net and trade.contract.security_type != "CASH" and trade.commission_currency == trade.contract.currency:
        return EXACT.subtract(EXACT.subtract(net, trade.commission or ZERO), trade.taxes)
    return None
