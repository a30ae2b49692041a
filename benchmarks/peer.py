"""The peer: the same account kept with the library eventsourcing, on SQLite in a file, with the library's own settings.

SQLite runs in WAL mode, which the library sets, with `synchronous` at SQLite's own default FULL: one sync a commit, as
durable as ours. The aggregate keeps what a book must: cash, open lots first in first out, what was realised, and the
commissions of every execution. The library has no hash chain, no idempotency and no double entry; ours has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event

from ledger.events import CommissionCharged, Fact, OrderFilled


class Account(Aggregate):
    """Cash, lots and commissions of one account."""

    def __init__(self) -> None:
        self.cash = Decimal(0)
        self.realised = Decimal(0)
        self.lots: dict[int, deque[tuple[Decimal, Decimal]]] = {}  # by contract: quantity and price
        self.commissions: dict[str, Decimal | None] = {}

    @event("Filled")
    def fill(  # what the book does not need is kept too, as in ours
        self, account: str, execution_id: str, con_id: int, quantity: Decimal, price: Decimal, currency: str,
        occurred_at: str,
    ) -> None:  # fmt: skip
        self.cash -= quantity * price
        self.commissions[execution_id] = None
        lots = self.lots.setdefault(con_id, deque())
        rest = quantity
        while rest and lots and (lots[0][0] > 0) != (rest > 0):
            held, paid = lots[0]
            closed = min(abs(held), abs(rest)) * (1 if held > 0 else -1)
            self.realised += closed * (price - paid)
            rest += closed
            if closed == held:
                lots.popleft()
            else:
                lots[0] = (held - closed, paid)
        if rest:
            lots.append((rest, price))

    @event("Charged")
    def charge(self, execution_id: str, amount: Decimal, currency: str) -> None:
        self.cash += amount
        self.commissions[execution_id] = amount


class Accounts(Application[UUID]):
    """The accounts in one SQLite file."""

    def tell(self, account: Any, fact: Fact) -> None:
        """Give the aggregate the fact; `save` makes it durable."""
        match fact:
            case OrderFilled():
                account.fill(
                    fact.account, fact.execution_id, fact.con_id, fact.quantity, fact.price, fact.currency,
                    str(fact.occurred_at),
                )  # fmt: skip
            case CommissionCharged():
                account.charge(fact.execution_id, fact.amount, fact.currency)
            case _:
                raise TypeError(f"expected a fill or a commission, found {fact.type}")


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
