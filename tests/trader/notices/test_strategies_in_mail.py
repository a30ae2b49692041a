"""What a mail tells of each strategy, where several share the account."""

from __future__ import annotations

from ledger.book import Book
from ledger.events import OpeningBalanceRecorded, PositionRow, PositionsObserved
from tests.trader.decisions import AAPL, IBM, PRICES, SYMBOLS, D, told
from tests.trader.test_netting import traded, wants, world
from trader.notices.strategies import by_strategy
from trader.snapshot import snapshot


def closed(book: Book) -> Book:
    """The book at the end of its cycle: the broker reports what it holds, at the prices of the plan."""
    rows = tuple(
        PositionRow(con_id=c, symbol=SYMBOLS[c], quantity=held, average_cost=D("1"), currency="USD", mark=PRICES[c])
        for c, held in book.positions.items()
    )
    book = told(book, PositionsObserved(rows=rows))
    return told(book, snapshot(book))


def test_each_strategy_s_share_stands_beside_what_it_wants() -> None:
    book = world(wants("trend", "0.6", {AAPL: "0.5"}), wants("parity", "0.4", {AAPL: "-0.25"}), held={AAPL: "10"})

    told_of = tuple(by_strategy(closed(traded(book))))

    assert told_of == (
        "parity:", "  AAPL -10.0 %, -10.0 % wanted",
        "trend:", "  AAPL 30.0 %, 30.0 % wanted",
    )  # fmt: skip


def test_what_is_held_without_a_strategy_comes_last() -> None:
    book = traded(world(wants("trend", "0.5", {AAPL: "0.2"}), wants("parity", "0.5", {})))
    hand = OpeningBalanceRecorded(currency="USD", amount=D("925"), con_id=IBM, quantity=D("10"))

    told_of = tuple(by_strategy(closed(told(book, hand))))

    assert told_of[:2] == ("trend:", "  AAPL 9.9 %, 10.0 % wanted")
    assert told_of[-2:] == ("no strategy:", "  IBM 0.9 %")


def test_of_one_strategy_alone_nothing_is_told() -> None:
    assert tuple(by_strategy(closed(traded(world(wants("trend", "1", {AAPL: "0.2"})))))) == ()
