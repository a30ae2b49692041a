"""`tallybook report trades`: every fill of some days beside the price that it was decided at, and what that cost.

Read from the view `trades`; sums by currency below, of what is known, and of how many trades nothing is recorded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from ledger.lots import ROUNDING, ZERO
from queries.figures import UNKNOWN, change, money, points, price, quantity
from queries.sql import Format, ask
from queries.streams import Column, print_rows
from queries.tables import HOME_ZONE, connect

FINE = 0
POINTS_COLUMN = "slippage_basis_points"
COLUMNS = (
    Column("session_day"), Column("filled_at"), Column("symbol"), Column("action"), Column("quantity", quantity),
    Column("decided_price", price), Column("price", price), Column("currency"), Column("slippage", change),
    Column(POINTS_COLUMN, points), Column("commission", money), Column("order_ref"),
)  # fmt: skip


def print_trades(home: Path, first: date | None, last: date | None, format: Format, *, zone: str = HOME_ZONE) -> int:
    """Print the trades of some days; in a table with their slippage by currency."""
    rows = rows_of(home, first, last, zone=zone)
    print_rows(COLUMNS, rows, format)
    if format == "table":
        print("Slippage is against the plan's reference price; + is worse. Commissions are not in it.")
        for line in totals(rows):
            print(line)
    return FINE


def rows_of(home: Path, first: date | None, last: date | None, *, zone: str = HOME_ZONE) -> Sequence[tuple[Any, ...]]:
    """Return the cells of every trade of some days."""
    where = " AND ".join(
        [*([f"session_day >= DATE '{first}'"] if first else []), *([f"session_day <= DATE '{last}'"] if last else [])]
    )
    names = ", ".join("NULL" if column.name == POINTS_COLUMN else column.name for column in COLUMNS)
    con = connect(home, zone=zone, wanted=("trades",))
    told = ask(con, f"SELECT {names} FROM trades WHERE {where or 'true'} ORDER BY filled_at, seq")
    fills: Sequence[tuple[Any, ...]] = told.rows
    return [(*row[:9], _points(row[3], row[5], row[6]), *row[10:]) for row in fills]


def totals(rows: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """Sum up slippage by currency."""
    if not rows:
        return ("nothing was traded",)
    lines = []
    for currency in sorted({row[7] for row in rows}):
        known = [row for row in rows if row[7] == currency and row[8] is not None]
        unknown = sum(1 for row in rows if row[7] == currency) - len(known)
        total = change(sum((row[8] for row in known), ZERO)) if known else UNKNOWN
        untold = f"; {UNKNOWN} of {unknown} trades" if unknown and known else ""
        lines.append(f"together {total} {currency}{untold}")
    return tuple(lines)


def _points(action: str, decided: Decimal | None, paid: Decimal) -> Decimal | None:
    """Return slippage in hundredths of a percent of the price that was decided at, + where it was worse."""
    if not decided:
        return None
    worse = paid - decided if action == "BUY" else decided - paid
    return ROUNDING.divide(10_000 * worse, decided).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
