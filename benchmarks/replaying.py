"""Reading the log back: replay beside a peer's, its memory, and first in first out with few lots and with many."""

from __future__ import annotations

import gc
import tempfile
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.histories import EVENTS_A_DAY, history
from benchmarks.measuring import in_turns, seconds, verdict, without_garbage_collector
from benchmarks.peer import Account, accounts, kept
from benchmarks.world import GENESIS, START, Metronome, begun, contract, trades
from ledger.book import Book, replay
from ledger.events import OrderFilled
from ledger.line import Event
from ledger.log import read_events

EVENTS = 100_000
PEER_LIMIT, BYTES_LIMIT, FIFO_LIMIT = 0.5, 64.0, 1.25
FEW, MANY = 20, 2_000
A_DAY = 500


def replaying() -> Iterator[str]:
    """Read 100,000 events off the disk: chain checked, every fact validated, every lot exact; garbage collector off.

    First the events of typical hourly cycles, as the log holds them; then fills and commissions alone, 500 executions a
    day, the events that cost most to fold. The peer reconstructs an aggregate that keeps comparable state from the same
    facts in SQLite: it checks no chain and keeps a simpler book. Cash, lots and what was realised come out equal on
    both sides.
    """
    with tempfile.TemporaryDirectory() as folder, without_garbage_collector():
        typical = history(Path(folder) / "typical", EVENTS, False)
        yield from _beside_peer(typical, "typical events")
        clock = Metronome()
        with begun(Path(folder) / "fills", clock) as ledger:
            for first in range(0, EVENTS // 2, A_DAY):
                ledger.record(tuple(trades(first, A_DAY, day=first // A_DAY)))
                clock.sleep(86_400)
        yield from _beside_peer(Path(folder) / "fills", "fills and commissions")


def _beside_peer(home: Path, what: str) -> Iterator[str]:
    app = accounts(home / "peer.sqlite")
    account_id = kept(app, (event.fact for event in read_events(home)))
    book = replay(read_events(home))
    _require_equal(book, app.repository.get(account_id))

    def both() -> tuple[float, float]:
        ours = seconds(lambda: replay(read_events(home)))
        gc.collect()
        peers = seconds(app.repository.get, account_id)
        gc.collect()
        return ours, peers

    pairs = in_turns(both)
    yield pairs.line(f"{book.seq + 1:,} {what}", "eventsourcing on SQLite", PEER_LIMIT)
    ours, peers = (median(side) for side in pairs)
    yield f"{'':34} {book.seq / ours:,.0f} events a second beside {book.seq / peers:,.0f}"


def _require_equal(book: Book, account: Any) -> None:
    for con_id, holding in book.holdings.items():
        ours = (holding.realised_gross, [(lot.quantity, lot.gross) for lot in holding.lots])
        peers = (account.realised[con_id], [(held, held * paid) for held, paid in account.lots[con_id]])
        if ours != peers or not isinstance(account, Account):
            raise ValueError(f"contract {con_id}: expected equal books, found {ours} and {peers}")


def memory() -> Iterator[str]:
    """Count what a replay keeps in memory for each further fill, once the fills before it are older than the window.

    One replay of a year: the book's memory at the end of day 180 and of day 360, when the same lots are open, by the
    fills in between. Counted by tracemalloc, after a collection.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = history(Path(folder) / "year", 360 * EVENTS_A_DAY, folded=False)
        book, found, fills = Book(), list[tuple[int, int]](), 0
        book.forgets = True
        tracemalloc.start()
        for event in read_events(home):
            book.apply(event)
            fills += isinstance(event.fact, OrderFilled)
            if (event.seq + 1) % (180 * EVENTS_A_DAY) == 0:
                del event
                gc.collect()
                found.append((fills, tracemalloc.get_traced_memory()[0]))
        tracemalloc.stop()
        if len(found) < 2:
            raise ValueError(f"expected a year, found {book.seq} events")
        (early, before), (late, after) = found[:2]
        each = (after - before) / (late - early)
        yield (
            f"{before / 1e6:.1f} MB after {early:,} fills, {after / 1e6:.1f} MB after {late:,}: {each:.1f} bytes each "
            f"{verdict(each, BYTES_LIMIT)}"
        )


def lots() -> Iterator[str]:
    """Time one fill in a history with 2,000 fills a position, beside one with 20: first in, first out.

    The same number of fills each, folded into a book; in each position the first half buys, the second half sells, so
    that half as many lots are open at the most.
    """
    total = 10 * MANY
    few, many = (_positions(total // fills, fills) for fills in (FEW, MANY))
    with without_garbage_collector():
        pairs = in_turns(lambda: (seconds(_fold, many), seconds(_fold, few)))
    yield pairs.line(f"a fill, {MANY:,} fills a position", f"{FEW} fills a position", FIFO_LIMIT, total)


def _fold(events: list[Event]) -> None:
    book = Book()
    for event in events:
        book.apply(event)


def _positions(positions: int, fills: int) -> list[Event]:
    facts: list[Any] = [GENESIS, *(contract(con_id) for con_id in range(1, positions + 1))]
    for number in range(fills):
        for con_id in range(1, positions + 1):
            facts.append(
                OrderFilled(
                    account="DU1", execution_id=f"x{number}.{con_id}.01", con_id=con_id,
                    quantity=Decimal(10 if number < fills // 2 else -10), price=Decimal(40_000 + number) / 100,
                    currency="USD",
                )
            )  # fmt: skip
    return [
        Event(
            seq, fact.type, 1, "0" * 16, (1, 1), fact.key, None, START + timedelta(microseconds=seq), None, None, None,
            fact, f"{seq:064x}", f"{seq + 1:064x}",
        )
        for seq, fact in enumerate(facts)
    ]  # fmt: skip
