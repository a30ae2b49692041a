"""What a broker must be able to do for a cycle. Every answer is facts, or an exception.

An answer that is late, partial or unreadable is an exception, never an empty list: `[]` from a time-out is not "flat".
To write another broker: docs/brokers.md, and the contract tests of tests/trader/broker_contract.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from ledger.book import Book
from ledger.errors import Refusal
from ledger.events import ContractDefined, Fact, OrderModifyAttempted, OrderPlanned, OrderSendAttempted
from ledger.state import Order
from trader.bars import Bar

Told = Iterator[Fact | tuple[Fact, ...]]  # a fact, or a tuple that is written as one batch

# Every reason why a broker cannot be used, and what to do about it. The codes stand in docs/runbook.md.
WHAT_TO_DO: dict[str, str] = {
    "gateway-down": "start IB Gateway, and compare host and port with its API settings",
    "gateway-silent": "look at the Gateway's window: it may wait for a login or for a dialog to be confirmed",
    "gateway-too-old": "install a current IB Gateway",
    "client-id-in-use": "end the other program, or wait for the Gateway to drop a dead session; keep the client id",
    "client-id-changed": "set client_id back to the one that placed the order: no other can cancel it",
    "wrong-account": "log the Gateway in to the account of the settings, or correct the settings",
    "wrong-mode": "paper accounts start with DU or DF: use the Gateway of the mode that the log was started with",
    "wrong-base-currency": "the account's base currency is not that of the log; a log holds one base currency for ever",
    "clock-differs": "set this machine's clock (chrony, systemd-timesyncd)",
    "contract-changed": "find out which contract you mean, and give its con_id in the settings",
    "unknown-contract": "correct symbol, currency and exchanges in the settings, or give the con_id",
    "quoted-in-parts": "take the contract out of the universe: prices in pence or cents are not traded yet",
    "read-only": "switch off 'Read-Only API' in the Gateway's API settings",
    "order-ids-exhausted": "reset the API order ID sequence in the Gateway's settings",
    "no-answer": "nothing was traded; if it lasts, restart the Gateway",
    "garbled": "nothing was traded; if it lasts, restart the Gateway, and compare its version with the one before",
    "unreadable": "nothing was traded; if it lasts, look at the account in the Gateway",
    "account-not-ready": "IB is resetting; nothing was traded; the next slot tries again",
    "looks-differ": "the account kept changing while it was read; nothing was traded; the next slot tries again",
    "cancel-unconfirmed": "look at the order in the Gateway; no order leaves until its end is confirmed",
    "market-data-elsewhere": "end the other session of this user (TWS, a phone, the web), or give it market data apart",
    "market-data-missing": "subscribe to the exchange's data, or set broker.market_data_type = 3 for delayed quotes",
    "request-refused": "nothing was traded; IB's message says why",
    "connection-lost": "look at the Gateway; the next slot connects anew and resolves what is undecided",
    "broker-offline": "the Gateway has lost IB's servers; the next slot tries again",
    "dry-run": "set `dry_run = false` only when orders are meant to leave",
    "old-copy": "this log is an old copy: put the newest one in its place first, as docs/runbook.md says",
}


class BrokerProblem(Refusal):
    """The broker cannot be used, or not further. `code` stands in docs/runbook.md."""

    def __init__(self, code: str, found: str) -> None:
        super().__init__(f"{found}; {WHAT_TO_DO[code]}")
        self.code = code


class BrokerUnreachable(BrokerProblem):
    """No session came about: nothing was asked."""


class BrokerRefused(BrokerProblem):
    """A session that must not be used: another account, another mode, a client id in use."""


class BrokerIncomplete(BrokerProblem):
    """An answer did not come, or not whole. What it would have said is unknown."""


class BrokerLost(BrokerProblem):
    """The connection broke. What was under way is unknown until it is resolved."""


class OldCopyOfLog(BrokerProblem):
    """The broker has an order or an execution of ours that the log does not know."""

    def __init__(self, found: str) -> None:
        super().__init__("old-copy", found)


@dataclass(frozen=True, slots=True)
class ContractSpec:
    """A contract of the universe as the settings name it; the broker must know exactly one."""

    symbol: str
    currency: str = "USD"
    exchange: str = "SMART"
    primary_exchange: str = ""
    con_id: int | None = None
    security_type: str = "STK"

    def names(self, contract: ContractDefined) -> bool:
        """Tell whether a contract is the one meant: a symbol alone may mean an option on it, or a share elsewhere."""
        if self.con_id is not None:
            return contract.con_id == self.con_id
        return (contract.symbol, contract.currency, contract.security_type) == (
            self.symbol,
            self.currency,
            self.security_type,
        )

    def __str__(self) -> str:
        number = "" if self.con_id is None else f"con_id {self.con_id}"
        return (
            f"{self.symbol} ({', '.join(filter(None, (self.currency, self.exchange, self.primary_exchange, number)))})"
        )


def universe_of(book: Book, instruments: Iterable[ContractSpec]) -> tuple[int, ...]:
    """Return the contracts that may be ordered, as the broker defined them, in the order of the settings."""
    known = book.contracts.items()
    return tuple(con_id for wanted in instruments for con_id, contract in known if wanted.names(contract))


def intent_of(planned: OrderPlanned, account: str, order_id: int) -> OrderSendAttempted:
    """Return the intent to place a planned order, as it has to be on disk before the order leaves."""
    return OrderSendAttempted(
        order_ref=str(planned.order_ref),
        account=account,
        order_id=order_id,
        con_id=planned.con_id,
        quantity=planned.quantity,
        order_type=planned.order_type,
        limit_price=planned.limit_price,
        tif=planned.tif,
        algo=planned.algo,
        algo_priority=planned.algo_priority,
        reference_price=planned.reference_price,
    )


def change_of(planned: OrderPlanned, order: Order) -> OrderModifyAttempted:
    """Return the intent to give a working order the limit that is planned now; one at market is never changed."""
    assert planned.limit_price is not None
    return OrderModifyAttempted(
        order_ref=order.order_ref,
        order_id=order.order_id,
        perm_id=order.perm_ids[0],
        quantity=order.quantity,
        limit_price=planned.limit_price,
    )


def pair_spec(bought: str, paid: str) -> ContractSpec:
    """Name a pair of currencies as Interactive Brokers lists them."""
    return ContractSpec(bought, paid, "IDEALPRO", security_type="CASH")


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where the broker is, what may be traded, how long to wait: real seconds for messages, else market time."""

    account: str
    universe: tuple[ContractSpec, ...]
    host: str = "127.0.0.1"
    port: int = 4002
    client_id: int = 17  # fixed and not 0: orders belong to it
    dry_run: bool = True
    request_timeout_seconds: float = 15.0
    request_attempts: int = 2  # reads alone; nothing that acts is repeated
    acknowledge_timeout_seconds: float = 10.0
    fill_wait_seconds: float = 120.0
    fill_step_seconds: float = 10.0
    resolve_wait_seconds: float = 60.0  # before "nowhere to be found" may mean "never sent"
    resolve_step_seconds: float = 20.0
    open_orders: Literal["cancel", "modify"] = "cancel"  # what becomes of working orders in the next cycle
    looks_max: int = 4
    look_step_seconds: float = 5.0
    clock_difference_max_seconds: int = 60
    market_data_type: int = 1  # 1 live, 2 frozen, 3 delayed, 4 delayed-frozen
    converts: bool = False  # whether pairs of currencies are looked up: of the universe, and of what cash is held in
    throttle: int | None = None  # messages a second: None the library's 45, 0 none


