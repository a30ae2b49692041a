"""The second bookkeeping, in SQL: it agrees with the book, says what it does not know, and finds a wrong book."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings

from benchmarks.world import Metronome
from ledger.book import Book, replay
from ledger.errors import LogDamaged
from ledger.events import (
    EVENT_TYPES,
    CashDeposited,
    CommissionAdjusted,
    CurrencyConverted,
    Fact,
    SplitApplied,
    type_name,
)
from ledger.ledger import Ledger
from ledger.log import read_events
from ledger.log.storage import day_files, events_folder
from queries.second_books import SecondBooks, compare, differences, second_books
from queries.second_books.questions import GROUPS_WITHOUT_MONEY, READ, WITHOUT_MONEY
from tests.facts import AAPL, CONTRACTS, GENESIS, SAP, SPY, START, bought, busted, commission, opened, opened_cash, sold
from tests.ledger.test_books_in_any_order import PAIR, WORLD, histories
from tests.ledger.years import accepted

D = Decimal


def recorded(home: Path, *batches: Iterable[Fact]) -> Book:
    """Write a log, a day a batch, and fold it."""
    clock = Metronome()
    with Ledger.create(home, clock, GENESIS.model_copy(update={"clock": "system"})) as ledger:
        ledger.record((*CONTRACTS, *WORLD, opened_cash("1000")))
        for batch in batches:
            clock.sleep(86_400)
            ledger.record(tuple(batch))
    return replay(read_events(home), retain=True)


def agreed(home: Path, book: Book) -> SecondBooks:
    second = second_books(home)
    assert differences(book, second) == ()
    return second


def test_flips_shorts_and_fractions_come_to_the_same_lots(tmp_path: Path) -> None:
    later = START + timedelta(minutes=5)
    book = recorded(
        tmp_path,
        (bought(SPY, "10", "400.01", execution="a.01"), commission("a.01", "-1")),
        (sold(SPY, "25", "401.5", execution="b.01", at=later), commission("b.01", "-1.01")),
        (bought(SPY, "3.25", "390", execution="c.01", at=later + timedelta(minutes=1)), commission("c.01", "-0.37")),
        (sold(AAPL, "0.5", "80.123", execution="d.01"),),
    )

    second = agreed(tmp_path, book)

    assert second.positions == {SPY.con_id: D("-11.75"), AAPL.con_id: D("-0.5")}
    (lot,) = second.contracts[SPY.con_id].lots
    assert lot[:3] == ("b", D("-11.75"), D("-11.75") * D("401.5"))
    assert second.contracts[SPY.con_id].realised_gross == 10 * D("1.49") + D("3.25") * D("11.5")


def test_three_currencies_and_what_moves_them(tmp_path: Path) -> None:
    common: Any = {"source": "api", "note": ""}
    book = recorded(
        tmp_path,
        (bought(SAP, "4", "50.25", execution="a.01"), commission("a.01", "-2", "CHF")),
        (bought(PAIR, "100", "0.95", execution="p.01"), commission("p.01", "-2", "USD")),
        (
            CashDeposited(reference="1", amount=D("12.5"), currency="EUR", **common),
            CommissionAdjusted(reference="2", amount=D("0.5"), currency="CHF", **common),
            CurrencyConverted(
                source="api", reference="3", sold=D(10), sold_currency="USD", bought=D("7.7"), bought_currency="EUR"
            ),
        ),
    )

    second = agreed(tmp_path, book)

    assert second.cash == {"USD": D(988), "EUR": D("-201") + 100 + D("12.5") + D("7.7"), "CHF": D("-96.5")}
    assert second.commissions == {"USD": D(2), "CHF": D("1.5")}
    assert not second.unknown_cash


def test_late_facts_corrections_and_busts_count_as_in_the_book(tmp_path: Path) -> None:
    early = START - timedelta(days=1)
    book = recorded(
        tmp_path,
        (bought(SPY, "10", "400", execution="a.01"), commission("a.01", "-1")),
        (sold(SPY, "6", "410", execution="b.01", at=START + timedelta(minutes=1)), commission("b.01", "-1")),
        (bought(SPY, "9", "401", execution="a.02"), commission("a.02", "-0.9")),
        (bought(SPY, "2", "350", execution="late.01", at=early), bought(AAPL, "1", execution="bust.01")),
        (busted("bust.01"), bought(SPY, "2", "350", execution="late.01", at=early)),
    )

    second = agreed(tmp_path, book)

    assert second.positions == {SPY.con_id: D(5)}
    assert second.contracts[SPY.con_id].realised_gross == 2 * D(60) + 4 * D(9)


def test_the_lots_that_an_action_touches_are_unknown_and_the_rest_is_compared(tmp_path: Path) -> None:
    split = SplitApplied(
        con_id=SPY.con_id, source="statement", reference="s", numerator=2, denominator=1, quantity_change=D(10),
        occurred_at=START + timedelta(minutes=1),
    )  # fmt: skip
    book = recorded(tmp_path, (bought(SPY, "10", execution="a.01"), bought(AAPL, "3", execution="b.01")), (split,))

    second = agreed(tmp_path, book)

    assert second.positions[SPY.con_id] == 20
    assert second.unknown_lots == {SPY.con_id}
    assert AAPL.con_id in second.contracts
    assert second.unknown_cash == frozenset()


def test_an_opening_position_is_the_first_lot(tmp_path: Path) -> None:
    book = recorded(tmp_path, (opened(SPY, "7", "2800.7"),), (sold(SPY, "3", "410", execution="a.01"),))

    assert agreed(tmp_path, book).positions == {SPY.con_id: D(4)}


def test_a_wrong_book_is_found(tmp_path: Path) -> None:
    told = (bought(SPY, "10", "400", execution="a.01"), sold(SPY, "4", "410", execution="b.01"))
    book = recorded(tmp_path, told)
    holding = book.holdings[SPY.con_id]
    assert compare(tmp_path, book) == ()

    book.cash["USD"] += D("0.01")
    now = holding.now._replace(realised_gross=D("39.99"), quantity=D(5))
    book.holdings[SPY.con_id] = holding._replace(now=now)
    found = compare(tmp_path, book)

    assert [(each.kind, each.own, each.second) for each in found] == [
        ("position", "5", "6"),
        ("cash", "-1359.99", "-1360"),
        ("realised", "39.99", "40"),
    ]


@pytest.mark.parametrize("figure", ["quantity", "gross", "commission", "realised_gross", "realised_commission"])
def test_a_millionth_in_any_figure_of_a_contract_is_found(tmp_path: Path, figure: str) -> None:
    told = (
        bought(SPY, "10", "400", execution="a.01"),
        commission("a.01", "-1"),
        sold(SPY, "4", "410", execution="b.01"),
    )
    book = recorded(tmp_path, told)
    second, holding = agreed(tmp_path, book), book.holdings[SPY.con_id]

    wrong = getattr(holding.now, figure) + D("0.000001")
    book.holdings[SPY.con_id] = holding._replace(now=holding.now._replace(**{figure: wrong}))

    assert len(differences(book, second)) == 1


@pytest.mark.parametrize("number", [0, 1, -1], ids=["the first sealed day", "a later one", "the newest day"])
def test_a_changed_digit_is_refused(tmp_path: Path, number: int) -> None:
    recorded(tmp_path, (bought(SPY, "10", "400", execution="a.01"),), (bought(SPY, "10", "400", execution="b.01"),))
    path = day_files(events_folder(tmp_path))[number]
    path.chmod(0o600)
    content = path.read_bytes()
    changed = content.replace(b'"account":"DU1000001"', b'"account":"DU1000002"', 1)
    assert changed != content
    path.write_bytes(changed)

    with pytest.raises(LogDamaged):
        second_books(tmp_path)


def test_every_type_of_fact_is_booked_or_named_as_one_that_is_not() -> None:
    unnamed = {
        type_name(each) for each in EVENT_TYPES if each.__module__.rpartition(".")[2] not in GROUPS_WITHOUT_MONEY
    } - {*READ, *WITHOUT_MONEY}

    assert unnamed == set()


@pytest.mark.parametrize("seed", range(4))
def test_years_in_which_everything_happens_agree(tmp_path: Path, seed: int) -> None:
    facts = [event.fact for event in accepted(seed, 60, 0.3) if event.type in READ and event.key != "opening/USD"]
    book = recorded(tmp_path, *(facts[at : at + 20] for at in range(0, len(facts), 20)))

    second = agreed(tmp_path, book)

    assert second.contracts


@settings(max_examples=40, deadline=None)
@given(histories())
def test_whole_histories_told_late_and_twice_agree(history: tuple[list[Fact], list[Fact]]) -> None:
    with TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        book = recorded(home, history[1])
        agreed(home, book)
