"""Settings that changed, or targets that jump: see what did, and approve it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

import typer

from ledger.book import Book
from ledger.checkpoints import book_of
from ledger.events import SettingChange, SettingsApproved
from ledger.ledger import Ledger
from trader import exits
from trader.commands.daily import require_plain
from trader.commands.home import clock_and_settings, home_of

NOTHING = "nothing is to be approved: the settings are those that the last cycle ran by"


def approve(
    context: typer.Context,
    why: Annotated[str, typer.Option(help="why, kept in the log; without it nothing is approved")] = "",
) -> int:
    """Show what changed in the settings since they were approved, or which targets jump; with --why, approve it."""
    from trader.approval import approval_of, changes_between
    from trader.evidence import put
    from trader.settings import canonical_text

    home = home_of(context)
    clock, settings = clock_and_settings(home)
    book, now = book_of(home), put(home, canonical_text(settings).encode(), ".json")
    approved, jumps = book.settings_approved, tuple(jumps_of(book))
    changes = tuple(changes_between(home, approved, now)) if approved not in ("", now) else ()
    if approved in ("", now) and not jumps:
        print(NOTHING)
        return exits.FINE
    print("\n".join((*map(words, changes), *jumps)) or "nothing that decides has changed")
    if book.cycle is not None and book.cycle.started.dry_run and not settings.dry_run:
        print("the last cycle was a dry run: from the next one on, orders leave")
    ruled = next(iter(approval_of(book, home, now)), None)
    if isinstance(ruled, SettingsApproved) and not jumps:
        print(f"nothing waits for you: {ruled.why}, and the next cycle may trade by it")
        return exits.FINE
    if not why:
        print('no order leaves by these until: tallybook approve --why "…"')
        return exits.BAD_NEWS
    require_plain(why)
    with Ledger.open(home, clock, account=settings.account.id, mode=settings.account.mode) as ledger:
        ledger.record((SettingsApproved(settings_sha256=now, by="operator", why=why),))
    print("approved: the next cycle may trade by it")
    return exits.FINE


def jumps_of(book: Book) -> Iterator[str]:
    """Say which targets jumped, in the last cycle that trades: whoever approves the settings means them."""
    from trader.safeguards.targets import targets_do_not_jump

    for row in book.verdicts:
        if row.safeguard == targets_do_not_jump.__name__ and row.outcome == "veto":
            yield f"targets jump: {row.formula}: {row.observed}, limit {row.limit}; see the newest file in var/targets"


def words(change: SettingChange) -> str:
    """Say in a line what became of a setting."""
    return f"{change.name}: {change.before} -> {change.after}"


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("approve", approve),)
