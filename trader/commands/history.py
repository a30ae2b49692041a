"""History: what happened, and whether the log still says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

import typer

from queries.sql import Format
from trader.commands.home import home_of, refuse_foreign_log, zone_of

Day = Annotated[datetime, typer.Argument(metavar="DAY", formats=["%Y-%m-%d"], help="a trading day, as 2005-03-01")]


def audit(context: typer.Context, day: Day) -> int:
    """Tell a day in order, and check its recorded book hashes by replay (exit 1 on a divergence)."""
    from queries.story import audit as audited
    from queries.story import print_audit

    home = home_of(context)
    refuse_foreign_log(home)
    return print_audit(audited(home, _date(day), zone=zone_of(home)))


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


def _date(day: datetime) -> date:
    return day.date()


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("audit", audit), ("sql", sql))
