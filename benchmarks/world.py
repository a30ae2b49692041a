"""What the benchmarks record: one account, one contract, fills and commissions that a broker might report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from ledger.events import CommissionCharged, ContractDefined, Fact, LogStarted, OrderFilled
from ledger.ledger import Ledger

START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
GENESIS = LogStarted(account="DU1", mode="paper", clock="system", base_currency="USD")


class Metronome:
    """A clock that moves a little at every look."""

    kind: Literal["system"] = "system"

    def __init__(self, step: timedelta = timedelta(microseconds=100)) -> None:
        self._now, self._step = START, step

    def now(self) -> datetime:
        """Return the next moment."""
        self._now += self._step
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self._now += timedelta(seconds=seconds)


def contract(con_id: int = 1) -> ContractDefined:
    return ContractDefined(
        con_id=con_id, symbol=f"T{con_id}", security_type="STK", currency="USD", exchange="SMART",
        primary_exchange="ARCA", multiplier=Decimal(1), min_tick=Decimal("0.01"),
    )  # fmt: skip


def begun(home: Path, clock: Metronome | None = None) -> Ledger:
    """Begin a ledger that knows one contract."""
    home.mkdir(parents=True)
    ledger = Ledger.create(home, clock or Metronome(), GENESIS)
    ledger.record((contract(),))
    return ledger


def trades(first: int, count: int, con_id: int = 1, day: int = 0) -> Iterator[Fact]:
    """Yield fills, each with its commission: four bought for three sold, so that lots are opened, split and closed."""
    for number in range(first, first + count):
        execution, sign = f"0000e0d5.{number:08x}.01.01", 1 if number % 7 < 4 else -1
        price = Decimal(40_000 + number % 997) / 100
        yield OrderFilled(
            account="DU1", execution_id=execution, con_id=con_id, quantity=Decimal(sign * (10 + number % 3)),
            price=price, currency="USD", occurred_at=START + timedelta(days=day, microseconds=100 * number),
        )  # fmt: skip
        yield CommissionCharged(execution_id=execution, amount=Decimal(-1), currency="USD")
