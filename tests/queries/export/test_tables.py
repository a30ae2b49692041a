"""The events as files: every one of them, in CSV as exact as in the log, in Parquet as DECIMAL."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import duckdb
import pytest

from ledger.events import OrderFilled, decimal_text
from ledger.log import read_events
from queries.export.tables import NotEmpty, write_csv, write_parquet
from queries.export.transactions import day_end
from queries.tables import HOME_ZONE
from tests.queries.history import TUESDAY, closed, two_sessions


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return closed(two_sessions(tmp_path / "home"))


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_event_is_a_row_of_the_file_of_its_type(home: Path, tmp_path: Path) -> None:
    events = list(read_events(home))

    written = write_csv(events, tmp_path / "csv", None)

    found = {path.stem: rows(path) for path in (tmp_path / "csv").iterdir()}
    assert {name: len(of_type) for name, of_type in found.items()} == written
    assert sorted(int(row["seq"]) for of_type in found.values() for row in of_type) == [event.seq for event in events]
    assert {row["hash"] for of_type in found.values() for row in of_type} == {event.hash for event in events}


def test_a_number_in_csv_has_the_digits_of_the_log_and_a_list_is_json_with_numbers_as_text(
    home: Path, tmp_path: Path
) -> None:
    fills = [event.fact for event in read_events(home) if isinstance(event.fact, OrderFilled)]

    write_csv(read_events(home), tmp_path / "csv", None)

    told = rows(tmp_path / "csv" / "order_filled.csv")
    assert [(row["quantity"], row["price"]) for row in told] == [
        (decimal_text(fill.quantity), decimal_text(fill.price)) for fill in fills
    ]
    held = json.loads(rows(tmp_path / "csv" / "positions_observed.csv")[-1]["rows"])
    assert all(isinstance(row["quantity"], str) for row in held)
    assert held


def test_parquet_holds_the_same_rows_with_exact_numbers(home: Path, tmp_path: Path) -> None:
    fills = [event.fact for event in read_events(home) if isinstance(event.fact, OrderFilled)]

    written = write_parquet(home, tmp_path / "parquet", None)

    assert written == write_csv(read_events(home), tmp_path / "csv", None)
    path = tmp_path / "parquet" / "order_filled.parquet"
    told = duckdb.connect().execute(f"FROM '{path}' SELECT quantity, price, typeof(price) ORDER BY seq").fetchall()
    assert told == [(fill.quantity, fill.price, "DECIMAL(38,12)") for fill in fills]


def test_what_happened_after_the_day_is_left_out_of_both(home: Path, tmp_path: Path) -> None:
    until = day_end(TUESDAY, HOME_ZONE)
    early = [event for event in read_events(home) if event.at <= until]

    as_csv = write_csv(read_events(home), tmp_path / "csv", until)
    as_parquet = write_parquet(home, tmp_path / "parquet", until)

    assert as_csv == as_parquet
    assert 0 < sum(as_csv.values()) == len(early) < len(list(read_events(home)))


def test_a_folder_that_holds_something_is_refused_and_left_alone(home: Path, tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("kept", encoding="utf-8")

    with pytest.raises(NotEmpty, match="empty folder"):
        write_csv(read_events(home), tmp_path, None)
    with pytest.raises(NotEmpty, match="empty folder"):
        write_parquet(home, tmp_path, None)

    assert (tmp_path / "kept.txt").read_text(encoding="utf-8") == "kept"
