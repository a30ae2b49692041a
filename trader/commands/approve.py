"""Settings that changed: see what did, and approve it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from ledger.checkpoints import book_of
from ledger.events import SettingChange, SettingsApproved
from ledger.ledger import Ledger
from trader import exits
from trader.commands.home import clock_and_settings, home_of

NOTHING = "nothing is to be approved: the settings are those that the last cycle ran by"


def approve(
    context: typer.Context,
    why: Annotated[str, typer.Option(help="why, kept in the log; without it nothing is approved")] = "",
) -> int:
    """Show what changed in the settings since they were approved; with --why, approve it."""
    from trader.approval import changes_between
    from trader.evidence import put
    from trader.settings import canonical_text

    home = home_of(context)
    clock, settings = clock_and_settings(home)
    approved, now = book_of(home).settings_approved, put(home, canonical_text(settings).encode(), ".json")
    if approved in ("", now):
        print(NOTHING)
        return exits.FINE
    changes = tuple(changes_between(home, approved, now))
    print("\n".join(map(words, changes)) or "nothing that decides has changed")
    if not why:
        print('no order leaves by these settings until: tallybook approve --why "…"')
        return exits.BAD_NEWS
    with Ledger.open(home, clock, account=settings.account.id, mode=settings.account.mode) as ledger:
        ledger.record((SettingsApproved(settings_sha256=now, by="operator", why=why),))
    print("approved: the next cycle may trade by it")
    return exits.FINE


def words(change: SettingChange) -> str:
    """Say in a line what became of a setting."""
    return f"{change.name}: {change.before} -> {change.after}"


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("approve", approve),)
