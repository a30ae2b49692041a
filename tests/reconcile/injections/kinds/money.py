"""Money that moves without a trade: income, what is taken off it, fees, flows and currencies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from ledger.events import FlowExpected
from tests.reconcile.injections.kinds.kind import Kind
from tests.reconcile.injections.markets import PAIR, TODAY
from tests.reconcile.injections.world import CENT, World
from trader.simulator.bookings import CashBooked, CashLabel

UNTOLD = "the API tells the amount alone: a fee, a tax and a withdrawal of that size look alike"


def _paid(world: World, ticker: str) -> Decimal:
    """Return what was booked today in cash for a stock."""
    con_id = world.contract(ticker).con_id
    booked = [each for each in world.account.bookings if isinstance(each, CashBooked) and each.label.con_id == con_id]
    return sum((each.amount for each in booked), Decimal(0))


def _held(world: World) -> Decimal:
    return Decimal(world.chance.randint(15, 900))


def dividend(world: World) -> Iterator[None]:
    """A dividend that has accrued is paid, less the tax that was announced."""
    ticker = world.plan.pick()
    world.plan.dividends[ticker] = world.plan.cents(3, 190)
    yield
    world.hold(ticker, _held(world))
    yield
    world.happened("dividend", {("cash", "USD"): _paid(world, ticker)}, "withholding tax")


def payment_in_lieu(world: World) -> Iterator[None]:
    """Who is short over an ex-date owes the dividend."""
    ticker = world.plan.pick()
    world.plan.dividends[ticker] = world.plan.cents(3, 190)
    yield
    world.hold(ticker, -_held(world))
    yield
    world.happened("payment in lieu", {("cash", "USD"): _paid(world, ticker)}, "dividend")


def withheld_otherwise(world: World) -> Iterator[None]:
    """A dividend is paid, and more or less is withheld of it than was announced."""
    ticker = world.plan.pick()
    world.plan.dividends[ticker] = rate = world.plan.cents(20, 240)
    yield
    held = _held(world)
    world.hold(ticker, held)
    yield
    announced = world.terms.withholding
    actual = world.chance.choice([Decimal(each) for each in ("0", "0.1", "0.15", "0.25", "0.3")
                                  if Decimal(each) != announced])  # fmt: skip
    gross = held * rate
    more = (gross * (actual - announced)).quantize(CENT, ROUND_HALF_UP)
    contract = world.contract(ticker)
    label = CashLabel(
        "Withholding Tax", f"{contract.symbol}({contract.con_id}) CASH DIVIDEND - US TAX", contract.con_id
    )
    world.exchange.move_cash(-more, "USD", label)
    world.happened("withholding tax", {("cash", "USD"): _paid(world, ticker)}, "dividend")


def old_tax(world: World) -> Iterator[None]:
    """A tax on a dividend of long ago comes back, or is asked for."""
    ticker = world.plan.pick()
    yield
    world.hold(ticker, _held(world))
    yield
    contract = world.contract(ticker)
    label = CashLabel(
        "Withholding Tax", f"{contract.symbol}({contract.con_id}) CASH DIVIDEND - US TAX", contract.con_id
    )
    with world.measured("withholding tax"):
        world.exchange.move_cash(world.plan.cents(120, 9_500) * world.chance.choice((1, -1)), "USD", label)


def interest(world: World) -> Iterator[None]:
    """What has accrued in a month is paid."""
    yield
    amount = world.plan.cents(250, 42_000) * world.chance.choice((1, 1, -1))
    name = "CREDIT INT" if amount > 0 else "DEBIT INT"
    world.account.accrue_interest("USD", name, amount, world.exchange.now)
    yield
    with world.measured("interest"):
        world.account.pay_interest(TODAY - timedelta(days=10), world.exchange.now)


def borrow_fee(world: World) -> Iterator[None]:
    """What it costs to borrow shares that are held short."""
    ticker = world.plan.pick()
    yield
    world.hold(ticker, -_held(world))
    yield
    contract = world.contract(ticker)
    with world.measured("borrow fee"):
        label = CashLabel("Other Fees", f"{contract.symbol} BORROW FEES", contract.con_id)
        world.exchange.move_cash(-world.plan.cents(35, 2_800), "USD", label)


def fee(world: World) -> Iterator[None]:
    yield
    yield
    words = world.chance.choice(("US SECURITIES SNAPSHOT BUNDLE", "TRADING PERMISSIONS", "WIRE FEE", "OPRA L1 (NP)"))
    with world.measured("fee"):
        world.exchange.move_cash(-world.plan.cents(45, 9_000), "USD", CashLabel("Other Fees", words))


def announced_deposit(world: World) -> Iterator[None]:
    yield from _announced(world, "deposit", world.plan.cents(200_000, 5_000_000))


def announced_withdrawal(world: World) -> Iterator[None]:
    yield from _announced(world, "withdrawal", -world.plan.cents(200_000, 4_000_000))


def _announced(world: World, cause: str, amount: Decimal) -> Iterator[None]:
    yield
    yield
    world.record(FlowExpected(amount=amount, currency="USD", until=TODAY + timedelta(days=5)))
    with world.measured(cause):
        world.exchange.move_cash(amount)


def deposit(world: World) -> Iterator[None]:
    yield from _flow(world, "deposit", 1)


def withdrawal(world: World) -> Iterator[None]:
    yield from _flow(world, "withdrawal", -1)


def _flow(world: World, cause: str, sign: int) -> Iterator[None]:
    yield
    yield
    with world.measured(cause):
        world.exchange.move_cash(sign * world.plan.cents(10_000, 5_000_000))


def conversion(world: World) -> Iterator[None]:
    """One currency is given for another, by hand, and the API has not told."""
    yield
    world.hold(PAIR, 50_000)
    yield
    units = Decimal(world.chance.randint(1_500, 30_000) * world.chance.choice((1, -1)))
    with world.measured("currency conversion", "missed fill", "late commission"):
        world.missed.add(world.exchange.trade_by_hand(PAIR, units).exec_id)


MONEY: tuple[Kind, ...] = (
    Kind("dividend", "dividend", dividend),
    Kind("payment in lieu", "payment in lieu", payment_in_lieu),
    Kind("tax at another rate", "withholding tax", withheld_otherwise, free=True),
    Kind("tax of long ago", "withholding tax", old_tax, api=UNTOLD, free=True),
    Kind("interest", "interest", interest),
    Kind("borrow fee", "borrow fee", borrow_fee, api=UNTOLD, free=True),
    Kind("fee", "fee", fee, free=True),
    Kind("deposit, announced", "deposit", announced_deposit),
    Kind("withdrawal, announced", "withdrawal", announced_withdrawal),
    Kind("deposit", "deposit", deposit, free=True),
    Kind("withdrawal", "withdrawal", withdrawal, free=True),
    Kind("currency conversion", "currency conversion", conversion, free=True),
)
