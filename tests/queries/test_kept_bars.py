from __future__ import annotations

from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.events import DataIngested, SeriesRow
from queries import connect
from queries.commit import commit
from queries.kept_bars import FOLDER, kept
from queries.sql import ask
from queries.tables import unfenced
from queries.verification import verify
from queries.verification.subject import Subject
from tests.queries.history import IBM, World, closed, new_world

HEADER = "day,open,high,low,close,volume,adjusted_close\n"
MONDAY, TUESDAY, WEDNESDAY = "2005-02-28", "2005-03-01", "2005-03-02"


def line(day: str, close: str, adjusted: str = "") -> str:
    return f"{day},92.1,92.5,91.0,{close},4803200,{adjusted}\n"


def ingest(home: Path, world: World, *lines: str, source: str = "folder", origin: str | None = None) -> str:
    """Keep a series as a cycle does, and tell the log."""
    content = (HEADER + "".join(lines)).encode()
    digest = sha256(content).hexdigest()
    path = home / "var" / "data" / digest[:2] / f"{digest}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    first, last = (date.fromisoformat(row.partition(",")[0]) for row in (lines[0], lines[-1]))
    row = SeriesRow(con_id=IBM, symbol="IBM", sha256=digest, bars=len(lines), first=first, last=last)
    world.record(DataIngested(source=source, series=(row,), origin=origin))
    return digest


@pytest.fixture
def world(tmp_path: Path) -> World:
    return new_world(tmp_path)


def test_each_day_stands_once_as_the_newest_series_tells_it(tmp_path: Path, world: World) -> None:
    older = ingest(tmp_path, world, line(MONDAY, "92.0", "80.5"), line(TUESDAY, "92.3", "80.7"))
    newer = ingest(tmp_path, world, line(TUESDAY, "92.31", "80.71"), line(WEDNESDAY, "91.7", "80.2"))

    commit(closed(world))

    asked = "SELECT day, close, adjusted_close, series_sha256 FROM bars"
    assert ask(connect(tmp_path), asked).rows == (
        (date(2005, 2, 28), Decimal("92.0"), Decimal("80.5"), older),
        (date(2005, 3, 1), Decimal("92.31"), Decimal("80.71"), newer),
        (date(2005, 3, 2), Decimal("91.7"), Decimal("80.2"), newer),
    )


def test_the_file_says_where_each_bar_came_from(tmp_path: Path, world: World) -> None:
    ingest(tmp_path, world, line(MONDAY, "92.0"))
    ingest(tmp_path, world, line(MONDAY, "92.0"), source="stooq", origin="https://stooq.com/q/d/l/")

    commit(closed(world))

    assert ask(connect(tmp_path), "SELECT source, origin, symbol, adjusted_close FROM bars").rows == (
        ("folder", None, "IBM", None),
        ("stooq", "https://stooq.com/q/d/l/", "IBM", None),
    )


def test_the_file_is_named_by_the_hash_of_its_bytes_and_is_the_only_one(tmp_path: Path, world: World) -> None:
    ingest(tmp_path, world, line(MONDAY, "92.0"))
    commit(tmp_path)
    first = kept(tmp_path)
    ingest(tmp_path, world, line(MONDAY, "92.0"), line(TUESDAY, "92.3"))

    commit(closed(world))

    (path,) = (tmp_path / FOLDER).iterdir()
    assert path != first
    assert path.stem == sha256(path.read_bytes()).hexdigest()


def test_a_changed_file_is_not_opened_and_verify_tells_of_it(tmp_path: Path, world: World) -> None:
    ingest(tmp_path, world, line(MONDAY, "92.0"))
    commit(closed(world))
    path = kept(tmp_path)
    assert path is not None
    path.write_bytes(path.read_bytes() + b"\\0")

    found = {outcome.check: outcome.findings for outcome in verify(Subject(tmp_path)).outcomes}

    assert ask(connect(tmp_path), "FROM bars").rows == ()
    assert [finding.harmless for finding in found["bars"]] == [True]
    commit(tmp_path)
    assert len(ask(connect(tmp_path), "FROM bars").rows) == 1


def test_a_series_that_is_no_longer_what_was_kept_is_left_out(tmp_path: Path, world: World) -> None:
    ingest(tmp_path, world, line(MONDAY, "92.0"))
    damaged = ingest(tmp_path, world, line(MONDAY, "93.0"))
    (tmp_path / "var" / "data" / damaged[:2] / f"{damaged}.csv").write_text(HEADER + line(MONDAY, "99.0"))

    commit(closed(world))

    assert ask(connect(tmp_path), "SELECT close FROM bars").rows == ((Decimal("92.0"),),)


def test_a_home_without_bars_has_none_and_no_file(tmp_path: Path, world: World) -> None:
    commit(closed(world))

    assert ask(connect(tmp_path), "FROM bars").rows == ()
    assert not (tmp_path / FOLDER).exists()


def test_no_price_is_rounded(tmp_path: Path, world: World) -> None:
    ingest(tmp_path, world, line(MONDAY, "92.0000000000001"))

    commit(closed(world))

    assert ask(connect(tmp_path), "SELECT close FROM bars").rows == ((Decimal("92.0000000000001"),),)


def test_no_column_of_the_bars_is_a_floating_number(tmp_path: Path, world: World) -> None:
    ingest(tmp_path, world, line(MONDAY, "92.0"))
    commit(closed(world))

    kinds = {row[1] for row in unfenced(tmp_path).execute("DESCRIBE bars").fetchall()}

    assert kinds == {"BIGINT", "VARCHAR", "DATE", "DECIMAL(38,12)", "TIMESTAMP WITH TIME ZONE"}
