"""Orders and fills."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.trader.simulator.small_market import (
    ACCOUNT,
    ACME,
    MONDAY,
    STILL_DAYS,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    at,
    exactly,
    exchange_on,
    limit,
    market_of,
    market_order,
    row,
    still,
)
from trader.simulator.account import Account
from trader.simulator.exchange import Exchange
from trader.simulator.happenings import CommissionCharged, Executed, Happening, OrderChanged, PositionChanged
from trader.simulator.market import Market
from trader.simulator.orders import Execution, OrderRequest, Rejected
from trader.simulator.settlement import SplitAheadError

BIG_MOVE = (row(TUESDAY, "50", "55", "45", "52"), *STILL_DAYS[2:])


def executions(heard: list[Happening]) -> list[Execution]:
    return [happening.execution for happening in heard if isinstance(happening, Executed)]


@pytest.mark.parametrize(
    ("request_", "price", "seconds"),
    [
        pytest.param(limit("BUY", "100", "50.01"), "50.01", (5, 60), id="buy at the ask"),
        pytest.param(limit("BUY", "100", "51"), "50.01", (5, 60), id="buy, limit above the ask"),
        pytest.param(limit("SELL", "100", "49"), "50.00", (5, 60), id="sell, limit below the bid"),
        pytest.param(market_order("BUY", "100"), "50.01", (1, 5), id="market buy"),
        pytest.param(market_order("SELL", "100"), "50.00", (1, 5), id="market sell"),
        *(
            pytest.param(
                limit("BUY", "100", "51", algo="Adaptive", algo_priority=priority), "50.01", seconds, id=priority
            )
            for priority, seconds in (("Urgent", (5, 15)), ("Normal", (5, 60)), ("Patient", (20, 60)))
        ),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_a_marketable_order_fills_at_the_touch_within_seconds(
    request_: OrderRequest, price: str, seconds: tuple[int, int], seed: int
) -> None:
    exchange, heard = exchange_on(market_of(), at("10:00"), seed=seed)

    order = exchange.place(request_)
    exchange.advance(at("10:02"))

    (execution,) = executions(heard)
    assert execution.price == Decimal(price)
    assert seconds[0] <= (execution.time - at("10:00")).total_seconds() <= seconds[1]
    assert (order.status, order.completed_status, order.remaining) == ("Filled", "Filled Size: 100", Decimal(0))


def test_the_delay_uses_its_whole_range() -> None:
    exchange, heard = exchange_on(market_of(), at("10:00"))
    for _ in range(200):
        exchange.place(limit("BUY", "1", "51"))
    exchange.advance(at("10:01"))

    delays = {(execution.time - at("10:00")).seconds for execution in executions(heard)}
    assert (min(delays), max(delays)) == (5, 60)


def test_another_limit_order_fills_at_its_limit_when_the_price_reaches_it() -> None:
    market = market_of(*BIG_MOVE)
    exchange, heard = exchange_on(market, at("09:30"))
    buy, sell = exchange.place(limit("BUY", "100", "45.05")), exchange.place(limit("SELL", "100", "54.95"))

    exchange.advance(at("16:00"))

    filled = {execution.side: execution for execution in executions(heard)}
    assert (filled["BOT"].price, filled["SLD"].price) == (Decimal("45.05"), Decimal("54.95"))
    assert (buy.status, sell.status) == ("Filled", "Filled")
    bought = filled["BOT"].time
    price, price_before = market.mark(ACME, bought), market.mark(ACME, bought - timedelta(minutes=1))
    assert price is not None
    assert price_before is not None
    assert price <= Decimal("45.05") < price_before


def test_a_limit_at_the_day_s_extreme_is_reached_and_one_beyond_it_is_not() -> None:
    exchange, _ = exchange_on(market_of(*BIG_MOVE), at("09:30"))
    at_low, below = exchange.place(limit("BUY", "100", "45.00")), exchange.place(limit("BUY", "100", "44.99"))

    exchange.advance(at("16:00"))

    assert (at_low.status, below.status) == ("Filled", "Cancelled")


@pytest.mark.parametrize("entered", ["09:00", "10:00", "15:49:59"])
def test_an_order_at_the_close_fills_whole_at_the_closing_price(entered: str) -> None:
    market = market_of(still(MONDAY), row(TUESDAY, "50.00", "51.00", "49.00", "50.50", 3_900))
    exchange, _ = exchange_on(market, at(entered))
    order = exchange.place(market_order("BUY", "5000", order_type="MOC"))

    exchange.advance(at("15:59:59"))
    before = order.filled
    exchange.advance(at("16:00"))

    assert (before, order.filled, order.status) == (Decimal(0), Decimal(5000), "Filled")
    assert [(each.price, each.time) for each, _ in exchange.executions_today()] == [(Decimal("50.50"), at("16:00"))]


def test_an_order_at_the_close_that_comes_too_late_is_refused() -> None:
    exchange, _ = exchange_on(market_of(), at("15:50"))

    with pytest.raises(Rejected, match="must be entered before 20:50:00 UTC"):
        exchange.place(market_order("BUY", "100", order_type="MOC"))


def test_an_order_at_the_close_can_be_cancelled_before_it() -> None:
    exchange, _ = exchange_on(market_of(), at("15:00"))
    order = exchange.place(market_order("SELL", "100", order_type="MOC"))

    exchange.cancel(order)
    exchange.advance(at("16:00"))

    assert (order.status, order.filled) == ("Cancelled", Decimal(0))


def test_a_market_order_of_before_the_open_gets_the_opening_price() -> None:
    exchange, heard = exchange_on(market_of(still(MONDAY), row(TUESDAY, "44.121", "45", "44", "44.50")), at("08:00"))

    order = exchange.place(market_order("BUY", "100"))
    assert order.status == "PreSubmitted"
    exchange.advance(at("09:31"))

    (execution,) = executions(heard)
    assert (execution.price, execution.time) == (Decimal("44.121"), at("09:30"))


def test_a_limit_order_of_before_the_open_arrives_at_the_open() -> None:
    exchange, heard = exchange_on(market_of(), at("08:00"))

    order = exchange.place(limit("BUY", "100", "51", algo="Adaptive", algo_priority="Urgent"))
    exchange.advance(at("09:30"))
    assert order.status == "Submitted"
    exchange.advance(at("09:31"))

    (execution,) = executions(heard)
    assert 5 <= (execution.time - at("09:30")).total_seconds() <= 15


def test_nothing_fills_outside_the_session() -> None:
    exchange, heard = exchange_on(market_of(), at("16:00"))
    order = exchange.place(limit("BUY", "100", "51", tif="GTC", outside_rth=True))

    exchange.advance(at("09:29:59", WEDNESDAY))

    assert executions(heard) == []
    assert order.status == "PreSubmitted"


def thin_market(volume: int = 3900) -> Market:
    """A price that never moves, and few shares."""
    return market_of(*(still(day, volume=volume) for day in (TUESDAY, WEDNESDAY, THURSDAY)))


def test_thin_volume_makes_partial_fills_up_to_a_tenth_of_the_bar() -> None:
    market = thin_market()
    exchange, heard = exchange_on(market, at("09:30"))
    order = exchange.place(limit("BUY", "1000", "51"))

    exchange.advance(at("16:00"))

    bars = market.history(ACME, at("17:00"), "1 D", "1 hour")
    for bar in bars:
        inside = [x.shares for x in executions(heard) if bar.start <= x.time < bar.start + timedelta(hours=1)]
        assert sum(inside) == bar.volume // 10
    assert all(shares == shares.to_integral_value() for shares in (x.shares for x in executions(heard)))
    assert order.filled == sum(x.shares for x in executions(heard)) < 1000
    assert (order.status, order.completed_status) == ("Cancelled", "Cancelled by System")


def test_all_orders_together_get_a_tenth_of_the_bar_the_older_first() -> None:
    market = thin_market()
    exchange, _ = exchange_on(market, at("09:30"))
    older, younger = (exchange.place(limit("BUY", "1000", "51", tif="GTC")) for _ in range(2))

    exchange.advance(at("10:30"))

    volume = market.history(ACME, at("10:30"), "1 D", "1 hour")[0].volume
    assert older.filled + younger.filled == volume // 10
    assert older.filled > younger.filled


def test_the_executions_of_an_order_have_growing_ids_and_running_totals() -> None:
    exchange, heard = exchange_on(thin_market(), at("09:30"))
    exchange.place(limit("BUY", "60", "51", order_ref="tb-1"))

    exchange.advance(at("12:00"))

    found = executions(heard)
    assert len(found) > 2
    ids = [execution.exec_id for execution in found]
    assert ids == sorted(set(ids))
    assert all([len(part) for part in exec_id.split(".")] == [8, 8, 2, 2] for exec_id in ids)
    assert [x.cumulative for x in found] == [sum(y.shares for y in found[: n + 1]) for n in range(len(found))]
    assert {(x.perm_id, x.order_ref, x.account) for x in found} == {(found[0].perm_id, "tb-1", ACCOUNT)}


def test_the_fills_of_an_order_are_charged_the_commission_of_one_order() -> None:
    exchange, heard = exchange_on(thin_market(39_000), at("09:30"))
    exchange.place(limit("BUY", "450", "51"))

    exchange.advance(at("16:00"))

    charges = [happening.commission.amount for happening in heard if isinstance(happening, CommissionCharged)]
    assert len(charges) > 2
    assert sum(charges) == Decimal("2.25")
    assert exchange.account.commissions == Decimal("2.25")


def test_a_fill_is_heard_in_order() -> None:
    exchange, heard = exchange_on(market_of(), at("10:00"))
    exchange.place(market_order("BUY", "100"))
    exchange.advance(at("10:01"))

    names = [type(happening).__name__ for happening in heard]
    assert names == [
        "OrderChanged",
        "Executed",
        "OrderChanged",
        "CommissionCharged",
        "PositionChanged",
        "AccountChanged",
    ]
    assert isinstance(heard[4], PositionChanged)
    assert (heard[4].position.quantity, heard[4].position.average_cost) == exactly(100, "50.02")


def test_a_day_order_ends_at_the_close_and_a_gtc_order_stays() -> None:
    exchange, _ = exchange_on(market_of(), at("15:00"))
    day, gtc = exchange.place(limit("BUY", "1", "40")), exchange.place(limit("BUY", "1", "40", tif="GTC"))

    exchange.advance(at("16:00"))

    assert (day.status, day.completed_at, day.completed_status) == ("Cancelled", at("16:00"), "Cancelled by System")
    assert exchange.open_orders() == [gtc]
    assert exchange.completed_orders() == [day]
    exchange.advance(at("10:00", WEDNESDAY))
    assert gtc.status == "Submitted"
    assert exchange.completed_orders() == []


def test_a_day_order_placed_after_the_close_is_for_the_next_session() -> None:
    exchange, _ = exchange_on(market_of(), at("16:30"))
    order = exchange.place(limit("BUY", "1", "40"))

    exchange.advance(at("15:59", WEDNESDAY))
    assert order.status == "Submitted"
    exchange.advance(at("16:00", WEDNESDAY))
    assert order.status == "Cancelled"


def test_on_a_half_day_orders_end_at_one() -> None:
    friday = date(2005, 11, 25)
    exchange, _ = exchange_on(market_of(still(friday)), at("12:00", friday))
    order = exchange.place(limit("BUY", "1", "40"))

    exchange.advance(at("14:00", friday))

    assert order.completed_at == at("13:00", friday)


def test_a_cancelled_order_passes_through_pending_cancel_and_never_fills() -> None:
    exchange, heard = exchange_on(market_of(), at("10:00"))
    statuses: list[str] = []
    exchange.listen.append(lambda h: statuses.append(h.order.status) if isinstance(h, OrderChanged) else None)
    order = exchange.place(limit("BUY", "100", "51"))

    exchange.cancel(order)
    exchange.advance(at("11:00"))

    assert statuses == ["Submitted", "PendingCancel", "Cancelled"]
    assert order.completed_status == "Cancelled by Trader"
    assert executions(heard) == []
    with pytest.raises(Rejected, match=r"10148: OrderId 1 .* state: Cancelled"):
        exchange.cancel(order)


def test_a_changed_limit_counts_from_the_change() -> None:
    exchange, heard = exchange_on(market_of(), at("10:00"))
    order = exchange.place(limit("BUY", "100", "40"))
    exchange.advance(at("11:00"))

    exchange.replace(order, limit("BUY", "150", "50.01"))
    exchange.advance(at("11:02"))

    (execution,) = executions(heard)
    assert (execution.shares, execution.price) == exactly(150, "50.01")
    assert at("11:00:05") <= execution.time <= at("11:01")


def test_a_short_sale_opens_a_short_position_and_a_larger_purchase_turns_it_around() -> None:
    exchange, heard = exchange_on(market_of(), at("10:00"))
    exchange.place(market_order("SELL", "100"))
    exchange.advance(at("10:01"))
    assert exchange.account.quantity(ACME) == -100

    exchange.place(market_order("BUY", "300"))
    exchange.advance(at("10:02"))

    assert exchange.account.quantity(ACME) == 200
    realised = [happening.commission.realised for happening in heard if isinstance(happening, CommissionCharged)]
    assert realised == [None, Decimal("-2.5")]  # the spread, the sale's 1.00 and a third of 1.50


def test_a_trade_by_hand_bears_no_order_and_happens_at_once() -> None:
    exchange, heard = exchange_on(market_of(), at("10:00"))

    bought = exchange.trade_by_hand("ACME", Decimal(100))
    sold = exchange.trade_by_hand("ACME", Decimal(-40), Decimal("50.55"))

    assert (bought.order_id, bought.client_id, bought.order_ref, bought.side) == (0, 0, "", "BOT")
    assert (bought.price, sold.price, sold.side) == (Decimal("50.01"), Decimal("50.55"), "SLD")
    assert exchange.account.quantity(ACME) == 60
    assert not any(isinstance(happening, OrderChanged) for happening in heard)
    assert [execution for execution, _ in exchange.executions_today()] == [bought, sold]


def test_a_trade_by_hand_that_makes_no_sense_is_refused() -> None:
    exchange, _ = exchange_on(market_of(), at("10:00"))

    with pytest.raises(Rejected, match="200"):
        exchange.trade_by_hand("NONE", Decimal(1))
    with pytest.raises(ValueError, match="whole number of shares"):
        exchange.trade_by_hand("ACME", Decimal("0.5"))
    with pytest.raises(ValueError, match="positive price"):
        exchange.trade_by_hand("ACME", Decimal(1), Decimal(-1))


def test_executions_are_forgotten_at_midnight_in_new_york() -> None:
    exchange, _ = exchange_on(market_of(), at("15:00"))
    exchange.trade_by_hand("ACME", Decimal(100))

    exchange.advance(at("23:59:59"))
    assert len(exchange.executions_today()) == 1
    exchange.advance(at("00:00", WEDNESDAY))
    assert exchange.executions_today() == []


def test_a_delayed_commission_is_charged_at_once_and_told_later() -> None:
    exchange, heard = exchange_on(market_of(), at("10:00"))
    exchange.commission_delay = timedelta(minutes=30)

    execution = exchange.trade_by_hand("ACME", Decimal(100))

    assert exchange.account.commissions == 1
    assert exchange.dump()["pending_commissions"] == [execution.exec_id]
    assert exchange.executions_today() == [(execution, None)]
    exchange.advance(at("10:29:59"))
    assert not any(isinstance(happening, CommissionCharged) for happening in heard)
    exchange.advance(at("12:00"))
    (told,) = [happening for happening in heard if isinstance(happening, CommissionCharged)]
    assert (told.at, told.commission.amount) == (at("10:30"), Decimal(1))
    assert exchange.dump()["pending_commissions"] == []


def test_with_fills_switched_off_an_order_waits_until_they_are_on_again() -> None:
    exchange, heard = exchange_on(market_of(), at("10:00"))
    exchange.fill_orders = False
    exchange.place(market_order("BUY", "100"))

    exchange.advance(at("11:00"))
    assert executions(heard) == []
    exchange.fill_orders = True
    exchange.advance(at("11:01"))
    assert len(executions(heard)) == 1


def test_a_halted_contract_does_not_fill_until_it_trades_again() -> None:
    exchange, heard = exchange_on(market_of(still(TUESDAY), still(THURSDAY)), at("09:00", WEDNESDAY))
    exchange.place(limit("BUY", "100", "51", tif="GTC"))

    exchange.advance(at("16:00", WEDNESDAY))
    assert executions(heard) == []
    exchange.advance(at("09:31", THURSDAY))
    assert len(executions(heard)) == 1


def busy_day(seed: int, steps: int) -> list[Happening]:
    """Trade the same through a day, advancing in so many steps an hour."""
    exchange, heard = exchange_on(market_of(*BIG_MOVE), at("09:35"), cash="1000000000", seed=seed)
    for hour in range(6):
        exchange.place(limit("BUY", "150000", str(48 + hour)))
        exchange.place(market_order("SELL", "7"))
        for _ in range(steps):
            exchange.advance(exchange.now + timedelta(hours=1) / steps)
    return [happening for happening in heard if isinstance(happening, (Executed, CommissionCharged, PositionChanged))]


def test_the_same_seed_and_calls_give_the_same_fills() -> None:
    assert busy_day(7, 1) == busy_day(7, 1)
    assert busy_day(7, 1) != busy_day(8, 1)


def test_it_does_not_matter_in_how_many_steps_time_advances() -> None:
    assert busy_day(7, 1) == busy_day(7, 12)


def test_time_moves_forward_only_in_whole_seconds_and_within_the_bars() -> None:
    exchange, _ = exchange_on(market_of(), at("10:00"))

    with pytest.raises(ValueError, match="or later"):
        exchange.advance(at("09:59"))
    with pytest.raises(ValueError, match="whole seconds"):
        exchange.advance(at("10:00") + timedelta(microseconds=1))
    with pytest.raises(ValueError, match="the bars end on 2005-03-03"):
        exchange.advance(at("09:30", date(2005, 3, 4)))
    with pytest.raises(ValueError, match="aware"):
        Exchange(market_of(), Account(ACCOUNT, Decimal(0)), at("10:00").replace(tzinfo=None), 7)


def test_time_does_not_pass_over_a_split_of_what_is_held_or_on_order() -> None:
    market = market_of(
        row(TUESDAY, "90", "90", "90", "90", 10**6, "45"), row(WEDNESDAY, "45", "45", "45", "45", 10**6, "45")
    )
    holding, _ = exchange_on(market, at("10:00"))
    holding.trade_by_hand("ACME", Decimal(1))
    waiting, _ = exchange_on(market, at("10:00"))
    waiting.place(limit("BUY", "1", "40", tif="GTC"))
    idle, _ = exchange_on(market, at("10:00"))
    idle.place(limit("BUY", "1", "40", tif="DAY"))

    for exchange in (holding, waiting):
        with pytest.raises(SplitAheadError, match="ACME: it splits 2:1 on 2005-03-02"):
            exchange.advance(at("10:00", WEDNESDAY))
    idle.advance(at("10:00", WEDNESDAY))
    assert idle.now == at("10:00", WEDNESDAY)


def test_the_dump_shows_orders_and_executions() -> None:
    exchange, _ = exchange_on(market_of(), at("10:00"))
    exchange.place(market_order("BUY", "100"))
    exchange.place(limit("BUY", "5", "40", tif="GTC"))
    exchange.advance(at("10:01"))

    dump = exchange.dump()

    assert isinstance(dump["orders"], list)
    assert [(order["status"], order["filled"]) for order in dump["orders"]] == [("Filled", "100"), ("Submitted", "0")]
    assert isinstance(dump["executions"], list)
    assert [(x["shares"], x["price"], x["commission"]) for x in dump["executions"]] == [("100", "50.01", "1")]
    assert dump["now"] == "2005-03-01T15:01:00+00:00"


def test_cash_in_a_currency_that_nothing_values_is_refused() -> None:
    exchange, _ = exchange_on(market_of(), at("10:00"))

    with pytest.raises(ValueError, match=r"EUR: expected bars of EUR\.USD to value it with, found none"):
        exchange.move_cash(Decimal(1), "EUR")
