from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ledger.book import replay
from ledger.events import FillBusted, OrderRejected, TradingVetoed
from ledger.log import read_events
from ledger.slippage import slippage
from queries import connect
from queries.sql import ask
from queries.trades import print_trades
from tests.queries.history import (
    ACCOUNT,
    IBM,
    LOT_PRICE,
    TUESDAY,
    WEDNESDAY,
    closed,
    fill,
    new_world,
    ready,
    send,
    two_sessions,
)

REHEARSAL = Path(__file__).parents[1] / "history" / "rehearsal"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return closed(two_sessions(tmp_path_factory.mktemp("home")))


@pytest.fixture
def con(home: Path) -> duckdb.DuckDBPyConnection:
    return connect(home)


def test_fills_add_up_to_the_book(home: Path, con: duckdb.DuckDBPyConnection) -> None:
    book = replay(read_events(home))

    found = con.execute("SELECT con_id, sum(quantity), sum(notional), sum(commission) FROM fills GROUP BY con_id")

    notional = 100 * LOT_PRICE + 50 * Decimal("94.2")
    assert found.fetchall() == [(IBM, book.positions[IBM], notional, Decimal(-3))]
    assert book.cash["USD"] == 100_000 - notional - 3


def test_each_trade_is_told_beside_the_price_that_it_was_decided_at(home: Path, con: duckdb.DuckDBPyConnection) -> None:
    book = replay(read_events(home))

    found = con.execute("SELECT execution_id, decided_price, slippage FROM trades").fetchall()

    costs = {fill.execution_id: slippage(book, (fill,)) for fill in book.fills.values()}
    assert {name: money for name, _, money in found} == {name: cost and cost.money for name, cost in costs.items()}
    assert sorted(str(decided) for _, decided, _ in found)[-1] == "None"  # somebody else's
    assert sum(money for _, _, money in found if money) == 100 * (LOT_PRICE - Decimal("92.01"))


def test_the_report_tells_basis_points_as_the_mails_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    book = replay(read_events(home))

    print_trades(home, None, None, "json")

    told = [row["slippage_basis_points"] for row in json.loads(capsys.readouterr().out)]
    costs = [slippage(book, (fill,)) for fill in book.fills.values()]
    assert told == [None if cost is None else str(cost.basis_points) for cost in costs]


