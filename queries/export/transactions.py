"""The books as dated transactions, in economic order, with what every account holds at each day's end.

A trade is one transaction with its commission and its taxes; one that crosses zero is two, a closing and an opening. An
action lets lots out and in at cost, through `Equity:Exchange` where they go to another contract. What is told has the
date of the home's zone. At the end the sums are held against the journal: what differs is a defect, and raises.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import ClassVar, NamedTuple
from zoneinfo import ZoneInfo

from ledger.effects.changes import MARGINED, VIRTUAL, arriving, leaving, paid_from
from ledger.effects.executions import bought_currency, gross_of
from ledger.errors import Refusal
from ledger.events import ContractDefined, decimal_text
from ledger.lots import EXACT, OPENING, ZERO, Lot, Trade, exactly, place_of
from ledger.lots.matched import Matched
from ledger.lots.matching import closed_in
from ledger.state import Fill
from queries.export.accounts import CASH, POSITIONS, Names
from queries.export.gathering import Gathered, Legs, Posted, fact_of
from queries.export.lots import Cost, Lots

IN_PARTS = ("fifo", "lifo", "hifo", "specific")  # methods by which lots are closed as they stand; others change them


class NotEqual(Refusal):
    """What would be exported is not what the journal says: a defect of ours."""

    code: ClassVar[str] = "export-not-equal"


class Posting(NamedTuple):
    """So much of a commodity, to an account; units of a contract with what they cost."""

    account: str
    amount: Decimal
    commodity: str
    cost: Cost | None = None


class Transaction(NamedTuple):
    """Postings that sum to zero at cost."""

    day: date
    narration: str
    seq: int  # of the fact
    reference: str  # execution id, or key of the fact; empty if it has none
    postings: list[Posting]


class Balances(NamedTuple):
    """What cash and position accounts hold at a day's end; nothing is said once more of one that is empty."""

    day: date
    held: list[Posting]


class _Step(NamedTuple):
    """One step of the history, to be told in the order of the first three."""

    at: datetime
    id: str
    revision: int
    con_id: int
    what: Matched | Fill | Posted


