from __future__ import annotations

import json

import pytest

from ledger.book import book_hash
from ledger.events import BreakFound, Fact, TradingHalted
from tests.facts import (
    ACCOUNT,
    SPY,
    acknowledged,
    bought,
    cancelled,
    cash_reported,
    commission,
    cycle_started,
    mirrored,
    nav_reported,
    opened_cash,
    positions_reported,
    replay,
    row,
    sold,
    told,
    working,
)

REF = f"tb-{ACCOUNT}-9-abcd-756733-B-1"
BREAK = BreakFound(break_id="B-1", kind="position", subject="756733", consequence="lock", con_id=SPY.con_id)


def test_the_statement_says_what_the_book_says_in_json() -> None:
    fill = bought(SPY, "4", execution="a.01", order_ref=REF)
    book = replay([opened_cash("10000.50"), *working(REF, SPY, "10"), fill])

    assert json.loads(json.dumps(book.statement())) == {
        "account": ACCOUNT,
        "cash": {"USD": "8400.5"},
        "lots": {"756733": [["a", "4", "1600", "0"]]},
        "realised": {"756733": ["0", "0"]},
        "journal": {"cash/USD": "8400.5", "opening/USD": "-10000.5", "position:756733/USD": "1600"},
        "pending_commissions": ["a.01"],
        "orders": {REF: ["working", "10", "4", 1]},
        "order_id_high": 1,
        "open_breaks": [],
        "locked": [],
        "halted": None,
        "reported": {"nav": None, "margin": None, "cash": None, "positions": None, "open_orders": None},
    }


def test_what_the_broker_reported_is_part_of_the_statement() -> None:
    book = replay([cash_reported(USD="1.50", EUR="0"), positions_reported(row(SPY, "5")), nav_reported("2001.50")])

    reported = book.statement()["reported"]

    assert reported["cash"] == {"USD": "1.5"}
    assert reported["nav"] == {"source": "api", "currency": "USD", "net_liquidation": "2001.5"}
    assert [(line["con_id"], line["quantity"]) for line in reported["positions"]] == [(SPY.con_id, "5")]


@pytest.mark.parametrize(
    "news",
    [
        commission("a.01", "-1"),
        sold(SPY, "4", execution="b.01"),
        opened_cash("1", "EUR"),
        acknowledged(REF, 2),
        cancelled(REF),
        BREAK,
        TradingHalted(reason="by hand"),
        nav_reported("1"),
    ],
    ids=lambda fact: fact.type,
)
def test_every_fact_that_matters_changes_the_hash(news: Fact) -> None:
    book = replay([*working(REF, SPY, "10"), bought(SPY, "4", execution="a.01", order_ref=REF)])

    assert book_hash(told(book, news)) != book_hash(book)


def test_neither_time_nor_place_in_the_log_changes_the_hash() -> None:
    facts = (opened_cash("100"), bought(SPY, "1", execution="a.01"))

    assert book_hash(replay([cycle_started(), *facts])) == book_hash(replay(facts))


def test_the_same_log_has_the_same_hash() -> None:
    facts = [opened_cash("10000"), *working(REF, SPY, "10"), bought(SPY, "10", execution="a.01"), BREAK]
    facts += mirrored(replay([*facts, positions_reported(row(SPY, "10"))]))

    assert book_hash(replay(facts)) == book_hash(replay(facts))
    assert book_hash(replay(facts)).startswith("1:")
    assert len(book_hash(replay(facts))) == 2 + 64


def test_the_hash_of_a_small_book_stands_for_ever() -> None:
    book = replay([opened_cash("10000"), bought(SPY, "10", "400.25", execution="a.01"), commission("a.01", "-1")])

    assert book_hash(book) == "1:d0cfa059b7fecd6a5b1cd56c8c38f23921371c18b9dc69cb7ac1edf95af313a6"


def test_an_unknown_version_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 1, found 2"):
        book_hash(replay([]), version=2)
