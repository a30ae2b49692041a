"""What every broker adapter must do, as tests. To prove another one: docs/brokers.md.

Subclass `BrokerContract` as `Test…` and give it a fixture `world`: a started cycle on a Tuesday at 09:35, an adopted
ledger with 100,000.00 cash, three contracts, and a control over the broker's other side (tests/trader/broker_world.py).
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.events import (
    BrokerConnected,
    BrokerDisconnected,
    CommissionCharged,
    ContractDefined,
    Fact,
    OpenOrdersObserved,
    OrderCancelAttempted,
    OrderCancelled,
    OrderExpired,
    OrderFilled,
    OrderPreviewed,
    OrderRejected,
    OrderResolved,
    OrderSendAttempted,
    PositionsObserved,
    QuotesObserved,
)
from tests.trader.broker_world import ACCOUNT, TUESDAY, World, at
from trader.broker import BrokerRefused, OldCopyOfLog

HUNDRED = Decimal(100)


class BrokerContract:
    """Sentences about any broker."""

    # The session

    def test_a_session_says_whose_it_is_and_defines_the_universe(self, world: World) -> None:
        world.connect()

        (connected,) = world.facts(BrokerConnected)
        assert connected.account == ACCOUNT
        assert connected.clock_difference_seconds == 0
        assert {c.symbol for c in world.book.contracts.values()} == {"ACME", "THIN", "MOVE"}

    def test_a_second_session_defines_nothing_anew(self, world: World) -> None:
        world.connect()
        world.disconnect()

        world.connect()

        assert len(world.facts(ContractDefined)) == 3
        assert len(world.facts(BrokerConnected)) == 2
        assert len(world.facts(BrokerDisconnected)) == 1

    def test_another_account_is_refused(self, world: World) -> None:
        with pytest.raises(BrokerRefused, match="expected DU7") as refused:
            world.connect(account="DU7")

        assert refused.value.code == "wrong-account"

    def test_a_contract_that_the_broker_does_not_know_is_refused(self, world: World) -> None:
        unknown = world.settings.universe[0].__class__("NOSUCH")

        with pytest.raises(BrokerRefused, match="NOSUCH") as refused:
            world.connect(universe=(unknown,))

        assert refused.value.code == "unknown-contract"

    # The account

    def test_an_empty_account_is_observed_as_flat_in_one_batch(self, world: World) -> None:
        world.connect()

        (batch,) = world.broker.observe(world.book)

        assert isinstance(batch, tuple)
        world.ledger.record(batch)
        assert world.book.reported.positions == {}
        assert world.book.reported.cash == {"USD": Decimal(100_000)}
        assert world.book.reported.nav is not None
        assert world.book.reported.nav.net_liquidation == Decimal(100_000)
        assert world.book.reported.margin is not None
        assert world.book.rates == {"USD": Decimal(1)}

    def test_a_foreign_trade_is_told_with_its_commission_and_its_position(self, world: World) -> None:
        world.connect()
        world.control.trade("ACME", Decimal(-7))

        world.ledger.record(world.broker.observe(world.book))

        assert world.book.positions == {world.con_id("ACME"): Decimal(-7)}
        (fill,) = world.book.fills.values()
        assert fill.foreign
        assert fill.commission is not None
        assert world.book.cash == world.book.reported.cash

    def test_observing_twice_books_an_execution_once(self, world: World) -> None:
        world.connect()
        world.control.trade("ACME", Decimal(7))

        world.ledger.record(world.broker.observe(world.book))
        world.disconnect()
        world.connect()
        world.ledger.record(world.broker.observe(world.book))

        assert len(world.facts(OrderFilled)) == len(world.facts(CommissionCharged)) == 1
        assert world.book.positions == {world.con_id("ACME"): Decimal(7)}

    def test_marks_come_with_the_positions(self, world: World) -> None:
        world.connect()
        world.control.trade("ACME", Decimal(7))

        world.ledger.record(world.broker.observe(world.book))

        observed = world.facts(PositionsObserved)[-1]
        assert [(row.quantity, row.mark) for row in observed.rows] == [(Decimal(7), Decimal(50))]

    def test_a_look_without_a_book_is_complete(self, world: World) -> None:
        world.connect()
        world.control.trade("ACME", Decimal(7))

        facts = world.broker.look()

        kinds = [type(fact).__name__ for fact in facts]
        assert kinds == [
            *("OrderFilled", "CommissionCharged", "RatesObserved", "CashObserved", "PositionsObserved"),
            *("NavObserved", "MarginObserved", "OpenOrdersObserved", "ExecutionsObserved"),
        ]

    # The market

    def test_quotes_cover_the_universe(self, world: World) -> None:
        world.connect()

        world.ledger.record(world.broker.quotes(world.book))

        (quotes,) = world.facts(QuotesObserved)
        acme = next(row for row in quotes.rows if row.symbol == "ACME")
        assert len(quotes.rows) == 3
        assert (acme.bid, acme.ask) == (Decimal(50), Decimal("50.01"))
        assert acme.at == at("09:35")

    def test_daily_bars_end_before_the_day_that_is_asked(self, world: World) -> None:
        world.connect()

        bars = world.broker.daily_bars(world.book.contracts[world.con_id("MOVE")], 10, TUESDAY)

        assert [bar.close for bar in bars] == [Decimal(30)]
        assert bars[-1].day < TUESDAY

    # Orders

    def test_an_order_is_previewed_without_being_placed(self, world: World) -> None:
        world.connect()
        world.plan("ACME", 100, "50.05")

        world.ledger.record(world.broker.preview(world.book))

        (preview,) = world.facts(OrderPreviewed)
        assert preview.accepted
        assert preview.initial_margin_after == Decimal(2500)
        assert world.control.orders() == []

    def test_the_intent_is_told_before_the_order_leaves(self, world: World) -> None:
        world.connect()
        steps = world.broker.send(world.plan("ACME", 100, "49"))

        intent = next(iter(steps))

        assert isinstance(intent, OrderSendAttempted)
        assert world.control.orders() == []

    def test_a_closed_generator_places_nothing(self, world: World) -> None:
        world.connect()
        steps = world.broker.send(world.plan("ACME", 100, "49"))
        next(iter(steps))

        steps.close()  # type: ignore[attr-defined]

        world.disconnect()
        assert world.control.orders() == []

    def test_an_order_is_acknowledged_and_works(self, world: World) -> None:
        world.connect()

        ref = world.send("ACME", 100, "49")

        order = world.book.orders[ref]
        assert order.status == "working"
        assert [placed["order_ref"] for placed in world.control.orders()] == [ref]

    @pytest.mark.parametrize("quantity", [pytest.param(100, id="long"), pytest.param(-100, id="short")])
    def test_a_fill_is_booked_with_its_commission(self, world: World, quantity: int) -> None:
        world.connect()
        ref = world.send("ACME", quantity, "50.05" if quantity > 0 else "49.95")

        world.ledger.record(world.broker.wait_for_fills(world.book))

        assert world.book.orders[ref].status == "filled"
        assert world.book.positions == {world.con_id("ACME"): Decimal(quantity)}
        assert world.book.pending_commissions == ()
        assert world.book.cash["USD"] == Decimal(world.control.dump()["cash"]["USD"])

    def test_a_flip_is_one_order(self, world: World) -> None:
        world.connect()
        world.send("ACME", 100)
        world.ledger.record(world.broker.wait_for_fills(world.book))

        world.send("ACME", -300)
        world.ledger.record(world.broker.wait_for_fills(world.book))

        assert world.book.positions == {world.con_id("ACME"): Decimal(-200)}
        assert world.book.cash["USD"] == Decimal(world.control.dump()["cash"]["USD"])

    def test_waiting_ends_and_leaves_a_partial_fill_working(self, world: World) -> None:
        world.connect()
        ref = world.send("THIN", 500, "50.05")

        world.ledger.record(world.broker.wait_for_fills(world.book))

        order = world.book.orders[ref]
        assert order.status == "working"
        assert Decimal(0) < order.filled < Decimal(500)

    def test_a_rejection_is_a_fact(self, world: World) -> None:
        world.connect()
        world.control.reject(code=201, message="Order rejected - reason:no margin")

        ref = world.send("ACME", 100, "50.05")

        (rejected,) = world.facts(OrderRejected)
        assert (rejected.order_ref, rejected.code) == (ref, 201)
        assert world.book.orders[ref].status == "rejected"
        assert world.book.in_doubt == ()

    def test_order_ids_only_rise(self, world: World) -> None:
        world.connect()
        world.send("ACME", 100, "49")
        high = world.book.order_id_high
        world.disconnect()

        world.connect()
        world.send("ACME", 100, "48")

        assert world.book.order_id_high > high

    # Clearing

    def test_our_orders_are_cancelled_to_confirmation(self, world: World) -> None:
        world.connect()
        ref = world.send("ACME", 100, "49")

        world.ledger.record(world.broker.clear_open_orders(world.book))

        assert world.book.orders[ref].status == "cancelled"
        assert world.control.orders() == []
        attempts, ends = world.facts(OrderCancelAttempted), world.facts(OrderCancelled)
        assert len(attempts) == len(ends) == 1

    def test_a_partly_filled_order_ends_with_what_it_filled(self, world: World) -> None:
        world.connect()
        ref = world.send("THIN", 500, "50.05")
        world.control.advance(seconds=600)

        world.ledger.record(world.broker.clear_open_orders(world.book))

        order = world.book.orders[ref]
        assert order.status == "cancelled"
        assert order.filled_reported == order.filled > 0
        assert world.book.positions == {world.con_id("THIN"): order.filled}

    def test_foreign_orders_are_never_cancelled(self, world: World) -> None:
        world.connect()
        world.control.foreign_order("ACME", "BUY", HUNDRED, Decimal(40))

        world.ledger.record(world.broker.clear_open_orders(world.book))

        assert len(world.control.orders()) == 1
        (observed,) = world.facts(OpenOrdersObserved)
        assert [row.quantity for row in observed.rows] == [HUNDRED]

    def test_a_dry_run_cancels_and_places_nothing(self, world: World) -> None:
        world.connect()
        ref = world.send("ACME", 100, "49")
        planned = world.plan("MOVE", 100, "29")
        world.disconnect()

        world.connect(dry_run=True)
        world.ledger.record(world.broker.clear_open_orders(world.book))
        with pytest.raises(BrokerRefused, match="dry run"):
            world.ledger.record(world.broker.send(planned))

        assert [placed["order_ref"] for placed in world.control.orders()] == [ref]
        assert world.facts(OrderCancelAttempted) == []

    # Recovery

    def test_an_order_that_expired_with_its_session_is_ended(self, world: World) -> None:
        world.connect()
        ref = world.send("ACME", 100, "49")
        world.control.advance(to=at("17:00"))
        world.start_cycle("close")

        world.ledger.record(world.broker.resolve(world.book))

        assert world.book.orders[ref].status == "expired"
        assert [fact.filled for fact in world.facts(OrderExpired)] == [Decimal(0)]

    def test_fills_that_nobody_waited_for_are_booked_by_the_next_session(self, world: World) -> None:
        world.connect()
        ref = world.send("ACME", 100, "50.05")
        world.disconnect()
        world.control.advance(seconds=300)

        world.connect()
        world.ledger.record(world.broker.resolve(world.book))

        assert world.book.orders[ref].status == "filled"
        assert world.book.positions == {world.con_id("ACME"): HUNDRED}

    def test_an_intent_without_an_order_is_closed_as_never_sent(self, world: World) -> None:
        world.connect()
        steps = iter(world.broker.send(world.plan("ACME", 100, "49")))
        world.ledger.record((next(steps),))
        before = world.control.now()
        world.disconnect()

        world.connect()
        world.ledger.record(world.broker.resolve(world.book))

        (resolved,) = world.facts(OrderResolved)
        assert resolved.outcome == "not_sent"
        assert (world.control.now() - before).total_seconds() >= 60
        assert world.book.in_doubt == ()

    def test_an_order_of_ours_that_the_log_does_not_know_means_an_old_copy(self, world: World) -> None:
        world.connect()
        world.control.foreign_order("ACME", "BUY", HUNDRED, Decimal(40), order_ref=f"tb-{ACCOUNT}-9-aaaa-1-B-1")

        for line in (world.broker.resolve, world.broker.clear_open_orders, world.broker.observe):
            with pytest.raises(OldCopyOfLog, match="the log does not know") as old:
                world.ledger.record(line(world.book))
            assert old.value.code == "old-copy"

    def test_an_execution_of_ours_that_the_log_does_not_know_means_an_old_copy(self, world: World) -> None:
        world.connect()
        world.control.foreign_order("ACME", "BUY", HUNDRED, order_ref=f"tb-{ACCOUNT}-9-aaaa-1-B-1")
        world.control.advance(seconds=60)

        with pytest.raises(OldCopyOfLog):
            world.ledger.record(world.broker.observe(world.book))

        assert world.book.positions == {}

    # Late commissions

    def test_a_commission_that_has_not_come_is_pending_and_not_zero(self, world: World) -> None:
        world.connect()
        world.control.commission_delay(3600)
        ref = world.send("ACME", 100, "50.05")

        world.ledger.record(world.broker.wait_for_fills(world.book))
        world.ledger.record(world.broker.observe(world.book))
        pending = world.book.pending_commissions
        world.control.advance(seconds=3700)
        world.ledger.record(world.broker.observe(world.book))

        assert world.book.orders[ref].status == "filled"
        assert len(pending) == 1
        assert world.book.pending_commissions == ()

    def test_a_fill_while_cancelling_is_booked_and_ends_the_order(self, world: World) -> None:
        world.connect()
        world.control.fill_orders(False)
        ref = world.send("ACME", 100, "50.05")
        steps = iter(world.broker.clear_open_orders(world.book))
        world.ledger.record((*_batch(next(steps)), *_batch(next(steps))))  # what is open, and the intent to cancel

        world.control.fill_orders(True)
        world.control.advance(seconds=120)
        world.ledger.record(steps)

        assert world.book.orders[ref].status == "filled"
        assert world.book.positions == {world.con_id("ACME"): HUNDRED}
        assert world.facts(OrderCancelled) == []

    def test_what_is_held_outside_the_universe_is_defined_and_told(self, world: World) -> None:
        world.connect(universe=world.settings.universe[:1])
        world.control.trade("MOVE", Decimal(7))

        world.ledger.record(world.broker.observe(world.book))

        assert {c.symbol for c in world.book.contracts.values()} == {"ACME", "MOVE"}
        assert world.book.positions == {world.con_id("MOVE"): Decimal(7)}


def _batch(told: Fact | tuple[Fact, ...]) -> tuple[Fact, ...]:
    return told if isinstance(told, tuple) else (told,)
