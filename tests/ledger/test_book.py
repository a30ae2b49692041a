from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from ledger.book import EFFECTS, WITHOUT_EFFECT, Book, Impossible, book_hash
from ledger.events import (
    EVENT_TYPES,
    CurrencyConverted,
    CycleFinished,
    DividendPaid,
    Fact,
    OrderKept,
    OrderModifyAttempted,
    PositionAdjusted,
    SplitApplied,
    VariationSettled,
)
from tests.facts import (
    AAPL,
    ACCOUNT,
    GENESIS,
    SPY,
    START,
    UNKNOWN,
    acknowledged,
    attempted,
    bought,
    busted,
    cash_reported,
    commission,
    contract,
    cycle_started,
    minutes,
    nav_reported,
    opened,
    opened_cash,
    positions_reported,
    rates,
    replay,
    row,
    sold,
    told,
    working,
)

D = Decimal
REF = f"tb-{ACCOUNT}-9-abcd-756733-B-1"
CHANGED = OrderModifyAttempted(order_ref=REF, order_id=1, perm_id=1, quantity=D(10), limit_price=D(1))
INDEX = contract(11, "SPX", kind="IND")
FILL = bought(SPY, "1", execution="x.01")


def held(book: Book) -> tuple[object, ...]:
    """SPY's quantity, basis by IB's convention, and realised P&L."""
    holding = book.holdings[SPY.con_id]
    return holding.quantity, holding.basis, holding.realised


# Fills, corrections and busts


def test_a_purchase_moves_cash_into_a_position() -> None:
    book = replay([opened_cash("10000"), bought(SPY, "10", "400.25", execution="a.01")])

    assert book.positions == {SPY.con_id: 10}
    assert book.cash == {"USD": D("5997.50")}
    assert book.journal[f"position:{SPY.con_id}", "USD"] == D("4002.50")
    assert book.pending_commissions == ("a.01",)


def test_a_commission_is_unknown_until_it_comes_and_then_part_of_the_basis() -> None:
    book = replay([opened_cash("10000"), bought(SPY, "10", execution="a.01"), commission("a.01", "-1.05")])

    assert book.pending_commissions == ()
    assert book.cash == {"USD": D("5998.95")}
    assert held(book) == (10, D("4001.05"), 0)
    assert book.fills["a"].commission == D("-1.05")


def test_a_rebate_lowers_the_basis() -> None:
    book = replay([opened_cash("10000"), bought(SPY, "10", execution="a.01"), commission("a.01", "0.25")])

    assert book.cash == {"USD": D("6000.25")}
    assert held(book) == (10, D("3999.75"), 0)


def test_a_correction_may_charge_the_commission_in_another_currency() -> None:
    book = replay([bought(SPY, "10", execution="a.01"), commission("a.01", "-1")])

    abroad = told(book, commission("a.02", "-0.9", "EUR"))
    back = told(abroad, commission("a.03", "-2"))

    assert abroad.cash == {"USD": D(-4000), "EUR": D("-0.9")}
    assert held(abroad) == (10, 4000, 0)
    assert abroad.holdings[SPY.con_id].basis == 4000
    assert back.cash == {"USD": D(-4002), "EUR": D(0)}
    assert back.holdings[SPY.con_id].basis == 4002


def test_a_commission_in_another_currency_is_cash_there_and_no_part_of_the_basis() -> None:
    book = replay([opened_cash("10000"), bought(SPY, "10", execution="a.01"), commission("a.01", "-0.90", "EUR")])

    assert book.cash == {"USD": 6000, "EUR": D("-0.90")}
    assert held(book) == (10, 4000, 0)
    assert book.journal["commissions", "EUR"] == D("0.90")
    assert book.pending_commissions == ()


def test_a_commission_of_a_sold_lot_that_comes_late_lowers_what_was_realised() -> None:
    sale = sold(SPY, "10", "410.00", execution="b.01", at=minutes(1))
    book = replay([opened_cash("10000"), bought(SPY, "10", execution="a.01"), sale, commission("b.01", "-1")])

    assert held(told(book, commission("a.01", "-2"))) == (0, 0, 97)


