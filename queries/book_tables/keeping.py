"""The book's tables of sealed days, as Parquet beside that of the events, in the same manifest.

`keep_books` writes, in `tallybook commit` alone. A day's tables are those of the fold from the checkpoint before it;
what a late fact changes of days before stands among its own day's changes, so that what is written stays right. From
the first unit on that is not usable, all are written anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from ledger.log import Seal
from queries import book_columns as columns
from queries.book_columns import BRIDGES, DISPOSED, FLOWS, JOURNAL, KEPT
from queries.book_tables.folding import Wanted, fold
from queries.book_tables.following import Follower, Row
from queries.book_tables.rows import fill_rows, together
from queries.fence import new_database
from queries.parquet import SAVED_EVERY_SECONDS, put_in_place, written
from queries.pinned import FOLDER, Day, File, Unit, alone, bound_manifest, periods, usable, write_manifest

SUMMED: Mapping[str, str] = {  # what rows of one unit come to; the journal and bridges stay as they are
    JOURNAL: "SELECT * FROM ({rows}) ORDER BY seq",
    BRIDGES: "SELECT * FROM ({rows}) ORDER BY session_day, place",
    DISPOSED: "SELECT CAST(sum(times) AS BIGINT) AS times, * EXCLUDE (times) FROM ({rows}) GROUP BY ALL "
    "HAVING sum(times) <> 0 ORDER BY closed_at, closed_by, opened_at",
    FLOWS: "SELECT strategy, con_id, currency, sum(amount) AS amount FROM ({rows}) GROUP BY ALL "
    "HAVING sum(amount) <> 0 ORDER BY ALL",
}


def keep_books(home: Path, tell: Callable[[int], None] = lambda _: None) -> int:
    """Bring the book's tables up to the last copied day; return how many units were written.

    `tell` is told the seq up to which was folded, beyond those that were copied before.
    """
    folder = home / FOLDER
    with alone(folder):
        manifest = bound_manifest(home)
        wanted = [(f"books/{name.partition('/')[2]}", days) for name, days in periods(home)]
        good = list[Unit]()
        for unit, (name, days) in zip(manifest.books, wanted, strict=False):
            if (unit.name, unit.days) != (name, days) or not usable(home, unit):
                break
            good.append(unit)
        rest = wanted[len(good) :]
        if rest:
            keeping = _Keeping(
                home, rest, lambda seq: tell(rest[-1][1][-1].last_seq + seq),
                lambda units: write_manifest(folder, manifest.model_copy(update={"books": (*good, *units)})),
            )  # fmt: skip
            last, after = rest[-1][1][-1], None if not good else good[-1].days[-1]
            seal = None if after is None else Seal(after.file, after.last_seq, after.head_hash)
            fold(home, Wanted(seal, until_seq=last.last_seq, bridged=True), keeping.visit)
            good += keeping.units
        if tuple(good) != manifest.books:
            write_manifest(folder, manifest.model_copy(update={"books": tuple(good)}))
        return len(rest)


@dataclass
class _Keeping:
    """Units that are written as soon as everything of them is told."""

    home: Path
    wanted: list[tuple[str, tuple[Day, ...]]]
    tell: Callable[[int], None]
    save: Callable[[list[Unit]], None]
    units: list[Unit] = field(default_factory=list)
    _follower: Follower | None = None
    _saved: float = field(default_factory=monotonic)

    def visit(self, follower: Follower) -> None:
        """Write the units that lie before the book's last seq; a fold that begins again writes them again."""
        if follower is not self._follower:
            self._follower, self.units = follower, []
        self.tell(follower.book.seq)
        while len(self.units) < len(self.wanted):
            name, days = self.wanted[len(self.units)]
            if follower.book.seq < days[-1].last_seq:
                return
            rows = {table: _taken(told, days[0].first_seq, days[-1].last_seq) for table, told in follower.rows.items()}
            self.units.append(_written(self.home, name, days, rows))
            if monotonic() - self._saved > SAVED_EVERY_SECONDS:
                self.save(self.units)
                self._saved = monotonic()


def _taken(told: list[Row], first: int, last: int) -> list[Row]:
    """Take rows of some facts out of those told, and drop those of before."""
    found = [row for row in told if first <= row.seq <= last]
    told[:] = [row for row in told if row.seq > last]
    return found


def _written(home: Path, name: str, days: tuple[Day, ...], rows: Mapping[str, list[Row]]) -> Unit:
    con = new_database()

    def write(aside: Path) -> tuple[File, ...]:
        files = []
        for table in KEPT:
            part = fill_rows(con, f"told_{table}", KEPT[table], (row.values for row in rows[table]))
            question = SUMMED[table].format(rows=together(table, [part]))
            places = {column: finer for (_, column), finer in part.places.items()}
            files.append(written(con, aside, question, table, columns.fingerprint(table), places))
        return tuple(files)

    try:
        return put_in_place(home, name, days, write)
    finally:
        con.close()
