"""Every daily bar that a decision was made from, as one Parquet file: var/data/bars/SHA256.parquet.

What a decision saw is kept as text, a series a file, by content hash (`var/data/ab/HASH.csv`): those are the evidence,
and each names the same days as the series of the day before but one. `keep` puts them together, in `tallybook commit`
alone: each day of each source's series once, as one of few series that together hold all of them tells it, the newest
first, with where it came from. The file is named by the hash of its own bytes; a reader opens it only if they fit, and
may delete it at any time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.log.disk import LOCAL
from queries.fence import quoted
from queries.staging import DIGITS, PLACES

if TYPE_CHECKING:
    import duckdb

FOLDER = Path("var") / "data" / "bars"
NUMBERS = ("open", "high", "low", "close", "volume", "adjusted_close")
COLUMNS = ("con_id", "symbol", "source", "day", *NUMBERS, "series_sha256", "origin", "fetched_at", "seq")
KINDS = {"con_id": "BIGINT", "day": "DATE", "fetched_at": "TIMESTAMPTZ", "seq": "BIGINT"}  # else a number or a text
TOLD = """
SELECT DISTINCT ON (source, con_id, sha256) *
FROM (
    SELECT * EXCLUDE (told), told.*
    FROM (
        SELECT seq, source, origin, coalesce(fetched_at, recorded_at) AS fetched_at, unnest(series) AS told
        FROM data_ingested
    )
)
ORDER BY seq DESC
"""
ONE_SERIES = """
SELECT {con_id} AS con_id, {symbol} AS symbol, {source} AS source, day, {numbers},
    {sha256} AS series_sha256, {origin} AS origin, {fetched_at} AS fetched_at, {seq} AS seq
FROM read_csv({path}, header = true, all_varchar = true)
WHERE day < {until}
"""


class Chosen(NamedTuple):
    """A series of which the days before `until` are taken."""

    values: dict[str, Any]
    until: date


def kept(home: Path) -> Path | None:
    """Return the file whose bytes fit its name; None where there is none."""
    for path in sorted((home / FOLDER).glob("*.parquet")):
        if fits(path):
            return path
    return None


def fits(path: Path) -> bool:
    """Tell whether a file holds what its name says."""
    try:
        return sha256(path.read_bytes()).hexdigest() == path.stem
    except OSError:
        return False


def keep(home: Path, con: duckdb.DuckDBPyConnection) -> Path | None:
    """Write the bars of a home's whole history, in place of the file before; None where no bar is kept.

    `con` holds the history (`queries.tables.unfenced`). A series whose text is missing or damaged is left out: `verify`
    tells of it.
    """
    questions = [_question(home, chosen) for chosen in _chosen(home, con)]
    if not questions:
        return None
    con.execute(f"CREATE OR REPLACE TEMP TABLE bar_texts AS {' UNION ALL '.join(questions)}")
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".bars.{os.getpid()}"
    try:
        ordered = f"{_typed('bar_texts', _places(con))} ORDER BY con_id, source, day"
        con.execute(f"COPY ({ordered}) TO {quoted(aside)} (FORMAT parquet, COMPRESSION zstd)")
        path = folder / f"{sha256(aside.read_bytes()).hexdigest()}.parquet"
        LOCAL.sync_file(aside)
        aside.replace(path)
        LOCAL.sync_folder(folder)
    finally:
        aside.unlink(missing_ok=True)
    for before in folder.glob("*.parquet"):
        if before != path:
            before.unlink(missing_ok=True)
    return path


def _chosen(home: Path, con: duckdb.DuckDBPyConnection) -> Iterator[Chosen]:
    """Choose few series that hold every day: the newest, and from there back always the one that reaches furthest."""
    found = con.execute(TOLD)
    names = [column[0] for column in found.description or ()]
    told: dict[tuple[object, object], dict[str, dict[str, Any]]] = {}  # by source and contract, the newest first
    for row in found.fetchall():
        one = dict(zip(names, row, strict=True))
        told.setdefault((one["source"], one["con_id"]), {})[str(one["sha256"])] = one
    for series in told.values():
        left, until = list(series.values()), date.max
        while left:
            whole = list(islice((one for one in _furthest(left, until) if _is_whole(home, str(one["sha256"]))), 1))
            yield from (Chosen(one, until) for one in whole)
            until = whole[0]["first"] if whole else date.min
            left = [one for one in left if one["first"] < until]


def _furthest(left: list[dict[str, Any]], until: date) -> list[dict[str, Any]]:
    """Order series by how much they tell of the days before one: up to the latest of these, then back the furthest."""
    if until == date.max:
        return left
    return sorted(left, key=lambda one: (-min(one["last"], until - timedelta(days=1)).toordinal(), one["first"]))


def _is_whole(home: Path, digest: str) -> bool:
    try:
        return sha256(_text_of(home, digest).read_bytes()).hexdigest() == digest
    except OSError:
        return False


def _text_of(home: Path, digest: str) -> Path:
    return home / "var" / "data" / digest[:2] / f"{digest}.csv"


def _question(home: Path, chosen: Chosen) -> str:
    values = {name: "NULL" if value is None else quoted(value) for name, value in chosen.values.items()}
    path = quoted(_text_of(home, str(chosen.values["sha256"])))
    return ONE_SERIES.format(**values, numbers=", ".join(NUMBERS), path=path, until=quoted(chosen.until))


def _places(con: duckdb.DuckDBPyConnection) -> int:
    """Return how many decimal places the finest number has; the usual ones at least."""
    finest = ", ".join(f"max(length(split_part({name}, '.', 2)))" for name in NUMBERS)
    return max(PLACES, *(found or 0 for found in con.execute(f"SELECT {finest} FROM bar_texts").fetchall()[0]))


def _typed(table: str, places: int) -> str:
    """Return the question for the columns of a table of texts; a number that needs more than 38 digits is an error."""
    kinds = dict.fromkeys(COLUMNS, "VARCHAR") | dict.fromkeys(NUMBERS, f"DECIMAL({DIGITS}, {places})") | KINDS
    return f"SELECT {', '.join(f'CAST({name} AS {kind}) AS {name}' for name, kind in kinds.items())} FROM {table}"


def relation(path: Path | None) -> str:
    """Return the question that reads the kept file; one without rows where there is none."""
    if path is not None:
        return f"SELECT * FROM read_parquet({quoted(path)})"
    nothing = ", ".join(f"NULL AS {name}" for name in COLUMNS)
    return _typed(f"(SELECT {nothing} WHERE false)", PLACES)
