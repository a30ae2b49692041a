"""What other programs need of the log: the books as plain text accounting, the events as tables, the facts' schema.

To add one: write the text in `queries/export/`, and a function here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.events import json_schema
from ledger.log import read_events
from ledger.log.head import read_head
from ledger.log.storage import var_folder
from queries.disk import bytes_text
from trader import exits
from trader.commands.home import home_of, refuse_foreign_log, zone_of
from trader.commands.moments import day_of
from trader.commands.output import require_free, require_new
from trader.commands.progress import bar

if TYPE_CHECKING:
    from queries.archive.writing import Exported
    from queries.export.transactions import Books

Until = Annotated[
    datetime | None,
    typer.Option("--until", metavar="DAY", parser=day_of, help="leave out what happened after this day"),
]
File = Annotated[Path | None, typer.Option("--output", help="the file to write; default: standard output")]
Folder = Annotated[
    Path,
    typer.Option(
        "--output", metavar="FOLDER", help="a new or an empty folder, for a file of each type", show_default=False
    ),
]

Uri = Annotated[str, typer.Argument(metavar="URI", help="a folder, or s3://BUCKET/PATH", show_default=False)]
Anew = Annotated[bool, typer.Option("--anew", help="write all of this account's days again, in place of what is there")]

EXPORT = typer.Typer(help="What others need to read the log.", no_args_is_help=True)


@EXPORT.callback()
def export() -> None:
    """Write what others need to read the log."""


@EXPORT.command("schema")
def schema() -> int:
    """Print the JSON Schema of every fact."""
    print(json.dumps(json_schema(), indent=1, ensure_ascii=False))
    return exits.FINE


@EXPORT.command("beancount")
def beancount(context: typer.Context, output: File = None, until: Until = None) -> int:
    """Write the books for beancount 3: lots at cost, and exact balances at each day's end.

    What is known now counts: corrections stand in the place of what they correct.
    """
    from queries.export.beancount import lines

    return _books(home_of(context), lines, output, until)


@EXPORT.command("hledger")
def hledger(context: typer.Context, output: File = None, until: Until = None) -> int:
    """Write the books for hledger: units at their total cost, and exact balances at each day's end."""
    from queries.export.hledger import lines

    return _books(home_of(context), lines, output, until)


@EXPORT.command("csv")
def csv(context: typer.Context, output: Folder, until: Until = None) -> int:
    """Write every event, a CSV file for each type; numbers are as exact as in the log."""
    from queries.export.tables import write_csv

    home = home_of(context)
    refuse_foreign_log(home)
    require_free(home, output)
    with _reading(home) as tell:
        _written(write_csv(read_events(home), output, _day(home, until), tell), output)
    return exits.FINE


@EXPORT.command("parquet")
def parquet(context: typer.Context, output: Folder, until: Until = None) -> int:
    """Write every event, a Parquet file for each type; numbers are DECIMAL."""
    from queries.export.tables import write_parquet

    home = home_of(context)
    refuse_foreign_log(home)
    require_free(home, output)
    _written(write_parquet(home, output, _day(home, until)), output)
    return exits.FINE


@EXPORT.command("delta")
def delta(context: typer.Context, uri: Uri, anew: Anew = False) -> int:
    """Write the sealed days that an archive lacks: a Delta Lake table in a folder or an S3 store, each day once.

    Any number of accounts may share one. A store's address and keys come from the environment (AWS_ENDPOINT_URL, …).
    """
    from queries.archive.writing import export

    home = home_of(context)
    refuse_foreign_log(home)
    require_apart(home, uri)
    with _reading(home) as tell:
        told = export(home, uri, anew=anew, tell=tell)
    print(exported_text(uri, told))
    for digest in told.missing:
        print(f"evidence {digest[:16]}…: named by the log, not in this home; restore a backup", file=sys.stderr)
    return exits.BAD_NEWS if told.missing else exits.FINE


def require_apart(home: Path, uri: str) -> None:
    """Refuse an archive within the home: a home's own folders are its own."""
    if "://" not in uri:
        require_free(home, Path(uri))


def exported_text(uri: str, told: Exported) -> str:
    """Say what an export did, in a line."""
    if not told.last_day:
        return f"{uri}: {told.account}: no day is sealed yet"
    files = f"{told.evidence:,} file{'s' if told.evidence > 1 else ''} of evidence"
    evidence = f", {files} ({bytes_text(told.evidence_bytes)})" if told.evidence else ""
    wrote = f"{told.days:,} days, {told.events:,} events{evidence}" if told.days else "nothing new"
    return f"{uri}: {told.account}: {wrote}; up to {told.last_day}"


def _books(home: Path, lines: Callable[[Books], Iterable[str]], output: Path | None, until: datetime | None) -> int:
    from ledger.collecting import uncollected
    from ledger.history import as_of
    from queries.export.gathering import gather
    from queries.export.transactions import Books

    refuse_foreign_log(home)
    require_new(home, output, "derived from its log")
    with _reading(home) as tell:
        moment = _day(home, until)
        events = read_events(home) if moment is None else as_of(lambda: read_events(home), moment)
        gathered = gather(events, tell)
    with uncollected():
        books = Books(gathered, zone_of(home))
        with bar("writing", books.steps) as books.tell:
            if output is None:
                sys.stdout.writelines(lines(books))
                return exits.FINE
            _write(lines(books), output)
    print(f"{output}: up to seq {gathered.book.seq:,}")
    return exits.FINE


def _write(lines: Iterable[str], output: Path) -> None:
    """Write a file that is there whole, or not at all."""
    aside = output.with_name(f".{output.name}.new")
    try:
        with aside.open("w", encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(output)
    finally:
        aside.unlink(missing_ok=True)


def _day(home: Path, until: datetime | None) -> datetime | None:
    from queries.export.transactions import day_end

    return None if until is None else day_end(until.date(), zone_of(home))


def _written(rows: dict[str, int], folder: Path) -> None:
    print(f"{folder}: {len(rows)} files, {sum(rows.values()):,} events")


@contextmanager
def _reading(home: Path) -> Iterator[Callable[[int], None]]:
    """Show how far the reading is, once it takes longer than two seconds."""
    head = read_head(var_folder(home))
    with bar("reading", head.seq if head is not None else 0) as tell:
        yield tell