class Broker(Protocol):
    """One account at one broker, for one session."""

    def connect(self, book: Book | None) -> Told:
        """Open the session: BrokerConnected, and ContractDefined for what the book lacks (without a book: all)."""

    def resolve(self, book: Book) -> Told:
        """Decide every order that a crash or a time-out left undecided, and end those that ended meanwhile."""

    def clear_open_orders(self, book: Book) -> Told:
        """Cancel our open orders to confirmation, or tell which are kept; a dry run only observes.

        Foreign orders are never touched.
        """

    def withdraw(self, book: Book, order_refs: Collection[str]) -> Told:
        """Cancel these orders of ours to confirmation; without any, nothing is asked."""

    def observe(self, book: Book) -> Told:
        """Look until two looks agree, and tell the agreed one as one batch."""

    def quotes(self, book: Book) -> Told:
        """Tell the market of every contract of the universe."""

    def check_market_data(self) -> str:
        """See whether the universe has prices, and say so; raise where somebody has to act before there are any."""

    def preview(self, book: Book) -> Told:
        """Ask what each planned order would do to the margin."""

    def send(self, order: OrderPlanned) -> Told:
        """Tell the intent, place the order once resumed, tell what the broker says of it: nothing means in doubt.

        One that is kept is changed instead, and never placed a second time.
        """

    def wait_for_fills(self, book: Book) -> Told:
        """Wait for fills, bounded; never cancels."""

    def daily_bars(self, contract: ContractDefined, days: int, before: date) -> tuple[Bar, ...]:
        """Return the last completed daily bars before a date, oldest first."""

    def look(self) -> tuple[Fact, ...]:
        """Return one agreed look without a book, executions of the day included, for an adoption."""

    def drain(self) -> tuple[Fact, ...]:
        """Return what arrived and was not told yet; works after the connection is lost."""

    def disconnect(self) -> Told:
        """Tell what is left, then end the session."""
