"""`tallybook verify`: the files, against their own hashes."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ledger.ledger import Ledger
from ledger.log import LogError
from queries.verification import Report, Subject, Witness
from queries.verification import verify as verified
from queries.verification.telling import lines_of
from trader import exits
from trader.commands.home import clock_and_settings, home_of
from trader.schedule import SettingsError
from trader.settings import load

if TYPE_CHECKING:
    from rich.progress import Progress

Format = Literal["table", "json"]
PATIENCE_SECONDS = 2.0  # before a progress bar appears


class HeadNotGivenUp(LogError):
    """HEAD cannot be accepted: it is readable, or the log behind it is not sound."""

    code = "head-not-accepted"


def verify(
    context: typer.Context,
    deep: Annotated[
        bool, typer.Option("--deep", help="also fold every checkpoint and compare every Parquet row")
    ] = False,
    witness: Annotated[
        str | None, typer.Option(metavar="SEQ:HASH", help="what a mail says of the log; the log must still say so")
    ] = None,
    accept_head: Annotated[
        bool, typer.Option("--accept-head", help="both HEAD files are unreadable: take the log as it ends")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="with --accept-head: do not ask")] = False,
    format: Annotated[Format, typer.Option("--format", help="table or json")] = "table",
) -> int:
    """Check every file against its hash, and the book against the log (exit 1 on damage). Changes nothing."""
    home = home_of(context)
    subject = Subject(home, deep, _witness(witness), _account(home), head_given_up=accept_head)
    if accept_head and subject.head is not None:
        raise HeadNotGivenUp(
            f"{home}: expected both HEAD files unreadable, found seq {subject.head.seq}; leave out --accept-head"
        )
    report = _with_progress(subject)
    if format == "json":
        print(json.dumps(report.as_json(), indent=1, ensure_ascii=False))
    else:
        print("\n".join(lines_of(report)))
    if not report.clean:
        return exits.BAD_NEWS
    return _accept(home, report, yes=yes) if accept_head else exits.FINE


def _witness(text: str | None) -> Witness | None:
    if text is None:
        return None
    try:
        return Witness.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="'--witness'") from error


def _account(home: Path) -> tuple[str, str] | None:
    """Return whose log the settings expect; settings that cannot be read hinder no look at the files."""
    try:
        account = load(home).account
    except SettingsError:
        return None
    return account.id, account.mode


def _accept(home: Path, report: Report, *, yes: bool) -> int:
    print(f"\nHEAD is unreadable. The log is sound, and ends with seq {report.witness}, recorded {report.ends_at}.")
    print("Compare that with the Witness line of the last mail: the mail's must be the same, or earlier.")
    if not yes:
        if not sys.stdin.isatty():
            raise HeadNotGivenUp("--accept-head: expected somebody to confirm, found no terminal; add --yes")
        typer.confirm("Take the log as it ends?", abort=True)
    clock, settings = clock_and_settings(home)
    account = settings.account
    with Ledger.open(home, clock, account=account.id, mode=account.mode, accept_head=True) as ledger:
        print(f"HEAD is written anew: seq {ledger.log.head[0]}")
    return exits.FINE


def _with_progress(subject: Subject) -> Report:
    """Verify; on a terminal a bar shows how far it is, once that takes long."""
    if not sys.stderr.isatty():
        return verified(subject)
    with _bar(sum(path.stat().st_size for path in subject.files)) as tell:
        return verified(
            Subject(
                subject.home, subject.deep, subject.witness, subject.account,
                head_given_up=subject.head_given_up, tell=tell,
            )
        )  # fmt: skip


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    began, done, progress = monotonic(), 0, list["Progress"]()

    def tell(count: int) -> None:
        nonlocal done
        done += count
        if not progress and monotonic() - began > PATIENCE_SECONDS:
            from rich.console import Console
            from rich.progress import Progress

            progress.append(Progress(console=Console(stderr=True), transient=True))
            progress[0].add_task("reading the log", total=total)
            progress[0].start()
        for shown in progress:
            shown.update(shown.task_ids[0], completed=done)

    try:
        yield tell
    finally:
        for shown in progress:
            shown.stop()


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("verify", verify),)
