"""What of a statement is new to a log that has begun: nothing twice, nothing from before its beginning. Pure.

The broker's word takes the place of what was inferred: a provisional dividend, tax or split of the same contract and
about the same time is named by the statement's fact in `replaces`. To let another kind of fact be replaced, name its
types in `ALIKE`.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from ledger.book import Book
from ledger.events import (
    ActionPending,
    BrokerCash,
    ContractDefined,
    DividendAccrued,
    DividendPaid,
    Fact,
    FeeCharged,
    MergerApplied,
    OpeningLot,
    OpeningLotsRecorded,
    OrderFilled,
    PaymentInLieuPaid,
    PositionAction,
    ReturnOfCapitalPaid,
    SplitApplied,
    StockDividendApplied,
    TaxWithheld,
    decimal_text,
    execution_base,
)
from ledger.line import Event
from ledger.lots import ZERO, exactly
from reconcile.periods import OF_EXECUTION, booked_on, broker_day

NEAR = timedelta(days=10)  # what the broker tells of one thing lies so near to what was inferred of it …
WAITED = timedelta(days=45)  # … or so long before: a break may wait for the operator, a desk may rest
CENT = Decimal("0.01")
PAY_DATE = re.compile(r"/\d{4}-\d{2}-\d{2}/(\d{4}-\d{2}-\d{2})(/|$)", re.ASCII)  # in the reference of an accrual

# Types that may stand for each other: what was inferred as the one may turn out to be the other.
ALIKE: tuple[tuple[type[Fact], ...], ...] = (
    (DividendPaid, PaymentInLieuPaid, ReturnOfCapitalPaid),
    (TaxWithheld, FeeCharged),  # an accrual does not tell what a depositary takes from what the state does
    (SplitApplied, StockDividendApplied),
)


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a log begins: what it held then is in its opening balances."""

    at: datetime
    adopted: bool  # found at the broker in the middle of a day; else the first moment of a statement

    @property
    def day(self) -> date:
        """The broker's day of it."""
        return broker_day(self.at)


def fitting(facts: tuple[Fact, ...], beginning: Beginning | None) -> tuple[Fact, ...]:
    """Leave out what happened before the log's beginning: its opening balances hold it."""
    if beginning is None:
        return facts
    left_out = {
        execution_base(fact.execution_id)[0]
        for fact in facts
        if isinstance(fact, OrderFilled) and _is_before(fact, beginning)
    }
    return tuple(fact for fact in facts if not _is_left_out(fact, beginning, left_out))


def _is_left_out(fact: Fact, beginning: Beginning, left_out: set[str]) -> bool:
    if isinstance(fact, (OrderFilled, *OF_EXECUTION)):
        return execution_base(fact.execution_id)[0] in left_out
    if isinstance(fact, DividendAccrued) and fact.pay_date is not None and fact.pay_date >= beginning.day:
        return False  # it is to come: no opening balance holds it
    return _is_before(fact, beginning)


def _is_before(fact: Fact, beginning: Beginning) -> bool:
    """Tell whether it was there already: booked on an earlier day, or on the day of an adoption before its time."""
    day = booked_on(fact)
    if day is None or day > beginning.day:
        return False
    if day < beginning.day:
        return True
    return beginning.adopted and fact.occurred_at is not None and fact.occurred_at < beginning.at


def new_contracts(book: Book, contracts: Iterable[ContractDefined]) -> tuple[ContractDefined, ...]:
    """Return the contracts that the book does not know: the broker's API tells more of those that it does."""
    return tuple(contract for contract in contracts if contract.con_id not in book.contracts)


