"""Asking the history: `sql`, and `ask` for the questions that come with it.

A question should take what DuckDB takes: `run` imports neither the other commands, nor all of the settings, nor the
vocabulary of events where a statement names no relation. What goes wrong is left to `app.py`, which has words for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.main import get_command

from queries.fence import bounded_room
from queries.formats import Answer, AnswerFormat, print_answer
from queries.past import Past
from queries.sql import COULD_NOT_RUN, TIMEOUT_SECONDS, Terms
from queries.sql import run as answer
from trader.calendar import NEW_YORK, ZONES
from trader.commands.moments import in_utc, moment_of
from trader.commands.output import require_free
from trader.commands.progress import bar, explained
from trader.schedule import FILE_NAME, Schedule, SettingsError, read_toml, schedule_of

FormatOption = Annotated[AnswerFormat, typer.Option("--format", help="table, csv, json, parquet or markdown")]
OutOption = Annotated[Path | None, typer.Option("--out", help="a file to write to", show_default=False)]
AsOfOption = Annotated[
    datetime | None,
    typer.Option("--as-of", parser=moment_of, metavar="DAY|MOMENT", help="what is known now of the time up to then"),
]
KnownAtOption = Annotated[
    datetime | None,
    typer.Option("--as-known-at", parser=moment_of, metavar="DAY|MOMENT", help="what was recorded by then"),
]
SECONDS_MAX = 1_000_000  # a timer takes no more
TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=0.001, max=SECONDS_MAX, help="seconds that the question may take")
]


def sql(
    context: typer.Context,
    statement: Annotated[str, typer.Argument(help="one question: SELECT …", show_default=False)],
    format: FormatOption = "table",
    out: OutOption = None,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    as_of: AsOfOption = None,
    as_known_at: KnownAtOption = None,
) -> int:
    """Ask the history in SQL: a view per event type, and fills, orders, cycles, nav, positions, cash.

    Money and quantities are exact decimals, and so are their sums; division (/, avg) gives floats.
    """
    home: Path = context.obj
    require_free(home, out)
    zone = _zone(home)
    past = _past(as_of, as_known_at, zone)
    with _watched(home, past) as tell:
        terms = Terms(zone, {}, timeout, past, tell)
        return answer(home, statement, format, terms=terms, out=out)


def ask(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="the question; without one, all are listed", show_default=False)] = "",
    format: FormatOption = "table",
    out: OutOption = None,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    as_of: AsOfOption = None,
    as_known_at: KnownAtOption = None,
) -> int:
    """Ask a question that comes with tallybook; what it may be told follows as --NAME VALUE.

    `ask` alone lists the questions; `ask NAME --format table` answers one; its SQL is a file to copy and change.
    """
    from queries.canned import CannedError, canned_by_name

    home: Path = context.obj
    try:
        given = _given(context.args)
        if not name and (out is not None or format == "parquet"):
            raise CannedError("expected the name of a question to write the answer of; tallybook ask lists them")
        if not name:
            print_answer(_listed(), format)
            return 0
        question = canned_by_name(name)
        parameters = question.filled(given)
    except CannedError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return COULD_NOT_RUN
    require_free(home, out)
    zone = _zone(home)
    past = _past(as_of, as_known_at, zone)
    with _watched(home, past) as tell:
        terms = Terms(zone, parameters, timeout, past, tell)
        return answer(home, question.sql, format, terms=terms, out=out)


@contextmanager
def _watched(home: Path, past: Past | None) -> Iterator[Callable[[int], None]]:
    """Show how far the log is read, and why that takes long; yield what is to be told the seq."""

    def cause() -> str:
        from queries.slowness import cause_of  # slow to import

        return cause_of(home, "" if past is None else f"{past.moment:%Y-%m-%d}")

    reading = bar("reading the log", partial(_last_seq, home), every=1)
    with bounded_room(), explained(cause), reading as tell:
        yield tell


def _last_seq(home: Path) -> int:
    from ledger.log.head import read_head
    from ledger.log.storage import var_folder

    head = read_head(var_folder(home))
    return 0 if head is None else head.seq


def _past(as_of: datetime | None, as_known_at: datetime | None, zone: str) -> Past | None:
    """Take a clock's time as that of the home's zone."""
    told = as_known_at or as_of
    if told is None:
        return None
    if as_of is not None and as_known_at is not None:
        raise typer.BadParameter("expected --as-of or --as-known-at, found both")
    return Past(in_utc(told, zone), as_known_at is not None)


def _given(words: list[str]) -> dict[str, str]:
    """Read `--name value` and `--name=value`."""
    from queries.canned import CannedError

    given, left = dict[str, str](), list(words)
    while left:
        word = left.pop(0)
        name, equals, value = word.partition("=")
        if not name.startswith("--") or not (equals or left):
            raise CannedError(f"expected --NAME VALUE, found {word!r}")
        given[name.removeprefix("--").replace("-", "_")] = value if equals else left.pop(0)
    return given


def _listed() -> Answer:
    """Return every question with what it may be told."""
    from queries.canned import canned

    rows = []
    for question in canned():
        told = (
            f"--{each.name}" if each.default is None else f"[--{each.name} {each.default}]"
            for each in question.parameters
        )  # fmt: skip
        rows.append((question.name, question.question, " ".join(told)))
    return Answer(("name", "question", "may be told"), tuple(rows))


# What else stands on the command line is for the question itself.
TAKES_MORE = {"ask": {"allow_extra_args": True, "ignore_unknown_options": True}}
COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("sql", sql), ("ask", ask))


def run(arguments: list[str], home: Path) -> int:
    """Run one of these commands; return its exit status. Raises what `app.py` has words for."""
    plain = _without_home(arguments)
    status: object = _command()(plain, prog_name="tallybook", standalone_mode=False, obj=home.absolute())
    return status if isinstance(status, int) else 0


@cache
def _command() -> Callable[..., object]:
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    for name, function in COMMANDS:
        app.command(name, context_settings=TAKES_MORE.get(name))(function)
    return get_command(app)


def _without_home(arguments: list[str]) -> list[str]:
    for place, word in enumerate(arguments):
        if word == "--home":
            return [*arguments[:place], *arguments[place + 2 :]]
        if word.startswith("--home="):
            return [*arguments[:place], *arguments[place + 1 :]]
    return arguments


def _zone(home: Path) -> str:
    """Name the zone of a home's days; refuse another account's log first, as every question about the past does.

    Settings that cannot be read hinder none.
    """
    try:
        toml = read_toml(home)
        schedule = schedule_of(toml, home / FILE_NAME)
    except SettingsError:
        return NEW_YORK.key
    if not _is_own(home, toml, schedule):
        from trader.commands.home import refuse_foreign_log

        refuse_foreign_log(home)
    return ZONES.get(schedule.calendar, NEW_YORK.key)


def _is_own(home: Path, toml: dict[str, Any], schedule: Schedule) -> bool:
    """Tell at a glance whether the log's first line names the account, mode and clock of the settings."""
    account = toml.get("account")
    first = min((home / "var" / "events").glob("*.jsonl"), default=None)
    if first is None or not isinstance(account, dict):
        return False
    with first.open("rb") as file:
        line = file.readline()
    try:
        genesis = json.loads(line)["fact"]
        told = (genesis["account"], genesis["mode"], genesis["clock"])
    except (ValueError, KeyError, TypeError):
        return False
    clock = "system" if schedule.control is None else "simulated"
    return told == (account.get("id"), account.get("mode", "paper"), clock)
