"""History: what happened, asked in SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from queries.sql import Format
from trader.commands.home import home_of, refuse_foreign_log, zone_of


def sql(
    context: typer.Context,
    statement: Annotated[str, typer.Argument(help="one question: SELECT …", show_default=False)],
    format: Annotated[Format, typer.Option("--format", help="table, csv or json")] = "table",
) -> int:
    """Ask the history in SQL: a view per event type, and fills, orders, cycles, nav, positions, cash.

    Money and quantities are exact decimals, and so are their sums; division (/, avg) gives floats.
    """
    from queries.sql import run

    home = home_of(context)
    refuse_foreign_log(home)
    return run(home, statement, format, zone=zone_of(home))


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("sql", sql),)
