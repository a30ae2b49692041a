from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ledger.book import replay
from ledger.log import read_events
from queries import connect
from queries.canned import Canned, CannedError, canned, canned_by_name
from queries.sql import Answer, Terms, ask
from tests.queries.history import closed, new_world, two_sessions

REHEARSAL = Path(__file__).parents[1] / "history" / "rehearsal"
FILES = REHEARSAL.parents[2] / "queries" / "questions"
NAMES = [question.name for question in canned()]


@pytest.fixture(scope="module")
def rehearsal() -> duckdb.DuckDBPyConnection:
    """A history that tells every fact there is."""
    return connect(REHEARSAL)


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return closed(two_sessions(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def traded(sessions: Path) -> duckdb.DuckDBPyConnection:
    """Two sessions: a purchase, a foreign trade, a cycle that was killed."""
    return connect(sessions)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """An account that was adopted, and has done nothing."""
    return connect(closed(new_world(tmp_path_factory.mktemp("empty"))))


def answer(con: duckdb.DuckDBPyConnection, name: str, **given: str) -> Answer:
    question = canned_by_name(name)
    return ask(con, question.sql, Terms(parameters=question.filled(given)))


def told(con: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], **given: str) -> list[tuple[object, ...]]:
    """Ask, and return these columns of the rows."""
    found = answer(con, name, **given)
    places = [found.columns.index(column) for column in columns]
    return [tuple(row[place] for place in places) for row in found.rows]


def test_there_are_questions_enough() -> None:
    assert len(NAMES) >= 25


@pytest.mark.parametrize("question", canned(), ids=NAMES)
def test_a_question_ends_with_a_question_mark_and_uses_what_it_may_be_told(question: Canned) -> None:
    assert question.question.endswith("?")
    assert {parameter.name for parameter in question.parameters} == set(re.findall(r"\$([a-z]+)", question.sql))
    assert not re.search(r"\bavg\(", question.sql, re.IGNORECASE)
    assert question.sql.startswith(("SELECT", "WITH"))


@pytest.mark.parametrize("name", NAMES)
def test_every_question_is_answered_of_a_history_that_tells_everything(
    rehearsal: duckdb.DuckDBPyConnection, name: str
) -> None:
    found = answer(rehearsal, name)

    assert len(set(found.columns)) == len(found.columns)
    assert not any(isinstance(cell, float) for row in found.rows for cell in row)


@pytest.mark.parametrize("name", NAMES)
def test_every_question_is_answered_of_an_account_that_has_done_nothing(
    empty: duckdb.DuckDBPyConnection, name: str
) -> None:
    found = answer(empty, name)

    assert found.columns
    assert name in ("flows", "trial-balance", "postings") or not found.rows


EXPECTED = (
    pytest.param(
        "income",
        ("payer", "currency", "dividends", "interest", "tax", "net"),
        [
            ("SPY", "USD", Decimal("5.9"), None, Decimal("-0.83"), Decimal("5.07")),
            ("the broker", "USD", None, Decimal("-2.13"), None, Decimal("-2.13")),
        ],
        id="income, what was replaced left out",
    ),
    pytest.param(
        "flows",
        ("what", "currency", "amount", "total"),
        [
            ("adopted", "USD", Decimal(100_000), Decimal(100_000)),
            ("adopted", "EUR", Decimal(5_000), Decimal(5_000)),
            ("cash_deposited", "USD", Decimal(1_000), Decimal(101_000)),
            ("cash_withdrawn", "USD", Decimal(-250), Decimal(100_750)),
        ],
        id="flows",
    ),
    pytest.param(
        "fees",
        ("what", "amount", "total"),
        [("fee_charged", Decimal("-4.5"), Decimal("-4.5")), ("commission_adjusted", Decimal("0.25"), Decimal("-4.25"))],
        id="fees",
    ),
    pytest.param(
        "costs",
        ("month", "currency", "fills", "turnover", "commission", "tax", "slippage"),
        [("2005-03", "USD", 13, Decimal("65617.623"), Decimal("-13.09"), Decimal("-0.6"), Decimal("0.02"))],
        id="costs by month",
    ),
    pytest.param(
        "costs-by-contract",
        ("symbol", "commission", "tax", "slippage", "cost"),
        [("OLD", Decimal(-3), Decimal("-0.6"), None, Decimal("3.6"))],
        id="costs by contract",
    ),
    pytest.param(
        "wrong-beliefs",
        ("what", "subject", "believed", "known_now"),
        [
            ("fill corrected", "a1.02", "6 at 400.01", "6 at 399.99"),
            ("fill told late", "f1.01", "none", "11 at 40.1"),
            ("fill told late", "f2.01", "none", "-1 at 40.2"),
            ("fill taken back", "f2.01", "-1 at 40.2", "none: erroneous trade"),
            ("inferred, and not so", "broker-cash/rule/f1", "fee_charged -3", "none"),
            ("acceptance taken back", "B-9", "nothing explains it", "looked again"),
        ],
        id="what was wrong",
    ),
    pytest.param(
        "worst-fills",
        ("symbol", "quantity", "price", "decided_price", "slippage"),
        [
            ("SPY", Decimal(4), Decimal("400.02"), Decimal(400), Decimal("0.08")),
            ("SPY", Decimal(6), Decimal("399.99"), Decimal(400), Decimal("-0.06")),
        ],
        id="worst fills",
    ),
    pytest.param("refused-orders", ("quantity", "code", "reason"), [(Decimal(3), 201, "margin")], id="refused orders"),
    pytest.param(
        "partial-fills",
        ("quantity", "filled", "missing", "status"),
        [
            (Decimal(3), Decimal(0), Decimal(3), "rejected"),
            (Decimal(-5), Decimal(0), Decimal(5), "cancelled"),
            (Decimal(2), Decimal(0), Decimal(2), "not sent"),
            (Decimal(-20), Decimal(-7), Decimal(13), "expired"),
            (Decimal(-13), Decimal(0), Decimal(13), "working"),
        ],
        id="filled in part",
    ),
    pytest.param("after-crashes", ("what", "status"), [("resolved: not_sent", "not sent")], id="after crashes"),
    pytest.param(
        "failed-cycles",
        ("slot", "outcome", "code"),
        [
            ("2005-03-01/0935", "skipped", ""),
            ("2005-03-01/1035", "failed", "broker-lost"),
            ("2005-03-01/1135", "failed", "killed"),
        ],
        id="failed cycles",
    ),
    pytest.param(
        "settings-changes",
        ("setting", "setting_before", "setting_after", "approved_by", "why"),
        [("limits.name_share_max", "1", "2", "operator", "I want it so")],
        id="settings",
    ),
    pytest.param(
        "statement-differences",
        ("kind", "own_before", "api", "statement", "verdict"),
        [("cash", Decimal(97), Decimal(100), Decimal(100), "own differs")],
        id="statements",
    ),
    pytest.param("waiting", ("what", "subject"), [("break", "B-20"), ("break", "B-21")], id="what waits"),
    pytest.param(
        "halts", ("code", "reason", "resumed_why"), [("by the operator", "by hand", "looked at it")], id="halts"
    ),
    pytest.param("unsent-mails", ("kind", "means", "sent_at"), [("end", "mail", None)], id="unsent mails"),
    pytest.param("data-faults", ("symbol", "kind", "observed"), [("SPY", "unit", Decimal(40_000))], id="data faults"),
    pytest.param("data-sources", ("source", "symbol", "used"), [("folder", "SPY", True)], id="where data came from"),
    pytest.param(
        "scaled-targets", ("bound", "times", "smallest_factor"), [("leverage", 2, Decimal("0.8"))], id="scaled"
    ),
    pytest.param(
        "closest-limits", ("safeguard", "room_percent"), [("few_enough_orders", Decimal(98))], id="closest limit"
    ),
    pytest.param(
        "nothing-traded",
        ("what", "subject", "why"),
        [("orders sent", "", "1"), ("nothing to do", "AAPL", "in the band")],
        id="nothing traded",
    ),
)


@pytest.mark.parametrize(("name", "columns", "rows"), EXPECTED)
def test_the_answer_is_what_was_told(
    rehearsal: duckdb.DuckDBPyConnection, name: str, columns: Sequence[str], rows: list[tuple[object, ...]]
) -> None:
    assert told(rehearsal, name, columns)[: len(rows)] == rows


def test_what_a_strategy_earned_is_what_its_trades_cost_and_its_units_are_worth(
    rehearsal: duckdb.DuckDBPyConnection,
) -> None:
    found = told(rehearsal, "strategy-profit", ("strategy", "symbol", "quantity", "value", "cash_flow", "profit"))

    assert [row for row in found if row[0] != "no strategy"] == [
        ("fixed", "SPY", Decimal(12), Decimal(4800), Decimal("-4795.655"), Decimal("4.345")),
        ("trend", "SPY", Decimal(3), Decimal(1200), Decimal("-1199.007"), Decimal("0.993")),
    ]


def test_the_books_balance_in_every_currency(rehearsal: duckdb.DuckDBPyConnection) -> None:
    rows = told(rehearsal, "trial-balance", ("currency", "account", "balance"))

    assert [row for row in rows if row[1] == "sum"] == [("EUR", "sum", Decimal(0)), ("USD", "sum", Decimal(0))]
    assert ("USD", "cash", Decimal("93703.87")) in rows
    assert told(rehearsal, "postings", ("currency", "balance"))[-1] == ("USD", Decimal("93703.87"))


def test_how_nav_came_about_adds_up(rehearsal: duckdb.DuckDBPyConnection) -> None:
    rows = told(rehearsal, "nav-bridge", ("line", "amount"), day="2005-03-02")
    lines = {str(line): Decimal(str(amount)) for line, amount in rows}

    assert (lines["opening"], lines["closing"]) == (Decimal("115988.96"), Decimal("180558.87"))
    assert (lines["dividends"], lines["prior period"]) == (Decimal("5.9"), Decimal("3957.33"))
    moved = [amount for line, amount in lines.items() if line not in ("closing", "residual")]
    assert sum(moved) == lines["closing"]
    assert lines["residual"] == 0


def test_gains_are_told_by_contract_whether_sold_or_held(traded: duckdb.DuckDBPyConnection) -> None:
    gains = told(traded, "gains-and-losses", ("symbol", "realised", "unrealised", "commission", "total"))
    lots = told(traded, "open-lots", ("quantity", "basis", "unrealised"))

    assert gains == [("IBM", Decimal(0), Decimal("83.67"), Decimal(-3), Decimal("80.67"))]
    assert sum(Decimal(str(gain)) for _, _, gain in lots) == Decimal("83.67")
    assert sum(Decimal(str(units)) for units, _, _ in lots) == 150


def test_what_was_sold_is_told_by_month_and_contract(rehearsal: duckdb.DuckDBPyConnection) -> None:
    assert told(rehearsal, "realised", ("month", "symbol", "proceeds", "gross", "commission", "net"))[1] == (
        "2005-03", "AAPL", Decimal("290.5"), Decimal("10.4711934159"), Decimal("-0.35"), Decimal("10.1211934159")
    )  # fmt: skip


def test_what_was_held_on_a_day_is_what_the_book_held(sessions: Path, traded: duckdb.DuckDBPyConnection) -> None:
    book = replay(read_events(sessions))

    held = told(traded, "held", ("con_id", "quantity", "mark", "value"), day="2005-03-02")
    cash = told(traded, "cash", ("currency", "amount"), day="2005-03-02")

    assert held == [
        (con_id, units, Decimal("93.3"), units * Decimal("93.3")) for con_id, units in book.positions.items()
    ]
    assert cash == list(book.cash.items())


def test_another_day_is_another_answer(traded: duckdb.DuckDBPyConnection) -> None:
    assert told(traded, "held", ("mark",), day="2005-03-01") == [(Decimal("93.2"),)]
    assert told(traded, "held", ("mark",), day="2005-03-03") == []


def test_days_are_ranked_by_what_they_earned(traded: duckdb.DuckDBPyConnection) -> None:
    found = told(traded, "best-and-worst-days", ("profit", "base", "percent"))

    assert found == [
        (Decimal("65.67"), Decimal(100_000), Decimal("0.07")),
        (Decimal(15), Decimal("100065.67"), Decimal("0.01")),
    ]


def test_a_foreign_trade_and_its_break_are_told_with_their_amounts(traded: duckdb.DuckDBPyConnection) -> None:
    assert told(traded, "foreign-trades", ("quantity", "price", "commission")) == [
        (Decimal(50), Decimal("94.2"), Decimal(-1))
    ]
    assert told(traded, "breaks", ("break_id", "cause", "ending", "lasted_seconds", "why")) == [
        ("B-1", "foreign trade", "accepted", 5700, "my own trade, forgot")
    ]


def test_the_slowest_order_is_told_with_its_time(traded: duckdb.DuckDBPyConnection) -> None:
    assert told(traded, "slowest-orders", ("quantity", "acknowledged_after_ms", "filled_after_ms")) == [
        (Decimal(100), 2000, 41000)
    ]
    assert told(traded, "slow-lines", ("line", "total_ms"))[:2] == [("send", 41000), ("failed", 5000)]


def test_a_parameter_is_taken_or_refused_by_name() -> None:
    held = canned_by_name("held")

    assert held.filled({}) == {"day": "latest"}
    assert held.filled({"day": "2005-03-01"}) == {"day": "2005-03-01"}
    with pytest.raises(CannedError, match="held: expected --day, found --month"):
        held.filled({"month": "2005-03"})


def test_a_question_that_is_not_there_brings_those_like_it() -> None:
    with pytest.raises(CannedError, match="'hold'; did you mean held"):
        canned_by_name("hold")


def test_every_file_is_a_question() -> None:
    assert {file.stem for file in FILES.iterdir() if file.suffix == ".sql"} == set(NAMES)
