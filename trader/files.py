"""The files that a person reads under var/: orders, trades and snapshots. Written from the book, never read back.

(Targets are written by `trader/forecast.py`, which reads them back: the file is what the plan is made from.)
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, tzinfo
from decimal import Decimal
from pathlib import Path

from ledger.events import OrderPlanned, SnapshotTaken, decimal_text
from ledger.slippage import decided_price, slippage
from ledger.state import Fill, State
from trader.evidence import write_whole

ORDER_COLUMNS = (
    "symbol",
    "con_id",
    "action",
    "quantity",
    "limit_price",
    "held",
    "target",
    "weight",
    "order_ref",
    "reason",
)
TRADE_COLUMNS = (
    "time", "symbol", "con_id", "action", "quantity", "price", "currency", "commission", "order_ref", "execution_id",
    "foreign", "decided_price", "slippage", "slippage_basis_points",
)  # fmt: skip


def slot_path(home: Path, kind: str, slot: str, suffix: str) -> Path:
    """Where a cycle's file of a kind lies: var/KIND/2005-03-01/0935.SUFFIX."""
    return home / "var" / kind / f"{slot}{suffix}"


def write_orders(home: Path, slot: str, plan: Sequence[OrderPlanned]) -> Path:
    """Write the plan: Buy, Sell or Do nothing, and why."""
    rows = (
        (row.symbol, row.con_id, row.action, row.quantity, row.limit_price, row.held, row.target, row.weight,
         row.order_ref, row.reason)
        for row in plan
    )  # fmt: skip
    path = slot_path(home, "orders", slot, ".csv")
    write_whole(path, _table(ORDER_COLUMNS, rows))
    return path


def write_trades(home: Path, book: State, session: date, zone: tzinfo) -> Path | None:
    """Write every execution of a session, commissions as far as they came; nothing for a session without any."""
    fills = [f for f in book.fills.values() if not f.busted and f.at.astimezone(zone).date() == session]
    if not fills:
        return None
    path = home / "var" / "trades" / f"{session}.csv"
    fills.sort(key=lambda fill: (fill.at, fill.execution_id))
    write_whole(path, _table(TRADE_COLUMNS, (_trade(book, fill, zone) for fill in fills)))
    return path


def _trade(book: State, fill: Fill, zone: tzinfo) -> tuple[object, ...]:
    action = "BUY" if fill.quantity > 0 else "SELL"
    when = fill.at.astimezone(zone).isoformat(timespec="seconds")
    symbol = book.contracts[fill.con_id].symbol
    cost = slippage(book, (fill,))  # unknown: empty
    return (
        when, symbol, fill.con_id, action, abs(fill.quantity), fill.price, fill.currency,
        "pending" if fill.commission is None else fill.commission, fill.order_ref, fill.execution_id,
        "yes" if fill.foreign else "no", decided_price(book, fill), cost and cost.money, cost and cost.basis_points,
    )  # fmt: skip


def write_snapshot(home: Path, slot: str, taken: SnapshotTaken) -> Path:
    """Write a snapshot as readable JSON."""
    path = slot_path(home, "snapshots", slot, ".json")
    write_whole(path, (taken.model_dump_json(indent=2, exclude_none=True) + "\n").encode())
    return path


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_spelled(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _spelled(cell: object) -> object:
    return decimal_text(cell) if isinstance(cell, Decimal) else "" if cell is None else cell
