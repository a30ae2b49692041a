"""What the venue takes back of an account's trades: an execution is busted, or corrected under its next revision.

Only the last trade in a contract can be taken back: lots that later trades have matched would have to be matched anew.
What it closed is open again at its old cost, and the commission is given back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal, localcontext

from trader.simulator.account import Account
from trader.simulator.bookings import TradeBooked
from trader.simulator.commissions import commission_of
from trader.simulator.contracts import Contract
from trader.simulator.lots import CONTEXT, ZERO, Closed, Holding, Lot, allocate
from trader.simulator.orders import Commission, Execution


def booked_as(account: Account, exec_id: str) -> TradeBooked:
    """Return the booking of an execution that stands; ValueError where none does."""
    trades = [booking for booking in account.bookings if isinstance(booking, TradeBooked)]
    gone = {trade.cancels for trade in trades}
    for trade in trades:
        named = trade.execution is not None and trade.execution.exec_id == exec_id
        if named and trade.cancels is None and trade.number not in gone:
            return trade
    raise ValueError(f"execution {exec_id}: expected one that is booked and stands, found none")


def execution_of(account: Account, exec_id: str) -> Execution:
    """Return an execution that stands; ValueError where none does."""
    execution = booked_as(account, exec_id).execution
    assert execution is not None  # it was found by its id
    return execution


def take_back(account: Account, contract: Contract, exec_id: str, at: datetime) -> TradeBooked:
    """Undo one execution; return the booking that does."""
    booked = booked_as(account, exec_id)
    later = [each for each in account.bookings[booked.number :] if isinstance(each, TradeBooked)]
    if any(each.con_id == booked.con_id for each in later):
        raise ValueError(f"execution {exec_id}: expected the last trade in {contract.name}, found later ones")
    with localcontext(CONTEXT):
        if not contract.is_currency:
            _reopen(account.holdings[booked.con_id], booked)
        undone = replace(
            booked, number=len(account.bookings) + 1, at=at, quantity=-booked.quantity, money=-booked.money,
            commission=-booked.commission, realised=-booked.realised, closed=(), opens=False, kind="TradeCancel",
            carried_gross=-booked.carried_gross, carried_commission=-booked.carried_commission,
            cancels=booked.number,
        )  # fmt: skip
        account.restate(contract, undone, _closed(booked))
    return undone


def revised(old: Execution, shares: Decimal, price: Decimal) -> Execution:
    """Return the next revision of an execution: IB counts it in the last group of the id."""
    base, _, revision = old.exec_id.rpartition(".")
    name = f"{base}.{int(revision) + 1:02}"
    return replace(old, exec_id=name, shares=shares, price=price, cumulative=shares, average_price=price)


def book_revision(account: Account, contract: Contract, execution: Execution, at: datetime) -> Commission:
    """Book what is now said to have been executed; return what it costs."""
    signed = execution.shares if execution.side == "BOT" else -execution.shares
    with localcontext(CONTEXT):
        cost = commission_of(execution.shares, execution.shares * execution.price, contract)
    realised = account.trade(contract.con_id, signed, execution.price, cost, at, contract=contract, execution=execution)
    return Commission(execution.exec_id, cost, contract.commission_currency, realised)


def _reopen(holding: Holding, booked: TradeBooked) -> None:
    """Take away the lot that a trade has opened, and put back what it has closed, where it was: first."""
    holding.lots = [lot for lot in holding.lots if lot.opened_by != booked.number]
    for part in reversed(booked.closed):
        first = holding.lots[0] if holding.lots else None
        if first is not None and first.opened_by == part.opened_by and first.opened_at == part.opened_at:
            merged = (first.quantity + part.quantity, first.gross_basis + part.gross_basis)
            holding.lots[0] = Lot(*merged, first.commission + part.commission, part.opened_at, part.opened_by)
        else:
            holding.lots.insert(0, part.copy())
    holding.average_total = sum((lot.basis for lot in holding.lots), ZERO)


def _closed(booked: TradeBooked) -> Closed:
    """Return what it had realised, with the opposite sign."""
    units = sum((abs(part.quantity) for part in booked.closed), ZERO)
    if not units:
        return Closed(ZERO, ZERO)
    own = allocate(booked.commission + booked.carried_commission, units, abs(booked.quantity))
    commission = sum((part.commission for part in booked.closed), Decimal(own))
    return Closed(-(booked.realised + commission), -commission)
