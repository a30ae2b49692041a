"""Start: from an empty folder to the first cycle."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ledger.clock import Clock
from ledger.errors import LogMissing
from ledger.events import ContractDefined, Fact
from ledger.ledger import Ledger
from queries.figures import columns, money, price, quantity
from trader import exits
from trader.adoption import AdoptionRefused, Found, found
from trader.broker import Broker
from trader.commands.home import clock_and_settings, home_of
from trader.evidence import write_whole
from trader.place import stamp
from trader.schedule import FILE_NAME, SettingsError
from trader.settings import Settings, load
from trader.settings.text import settings_lines, template

PORTS = {"paper": 4002, "live": 4001}


def init(
    context: typer.Context,
    account: Annotated[str, typer.Option(help="the broker's account number")] = "DU0000000",
    group: Annotated[str, typer.Option(help="share the home with this group, a cron user's say")] = "",
) -> int:
    """Write a commented tallybook.toml into the home."""
    home = home_of(context)
    path = home / FILE_NAME
    if path.exists():
        raise SettingsError(f"{path}: expected no settings, found some; edit them, or name another --home")
    if not account.isalnum():
        raise SettingsError(f"--account: expected letters and digits, found {account!r}; see the Gateway's title bar")
    home.mkdir(parents=True, exist_ok=True)
    write_whole(path, template(account, "paper", PORTS["paper"]).encode())
    if group:
        _share(home, group)
    print(f"wrote {path}: set account, symbols and weights, then run: tallybook adopt")
    return exits.FINE


def _share(home: Path, group: str) -> None:
    """Let a group read the settings and write `var`: what is made there from now on is the group's."""
    var = home / "var"
    var.mkdir(exist_ok=True)
    for path, mode in ((home, home.stat().st_mode | 0o050), (home / FILE_NAME, 0o640), (var, 0o2770)):
        try:
            shutil.chown(path, group=group)
            path.chmod(mode)
        except LookupError as error:
            raise SettingsError(
                f"--group: expected a group of this machine, found {group!r}; see: getent group"
            ) from error


def settings(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="defaults too, with their meaning")] = False,
) -> int:
    """Show the settings that the home chose."""
    print("\n".join(settings_lines(load(home_of(context)), everything=everything)).strip())
    return exits.FINE


def adopt(
    context: typer.Context,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> int:
    """Take the account over as it is found: the first run on any account."""
    home = home_of(context)
    clock, chosen = clock_and_settings(home)
    _refuse_adopted(home, clock, chosen)
    with _session(chosen, clock) as (broker, defined):
        account = found(broker.look(), broker.look(), defined)
    print("\n".join(_shown(account, chosen)))
    if not yes:
        if not sys.stdin.isatty():
            raise AdoptionRefused(
                "adopt: expected somebody to confirm, found no terminal; run it by hand, or with --yes"
            )
        typer.confirm("Adopt this account as the beginning of the ledger?", abort=True)
    _record(home, clock, chosen, account)
    print(f"adopted {chosen.account.id}; next: tallybook schedule print")
    return exits.FINE


def _refuse_adopted(home: Path, clock: Clock, chosen: Settings) -> None:
    try:
        with Ledger.open(home, clock, account=chosen.account.id, mode=chosen.account.mode) as ledger:
            if ledger.book.adopted:
                raise AdoptionRefused(f"account {chosen.account.id}: expected a new account, found it adopted already")
    except LogMissing:
        return  # as it should be


@contextmanager
def _session(chosen: Settings, clock: Clock) -> Iterator[tuple[Broker, tuple[ContractDefined, ...]]]:
    from trader.assembly import broker_of

    broker = broker_of(chosen, clock, dry_run=True)
    try:
        told = [fact for item in broker.connect(None) for fact in (item if isinstance(item, tuple) else (item,))]
        yield broker, tuple(fact for fact in told if isinstance(fact, ContractDefined))
    finally:
        for _ in broker.disconnect():
            pass  # nothing is recorded of a session that only looks


def _shown(account: Found, chosen: Settings) -> Iterator[str]:
    yield f"{chosen.account.id} {chosen.account.mode}, as IB reports it:"
    positions = [
        (row.symbol, quantity(row.quantity), "at cost", price(row.average_cost), row.currency)
        for row in account.positions.rows
    ]
    cash = [("cash", money(row.amount), "", "", row.currency) for row in account.cash.rows]
    yield from (f" {line}" for line in columns((*positions, *cash), right=frozenset({1, 3})))
    if account.execution_ids:
        yield f" {len(account.execution_ids)} executions of today are part of it"
    if account.open_orders.rows:
        yield f" {len(account.open_orders.rows)} open orders are left alone"


def _record(home: Path, clock: Clock, chosen: Settings, account: Found) -> None:
    number = chosen.account.id
    try:
        ledger = Ledger.open(home, clock, account=number, mode=chosen.account.mode)
    except LogMissing:
        ledger = Ledger.create(home, clock, account.genesis(number, chosen.account.mode, clock.kind))
    with ledger:
        begun = account.continuing(number) if ledger.book.statement_until else account.opening(number)
        batches: tuple[tuple[Fact, ...], ...] = (account.contracts, begun, account.observations)
        for batch in batches:
            ledger.record(batch)
        stamp(home)


SESSIONS_MAX = 2_000  # the packaged bars end in 2013


def demo(
    context: typer.Context,
    sessions: Annotated[int, typer.Option(min=1, max=SESSIONS_MAX, help="trading days to play")] = 10,
    seed: Annotated[int, typer.Option(help="of prices within the day and of fills")] = 1,
) -> int:
    """Play ten sessions of real prices against a simulated broker, in a home of their own."""
    from trader.demo.setting import DemoError
    from trader.demo.show import run

    home = home_of(context)
    try:
        return run(home if home != Path.cwd() else home / "demo", sessions, seed)
    except DemoError as error:
        sys.stderr.write(f"demo: {error}\n")
        return exits.COULD_NOT


def simulator() -> int:
    """Run an IB Gateway of our own that speaks TWS. See: tallybook simulator --help."""
    raise AssertionError("simulator never gets here: trader.commands.main takes it there")


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (
    ("demo", demo),
    ("init", init),
    ("adopt", adopt),
    ("settings", settings),
    ("simulator", simulator),
)
