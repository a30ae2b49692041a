"""The account at the venue: cash, lots, accruals and margin, kept apart from the client's own books.

How lots open and close stands in `lots.py`. The rest of the rules:
- A trade moves cash by price x quantity x multiplier and by its commission. What is settled daily (futures) moves cash
  by its commission alone; its price goes into its variation, which every evening becomes cash.
- A trade in a currency gives one currency for another, and leaves neither lot nor position.
- Net liquidation value = cash + positions + unsettled variation + what has accrued and is not paid yet.
Margin is Reg-T in its simplest form: 50 % initial and 25 % maintenance of the gross value of stocks and options, short
ones too; of futures 10 and 8 % of the notional.
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
    InterestAccrualBooked,
    SplitBooked,
    TradeBooked,
    VariationBooked,
)
from trader.simulator.contracts import BASE_CURRENCY, CENT, Contract
from trader.simulator.figures import Figures, PortfolioRow, Position
from trader.simulator.lots import CONTEXT, UNDATED, ZERO, Closed, Holding, plain
from trader.simulator.market import Market
from trader.simulator.orders import Execution
from trader.simulator.sessions import new_york_date

NOTHING_CARRIED = (ZERO, ZERO)
PLAIN = Contract(0, "")  # a stock in the base currency


class Account:
    """One account, its base currency and others; every figure exact, rounded only where it goes on the wire."""

    def __init__(self, number: str, cash: Decimal) -> None:
        self.number = number
        self.balances: dict[str, Decimal] = {BASE_CURRENCY: cash}
        self.charged: dict[str, Decimal] = {BASE_CURRENCY: ZERO}  # commissions by currency
        self.realised_gross = ZERO
        self.realised_commission = ZERO
        self.holdings: dict[int, Holding] = {}
        self.dividends_accrued: dict[tuple[int, date], DividendAccrualBooked] = {}  # by contract and ex-date
        self.interest_accrued: dict[tuple[str, str], Decimal] = {}  # by currency and name
        self.variation: dict[int, Decimal] = {}  # of what is settled daily: moved by trades, not yet by cash
        self.bookings: list[Booking] = []
        self._realised_on: tuple[date, dict[int, Decimal]] = (date.min, {})

    @property
    def cash(self) -> Decimal:
        """Cash in the base currency."""
        return self.balances[BASE_CURRENCY]

    @property
    def commissions(self) -> Decimal:
        """Commissions charged in the base currency."""
        return self.charged[BASE_CURRENCY]

    def trade(
        self,
        con_id: int,
        quantity: Decimal,
        price: Decimal,
        commission: Decimal,
        at: datetime,
        *,
        contract: Contract | None = None,
        execution: Execution | None = None,
        kind: str = "ExchTrade",
        notes: str = "",
        carried: tuple[Decimal, Decimal] = NOTHING_CARRIED,
    ) -> Decimal | None:
        """Book one execution (+ bought, - sold); return what it realised after commissions, None if it opened.

        Without a contract it is a stock. What is carried is an option's gross basis and commission.
        """
        with localcontext(CONTEXT):
            product = contract or PLAIN
            unit, closed = price * product.multiplier, None
            if not product.is_currency:
                closed = self._match(con_id, quantity, unit, commission, at, carried)
            self._pay_for(con_id, product, quantity, unit * quantity, commission)
            booked = TradeBooked(
                number=self._next_number(), at=at, con_id=con_id, quantity=quantity, price=price, money=unit * quantity,
                commission=commission, commission_currency=product.commission_currency,
                realised=closed.net if closed else ZERO, closed=closed.parts if closed else (),
                opens=self.quantity(con_id) * quantity > 0, kind=kind, notes=notes, execution=execution,
                carried_gross=carried[0], carried_commission=carried[1],
            )  # fmt: skip
            self.bookings.append(booked)
            return closed.net if closed else None

    def _match(
        self,
        con_id: int,
        quantity: Decimal,
        unit: Decimal,
        commission: Decimal,
        at: datetime,
        carried: tuple[Decimal, Decimal],
    ) -> Closed | None:
        """Let a trade close lots, or open one that bears the number of its booking, which is the next."""
        holding = self.holdings.setdefault(con_id, Holding())
        closed = holding.trade(quantity, unit, commission + carried[1], at, self._next_number(), carried[0])
        if closed is not None:
            self.realise(con_id, closed, at)
        return closed

    def _pay_for(self, con_id: int, product: Contract, quantity: Decimal, money: Decimal, commission: Decimal) -> None:
        """Move what a trade costs: cash, or of what is settled daily its variation."""
        if product.is_settled_daily:
            self.variation[con_id] = self.variation.get(con_id, ZERO) - money
        else:
            self._move(product.currency, -money)
        if product.is_currency:
            self._move(product.symbol, quantity)
        self._move(product.commission_currency, -commission)
        charged = self.charged.get(product.commission_currency, ZERO)
        self.charged[product.commission_currency] = charged + commission

    def settle_variation(self, contract: Contract, price: Decimal, at: datetime) -> None:
        """Turn into cash what a future has gained or lost since the last time, at this price."""
        with localcontext(CONTEXT):
            value = self.quantity(contract.con_id) * price * contract.multiplier
            amount = value + self.variation.get(contract.con_id, ZERO)
            self.variation[contract.con_id] = -value
            self._move(contract.currency, amount)
        booked = VariationBooked(
            number=self._next_number(),
            at=at,
            con_id=contract.con_id,
            currency=contract.currency,
            amount=amount,
            price=price,
        )
        self.bookings.append(booked)

    def deliver(self, option: Contract, underlying: Contract, notes: str, at: datetime) -> None:
        """Exercise or be assigned all of an option: it realises nothing, its premium goes into the underlying."""
        if option.strike is None:
            raise ValueError(f"{option.name}: expected an option with a strike")
        with localcontext(CONTEXT):
            quantity = self.quantity(option.con_id)
            lots = self.holdings[option.con_id].take_all()
            gross = sum((lot.gross_basis for lot in lots), ZERO)
            commission = sum((lot.commission for lot in lots), ZERO)
            booked = TradeBooked(
                number=self._next_number(),
                at=at,
                con_id=option.con_id,
                quantity=-quantity,
                price=ZERO,
                money=ZERO,
                commission=ZERO,
                commission_currency=option.commission_currency,
                kind="BookTrade",
                notes=notes,
                carried_gross=-gross,
                carried_commission=-commission,
            )
            self.bookings.append(booked)
            units = quantity * option.multiplier * (1 if option.right == "C" else -1)
        self.trade(
            underlying.con_id,
            units,
            option.strike,
            ZERO,
            at,
            contract=underlying,
            kind="BookTrade",
            notes=notes,
            carried=(gross, commission),
        )

    def move_cash(
        self, amount: Decimal, currency: str = BASE_CURRENCY, at: datetime = UNDATED, label: CashLabel = PAYMENT
    ) -> None:
        """Pay in (+) or out (-), or whatever else the label says."""
        if not amount.is_finite():
            raise ValueError(f"cash movement: expected a number, found {amount}")
        with localcontext(CONTEXT):
            self._move(currency, amount)
        self.bookings.append(
            CashBooked(number=self._next_number(), at=at, currency=currency, amount=amount, label=label)
        )

    def accrue_interest(self, currency: str, name: str, amount: Decimal, at: datetime) -> None:
        """Let interest of a name (CREDIT INT, DEBIT INT, BORROW FEES) accrue."""
        with localcontext(CONTEXT):
            key = currency, name
            self.interest_accrued[key] = self.interest_accrued.get(key, ZERO) + amount
        self.bookings.append(InterestAccrualBooked(number=self._next_number(), at=at, currency=currency, amount=amount))

    def pay_interest(self, month: date, at: datetime) -> None:
        """Pay all that has accrued, each to the cent, and take the accrual back."""
        accrued, self.interest_accrued = self.interest_accrued, {}
        for (currency, name), amount in accrued.items():
            if paid := cents(amount):
                kind = "Broker Interest Received" if paid > 0 else "Broker Interest Paid"
                label = CashLabel(kind, f"{currency} {name} FOR {month:%b-%Y}".upper())
                self.move_cash(paid, currency, at, label)
            reversal = InterestAccrualBooked(
                number=self._next_number(), at=at, currency=currency, amount=-amount, reversal=True
            )
            self.bookings.append(reversal)

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

    def restate(self, contract: Contract, undone: TradeBooked, closed: Closed) -> None:
        """Book what takes a trade back: its cash, its commission and what it had realised."""
        self._pay_for(contract.con_id, contract, undone.quantity, undone.money, undone.commission)
        self.realise(contract.con_id, closed, undone.at)
        self.bookings.append(undone)

    def receive(self, currency: str, amount: Decimal) -> None:
        """Move cash that another booking tells of."""
        self._move(currency, amount)

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
        """Return cash, values by kind and accruals in the base currency, at the marks of this moment."""
        with localcontext(CONTEXT):
            values = dict.fromkeys(("STK", "OPT", "FUT"), ZERO)
            gross = dict(values)
            for con_id in self.held():
                contract = market.known(con_id)
                value = self.quantity(con_id) * mark_of(market, con_id, at) * contract.multiplier
                values[contract.security_type] += value
                gross[contract.security_type] += abs(value)
            return Figures(
                cash=sum((amount * market.rate(key, at) for key, amount in self.balances.items()), ZERO),
                stocks=values["STK"],
                gross=gross["STK"] + gross["OPT"],
                dividends=sum((accrued.net for accrued in self.dividends_accrued.values()), ZERO),
                interest=sum(
                    (amount * market.rate(key, at) for (key, _), amount in self.interest_accrued.items()), ZERO
                ),
                options=values["OPT"],
                variation=values["FUT"] + sum(self.variation.values(), ZERO),
                notional=gross["FUT"],
            )

    def _move(self, currency: str, amount: Decimal) -> None:
        self.balances[currency] = self.balances.get(currency, ZERO) + amount

    def _next_number(self) -> int:
        return len(self.bookings) + 1

    def realise(self, con_id: int, closed: Closed, at: datetime) -> None:
        """Count what was realised, today and in all."""
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
        value = position.quantity * price * market.known(con_id).multiplier
        unrealised = value - self.holdings[con_id].average_total
        return PortfolioRow(con_id, position.quantity, price, value, position.average_cost, unrealised, realised)


def mark_of(market: Market, con_id: int, at: datetime) -> Decimal:
    """Return the last price of a contract that the account has traded; without one there is no value to report."""
    mark = market.mark(con_id, at)
    if mark is None:
        raise ValueError(f"contract {con_id}: expected a price at {at}, found none")
    return mark


def cents(amount: Decimal) -> Decimal:
    """Return what is paid of an amount: whole cents, half up."""
    return amount.quantize(CENT, ROUND_HALF_UP)
