"""Corporate actions and transfers at the venue, as they are applied to an account at once.

A merger gives units for cash, for units of another contract, or for both; a spin-off brings units of a child that cost
nothing yet; a name changes, and the lots go along; a reverse split gives fewer units of another contract, and cash for
a fraction. Elsewhere fractions are left out: whoever applies an action gives whole units.
To add one: a function that changes the lots and returns its booking.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, localcontext
from fractions import Fraction

from trader.simulator.account import Account
from trader.simulator.bookings import ActionBooked, Moved, SplitBooked, TransferBooked
from trader.simulator.contracts import Contract
from trader.simulator.lots import CONTEXT, SMALLEST_SHARE, ZERO, Closed, Holding, Lot


def stock_dividend(account: Account, contract: Contract, ratio: Fraction, at: datetime) -> None:
    """Add units of the same contract: `ratio` of them stand for one."""
    with localcontext(CONTEXT):
        change = account.holdings[contract.con_id].split(ratio)
    number = len(account.bookings) + 1
    account.bookings.append(
        SplitBooked(number=number, at=at, con_id=contract.con_id, ratio=ratio, quantity_change=change, code="SD")
    )


def spin_off(account: Account, parent: Contract, child: Contract, ratio: Fraction, at: datetime) -> None:
    """Give units of a child for those of its parent."""
    units = _times(account.quantity(parent.con_id), ratio)
    holding = account.holdings.setdefault(child.con_id, Holding())
    holding.lots.append(Lot(units, ZERO, ZERO, at, len(account.bookings) + 1))
    words = f"SPINOFF  {ratio.numerator} FOR {ratio.denominator}"
    _book(account, "SO", words, parent.con_id, (Moved(child.con_id, units),), at)


def merge(
    account: Account,
    old: Contract,
    at: datetime,
    *,
    cash: Decimal = ZERO,
    new: Contract | None = None,
    ratio: Fraction = Fraction(1),
) -> None:
    """Take all units of a contract, at so much cash a unit, or for units of another, which bear the whole basis."""
    with localcontext(CONTEXT):
        quantity = account.quantity(old.con_id)
        lots = account.holdings[old.con_id].take_all()
        proceeds, realised = quantity * cash, ZERO
        moved = []
        if new is None:
            closed = Closed(proceeds - sum((lot.gross_basis for lot in lots), ZERO),
                            sum((lot.commission for lot in lots), ZERO))  # fmt: skip
            realised = closed.net
            account.realise(old.con_id, closed, at)
        else:
            moved = [Moved(new.con_id, _moved_over(account, new, lots, _times(quantity, ratio)))]
            realised = proceeds
            if proceeds:
                account.realise(old.con_id, Closed(proceeds, ZERO), at)
        account.receive(old.currency, proceeds)
    words = f"MERGED(Acquisition)  {_terms(cash, new, ratio, old.currency)}"
    _book(account, "TC", words, old.con_id, (Moved(old.con_id, -quantity, proceeds, realised), *moved), at)


def rename(account: Account, old: Contract, new: Contract, at: datetime) -> None:
    """Let a position go on under another contract."""
    quantity = account.quantity(old.con_id)
    lots = account.holdings[old.con_id].take_all()
    _moved_over(account, new, lots, quantity)
    words = f"CUSIP/ISIN CHANGE TO ({new.con_id})"
    _book(account, "IC", words, old.con_id, (Moved(old.con_id, -quantity), Moved(new.con_id, quantity)), at)


def reverse_split(
    account: Account, old: Contract, new: Contract, ratio: Fraction, price: Decimal, at: datetime
) -> None:
    """Let units become fewer of another contract, which bear the basis; a fraction that is left is sold at a price."""
    quantity = account.quantity(old.con_id)
    with localcontext(CONTEXT):
        units = (quantity * ratio.numerator / ratio.denominator).quantize(SMALLEST_SHARE)
    _moved_over(account, new, account.holdings[old.con_id].take_all(), units)
    words = f"SPLIT {ratio.numerator} FOR {ratio.denominator}"
    _book(account, "RS", words, old.con_id, (Moved(old.con_id, -quantity), Moved(new.con_id, units)), at)
    if fraction := units % 1:
        account.trade(new.con_id, -fraction, price, ZERO, at, kind="FracShare")


def transfer(account: Account, contract: Contract, quantity: Decimal, price: Decimal, at: datetime) -> None:
    """Bring units in (+) from another broker at a price, or send them there (-), the oldest first."""
    with localcontext(CONTEXT):
        held, number = account.quantity(contract.con_id), len(account.bookings) + 1
        holding = account.holdings.setdefault(contract.con_id, Holding())
        if held * quantity < 0:
            holding.trade(quantity, price * contract.multiplier, ZERO, at, number)
        else:
            basis = quantity * price * contract.multiplier
            holding.lots.append(Lot(quantity, basis, ZERO, at, number))
            holding.average_total += basis
    account.bookings.append(
        TransferBooked(number=number, at=at, con_id=contract.con_id, quantity=quantity, price=price)
    )


def _moved_over(account: Account, new: Contract, lots: tuple[Lot, ...], units: Decimal) -> Decimal:
    """Let lots become so many units of another contract, at what they cost."""
    with localcontext(CONTEXT):
        holding = account.holdings.setdefault(new.con_id, Holding())
        whole = sum((lot.quantity for lot in lots), ZERO)
        left = units
        for lot in lots:
            part = left if lot is lots[-1] else (units * lot.quantity / whole).quantize(SMALLEST_SHARE)
            left -= part
            holding.lots.append(Lot(part, lot.gross_basis, lot.commission, lot.opened_at, lot.opened_by))
            holding.average_total += lot.basis
    return units


def _times(quantity: Decimal, ratio: Fraction) -> Decimal:
    units = Fraction(quantity) * ratio
    if units.denominator != 1:
        raise ValueError(f"{quantity} units times {ratio}: expected whole units; choose another ratio or quantity")
    return Decimal(units.numerator)


def _terms(cash: Decimal, new: Contract | None, ratio: Fraction, currency: str) -> str:
    paid = f"FOR {currency} {cash} PER SHARE" if cash else ""
    given = f"WITH {new.con_id} {ratio.numerator} FOR {ratio.denominator}" if new is not None else ""
    return " AND ".join(part for part in (given, paid) if part)


def _book(account: Account, code: str, words: str, con_id: int, moved: tuple[Moved, ...], at: datetime) -> None:
    number = len(account.bookings) + 1
    account.bookings.append(ActionBooked(number=number, at=at, code=code, words=words, con_id=con_id, moved=moved))
