"""`tallybook fleet run`: one of the engine's tasks over many accounts, on this machine or on Spark."""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from queries.formats import Answer, Format, print_answer
from trader import exits
from trader.commands.output import require_free
from trader.commands.progress import bar
from trader.commands.report import RANGE_HELP, range_of
from trader.fleet.accounts import FLEET_FILE, FleetWrong, read_fleet
from trader.fleet.engine import local
from trader.fleet.engine.sealed_home import sealed_home
from trader.fleet.engine.tasks import TASKS, Bring
from trader.fleet.engine.terms import Terms
from trader.schedule import SettingsError

Engine = Literal["local", "spark"]
TASK_HELP = "; ".join(f"{name}: {task.about}" for name, task in TASKS.items())
TIMEOUT_SECONDS, SECONDS_MAX = 3600.0, 1_000_000  # a timer takes no more
FAILURES_MAX = 4  # of one task of Spark on this machine, as clusters have it


def run(
    task: Annotated[str, typer.Argument(metavar="TASK", help=TASK_HELP, show_default=False)],
    engine: Annotated[Engine, typer.Option("--engine", help="local: processes here; spark: a cluster")] = "local",
    master: Annotated[str, typer.Option("--master", help="with spark: its URL; default: this machine")] = "",
    archive: Annotated[
        str, typer.Option("--archive", metavar="URI", help="the accounts of an archive, not of the fleet file's homes")
    ] = "",
    period: Annotated[str, typer.Option("--period", help=RANGE_HELP, show_default=False)] = "",
    other: Annotated[
        Path | None, typer.Option("--with", metavar="FILE", help="for limits: sections laid over what each cycle kept")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="a file for what was found, a line of JSON each")] = None,
    file: Annotated[Path, typer.Option("--file", help="the fleet file")] = Path(FLEET_FILE),
    group: Annotated[list[str] | None, typer.Option("--group", help="these accounts alone; may be repeated")] = None,
    account: Annotated[list[str] | None, typer.Option("--account", help="this account alone; may be repeated")] = None,
    processes: Annotated[int | None, typer.Option("--processes", min=1, help="accounts at a time, here")] = None,
    format: Annotated[Format, typer.Option("--format", help="table, csv or json: of what is printed")] = "table",
    timeout: Annotated[
        float, typer.Option("--timeout", min=1, max=SECONDS_MAX, help="seconds that one account may take, here")
    ] = TIMEOUT_SECONDS,
) -> int:
    """Ask the sealed history of each account; the same bytes from either engine (exit: the worst account's)."""
    if task not in TASKS:
        raise typer.BadParameter(f"expected one of {', '.join(TASKS)}; found {task!r}", param_hint="'TASK'")
    first, last = range_of(period) if period else (None, None)
    terms = Terms(first, last, _settings(other))
    if (engine == "spark" or master) and not (archive and engine == "spark"):
        raise typer.BadParameter("--engine spark and --master need each other's --archive URI", param_hint="'--engine'")
    if archive:
        wanted = accounts_of(file, group) + tuple(account or ())
        at_a_time = processes or os.cpu_count() or 1
        lines = _archived(
            task, engine, master or f"local[{at_a_time},{FAILURES_MAX}]", archive, wanted, terms, at_a_time, timeout
        )
    else:
        fleet = read_fleet(file)
        members = fleet.chosen(group or (), account or ())
        for member in members:
            require_free(member.home, out)
        homes = {member.name: partial(sealed_home, member.home.resolve()) for member in members}
        lines = _here(task, homes, terms, processes or fleet.processes, timeout)
    return _tell(lines, out, format)


def accounts_of(file: Path, group: Sequence[str] | None) -> tuple[str, ...]:
    """Return the accounts of groups, which only a fleet file knows."""
    return tuple(member.name for member in read_fleet(file).chosen(group, ())) if group else ()


def _settings(path: Path | None) -> Mapping[str, Any] | None:
    if path is None:
        return None
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: expected sections of settings in TOML, found: {error}") from error


def _archived(
    task: str,
    engine: Engine,
    master: str,
    uri: str,
    wanted: Sequence[str],
    terms: Terms,
    processes: int,
    timeout: float,
) -> Iterable[str]:
    from trader.fleet.engine.archived_home import archived, archived_home

    files = archived(uri, wanted)
    if engine == "spark":
        from trader.fleet.engine.spark import run as on_spark

        return on_spark(task, uri, files, terms, master)
    evidence = TASKS[task].reads_evidence
    homes = {name: partial(archived_home, uri, mine, evidence) for name, mine in files.items()}
    return _here(task, homes, terms, processes, timeout)


def _here(task: str, homes: Mapping[str, Bring], terms: Terms, processes: int, timeout: float) -> Iterator[str]:
    with bar(f"{task}, {len(homes)} accounts", len(homes), every=1) as tell:
        yield from local.run(task, homes, terms, processes, timeout, tell)


def _tell(lines: Iterable[str], out: Path | None, format: Format) -> int:
    """Write the lines, and print a line an account, the worst first; return the exit status of the worst."""
    told = list(lines)
    if out is not None:
        try:
            out.write_text("".join(f"{each}\n" for each in told), encoding="utf-8")
        except OSError as error:
            raise FleetWrong(f"{out}: expected a file that can be written, found: {error.strerror}") from error
    answers = sorted((json.loads(each) for each in told), key=lambda one: (-one["exit"], one["account"]))
    rows = tuple((one["account"], one["exit"], _shown(one["found"])) for one in answers)
    worst = max((one["exit"] for one in answers), default=exits.FINE)
    print_answer(Answer(("account", "exit", "found"), rows), format)
    bad = sum(one["exit"] != exits.FINE for one in answers)
    sys.stderr.write(f"{len(rows)} accounts{f', {bad} with bad news' if bad else ''}\n")
    return int(worst)


def _shown(found: Mapping[str, Any]) -> str:
    """Spell what was found in a line: figures as they are, of lists how many."""
    if "error" in found:
        return str(found["error"])
    return ", ".join(f"{name} {len(told) if isinstance(told, list | dict) else told}" for name, told in found.items())
