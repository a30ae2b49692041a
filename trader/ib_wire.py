"""What is asked of a session with IB, whoever carries it: `ib.py` does with ib_insync, and another library could."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from ledger.events import ContractDefined, OpenOrderRow, OrderPlanned
from trader.broker import BrokerSettings, ContractSpec
from trader.ib_inbox import Inbox
from trader.ib_rows import CompletedRow


class Wire(Protocol):
    """One session: it asks, waits, places and cancels, and trusts an answer only whole."""

    settings: BrokerSettings
    inbox: Inbox

    def now(self) -> datetime:
        """Return the clock's moment."""

    def open_orders(self) -> tuple[OpenOrderRow, ...]:
        """List every order that works."""

    def completed_orders(self) -> tuple[CompletedRow, ...]:
        """List every order that is done since the broker's midnight."""

    def executions(self) -> None:
        """Have every execution since the broker's midnight put into the inbox."""

    def quantities(self) -> dict[int, Decimal]:
        """List the quantity of every position."""

    def definitions(self, asked: Sequence[ContractSpec | int]) -> list[Any]:
        """Ask for the details of each contract; an exception stands for one that was refused."""

    def market_rule(self, number: int) -> Any:
        """Ask for the price increments of a market rule."""

    def cancel(self, order_id: int) -> None:
        """Ask for a cancellation."""

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for messages until a condition holds; False after so many real seconds."""

    def pause(self, seconds: float) -> None:
        """Let market time pass, and read what it brought."""

    @property
    def is_alive(self) -> bool:
        """Whether the session lasts."""

    def open(self, order_id_min: int) -> tuple[tuple[str, ...], int]:
        """Connect and return the managed accounts and the server's version."""

    def close(self) -> None:
        """End the session."""

    def check(self) -> None:
        """Raise if nothing can be asked or sent now."""

    def echo(self) -> datetime:
        """Ask for the server's time: its answer proves that everything sent before it was read."""

    def positions(self) -> tuple[Any, ...]:
        """List every position, as the library's objects."""

    def account_download(self) -> None:
        """Have every account value and portfolio row put into the inbox."""

    def snapshots(self, contracts: Sequence[ContractDefined]) -> list[tuple[Any, str | None] | None]:
        """Take a snapshot of each contract's market; None for one that did not end."""

    def shortable(self, contracts: Sequence[ContractDefined]) -> list[Decimal | None]:
        """Tell how many shares of each contract can be borrowed; None where nothing is told in time."""

    def daily_bars(self, contract: ContractDefined, end: datetime, duration: str) -> Any:
        """Ask for daily bars up to a moment."""

    def next_order_id(self) -> int:
        """Return an order id that was never used."""

    def build(self, planned: OrderPlanned) -> Any:
        """Build the library's order, whole: tif, account and orderRef cannot be left out."""

    def place(self, order_id: int, contract: ContractDefined, order: Any, *, what_if: bool = False) -> None:
        """Send an order, or ask what it would do."""