def test_gv25_a_correction_replaces_the_execution_it_corrects() -> None:
    book = replay(
        [
            opened_cash("10000"),
            bought(SPY, "10", "400.00", execution="a.01"),
            commission("a.01", "-1"),
            bought(SPY, "7", "401.00", execution="a.02"),
        ]
    )

    assert book.positions == {SPY.con_id: 7}
    assert book.cash == {"USD": 10000 - 7 * 401 - 1}
    assert held(book) == (7, 2808, 0)  # the commission stays until the broker says another
    assert held(told(book, commission("a.02", "-0.70"))) == (7, D("2807.70"), 0)


@pytest.mark.parametrize("late", [bought(SPY, "10", execution="a.01"), commission("a.01", "-9")])
def test_an_older_revision_told_late_changes_nothing(late: Fact) -> None:
    book = replay([opened_cash("10000"), bought(SPY, "7", execution="a.02"), commission("a.02", "-1")])

    assert book_hash(told(book, late)) == book_hash(book)


def test_a_correction_after_a_partial_close_matches_the_close_again() -> None:
    book = replay(
        [
            bought(SPY, "10", "400.00", execution="a.01"),
            sold(SPY, "4", "410.00", execution="b.01", at=minutes(1)),
            bought(SPY, "10", "405.00", execution="a.02"),
        ]
    )

    assert held(book) == (6, 6 * 405, 20)
    assert book.cash == {"USD": 4 * 410 - 10 * 405}
    assert book.journal["realised", "USD"] == -20


def test_a_correction_below_what_was_sold_leaves_a_short_position() -> None:
    book = replay(
        [
            bought(SPY, "10", "400.00", execution="a.01"),
            sold(SPY, "4", "410.00", execution="b.01", at=minutes(1)),
            bought(SPY, "3", "400.00", execution="a.02"),
        ]
    )

    assert held(book) == (-1, -410, 30)


def test_gv26_a_bust_takes_the_execution_back_and_keeps_its_commission() -> None:
    bought_and_charged = [bought(SPY, "450", "5.432", execution="a.01"), commission("a.01", "-2.4444")]
    before = replay(bought_and_charged)

    book = told(before, busted("a.01"))

    assert before.cash == {"USD": D("-2446.8444")}
    assert book.cash == {"USD": D("-2.4444")}
    assert book.positions == {}
    assert held(book) == (0, 0, 0)
    assert book.journal == {("cash", "USD"): D("-2.4444"), ("commissions", "USD"): D("2.4444")}


def test_a_commission_that_comes_after_the_bust_is_charged_all_the_same() -> None:
    book = replay([bought(SPY, "10", execution="a.01"), busted("a.01")])

    assert book.pending_commissions == ()
    assert told(book, commission("a.01", "-1")).cash == {"USD": -1}


def test_a_busted_execution_does_not_come_back() -> None:
    first, second = bought(SPY, "10", execution="a.01"), bought(SPY, "9", execution="a.02")

    for told_so in ((first, second, busted("a.02")), (first, busted("a.02"), second), (second, busted("a.02"), first)):
        book = replay(told_so)

        assert book.positions == {}
        assert book.cash == {"USD": 0}


def test_gv25_a_cancellation_and_a_later_revision_are_a_correction_however_they_are_told() -> None:
    first, second = bought(SPY, "10", "400", execution="a.01"), bought(SPY, "9", "399", execution="a.02")

    for told_so in permutations((first, commission("a.01", "-1"), second, busted("a.01"))):
        if told_so[0] in (first, second):
            book = replay(told_so)

            assert (book.positions, book.cash) == ({SPY.con_id: D(9)}, {"USD": D(-3592)})
            assert book.fills["a"].busted is False


def test_each_revision_can_be_busted() -> None:
    first, second = bought(SPY, "10", execution="a.01"), bought(SPY, "9", execution="a.02")

    book = replay([first, busted("a.01"), second, busted("a.02")])

    assert book.positions == {}
    assert book.cash == {"USD": 0}


