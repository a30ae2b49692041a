"""Money that is on its way: announce a deposit or a withdrawal, see what is expected, cancel it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated

import typer

from ledger.checkpoints import book_of
from ledger.events import FlowCancelled, FlowExpected, decimal_text
from ledger.ledger import Ledger
from queries.sql import Answer, Format, print_answer
from trader import exits
from trader.commands.daily import amount_of, require_plain, require_reason
from trader.commands.home import clock_and_settings, home_of, refuse_foreign_log

COLUMNS = ("id", "kind", "amount", "currency", "until", "note")
SIGN_OF_KIND = {"deposit": 1, "withdrawal": -1}
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
DAYS_MAX = 60


def days_of(text: str) -> int:
    """Read a span of days: `5d`."""
    number = text.removesuffix("d")
    if not number.isdecimal() or not 1 <= int(number) <= DAYS_MAX:
        raise typer.BadParameter(f"expected 1d to {DAYS_MAX}d, found {text!r}", param_hint="--within")
    return int(number)


def expect(
    context: typer.Context,
    kind: Annotated[str | None, typer.Argument(metavar="[deposit|withdrawal]")] = None,
    amount: Annotated[Decimal | None, typer.Argument(metavar="[AMOUNT]", parser=amount_of)] = None,
    currency: Annotated[str | None, typer.Argument(metavar="[CURRENCY]")] = None,
    within: Annotated[str, typer.Option(metavar="DAYS", help="how long to expect it")] = "5d",
    why: Annotated[str, typer.Option(help="a note, kept in the log", show_default=False)] = "",
    cancel: Annotated[str, typer.Option(metavar="ID", help="expect it no longer: F-1; needs --why")] = "",
    format: Annotated[Format, typer.Option("--format", help="table, csv or json")] = "table",
) -> int:
    """Announce a deposit or a withdrawal, so that it is known when it is seen; without one, list what is expected."""
    if cancel and kind is not None:
        raise typer.BadParameter("expected --cancel or a flow, found both")
    if cancel:
        return _cancel(context, cancel, why)
    if kind is None:
        return _list(context, format)
    return _announce(context, _flow(kind, amount, currency), days_of(within), why)


def _flow(kind: str, amount: Decimal | None, currency: str | None) -> tuple[Decimal, str]:
    """Check what was typed: an amount without its sign, and a currency."""
    if kind not in SIGN_OF_KIND:
        raise typer.BadParameter(f"expected deposit or withdrawal, found {kind!r}")
    if amount is None or amount <= 0:
        found = "none" if amount is None else decimal_text(amount)
        raise typer.BadParameter(f"expected an amount above zero, found {found}; as in: expect {kind} 5000 USD")
    if currency is None or not CURRENCY.fullmatch(currency):
        raise typer.BadParameter(
            f"expected a currency like USD, found {'none' if currency is None else repr(currency)}"
        )
    return amount * SIGN_OF_KIND[kind], currency


def _announce(context: typer.Context, flow: tuple[Decimal, str], within: int, why: str) -> int:
    require_plain(why)
    home = home_of(context)
    clock, settings = clock_and_settings(home)
    with Ledger.open(home, clock, account=settings.account.id, mode=settings.account.mode) as ledger:
        until = clock.now().date() + timedelta(days=within)
        ledger.record((FlowExpected(amount=flow[0], currency=flow[1], until=until, note=why),))
        flow_id, expected = list(ledger.book.flows.items())[-1]
    print(f"{flow_id}: {_words(expected)} expected until {until}")
    return exits.FINE


def _cancel(context: typer.Context, flow_id: str, why: str) -> int:
    require_reason(why)
    home = home_of(context)
    clock, settings = clock_and_settings(home)
    with Ledger.open(home, clock, account=settings.account.id, mode=settings.account.mode) as ledger:
        ledger.record((FlowCancelled(flow_id=flow_id, why=why),))
    print(f"{flow_id}: not expected any more")
    return exits.FINE


def _list(context: typer.Context, format: Format) -> int:
    home = home_of(context)
    refuse_foreign_log(home)
    flows = book_of(home).flows
    if format != "table":
        rows = tuple(
            (name, _kind(flow), decimal_text(abs(flow.amount)), flow.currency, flow.until, flow.note)
            for name, flow in flows.items()
        )
        print_answer(Answer(COLUMNS, rows), format)
        return exits.FINE
    lines = (_line(name, flow, _today(context)) for name, flow in flows.items())
    print("\n".join(lines) or "nothing is expected")
    return exits.FINE


def _today(context: typer.Context) -> date:
    return clock_and_settings(home_of(context))[0].now().date()


def _line(name: str, flow: FlowExpected, today: date) -> str:
    late = " (it has not come)" if flow.until < today else ""
    return f"{name}  {_words(flow)}, until {flow.until}{late}" + (f": {flow.note}" if flow.note else "")


def _words(flow: FlowExpected) -> str:
    return f"{_kind(flow)} {abs(flow.amount):,f} {flow.currency}"


def _kind(flow: FlowExpected) -> str:
    return "deposit" if flow.amount > 0 else "withdrawal"


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("expect", expect),)
