"""What changes positions without a trade: splits, exchanges, options and futures at their end, transfers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.reconcile.injections.kinds.kind import Kind
from tests.reconcile.injections.markets import DAYS, FUTURE, TODAY
from tests.reconcile.injections.world import World
from trader.simulator import reorganising
from trader.simulator.bookings import SplitBooked, TradeBooked


def _split(world: World, ratio: Fraction, held: int, cause: str, *with_it: str) -> Iterator[None]:
    ticker = world.plan.pick()
    world.plan.splits[ticker] = ratio
    yield
    world.hold(ticker, held * world.chance.choice((1, 1, -1)))
    yield
    con_id = world.contract(ticker).con_id
    booked = [each for each in world.account.bookings if isinstance(each, SplitBooked | TradeBooked)]
    ours = [each for each in booked if each.con_id == con_id and each.at.date() >= TODAY]
    change = sum(
        (each.quantity_change if isinstance(each, SplitBooked) else each.quantity for each in ours), Decimal(0)
    )
    paid = -sum((each.money for each in ours if isinstance(each, TradeBooked)), Decimal(0))
    effects: dict[tuple[str, str], Decimal | None] = {("position", str(con_id)): change}
    if paid:
        effects["cash", "USD"] = paid
    world.happened(cause, effects, *with_it)


def split(world: World) -> Iterator[None]:
    ratio = Fraction(*world.chance.choice(((2, 1), (3, 1), (4, 1), (5, 1), (7, 1), (10, 1), (20, 1))))
    yield from _split(world, ratio, world.chance.randint(7, 400), "split")


def reverse_split(world: World) -> Iterator[None]:
    old = world.chance.choice((2, 4, 5, 8, 10, 25))
    yield from _split(world, Fraction(1, old), old * world.chance.randint(4, 90), "reverse split")


def cash_in_lieu(world: World) -> Iterator[None]:
    """A split leaves a fraction of a share, which is paid out."""
    ratio, held = world.chance.choice(((Fraction(3, 2), 75), (Fraction(1, 8), 333), (Fraction(5, 4), 90)))
    yield from _split(world, ratio, held, "cash in lieu", "split", "reverse split", "stock dividend")


def stock_dividend(world: World) -> Iterator[None]:
    ticker = world.plan.pick()
    yield
    world.hold(ticker, world.chance.choice((100, 400, 1_200)))
    yield
    ratio = Fraction(*world.chance.choice(((21, 20), (11, 10), (26, 25))))
    with world.measured("stock dividend", "split"):
        reorganising.stock_dividend(world.account, world.contract(ticker), ratio, world.exchange.now)


def spin_off(world: World) -> Iterator[None]:
    ticker, child = world.plan.pick(), world.plan.pick()
    yield
    ratio = Fraction(*world.chance.choice(((1, 4), (1, 2), (1, 5), (1, 1), (2, 3), (3, 10), (1, 12))))
    world.hold(ticker, ratio.denominator * world.chance.randint(6, 90))
    yield
    with world.measured("spin-off"):
        reorganising.spin_off(world.account, world.contract(ticker), world.contract(child), ratio, world.exchange.now)


def merger_for_cash(world: World) -> Iterator[None]:
    yield from _merger(world, cash=True, stock=False)


def merger_for_stock(world: World) -> Iterator[None]:
    yield from _merger(world, cash=False, stock=True)


def merger_for_both(world: World) -> Iterator[None]:
    yield from _merger(world, cash=True, stock=True)


def _merger(world: World, *, cash: bool, stock: bool) -> Iterator[None]:
    ticker, successor = world.plan.pick(), world.plan.pick()
    ratio = Fraction(*world.chance.choice(((1, 2), (3, 4), (5, 4), (2, 5), (7, 10), (9, 8), (13, 20))))
    worth = Decimal(world.chance.randint(2_000, 15_000)) / 100
    world.plan.prices[ticker] = worth
    world.plan.prices[successor] = (worth * ratio.denominator / ratio.numerator * (Decimal("0.6") if cash else 1)
                                    ).quantize(Decimal("0.01"))  # fmt: skip
    world.plan.still |= {ticker, successor}
    yield
    world.hold(ticker, ratio.denominator * world.chance.randint(3, 40))
    yield
    offered = (worth * (Decimal("0.4") if stock else 1)).quantize(Decimal("0.01")) + world.plan.cents(-40, 40)
    with world.measured("merger"):
        reorganising.merge(
            world.account, world.contract(ticker), world.exchange.now, cash=offered if cash else Decimal(0),
            new=world.contract(successor) if stock else None, ratio=ratio,
        )  # fmt: skip


def rename(world: World) -> Iterator[None]:
    ticker, successor = world.plan.pick(), world.plan.pick()
    worth = Decimal(world.chance.randint(1_500, 9_000)) / 100
    world.plan.prices |= {ticker: worth, successor: worth}
    world.plan.still |= {ticker, successor}
    yield
    world.hold(ticker, world.chance.choice((1, 1, -1)) * world.chance.randint(9, 400))
    yield
    with world.measured("rename"):
        reorganising.rename(world.account, world.contract(ticker), world.contract(successor), world.exchange.now)


def assignment(world: World) -> Iterator[None]:
    """Sold options are assigned before their last day."""
    yield from _delivery(world, "assignment", -world.chance.choice((1, 2, 5)), DAYS[-1], "A")


def exercise(world: World) -> Iterator[None]:
    """Options that were bought are exercised before their last day."""
    yield from _delivery(world, "exercise", world.chance.choice((1, 3, 4)), DAYS[-1], "Ex")


def _delivery(world: World, cause: str, held: int, expiry: date, notes: str) -> Iterator[None]:
    underlying, worth = world.plan.pick(), Decimal(world.chance.randint(2_000, 9_000)) / 100
    world.plan.prices[underlying] = worth
    right = world.chance.choice("CP")
    apart = Decimal(world.chance.choice((3, 6)))
    strike = (worth - apart if right == "C" else worth + apart).quantize(Decimal(1))
    ticker = world.plan.option(underlying, right, strike, expiry)
    yield
    world.hold(ticker, held)
    yield
    with world.measured(cause):
        world.account.deliver(world.contract(ticker), world.contract(underlying), notes, world.exchange.now)


def expiry(world: World) -> Iterator[None]:
    """Options end worthless at today's close."""
    underlying, worth = world.plan.pick(), Decimal(world.chance.randint(2_000, 9_000)) / 100
    world.plan.prices[underlying] = worth
    right, held = world.chance.choice("CP"), world.chance.choice((-3, -1, 2, 6))
    strike = (worth * Decimal("1.2") if right == "C" else worth * Decimal("0.8")).quantize(Decimal(1))
    ticker = world.plan.option(underlying, right, strike, TODAY)
    yield
    world.hold(ticker, held)
    yield
    world.happened("expiry", {("position", str(world.contract(ticker).con_id)): Decimal(-held)})


