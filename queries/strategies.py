"""`tallybook report strategies`: what each strategy holds, what money moved for it, and what it made.

From the whole log: money that an execution moved goes to the strategies that have a part in its order, pro rata; what
one passed to another moves none of the account's, and counts at its price; money of a contract otherwise (dividends,
taxes, actions) goes pro rata to the units held then. What no strategy holds or did is the rest's, so that all parts
together are the account's, to the last digit. To tell another figure of a part: a column, and its value in `part_row`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from ledger.book import Book
from ledger.effects.changes import VIRTUAL
from ledger.events import (
    CommissionCharged,
    FillBusted,
    OpeningBalanceRecorded,
    OrderFilled,
    ProceedsSettled,
    StrategiesCrossed,
    TransactionTaxCharged,
    execution_base,
)
from ledger.line import Event
from ledger.log import read_events
from ledger.lots import EXACT, ZERO, exactly, spread
from ledger.nav import VARIATION, Unvalued, mark
from ledger.subbooks import REST, holders, sub_position
from queries.figures import UNKNOWN, change, money, quantity
from queries.formats import Format
from queries.streams import Column, print_rows

FINE = 0
OF_EXECUTIONS = (OrderFilled, FillBusted, CommissionCharged, ProceedsSettled, TransactionTaxCharged)
REST_IS_CALLED = "no strategy"
Shares = Sequence[tuple[str, Decimal]]
Balances = Mapping[tuple[str, str], Decimal]
Whose = tuple[int | None, Shares]


class Account(NamedTuple):
    """Whose money: a strategy's, by contract and currency; without a contract it is of no trade."""

    strategy: str
    con_id: int | None
    currency: str


class Part(NamedTuple):
    """What a strategy has of one contract, in one currency."""

    strategy: str
    con_id: int
    symbol: str
    currency: str
    units: Decimal
    value: Decimal | None  # at the broker's mark; None: no mark was reported
    flows: Decimal  # money that came in (+) or went out (-) for it, since the log began

    @property
    def profit(self) -> Decimal | None:
        """What it made: what it is worth, and what came of it."""
        return None if self.value is None else EXACT.add(self.value, self.flows)


@dataclass(slots=True)
class Strategies:
    """The book of the whole log, and the money that moved for each strategy."""

    book: Book = field(default_factory=Book)
    flows: dict[Account, Decimal] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take a fact in."""
        before, whose = dict(self.book.journal), self.whose(event)
        self.book.apply(event)
        moved = {} if self.book.journal == before else _moved(before, self.book.journal)  # most facts move nothing
        self.share(event, whose, moved)

    def whose(self, event: Event) -> Whose:
        """Say, before a fact is applied, which contract its money is of, and by what weights the strategies'."""
        return self._contract(event), self._shares(event)

    def share(self, event: Event, whose: Whose, moved: Mapping[str, Decimal]) -> None:
        """Share out what a fact moved, by currency."""
        con_id, shares = whose
        for currency, amount in moved.items():
            if amount:
                self._share_out(con_id, currency, amount, shares)
        match event.fact:
            case StrategiesCrossed(rows=rows):
                for row in rows:
                    held = self.book.contracts[row.con_id]
                    paid = -row.quantity * row.price * held.multiplier
                    self._add(Account(row.strategy, row.con_id, held.currency), paid)
            case OpeningBalanceRecorded(con_id=int(opened)) as fact:
                self._add(Account(REST, opened, fact.currency), -fact.amount)
            case _:
                pass

    def _contract(self, event: Event) -> int | None:
        """Return the contract that money moves for; none of a pair of currencies, which is held as cash."""
        fact = event.fact
        con_id: int | None = getattr(fact, "con_id", None) if "con_id" in type(fact).model_fields else None
        if con_id is None and isinstance(fact, OF_EXECUTIONS):
            known = self.book.fills.get(execution_base(fact.execution_id)[0])
            con_id = None if known is None else known.con_id
        contract = None if con_id is None else self.book.contracts.get(con_id)
        return None if contract is None or contract.security_type == VIRTUAL else con_id

    def _shares(self, event: Event) -> Shares:
        """Return by what weights the money that a fact moves is the strategies'; nothing: the rest's."""
        fact = event.fact
        if isinstance(fact, OF_EXECUTIONS):
            known = self.book.fills.get(execution_base(fact.execution_id)[0])
            ref = fact.order_ref if isinstance(fact, OrderFilled) else "" if known is None else known.order_ref
            order = self.book.orders.get(ref)
            return () if order is None else order.parts
        con_id = self._contract(event)
        names = () if con_id is None else holders(self.book, con_id)
        if con_id is None or not names:
            return ()
        return tuple((name, sub_position(self.book, name, con_id)) for name in (*names, REST))

    def _share_out(self, con_id: int | None, currency: str, amount: Decimal, shares: Shares) -> None:
        if con_id is None or not sum((weight for _, weight in shares), ZERO):
            shares = ((REST, Decimal(1)),)
        for (name, _), share in zip(shares, spread(amount, [weight for _, weight in shares]), strict=True):
            self._add(Account(name, con_id, currency), share)

    def _add(self, account: Account, amount: Decimal) -> None:
        self.flows[account] = self.flows.get(account, ZERO) + amount

    def parts(self) -> Iterator[Part]:
        """Yield what each strategy has, and last what none has."""
        held = {Account(name, con_id, self._currency(con_id)) for name, con_id in self.book.sub_positions}
        rest = {Account(REST, con_id, self._currency(con_id)) for con_id in self.book.positions}
        for account in sorted({*held, *rest, *self.flows}, key=lambda each: (not each.strategy, *map(str, each))):
            if account.con_id is None:
                continue
            part = self._part(account, account.con_id)
            if part.units or part.flows:
                yield part

    def _part(self, account: Account, con_id: int) -> Part:
        units, value = ZERO, ZERO if account.currency != self._currency(con_id) else None
        if value is None:
            units = sub_position(self.book, account.strategy, con_id)
            value = self._value(con_id, units)
        symbol = self.book.contracts[con_id].symbol
        return Part(account.strategy, con_id, symbol, account.currency, units, value, self.flows.get(account, ZERO))

    def _value(self, con_id: int, units: Decimal) -> Decimal | None:
        try:
            return units * mark(self.book, con_id) * self.book.contracts[con_id].multiplier if units else ZERO
        except Unvalued:
            return None

    def _currency(self, con_id: int) -> str:
        return self.book.contracts[con_id].currency


