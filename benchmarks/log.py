"""The log: durable appends beside bare writes of the same bytes, and replay beside bare reading."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import perf_counter

from ledger.book import replay
from ledger.events import CommissionCharged, ContractDefined, Fact, LogStarted, OrderFilled
from ledger.ledger import Ledger
from ledger.log import read_events

FILLS = 10_000
BATCHES = 1_000
START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


class Metronome:
    """A clock that moves a millisecond a look."""

    kind = "system"

    def __init__(self) -> None:
        self._now = START

    def now(self) -> datetime:
        """Return the next moment."""
        self._now += timedelta(milliseconds=1)
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self._now += timedelta(seconds=seconds)


def run() -> Iterator[str]:
    """Record 10,000 fills with their commissions in 1,000 batches, each synced; then read and fold them again.

    The limits beside it: the same bytes written and synced by bare system calls, and parsed by json alone.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        ours = _recorded(home)
        lines = b"".join(path.read_bytes() for path in sorted((home / "var" / "events").glob("*.jsonl")))
        bare = _written(home / "bare", lines)
        yield (
            f"record   {BATCHES / ours:8,.0f} batches a second; bare write and sync {BATCHES / bare:,.0f}; "
            f"ratio {ours / bare:.1f}"
        )
        began = perf_counter()
        book = replay(read_events(home))
        folding = perf_counter() - began
        began = perf_counter()
        for line in lines.splitlines():
            json.loads(line)
        parsing = perf_counter() - began
        events = book.seq + 1
        yield (
            f"replay   {events / folding:8,.0f} events a second, verified, folded; json alone {events / parsing:,.0f}; "
            f"ratio {folding / parsing:.1f}"
        )


def _recorded(home: Path) -> float:
    clock = Metronome()
    genesis = LogStarted(account="DU1", mode="paper", clock="system", base_currency="USD")
    with Ledger.create(home, clock, genesis) as ledger:  # type: ignore[arg-type]
        contract = ContractDefined(
            con_id=1, symbol="SPY", security_type="STK", currency="USD", exchange="SMART", primary_exchange="ARCA",
            multiplier=Decimal(1), min_tick=Decimal("0.01"),
        )  # fmt: skip
        ledger.record((contract,))
        began = perf_counter()
        for batch in range(BATCHES):
            ledger.record(tuple(_fills(batch)))
        return perf_counter() - began


def _fills(batch: int) -> Iterator[Fact]:
    each = FILLS // BATCHES
    for number in range(batch * each, (batch + 1) * each):
        execution, sign = f"0000e0d5.{number:08x}.01.01", 1 if number % 7 < 4 else -1
        yield OrderFilled(
            account="DU1", execution_id=execution, con_id=1, quantity=Decimal(sign * 10), price=Decimal("400.01"),
            currency="USD", occurred_at=START + timedelta(milliseconds=number),
        )  # fmt: skip
        yield CommissionCharged(execution_id=execution, amount=Decimal(-1), currency="USD")


def _written(path: Path, lines: bytes) -> float:
    size = len(lines) // BATCHES
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    began = perf_counter()
    for batch in range(BATCHES):
        os.write(descriptor, lines[batch * size : (batch + 1) * size])
        os.fdatasync(descriptor)
    seconds = perf_counter() - began
    os.close(descriptor)
    return seconds
