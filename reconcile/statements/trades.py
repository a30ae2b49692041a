"""Executions, with what they cost, and the broker's cancellations and corrections of them.

One section lists the same fill at several levels (execution, order, summaries, closed lots): executions count, or
orders where there are no executions. Exercises, assignments and expiries are joined in `exercises.py`. To read another
level or another field, add it to `TRADES`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from ledger.events import (
    CommissionAdjusted,
    CommissionCharged,
    FillBusted,
    OrderFilled,
    ProceedsSettled,
    TransactionTaxCharged,
    WashSaleObserved,
    execution_base,
)
from reconcile.statements.executions import Traded, traded_of
from reconcile.statements.exercises import take_exercises
from reconcile.statements.lots import take_closed_lots
from reconcile.statements.reading import CASH, EXECUTION, Reading
from reconcile.statements.rows import ZERO, Row, words
from reconcile.statements.sections import Section
from reconcile.statements.securities import MARGIN, READS, contract_of

CANCELLING = "statement-cancels-"  # before the name of what cancels an execution that the file lacks
EXECUTIONS, ORDERS = ("EXECUTION", ""), ("ORDER",)
LEVELS: tuple[tuple[str, str], ...] = (  # of a row that does not tell its level, by its tag
    ("Trade", "EXECUTION"), ("TradeConfirm", "EXECUTION"), ("TradeConfirmation", "EXECUTION"),
    ("TradeTransfer", "EXECUTION"), ("Order", "ORDER"), ("Lot", "CLOSED_LOT"), ("WashSale", "WASH_SALE"),
    ("SymbolSummary", "SYMBOL_SUMMARY"), ("AssetSummary", "ASSET_SUMMARY"),
)  # fmt: skip
SUMMARIES = ("SYMBOL_SUMMARY", "ASSET_SUMMARY")


def level_of(row: Row) -> str:
    """Return at which level of detail a row stands."""
    told = row.text("levelOfDetail").upper()
    level = told or next((level for tag, level in LEVELS if tag == row.tag), "")
    if level not in {level for _, level in LEVELS}:
        raise row.error("a level of detail that is known", repr(told or row.tag), "levelOfDetail")
    return level


def take_trades(rows: list[Row], reading: Reading) -> None:
    """Tell what was executed, at one level of detail alone."""
    levels: dict[str, list[Row]] = {}
    for row in rows:
        levels.setdefault(level_of(row), []).append(row)
    executions = [row for row in levels.get("EXECUTION") or levels.get("ORDER", []) if not _is_nothing(row, reading)]
    if not executions and any(levels.get(level) for level in SUMMARIES):
        row = next(row for level in SUMMARIES for row in levels.get(level, ()))
        raise row.error("executions or orders: choose one of them in the query", "sums alone")
    if executions and not levels.get("EXECUTION"):
        reading.note("trades are told by order: each order stands for its executions")
    trades = sorted((traded_of(row, reading) for row in executions), key=_economic)
    _apart(trades)
    observe(trades, reading)
    left = take_exercises(list(_without_cancelled(_distinct(trades, reading), reading)), reading)
    for trade in left:
        book(trade, reading)
    take_closed_lots(levels.get("CLOSED_LOT", []), trades, reading)
    for row in levels.get("WASH_SALE", []):
        _wash_sale(row, reading)


def _is_nothing(row: Row, reading: Reading) -> bool:
    """Tell whether a row moved neither units nor money."""
    moved = ("quantity", "proceeds", "netCash", "ibCommission", "commission", "taxes", "fifoPnlRealized")
    if not row.text("quantity") or any(row.number(name) for name in moved):
        return False
    reading.note(f"{row.text('symbol')}: a trade of nothing is left out")
    return True


def _apart(trades: list[Traded]) -> None:
    """Put executions of one second a microsecond apart, in the order in which the broker booked them.

    Its times have whole seconds, and it matches lots of one second by the ids of its transactions.
    """
    together = dict[tuple[int, datetime], list[Traded]]()
    for trade in trades:
        together.setdefault((trade.contract.con_id, trade.at), []).append(trade)
    for same in together.values():
        ids = [trade.row.text("transactionID") for trade in same]
        if len(same) > 1 and all(told.isdecimal() for told in ids) and not any(trade.cancels for trade in same):
            for place, trade in enumerate(sorted(same, key=lambda each: int(each.row.text("transactionID")))):
                trade.at += timedelta(microseconds=place)
    trades.sort(key=_economic)


def _economic(trade: Traded) -> tuple[object, ...]:
    return (trade.at, trade.cancels, *execution_base(trade.execution_id), trade.quantity, trade.price)


def _distinct(trades: Iterable[Traded], reading: Reading) -> Iterator[Traded]:
    """Leave out what is told twice under one id; what differs under one id is an allocation, and stays."""
    told = dict[str, Traded]()
    for trade in trades:
        known = told.setdefault(trade.execution_id, trade)
        if known is trade:
            yield trade
        elif known.economic != trade.economic:
            trade.execution_id = f"statement-{reading.reference(trade.row, *ECONOMIC)}.01"
            yield trade


ECONOMIC = ("conid", "symbol", "dateTime", "tradeDate", "tradeTime", "buySell", "quantity", "tradePrice", "currency")


def _without_cancelled(trades: Iterable[Traded], reading: Reading) -> Iterator[Traded]:
    """Tell of cancellations: a bust, nothing where a correction follows, or the reverse of what this file lacks."""
    kept = list(trades)
    originals = [trade for trade in kept if not trade.cancels]
    corrected = dict[str, int]()  # the last revision of each execution
    for base, revision in map(_id, originals):
        corrected[base] = max(revision, corrected.get(base, 0))
    for trade in kept:
        if not trade.cancels:
            yield trade
            continue
        original = next((other for other in originals if trade.takes_back(other)), None)
        if original is None and not any(_corrects(other, trade) for other in originals):
            reading.note(f"{trade.contract.symbol}: what is cancelled is not in the file, so its reverse is booked")
            trade.execution_id = f"{CANCELLING}{reading.reference(trade.row, *ECONOMIC)}.01"
            yield trade
            continue
        if original is not None:
            original.taken_back = True
            base, revision = _id(original)
            if corrected[base] == revision:
                fact = FillBusted(
                    account=reading.account, execution_id=original.execution_id, reason="cancelled by the broker",
                    **trade.dates,
                )  # fmt: skip
                reading.tell(trade.row, fact, EXECUTION, original.execution_id, 9)
                _refund(trade, reading)  # of a correction, the commission of the later revision takes its place


def _corrects(other: Traded, cancel: Traded) -> bool:
    """Tell whether a later revision takes the place of what is cancelled: the two come a day after the first."""
    if other.contract.con_id != cancel.contract.con_id or _id(other)[1] < 2:
        return False
    told, trade = cancel.row.text("origTradeID"), other.row.text("tradeID")
    return told == trade if told not in {"", "0"} and trade else other.second == cancel.second


def _refund(trade: Traded, reading: Reading) -> None:
    if trade.commission:
        refund = CommissionAdjusted(
            source="statement", reference=reading.reference(trade.row, *ECONOMIC), amount=trade.commission,
            currency=trade.commission_currency, con_id=trade.contract.con_id, note="of a cancelled execution",
            **trade.dates,
        )  # fmt: skip
        reading.tell(trade.row, refund, CASH, refund.reference)


def _id(trade: Traded) -> tuple[str, int]:
    return execution_base(trade.execution_id)


def book(trade: Traded, reading: Reading) -> None:
    """Tell one execution, and what it cost."""
    row, contract, name = trade.row, trade.contract, trade.execution_id
    fill = OrderFilled(
        account=reading.account, execution_id=name, con_id=contract.con_id, quantity=trade.quantity, price=trade.price,
        currency=contract.currency, order_ref=row.text("orderReference"), perm_id=trade.perm_id,
        venue=row.text("exchange"), source="statement", **trade.dates,
    )  # fmt: skip
    reading.tell(row, fill, EXECUTION, name, 0)
    if trade.proceeds is not None and contract.security_type not in MARGIN and trade.proceeds != trade.computed:
        settled = ProceedsSettled(execution_id=name, amount=trade.proceeds, currency=contract.currency, **trade.dates)
        reading.tell(row, settled, EXECUTION, name, 1)
    if trade.commission is not None:
        charged = CommissionCharged(
            execution_id=name, amount=trade.commission, currency=trade.commission_currency,
            realised_reported=trade.realised if trade.closes else None, **trade.dates,
        )  # fmt: skip
        reading.tell(row, charged, EXECUTION, name, 2)
    if trade.taxes:
        tax = TransactionTaxCharged(execution_id=name, amount=trade.taxes, currency=contract.currency, **trade.dates)
        reading.tell(row, tax, EXECUTION, name, 3)


def observe(trades: Iterable[Traded], reading: Reading) -> None:
    """Keep what the broker says that each execution realised and cost, and whether it opened or closed."""
    opening, closing = set[str](), set[str]()
    for trade in trades:
        con_id = trade.contract.con_id
        reading.trade_ids[trade.execution_id] = (trade.row.text("tradeID"), trade.row.text("transactionID"))
        if trade.contract.security_type in MARGIN:
            reading.marked[con_id] = reading.marked.get(con_id, ZERO) + (trade.row.money("mtmPnl") or ZERO)
        if trade.contract.security_type != "CASH":
            reading.add("realised", con_id, trade.realised)
            reading.add("realised_by_execution", trade.execution_id, trade.realised)
        if trade.commission_currency == trade.contract.currency:
            reading.add("commissions", con_id, trade.commission)
        if trade.indicator == {"O"}:
            opening.add(trade.execution_id)
        elif trade.indicator == {"C"}:
            closing.add(trade.execution_id)
    reading.observed["opening"] = frozenset(reading.observed.get("opening", frozenset()) | opening)
    reading.observed["closing"] = frozenset(reading.observed.get("closing", frozenset()) | closing)


def _wash_sale(row: Row, reading: Reading) -> None:
    amount = abs(row.money("fifoPnlRealized") or ZERO)
    moment = row.moment("dateTime", "tradeDate", "whenRealized", "reportDate")
    if not amount or moment is None:
        return
    contract = contract_of(row, reading)
    fact = WashSaleObserved(
        con_id=contract.con_id, source="statement",
        reference=reading.reference(row, *ECONOMIC, "fifoPnlRealized"), amount=amount, currency=contract.currency,
        occurred_at=moment, trade_date=row.day("tradeDate"), report_date=row.day("reportDate"),
    )  # fmt: skip
    reading.tell(row, fact, EXECUTION, fact.reference)


def take_confirmations(rows: list[Row], reading: Reading) -> None:
    """Read trade confirmations, but for those that the activity of the same file tells."""
    known = {told.tie for told in reading.told if told.rank == EXECUTION}
    trades = (traded_of(row, reading) for row in rows if level_of(row) == "EXECUTION")
    new = [row.row for row in trades if row.execution_id not in known]
    take_trades(new or [row for row in rows if level_of(row) == "ORDER" and not known], reading)


def take_transferred_trades(rows: list[Row], reading: Reading) -> None:
    """Read trades given up to, or taken up from, another broker, but for those that the trades tell."""
    take_confirmations(rows, reading)


READ = READS | words(
    "tradeDate tradeTime settleDateTarget settleDate transactionType quantity tradePrice price tradeMoney amount "
    "proceeds taxes tax ibCommission commission ibCommissionCurrency commissionCurrency netCash openCloseIndicator "
    "notes code cost fifoPnlRealized origTradePrice origTradeDate origTradeID origOrderID origTransactionID buySell "
    "ibOrderID orderID ibExecID execID orderReference exchange openDateTime holdingPeriodDateTime whenRealized mtmPnl"
)
DESCRIBING = words(
    "closePrice fxPnl capitalGainsPnl netCashInBase clearingFirmID brokerageOrderID volatilityOrderLink "
    "exchOrderId extExecID orderTime orderPlacementTime whenReopened changeInPrice changeInQuantity orderType traderID "
    "isAPIOrder accruedInt initialInvestment rfqID allocatedTo blockID brokerExecutionCommission "
    "brokerClearingCommission thirdPartyExecutionCommission thirdPartyClearingCommission "
    "thirdPartyRegulatoryCommission otherCommission TradePrice tradeMoneyInBase proceedsInBase ibCommissionInBase "
    "brokerName brokerAccount awayBrokerCommission regulatoryFee netTradeMoney netTradeMoneyInBase netTradePrice "
    "direction deliveredReceived permId"
)
ROWS = tuple(tag for tag, _ in LEVELS)

TRADES: tuple[Section, ...] = (
    Section("Trades", ROWS, take_trades, READ, DESCRIBING),
    Section("TradeConfirms", ROWS, take_confirmations, READ, DESCRIBING),
    Section("TradeTransfers", ("TradeTransfer",), take_transferred_trades, READ, DESCRIBING),
)
