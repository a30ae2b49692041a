"""What becomes of weights: shares of NAV, bounded by name, by sector and by leverage."""

from __future__ import annotations

import pytest

from ledger.book import Book
from ledger.events import OrderPlanned, TargetsScaled
from tests.trader.decisions import AAPL, IBM, KO, UNIVERSE, D, situation
from tests.trader.sizing.planning import facts, plan, quantities
from trader.limits import Limits
from trader.sizing import Sizing, plan_orders


def scaled(book: Book, **limits: object) -> list[TargetsScaled]:
    return [fact for fact in facts(book, **limits) if isinstance(fact, TargetsScaled)]


def test_every_contract_of_the_universe_gets_one_row() -> None:
    book = situation({AAPL: "0.20", IBM: "0"}, held={KO: "10"})

    rows = plan(book)

    assert [(row.symbol, row.action) for row in rows.values()] == [("AAPL", "BUY"), ("IBM", "NOTHING")]


@pytest.mark.parametrize(
    ("held", "weight", "expected"),
    [
        pytest.param({}, "0.20", "449", id="bought from flat, whole shares toward zero"),
        pytest.param({}, "-0.20", "-449", id="sold short, toward zero too"),
        pytest.param({AAPL: "1000"}, "0.20", "-551", id="reduced"),
        pytest.param({AAPL: "200"}, "-0.20", "-649", id="a flip is one order"),
        pytest.param({AAPL: "200"}, "0", "-200", id="left altogether"),
        pytest.param({AAPL: "1"}, "0", "-1", id="left although it is below the band"),
        pytest.param({AAPL: "430"}, "0.20", "0", id="drift below the band"),
        pytest.param({AAPL: "-200"}, "-0.20", "-249", id="a short extended"),
    ],
)
def test_the_order_brings_the_holding_to_its_share_of_nav(held: dict[int, str], weight: str, expected: str) -> None:
    cash = D("100000") - sum((D(quantity) * D("44.50") for quantity in held.values()), D("0"))
    book = situation({AAPL: weight, IBM: "0"}, held=held, cash=str(cash))

    row = plan(book, order_share_max="1", name_share_max="1")[AAPL]

    assert row.quantity == D(expected)
    assert (row.order_ref is None) == (row.quantity == 0)


def test_the_smaller_nav_counts() -> None:
    own_is_larger = situation({AAPL: "0.20", IBM: "0"}, nav="50000")
    reported_is_larger = situation({AAPL: "0.20", IBM: "0"}, nav="200000")

    assert quantities(own_is_larger)[AAPL] == D("224")
    assert quantities(reported_is_larger)[AAPL] == D("449")


def test_leverage_multiplies_the_weight() -> None:
    book = situation({AAPL: "0.10", IBM: "0"}, leverage="1.5")

    assert plan(book)[AAPL].weight == D("0.15")
    assert quantities(book)[AAPL] == D("337")


def test_a_name_above_its_share_is_cut_and_the_cut_recorded() -> None:
    book = situation({AAPL: "0.60", IBM: "0.10"})

    [cut] = scaled(book)
    assert (cut.limit, cut.factor, cut.con_ids) == ("name_share_max", D("0.5"), (AAPL,))
    assert plan(book)[AAPL].weight == D("0.30")


def test_all_are_scaled_pro_rata_to_the_leverage_cap() -> None:
    book = situation({AAPL: "0.60", IBM: "0.40"}, leverage="2")

    [cut] = scaled(book, name_share_max="1.5", order_share_max="2", order_notional_max="1000000")
    rows = plan(book, name_share_max="1.5", order_share_max="2", order_notional_max="1000000")

    assert (cut.limit, cut.factor, cut.con_ids) == ("gross_leverage_max", D("0.75"), UNIVERSE)
    assert [row.weight for row in rows.values()] == [D("0.90"), D("0.60")]


def test_holdings_outside_the_universe_take_their_part_of_the_cap_and_are_never_sold() -> None:
    book = situation({AAPL: "0.50", IBM: "0.50"}, leverage="1", held={KO: "1000"}, cash="57000")  # KO 43 % of NAV

    [cut] = scaled(book, gross_leverage_max="1", name_share_max="1")

    assert cut.factor == D("0.57")
    assert KO not in plan(book)


def test_outside_holdings_above_the_cap_leave_nothing() -> None:
    book = situation({AAPL: "0.20", IBM: "0.20"}, held={KO: "3000", AAPL: "100"}, cash="-33450")

    assert quantities(book, gross_leverage_max="1.2") == {AAPL: D("-100"), IBM: D("0")}


def test_drift_above_the_cap_is_reduced_though_each_is_within_the_band() -> None:
    # AAPL 50.2 %, IBM 50.2 %: each 0.2 % above its target, together above a cap of 1.
    book = situation({AAPL: "0.5", IBM: "0.5"}, held={AAPL: "1128", IBM: "543"}, cash="-423.5")

    within = quantities(book, gross_leverage_max="1.5", name_share_max="1")
    above = quantities(book, gross_leverage_max="1", name_share_max="1")

    assert within == {AAPL: D("0"), IBM: D("0")}
    assert above == {AAPL: D("-5"), IBM: D("-3")}


def test_the_same_book_gives_the_same_plan() -> None:
    book = situation({AAPL: "0.33", IBM: "0.17"}, held={KO: "7"}, leverage="1.7")

    assert facts(book) == facts(book.fork())


def test_sectors_are_scaled_to_their_share_before_the_whole_is() -> None:
    book = situation({AAPL: "0.2", IBM: "-0.2"})
    limits = {"sectors": {"tech": ("AAPL", "IBM")}, "sector_share_max": "0.2"}

    (told,) = scaled(book, **limits)

    assert (told.limit, told.factor, told.con_ids) == ("sector_share_max", D("0.5"), UNIVERSE)
    assert plan(book, **limits)[AAPL].weight == D("0.1")


@pytest.mark.parametrize(
    ("reserve", "aapl"),
    [
        pytest.param("0", "449", id="none"),
        pytest.param("10000", "404", id="a tenth of NAV"),
        pytest.param("200000", "0", id="more than there is"),
    ],
)
def test_weights_are_of_nav_without_the_reserve(reserve: str, aapl: str) -> None:
    sizing = Sizing(universe=UNIVERSE, limits=Limits(), cash_reserve=D(reserve))

    rows = {row.con_id: row for row in plan_orders(situation(), sizing) if isinstance(row, OrderPlanned)}

    assert rows[AAPL].quantity == D(aapl)
