"""The book as data frames: exact, and the two pasts of one moment."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import replay
from ledger.history import as_known_at, as_of
from ledger.log import read_events
from ledger.statement import book_hash
from queries import book_at, connect, frame
from tests.queries.history import IBM, WEDNESDAY, closed
from tests.queries.test_book_tables import base, four_sessions

WEDNESDAYS_END = datetime(2005, 3, 3, 4, 59, 59, 999999, tzinfo=UTC)  # New York's


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return closed(four_sessions(tmp_path_factory.mktemp("notebook") / "home"))


def test_the_book_of_now_is_that_of_the_log(home: Path) -> None:
    assert book_hash(book_at(home).book) == book_hash(replay(lambda: read_events(home)))


def test_a_day_is_told_as_it_is_known_now_or_as_it_was_known_then(home: Path) -> None:
    known_now, known_then = book_at(home, WEDNESDAY), book_at(home, WEDNESDAY, known=True)

    retold = replay(lambda: as_of(lambda: read_events(home), WEDNESDAYS_END), retain=True)
    assert known_now.book.positions == retold.positions
    assert known_now.book.journal == retold.journal
    assert book_hash(known_then.book) == book_hash(replay(lambda: as_known_at(read_events(home), WEDNESDAYS_END)))
    assert list(known_now.lots["execution"]) == list(known_then.lots["execution"]) == [base(1), base(2), base(9)]
    assert list(known_now.lots["quantity"]) == [40, 40, 50]
    assert list(known_then.lots["quantity"]) == [60, 40, 50]  # a sale of twenty was told later


def test_frames_hold_exact_decimals_that_add_up(home: Path) -> None:
    now = book_at(home)

    for part in (now.positions["quantity"], now.cash["amount"], now.lots["gross"], now.balances["balance"]):
        assert {type(value) for value in part} == {Decimal}
    assert now.balances["balance"].sum() == 0
    assert now.realised.set_index("con_id")["gross"][IBM] == now.book.holdings[IBM].realised_gross
    bought = now.lots.groupby("con_id")["quantity"].sum().to_dict()
    assert bought == now.positions.set_index("con_id")["quantity"].to_dict()
    assert now.nav["nav"].tolist() == [Decimal(str(now.book.snapshot.nav))] if now.book.snapshot else False


def test_an_answer_as_a_frame_keeps_every_digit_and_whole_numbers_with_gaps(home: Path) -> None:
    asked = connect(str(home)).sql(
        "SELECT 100080.67::DECIMAL(38,12) AS nav, unnest([1, NULL]) AS seq, DATE '2005-03-02' d"
    )

    told = frame(asked)

    assert told["nav"].tolist() == [Decimal("100080.67")] * 2
    assert told["seq"].tolist() == [1, None]
    assert told["d"].tolist() == [date(2005, 3, 2)] * 2


def test_a_moment_without_a_zone_is_refused(home: Path) -> None:
    with pytest.raises(ValueError, match="with its time zone"):
        book_at(home, datetime(2005, 3, 2))  # noqa: DTZ001 - the very thing


def test_a_book_says_which_it_is_in_a_line(home: Path) -> None:
    assert repr(book_at(str(home), WEDNESDAY)) == "<book of DU1000001 at 2005-03-03 04:59 UTC: IBM>"