def _moved(before: Balances, after: Balances) -> dict[str, Decimal]:
    """Return how much cash came in, by currency."""
    cash = _cash(before)
    moved = {currency: amount - cash.pop(currency, ZERO) for currency, amount in _cash(after).items()}
    return moved | {currency: -amount for currency, amount in cash.items()}


def _cash(journal: Balances) -> dict[str, Decimal]:
    """Return cash, and what margin products still have to settle, by currency."""
    found = dict[str, Decimal]()
    for (account, currency), amount in journal.items():
        if account == "cash" or account.startswith(VARIATION):
            found[currency] = found.get(currency, ZERO) + amount
    return found


def strategies_of(events: Iterable[Event], *, tell: Callable[[int], None] = lambda _: None) -> Strategies:
    """Fold events."""
    found = Strategies()
    with exactly():
        for event in events:
            found.take(event)
            tell(event.seq)
    return found


def read_strategies(home: Path, *, tell: Callable[[int], None] = lambda _: None) -> tuple[Part, ...]:
    """Fold the whole log, and return what each strategy has."""
    with exactly():
        return tuple(strategies_of(read_events(home), tell=tell).parts())


COLUMNS = (
    Column("strategy"), Column("symbol"), Column("units", quantity), Column("value", money),
    Column("flows", change), Column("profit", change), Column("currency"),
)  # fmt: skip


def print_strategies(parts: Sequence[Part], format: Format) -> int:
    """Print what each strategy has of each contract; in a table with the sums by strategy and currency."""
    print_rows(COLUMNS, map(part_row, parts), format)
    if format == "table":
        print("Flows are since the log began; profit is value and flows, before money that is of no contract.")
        for line in totals(parts):
            print(line)
    return FINE


def totals(parts: Sequence[Part]) -> Iterator[str]:
    """Sum up what each strategy made, and what all made together."""
    if not parts:
        yield "nothing was held"
    names = dict.fromkeys(part.strategy for part in parts)
    for currency in sorted({part.currency for part in parts}):
        of_currency = [part for part in parts if part.currency == currency]
        for name in names:
            yield from _total(name or REST_IS_CALLED, currency, [part for part in of_currency if part.strategy == name])
        yield from _total("together", currency, of_currency)


def _total(name: str, currency: str, parts: Sequence[Part]) -> Iterator[str]:
    if parts:
        profits = [part.profit for part in parts]
        untold = [part.symbol for part in parts if part.profit is None]
        with exactly():
            total = sum((profit for profit in profits if profit is not None), ZERO)
        yield f"{name}: {f'{UNKNOWN}, no mark of {untold[0]}' if untold else change(total)} {currency}"


def part_row(part: Part) -> tuple[object, ...]:
    """Return the cells of a part."""
    name = part.strategy or REST_IS_CALLED
    return (name, part.symbol, part.units, part.value, part.flows, part.profit, part.currency)