class Books:
    """The transactions of one log."""

    def __init__(self, gathered: Gathered, zone: str) -> None:
        book = gathered.book
        self.names = Names(book.contracts)
        self.contracts = book.contracts
        self.base_currency, self.account = book.base_currency, book.account
        self.tell: Callable[[int], None] = lambda _: None  # is told the number of each step
        self._gathered, self._book = gathered, book
        self._lots = Lots(ZoneInfo(zone))
        self._day_of = lru_cache(maxsize=4096)(lambda at: at.astimezone(ZoneInfo(zone)).date())
        self._held: dict[tuple[str, str], Decimal] = {}
        self._basis: dict[str, Decimal] = {}
        self._legs = _legs_of(gathered)
        self._contract_of = {self.names.commodity(con_id): contract for con_id, contract in self.contracts.items()}

        self._in_order = sorted(self._steps(), key=lambda step: (*place_of(step), step.con_id))

    @property
    def steps(self) -> int:
        """How many steps there are to tell."""
        return len(self._in_order)

    def transactions(self) -> Iterator[Transaction | Balances]:
        """Yield everything, in order, once; each day's balances after its last transaction."""
        today: date | None = None
        touched = set[tuple[str, str]]()
        for number, step in enumerate(self._in_order):
            self.tell(number)
            with exactly():
                told = list(self._told(step))
            for transaction in told:
                if today is not None and transaction.day != today:
                    yield self._balances(today, touched)
                    touched.clear()
                today = transaction.day
                self._add(transaction, touched)
                yield transaction
        if today is not None:
            yield self._balances(today, touched)
        self._require_equal()

    def contract_of(self, commodity: str) -> ContractDefined:
        """Return the contract that a commodity stands for."""
        return self._contract_of[commodity]

    # What there is to tell

    def _steps(self) -> Iterator[_Step]:
        for con_id, holding in self._book.holdings.items():
            for state in holding.states:
                assert state.entry is not None
                at, entry_id, revision = state.entry[:3]
                yield _Step(at, entry_id, revision, con_id, state)
        for base, fill in self._book.fills.items():
            if fill.busted or self.contracts[fill.con_id].security_type == VIRTUAL:
                yield _Step(fill.at, base, fill.revision, fill.con_id, fill)
        for number, posted in enumerate(self._gathered.posted):
            yield _Step(posted.event.at, "", number, 0, posted)

    def _told(self, step: _Step) -> Iterable[Transaction]:
        match step.what:
            case Posted():
                return (self._posted(step, step.what),)
            case Fill():
                return self._filled(step, step.what)
            case Matched():
                return self._matched(step, step.what)

    def _posted(self, step: _Step, posted: Posted) -> Transaction:
        event = posted.event
        postings = [
            Posting(self.names.account(account, currency), amount, currency)
            for account, currency, amount in posted.legs
        ]
        fact = event.fact
        contract = self.contracts.get(getattr(fact, "con_id", None) or 0)
        words = (event.type.replace("_", " ").capitalize(), contract.symbol if contract else "")
        narration = " ".join(filter(None, (*words, getattr(fact, "note", ""))))
        return Transaction(self._day_of(step.at), narration, event.seq, event.key or "", postings)

    # Executions

    def _filled(self, step: _Step, fill: Fill) -> Iterator[Transaction]:
        """Tell of a conversion of currencies, or what a busted execution still costs."""
        pair, postings, narration = self.contracts[step.con_id], list[Posting](), "Commission of a busted execution"
        if not fill.busted:
            bought = bought_currency(pair)
            moved = -gross_of(self._book, pair, step.id, fill)
            for currency, amount in ((bought, fill.quantity), (pair.currency, moved)):
                postings += self._pair("cash", "conversion", currency, amount)
            narration = f"{_verb(fill.quantity)} {decimal_text(abs(fill.quantity))} {bought} for {pair.currency} at "
            narration += decimal_text(fill.price)
        postings += self._costs(step.id, fill)
        if postings:
            yield Transaction(self._day_of(step.at), narration, fill.seq, fill.execution_id, postings)

    def _pair(self, account: str, against: str, currency: str, amount: Decimal) -> Iterator[Posting]:
        if amount:
            yield Posting(self.names.account(account, currency), amount, currency)
            yield Posting(self.names.account(against, currency), -amount, currency)

    def _costs(self, base: str, fill: Fill) -> Iterator[Posting]:
        if fill.commission is not None and fill.commission_currency is not None:
            yield from self._pair("cash", "commissions", fill.commission_currency, fill.commission)
        for tax in self._book.taxes.get(base, ()):
            yield from self._pair("cash", "taxes", tax.currency, tax.amount)

    # Lots

    def _matched(self, step: _Step, state: Matched) -> Iterator[Transaction]:
        before, entry, con_id = state.before, state.entry, step.con_id
        assert before is not None
        assert entry is not None
        fill = self._book.fills.get(step.id)
        if type(entry) is Trade and entry.method in IN_PARTS and (con_id, step.id) not in self._legs:
            yield from self._traded(step, entry, before, state, fill)
            return
        outs, ins = changed(before.lots, state.lots)
        postings = [*self._leaving(con_id, outs), *self._arriving(con_id, ins)]
        basis, realised = state.gross - before.gross, state.realised_gross - before.realised_gross
        postings += self._balancing(con_id, step.id, basis, realised)
        postings += self._costs(step.id, fill) if fill is not None else ()
        if postings:
            yield self._transaction(step, postings, fill, state.quantity - before.quantity)

    def _traded(
        self, step: _Step, trade: Trade, before: Matched, after: Matched, fill: Fill | None
    ) -> Iterator[Transaction]:
        """Tell of a trade: what it closes, lot by lot, and then what it opens."""
        con_id, opened = step.con_id, trade.quantity
        costs = list(self._costs(step.id, fill)) if fill is not None else []
        closes = bool(before.quantity) and before.quantity.is_signed() != trade.quantity.is_signed()
        opened_gross = trade.gross
        if closes:
            parts = closed_in(after)
            closing = -sum((part.lot.quantity for part in parts), ZERO)
            opened, gross = trade.quantity - closing, sum((part.gross for part in parts), ZERO)
            opened_gross = trade.gross - gross
            basis = -sum((part.lot.gross for part in parts), ZERO)
            postings = list(self._leaving(con_id, [part.lot for part in parts]))
            postings += self._balancing(con_id, step.id, basis, -gross + basis)
            yield self._transaction(step, postings + costs, fill, closing, "closing" if opened else "")
            costs = []
        if opened:
            lot = Lot(trade.execution, opened, opened_gross, ZERO, trade.at)
            postings = list(self._arriving(con_id, [lot]))
            postings += self._balancing(con_id, step.id, opened_gross, ZERO)
            yield self._transaction(step, postings + costs, fill, opened, "opening" if closes else "")

    def _leaving(self, con_id: int, lots: Iterable[Lot]) -> Iterator[Posting]:
        account, currency, commodity = self._position(con_id)
        for lot in lots:
            cost = self._lots.closed(con_id, currency, lot)
            left = cost._replace(total=-cost.total)
            yield Posting(account, -lot.quantity, commodity, left)

    def _arriving(self, con_id: int, lots: Iterable[Lot]) -> Iterator[Posting]:
        account, currency, commodity = self._position(con_id)
        for lot in lots:
            yield Posting(account, lot.quantity, commodity, self._lots.opened(con_id, currency, lot))

    def _position(self, con_id: int) -> tuple[str, str, str]:
        currency = self.contracts[con_id].currency
        return self.names.account(f"position:{con_id}", currency), currency, self.names.commodity(con_id)

    def _balancing(self, con_id: int, entry_id: str, basis: Decimal, realised: Decimal) -> Iterator[Posting]:
        """Tell where a change of basis came from, and what it realised; what no leg says, other contracts do."""
        currency = self.contracts[con_id].currency
        outside = realised - basis
        legs = self._outside(con_id, entry_id, outside)
        rest = outside
        for account, amount in ((f"realised:{con_id}", -realised), *legs):
            if amount:
                yield Posting(self.names.account(account, currency), amount, currency)
        for _, amount in legs:
            rest -= amount
        if rest:
            yield Posting(self.names.account("exchange", currency), rest, currency)

    def _outside(self, con_id: int, entry_id: str, outside: Decimal) -> Legs:
        """Return what moved in other accounts: as an action says, or all of it, for what was paid or is put down."""
        known = self._legs.get((con_id, entry_id))
        if known is not None:
            return known
        if entry_id in self._book.fills:
            return ((paid_from(self._book, con_id), outside),)
        left = self._book.booked.get(entry_id[1:])
        if left is not None and left.passage is not None and left.passage.target is None:
            return (("transfers", outside), *left.legs)
        account = "opening" if entry_id == OPENING else "suspense"
        margined = self.contracts[con_id].security_type in MARGINED
        return ((f"variation:{con_id}" if margined else account, outside),)

    # How it is told

    def _transaction(
        self, step: _Step, postings: list[Posting], fill: Fill | None, moved: Decimal, part: str = ""
    ) -> Transaction:
        symbol, day = self.contracts[step.con_id].symbol, self._day_of(step.at)
        if fill is not None:
            words = f"{_verb(moved)} {decimal_text(abs(moved))} {symbol} at {decimal_text(fill.price)}"
            return Transaction(day, f"{words} ({part})" if part else words, fill.seq, fill.execution_id, postings)
        event = fact_of(self._gathered, step.con_id, step.id)
        if event is None:
            raise NotEqual(f"entry {step.id} of {symbol}: expected the fact that made it, found none")
        kind = event.type.replace("_", " ").capitalize()
        words = f"{kind}: {decimal_text(moved)} {symbol}" if moved else f"{kind}: {symbol}"
        return Transaction(day, words, event.seq, event.key or "", postings)

    # What accounts hold

    def _add(self, transaction: Transaction, touched: set[tuple[str, str]]) -> None:
        held = self._held
        for account, amount, commodity, cost in transaction.postings:
            place = account, commodity
            held[place] = EXACT.add(held.get(place, ZERO), amount)
            if account.startswith((CASH, POSITIONS)):
                touched.add(place)
            if cost is not None:
                self._basis[account] = EXACT.add(self._basis.get(account, ZERO), cost.total)

    def _balances(self, day: date, touched: Container[tuple[str, str]]) -> Balances:
        return Balances(day, [
            Posting(place[0], amount, place[1])
            for place, amount in self._held.items()
            if place[0].startswith((CASH, POSITIONS)) and (amount or place in touched)
        ])  # fmt: skip

    def _require_equal(self) -> None:
        """Hold every account against the journal's own balance."""
        names, found = self.names, dict[tuple[str, str], Decimal]()
        for (account, commodity), amount in self._held.items():
            told = account if not account.startswith(names.account("realised", "")) else names.account("realised", "")
            found[told, commodity] = EXACT.add(found.get((told, commodity), ZERO), amount)
        for con_id in self._book.holdings:
            account, currency, commodity = self._position(con_id)
            found.pop((account, commodity), None)
            found[account, currency] = self._basis.get(account, ZERO)
        expected = {
            (names.account(account, currency), currency): amount
            for (account, currency), amount in self._book.journal.items()
        }
        for place in expected.keys() | found.keys():
            if expected.get(place, ZERO) != found.get(place, ZERO):
                raise NotEqual(
                    f"{place[0]}: expected the journal's {expected.get(place, ZERO)} {place[1]}, found "
                    f"{found.get(place, ZERO)}: a defect of the export; please report it"
                )


