"""Care: keep a copy, put one back, change the version, tidy up. Each of them may run while a cycle does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from ledger.log.head import read_head
from ledger.log.storage import var_folder
from queries.disk import bytes_text
from queries.figures import columns
from queries.sql import Answer, Format, print_answer
from trader import exits
from trader.commands.home import home_of
from trader.commands.progress import bar
from trader.witness import Witness, completed

WitnessOption = Annotated[
    str | None, typer.Option(metavar="SEQ:HASH", help="of the last mail, or of another place that vouches for the log")
]
COLUMNS = ("seq", "cycle", "field", "recorded", "now")


def backup(
    context: typer.Context,
    destination: Annotated[Path, typer.Argument(metavar="DEST", help="a new folder, or an earlier backup")],
) -> int:
    """Copy the log, its evidence and the settings, and verify the copy; a cycle may run meanwhile."""
    from trader.backup import back_up

    done = back_up(home_of(context), destination)
    print(
        f"{done.log.genesis.account} is backed up to {done.folder}: {done.files_new} new of {done.files} files "
        f"({bytes_text(done.bytes_new)}), verified"
    )
    print(f"Witness: {done.log.witness}")
    for name in done.left_out:
        print(f"left out, for it is damaged in the home: {name}; see: tallybook verify")
    for name in done.missing:
        print(f"missing in the home, so not backed up: {name}; put it back from an earlier backup")
    for name in done.not_copied:
        print(f"not part of a backup: {name}; keep a copy of your own")
    return exits.BAD_NEWS if done.left_out or done.missing else exits.FINE


def restore(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="SRC", help="a backup, or the copy of a home; with --account an archive's URI")
    ],
    account: Annotated[str | None, typer.Option(metavar="ACCOUNT", help="of the archive's accounts, this one")] = None,
    witness: WitnessOption = None,
) -> int:
    """Put a backup into a home without a log. No order leaves until a cycle shows that nothing outside is newer.

    From an archive (`export delta`) comes what is archived: the log up to its last sealed day.
    """
    from trader.restore import restore as put_back

    home = home_of(context)
    with _copy(source, account) as copy:
        done = put_back(home, copy, _witness(copy, witness), source)
    print(f"restored {done.log.genesis.account} up to {done.log.witness}, recorded {done.log.recorded_at}")
    if done.settings_kept:
        print("the settings of this home were kept; those of the backup were not copied")
    for name in done.not_copied:
        print(f"not part of a backup: {name}; put it into the home before the next cycle")
    if done.warning:
        print(f"! {done.warning}")
        print('  find the newest log; if it is lost for good: tallybook resume --recovered --why "…"')
    for name in _halts_beside(home):
        print(f"! {name} is not carried over: it halted the log that was here; to keep that halt: cp {name} var/HALT")
    print("in recovery: cycles look, and no order leaves, until one shows that nothing outside is newer than this log")
    return exits.FINE


@contextmanager
def _copy(source: str, account: str | None) -> Iterator[Path]:
    """Find the log to put back; what an archive holds of an account is made a home aside, and removed again."""
    if account is None:
        if "://" in source or Path(source, "events", "_delta_log").is_dir():
            raise typer.BadParameter(f"{source}: an archive holds several; name one", param_hint="--account")
        yield Path(source)
        return
    from queries.archive.reading import rebuilt

    with TemporaryDirectory(prefix="tallybook-") as folder:
        yield rebuilt(source, account, Path(folder) / "home")


def _halts_beside(home: Path) -> tuple[str, ...]:
    """Name the halts of what was moved away before: `var.damaged/HALT`; none that stands here already."""
    if (home / "var" / "HALT").exists():
        return ()
    return tuple(str(path.relative_to(home)) for path in sorted(home.glob("var?*/HALT")))


def _witness(source: Path, text: str | None) -> Witness | None:
    if text is None:
        return None
    try:
        return completed(source, text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--witness") from error


def upgrade(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="replay, compare, back up, make the checkpoints")] = False,
    backup: Annotated[
        Path | None, typer.Option(metavar="DEST", help="where to back up first; default: HOME-backup beside the home")
    ] = None,
    format: Annotated[Format, typer.Option("--format", help="table, csv or json")] = "table",
) -> int:
    """Replay the log under the installed version, and show every number that it changes (exit 1 if any)."""
    from trader.backup import back_up
    from trader.upgrade import check as checked

    if not check:
        raise typer.BadParameter(
            "expected --check, found nothing: install a version with pip, then run this before the next cycle"
        )
    home = home_of(context)
    destination = backup or home.with_name(f"{home.name}-backup")
    kept = back_up(home, destination)
    head = read_head(var_folder(home))
    with bar("replaying the log", head.seq if head else 0) as seen:
        found = checked(home, seen)
    if format != "table":
        print_answer(
            Answer(COLUMNS, tuple((c.seq, c.cycle, c.field, c.recorded, c.now) for c in found.changes)), format
        )
        return exits.BAD_NEWS if found.changes else exits.FINE
    print(f"backed up to {destination}, verified; Witness: {kept.log.witness}")
    rows = [(str(c.seq), c.cycle, c.field, c.recorded, c.now) for c in found.changes]
    print(
        "\n".join(line.rstrip() for line in columns((COLUMNS, *rows)))
        if rows
        else _equal(found.cycles, found.snapshots)
    )
    print(f"{found.checkpoints} checkpoints made for this version")
    return exits.BAD_NEWS if found.changes else exits.FINE


def _equal(cycles: int, snapshots: int) -> str:
    return f"nothing changed: {cycles} cycles and {snapshots} snapshots replayed, all equal to what was recorded"


def clean(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="list, and remove nothing")] = False,
) -> int:
    """Remove derived files and what killed writers left; the log and its evidence are never touched."""
    from ledger.log.recovery import require_log
    from trader.clean import removable, remove
    from trader.copies import prefix

    home = home_of(context)
    require_log(home)
    prefix(home)  # what a damaged log can still be compared with stays
    found = removable(home)
    if not dry_run:
        remove(found)
    rows = (
        (
            str(thing.path.relative_to(home)),
            f"{thing.files} file{'' if thing.files == 1 else 's'}",
            bytes_text(thing.size),
            "left by a killed writer" if thing.is_leftover else "derived",
        )
        for thing in found
    )
    print(
        "\n".join(line.rstrip() for line in columns(tuple(rows), right=frozenset({1, 2})))
        if found
        else "nothing to remove"
    )
    if found:
        print(f"{bytes_text(sum(thing.size for thing in found))} {'would be removed' if dry_run else 'removed'}")
    return exits.FINE


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (
    ("backup", backup),
    ("restore", restore),
    ("upgrade", upgrade),
    ("clean", clean),
)
