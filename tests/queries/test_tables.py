from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import EVENT_TYPES, CashDeposited, Fact, type_name
from ledger.events.fact import ENVELOPE_FIELDS
from ledger.line import Event
from ledger.log import LogError, read_events
from queries import TableError, connect
from queries.sql import ask
from queries.tables import ENVELOPE, VIEWS, columns_of, load, view_text
from tests.queries.history import closed, new_world, two_sessions


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return closed(two_sessions(tmp_path_factory.mktemp("home")))


def deposited(amount: str, seq: int = 0) -> Event:
    fact = CashDeposited(source="api", reference=f"r{seq}", amount=Decimal(amount), currency="USD")
    moment = datetime(2005, 3, 1, 15, tzinfo=UTC)
    return Event(
        seq, fact.type, 1, "0" * 16, (1, 1), fact.key, None, moment, None, None, None, fact, "0" * 64, "f" * 64
    )


@pytest.mark.parametrize("event_type", EVENT_TYPES, ids=type_name)
def test_every_event_type_has_a_table_with_every_field(event_type: type[Fact]) -> None:
    expected = [name for name, _ in ENVELOPE]
    expected += [name for name in event_type.model_fields if name not in ENVELOPE_FIELDS]

    described = load(()).execute(f"DESCRIBE {type_name(event_type)}").fetchall()

    assert [row[0] for row in described] == expected


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        ("order_filled", "price", "DECIMAL(38,12)"),
        ("order_filled", "con_id", "BIGINT"),
        ("order_filled", "recorded_at", "TIMESTAMP WITH TIME ZONE"),
        ("order_planned", "limit_price", "DECIMAL(38,12)"),
        ("cycle_started", "session_day", "DATE"),
        ("cycle_started", "session_open", "TIMESTAMP WITH TIME ZONE"),
        ("cycle_started", "versions", "MAP(VARCHAR, VARCHAR)"),
        ("trading_vetoed", "reasons", "VARCHAR[]"),
        ("targets_scaled", "con_ids", "BIGINT[]"),
        ("order_previewed", "accepted", "BOOLEAN"),
        ("snapshot_taken", "cash", "STRUCT(currency VARCHAR, amount DECIMAL(38,12), rate DECIMAL(38,12))[]"),
    ],
)
def test_a_column_has_the_type_of_its_field(table: str, column: str, kind: str) -> None:
    described = load(()).execute(f"DESCRIBE {table}").fetchall()

    assert {row[0]: row[1] for row in described}[column] == kind


def test_every_event_of_the_log_is_in_a_table_once(home: Path) -> None:
    events = list(read_events(home))

    rows = ask(connect(home), "SELECT seq, type, hash FROM events ORDER BY seq").rows

    assert list(rows) == [(event.seq, event.type, event.hash) for event in events]


def test_a_sum_over_money_equals_the_sum_of_the_facts_to_the_last_digit() -> None:
    amounts = ["0.1", "0.2", "-0.000000000001", "12345678901234.123456789012", "99999999999.99", "1000000.0000001"]

    found = load(deposited(a, i) for i, a in enumerate(amounts)).execute("SELECT sum(amount) FROM cash_deposited")

    assert found.fetchall() == [(sum(map(Decimal, amounts)),)]


def test_a_finer_number_widens_its_column_instead_of_being_rounded() -> None:
    fine = ["94.23333333333333", "0.00012345678901234567", "-1"]

    con = load(deposited(a, i) for i, a in enumerate(fine))

    assert con.execute("SELECT amount FROM cash_deposited ORDER BY seq").fetchall() == [(Decimal(a),) for a in fine]
    assert con.execute("SELECT typeof(amount) FROM cash_deposited LIMIT 1").fetchall() == [("DECIMAL(38,20)",)]


def test_a_finer_number_inside_a_row_is_kept_too(home: Path) -> None:
    rows = connect(home).execute("SELECT DISTINCT unnest(rows).average_cost FROM positions_observed").fetchall()

    assert rows == [(Decimal("92.02330000000001"),)]


def test_text_that_looks_like_a_fine_number_widens_nothing() -> None:
    event = deposited("1.5")
    noted = event._replace(fact=event.fact.model_copy(update={"note": "0.12345678901234567890"}))

    found = load([noted]).execute("SELECT typeof(amount), note FROM cash_deposited").fetchall()

    assert found == [("DECIMAL(38,12)", "0.12345678901234567890")]


@pytest.mark.parametrize("amount", ["1" + "0" * 26, "1" * 20 + ".0000000000000000000001"], ids=["large", "wide"])
def test_a_number_that_does_not_fit_is_an_error(amount: str) -> None:
    with pytest.raises(TableError, match=r"cash_deposited: expected values that fit"):
        load([deposited(amount)])


def test_awkward_text_arrives_as_it_was_written() -> None:
    text = 'a "quoted" \\ line\nbreak, \'single\', ümlaut, {"json": 1}'
    event = deposited("1")
    noted = event._replace(fact=event.fact.model_copy(update={"note": text}))

    assert load([noted]).execute("SELECT note FROM cash_deposited").fetchall() == [(text,)]


def test_a_home_without_a_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError):
        connect(tmp_path)


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_opens_with_the_question_it_answers(view: str) -> None:
    first = view_text(view).splitlines()[0]

    assert first.startswith("-- ")
    assert first.endswith("?")


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_neither_divides_nor_averages(view: str) -> None:
    statements = "\n".join(line for line in view_text(view).lower().splitlines() if not line.startswith("--"))

    assert "/" not in statements
    assert "avg(" not in statements


@pytest.mark.parametrize("view", [view for view in VIEWS if view != "trial_balance"])  # it holds what was adopted
def test_a_view_of_a_new_home_is_empty(view: str, tmp_path: Path) -> None:
    home = closed(new_world(tmp_path))

    assert ask(connect(home, wanted=[view]), f"FROM {view}").rows == ()


def test_no_column_of_the_views_is_a_floating_number(home: Path) -> None:
    con = connect(home)

    kinds = {row[1] for view in VIEWS for row in con.execute(f"DESCRIBE {view}").fetchall()}

    assert not {kind for kind in kinds if "DOUBLE" in kind or "FLOAT" in kind}


def test_columns_are_named_once(home: Path) -> None:
    names = {event_type: [name for name, _ in columns_of(event_type)] for event_type in EVENT_TYPES}

    assert all(len(set(columns)) == len(columns) for columns in names.values())
