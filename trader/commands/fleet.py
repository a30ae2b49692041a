"""`tallybook fleet …`: the same commands over many accounts, a line each, the worst first.

Not in the list of commands: who has one account never needs it. To let another command be asked of a fleet, add it to
`ASKED`, with the line of what it says that stands for an account.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from typer.main import get_command

from queries.fence import bounded_room
from queries.formats import Answer, Format, print_answer
from trader import exits
from trader.commands import app
from trader.commands.fleet_run import SECONDS_MAX, TIMEOUT_SECONDS, accounts_of
from trader.commands.fleet_run import run as run_task
from trader.commands.output import require_free
from trader.commands.progress import bar
from trader.fleet.accounts import FLEET_FILE, Fleet, Member, read_fleet
from trader.fleet.asking import Said, ask_all, save, worst_first
from trader.fleet.totals import RATES, Standing, rate_of, standing, table

if TYPE_CHECKING:
    from queries.many import Opened

FLEET = typer.Typer(help="Ask many accounts at once: docs/scale.md.", no_args_is_help=True, add_completion=False)
TAKES_MORE = {"allow_extra_args": True, "ignore_unknown_options": True}


def _first(lines: Sequence[str]) -> str:
    return lines[0]


def _last(lines: Sequence[str]) -> str:
    return lines[-1]


def _verified(lines: Sequence[str]) -> str:
    return next((line for line in lines if "checks in" in line), lines[-1])


def _compared(lines: Sequence[str]) -> str:
    """Say of each kind how much agrees and how much differs, what differs first; the figures are the account's own."""
    kinds = [" ".join(line.split()) for line in lines if not line.startswith(" ") and "for information" not in line]
    return "; ".join(sorted(kinds, key=lambda kind: " differ" not in kind))


ASKED: Mapping[str, tuple[str, Callable[[Sequence[str]], str]]] = {
    "cycle": ("Run the cycle that is due, in each account", _last),
    "verify": ("Check every file of each account", _verified),
    "audit": ("Decide a day, a month or a year of each account again", _last),
    "reconcile": ("Hold the book of each account beside what its broker said", _compared),
    "report": ("Write a report of each account (--into FOLDER keeps them)", _first),
    "export": ("Write the sealed days of each account into an archive: export delta URI", _last),
    "commit": ("Write the Parquet copies of each account", _last),
}

FileOption = Annotated[Path, typer.Option("--file", help="the fleet file", show_default=True)]
GroupOption = Annotated[list[str] | None, typer.Option("--group", help="these accounts alone; may be repeated")]
AccountOption = Annotated[list[str] | None, typer.Option("--account", help="this account alone; may be repeated")]
ProcessesOption = Annotated[int | None, typer.Option("--processes", min=1, help="accounts at a time")]
FormatOption = Annotated[Format, typer.Option("--format", help="table, csv or json: of the lines")]
IntoOption = Annotated[Path | None, typer.Option("--into", help="a folder for what each account says, a file each")]
ArchiveOption = Annotated[
    str, typer.Option("--archive", metavar="URI", help="the accounts of an archive, not of the fleet file's homes")
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", min=1, max=SECONDS_MAX, help="seconds that one account may take")
]


@FLEET.command("status")
def status(
    file: FileOption = Path(FLEET_FILE),
    group: GroupOption = None,
    account: AccountOption = None,
    processes: ProcessesOption = None,
    format: FormatOption = "table",
    timeout: TimeoutOption = TIMEOUT_SECONDS,
) -> int:
    """Show where each account stands, the worst first, and what they come to (exit: the worst account's)."""
    fleet = read_fleet(file)
    members = fleet.chosen(group or (), account or ())
    at_a_time = processes or fleet.processes
    said = _ask("status", members, ("status", "--format", "json"), at_a_time, timeout)
    standings = _with_rates(fleet, [standing(one) for one in said], at_a_time, timeout)
    print_answer(table(standings, fleet.currency), format)
    return worst(said)


def _with_rates(fleet: Fleet, standings: Sequence[Standing], processes: int, timeout: float) -> list[Standing]:
    """Give each account its rate; only one in another currency is asked for it."""
    own = {one.said.member: one.told["base_currency"] for one in standings if one.told is not None}
    others = [member for member, currency in own.items() if currency != fleet.currency]
    rates: dict[Member, Decimal | None] = dict.fromkeys(own, Decimal(1))
    if others:
        said = _ask("rates", others, ("sql", RATES, "--format", "json"), processes, timeout)
        rates |= {one.member: rate_of(one, fleet.currency) for one in said}
    return [replace(one, rate=rates.get(one.said.member)) for one in standings]


