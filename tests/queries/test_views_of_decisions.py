"""Views over decisions, limits, breaks and costs: each figure can be done by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ledger.events import SafeguardsEvaluated, TradingVetoed, VerdictRow
from queries import connect
from tests.queries.history import TUESDAY, WEDNESDAY, World, closed, new_world, two_sessions

REHEARSAL = Path(__file__).parents[1] / "history" / "rehearsal"


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Two sessions: a purchase of 100, a foreign trade of 50, a cycle that was killed."""
    return connect(closed(two_sessions(tmp_path_factory.mktemp("home"))))


@pytest.fixture(scope="module")
def rehearsal() -> duckdb.DuckDBPyConnection:
    return connect(REHEARSAL)


def judge(world: World, *verdicts: VerdictRow) -> None:
    world.begin(TUESDAY, "09:35")
    world.observe("92")
    world.agree()
    world.record(SafeguardsEvaluated(verdicts=verdicts), TradingVetoed(reasons=("beyond",)))
    world.finish()


def test_returns_add_up_and_say_what_to_divide_by(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute("SELECT session_day, nav, flows, profit, base, below_peak, peak_nav FROM returns").fetchall()

    assert found == [
        (TUESDAY, Decimal("100065.67"), Decimal(100_000), Decimal("65.67"), Decimal(100_000), 0, Decimal("100065.67")),
        (WEDNESDAY, Decimal("100080.67"), Decimal(0), Decimal(15), Decimal("100065.67"), 0, Decimal("100080.67")),
    ]


def test_costs_are_told_by_day_and_contract(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "SELECT symbol, fills, bought, sold, turnover, commission, pending, slippage, undecided FROM costs"
    ).fetchall()

    turnover = 100 * Decimal("92.0133") + 50 * Decimal("94.2")
    slippage = 100 * (Decimal("92.0133") - Decimal("92.01"))
    assert found == [("IBM", 3, Decimal(150), None, turnover, Decimal(-3), 0, slippage, 1)]


def test_a_break_is_told_from_its_finding_to_its_end(con: duckdb.DuckDBPyConnection) -> None:
    found = con.execute(
        "SELECT break_id, symbol, cause, ending, ended_by, lasted_seconds, why FROM break_lives"
    ).fetchall()

    assert found == [("B-1", "IBM", "foreign trade", "accepted", "", 5700, "my own trade, forgot")]


def test_breaks_end_in_every_way(rehearsal: duckdb.DuckDBPyConnection) -> None:
    found = dict(rehearsal.execute("SELECT ending, count(*) FROM break_lives GROUP BY ending").fetchall())

    assert found == {"accepted": 17, "closed": 1, "taken back": 1, "open": 2}


def test_the_difference_of_a_break_is_what_was_found_minus_what_was_expected(
    rehearsal: duckdb.DuckDBPyConnection,
) -> None:
    found = rehearsal.execute("SELECT difference FROM break_lives WHERE break_id IN ('B-1', 'B-9', 'B-10')").fetchall()

    assert found == [(None,), (Decimal(30),), (Decimal(-2030),)]


def test_the_distance_to_a_limit_is_a_number_where_it_is_one(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    gross = VerdictRow(
        safeguard="gross_leverage_stays_within_limit", outcome="veto", formula="gross", observed="2.1", limit="1.5",
        distance="-0.6", age_seconds=3,
    )  # fmt: skip
    halt = VerdictRow(
        safeguard="not_halted", outcome="pass", formula="halt", observed="no halt", limit="no halt", distance=""
    )
    judge(world, gross, halt)
    con = connect(closed(world))

    verdicts = con.execute(
        "SELECT verdict, observed, distance_number, bound_number, age_seconds FROM safeguards"
    ).fetchall()
    leverage = con.execute("SELECT gross, gross_max, room, net_max FROM leverage").fetchall()

    assert verdicts == [("veto", "2.1", Decimal("-0.6"), Decimal("1.5"), 3), ("pass", "no halt", None, None, None)]
    assert leverage == [(Decimal(0), Decimal("1.5"), Decimal("1.5"), None)]


def test_a_closing_cycle_has_the_limit_of_the_cycle_before(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    judge(world, VerdictRow(
        safeguard="gross_leverage_stays_within_limit", outcome="veto", formula="gross", observed="2", limit="1.5",
        distance="-0.5",
    ))  # fmt: skip
    world.quiet_cycle(TUESDAY, "16:35", "92", kind="close")

    found = connect(closed(world)).execute("SELECT kind, gross_max FROM leverage ORDER BY seq").fetchall()

    assert found == [("trade", Decimal("1.5")), ("close", Decimal("1.5"))]


def test_targets_stand_beside_what_is_held(rehearsal: duckdb.DuckDBPyConnection) -> None:
    found = rehearsal.execute(
        "SELECT strategy, symbol, weight, held, target, drift, action FROM targets_and_positions WHERE cycle = 12 "
        "ORDER BY symbol"
    ).fetchall()

    assert found == [
        (None, "AAPL", None, Decimal(30), Decimal(30), Decimal(0), "NOTHING"),
        ("fixed", "SPY", Decimal("0.5"), Decimal(0), Decimal(10), Decimal(10), "BUY"),
    ]


def test_a_decision_names_the_bytes_that_it_rests_on(rehearsal: duckdb.DuckDBPyConnection) -> None:
    found = rehearsal.execute(
        "SELECT p.strategy, p.symbol, p.source, p.origin, p.used, t.inputs = [p.sha256] FROM data_provenance AS p "
        "JOIN targets_computed AS t ON t.seq = p.decided_seq WHERE p.cycle = 12"
    ).fetchall()

    assert found == [("fixed", "SPY", "folder", "https://a.example/b", True, True)]


def test_the_lines_of_a_cycle_add_up_to_it(con: duckdb.DuckDBPyConnection) -> None:
    lines = con.execute(
        "SELECT line, duration_ms FROM cycle_lines WHERE slot = '2005-03-01/0935' ORDER BY number"
    ).fetchall()
    apart = con.execute(
        "SELECT cycle FROM cycles JOIN cycle_lines USING (cycle) GROUP BY cycle, cycles.duration_ms "
        "HAVING cycles.duration_ms <> sum(cycle_lines.duration_ms)"
    ).fetchall()

    assert lines == [
        ("start", 0), ("observe", 0), ("reconcile", 0), ("plan", 0), ("safeguards", 0), ("send", 41000), ("observe", 0),
        ("close", 0),
    ]  # fmt: skip
    assert apart == []


def test_cash_that_was_replaced_or_undone_counts_no_more(rehearsal: duckdb.DuckDBPyConnection) -> None:
    counted = rehearsal.execute(
        "SELECT what, sum(amount) FROM cash_movements WHERE counts GROUP BY what ORDER BY what"
    ).fetchall()
    posted = dict(rehearsal.execute("SELECT account, -balance FROM trial_balance WHERE currency = 'USD'").fetchall())

    told = dict(counted)
    assert rehearsal.execute("SELECT count(*) FROM cash_movements WHERE NOT counts").fetchone() != (0,)
    assert told["dividend_paid"] + told["payment_in_lieu_paid"] == posted["dividends"] == Decimal("5.9")
    assert told["fee_charged"] == posted["fees"] == Decimal("-4.5")