def test_a_fill_learned_late_is_inserted_in_economic_order() -> None:
    early = bought(SPY, "10", "300.00", execution="z.01", at=minutes(-10))
    sale = sold(SPY, "10", "410.00", execution="b.01", at=minutes(5))

    book = replay([bought(SPY, "10", "400.00", execution="a.01"), sale, early])

    assert book.holdings[SPY.con_id].realised == 1100  # the late purchase was the first one in
    assert [lot.execution for lot in book.holdings[SPY.con_id].lots] == ["a"]


def test_one_execution_told_twice_is_one_fact() -> None:
    fill, charged = bought(SPY, "10", execution="a.01"), commission("a.01", "-1")
    book = replay([fill, charged])

    again = told(book, fill.model_copy(update={"source": "statement"}), charged)

    assert book_hash(again) == book_hash(book)


def test_a_dividend_told_twice_is_paid_once() -> None:
    dividend = DividendPaid(source="api", reference="1", amount=D("12.40"), currency="USD", con_id=SPY.con_id)

    assert replay([dividend, dividend]).cash == {"USD": D("12.40")}


def test_an_execution_with_another_economic_part_is_refused() -> None:
    book = replay([bought(SPY, "10", execution="a.01")])

    with pytest.raises(
        Impossible, match=r"seq 5 says DU1000001, 756733, 10, 400\.00, USD, now DU1000001, 756733, 11, "
    ) as told_why:
        told(book, bought(SPY, "11", execution="a.01"))
    assert "Decimal" not in str(told_why.value)


