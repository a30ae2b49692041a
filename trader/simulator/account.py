"""The account at the venue: cash, lots, commissions and margin, kept apart from the client's own books.

The allocation rule, to the last digit:
- Lots are matched first in, first out. A lot keeps its signed quantity and two totals: the gross basis (price x signed
  quantity, before commission) and the commission.
- A close of part of a lot takes from each total `total x closed / held`, quantised to 1e-10 half-even; the remainder
  stays in the open lot. A close of the whole lot takes what is left.
- A trade that turns the position around (a flip) splits its commission by quantity in the same way: the closing part
  takes `commission x closing / traded`, quantised; the rest opens the new lot.
- realised_gross = signed closing proceeds (price x quantity, exact) - gross basis taken; realised_commission = the
  lots' commission taken + the closing commission; realised = realised_gross - realised_commission.
- The commission of an order is min(max(0.005 x shares, 1.00), 1 % of the value traded), cumulative over its fills:
  every fill is charged the difference between the cumulative amounts.
- The average cost that clients see is kept beside the lots by the average method, commissions included, quantised to
  1e-10 when shown. Realised figures are always first in, first out.
Margin is Reg-T in its simplest form: 50 % initial and 25 % maintenance of the gross value of stocks, short ones too.
No interest, dividend, fee or split is booked yet. To book another kind of money, add a method like `move_cash`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext

from trader.simulator.market import Market
from trader.simulator.sessions import new_york_date

CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
SMALLEST_SHARE = Decimal("1E-10")
BASE_CURRENCY = "USD"
COMMISSION_PER_SHARE = Decimal("0.005")
COMMISSION_MIN = Decimal("1.00")
COMMISSION_SHARE_OF_VALUE_MAX = Decimal("0.01")
INITIAL_MARGIN = Decimal("0.50")
MAINTENANCE_MARGIN = Decimal("0.25")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Position:
    """What a client is told of a position."""

    con_id: int
    quantity: Decimal
    average_cost: Decimal  # by the average method, commissions included


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """A position and what it is worth."""

    con_id: int
    quantity: Decimal
    price: Decimal
    value: Decimal
    average_cost: Decimal
    unrealised: Decimal  # against the average cost
    realised: Decimal  # today's, after commissions


@dataclass(frozen=True, slots=True)
class Figures:
    """What the account is worth and what its positions tie up, exact."""

    cash: Decimal
    stocks: Decimal  # signed
    gross: Decimal

    @property
    def equity(self) -> Decimal:
        """Net liquidation value and equity with loan: the same while there are only stocks and cash."""
        return self.cash + self.stocks

    @property
    def initial(self) -> Decimal:
        """Initial margin."""
        return self.gross * INITIAL_MARGIN

    @property
    def maintenance(self) -> Decimal:
        """Maintenance margin."""
        return self.gross * MAINTENANCE_MARGIN


@dataclass(slots=True)
class Lot:
    """Shares bought or sold short together; both totals shrink as parts of it are closed."""

    quantity: Decimal  # + long, - short
    gross_basis: Decimal  # price x quantity, with the quantity's sign
    commission: Decimal


@dataclass(frozen=True, slots=True)
class Closed:
    """What closing shares has realised."""

    gross: Decimal
    commission: Decimal

    @property
    def net(self) -> Decimal:
        """After commissions, the opening ones included."""
        return self.gross - self.commission


@dataclass(slots=True)
class Holding:
    """All lots of one contract, and the same money by the average method."""

    lots: list[Lot] = field(default_factory=list)
    average_total: Decimal = ZERO  # signed cost by the average method, commissions included

    @property
    def quantity(self) -> Decimal:
        """Signed shares held."""
        return sum((lot.quantity for lot in self.lots), ZERO)

    @property
    def gross_basis(self) -> Decimal:
        """Signed cost before commissions."""
        return sum((lot.gross_basis for lot in self.lots), ZERO)

    @property
    def commission(self) -> Decimal:
        """Commissions of the open lots."""
        return sum((lot.commission for lot in self.lots), ZERO)

    @property
    def average_cost(self) -> Decimal:
        """Cost of a share by the average method; 0 when flat."""
        quantity = self.quantity
        return (self.average_total / quantity).quantize(SMALLEST_SHARE) if quantity else ZERO

    def trade(self, quantity: Decimal, price: Decimal, commission: Decimal) -> Closed | None:
        """Book one execution: close what it closes, open the rest; return what was realised, None if nothing closed."""
        held = self.quantity
        closing = min(abs(quantity), abs(held)) if quantity * held < 0 else ZERO
        closed = None
        if closing:
            self.average_total -= allocate(self.average_total, closing, abs(held))
            closing_commission = allocate(commission, closing, abs(quantity))
            closed = self._close(closing.copy_sign(quantity), price, closing_commission)
            quantity, commission = quantity - closing.copy_sign(quantity), commission - closing_commission
        if quantity:
            self.lots.append(Lot(quantity, price * quantity, commission))
            self.average_total += price * quantity + commission
        return closed

    def _close(self, quantity: Decimal, price: Decimal, commission: Decimal) -> Closed:
        basis_taken, commission_taken, left = ZERO, commission, abs(quantity)
        while left:
            lot = self.lots[0]
            part, whole = min(left, abs(lot.quantity)), abs(lot.quantity)
            basis, cost = allocate(lot.gross_basis, part, whole), allocate(lot.commission, part, whole)
            basis_taken, commission_taken, left = basis_taken + basis, commission_taken + cost, left - part
            if part == whole:
                del self.lots[0]
            else:
                lot.quantity -= part.copy_sign(lot.quantity)
                lot.gross_basis -= basis
                lot.commission -= cost
        return Closed(-quantity * price - basis_taken, commission_taken)


class Account:
    """One account in one currency; every figure exact, rounded only where it goes on the wire."""

    def __init__(self, number: str, cash: Decimal) -> None:
        self.number = number
        self.cash = cash
        self.commissions = ZERO
        self.realised_gross = ZERO
        self.realised_commission = ZERO
        self.holdings: dict[int, Holding] = {}
        self._realised_on: tuple[date, dict[int, Decimal]] = (date.min, {})

    def trade(
        self, con_id: int, quantity: Decimal, price: Decimal, commission: Decimal, at: datetime
    ) -> Decimal | None:
        """Book one execution (+ bought, - sold); return what it realised after commissions, None if it opened."""
        with localcontext(CONTEXT):
            closed = self.holdings.setdefault(con_id, Holding()).trade(quantity, price, commission)
            self.cash -= price * quantity + commission
            self.commissions += commission
            if closed is None:
                return None
            self.realised_gross += closed.gross
            self.realised_commission += closed.commission
            today = self._realised_today(at)
            today[con_id] = today.get(con_id, ZERO) + closed.net
            self._realised_on = (new_york_date(at), today)
            return closed.net

    def move_cash(self, amount: Decimal, currency: str = BASE_CURRENCY) -> None:
        """Pay in (+) or out (-)."""
        if currency != BASE_CURRENCY:
            raise ValueError(f"cash in {currency}: expected {BASE_CURRENCY}, the only currency of this account")
        if not amount.is_finite():
            raise ValueError(f"cash movement: expected a number, found {amount}")
        with localcontext(CONTEXT):
            self.cash += amount

    def quantity(self, con_id: int) -> Decimal:
        """Return the signed shares held, 0 when flat."""
        holding = self.holdings.get(con_id)
        return holding.quantity if holding else ZERO

    def position(self, con_id: int) -> Position:
        """Return one position, with quantity 0 when flat."""
        with localcontext(CONTEXT):
            holding = self.holdings.get(con_id, Holding())
            return Position(con_id, holding.quantity, holding.average_cost)

    def positions(self) -> list[Position]:
        """Return every open position."""
        return [self.position(con_id) for con_id in self._held()]

    def portfolio(self, market: Market, at: datetime) -> list[PortfolioRow]:
        """Return every open position at its mark, and those closed today with quantity 0."""
        with localcontext(CONTEXT):
            today = self._realised_today(at)
            con_ids = [*self._held(), *(con_id for con_id in today if not self.quantity(con_id))]
            return [self._portfolio_row(con_id, market, at, today.get(con_id, ZERO)) for con_id in con_ids]

    def realised_today(self, at: datetime) -> Decimal:
        """Return what was realised since midnight in New York, after commissions."""
        return sum(self._realised_today(at).values(), ZERO)

    def figures(self, market: Market, at: datetime) -> Figures:
        """Return cash, stock value and gross value at the marks of this moment."""
        with localcontext(CONTEXT):
            values = [self.quantity(con_id) * mark_of(market, con_id, at) for con_id in self._held()]
            return Figures(self.cash, sum(values, ZERO), sum(map(abs, values), ZERO))

    def dump(self, market: Market, at: datetime) -> dict[str, object]:
        """Return the account's exact figures as texts; `Exchange.dump` adds orders, executions, pending commissions."""
        with localcontext(CONTEXT):
            figures = self.figures(market, at)
            return {
                "now": at.astimezone(UTC).isoformat(),
                "account": self.number,
                "cash": {BASE_CURRENCY: plain(self.cash)},
                "positions": {str(con_id): self._dump_position(con_id, market, at) for con_id in self._held()},
                "realised_gross": plain(self.realised_gross),
                "realised_commission": plain(self.realised_commission),
                "realised": plain(self.realised_gross - self.realised_commission),
                "commissions": plain(self.commissions),
                "nav": plain(figures.equity),
                "margin_initial": plain(figures.initial),
                "margin_maintenance": plain(figures.maintenance),
            }

    def _held(self) -> list[int]:
        return [con_id for con_id, holding in self.holdings.items() if holding.lots]

    def _realised_today(self, at: datetime) -> dict[int, Decimal]:
        day, realised = self._realised_on
        return realised if day == new_york_date(at) else {}

    def _portfolio_row(self, con_id: int, market: Market, at: datetime, realised: Decimal) -> PortfolioRow:
        position, price = self.position(con_id), mark_of(market, con_id, at)
        value = position.quantity * price
        unrealised = value - self.holdings[con_id].average_total
        return PortfolioRow(con_id, position.quantity, price, value, position.average_cost, unrealised, realised)

    def _dump_position(self, con_id: int, market: Market, at: datetime) -> dict[str, str]:
        holding, contract = self.holdings[con_id], market.contract(con_id)
        return {
            "symbol": contract.symbol if contract else "",
            "quantity": plain(holding.quantity),
            "gross_basis": plain(holding.gross_basis),
            "commission": plain(holding.commission),
            "basis": plain(holding.gross_basis + holding.commission),
            "average_cost": plain(holding.average_cost),
            "mark": plain(mark_of(market, con_id, at)),
        }


def allocate(total: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """Return the part's share of a total, quantised to 1e-10 half-even; the whole takes all of it."""
    if part == whole:
        return total
    with localcontext(CONTEXT):
        return (total * part / whole).quantize(SMALLEST_SHARE)


def commission_of(shares: Decimal, value: Decimal) -> Decimal:
    """Return the commission of an order that has traded so many shares for so much money."""
    with localcontext(CONTEXT):
        cost = min(max(COMMISSION_PER_SHARE * shares, COMMISSION_MIN), COMMISSION_SHARE_OF_VALUE_MAX * value)
        return Decimal(plain(cost.quantize(SMALLEST_SHARE)))


def mark_of(market: Market, con_id: int, at: datetime) -> Decimal:
    """Return the last price of a contract that the account has traded; without one there is no value to report."""
    mark = market.mark(con_id, at)
    if mark is None:
        raise ValueError(f"contract {con_id}: expected a price at {at}, found none")
    return mark


def plain(number: Decimal) -> str:
    """Write a number in full: no exponent, no trailing zeros, no negative zero."""
    return format(number.normalize(CONTEXT), "f") if number else "0"
