"""The typed tables and the analysis views over an archive: what they say is what they say of the home."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from ledger.line import decode
from queries.archive.errors import ArchiveMissing
from queries.archive.reading import lines, parquet_files, rebuilt
from queries.archive.typed import connect, show_events
from queries.archive.writing import export
from queries.fence import StatementError, new_database
from queries.relations import BOOK, VIEWS
from queries.sealed import seals
from queries.staging import EVENTS
from queries.tables import connect as connect_home
from tests.queries.archive.homes import ACCOUNT, EVERY_DAY, OTHER_ACCOUNT, sealed_lines
from tests.queries.history import FINE_COST

RELATIONS = (*VIEWS, *BOOK, EVENTS, "order_filled", "log_started", "cycle_started", "positions_observed")


@pytest.fixture(scope="module")
def archive(told: Path, told_of_another: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    uri = str(tmp_path_factory.mktemp("typed") / "archive")
    export(told, uri)
    export(told_of_another, uri, bytes_a_commit=EVERY_DAY)
    return uri


@pytest.fixture(scope="module")
def archived_home(archive: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home up to the day that the archive reaches."""
    return rebuilt(archive, ACCOUNT, tmp_path_factory.mktemp("typed") / "home")


def told_by(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[object, list[str]]:
    columns = con.execute(f"DESCRIBE {relation}").fetchall()
    return columns, sorted(map(repr, con.execute(f"SELECT * FROM {relation}").fetchall()))


def test_every_relation_says_of_the_archive_what_it_says_of_the_home(archive: str, archived_home: Path) -> None:
    of_archive = connect(archive, ACCOUNT, wanted=RELATIONS)
    of_home = connect_home(archived_home, wanted=RELATIONS)

    for relation in RELATIONS:
        assert told_by(of_archive, relation) == told_by(of_home, relation), relation


def test_numbers_finer_than_usual_are_not_rounded(archive: str) -> None:
    con = connect(archive, ACCOUNT, wanted=["positions_observed"])

    costs = con.execute("SELECT p.average_cost FROM (SELECT unnest(rows) AS p FROM positions_observed)").fetchall()
    assert FINE_COST in {cost for (cost,) in costs}


def test_only_what_is_wanted_is_there(archive: str) -> None:
    con = connect(archive, ACCOUNT, wanted=["fills"])

    assert con.execute("SELECT count(*) FROM fills").fetchall()[0][0] > 0
    with pytest.raises(duckdb.CatalogException):
        con.execute("FROM nav")


def test_the_fence_stands(archive: str, home: Path) -> None:
    con = connect(archive, ACCOUNT, wanted=[EVENTS])

    with pytest.raises(duckdb.Error):
        con.execute(f"FROM read_csv('{home}/tallybook.toml')")


def test_bars_are_not_archived_as_a_table(archive: str) -> None:
    with pytest.raises(StatementError, match="bars"):
        connect(archive, ACCOUNT, wanted=["bars"])


def test_many_accounts_stand_in_one_table_with_their_names_in_front(archive: str) -> None:
    con = new_database()
    show_events(con, archive, (EVENTS, "order_filled"))

    counted = con.execute("SELECT account, count(*) FROM events GROUP BY ALL ORDER BY ALL").fetchall()
    assert counted == [(name, len(list(lines(archive, name)))) for name in (ACCOUNT, OTHER_ACCOUNT)]
    assert [column[0] for column in con.execute("DESCRIBE order_filled").fetchall()][:2] == ["account", "seq"]


def test_some_accounts_are_enough(archive: str) -> None:
    con = new_database()
    show_events(con, archive, (EVENTS,), (OTHER_ACCOUNT,))

    assert con.execute("SELECT DISTINCT account FROM events").fetchall() == [(OTHER_ACCOUNT,)]
    with pytest.raises(ArchiveMissing, match="DU9999999"):
        show_events(new_database(), archive, (EVENTS,), (ACCOUNT, "DU9999999"))


def test_a_table_with_a_later_column_is_read_as_well(told: Path, told_of_another: Path, tmp_path: Path) -> None:
    from deltalake import DeltaTable, Field
    from deltalake.schema import PrimitiveType

    uri = str(tmp_path / "later")
    export(told, uri)
    DeltaTable(f"{uri}/events").alter.add_columns([Field("later", PrimitiveType("string"))])
    export(told_of_another, uri)

    con = connect(uri, OTHER_ACCOUNT, wanted=[EVENTS])

    assert con.execute("SELECT count(*) FROM events").fetchall() == [(len(sealed_lines(told_of_another)),)]


def made_older(uri: str) -> None:
    """Let every second row be of a schema that is no longer today's, in its columns too."""
    from pyarrow import Table, parquet

    for file in map(Path, parquet_files(uri)):
        table = parquet.read_table(file, partitioning=None)
        columns = {name: table.column(name).to_pylist() for name in table.column_names}
        for place in range(0, table.num_rows, 2):
            columns["schema"][place], columns["event"][place] = "0" * 16, '{"no": "longer read"}'
        parquet.write_table(Table.from_pydict(columns, schema=table.schema), file)


def test_rows_of_an_older_schema_are_read_through_their_lines(told: Path, archived_home: Path, tmp_path: Path) -> None:
    uri = str(tmp_path / "older")
    export(told, uri)
    made_older(uri)

    relations = (EVENTS, "order_filled", "fills", "nav", "positions_observed")
    of_archive, of_home = (
        connect(uri, ACCOUNT, wanted=relations), connect_home(archived_home, wanted=relations)
    )  # fmt: skip

    for relation in relations:
        assert told_by(of_archive, relation) == told_by(of_home, relation), relation


def test_older_rows_of_many_accounts_keep_their_names(told: Path, told_of_another: Path, tmp_path: Path) -> None:
    uri = str(tmp_path / "older")
    export(told, uri)
    export(told_of_another, uri)
    made_older(uri)
    con = new_database()
    show_events(con, uri, (EVENTS, "order_filled", "log_started"))

    for table in (EVENTS, "order_filled", "log_started"):
        named = con.execute(f"SELECT account, seq, hash FROM {table} ORDER BY ALL").fetchall()
        assert named == [
            (name, event.seq, event.hash)
            for name, home in ((ACCOUNT, told), (OTHER_ACCOUNT, told_of_another))
            for event in map(decode, sealed_lines(home))
            if table in (EVENTS, event.type)
        ]


# What anybody can type, without our code: which files count, from the table's own log, and what a day comes to.
FILES_THAT_COUNT = """
SET VARIABLE files = (
    SELECT list(concat('{uri}/events/', path)) FROM (
        SELECT coalesce(add.path, remove.path) AS path
        FROM read_json('{uri}/events/_delta_log/*.json', filename = true,
            columns = {{'add': 'STRUCT(path VARCHAR)', 'remove': 'STRUCT(path VARCHAR)'}})
        WHERE path IS NOT NULL
        GROUP BY ALL HAVING arg_max(add IS NOT NULL, filename)
    )
)"""


def test_duckdb_reads_and_checks_it_with_no_code_of_ours(told: Path, archive: str) -> None:
    con = duckdb.connect()
    con.execute(FILES_THAT_COUNT.format(uri=archive))
    rows = "read_parquet(getvariable('files'), hive_partitioning = true)"

    days = con.execute(
        f"""SELECT account, day, count(*),
            sha256(string_agg(line || chr(10), '' ORDER BY seq)) = any_value(day_sha256) AS as_sealed
        FROM {rows} GROUP BY ALL"""
    ).fetchall()
    fills = con.execute(
        f"""SELECT account, month, sum(CAST(event ->> 'quantity' AS DECIMAL(38, 12)))
        FROM {rows} WHERE type = 'order_filled' GROUP BY ALL ORDER BY ALL"""
    ).fetchall()

    assert len(days) == 2 * len(seals(told))
    assert all(as_sealed for *_, as_sealed in days)
    assert [row[0] for row in fills] == [ACCOUNT, OTHER_ACCOUNT]
