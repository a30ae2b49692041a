"""What goes wrong in the year, and how it is to be told.

A kind begins before a slot and lasts some slots. `told` says what the owner must get of it: `incident`, one mail when
it begins to matter and one at its end; `digest`, a word in the session's mails; `nothing`, for it is cured before it
matters. `happened` finds it in the log; a trap that nothing sprang (no order left, say) did not happen. `undone` is
what the owner does about it the next morning. To add a kind: write how it begins, and name it in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from benchmarks.year.world import World
from ledger.events import (
    BreakFound,
    BrokerConnected,
    CycleFailed,
    DataFaultFound,
    Fact,
    FeeCharged,
    NoticeFailed,
    OrderFilled,
    OrderPlanned,
    OrderRejected,
    StepFailed,
)
from ledger.references import is_ours
from trader.demo.setting import ACCOUNT

Facts = Sequence[Fact]
Begin = Callable[[World], None]


def nothing(_: World) -> None:
    """Do nothing."""


def calm(world: World) -> None:
    """Take every fault of the gateway away."""
    world.control.clear()


def accepted_as(cause: str) -> Begin:
    """Let the owner accept what is open as what it was, among the explanations that are offered."""

    def accept(world: World) -> None:
        for known in world.book().open_breaks:
            offered = (
                (known.explanation.cause, *(" + ".join(it.causes) for it in known.explanation.rivals))
                if (known.explanation is not None)
                else ()
            )
            number = next((str(place) for place, causes in enumerate(offered, start=1) if causes == cause), "1")
            chosen = ("--explanation", number) if len(offered) > 1 else ()
            world.command("accept", known.found.break_id, "--why", "the year's owner knows of it", *chosen)

    return accept


@dataclass(frozen=True)
class Kind:
    """One kind of fault."""

    name: str
    begin: Begin
    happened: Callable[[Facts], bool]
    told: Literal["incident", "digest", "nothing"] = "incident"
    words: str = ""  # what a digest tells it with, in its text
    end: Begin = calm
    undone: Begin = nothing
    kills: bool = False  # a start is killed right after an order left
    slots_max: int = 1  # 0: until it sprang, or the session is over


def _failed(*codes: str) -> Callable[[Facts], bool]:
    return lambda facts: any(isinstance(fact, CycleFailed) and (not codes or fact.code in codes) for fact in facts)


def _has(*kinds: type[Fact]) -> Callable[[Facts], bool]:
    return lambda facts: any(isinstance(fact, kinds) for fact in facts)


def _foreign(facts: Facts) -> bool:
    return any(isinstance(fact, OrderFilled) and not is_ours(fact.order_ref, ACCOUNT) for fact in facts)


def _unpriced(facts: Facts) -> bool:
    return any(isinstance(fact, OrderPlanned) and fact.reason.startswith("no price") for fact in facts)


def _refuse(world: World) -> None:
    world.control.reject(code=201, message="Order rejected - reason: the year's venue does not want it", times=1)


def _trade(world: World) -> None:
    quantity = Decimal(world.chance.choice((-15, -7, 9, 21)))
    world.control.trade(world.chance.choice(("AAPL", "IBM", "KO", "MSFT")), quantity)


def _spoil(world: World) -> None:
    """Let the folder's last close of a stock be a hundred times what it was."""
    path = world.home / "bars" / "IBM.csv"
    (world.home / "IBM.good").write_bytes(path.read_bytes())
    now = world.control.now().date().isoformat()
    lines = path.read_text(encoding="utf-8").splitlines()
    last = max(number for number, line in enumerate(lines) if line[:1].isdigit() and line[:10] < now)
    day, *prices, volume, adjusted = lines[last].split(",")
    lines[last] = ",".join((day, *(str(Decimal(price) * 100) for price in prices), volume, adjusted))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _mend(world: World) -> None:
    (world.home / "IBM.good").replace(world.home / "bars" / "IBM.csv")


def _take(world: World) -> None:
    world.control.cash(Decimal("-3.50"), kind="Other Fees", description="MARKET DATA")


def _no_mail(on: bool) -> Begin:
    def turn(world: World) -> None:
        world.box.refuses = on

    return turn


KINDS: tuple[Kind, ...] = (
    # the gateway
    Kind("gateway down", lambda w: w.control.refuse(), _failed("gateway-down"), slots_max=3),
    Kind("gateway silent", lambda w: w.control.silent("connect"), _failed("gateway-silent")),
    Kind("IB's servers gone", lambda w: w.control.lose_connectivity(), _failed(), slots_max=2),
    Kind("link cut while it is read", lambda w: w.control.disconnect_after("reqPositions"), _failed("connection-lost")),
    Kind("link cut while an order is sent", lambda w: w.control.disconnect_after("placeOrder"), _failed(), slots_max=0),
    # answers
    Kind("positions without their end", lambda w: w.control.drop("positionEnd"), _failed("no-answer")),
    Kind("executions without their end", lambda w: w.control.drop("execDetailsEnd"), _failed("no-answer")),
    Kind("a position that cannot be read", lambda w: w.control.corrupt("position"), _failed()),
    Kind("no net liquidation", lambda w: w.control.account_value("NetLiquidation", None, "USD"), _failed()),
    Kind("no quotes", lambda w: w.control.refuse_data(354), _unpriced),
    Kind("a clock that differs", lambda w: w.control.rewrite("currentTime", 2, "1000000000"), _failed("clock-differs")),
    Kind("told twice", lambda w: w.control.duplicate("execDetails"), _has(BrokerConnected), told="nothing"),
    Kind("told late", lambda w: w.control.delay("historicalData", 0.2, 2), _has(BrokerConnected), told="nothing"),
    # orders
    Kind("an order refused", _refuse, _has(OrderRejected), told="digest", words="refused", slots_max=0),
    Kind("killed while sending", nothing, _failed("cycle-killed"), kills=True, slots_max=0),
    # other hands
    Kind("a trade by hand", _trade, _foreign, undone=accepted_as("foreign trade")),
    Kind("a fee", _take, _has(FeeCharged, BreakFound), told="digest", words=" fee ", undone=accepted_as("fee")),
    # our own machine
    Kind("a close a hundred times too high", _spoil, _has(DataFaultFound, StepFailed), end=_mend),
    Kind("no mail", _no_mail(True), _has(NoticeFailed), told="nothing", end=_no_mail(False), slots_max=0),
)