@FLEET.command("sql")
def sql(
    statement: Annotated[str, typer.Argument(help="one question: SELECT …", show_default=False)],
    file: FileOption = Path(FLEET_FILE),
    group: GroupOption = None,
    account: AccountOption = None,
    processes: ProcessesOption = None,
    format: FormatOption = "table",
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    archive: ArchiveOption = "",
) -> int:
    """Ask the histories of many accounts in SQL: every relation of `tallybook sql`, with `account` in front.

    With --archive, of the sealed days that an archive holds, without a fleet file. An account that could not be asked
    is told on standard error, and is not among the answer (exit 2).
    """
    from queries.many import connect_archived, named
    from queries.sql import StatementError, Terms, ask

    def opened(tables: Collection[str], derived: Collection[str], folder: Path) -> Opened:
        if archive:
            wanted = (*accounts_of(file, group), *(account or ()))
            with bounded_room():
                return connect_archived(archive, wanted, tables, derived, folder)
        fleet = read_fleet(file)
        chosen = fleet.chosen(group or (), account or ())
        return _of_homes(chosen, tables, derived, folder, processes or fleet.processes, timeout)

    with TemporaryDirectory(prefix="tallybook-fleet-") as folder:
        try:
            tables, derived = named(statement)
            found = opened(tables, derived, Path(folder))
            with bounded_room():
                answer = ask(found.connection, statement, Terms(timeout_seconds=timeout))
        except StatementError as error:
            sys.stderr.write(f"{error.code}: {error}\n")
            return exits.COULD_NOT
    print_answer(answer, format)
    sys.stderr.writelines(f"{name}: {why}\n" for name, why in sorted(found.lost.items()))
    return exits.COULD_NOT if found.lost else exits.FINE


def _of_homes(
    members: Sequence[Member],
    tables: Collection[str],
    derived: Collection[str],
    folder: Path,
    processes: int,
    timeout: float,
) -> Opened:
    """Return the database of those homes that could be asked, and why the others are not in it."""
    from queries.many import Made, connect

    said = _make(members, derived, folder, processes, timeout)
    lost = {one.member.name: one.last_error for one in said if one.status != exits.FINE}
    good = {member.name: member.home for member in members if member.name not in lost}
    made = [Made(name, whose, folder / f"{whose}.{name}.parquet") for name in derived for whose in good]
    with bounded_room():
        found = connect(good, tables, made)
    return found._replace(lost={**lost, **found.lost})


def _make(
    members: Sequence[Member], relations: Collection[str], folder: Path, processes: int, timeout: float
) -> list[Said]:
    """Have each account write the relations that only it can make."""
    said = list[Said]()
    for name in sorted(relations):
        words = ("sql", f"FROM {name}", "--format", "parquet", "--out", f"{folder}/{{account}}.{name}.parquet")
        said += _ask(name, members, (*words, "--timeout", f"{timeout:g}"), processes, timeout)
    return said


def _all(name: str) -> Callable[..., int]:
    """Return the command that asks one of `ASKED` of every account."""

    def command(
        context: typer.Context,
        file: FileOption = Path(FLEET_FILE),
        group: GroupOption = None,
        account: AccountOption = None,
        processes: ProcessesOption = None,
        timeout: TimeoutOption = TIMEOUT_SECONDS,
        into: IntoOption = None,
    ) -> int:
        fleet = read_fleet(file)
        members = fleet.chosen(group or (), account or ())
        for member in members:
            require_free(member.home, into)
        said = _ask(name, members, (name, *context.args), processes or fleet.processes, timeout)
        if into is not None:
            save(said, into, _ending(context.args))
        print_answer(_lines(said, ASKED[name][1] if into is None else lambda _: "written"), "table")
        return worst(said)

    command.__doc__ = f"{ASKED[name][0]}: a line each, the worst first (exit: the worst account's)."
    return command


def _ask(
    what: str, members: Sequence[Member], words: Sequence[str], processes: int, timeout: float
) -> tuple[Said, ...]:
    with bar(f"{what}, {len(members)} accounts", len(members), every=1) as tell:
        return ask_all(app.run, members, words, processes, timeout, tell)


def _lines(said: Sequence[Said], shown: Callable[[Sequence[str]], str]) -> Answer:
    rows = list[tuple[object, ...]]()
    for one in worst_first(said):
        lines = [line for line in one.out.splitlines() if line.strip()]
        told = shown(lines).strip() if lines else ""
        rows.append((one.member.name, one.status, f"{one.seconds:.1f}", one.last_error or told or "nothing to say"))
    bad = sum(one.status != exits.FINE for one in said)
    rows.append(
        ("TOTAL", worst(said), None, f"{len(said)} accounts, {bad} with bad news" if bad else f"{len(said)} accounts")
    )
    return Answer(("account", "exit", "seconds", "said"), tuple(rows))


def worst(said: Sequence[Said]) -> int:
    """Return the exit status of the worst account: 2 before 75 before 1."""
    statuses = {one.status for one in said}
    for bad in (exits.COULD_NOT, exits.LOCKED, exits.BAD_NEWS):
        if bad in statuses:
            return bad
    return exits.FINE if statuses <= {exits.FINE} else exits.COULD_NOT


def _ending(words: Sequence[str]) -> str:
    told = dict(pairwise(words)).get("--format", "")
    return {"html": ".html", "json": ".json", "csv": ".csv"}.get(told, ".txt")


for _name in ASKED:
    FLEET.command(_name, context_settings=TAKES_MORE)(_all(_name))
FLEET.command("run")(run_task)


def run(arguments: list[str]) -> int:
    """Run a command of the fleet; return its exit status."""
    return app.run(arguments, get_command(FLEET), "tallybook fleet")
