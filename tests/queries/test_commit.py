from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ledger.events import DayCommitted
from ledger.log import LogError
from queries import UnknownDay
from queries.commit import DATABASE, TABLES, commit
from tests.queries.history import TUESDAY, WEDNESDAY, closed, new_world, two_sessions


def rows_of(path: Path, question: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(question).fetchall()


def test_a_session_stands_in_the_database_with_its_snapshots_and_fills(tmp_path: Path) -> None:
    home = closed(two_sessions(tmp_path))

    found = commit(home, TUESDAY)

    assert (found.session_day, found.snapshots, found.fills, found.path) == (TUESDAY, 6, 3, home / DATABASE)
    assert rows_of(found.path, "SELECT session_day, count(*) FROM snapshots GROUP BY 1") == [(TUESDAY, 6)]
    assert rows_of(found.path, "SELECT sum(quantity), sum(commission) FROM fills") == [(Decimal(150), Decimal(-3))]


def test_committing_brings_every_session_up_to_the_day(tmp_path: Path) -> None:
    home = closed(two_sessions(tmp_path))

    found = commit(home)

    assert (found.session_day, found.snapshots, found.fills) == (WEDNESDAY, 1, 0)
    assert rows_of(found.path, "SELECT session_day, nav, profit FROM days") == [
        (TUESDAY, Decimal("100065.67"), Decimal("65.67")),
        (WEDNESDAY, Decimal("100080.67"), Decimal(15)),
    ]


def test_an_earlier_day_takes_nothing_away(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    world.quiet_cycle(WEDNESDAY, "16:35", "93.4", kind="close")
    home = closed(world)
    whole = commit(home, WEDNESDAY)

    earlier = commit(home, TUESDAY)

    assert (earlier.session_day, earlier.snapshots, earlier.fills) == (TUESDAY, 6, 3)
    assert rows_of(whole.path, "SELECT max(session_day), count(*) FROM snapshots") == [(WEDNESDAY, 8)]


def test_what_was_committed_once_stays_even_if_its_session_never_closed(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    world.record(DayCommitted(session_day=WEDNESDAY, snapshots=1, fills=0))

    found = commit(closed(world), TUESDAY)

    assert rows_of(found.path, "SELECT max(session_day) FROM snapshots") == [(WEDNESDAY,)]


def test_a_day_that_the_log_does_not_know_is_refused_and_the_database_stays(tmp_path: Path) -> None:
    home = closed(two_sessions(tmp_path))
    before = commit(home)

    with pytest.raises(UnknownDay, match="2005-03-05: expected a session of the log, found none"):
        commit(home, date(2005, 3, 5))

    assert rows_of(before.path, "SELECT count(*) FROM snapshots") == [(7,)]


def test_committing_again_changes_nothing(tmp_path: Path) -> None:
    home = closed(two_sessions(tmp_path))
    first = commit(home, TUESDAY)
    before = {name: rows_of(first.path, f"SELECT * REPLACE (0 AS seq) FROM {name}") for name in ("snapshots", "fills")}

    second = commit(home, TUESDAY)

    after = {name: rows_of(second.path, f"SELECT * REPLACE (0 AS seq) FROM {name}") for name in ("snapshots", "fills")}
    assert second == first
    assert after == before


def test_money_in_the_database_is_decimal(tmp_path: Path) -> None:
    found = commit(closed(two_sessions(tmp_path)))

    kinds = rows_of(
        found.path,
        "SELECT DISTINCT data_type FROM duckdb_columns() WHERE schema_name = 'main' AND column_name IN "
        "('nav', 'price', 'quantity', 'commission', 'notional', 'value', 'amount', 'profit')",
    )
    assert kinds
    assert all(str(kind).startswith("DECIMAL(38,") for (kind,) in kinds)


def test_nothing_is_left_beside_the_database(tmp_path: Path) -> None:
    home = closed(two_sessions(tmp_path))

    commit(home)

    assert [path.name for path in (home / "var").glob("tallybook*")] == ["tallybook.duckdb"]


def test_what_a_killed_commit_left_is_removed(tmp_path: Path) -> None:
    home = closed(two_sessions(tmp_path))
    left = home / "var" / "tallybook.duckdb.99999999.new"
    left.write_bytes(b"half a database")

    commit(home)

    assert not left.exists()


def test_a_reader_of_the_old_database_is_not_disturbed(tmp_path: Path) -> None:
    home = closed(two_sessions(tmp_path))
    old = commit(home, TUESDAY)
    with duckdb.connect(str(old.path), read_only=True) as reader:
        commit(home, WEDNESDAY)

        assert reader.execute("SELECT max(session_day) FROM snapshots").fetchall() == [(TUESDAY,)]
    assert rows_of(old.path, "SELECT max(session_day) FROM snapshots") == [(WEDNESDAY,)]


def test_a_home_without_a_session_gets_empty_tables(tmp_path: Path) -> None:
    found = commit(closed(new_world(tmp_path)))

    assert (found.session_day, found.snapshots, found.fills) == (None, 0, 0)
    assert all(rows_of(found.path, f"FROM {name}") == [] for name, _ in TABLES)


def test_a_home_without_a_log_gets_no_database(tmp_path: Path) -> None:
    with pytest.raises(LogError):
        commit(tmp_path)

    assert not (tmp_path / DATABASE).exists()
