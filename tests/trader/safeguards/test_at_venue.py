"""Each safeguard alone decides whether an order reaches the venue's order book, through the real client library.

The cases are those of `cases.py`: just inside the limit, just outside, and without the input. What a
safeguard says of each becomes the permission, or the veto, of that cycle; then the cycle's own lines send.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import Book
from ledger.clock import SimulatedClock
from ledger.events import SafeguardsEvaluated, TradingAllowed, TradingVetoed
from tests.trader.broker_world import at, event_loop, void
from tests.trader.decisions import ACCOUNT, RECONCILED, SYMBOLS, told
from tests.trader.safeguards.cases import CASES
from tests.trader.safeguards.situations import BY_NAME, Case, order
from trader.alarms import TOLD_OTHERWISE, OrdersVetoed, troubles
from trader.broker import Broker, BrokerSettings, ContractSpec
from trader.ib import InteractiveBrokers
from trader.limits import Limits
from trader.projection import planned_orders
from trader.safeguards import evaluate
from trader.simulator.control import Control
from trader.simulator.simulator import Simulator

ROOT = Path(__file__).parents[3]
DAYS = tuple(date(2005, 2, day) for day in (24, 25, 28)) + tuple(date(2005, 3, day) for day in (1, 2, 3))
PRICES = {"AAPL": "44.50", "IBM": "92.50", "KO": "43.00"}


@dataclass(frozen=True)
class Venue:
    """The simulated gateway, and a session of the real client with it."""

    broker: Broker
    control: Control

    def order_book(self) -> frozenset[int]:
        """Every order that the venue ever took, by its permanent id."""
        return frozenset(taken["perm_id"] for taken in self.control.orders())


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Venue]:
    folder = tmp_path_factory.mktemp("bars")
    for ticker, price in PRICES.items():
        rows = "".join(f"{day},{price},{price},{price},{price},39000000\n" for day in DAYS)
        (folder / f"{ticker}.csv").write_text(f"Date,Open,High,Low,Close,Volume\n{rows}")
    with event_loop(), Simulator(data=folder, start=at("10:00"), account=ACCOUNT, cash=Decimal(10**9)) as simulator:
        simulator.control.fill_orders(False)
        specs = tuple(ContractSpec(symbol) for symbol in SYMBOLS.values())
        settings = BrokerSettings(ACCOUNT, specs, port=simulator.port, dry_run=False, throttle=0)
        clock = SimulatedClock(simulator.control.now, lambda seconds: void(simulator.control.advance(seconds=seconds)))
        broker = InteractiveBrokers(settings, clock)
        for _ in broker.connect(None):
            pass
        yield Venue(broker, simulator.control)
        for _ in broker.disconnect():
            pass


def planned(case: Case) -> Book:
    """Return the case's book, with something to send."""
    book = case.book()
    if book.cycle is not None and book.cycle.reconciled is None and case.safeguard != "book_is_reconciled":
        book = told(book, RECONCILED)
    return book if planned_orders(book) else told(book, order())


def judged(case: Case) -> tuple[Book, str]:
    """Let this safeguard alone allow trading, or forbid it."""
    book, limits = planned(case), Limits.model_validate(case.limits)
    rows = evaluate(BY_NAME[case.safeguard], book, limits)
    outcomes = {row.outcome for row in rows}
    decided = TradingVetoed(reasons=(case.safeguard,)) if outcomes != {"pass"} else TradingAllowed(orders=1)
    worst = max(outcomes, key=["pass", "veto", "unknown"].index)
    return told(book, SafeguardsEvaluated(verdicts=rows), decided), worst


def sent(venue: Venue, book: Book) -> frozenset[int]:
    """Send as the cycle does; return what the venue's order book has of it."""
    before = venue.order_book()
    while (row := book.next_order) is not None:
        for fact in venue.broker.send(row):
            book = told(book, *(fact if isinstance(fact, tuple) else (fact,)))
    return venue.order_book() - before


def named(cases: Sequence[Case]) -> list[object]:
    return [pytest.param(case, id=f"{case.safeguard}: {case.what}") for case in cases]


@pytest.mark.parametrize("case", named([case for case in CASES if case.outcome != "pass"]))
def test_what_a_safeguard_does_not_pass_never_reaches_the_order_book(venue: Venue, case: Case) -> None:
    book, outcome = judged(case)

    assert outcome != "pass"
    assert planned_orders(book)
    assert sent(venue, book) == frozenset()


@pytest.mark.parametrize("case", named([case for case in CASES if case.outcome == "pass"]))
def test_what_it_passes_reaches_the_order_book(venue: Venue, case: Case) -> None:
    book, outcome = judged(case)

    assert outcome == "pass"
    assert sent(venue, book)


@pytest.mark.parametrize("name", BY_NAME)
def test_every_safeguard_blocks_at_the_venue_is_told_and_has_its_words_in_the_runbook(name: str) -> None:
    blocking = [case for case in CASES if case.safeguard == name and case.outcome != "pass"]
    passing = [case for case in CASES if case.safeguard == name and case.outcome == "pass"]
    vetoed = [trouble.subject for trouble in troubles(judged(blocking[0])[0]) if trouble.kind is OrdersVetoed]

    assert passing
    assert name in TOLD_OTHERWISE or f"veto {name}" in vetoed
    assert f"`{name}`" in (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