@pytest.mark.parametrize(
    ("impossible", "message"),
    [
        pytest.param(bought(UNKNOWN, "1", execution="x.01"), "contract 999 is not defined", id="unknown contract"),
        pytest.param(bought(INDEX, "1", execution="x.01"), "the book cannot hold IND", id="an index"),
        pytest.param(bought(SPY, "0", execution="x.01"), "is no trade", id="of nothing"),
        pytest.param(bought(SPY, "1", "-1", execution="x.01"), "is no trade", id="at less than nothing"),
        pytest.param(FILL.model_copy(update={"account": "U1"}), "found U1", id="another account"),
        pytest.param(
            FILL.model_copy(update={"currency": "EUR"}),
            "found EUR",
            id="another currency",
        ),
        pytest.param(
            bought(AAPL, "1", execution="a.02"), "corrects one of 756733", id="correction of another contract"
        ),
        pytest.param(bought(AAPL, "1", execution="x.01", order_ref=REF), "is for 756733", id="order of another one"),
        pytest.param(sold(SPY, "1", execution="x.01", order_ref=REF), "is for 10, found -1", id="wrong side"),
        pytest.param(busted("x.01"), "no such execution", id="bust of nothing"),
        pytest.param(busted("a.01").model_copy(update={"account": "U1"}), "found U1", id="bust elsewhere"),
        pytest.param(commission("x.01", "-1"), "no such execution", id="commission of nothing"),
        pytest.param(opened(INDEX, "1", "5000"), "cannot hold IND", id="opening with an index"),
        pytest.param(opened(SPY, "0", "5"), "expected a quantity", id="opening with nothing"),
        pytest.param(
            opened(SPY, "1", "5").model_copy(update={"currency": "EUR"}), "found EUR", id="opening in another currency"
        ),
        pytest.param(
            PositionAdjusted(break_id="B-1", con_id=INDEX.con_id, quantity=D(1), amount=D(1), currency="USD", why=""),
            "cannot hold IND",
            id="adjustment of an index",
        ),
        pytest.param(
            PositionAdjusted(break_id="B-1", con_id=SPY.con_id, quantity=D(0), amount=D(1), currency="USD", why=""),
            "expected a change of quantity",
            id="adjustment of nothing",
        ),
        pytest.param(
            VariationSettled(source="s", reference="1", amount=D(1), currency="USD", con_id=SPY.con_id),
            "expected a future or a CFD, found STK",
            id="variation of a share",
        ),
        pytest.param(
            SplitApplied(
                con_id=SPY.con_id, source="s", reference="1", numerator=2, denominator=0, quantity_change=D(10)
            ),
            "expected a ratio above zero, found 2:0",
            id="split by nothing",
        ),
        pytest.param(bought(SPY, "1", f"1.{'3' * 70}", execution="x.01"), "more than 60 digits", id="endless digits"),
        pytest.param(
            CurrencyConverted(
                source="s", reference="1", sold=D(-1), sold_currency="USD", bought=D(1), bought_currency="EUR"
            ),
            "two amounts above zero",
            id="conversion backwards",
        ),
        pytest.param(nav_reported("1").model_copy(update={"currency": "EUR"}), "expected it in USD", id="foreign NAV"),
        pytest.param(rates(EUR="0"), "above 0", id="a currency for nothing"),
        pytest.param(rates(USD="1.1"), "expected USD at 1", id="base currency not at 1"),
        pytest.param(
            rates().model_copy(update={"base_currency": "EUR"}), "expected base currency USD", id="other base"
        ),
        pytest.param(contract(SPY.con_id, "SPY", "EUR"), "expected USD x 1, found EUR x 1", id="contract changes"),
        pytest.param(GENESIS, "first line only", id="second genesis"),
        pytest.param(
            OrderKept(order_ref=REF, perm_id=1, filled=D(0)), "expected it to work", id="kept outside a cycle"
        ),
        pytest.param(CHANGED, "an order that this cycle kept", id="a change of what was not kept"),
        pytest.param(attempted("tb-x", SPY, "10", order_id=9), "expected TradingAllowed", id="no permission"),
        pytest.param(acknowledged("tb-nobody"), "the log does not know it", id="order of nobody"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(impossible: Fact, message: str) -> None:
    book = replay([INDEX, *working(REF, SPY, "10"), bought(SPY, "10", execution="a.01"), commission("a.01", "-1"),
                   CycleFinished(slot="2005-03-01/1035", book_hash="1:0")])  # fmt: skip
    before = book_hash(book), book.seq, book.keys.copy()

    with pytest.raises(Impossible, match=message):
        told(book, impossible)

    assert (book_hash(book), book.seq, book.keys) == before


def test_a_fork_leaves_its_book_alone_until_the_book_becomes_it() -> None:
    book = replay([opened_cash("10000"), bought(SPY, "10", execution="a.01")])
    before = book_hash(book)

    later = told(book, sold(SPY, "4", execution="b.01"), cycle_started(), rates(EUR="1.3"), commission("a.01", "-1"))

    assert book_hash(book) == before
    assert (book.cycle, book.rates, book.pending_commissions) == (None, {"USD": D(1)}, ("a.01",))
    book.become(later)
    assert book_hash(book) == book_hash(later) != before
    assert book.positions == {SPY.con_id: 6}


# What is reported


def test_what_is_reported_stands_beside_the_book_and_moves_nothing() -> None:
    book = replay([opened_cash("100"), cash_reported(USD="90"), positions_reported(row(SPY, "5", "401.5"))])

    assert (book.cash, book.positions) == ({"USD": D(100)}, {})
    assert book.reported.cash == {"USD": D(90)}
    assert book.marks == {SPY.con_id: D("401.5")}


def test_a_position_reported_without_a_mark_has_none_any_more() -> None:
    book = replay([positions_reported(row(SPY, "5"), row(AAPL, "5")), positions_reported(row(SPY, "5", None))])

    assert book.marks == {AAPL.con_id: 400}  # what is not reported at all keeps its last one


def test_the_base_currency_is_always_at_one() -> None:
    assert replay([]).rates == {"USD": 1}
    assert replay([rates(EUR="1.3").model_copy(update={"rows": rates(EUR="1.3").rows[1:]})]).rates == {
        "USD": 1,
        "EUR": D("1.3"),
    }


# The registry


def test_every_fact_has_an_effect_or_is_known_to_have_none() -> None:
    known = [*EFFECTS, *WITHOUT_EFFECT]

    assert sorted(fact_type.__name__ for fact_type in known) == sorted(t.__name__ for t in EVENT_TYPES)


def test_genesis_says_whose_book_it_is() -> None:
    book = replay([])

    assert (book.account, book.mode, book.clock, book.base_currency) == (ACCOUNT, "paper", "simulated", "USD")
    assert book.now == START - timedelta(hours=1) + timedelta(microseconds=5)
    assert not book.may_trade
