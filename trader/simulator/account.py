"""The account at the venue: cash, lots, accruals and margin, kept apart from the client's own books.

How lots open and close stands in `lots.py`. The rest of the rules:
- The commission of an order is min(max(0.005 x shares, 1.00), 1 % of the value traded), cumulative over its fills:
  every fill is charged the difference between the cumulative amounts.
- A trade moves cash by price x quantity x multiplier and by its commission. What is settled daily (futures) moves cash
  by its commission alone; its price goes into its variation, which every evening becomes cash.
- A trade in a currency gives one currency for another, and leaves neither lot nor position.
- Net liquidation value = cash + positions + unsettled variation + what has accrued and is not paid yet.
Margin is Reg-T in its simplest form: 50 % initial and 25 % maintenance of the gross value of stocks, short ones too.
To book another kind of money: a booking in `bookings.py`, and a method here that keeps it with its figures.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

from trader.simulator.bookings import (
    PAYMENT,
    Booking,
    CashBooked,
    CashLabel,
    DividendAccrualBooked,
    SplitBooked,
    TradeBooked,
)
from trader.simulator.contracts import BASE_CURRENCY, CENT, Contract
from trader.simulator.figures import Figures, PortfolioRow, Position
from trader.simulator.lots import CONTEXT, SMALLEST_SHARE, UNDATED, ZERO, Closed, Holding, plain
from trader.simulator.market import Market
from trader.simulator.orders import Execution
from trader.simulator.sessions import new_york_date

COMMISSION_PER_SHARE = Decimal("0.005")
COMMISSION_MIN = Decimal("1.00")
COMMISSION_SHARE_OF_VALUE_MAX = Decimal("0.01")


class Account:
    """One account in one currency; every figure exact, rounded only where it goes on the wire."""

    def __init__(self, number: str, cash: Decimal) -> None:
        self.number = number
        self.balances: dict[str, Decimal] = {BASE_CURRENCY: cash}
        self.commissions = ZERO
        self.realised_gross = ZERO
        self.realised_commission = ZERO
        self.holdings: dict[int, Holding] = {}
        self.dividends_accrued: dict[tuple[int, date], DividendAccrualBooked] = {}  # by contract and ex-date
        self.interest_accrued: dict[str, Decimal] = {}  # by currency
        self.variation: dict[int, Decimal] = {}  # of what is settled daily: moved by trades, not yet by cash
        self.bookings: list[Booking] = []
        self._realised_on: tuple[date, dict[int, Decimal]] = (date.min, {})

    @property
    def cash(self) -> Decimal:
        """Cash in the base currency."""
        return self.balances[BASE_CURRENCY]

    def trade(
        self,
        con_id: int,
        quantity: Decimal,
        price: Decimal,
        commission: Decimal,
        at: datetime,
        *,
        execution: Execution | None = None,
        kind: str = "ExchTrade",
    ) -> Decimal | None:
        """Book one execution (+ bought, - sold); return what it realised after commissions, None if it opened."""
        with localcontext(CONTEXT):
            holding = self.holdings.setdefault(con_id, Holding())
            closed = holding.trade(quantity, price, commission, at, self._next_number())
            self._move(BASE_CURRENCY, -price * quantity - commission)
            self.commissions += commission
            if closed is not None:
                self._realise(con_id, closed, at)
            booked = TradeBooked(
                number=self._next_number(),
                at=at,
                con_id=con_id,
                quantity=quantity,
                price=price,
                money=price * quantity,
                commission=commission,
                commission_currency=BASE_CURRENCY,
                realised=closed.net if closed else ZERO,
                closed=closed.parts if closed else (),
                opens=bool(holding.lots) and holding.quantity * quantity > 0,
                kind=kind,
                execution=execution,
            )
            self.bookings.append(booked)
            return closed.net if closed else None

    def move_cash(
        self, amount: Decimal, currency: str = BASE_CURRENCY, at: datetime = UNDATED, label: CashLabel = PAYMENT
    ) -> None:
        """Pay in (+) or out (-), or whatever else the label says."""
        if currency != BASE_CURRENCY:
            raise ValueError(f"cash in {currency}: expected {BASE_CURRENCY}, the only currency of this account")
        if not amount.is_finite():
            raise ValueError(f"cash movement: expected a number, found {amount}")
        with localcontext(CONTEXT):
            self._move(currency, amount)
        self.bookings.append(
            CashBooked(number=self._next_number(), at=at, currency=currency, amount=amount, label=label)
        )

    def accrue_dividend(self, contract: Contract, ex_date: date, rate: Decimal, tax: Decimal, at: datetime) -> None:
        """Let a dividend on what is held accrue, after so much tax; on short shares it is owed, untaxed."""
        with localcontext(CONTEXT):
            quantity = self.quantity(contract.con_id)
            gross = cents(quantity * rate)
            withheld = cents(gross * tax) if quantity > 0 else ZERO
        booked = DividendAccrualBooked(
            number=self._next_number(),
            at=at,
            code="Po",
            con_id=contract.con_id,
            currency=contract.currency,
            ex_date=ex_date,
            pay_date=ex_date,
            quantity=quantity,
            rate=rate,
            gross=gross,
            tax=withheld,
        )
        self.dividends_accrued[contract.con_id, ex_date] = booked
        self.bookings.append(booked)

    def pay_dividend(self, contract: Contract, accrued: DividendAccrualBooked, at: datetime) -> None:
        """Pay what has accrued, withhold the tax, and take the accrual back."""
        del self.dividends_accrued[accrued.con_id, accrued.ex_date]
        name = f"{contract.symbol}({contract.con_id}) CASH DIVIDEND {accrued.currency} {plain(accrued.rate)} PER SHARE"
        if accrued.quantity > 0:
            label = CashLabel("Dividends", f"{name} (Ordinary Dividend)", accrued.con_id, accrued.number)
        else:
            label = CashLabel("Payment In Lieu Of Dividends", f"{name} (Short Sale)", accrued.con_id, accrued.number)
        self.move_cash(accrued.gross, accrued.currency, at, label)
        if accrued.tax:
            withheld = CashLabel("Withholding Tax", f"{name} - US TAX", accrued.con_id, accrued.number)
            self.move_cash(-accrued.tax, accrued.currency, at, withheld)
        reversal = replace(
            accrued, number=self._next_number(), at=at, code="Re", gross=-accrued.gross, tax=-accrued.tax
        )
        self.bookings.append(reversal)

    def split(self, con_id: int, ratio: Fraction, at: datetime) -> Decimal:
        """Let `ratio` shares of a position stand for one; return the fraction of a share that it leaves."""
        with localcontext(CONTEXT):
            holding = self.holdings[con_id]
            change = holding.split(ratio)
            booked = SplitBooked(number=self._next_number(), at=at, con_id=con_id, ratio=ratio, quantity_change=change)
            self.bookings.append(booked)
            return holding.quantity - holding.quantity.to_integral_value(ROUND_DOWN)

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
        return [self.position(con_id) for con_id in self.held()]

    def held(self) -> list[int]:
        """Return the contracts of the open positions."""
        return [con_id for con_id, holding in self.holdings.items() if holding.lots]

    def portfolio(self, market: Market, at: datetime) -> list[PortfolioRow]:
        """Return every open position at its mark, and those closed today with quantity 0."""
        with localcontext(CONTEXT):
            today = self._realised_today(at)
            con_ids = [*self.held(), *(con_id for con_id in today if not self.quantity(con_id))]
            return [self._portfolio_row(con_id, market, at, today.get(con_id, ZERO)) for con_id in con_ids]

    def realised_today(self, at: datetime) -> Decimal:
        """Return what was realised since midnight in New York, after commissions."""
        return sum(self._realised_today(at).values(), ZERO)

    def figures(self, market: Market, at: datetime) -> Figures:
        """Return cash, stock value, gross value and accruals at the marks of this moment."""
        with localcontext(CONTEXT):
            values = [self.quantity(con_id) * mark_of(market, con_id, at) for con_id in self.held()]
            dividends = sum((accrued.net for accrued in self.dividends_accrued.values()), ZERO)
            return Figures(self.cash, sum(values, ZERO), sum(map(abs, values), ZERO), dividends)

    def _move(self, currency: str, amount: Decimal) -> None:
        self.balances[currency] = self.balances.get(currency, ZERO) + amount

    def _next_number(self) -> int:
        return len(self.bookings) + 1

    def _realise(self, con_id: int, closed: Closed, at: datetime) -> None:
        self.realised_gross += closed.gross
        self.realised_commission += closed.commission
        today = self._realised_today(at)
        today[con_id] = today.get(con_id, ZERO) + closed.net
        self._realised_on = (new_york_date(at), today)

    def _realised_today(self, at: datetime) -> dict[int, Decimal]:
        day, realised = self._realised_on
        return realised if day == new_york_date(at) else {}

    def _portfolio_row(self, con_id: int, market: Market, at: datetime, realised: Decimal) -> PortfolioRow:
        position, price = self.position(con_id), mark_of(market, con_id, at)
        value = position.quantity * price
        unrealised = value - self.holdings[con_id].average_total
        return PortfolioRow(con_id, position.quantity, price, value, position.average_cost, unrealised, realised)


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


def cents(amount: Decimal) -> Decimal:
    """Return what is paid of an amount: whole cents, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)