def _legs_of(gathered: Gathered) -> dict[tuple[int, str], Legs]:
    """Return what actions moved in other accounts than their contracts', by contract and entry."""
    book, legs = gathered.book, dict[tuple[int, str], Legs]()
    for key, booked in book.booked.items():
        for con_id, entry_id, moved in booked.steps:
            legs[con_id, entry_id] = moved
        passage = booked.passage
        if passage is not None and passage.target is not None:
            legs[passage.source, leaving(key)] = booked.legs
            paid = ((paid_from(book, passage.target), -passage.gross),) if passage.gross else ()
            legs[passage.target, arriving(key)] = paid
    return legs


def changed(before: Iterable[Lot], after: Iterable[Lot]) -> tuple[list[Lot], list[Lot]]:
    """Return what of some lots left, and what came: a lot that only became smaller leaves in part."""
    outs, ins = list[Lot](), list[Lot]()
    now = defaultdict[tuple[str, datetime], list[Lot]](list)
    for lot in after:
        now[lot.execution, lot.opened_at].append(lot)
    for lot in before:
        same = now[lot.execution, lot.opened_at]
        kept = next((each for each in same if _is_part(each, lot)), None)
        if kept is None:
            outs.append(lot)
            continue
        same.remove(kept)
        if kept.quantity != lot.quantity:
            outs.append(lot._replace(quantity=lot.quantity - kept.quantity, gross=lot.gross - kept.gross))
    for same in now.values():
        ins += same
    return outs, ins


def _is_part(part: Lot, whole: Lot) -> bool:
    """Tell whether units of a lot are left at its cost per unit."""
    if part.quantity == whole.quantity:
        return part.gross == whole.gross
    smaller = part.quantity.is_signed() == whole.quantity.is_signed() and abs(part.quantity) < abs(whole.quantity)
    return smaller and part.gross * whole.quantity == whole.gross * part.quantity


def day_end(day: date, zone: str) -> datetime:
    """Return the last moment of a day in a zone."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)) - timedelta(microseconds=1)


def _verb(quantity: Decimal) -> str:
    return "Bought" if quantity > 0 else "Sold"
