"""What happens around a kill: how the orders fill, and what the next start finds.

Each scenario begins in a fresh world on Tuesday; its cycle wants ACME and WAVE, and is killed somewhere. ACME and THIN
stand still, so that what is held in the end is known to the share.
To add one: a `Scenario` in `SCENARIOS`; the soak tries every point of it, the tests a spread.
"""

from __future__ import annotations

from decimal import Decimal

from tests.trader.cycles.world import TUESDAY, Done, World, until
from tests.trader.kills.rig import Scenario
from trader import exits

ALL_WANTED = (("ACME", Decimal(1000)),)
REDUCED = (("ACME", Decimal(800)),)
THIN_SHARE = Decimal("0.0000002")  # of a bar's volume: a few shares a minute


def nothing(world: World) -> None:
    """Let nothing happen."""


def as_cron(world: World) -> Done:
    """Start again as cron does."""
    return world.cycle()


def first_slot(world: World) -> None:
    """The first cycle buys."""
    world.advance_to(TUESDAY, 0)


def thin(world: World) -> None:
    """Orders fill a little at a time."""
    world.control.volume_share(THIN_SHARE)
    world.advance_to(TUESDAY, 0)


def thick(world: World) -> None:
    """Volume is back."""
    world.control.volume_share(Decimal("0.10"))


def standstill(world: World) -> None:
    """Nothing fills while the cycle lives."""
    world.control.fill_orders(False)
    world.advance_to(TUESDAY, 0)


def told_at_once(world: World) -> None:
    """Commissions are told with their executions."""
    world.control.commission_delay(0)


def fills_again(world: World) -> None:
    """What works fills from now on."""
    world.control.fill_orders(True)


def left_working(world: World) -> None:
    """The cycle before left two orders working; the one to be killed cancels them, and wants something else."""
    world.control.fill_orders(False)
    world.advance_to(TUESDAY, 0)
    assert world.trade() == exits.FINE
    world.want(ACME="0.4", WAVE="0.3")
    world.advance_to(TUESDAY, 1)


def left_to_change(world: World) -> None:
    """The cycle before left two orders working; the one to be killed changes one, and replaces the other."""
    world.set(orders={"open_orders": "modify"})
    world.control.fill_orders(False)
    world.advance_to(TUESDAY, 0)
    assert world.trade() == exits.FINE
    world.set(orders={"offset_ticks": 5})
    world.advance_to(TUESDAY, 1)


def held(world: World) -> None:
    """The cycle before bought; the one to be killed sells some, buys some, and hears of commissions late."""
    world.advance_to(TUESDAY, 0)
    assert world.trade() == exits.FINE
    world.control.commission_delay(90)
    world.want(ACME="0.4", WAVE="0.35")
    world.advance_to(TUESDAY, 1)


def refused(world: World) -> None:
    """The venue refuses the first order."""
    world.control.reject()
    world.advance_to(TUESDAY, 0)


def slow_words(world: World) -> None:
    """What is said of an order comes a moment late, others overtake it."""
    for kind in ("openOrder", "orderStatus"):
        world.control.delay(kind, 0.05)
    world.advance_to(TUESDAY, 0)


def race(world: World) -> Done:
    """The next start reads that an order works; it fills; then the start cancels it."""
    world.control.fill_orders(False)
    world.control.hold_after("reqAllOpenOrders", 3)
    process = world.start()
    until(lambda: is_held(world) or process.poll() is not None, "the list of open orders, or an end without a question")
    world.control.fill_orders(True)
    world.control.advance(seconds=120)
    world.control.clear()
    out, err = process.communicate(timeout=60)
    return Done(process.returncode, out, err)


def is_held(world: World) -> bool:
    """Tell whether the gateway withholds its answers."""
    return any(client["held"] for client in world.control.clients())


FILLED = Scenario("filled", first_slot, nothing, as_cron, nothing, wanted=ALL_WANTED)
PARTIAL = Scenario("partly filled, the rest after the restart", thin, nothing, as_cron, thick, wanted=ALL_WANTED)
LATE = Scenario("filled while nobody runs", standstill, fills_again, as_cron, nothing, wanted=ALL_WANTED)
RACE = Scenario("filled while being cancelled", standstill, nothing, race, nothing, wanted=ALL_WANTED)
CANCELLING = Scenario(
    "cancelling two, sending two", left_working, fills_again, as_cron, nothing, wanted=REDUCED, slot=1
)
CHANGING = Scenario(
    "changing one, replacing one", left_to_change, fills_again, as_cron, nothing, wanted=ALL_WANTED, slot=1
)
SELLING = Scenario("selling one, buying one", held, nothing, as_cron, told_at_once, wanted=REDUCED, slot=1)
REFUSED = Scenario("the first order refused", refused, nothing, as_cron, nothing, wanted=ALL_WANTED)
SLOW = Scenario("acknowledged late", slow_words, nothing, as_cron, nothing, wanted=ALL_WANTED)

SCENARIOS: tuple[Scenario, ...] = (FILLED, PARTIAL, LATE, RACE, CANCELLING, CHANGING, SELLING, REFUSED, SLOW)