def pending(fact: Fact) -> Fact:
    """Return what waits for the operator's choice in place of a fact that needs one."""
    if not isinstance(fact, MergerApplied) or fact.basis_to_cash is not None:
        return fact
    if not fact.cash or fact.successor_con_id is None:
        return fact
    words = fact.note or f"{decimal_text(fact.quantity_change)} units for cash and another contract"
    return ActionPending(
        con_id=fact.con_id, source=fact.source, reference=fact.reference, occurred_at=fact.occurred_at,
        trade_date=fact.trade_date, report_date=fact.report_date,
        description=f"{words}: how much of the basis the cash settles is not told",
        quantity_change=fact.quantity_change, cash=fact.cash, currency=fact.currency,
        successor_con_id=fact.successor_con_id, successor_quantity=fact.successor_quantity,
    )  # fmt: skip


def replacing(facts: Iterable[Fact], inferred: Mapping[str, Event], told: Container[str | None] = ()) -> Iterator[Fact]:
    """Let each fact of the broker's, unless it was told before, take the place of the inferred fact that fits best."""
    left = dict(inferred)
    for fact in facts:
        is_new = isinstance(fact, BrokerCash | PositionAction) and fact.replaces is None and fact.key not in told
        key = _best(fact, left) if is_new and isinstance(fact, BrokerCash | PositionAction) else None
        if key is None:
            yield fact
        else:
            del left[key]
            yield fact.model_copy(update={"replaces": key})


def _best(fact: BrokerCash | PositionAction, inferred: Mapping[str, Event]) -> str | None:
    fits = [(_distance(fact, event), key) for key, event in inferred.items() if _fits(fact, event)]
    return min(fits)[1] if fits else None


def _fits(fact: BrokerCash | PositionAction, event: Event) -> bool:
    other = event.fact
    if type(other) is not type(fact) and not any({type(fact), type(other)} <= set(kinds) for kinds in ALIKE):
        return False
    if fact.key == event.key or not _is_of_same(fact, other):
        return False
    if isinstance(fact, BrokerCash) and isinstance(other, BrokerCash) and not _is_same_way(fact, other):
        return False
    if isinstance(fact, FeeCharged) and not isinstance(other, FeeCharged) and fact.kind != "adr":
        return False
    told, announced = fact.occurred_at or event.at, PAY_DATE.search(getattr(other, "reference", ""))
    if announced is None:
        return -WAITED <= told - event.at <= NEAR
    return abs(broker_day(told) - date.fromisoformat(announced[1])) <= NEAR or abs(told - event.at) <= NEAR


def _is_of_same(fact: BrokerCash | PositionAction, other: Fact) -> bool:
    """Tell whether two facts are of one contract; cash that was inferred for none is recognised by its amount."""
    if isinstance(fact, BrokerCash) and isinstance(other, BrokerCash) and getattr(other, "con_id", None) is None:
        return abs(fact.amount - other.amount) <= CENT
    return getattr(fact, "con_id", None) == getattr(other, "con_id", None)


def _is_same_way(fact: BrokerCash, other: BrokerCash) -> bool:
    return fact.currency == other.currency and fact.amount * other.amount > 0


def _distance(fact: BrokerCash | PositionAction, event: Event) -> tuple[Decimal, timedelta]:
    other, apart = event.fact, abs((fact.occurred_at or event.at) - event.at)
    if isinstance(fact, BrokerCash) and isinstance(other, BrokerCash):
        return abs(fact.amount - other.amount), apart
    return ZERO, apart


def opening_lots(
    book: Book, listed: Mapping[int, tuple[OpeningLot, ...]], beginning: Beginning
) -> Iterator[OpeningLotsRecorded]:
    """Yield the lots of adopted positions, where a statement still lists all of them."""
    for con_id, lots in sorted(listed.items()):
        contract, known = book.contracts.get(con_id), book.keys.get(f"opening/{con_id}")
        if contract is None or known is None or known[1] is None or f"opening-lots/{con_id}" in book.keys:
            continue
        old = tuple(lot for lot in lots if lot.opened_at < beginning.at)
        with exactly():
            whole = sum((lot.quantity for lot in old), ZERO)
        if (contract.currency, con_id, whole) == (known[1][0], known[1][2], known[1][3]):
            yield OpeningLotsRecorded(con_id=con_id, currency=contract.currency, lots=old, occurred_at=beginning.at)
