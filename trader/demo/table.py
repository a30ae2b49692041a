"""What the demo prints: a row a session that grows with its cycles, and the sums at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TextIO

from ledger.state import State
from queries.figures import adding_up

HEADING = " day          NAV USD        P&L  lev  cycles   sent/filled  book = broker"
CENT = Decimal("0.01")


@dataclass
class Row:
    """One session as it unfolds."""

    day: date
    nav: Decimal = Decimal(0)
    change: Decimal = Decimal(0)
    leverage: Decimal = Decimal(0)
    marks: str = ""
    sent: int = 0
    filled: int = 0
    agrees: bool = True
    remarks: list[str] = field(default_factory=list)


def money(amount: Decimal, sign: bool = False) -> str:
    """Spell an amount with thousands separators, to the cent."""
    return f"{amount.quantize(CENT):{'+' if sign else ''},.2f}"


def line(row: Row) -> str:
    """Spell a row."""
    agreement = " ".join(("✓" if row.agrees else "✗", *row.remarks)).rstrip()
    day = f"{row.day:%a} {row.day.day:2d} {row.day:%b}"
    figures = f"{money(row.nav):>12} {money(row.change, sign=True):>10} {row.leverage:.2f}"
    return f" {day} {figures} {row.marks:<8} {row.sent:2d}/{row.filled:<2d}       {agreement}"


def show_progress(row: Row, out: TextIO) -> None:
    """Let the row grow where a terminal can rewrite its line."""
    if out.isatty():
        day = f"{row.day:%a} {row.day.day:2d} {row.day:%b}"
        print(f"\r {day} {'':29} {row.marks}", end="", file=out, flush=True)


def show(row: Row, out: TextIO) -> None:
    """Print a finished row."""
    print(f"{chr(13) if out.isatty() else ''}{line(row)}", file=out, flush=True)


def equity(book: State) -> str:
    """Spell where the NAV comes from: what was put in, and what each account made of it."""
    taken = book.snapshots[max(book.snapshots)]
    parts = [("realised", taken.realised), ("unrealised", taken.unrealised), ("dividends", taken.dividends),
             ("taxes", taken.taxes), ("interest", taken.interest), ("fees", taken.fees),
             ("commissions", taken.commissions), ("adjustments", taken.adjustments)]  # fmt: skip
    told = [(name, amount) for name, amount in parts if amount]
    began, *shown = adding_up((taken.flows, *(amount for _, amount in told)), taken.nav)
    words = [f"{'-' if a < 0 else '+'} {name} {money(abs(a))}" for (name, _), a in zip(told, shown, strict=True)]
    return f" {money(began)} {' '.join(words)} = {money(taken.nav)}"


def holdings(book: State) -> str:
    """Spell what the NAV consists of, and whether the broker says the same."""
    taken = book.snapshots[max(book.snapshots)]
    cash = sum((row.amount * row.rate for row in taken.cash), Decimal(0))
    cash, *values = adding_up((cash, *(row.value for row in taken.positions)), taken.nav)
    words = [f"{row.symbol} {money(value)}" for row, value in zip(taken.positions, values, strict=True)]
    same = "= broker" if abs(taken.nav - taken.nav_reported) <= CENT else f"broker {money(taken.nav_reported)}"
    return f" {' + '.join((f'cash {money(cash)}', *words))} = {money(taken.nav)} {same}"


def counted(number: int, thing: str) -> str:
    """Spell a count: 1 closing, 2 closings."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