def exercise_at_the_end(world: World) -> Iterator[None]:
    """Options in the money are exercised or assigned at today's close."""
    underlying, worth = world.plan.pick(), Decimal(world.chance.randint(4_000, 9_000)) / 100
    world.plan.prices[underlying] = worth
    held = world.chance.choice((-2, -1, 1, 3))
    strike = (worth - 5).quantize(Decimal(1))
    ticker = world.plan.option(underlying, "C", strike, TODAY)
    yield
    world.hold(ticker, held)
    yield
    units = Decimal(held) * 100
    option, stock = world.contract(ticker), world.contract(underlying)
    effects = {
        ("position", str(option.con_id)): Decimal(-held), ("position", str(stock.con_id)): units,
        ("cash", "USD"): -units * strike,
    }  # fmt: skip
    world.happened("exercise" if held > 0 else "assignment", effects)


def variation_margin(world: World) -> Iterator[None]:
    """A future is held: what it gains today is in the cash that the broker tells."""
    yield
    world.hold(FUTURE, world.chance.choice((-2, 1, 3)))
    yield

    def measure() -> None:
        future = world.contract(FUTURE)
        value = world.account.quantity(future.con_id) * world.mark(FUTURE) * future.multiplier
        world.happened("variation margin", {("cash", "USD"): value + world.account.variation[future.con_id]})

    world.measure_at_the_close(measure)


def transfer_in(world: World) -> Iterator[None]:
    yield from _transfer(world, 1)


def transfer_out(world: World) -> Iterator[None]:
    yield from _transfer(world, -1)


def _transfer(world: World, sign: int) -> Iterator[None]:
    ticker, units = world.plan.pick(), world.chance.randint(4, 350)
    yield
    if sign < 0:
        world.hold(ticker, units + world.chance.choice((0, 22)))
    yield
    contract = world.contract(ticker)
    price = (world.mark(ticker) * world.chance.choice((Decimal("0.7"), Decimal(1), Decimal("1.3")))).quantize(
        Decimal("0.01")
    )
    with world.measured("position transfer"):
        reorganising.transfer(world.account, contract, Decimal(sign * units), price, world.exchange.now)


ACTIONS: tuple[Kind, ...] = (
    Kind("split", "split", split),
    Kind("reverse split", "reverse split", reverse_split),
    Kind("cash in lieu", "cash in lieu", cash_in_lieu, free=True),
    Kind("stock dividend", "stock dividend", stock_dividend),
    Kind("spin-off", "spin-off", spin_off),
    Kind("merger for cash", "merger", merger_for_cash, free=True),
    Kind("merger for stock", "merger", merger_for_stock),
    Kind("merger for both", "merger", merger_for_both, free=True),
    Kind("rename", "rename", rename),
    Kind("assignment", "assignment", assignment),
    Kind("exercise", "exercise", exercise),
    Kind("end in the money", "exercise", exercise_at_the_end),
    Kind("expiry", "expiry", expiry),
    Kind("variation margin", "variation margin", variation_margin, totals=True),
    Kind("transfer in", "position transfer", transfer_in, cashless=True),
    Kind("transfer out", "position transfer", transfer_out, cashless=True),
)
