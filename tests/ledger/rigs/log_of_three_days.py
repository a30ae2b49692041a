"""A fixed log of 64 events in three day files, as the ledger itself writes it: orders, fills, batches, two seals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import cache

from ledger.book import Book, replay
from ledger.events import CashDeposited, CommissionCharged, Fact, OrderCancelled, OrderFilled, TradingHalted
from ledger.ledger import Ledger
from ledger.line import Event, decode
from tests.ledger.logs import GENESIS, MAY_TRADE, WEDNESDAY, StillClock, acknowledged, attempted, lost
from tests.ledger.rigs.oracle import line_of, slot, split
from tests.ledger.rigs.simulated_disk import HOME, SimulatedDisk

EVENTS = 64
END = EVENTS - 1


def traded(number: int, quantity: str = "5", order_ref: str = "") -> tuple[OrderFilled, CommissionCharged]:
    """A fill and its commission: one batch."""
    execution = f"x{number}.01"
    return (
        OrderFilled(
            account="DU1",
            execution_id=execution,
            con_id=756733,
            quantity=Decimal(quantity),
            price=Decimal("10.5") + number,
            currency="USD",
            order_ref=order_ref,
            occurred_at=WEDNESDAY,
        ),
        CommissionCharged(execution_id=execution, amount=Decimal("-1.01"), currency="USD"),
    )


def deposit(number: int) -> CashDeposited:
    return CashDeposited(source="api", reference=f"d{number}", amount=Decimal(number + 1), currency="USD")


FIRST, SECOND = "tb-DU1-3-abcd-756733-B-1", "tb-DU1-3-abcd-756733-B-2"
# Each tuple is a batch. With the genesis, two seals: 64 events.
DAYS: tuple[tuple[tuple[Fact, ...], ...], ...] = (
    (
        MAY_TRADE,
        (attempted(FIRST, "5", 7),),
        (acknowledged(FIRST),),
        traded(1, "5", FIRST),
        (attempted(SECOND, "8", 8),),
        (acknowledged(SECOND), *traded(2, "3", SECOND)),
        (OrderCancelled(order_ref=SECOND, filled=Decimal(3)),),
        tuple(deposit(number) for number in range(4)),
    ),
    (
        (lost("a"),),
        traded(3, "-4"),
        *((deposit(number),) for number in (*range(4, 10), 22)),
        (lost("b"), lost('c,"hash":"')),
        tuple(deposit(number) for number in range(10, 15)),
        traded(4, "2"),
    ),
    (
        (lost("d"),),
        tuple(deposit(number) for number in range(15, 18)),
        *(traded(number, "1") for number in range(5, 9)),
        (TradingHalted(reason="e"),),
        (lost("f"), *traded(9, "-20")),
        (lost("g"),),
        tuple(deposit(number) for number in range(18, 20)),
        (deposit(20),),
        (*traded(10, "6"), deposit(21)),
    ),
)


@dataclass(frozen=True)
class Written:
    """The undamaged log."""

    files: dict[str, bytes]
    lines: tuple[bytes, ...]
    starts: tuple[tuple[str, int], ...]  # of each line: file and offset
    events: tuple[Event, ...]

    def head(self, seq: int) -> bytes:
        """Return a slot that vouches for a line."""
        return slot(seq, self.events[seq].hash)

    def batch_of(self, seq: int) -> range:
        """Return the seqs of the batch that the line belongs to."""
        k, n = self.events[seq].batch
        return range(seq - k + 1, seq - k + 1 + n)


def written(disk: SimulatedDisk) -> Written:
    """Read what a disk holds."""
    files = disk.day_files()
    lines, starts = list[bytes](), list[tuple[str, int]]()
    for name, content in files.items():
        offset = 0
        for raw in split(content):
            lines.append(raw)
            starts.append((name, offset))
            offset += len(raw)
    return Written(files, tuple(lines), tuple(starts), tuple(decode(raw) for raw in lines))


@cache
def three_days() -> Written:
    """The log, written once a process."""
    log = _written_through_the_ledger()
    assert (len(log.lines), len(log.files)) == (EVENTS, 3)
    assert all(line_of(raw) is not None for raw in log.lines)
    return log


def another_log() -> Written:
    """The same facts under another log's id."""
    return _written_through_the_ledger()


def _written_through_the_ledger() -> Written:
    disk, clock = SimulatedDisk(), StillClock()
    with Ledger.create(HOME, clock, GENESIS, disk=disk) as ledger:
        for day in DAYS:
            for batch in day:
                clock.sleep(1)
                ledger.record(batch)
            clock.sleep(timedelta(days=1).total_seconds())
    return written(disk)


@cache
def books() -> tuple[Book, ...]:
    """The book after each line."""
    return tuple(replay(three_days().events[: seq + 1]) for seq in range(EVENTS))
