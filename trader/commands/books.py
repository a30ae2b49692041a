"""Books: statements taken in and compared, and the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.clock import Clock
from queries.figures import columns
from queries.sql import Answer, Format, cell_text, print_answer
from trader import exits
from trader.commands.home import clock_and_perhaps_settings, home_of, refuse_foreign_log
from trader.schedule import FILE_NAME, SettingsError
from trader.settings import Settings

if TYPE_CHECKING:
    from reconcile.comparing.rows import Row
    from trader.importing import Imported

COLUMNS_WIDE = 100
FormatOption = Annotated[Format, typer.Option("--format", help="table, csv or json")]


def import_statements(
    context: typer.Context,
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE…", help="Flex XML, or an activity statement as CSV")
    ] = None,
    flex: Annotated[bool, typer.Option("--flex", help="fetch the statement from the broker's service")] = False,
    base_currency: Annotated[
        str | None, typer.Option(help="of a fresh home, where the statement does not say it, as USD")
    ] = None,
) -> int:
    """Take statements of the broker into the log: whole or not at all, and nothing twice.

    A fresh home begins with what the account held before the first of them. A statement of a few days, of an account
    that is traded, is compared three ways; exit 1 where it differs still.
    """
    from trader.commands.progress import bar
    from trader.importing import Expected, read_file, take_in

    home = home_of(context)
    clock, chosen = clock_and_perhaps_settings(home)
    contents = [(path.name, path.read_bytes()) for path in files or []]
    if flex:
        contents.append(("flex", _fetched(home, clock, chosen)))
    if not contents:
        raise typer.BadParameter("expected statements, found none: name files, or --flex")
    read = [read_file(content, name) for name, content in contents]
    expected = Expected(
        account=chosen.account.id if chosen else None,
        mode=chosen.account.mode if chosen else None,
        base_currency=base_currency,
    )
    status = exits.FINE
    with bar("importing", sum(len(file.statement.facts) for file in read)) as tell:
        for imported in take_in(home, read, clock, expected, tell):
            print("\n".join(_told(imported)))
            status = exits.BAD_NEWS if imported.contradictions or imported.differs else status
    return status


def _fetched(home: Path, clock: Clock, chosen: Settings | None) -> bytes:
    from trader.sources.flex import fetch, token_of

    if chosen is None or not chosen.flex.wanted:
        raise SettingsError(
            f"{home / FILE_NAME}: flex.query_id: expected the number of a Flex query, found none; "
            "make an activity query in the broker's Client Portal, and set it"
        )
    return fetch(chosen.flex, token_of(chosen.flex, home), clock)


def _told(imported: Imported) -> Iterator[str]:
    period = f"{imported.first_day} to {imported.last_day}"
    if imported.known:
        yield f"{imported.name}: {imported.account}, {period}: imported before, nothing new"
        return
    news = f"{imported.facts_new:,} new of {imported.facts:,} facts"
    yield f"{imported.name}: {imported.account}, {period}: {news}"
    yield from (f"  {note}" for note in imported.notes)
    yield from (f"! {text}; see: tallybook breaks" for text in imported.contradictions)
    for text in imported.witnessed:
        yield from wrap(text, COLUMNS_WIDE, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def reconcile_statement(
    context: typer.Context,
    statement: Annotated[
        Path | None, typer.Option(help="a statement of the broker: Flex XML or CSV", show_default=False)
    ] = None,
    format: FormatOption = "table",
) -> int:
    """Compare the book with what the broker reported last, or at a statement's end (exit 1 where something differs)."""
    home = home_of(context)
    refuse_foreign_log(home)
    rows = _reported(home) if statement is None else _stated(home, statement)
    answer = Answer(ROW_COLUMNS, tuple((*row[:4], row.difference, row.tolerance) for row in rows))
    if format == "table":
        print("\n".join(_shown(rows)))
    else:
        print_answer(answer, format)
    return exits.BAD_NEWS if any(row.differs for row in rows) else exits.FINE


def _reported(home: Path) -> tuple[Row, ...]:
    from ledger.book import replay
    from ledger.log import read_events
    from reconcile.comparing.api import reported
    from reconcile.tolerances import RETAIL
    from trader.assembly import tolerances_of

    _, settings = clock_and_perhaps_settings(home)
    tolerances = RETAIL if settings is None else tolerances_of(settings)
    return reported(replay(lambda: read_events(home), retain=True), tolerances)


def _stated(home: Path, statement: Path) -> tuple[Row, ...]:
    from ledger.log import read_events
    from reconcile.comparing.statement import compared, own_side
    from trader.importing import StatementRefused, read_file

    told = read_file(statement.read_bytes(), statement.name).statement
    events = tuple(read_events(home))
    own = own_side(events, told)
    if own.end.account != told.account:
        raise StatementRefused(
            f"{statement.name}: expected a statement of account {own.end.account}, found {told.account}; "
            "name that account's --home"
        )
    return compared(own, told)


ROW_COLUMNS = ("kind", "key", "own", "broker", "difference", "tolerance")


def _shown(rows: tuple[Row, ...]) -> Iterator[str]:
    """Say of each kind how much agrees, and show what differs."""
    for kind in dict.fromkeys(row.kind for row in rows):
        of_kind = [row for row in rows if row.kind == kind]
        agreeing = sum(row.difference is not None and not row.differs for row in of_kind)
        silent = {next((side for side in (row.broker, row.own) if isinstance(side, str)), "") for row in of_kind} - {""}
        differing = [row for row in of_kind if row.differs]
        told = [row for row in of_kind if row.tolerance.is_infinite()]
        words = [
            "for information" if told else f"{agreeing} agree" if agreeing else "",
            f"{len(differing)} differ" if differing else "",
            *sorted(silent),
        ]
        yield f"{kind:<12} {', '.join(filter(None, words)) or 'nothing on either side'}"
        table = (
            (row.key, f"own {cell_text(row.own)}", f"broker {cell_text(row.broker)}", cell_text(row.difference))
            for row in (*differing, *told)
        )
        yield from (f"  {line}" for line in columns(tuple(table), right=frozenset({1, 2, 3})))


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (
    ("import", import_statements),
    ("reconcile", reconcile_statement),
)
