"""The events as files, one for each type: CSV with every digit as it stands in the log, or Parquet with DECIMAL.

The columns are those of `tallybook sql`: the envelope, then the fact's own fields. In CSV, what is a list or a row is
JSON, with money as text. A type that never happened has no file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from ledger.events import BY_NAME, EVENT_TYPES, instant_text, type_name
from ledger.events.fact import ENVELOPE_FIELDS
from ledger.line import Event
from queries.database import does_not_fit
from queries.fence import quoted
from queries.formats import csv_writer
from queries.staging import ENVELOPE, columns_of
from queries.tables import unfenced

Written = dict[str, int]  # rows by type


class NotEmpty(OSError):
    """The folder to write to holds something already."""


def write_csv(
    events: Iterable[Event], folder: Path, until: datetime | None, tell: Callable[[int], None] = lambda _: None
) -> Written:
    """Write one file a type, in one pass; return how many rows each holds."""
    _require_empty(folder)
    written: Written = {}
    writers: dict[str, Any] = {}
    names: dict[str, list[str]] = {}
    with ExitStack() as open_files:
        for event in events:
            tell(event.seq)
            if until is not None and event.at > until:
                continue
            writer = writers.get(event.type)
            if writer is None:
                path = folder / f"{event.type}.csv"
                file = open_files.enter_context(path.open("w", newline="", encoding="utf-8"))
                writer = writers[event.type] = csv_writer(file)
                columns = [name for name, _ in columns_of(type(event.fact))]
                names[event.type] = columns[len(ENVELOPE) :]
                writer.writerow(columns)
            writer.writerow(_row(event, names[event.type]))
            written[event.type] = written.get(event.type, 0) + 1
    return written


def write_parquet(home: Path, folder: Path, until: datetime | None) -> Written:
    """Write one file a type, from the Parquet copies of sealed days and from lines; return how many rows each holds."""
    import duckdb

    _require_empty(folder)
    written: Written = {}
    con = unfenced(home, wanted=BY_NAME)
    try:
        for event_type in EVENT_TYPES:
            table = type_name(event_type)
            wanted = f"coalesce(occurred_at, recorded_at) <= '{instant_text(until)}'" if until is not None else "true"
            rows = con.execute(f"SELECT count(*) FROM {table} WHERE {wanted}").fetchall()[0][0]
            if not rows:
                continue
            question = f"SELECT * FROM {table} WHERE {wanted} ORDER BY seq"
            path = folder / f"{table}.parquet"
            try:
                con.execute(f"COPY ({question}) TO {quoted(path)} (FORMAT parquet, COMPRESSION zstd)")
            except duckdb.Error as error:
                raise does_not_fit(table, error) from error
            written[table] = rows
    finally:
        con.close()
    return written


def _row(event: Event, names: list[str]) -> list[str]:
    """Spell an event; absent values are empty."""
    moments = (event.recorded_at, event.occurred_at)
    envelope = (
        str(event.seq), *("" if moment is None else instant_text(moment) for moment in moments),
        "" if event.cycle is None else str(event.cycle), event.key or "",
        *("" if day is None else day.isoformat() for day in (event.trade_date, event.report_date)), event.hash,
    )  # fmt: skip
    payload = json.loads(event.fact.__pydantic_serializer__.to_json(event.fact, exclude=set(ENVELOPE_FIELDS)))
    return [*envelope, *(_cell(payload[name]) for name in names)]


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _require_empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise NotEmpty(0, "expected a new or an empty folder, found files in it", str(folder))
