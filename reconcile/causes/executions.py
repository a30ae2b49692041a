"""What causes ask of executions: the recent ones, what they moved, what they should cost, and how one is inferred.

What is inferred bears a name of ours, never the broker's: `trader/importing/inferred.py` takes it back once the broker
has told the execution itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice

from ledger.book import Book
from ledger.effects.changes import MARGINED, PAID
from ledger.events import CommissionCharged, ContractDefined, Fact, OrderFilled, decimal_text, execution_base
from ledger.paid import paid as cash_of
from ledger.state import ZERO, Fill, Order
from reconcile.candidates import Case
from reconcile.comparing.names import INFERRED, symbol
from reconcile.periods import broker_day
from reconcile.tolerances import CENT

RECENT = timedelta(days=4)  # a weekend: what is older is corrected by statements alone
FRESH = timedelta(minutes=5)  # before a report: it may not hold yet what was executed then
LOOKED_AT = 500  # executions, the last ones
TRADED = PAID | MARGINED
# What IB charges at fixed prices, per unit, at least, and of the value at most.
PER_SHARE, SHARES_MIN, SHARE_OF_VALUE = Decimal("0.005"), Decimal(1), Decimal("0.01")
PER_CONTRACT, CONTRACTS_MIN = Decimal("0.65"), Decimal(1)


def recent_fills(book: Book) -> Iterator[tuple[str, Fill]]:
    """Yield the broker's own executions of the last days by their base, the last first; those taken back left out."""
    since = book.now - RECENT
    for base, fill in islice(reversed(book.fills.items()), LOOKED_AT):
        if fill.at >= since and not fill.busted and not base.startswith(INFERRED):
            yield base, fill


def recent_by_contract(book: Book) -> dict[int, list[tuple[str, Fill]]]:
    """Return the same by contract, for whoever asks of many."""
    found: dict[int, list[tuple[str, Fill]]] = {}
    for base, fill in recent_fills(book):
        found.setdefault(fill.con_id, []).append((base, fill))
    return found


def fills_of_the_day(book: Book) -> Iterator[tuple[str, Fill]]:
    """Yield those of the broker's day of its last report."""
    told_at = book.reported.positions_at or book.now
    day = broker_day(told_at)
    return ((base, fill) for base, fill in recent_fills(book) if broker_day(fill.at) == day and fill.at <= told_at)


def is_fresh(book: Book, fill: Fill) -> bool:
    """Tell whether the broker's last report may be from before an execution."""
    return (book.reported.positions_at or book.now) - fill.at <= FRESH


def has_ended(book: Book, con_id: int) -> bool:
    """Tell whether a contract is at its end: it is exercised, or expires, and is not traded any more."""
    expiry = book.contracts[con_id].expiry
    return expiry is not None and expiry <= broker_day(book.now)


def paid(book: Book, quantity: Decimal, price: Decimal, con_id: int) -> Decimal:
    """Return the cash that a trade moves, without its commission: + received; a future moves none."""
    return cash_of(book, con_id, quantity, price)


def commission_expected(contract: ContractDefined, quantity: Decimal, price: Decimal) -> Decimal:
    """Return what IB charges at its fixed prices, as a magnitude."""
    units = abs(quantity)
    if contract.security_type in ("OPT", "FOP", "FUT"):
        return max(units * PER_CONTRACT, CONTRACTS_MIN)
    return min(max(units * PER_SHARE, SHARES_MIN), units * price * contract.multiplier * SHARE_OF_VALUE)


def order_of(book: Book, con_id: int, units: Decimal, price: Decimal) -> Order | None:
    """Return the order of ours that still wants so many units at such a price; the last one that does."""
    for order_ref in reversed(book.orders):
        order = book.orders[order_ref]
        if order.con_id == con_id and _wants(order, units, price):
            return order
    return None


def _wants(order: Order, units: Decimal, price: Decimal) -> bool:
    if order.status in ("not_sent", "rejected") or order.remaining * units <= 0 or abs(order.remaining) < abs(units):
        return False
    if order.filled_reported is not None and order.filled_reported <= abs(order.filled):
        return False  # it ended, and all that it filled is known
    return order.limit_price is None or (order.limit_price - price) * units >= 0


def inferred_fill(
    case: Case, name: str, con_id: int, quantity: Decimal, price: Decimal, commission: Decimal,
    like: Order | Fill | None, at: datetime | None = None,
) -> tuple[Fact, ...]:  # fmt: skip
    """Return an execution that the broker has not told, with its commission, signed as cash."""
    book = case.book
    execution_id = f"{INFERRED}{case.origin.named(name)}.01"
    perm_id = like.perm_id if isinstance(like, Fill) else next(iter(like.perm_ids), 0) if like is not None else 0
    fill = OrderFilled(
        account=book.account, execution_id=execution_id, con_id=con_id, quantity=quantity, price=price,
        currency=book.contracts[con_id].currency, order_ref=like.order_ref if like is not None else "",
        perm_id=perm_id, source=case.origin.source, occurred_at=at or book.reported.positions_at,
    )  # fmt: skip
    charged = CommissionCharged(execution_id=execution_id, amount=commission, currency=fill.currency)
    return (fill, charged)


def revised(execution_id: str) -> str:
    """Return the name of the revision after one."""
    base, revision = execution_base(execution_id)
    return f"{base}.{revision + 1:02}"


def step_of(contract: ContractDefined) -> Decimal:
    """Return what prices are multiples of."""
    return contract.min_tick if ZERO < contract.min_tick <= CENT else CENT


def spelt(book: Book, fill: Fill) -> str:
    """Name an execution for people."""
    return f"{decimal_text(fill.quantity)} {symbol(book, fill.con_id)} × {fill.price:,f}"
