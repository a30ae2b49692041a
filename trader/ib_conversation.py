"""The order in which Interactive Brokers is asked, and what of its answers becomes a fact.

`Conversation` is the Broker of `broker.py` over one `Wire` (`ib_wire.py`), which `ib.py` makes of the client library.
Everything that acts is told first, and done only when the generator is resumed.
To ask for more: a question in `Wire`, its facts here.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain

from ledger.book import Book
from ledger.events import (
    BrokerConnected,
    BrokerDisconnected,
    CashObserved,
    ContractDefined,
    ExecutionsObserved,
    Fact,
    MarginObserved,
    NavObserved,
    OpenOrderRow,
    OpenOrdersObserved,
    OrderFilled,
    OrderPlanned,
    OrderPreviewed,
    PositionsObserved,
    QuoteRow,
    QuotesObserved,
    RatesObserved,
    execution_base,
)
from reconcile.inferred import without_inferred
from trader import ib_recovery, ib_rows
from trader.bars import Bar
from trader.broker import BrokerIncomplete, BrokerRefused, BrokerSettings, Told, intent_of
from trader.ib_contracts import Catalogue
from trader.ib_modifying import modify
from trader.ib_orders import HOME, acknowledgement, late_ending, refusal, refuse_old_copy, unheard
from trader.ib_preflight import market_data_told
from trader.ib_wire import Wire

PAPER_PREFIXES = ("DU", "DF")
SERVER_VERSION_MIN = 174  # from here on, times on the wire carry their zone
DAYS_MAX = 365  # beyond, IB wants the duration in years
SESSIONS_A_YEAR = 250
NO_FIGURES = "IB gave no finite margins"


@dataclass(frozen=True, slots=True)
class Look:
    """One whole look at the account."""

    executions: frozenset[str]
    positions: PositionsObserved
    portfolio: Mapping[int, Decimal]  # quantities of the account download
    rates: RatesObserved
    cash: CashObserved
    nav: NavObserved
    margin: MarginObserved
    open_orders: tuple[OpenOrderRow, ...]

    @property
    def quantities(self) -> dict[int, Decimal]:
        """Quantities by contract."""
        return {row.con_id: row.quantity for row in self.positions.rows}

    @property
    def holds_together(self) -> bool:
        """Whether positions and account download are of one moment."""
        return self.quantities == {con_id: quantity for con_id, quantity in self.portfolio.items() if quantity}

    def agrees_with(self, other: Look) -> bool:
        """Tell whether nothing moved in between; marks and what follows from them may."""
        return self._still == other._still

    @property
    def _still(self) -> tuple[object, ...]:
        orders = [(row.perm_id, row.filled) for row in self.open_orders]
        return self.executions, self.quantities, self.cash, orders

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What the look observed, rates first: the rest is valued by them."""
        orders = OpenOrdersObserved(rows=self.open_orders)
        executions = ExecutionsObserved(execution_ids=tuple(sorted(self.executions)))
        return self.rates, self.cash, self.positions, self.nav, self.margin, orders, executions


