"""Executions that the book lacks, has twice or has otherwise than the broker; and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ledger.events import CommissionCharged
from tests.reconcile.injections.kinds.kind import Kind
from tests.reconcile.injections.markets import DAYS
from tests.reconcile.injections.world import World
from trader.simulator.bookings import CashLabel


def size(world: World) -> Decimal:
    return Decimal(world.chance.randint(11, 520) * world.chance.choice((1, 1, -1)))


def _other_price(world: World, price: Decimal) -> Decimal:
    step = Decimal(world.chance.randint(3, 120) * world.chance.choice((1, -1))) / 100
    return price + step if price + step > 1 else price - step


def missed_fill(world: World) -> Iterator[None]:
    ticker, units = world.plan.pick(), size(world)
    yield
    yield
    with world.measured("missed fill", "late commission"):
        world.trade(ticker, units, hear=False)


def missed_part(world: World) -> Iterator[None]:
    """Of two fills in one contract the second stays unheard."""
    ticker, units = world.plan.pick(), abs(size(world))
    yield
    yield
    world.trade(ticker, units)
    with world.measured("missed fill", "late commission"):
        world.trade(ticker, -(units // 2), hear=False)


def duplicated_fill(world: World) -> Iterator[None]:
    """One fill is told under two names."""
    ticker, units = world.plan.pick(), size(world)
    yield
    yield
    execution = world.trade(ticker, units)
    told = world.commission(execution)
    name = f"{execution.exec_id[:8]}.{world.chance.randint(0x50000000, 0x5FFFFFFF):08x}.01.01"
    with world.measured("duplicated fill"):
        charged = CommissionCharged(execution_id=name, amount=-told.amount, currency=told.currency)
        world.record(world.fill_of(execution).model_copy(update={"execution_id": name}), charged)


def corrected_price(world: World) -> Iterator[None]:
    ticker, units = world.plan.pick(), size(world)
    yield
    yield
    execution = world.trade(ticker, units)
    with world.measured("corrected fill", "rebated commission"):
        world.restate(execution.exec_id, price=_other_price(world, execution.price))


def corrected_quantity(world: World) -> Iterator[None]:
    ticker, units = world.plan.pick(), size(world)
    yield
    yield
    execution = world.trade(ticker, units)
    with world.measured("corrected fill", "rebated commission"):
        world.restate(execution.exec_id, quantity=abs(units) - world.chance.choice((1, 3, 5, 10)))


def busted_fill(world: World) -> Iterator[None]:
    ticker, units = world.plan.pick(), size(world)
    yield
    yield
    execution = world.trade(ticker, units)
    with world.measured("busted fill", "rebated commission"):
        world.restate(execution.exec_id)


def hand_trade(world: World) -> Iterator[None]:
    yield from _foreign(world, "foreign trade")


def other_clients_trade(world: World) -> Iterator[None]:
    yield from _foreign(world, "other client's trade", client_id=99)


def liquidation(world: World) -> Iterator[None]:
    yield from _foreign(world, "broker liquidation", liquidation=True)


def _foreign(world: World, cause: str, client_id: int = 0, *, liquidation: bool = False) -> Iterator[None]:
    ticker, units = world.plan.pick(), size(world)
    yield
    if liquidation:
        world.hold(ticker, -units)
    yield
    execution = world.exchange.trade_by_hand(ticker, units, client_id=client_id, liquidation=liquidation)
    world.hear()
    base = execution.exec_id.rpartition(".")[0]
    world.happened(cause, {("foreign_trade", base): units})


def hand_trade_unheard(world: World) -> Iterator[None]:
    ticker, units = world.plan.pick(), size(world)
    yield
    yield
    with world.measured("missed fill", "foreign trade", "late commission"):
        world.missed.add(world.exchange.trade_by_hand(ticker, units).exec_id)


def late_commission(world: World) -> Iterator[None]:
    """The commission of many contracts is more than what the comparison lets pend."""
    ticker = world.plan.option(world.plan.pick(), "C", Decimal(500), DAYS[-1])
    units = Decimal(world.chance.choice((7, 12, 23, 38)))
    yield
    yield
    world.late_next = True
    with world.measured("late commission"):
        world.trade(ticker, units)
    truth = world.truths.pop()
    world.happened(truth.cause, {("cash", "USD"): truth.effects["cash", "USD"]})


def wrong_commission(world: World) -> Iterator[None]:
    """What was told as the commission is not what was charged."""
    ticker, units = world.plan.pick(), size(world)
    yield
    yield
    world.late_next = True
    execution = world.trade(ticker, units)
    told, apart = world.commission(execution), world.plan.cents(7, 260)
    wrong = CommissionCharged(execution_id=execution.exec_id, amount=-told.amount - apart, currency=told.currency)
    world.record(wrong)
    world.happened("wrong commission", {("cash", "USD"): apart})


def rebated_commission(world: World) -> Iterator[None]:
    """The whole commission of one of today's fills comes back."""
    ticker, units = world.plan.pick(), size(world)
    yield
    yield
    execution = world.trade(ticker, units)
    told = world.commission(execution)
    contract = world.contract(ticker)
    with world.measured("rebated commission"):
        label = CashLabel("Commission Adjustments", f"COMMISSION ADJUSTMENT {contract.symbol}", contract.con_id)
        world.exchange.move_cash(told.amount, "USD", label)


TRADES: tuple[Kind, ...] = (
    Kind("missed fill", "missed fill", missed_fill, free=True),
    Kind("missed second fill", "missed fill", missed_part, free=True),
    Kind("duplicated fill", "duplicated fill", duplicated_fill),
    Kind("corrected price", "corrected fill", corrected_price, free=True),
    Kind("corrected quantity", "corrected fill", corrected_quantity, free=True),
    Kind("busted fill", "busted fill", busted_fill),
    Kind("hand trade", "foreign trade", hand_trade),
    Kind("hand trade, not told", "missed fill", hand_trade_unheard, free=True),
    Kind("other client's trade", "other client's trade", other_clients_trade),
    Kind("broker liquidation", "broker liquidation", liquidation),
    Kind("late commission", "late commission", late_commission, free=True),
    Kind("wrong commission", "wrong commission", wrong_commission, free=True),
    Kind("rebated commission", "rebated commission", rebated_commission, free=True),
)
