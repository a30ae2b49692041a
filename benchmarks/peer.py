"""The peer: the same account kept with the library eventsourcing, on SQLite in a file, with the library's own settings.

SQLite runs in WAL mode, which the library sets, with `synchronous` at SQLite's own default FULL: one sync a commit, as
durable as ours. Its events carry the fields of our facts, and its aggregate keeps what a book must: cash, open lots
first in first out, what was realised, every execution with its commission. It has no hash chain, keeps no history of
trades to correct, and enters nothing twice; ours does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from ledger.events import CommissionCharged, Fact, OrderFilled

ZERO = Decimal(0)
FIELDS = (
    "account", "execution_id", "con_id", "quantity", "price", "currency", "order_ref", "perm_id", "order_id",
    "client_id", "venue", "source", "occurred_at",
)  # fmt: skip


class Fill:
    """One execution, as the aggregate keeps it."""

    __slots__ = ("account", "at", "commission", "con_id", "currency", "order_ref", "perm_id", "price", "quantity")

    def __init__(self, **said: Any) -> None:
        for name, value in said.items():
            setattr(self, name, value)
        self.commission: Decimal | None = None


class Account(Aggregate):
    """Cash, open lots, what was realised, and every execution with its commission."""

    def __init__(self) -> None:
        self.cash: dict[str, Decimal] = {}
        self.realised: dict[int, Decimal] = {}
        self.basis: dict[int, Decimal] = {}
        self.commissions: dict[str, Decimal] = {}
        self.lots: dict[int, deque[tuple[Decimal, Decimal]]] = {}  # by contract: quantity and price
        self.fills: dict[str, Fill] = {}
        self.last: dict[str, dict[str, Any]] = {}
        self.cycle: dict[str, dict[str, Any]] = {}
        self.orders: dict[str, list[str]] = {}

    @event("Filled")
    def fill(
        self, account: str, execution_id: str, con_id: int, quantity: Decimal, price: Decimal, currency: str,
        order_ref: str, perm_id: int, order_id: int, client_id: int, venue: str, source: str, occurred_at: datetime,
    ) -> None:  # fmt: skip
        if execution_id in self.fills:
            return  # told twice
        self.fills[execution_id] = Fill(
            account=account, con_id=con_id, quantity=quantity, price=price, currency=currency, order_ref=order_ref,
            perm_id=perm_id, at=occurred_at,
        )  # fmt: skip
        self.cash[currency] = self.cash.get(currency, ZERO) - quantity * price
        lots = self.lots.setdefault(con_id, deque())
        rest, realised = quantity, ZERO
        while rest and lots and (lots[0][0] > 0) != (rest > 0):
            held, paid = lots[0]
            closed = min(abs(held), abs(rest)).copy_sign(held)
            realised += closed * (price - paid)
            rest += closed
            if closed == held:
                lots.popleft()
            else:
                lots[0] = (held - closed, paid)
        if rest:
            lots.append((rest, price))
        self.realised[con_id] = self.realised.get(con_id, ZERO) + realised
        self.basis[con_id] = self.basis.get(con_id, ZERO) + quantity * price + realised

    @event("Charged")
    def charge(self, execution_id: str, amount: Decimal, currency: str) -> None:
        fill = self.fills[execution_id]
        change = amount - (fill.commission or ZERO)
        fill.commission = amount
        self.cash[currency] = self.cash.get(currency, ZERO) + change
        self.commissions[currency] = self.commissions.get(currency, ZERO) + change

    @event("Told")
    def take(self, kind: str, said: dict[str, Any]) -> None:
        """Keep the last of each other kind: what was observed, decided, and became of the cycle."""
        self.last[kind] = said
        if kind == "cycle_started":
            self.cycle = {}
        elif kind.startswith("order_"):
            self.orders.setdefault(said.get("order_ref", ""), []).append(kind)
        else:
            self.cycle[kind] = said


class Accounts(Application[UUID]):
    """The accounts in one SQLite file."""

    def tell(self, account: Any, fact: Fact) -> None:
        """Give the aggregate the fact; `save` makes it durable."""
        match fact:
            case OrderFilled():
                account.fill(**{name: getattr(fact, name) for name in FIELDS})
            case CommissionCharged():
                account.charge(fact.execution_id, fact.amount, fact.currency)
            case _:
                account.take(fact.type, _plain(fact.model_dump(exclude_none=True)))


def _plain(value: Any) -> Any:
    """Keep what the library spells exactly by itself (decimals, moments); lists for tuples, text for dates."""
    match value:
        case dict():
            return {name: _plain(part) for name, part in value.items()}
        case tuple() | list():
            return [_plain(part) for part in value]
        case date() if not isinstance(value, datetime):
            return value.isoformat()
        case _:
            return value


def accounts(path: Path) -> Accounts:
    """Open the application on a file."""
    return Accounts(env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(path)})


def kept(app: Accounts, facts: Iterable[Fact], each: int = 1_000) -> UUID:
    """Save one account with a history, so many events a commit; return its id."""
    account: Any = Account()
    for number, fact in enumerate(facts, start=1):
        app.tell(account, fact)
        if number % each == 0:
            app.save(account)
    app.save(account)
    return UUID(str(account.id))


def synchronous(app: Accounts) -> str:
    """Read SQLite's own settings off a connection of the library's."""
    recorder: Any = app.recorder
    with recorder.datastore.transaction(commit=True) as cursor:
        found = []
        for pragma in ("journal_mode", "synchronous"):
            cursor.execute(f"PRAGMA {pragma}")
            found.append(f"{pragma} {cursor.fetchone()[0]}")
    return ", ".join(found)
