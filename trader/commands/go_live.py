"""From paper to real money, once and with little."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ledger.events import GoneLive, OverrideSet
from ledger.ledger import Ledger
from ledger.log import read_events, read_genesis
from ledger.overriding import ACCOUNT
from trader import exits
from trader.commands.home import clock_and_settings, home_of
from trader.going_live import FIRST_SCALE, SESSIONS_WANTED, clean_sessions


def go_live(
    context: typer.Context,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="the live account's number, typed by hand")],
    paper: Annotated[Path | None, typer.Option(help="the home that traded on paper", show_default=False)] = None,
    why: Annotated[str, typer.Option(help="why, where there are too few clean sessions on paper")] = "",
) -> int:
    """Let this live home trade, at a tenth of its weights: after 20 clean sessions on paper, or with --why."""
    home = home_of(context)
    clock, settings = clock_and_settings(home)
    if settings.account.mode != "live" or not settings.account.live:
        raise typer.BadParameter(
            f"expected account.mode = 'live' and account.live = true in the settings, found {settings.account.mode}"
        )
    if account != settings.account.id:
        raise typer.BadParameter(f"expected the account of the settings, {settings.account.id}, found {account!r}")
    sessions = _sessions(paper)
    if sessions < SESSIONS_WANTED and not why:
        where = f"in {paper}" if paper is not None else "(--paper names the home that traded on paper)"
        raise typer.BadParameter(f"expected {SESSIONS_WANTED} clean sessions {where}, found {sessions}; else say --why")
    told = f"after {sessions} clean sessions on paper" + (f": {why}" if why else "")
    scaled = OverrideSet(subject=ACCOUNT, scale=FIRST_SCALE, why=f"going live {told}")
    with Ledger.open(home, clock, account=settings.account.id, mode="live") as ledger:
        if ledger.book.gone_live:
            print(f"{account} is live already; its overrides: tallybook override")
            return exits.FINE
        ledger.record((GoneLive(account=account, paper_sessions=sessions, why=why), scaled))
    print(f"{account} is live {told}, at a scale of {FIRST_SCALE}.")
    print('When it has gone well: tallybook override account allow --scale 0.5 --why "…"')
    return exits.FINE


def _sessions(paper: Path | None) -> int:
    """Count the clean sessions of a paper home; a live one's would vouch for nothing."""
    if paper is None:
        return 0
    if read_genesis(paper).mode != "paper":
        raise typer.BadParameter(f"expected a home that traded on paper, found a live one in {paper}")
    return clean_sessions(read_events(paper))


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("go-live", go_live),)
