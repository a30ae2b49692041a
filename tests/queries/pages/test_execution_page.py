from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.events import OrderAcknowledged, OrderCancelled, OrderRejected
from queries import UnknownDay
from queries.pages.execution import execution_page
from queries.sections import Report, rendered
from tests.queries.history import TUESDAY, WEDNESDAY, buy_ibm, closed, fill, new_world, ready, send, two_sessions

REASON = "<b>no shares to borrow</b>"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Tuesday: one order filled in two parts, one filled in part and cancelled on Wednesday, one refused."""
    world = new_world(tmp_path_factory.mktemp("home"))
    ready(world, TUESDAY, "09:35")
    buy_ibm(world, "60", "40")
    world.observe("92.5")
    world.finish()
    ready(world, TUESDAY, "10:35")
    partly = send(world, "-50", limit="91.95")
    world.later(3)
    world.record(OrderAcknowledged(order_ref=partly, perm_id=992, status="Submitted"))
    world.later(7)
    world.record(*fill("5", "-20", "91.99", world.moment, partly, commission="-0.5"))
    world.observe("92.5")
    world.finish()
    ready(world, TUESDAY, "11:35")
    refused = send(world, "-10", limit="91.95")
    world.later(1)
    world.record(OrderRejected(order_ref=refused, code=201, reason=REASON))
    world.finish()
    world.begin(WEDNESDAY, "09:35")
    world.record(OrderCancelled(order_ref=partly, filled=-fill("5", "-20", "1", world.moment)[0].quantity))  # type: ignore[attr-defined]
    world.observe("92.5")
    world.agree()
    world.finish()
    return execution_page(closed(world), TUESDAY, TUESDAY)


def test_it_begins_with_how_much_was_filled_how_fast_and_at_what_cost(page: Report) -> None:
    assert page.verdict == "1 of 3 orders filled"
    figures = {figure.label: (figure.words, figure.beside) for figure in page.sections[0].figures}
    assert figures == {
        "filled": ("46.7 %", "of what was ordered; 1 in part"),  # all, two fifths, nothing
        "broker had it after": ("2.0 s", "19 of 20 within 3.0 s, slowest 3.0 s"),
        "filled after": ("10.0 s", "19 of 20 within 41.0 s, slowest 41.0 s"),
        "slippage USD": ("+0.73", "+0.7 bp"),  # 100 x 0.0033 and 20 x 0.02, of 120 x 92.01
        "commissions USD": ("-2.50", ""),
        "refused": ("1", "33.3 % of 3 orders"),
    }


def test_each_order_has_its_line_up_to_what_the_next_session_says_of_it(page: Report) -> None:
    (orders,) = (each for each in page.sections if each.heading == "Orders")

    assert orders.rows == (
        ("1 Mar 09:35", "IBM", "+100", "92.01", "92.0133", "+0.33", "+0.4 bp", "2.0 s", "41.0 s", "filled"),
        ("1 Mar 10:35", "IBM", "-50", "92.01", "91.99", "+0.40", "+2.2 bp", "3.0 s", "10.0 s", "20 filled, cancelled"),
        ("1 Mar 11:35", "IBM", "-10", "92.01", "", "", "", "", "", "rejected"),
    )
    assert orders.apart == {2}


def test_refusals_stand_in_the_brokers_words_as_text(page: Report) -> None:
    (refused,) = (each for each in page.sections if each.heading == "Not filled, and why")

    assert refused.rows == (("1", "IBM", "cancelled", "no reason was told"), ("1", "IBM", "rejected", REASON))
    assert REASON not in rendered(page, "html")
    assert "&lt;b&gt;no shares to borrow&lt;/b&gt;" in rendered(page, "html")


def test_programs_are_told_every_order_exactly(page: Report) -> None:
    told = json.loads(rendered(page, "json"))

    assert (told["orders_sent"], told["orders_filled"], told["filled_share"]) == (3, 1, "0.466667")
    assert told["slippage"] == {"USD": {"amount": "0.73", "unknown_of": 0, "basis_points": "0.66"}}
    assert [(order["status"], order["filled"], order["commission"]) for order in told["orders"]] == [
        ("filled", "100", "-2"), ("part filled, cancelled", "-20", "-0.5"), ("rejected", "0", None),
    ]  # fmt: skip


def test_executions_that_are_not_ours_stand_apart_and_their_slippage_is_unknown(tmp_path: Path) -> None:
    page = execution_page(closed(two_sessions(tmp_path)), TUESDAY, WEDNESDAY)

    (foreign,) = (each for each in page.sections if each.heading == "Not ours")
    (contracts,) = (each for each in page.sections if each.heading == "By contract")
    assert foreign.rows == (("1 Mar 11:12", "IBM", "+50", "94.20", "USD"),)
    assert contracts.rows == (("IBM", "1", "100.0 %", "3", "+0.33", "+0.4 bp", "1", "USD"),)


def test_days_without_an_order_say_so_and_days_without_a_cycle_are_refused(tmp_path: Path) -> None:
    home = closed(two_sessions(tmp_path))

    assert execution_page(home, WEDNESDAY, WEDNESDAY).verdict == "no order left in these days"
    with pytest.raises(UnknownDay, match="expected a day with a cycle, found none"):
        execution_page(home, TUESDAY.replace(year=2004), TUESDAY.replace(year=2004))