def test_a_fill_that_no_order_of_ours_explains_is_not_ours(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute("SELECT symbol, quantity, ours FROM fills ORDER BY seq").fetchall()

    assert found == [("IBM", Decimal(60), True), ("IBM", Decimal(40), True), ("IBM", Decimal(50), False)]


def test_the_view_and_the_book_agree_on_whose_a_fill_is(home: Path, con: duckdb.DuckDBPyConnection) -> None:
    book = replay(read_events(home))

    found = con.execute("SELECT execution_id, ours FROM fills").fetchall()

    assert dict(found) == {fill.execution_id: not fill.foreign for fill in book.fills.values()}


def test_a_correction_replaces_the_fill_it_corrects_and_a_bust_removes_one(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    bought, charged = fill("1", "10", "90", world.moment)
    corrected = bought.model_copy(update={"execution_id": "0000e0d5.4213a1c1.01.02", "quantity": Decimal(7)})
    busted, _ = fill("2", "5", "91", world.moment)
    bust = FillBusted(account=ACCOUNT, execution_id="0000e0d5.4213a1c2.01.01", reason="clearly erroneous")
    world.record(bought, charged, corrected, busted, bust)

    found = connect(closed(world)).execute("SELECT execution_id, quantity, commission FROM fills").fetchall()

    assert found == [("0000e0d5.4213a1c1.01.02", Decimal(7), Decimal(-1))]


def test_costs_hold_what_a_busted_execution_was_charged_as_the_book_does(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    bought, charged = fill("1", "10", "90", world.moment)
    busted, charged_too = fill("2", "5", "91", world.moment)
    bust = FillBusted(account=ACCOUNT, execution_id="0000e0d5.4213a1c2.01.01", reason="clearly erroneous")
    world.record(bought, charged, busted, charged_too, bust)
    home = closed(world)

    found = connect(home).execute("SELECT symbol, fills, bought, turnover, commission, pending FROM costs").fetchall()

    assert found == [("IBM", 1, Decimal(10), Decimal(900), Decimal(-2), 0)]
    assert replay(read_events(home)).journal["commissions", "USD"] == Decimal(2)


def test_costs_exercises_and_adjustments_are_the_commissions_of_the_book() -> None:
    con = connect(REHEARSAL)

    (told,) = con.execute(
        """
        SELECT sum(amount) FROM (
            SELECT commission AS amount FROM costs
            UNION ALL SELECT amount FROM cash_movements WHERE what = 'commission_adjusted' AND counts
            UNION ALL SELECT commission FROM option_exercised
            UNION ALL SELECT commission FROM option_assigned)
        """
    ).fetchall()

    assert told == (-replay(read_events(REHEARSAL), retain=True).journal["commissions", "USD"],)


def test_a_revision_after_a_bust_stands_as_in_the_book(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    bought, charged = fill("1", "10", "90", world.moment)
    corrected = bought.model_copy(update={"execution_id": "0000e0d5.4213a1c1.01.02", "quantity": Decimal(7)})
    bust = FillBusted(account=ACCOUNT, execution_id="0000e0d5.4213a1c1.01.01", reason="cancelled by the broker")
    world.record(bought, charged, bust, corrected)
    home = closed(world)

    found = connect(home).execute("SELECT execution_id, quantity FROM fills").fetchall()

    assert found == [("0000e0d5.4213a1c1.01.02", Decimal(7))]
    assert replay(read_events(home)).positions == {IBM: Decimal(7)}


def test_a_commission_that_has_not_come_is_absent_not_zero(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    world.record(fill("1", "10", "90", world.moment)[0])

    assert connect(closed(world)).execute("SELECT commission FROM fills").fetchall() == [(None,)]


def test_an_order_tells_its_life(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "SELECT symbol, quantity, status, filled, fills, commission, acknowledged_after_ms, filled_after_ms, perm_ids "
        "FROM orders"
    ).fetchall()

    assert found == [("IBM", Decimal(100), "filled", Decimal(100), 2, Decimal(-2), 2000, 41000, [991])]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param(None, "in doubt", id="no answer"),
        pytest.param(201, "rejected", id="refused"),
    ],
)
def test_an_order_without_fills_says_what_it_is(tmp_path: Path, answer: int | None, status: str) -> None:
    world = new_world(tmp_path)
    ready(world, TUESDAY, "09:35")
    ref = send(world, "5")
    if answer is not None:
        world.record(OrderRejected(order_ref=ref, code=answer, reason="no margin"))

    assert connect(closed(world)).execute("SELECT status, filled FROM orders").fetchall() == [(status, Decimal(0))]


def test_every_cycle_has_one_line(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "SELECT slot, outcome, orders_planned, orders_sent, orders_filled, fills FROM cycles"
    ).fetchall()

    assert found == [
        ("2005-03-01/0935", "finished", 1, 1, 1, 2),
        ("2005-03-01/1035", "finished", 0, 0, 0, 0),
        ("2005-03-01/1135", "finished", 0, 0, 0, 1),
        ("2005-03-01/1335", "finished", 0, 0, 0, 0),
        ("2005-03-01/1435", "finished", 0, 0, 0, 0),
        ("2005-03-01/close", "finished", 0, 0, 0, 0),
        ("2005-03-02/0935", "failed", 0, 0, 0, 0),
        ("2005-03-02/0940", "finished", 0, 0, 0, 0),
    ]


def test_a_cycle_says_how_long_it_took_and_which_breaks_it_left(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute("SELECT duration_ms, open_breaks, code FROM cycles WHERE slot IN ('2005-03-01/0935', "
                        "'2005-03-01/1135', '2005-03-02/0935')").fetchall()  # fmt: skip

    assert found == [(41000, 0, None), (0, 1, None), (5000, None, "cycle-killed")]


def test_a_veto_stands_in_its_cycle_and_a_cycle_without_end_died(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    world.record(TradingVetoed(reasons=("leverage 2.10 of 1.50", "stale price")))
    world.begin(TUESDAY, "10:35")

    found = connect(closed(world)).execute("SELECT outcome, vetoes FROM cycles").fetchall()

    assert found == [("died", ["leverage 2.10 of 1.50", "stale price"]), ("open", [])]


def test_nav_changes_add_up(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("SELECT nav, change, profit_since_start, below_peak FROM nav ORDER BY seq").fetchall()

    first, last = rows[0][0], rows[-1][0]
    assert first + sum(change for _, change, _, _ in rows[1:]) == last == Decimal("100080.67")
    assert [profit for _, _, profit, _ in rows] == [nav - 100_000 for nav, _, _, _ in rows]
    assert min(below for _, _, _, below in rows) == Decimal(-11)


def test_positions_and_cash_are_those_of_the_latest_snapshot(con: duckdb.DuckDBPyConnection) -> None:
    positions = con.execute("SELECT symbol, quantity, value, unrealised, session_day FROM positions").fetchall()
    cash = con.execute("SELECT currency, amount FROM cash").fetchall()

    assert positions == [("IBM", Decimal(150), Decimal(13995), Decimal("83.67"), WEDNESDAY)]
    assert cash == [("USD", Decimal("86085.67"))]
    assert positions[0][2] + cash[0][1] == Decimal("100080.67")


def test_days_bring_their_profit_and_fills(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "SELECT session_day, profit, fills, foreign_fills, cycles, cycles_finished FROM days"
    ).fetchall()

    assert found == [(TUESDAY, Decimal("65.67"), 3, 1, 6, 6), (WEDNESDAY, Decimal(15), 0, 0, 2, 1)]


def test_a_fill_after_midnight_utc_belongs_to_the_evening_in_new_york(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "16:35", kind="close")
    world.record(fill("1", "10", "90", world.moment + timedelta(hours=4))[0])  # 20:35 in New York, 01:35 in UTC

    assert ask(connect(closed(world)), "SELECT session_day FROM fills").rows == ((TUESDAY,),)
