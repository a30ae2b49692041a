"""Everything that has moved the venue's own account, in order: what its statements are written from.

A booking is what was booked, never an intention. Amounts are signed from the account: + received, - paid.
To add one: a frozen dataclass here, a member of the union, the method of `Account` that books it, and its place in the
statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from trader.simulator.lots import Lot
from trader.simulator.orders import Execution


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What every booking has."""

    number: int  # grows by one
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeBooked(Booked):
    """A trade, or what is booked like one: at a price, perhaps of zero."""

    con_id: int
    quantity: Decimal  # + bought, - sold
    price: Decimal
    money: Decimal  # price x multiplier x quantity, with the quantity's sign
    commission: Decimal  # + charged
    commission_currency: str
    realised: Decimal = Decimal(0)  # after commissions; 0 for an opening trade
    closed: tuple[Lot, ...] = ()  # what it closed
    opens: bool = False
    kind: str = "ExchTrade"  # | BookTrade | FracShare | TradeCancel
    notes: str = ""  # A assigned, Ex exercised, Ep expired
    execution: Execution | None = None
    carried_gross: Decimal = Decimal(0)  # basis that came from an option, or went (-)
    carried_commission: Decimal = Decimal(0)
    cancels: int | None = None  # the number of the booking that it takes back

    @property
    def cost(self) -> Decimal:
        """By how much it changed the basis of the position."""
        carried = self.carried_gross + self.carried_commission
        return self.realised + self.money + self.commission + carried


@dataclass(frozen=True, slots=True)
class CashLabel:
    """What cash is moved for, in IB's own words."""

    kind: str
    description: str
    con_id: int | None = None
    action: int | None = None  # what several movements belong to


PAYMENT = CashLabel("Deposits/Withdrawals", "CASH RECEIPTS / ELECTRONIC FUND TRANSFERS")


@dataclass(frozen=True, slots=True, kw_only=True)
class CashBooked(Booked):
    """Cash that moved without a trade."""

    label: CashLabel
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DividendAccrualBooked(Booked):
    """A dividend to come (Po), or taken back because it is paid (Re, with the opposite signs)."""

    code: str  # Po | Re
    con_id: int
    currency: str
    ex_date: date
    pay_date: date
    quantity: Decimal
    rate: Decimal
    gross: Decimal
    tax: Decimal  # + to be withheld, as IB writes it

    @property
    def net(self) -> Decimal:
        """What is added to the net liquidation value."""
        return self.gross - self.tax


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestAccrualBooked(Booked):
    """Interest of a day, or, reversed, what is paid."""

    currency: str
    amount: Decimal
    reversal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitBooked(Booked):
    """A split of a position."""

    con_id: int
    ratio: Fraction
    quantity_change: Decimal
    code: str = ""  # SD a stock dividend; else forward or reverse by the ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class VariationBooked(Booked):
    """What a future has gained or lost since the last settlement, in cash."""

    con_id: int
    currency: str
    amount: Decimal
    price: Decimal


@dataclass(frozen=True, slots=True)
class Moved:
    """What an action did to one contract."""

    con_id: int
    quantity: Decimal
    proceeds: Decimal = Decimal(0)  # + received
    realised: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionBooked(Booked):
    """A corporate action that is no split: a merger, a spin-off, another name."""

    code: str  # IB's: TC, SO, IC
    words: str
    con_id: int  # what it is an action of
    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferBooked(Booked):
    """Units that came in from another broker, or went there."""

    con_id: int
    quantity: Decimal
    price: Decimal  # at which they are valued, and come in


Booking = (
    TradeBooked
    | CashBooked
    | DividendAccrualBooked
    | InterestAccrualBooked
    | SplitBooked
    | VariationBooked
    | ActionBooked
    | TransferBooked
)