class Conversation:
    """One session with one account."""

    def __init__(self, settings: BrokerSettings, wire: Wire) -> None:
        self.settings = settings
        self.wire = wire
        self.inbox = wire.inbox
        self.contracts: dict[int, ContractDefined] = {}  # of the universe, and pairs of its currencies
        self.book: Book | None = None  # None: an adoption, which takes everything as it finds it

    # The session

    def connect(self, book: Book | None) -> Told:
        """Open the session, assert whose it is, and define the universe."""
        self.book = book
        accounts, version = self.wire.open(book.order_id_high + 1 if book else 1)
        if version < SERVER_VERSION_MIN:
            raise BrokerRefused("gateway-too-old", f"server version {version}: expected at least {SERVER_VERSION_MIN}")
        account = self.settings.account
        if account not in accounts:
            raise BrokerRefused("wrong-account", f"account: expected {account}, found {', '.join(accounts)}")
        mode = "paper" if account.startswith(PAPER_PREFIXES) else "live"
        if book is not None and mode != book.mode:
            raise BrokerRefused("wrong-mode", f"account {account}: it is {mode}, the log is {book.mode}")
        broker_time = self.wire.echo()
        difference = round((broker_time - self.wire.now()).total_seconds())
        if abs(difference) > self.settings.clock_difference_max_seconds:
            raise BrokerRefused("clock-differs", f"clocks: the broker's minus ours is {difference} s")
        yield BrokerConnected(
            account=account,
            client_id=self.settings.client_id,
            server_version=version,
            broker_time=broker_time,
            clock_difference_seconds=difference,
        )
        yield self._define(book)

    def _define(self, book: Book | None) -> tuple[ContractDefined, ...]:
        """Define the universe, and where currencies are converted the pairs for it."""
        known, catalogue = book.contracts if book else {}, Catalogue(self.wire)
        defined = catalogue.universe(self.settings.universe, known)
        if book is not None and self.settings.converts:
            currencies = {contract.currency for contract in defined} | {c for c, held in book.cash.items() if held}
            defined += catalogue.pairs(currencies, book.base_currency)
        self.contracts |= {contract.con_id: contract for contract in defined}
        return tuple(contract for con_id, contract in self.contracts.items() if known.get(con_id) != contract)

    def disconnect(self) -> Told:
        """End the session, and tell what was left; an echo proves that nothing is under way."""
        if not self.wire.is_alive:
            return
        try:
            self.wire.echo()
        finally:
            self.wire.close()
        yield self.drain()
        yield BrokerDisconnected(client_id=self.settings.client_id)

    def drain(self) -> tuple[Fact, ...]:
        """Return what arrived and was not told yet; OldCopyOfLog, and nothing, if any of it is of a newer log."""
        if self.book is not None:
            self.inbox.read()
            refuse_old_copy(self.book, self.inbox, ())
        return self.inbox.drain()

    # Orders that are already there

    def resolve(self, book: Book) -> Told:
        """Decide the undecided."""
        yield from ib_recovery.resolve(self.wire, book)

    def clear_open_orders(self, book: Book) -> Told:
        """Cancel ours, to confirmation, or keep those that the settings let work on."""
        yield from ib_recovery.clear_open_orders(self.wire, book)

    def withdraw(self, book: Book, order_refs: Collection[str]) -> Told:
        """Cancel these, to confirmation."""
        yield from ib_recovery.withdraw(self.wire, book, order_refs)

    # The account

    def observe(self, book: Book) -> Told:
        """Look until two looks agree, and tell the agreed one as one batch."""
        look = self._agreed_look(book)
        refuse_old_copy(book, self.inbox, look.open_orders)
        if look.rates.base_currency != book.base_currency:
            found = f"base currency: expected {book.base_currency}, found {look.rates.base_currency}"
            raise BrokerRefused("wrong-base-currency", found)
        told = without_inferred(book, self.inbox.drain(book.fills))
        doubled = unheard(book, look.open_orders, self.inbox.fills.values())
        yield (*self._definitions(look, book.contracts), *doubled, *told, *look.facts)

    def look(self) -> tuple[Fact, ...]:
        """Look without a book, for an adoption."""
        look = self._agreed_look(None)
        return (*self._definitions(look, self.contracts), *self.inbox.drain(), *look.facts)

    def _agreed_look(self, book: Book | None) -> Look:
        """Look until two looks agree. If they agree on other positions than the book expects, look on for a while."""
        before, agreed = self._look(), None
        for number in range(self.settings.looks_max - 1):
            if number:
                self.wire.pause(self.settings.look_step_seconds)
            look = self._look()
            agreed = look if look.agrees_with(before) and look.holds_together else None
            if agreed is not None and (book is None or agreed.quantities == self._expected(book)):
                return agreed
            before = look
        if agreed is None:
            raise BrokerIncomplete("looks-differ", f"account: {self.settings.looks_max} looks, the last two differ")
        return agreed

    def _expected(self, book: Book) -> dict[int, Decimal]:
        """Return the book's positions with the executions that it has not seen yet."""
        expected = dict(book.positions)
        for fill in self.inbox.fills.values():
            base, _ = execution_base(fill.execution_id)
            if self._leaves_a_position(fill) and base not in book.fills and fill.key not in book.keys:
                expected[fill.con_id] = expected.get(fill.con_id, Decimal(0)) + fill.quantity
        return {con_id: quantity for con_id, quantity in expected.items() if quantity}

    def _leaves_a_position(self, fill: OrderFilled) -> bool:
        """Tell whether an execution is of something that is held: a pair of currencies moves two balances."""
        contract = self.contracts.get(fill.con_id)
        return contract is None or contract.security_type != "CASH"

    def _look(self) -> Look:
        """Ask for executions, account and portfolio, positions, open orders, and executions again."""
        wire = self.wire
        wire.executions()
        wire.account_download()
        rates, cash, nav, margin = ib_rows.account_facts(self.inbox.values)
        portfolio = dict(self.inbox.portfolio)
        rows = wire.positions()
        open_orders = wire.open_orders()
        wire.executions()
        marks = {con_id: mark for con_id, (_, mark) in portfolio.items()}
        positions = [
            ib_rows.position_row(row.contract, row.position, row.avgCost, marks.get(row.contract.conId)) for row in rows
        ]
        return Look(
            executions=self.inbox.read(),
            positions=PositionsObserved(rows=tuple(sorted(positions, key=lambda row: row.con_id))),
            portfolio={con_id: quantity for con_id, (quantity, _) in portfolio.items()},
            rates=rates,
            cash=cash,
            nav=nav,
            margin=margin,
            open_orders=open_orders,
        )

    def _definitions(self, look: Look, known: Container[int]) -> tuple[ContractDefined, ...]:
        """Define what is held or was traded outside the universe."""
        traded = (fill.con_id for fill in self.inbox.fills.values())
        return ib_recovery.definitions(self.wire, chain(look.quantities, traded), known)

    # The market

    def quotes(self, book: Book) -> Told:
        """Take one snapshot of every contract; one that does not end has no price."""
        contracts = [book.contracts[con_id] for con_id in self.contracts]
        snapshots = self.wire.snapshots(contracts)
        rows = [
            QuoteRow(con_id=contract.con_id, symbol=contract.symbol)
            if snapshot is None
            else ib_rows.quote_row(contract.con_id, contract.symbol, *snapshot)
            for contract, snapshot in zip(contracts, snapshots, strict=True)
        ]
        yield QuotesObserved(rows=tuple(self._with_borrow(book, rows)))

    def _with_borrow(self, book: Book, rows: Sequence[QuoteRow]) -> Iterator[QuoteRow]:
        """Ask what can be borrowed of the contracts that a strategy wants to be short of."""
        computed = book.cycle.targets if book.cycle is not None else ()
        wanted = {row.con_id for targets in computed for row in targets.rows if row.weight < 0}
        asked = [book.contracts[row.con_id] for row in rows if row.con_id in wanted]
        shares = dict(zip((one.con_id for one in asked), self.wire.shortable(asked), strict=True)) if asked else {}
        return (
            row.model_copy(update={"shortable": shares[row.con_id]}) if row.con_id in shares else row for row in rows
        )

    def check_market_data(self) -> str:
        """See whether the universe has prices, and say so; raise where somebody has to act before there are any."""
        return market_data_told(self.wire.snapshots(tuple(self.contracts.values())), self.inbox.notices)

    def daily_bars(self, contract: ContractDefined, days: int, before: date) -> tuple[Bar, ...]:
        """Return the last completed daily bars before a date."""
        years = -(-days // SESSIONS_A_YEAR)
        duration = f"{days} D" if days <= DAYS_MAX else f"{years} Y"
        rows = self.wire.daily_bars(contract, datetime.combine(before, time(), HOME), duration)
        bars = tuple(ib_rows.bar(contract.symbol, row) for row in rows if row.date < before)
        if not bars:
            raise BrokerIncomplete("request-refused", f"daily bars of {contract.symbol} before {before}: none came")
        return bars[-days:]

    # Orders to come

    def preview(self, book: Book) -> Told:
        """Ask what each planned order would do to the margin."""
        previews: list[OrderPreviewed] = []
        for order in book.cycle.plan if book.cycle else ():
            if order.order_ref is not None:
                previews.append(self._previewed(order))
                if previews[-1].reason == NO_FIGURES:
                    break  # the rest stays unknown, which is a veto as well
        yield tuple(previews)

    def _previewed(self, order: OrderPlanned) -> OrderPreviewed:
        order_id = self.wire.next_order_id()
        news = self.inbox.expect(order_id)
        self.wire.place(order_id, self.contracts[order.con_id], self.wire.build(order), what_if=True)

        def figures() -> list[Decimal | None]:
            state = self.inbox.previews.get(order_id)
            sent = (state.initMarginAfter, state.maintMarginAfter, state.equityWithLoanAfter) if state else (None,)
            return [ib_rows.number_or_none(figure) for figure in sent]

        self.wire.wait(
            lambda: None not in figures() or refusal(news) is not None, self.settings.acknowledge_timeout_seconds
        )
        ref, refused = str(order.order_ref), refusal(news)
        if None in (margins := figures()):
            reason = f"{refused[0]} {refused[1]}" if refused else NO_FIGURES
            return OrderPreviewed(order_ref=ref, accepted=False, reason=reason)
        initial, maintenance, equity = margins
        return OrderPreviewed(
            order_ref=ref,
            accepted=True,
            initial_margin_after=initial,
            maintenance_margin_after=maintenance,
            equity_with_loan_after=equity,
            commission=ib_rows.number_or_none(self.inbox.previews[order_id].commission),
        )

    def send(self, order: OrderPlanned) -> Told:
        """Tell the intent, place the order once resumed, wait for its acknowledgement. Nothing told: in doubt.

        One that works already is changed.
        """
        ref = str(order.order_ref)
        if self.settings.dry_run:
            raise BrokerRefused("dry-run", f"order {ref}: this broker was opened for a dry run")
        self.wire.check()
        if self.book is not None and ref in self.book.orders:
            yield from modify(self.wire, self.book, order, self.contracts[order.con_id])
            return
        contract, built = self.contracts[order.con_id], self.wire.build(order)
        order_id = self.wire.next_order_id()
        yield intent_of(order, self.settings.account, order_id)
        news = self.inbox.expect(order_id)
        self.wire.place(order_id, contract, built)
        self.wire.wait(lambda: bool(acknowledgement(ref, news)), self.settings.acknowledge_timeout_seconds)
        self.wire.echo()  # what belongs to the first message has arrived before this answer
        yield (*acknowledgement(ref, news), *self.drain())

    def wait_for_fills(self, book: Book) -> Told:
        """Look every few seconds of market time while an order of ours works, up to the limit."""
        waited = 0.0
        while book.working_orders and waited < self.settings.fill_wait_seconds:
            self.wire.pause(self.settings.fill_step_seconds)
            waited += self.settings.fill_step_seconds
            self.inbox.read()
            refuse_old_copy(book, self.inbox, ())
            yield without_inferred(book, self.inbox.drain(book.fills))
            yield self._late_words(book)

    def _late_words(self, book: Book) -> tuple[Fact, ...]:
        """Tell what was heard late: an acknowledgement that ends a doubt, or the end of an order."""
        now, told = self.wire.now(), list[Fact]()
        for order in book.working_orders:
            news = self.inbox.news.get(order.order_id)
            if news is not None and order.status == "attempted":
                told += acknowledgement(order.order_ref, news)
            elif news is not None and (ended := late_ending(book, order, news, now)) is not None:
                told.append(ended)
        return tuple(told)
