"""What may be done with a contract, by a strategy or in the whole account: set it, see it, lift it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated

import typer

from ledger.checkpoints import book_of
from ledger.events import OverrideSet, decimal_text
from ledger.ledger import Ledger
from ledger.overriding import ACCOUNT, override_words
from queries.sql import Answer, Format, print_answer
from trader import exits
from trader.commands.daily import amount_of, require_reason
from trader.commands.home import clock_and_settings, home_of, refuse_foreign_log
from trader.settings import Settings

COLUMNS = ("subject", "allow", "scale", "until", "why")
ALLOWED = {"allow": "all", "reduce-only": "reduce_only", "none": "none"}


def override(
    context: typer.Context,
    subject: Annotated[str | None, typer.Argument(metavar="[SYMBOL|strategy|account]")] = None,
    allow: Annotated[str, typer.Argument(metavar="[allow|reduce-only|none]")] = "allow",
    scale: Annotated[Decimal | None, typer.Option(parser=amount_of, help="0 to 1: multiplies its weights")] = None,
    until: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="the last day it holds", show_default=False)] = "",
    why: Annotated[str, typer.Option(help="why, kept in the log", show_default=False)] = "",
    format: Annotated[Format, typer.Option("--format", help="table, csv or json")] = "table",
) -> int:
    """Say what may be done with a contract, by the strategy or in the account; alone, list what holds.

    `override AAPL none` leaves AAPL alone, `reduce-only` lets it shrink, `allow` lifts what was set before.
    """
    if subject is None:
        if scale is not None or until or why:
            raise typer.BadParameter("expected a symbol, a strategy or account to set it for, found none; name one")
        return _list(context, format)
    if allow not in ALLOWED:
        raise typer.BadParameter(f"expected allow, reduce-only or none, found {allow!r}")
    if scale is not None and not 0 <= scale <= 1:
        raise typer.BadParameter(f"expected 0 to 1, found {decimal_text(scale)}", param_hint="--scale")
    require_reason(why)
    home = home_of(context)
    clock, settings = clock_and_settings(home)
    fact = OverrideSet.model_validate(
        {
            "subject": _subject(settings, subject),
            "allow": ALLOWED[allow],
            "scale": Decimal(1) if scale is None else scale,
            "until": _day(until, clock.now().date()),
            "why": why,
        }
    )
    with Ledger.open(home, clock, account=settings.account.id, mode=settings.account.mode) as ledger:
        ledger.record((fact,))
    print(f"{fact.subject}: {override_words(fact)}")
    return exits.FINE


def _subject(settings: Settings, text: str) -> str:
    """Name what is overridden: only what there is, for a word misspelt would hold nothing back."""
    if text == ACCOUNT:
        return text
    strategies = {f"strategy {each.called}": f"strategy {each.called}" for each in settings.strategy}
    if len(strategies) == 1:
        strategies["strategy"] = next(iter(strategies))
    if text in strategies:
        return strategies[text]
    known = {ticker.upper(): ticker for ticker in settings.universe.tickers}
    if text.upper() not in known:
        listed = ", ".join(sorted(known.values()))
        others = ", ".join((ACCOUNT, *(shlex.quote(name) for name in strategies)))
        raise typer.BadParameter(f"expected {others} or a symbol of the universe ({listed}), found {text!r}")
    return known[text.upper()]


def _day(text: str, today: date) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"expected a day like {today}, found {text!r}", param_hint="--until") from None
    if day < today:
        raise typer.BadParameter(f"expected a day from {today} on, found {day}", param_hint="--until")
    return day


def _list(context: typer.Context, format: Format) -> int:
    home = home_of(context)
    refuse_foreign_log(home)
    overrides = book_of(home).overrides.values()
    if format != "table":
        rows = tuple((o.subject, o.allow, decimal_text(o.scale), o.until, o.why) for o in overrides)
        print_answer(Answer(COLUMNS, rows), format)
        return exits.FINE
    print("\n".join(f"{o.subject}: {override_words(o)}: {o.why}" for o in overrides) or "nothing is overridden")
    return exits.FINE


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("override", override),)
