"""Basis: what the owner knows of it, and no statement told as an event."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from ledger.book import Book, Impossible
from ledger.checkpoints import book_of
from ledger.events import BasisAllocated, CostAdjusted, SpinOffApplied, decimal_text
from ledger.log import read_events
from queries.sql import Answer, Format, print_answer
from trader import exits
from trader.commands.daily import Why, amount_of, require_reason
from trader.commands.home import home_of, refuse_foreign_log, writer_of

FormatOption = Annotated[Format, typer.Option("--format", help="table, csv or json")]
COLUMNS = ("spin_off", "parent", "child", "quantity", "fraction")


def allocate(
    context: typer.Context,
    spin_off: Annotated[str | None, typer.Argument(help="as the list names it; without one they are listed")] = None,
    fraction: Annotated[str, typer.Option(help="share of the parent's basis that the child has, from 0 to 1")] = "",
    why: Why = "",
    format: FormatOption = "table",
) -> int:
    """Say how much of a parent's basis a spin-off took along, once that is known: it counts from the spin-off on."""
    home = home_of(context)
    refuse_foreign_log(home)
    found = {fact.key: fact for fact in _spin_offs(home)}
    if spin_off is None:
        book = book_of(home)
        print_answer(Answer(COLUMNS, tuple(_row(book, fact) for fact in found.values())), format)
        return exits.FINE
    if spin_off not in found:
        raise Impossible(f"spin-off {spin_off}: expected one of {', '.join(found) or 'none'}; type: tallybook allocate")
    share, parent = amount_of(fraction), found[spin_off].con_id
    require_reason(why)
    with writer_of(home) as ledger:
        reference = f"{ledger.book.seq + 1}"  # a later word takes the place of an earlier one
        told = BasisAllocated(
            con_id=parent, source="operator", reference=reference, spin_off=spin_off, fraction=share, note=why
        )
        ledger.book.supposing((told,))  # what cannot be is refused here; of the broker's word it would be a break
        ledger.record((told,))
    print(f"{spin_off}: {share} of the basis went to the child")
    return exits.FINE


def _spin_offs(home: Path) -> Iterator[SpinOffApplied]:
    return (event.fact for event in read_events(home) if isinstance(event.fact, SpinOffApplied))


def _row(book: Book, fact: SpinOffApplied) -> tuple[object, ...]:
    told = book.allocations.get(book.replaced.get(fact.key, fact.key), fact.basis_fraction)
    names = (book.contracts[con_id].symbol for con_id in (fact.con_id, fact.child_con_id))
    return (fact.key, *names, fact.child_quantity, told)


def adjust_cost(
    context: typer.Context,
    symbol: Annotated[str, typer.Argument(help="a contract that is held")],
    by: Annotated[str, typer.Option("--by", help="change of its basis, in its currency: -12.34 lowers it")],
    why: Why,
) -> int:
    """Change the basis of what is held, as a statement shows it without an event: neither cash nor P&L moves."""
    home = home_of(context)
    require_reason(why)
    change = amount_of(by)
    with writer_of(home) as ledger:
        book = ledger.book
        held = [con_id for con_id in book.positions if book.contracts[con_id].symbol == symbol]
        if len(held) != 1 or not change:
            names = ", ".join(sorted(book.contracts[con_id].symbol for con_id in book.positions)) or "nothing"
            raise Impossible(f"{symbol} {by}: expected one contract that is held ({names}) and an amount")
        currency = book.contracts[held[0]].currency
        told = CostAdjusted(
            con_id=held[0], source="operator", reference=f"{book.seq + 1}", amount=change, currency=currency, note=why
        )
        book.supposing((told,))
        ledger.record((told,))
        print(f"{symbol}: basis now {decimal_text(ledger.book.holdings[held[0]].basis)} {currency}")
    return exits.FINE


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (
    ("allocate", allocate),
    ("adjust-cost", adjust_cost),
)
