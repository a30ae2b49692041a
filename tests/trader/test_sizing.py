"""What the plan makes of targets, holdings, limits, breaks and prices."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ledger.book import Book
from ledger.events import (
    BreakFound,
    Fact,
    MarginObserved,
    NavObserved,
    OrderPlanned,
    OverrideSet,
    PriceIncrement,
    QuotesObserved,
    StepFailed,
    TargetsComputed,
    TargetsScaled,
    TradingHalted,
)
from tests.trader.decisions import (
    AAPL,
    CLOSED,
    IBM,
    KO,
    UNIVERSE,
    D,
    contract,
    ingested,
    margin,
    quote,
    situation,
    started,
    targets,
    told,
)
from trader.limits import Limits
from trader.sizing import Sizing, plan_orders


def plan(book: Book, **limits: object) -> dict[int, OrderPlanned]:
    return {row.con_id: row for row in facts(book, **limits) if isinstance(row, OrderPlanned)}


def facts(book: Book, **limits: object) -> tuple[Fact, ...]:
    return plan_orders(book, Sizing(universe=UNIVERSE, limits=Limits.model_validate(limits)))


def scaled(book: Book, **limits: object) -> list[TargetsScaled]:
    return [fact for fact in facts(book, **limits) if isinstance(fact, TargetsScaled)]


def quantities(book: Book, **limits: object) -> dict[int, Decimal]:
    return {con_id: row.quantity for con_id, row in plan(book, **limits).items()}


def locks(con_id: int, kind: str = "position") -> BreakFound:
    return BreakFound.model_validate(
        {"break_id": "B-2", "kind": kind, "subject": str(con_id), "consequence": "lock", "con_id": con_id}
    )


@pytest.mark.parametrize(
    ("shares", "quantity", "reason"),
    [
        pytest.param("1000", "-449", "", id="all of it can be borrowed"),
        pytest.param("200", "-200", "", id="some of it"),
        pytest.param("0", "0", "0 can be borrowed", id="none of it"),
        pytest.param(None, "0", "nobody told that it can be borrowed", id="nobody says so"),
    ],
)
def test_no_more_is_sold_short_than_can_be_borrowed(shares: str | None, quantity: str, reason: str) -> None:
    quotes = [quote(AAPL, shortable=None if shares is None else D(shares)), quote(IBM)]

    row = plan(situation({AAPL: "-0.20", IBM: "0"}, quotes=quotes))[AAPL]

    assert row.quantity == D(quantity)
    assert reason in row.reason


def test_a_cash_account_buys_with_settled_cash_alone() -> None:
    cash = margin(settled_cash=D("15000"))
    book = situation({AAPL: "0.10", IBM: "0.10"}, instead={MarginObserved: [cash]})

    rows = plan(book, settled_cash_only=True)

    assert (rows[AAPL].action, rows[IBM].action) == ("BUY", "NOTHING")
    assert "of settled cash left" in rows[IBM].reason
    assert plan(book)[IBM].action == "BUY"


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


def test_one_order_is_kept_within_its_bounds() -> None:
    book = situation({AAPL: "0.30", IBM: "0.30"})

    by_notional = plan(book, order_notional_max="10000")
    by_share = plan(book, order_share_max="0.05")

    assert by_notional[AAPL].quantity == D("224")  # 224 x 44.52 = 9,972.48
    assert by_notional[AAPL].reason == "0.00 % of NAV held, 30.00 % wanted; 224 of 674 in this cycle"
    assert by_share[IBM].quantity == D("54")  # 54 x 92.52 = 4,996.08


def test_an_order_at_the_full_share_still_fits_at_its_limit_price() -> None:
    rows = plan(situation({AAPL: "0.30", IBM: "0.30"}))

    for row in rows.values():
        assert row.limit_price is not None
        assert row.quantity * row.limit_price <= D("30000")


def test_a_reduction_is_never_kept_within_an_order_s_bounds() -> None:
    book = situation({AAPL: "0", IBM: "0"}, held={AAPL: "2000"}, cash="11000")

    assert quantities(book, order_notional_max="1000", order_share_max="0.01")[AAPL] == D("-2000")


def test_a_bounded_flip_goes_at_least_as_far_as_flat() -> None:
    book = situation({AAPL: "-0.30", IBM: "0"}, held={AAPL: "1000"}, cash="55500")

    assert quantities(book, order_notional_max="1000")[AAPL] == D("-1000")


@pytest.mark.parametrize(
    ("held", "weight", "expected"),
    [("10.5", "0.20", "440"), ("10.5", "0", "-10"), ("-10.5", "0", "10"), ("-10.5", "0.20", "457"), ("0.5", "0", "0")],
)
def test_a_fraction_of_a_unit_that_is_held_is_never_ordered(held: str, weight: str, expected: str) -> None:
    book = situation({AAPL: weight, IBM: "0"}, held={AAPL: held})

    assert quantities(book)[AAPL] == D(expected)


def test_a_bounded_flip_of_a_fraction_orders_whole_units() -> None:
    book = situation({AAPL: "-0.20", IBM: "0"}, held={AAPL: "100.5"})

    assert quantities(book, order_notional_max=100)[AAPL] == D("-100")


def test_a_small_order_is_not_worth_its_commission() -> None:
    row = plan(situation({AAPL: "0.015", IBM: "0"}), min_order_notional="2000")[AAPL]

    assert (row.action, row.reason) == ("NOTHING", "an order of 1468.50, below the minimum of 2000")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"bid": None}, "no price: bid missing", id="no bid"),
        pytest.param({"ask": None, "last": None}, "no price: ask, last missing", id="no ask, no last"),
        pytest.param({"close": None}, "no price: close missing", id="no close"),
        pytest.param({"bid": D("44.52")}, "no price: bid 44.52 above ask 44.5", id="crossed"),
        pytest.param({"halted": True}, "its trading is halted", id="halted"),
        pytest.param({"bid": D("43")}, "spread 3.49 %, above 2.00 %", id="wide"),
        pytest.param(
            {"last": D("48")},
            "price 44.49 beyond the collar of 5.00 % around the last price 48",
            id="away from the last",
        ),
        pytest.param(
            {"close": D("89")},
            "price 44.49 beyond the collar of 25.00 % around the previous close 89",
            id="a split that nobody applied",
        ),
    ],
)
def test_a_price_that_cannot_be_believed_leaves_the_contract_alone(changes: dict[str, object], reason: str) -> None:
    book = situation(quotes=[quote(AAPL, **changes), quote(IBM)])

    rows = plan(book)

    assert (rows[AAPL].action, rows[AAPL].reason.replace("44.50", "44.5")) == ("NOTHING", reason)
    assert rows[IBM].action == "BUY"


def test_prices_at_or_below_zero_are_none() -> None:
    row = plan(situation(quotes=[quote(AAPL, bid=D("-1"), ask=D("-1"))]))[AAPL]

    assert row.action == "NOTHING"
    assert row.reason.startswith("no price: expected prices above zero, found bid -1")


@pytest.mark.parametrize(
    ("instead", "reason"),
    [
        pytest.param({QuotesObserved: ()}, "no price: the broker quoted none", id="never asked for quotes"),
        pytest.param({TargetsComputed: ()}, "no target: the forecast does not name it", id="no forecast"),
    ],
)
def test_what_is_missing_is_the_reason_to_do_nothing(instead: dict[type[Fact], tuple[Fact, ...]], reason: str) -> None:
    rows = plan(situation(instead=instead))

    assert {row.reason for row in rows.values()} == {reason}
    assert {row.action for row in rows.values()} == {"NOTHING"}


def test_yesterday_s_quotes_are_no_quotes() -> None:
    book = situation()
    next_cycle = told(book, started(slot="2005-03-01/1135"), targets({AAPL: "0.2", IBM: "0.2"}))

    assert {row.reason for row in plan(next_cycle).values()} == {"no price: the broker quoted none"}


@pytest.mark.parametrize(
    ("moment", "action"),
    [
        pytest.param(datetime(2005, 3, 1, 14, 29, tzinfo=UTC), "NOTHING", id="before the open"),
        pytest.param(datetime(2005, 3, 1, 14, 31, tzinfo=UTC), "BUY", id="in the session"),
        pytest.param(CLOSED, "NOTHING", id="at the close"),
    ],
)
def test_nothing_is_planned_outside_the_session(moment: datetime, action: str) -> None:
    assert plan(situation(now=moment))[AAPL].action == action


def test_an_undefined_contract_is_left_alone() -> None:
    stranger = 99
    sizing = Sizing(universe=(AAPL, stranger), limits=Limits())
    book = situation({AAPL: "0.2"})

    row = next(row for row in plan_orders(book, sizing) if isinstance(row, OrderPlanned) and row.con_id == stranger)

    assert (row.symbol, row.action) == ("99", "NOTHING")


@pytest.mark.parametrize(
    "instead",
    [
        pytest.param({NavObserved: ()}, id="no NAV reported"),
        pytest.param({MarginObserved: ()}, id="no margin reported"),
        pytest.param({MarginObserved: (margin(currency="EUR"),)}, id="margin in another currency"),
    ],
)
def test_without_its_figures_the_plan_fails_and_orders_nothing(instead: dict[type[Fact], tuple[Fact, ...]]) -> None:
    failed, *rows = facts(situation(instead=instead))

    assert isinstance(failed, StepFailed)
    assert [row.action for row in rows if isinstance(row, OrderPlanned)] == ["NOTHING", "NOTHING"]


def test_a_position_without_a_mark_makes_nav_unknown() -> None:
    failed, *_ = facts(situation(held={KO: "10"}, reported={}))

    assert failed == StepFailed(step="plan", reason="KO: no mark was reported")


def test_debts_above_all_holdings_leave_no_nav_to_size_by() -> None:
    failed, *_ = facts(situation(cash="-1"))

    assert failed == StepFailed(step="plan", reason="expected a NAV above zero, found -1")


def test_a_locked_contract_is_reduced_only_within_what_both_sides_agree_on() -> None:
    book = situation(
        {AAPL: "0.10", IBM: "0"},
        held={AAPL: "1000"},
        reported={AAPL: "900"},
        cash="55500",
        also=[locks(AAPL)],
    )

    row = plan(book)[AAPL]  # 10 % of the smaller NAV of 95,550: 214 shares; 900 are agreed

    assert (row.action, row.quantity) == ("SELL", D("-686"))


@pytest.mark.parametrize(
    ("reported", "weight", "kind"),
    [
        pytest.param("1000", "0.10", "foreign_order", id="somebody else orders it"),
        pytest.param("1000", "0.10", "refused_fact", id="a fact of it was refused"),
        pytest.param("900", "0.95", "position", id="it would grow"),
        pytest.param("-900", "0.10", "position", id="the sides differ"),
        pytest.param("0", "0.10", "position", id="the broker has none"),
    ],
)
def test_a_locked_contract_is_otherwise_left_alone(reported: str, weight: str, kind: str) -> None:
    book = situation(
        {AAPL: weight, IBM: "0"},
        held={AAPL: "1000"},
        reported={AAPL: reported},
        nav="100000",
        cash="55500",
        also=[locks(AAPL, kind)],
    )

    row = plan(book, name_share_max="1")[AAPL]

    assert (row.action, row.reason) == ("NOTHING", "locked by break B-2")


@pytest.mark.parametrize(
    ("before", "weight", "sold"),
    [
        pytest.param("900", "0.10", "-676", id="bought by hand: what was there before is sold, no more"),
        pytest.param("900", "0", "-900", id="what was bought by hand stays"),
        pytest.param("1100", "0.10", "-776", id="sold by hand: what is left is sold"),
        pytest.param("900", "0.42", "0", id="it was less than the target before"),
        pytest.param("-100", "0.10", "0", id="the other side of zero"),
    ],
)
def test_of_what_somebody_else_traded_only_what_was_there_before_and_after_is_sold(
    before: str, weight: str, sold: str
) -> None:
    foreign = BreakFound(
        break_id="B-2", kind="foreign_trade", subject="e1", consequence="lock", con_id=AAPL, expected=D(before),
        found=D("1000"),
    )  # fmt: skip
    book = situation({AAPL: weight, IBM: "0"}, held={AAPL: "1000"}, cash="55500", also=[foreign])

    row = plan(book, name_share_max="1")[AAPL]

    assert row.quantity == D(sold)


def test_what_several_others_bought_at_once_is_all_left_to_them() -> None:
    def bought(name: str, expected: str) -> BreakFound:
        return BreakFound(
            break_id=name, kind="foreign_trade", subject=name, consequence="lock", con_id=AAPL, expected=D(expected),
            found=D("1000"),
        )  # fmt: skip

    two = [bought("B-2", "800"), bought("B-3", "900")]  # 200 and 100, in one look
    book = situation({AAPL: "0", IBM: "0"}, held={AAPL: "1000"}, cash="55500", also=two)

    assert plan(book, name_share_max="1")[AAPL].quantity == D("-700")


def test_a_break_that_only_informs_hinders_no_reduction() -> None:
    note = BreakFound(
        break_id="B-1",
        kind="realised",
        subject=str(AAPL),
        consequence="note",
        con_id=AAPL,
        expected=D("5"),
        found=D("9"),
    )
    book = situation(
        {AAPL: "0.10", IBM: "0"}, held={AAPL: "1000"}, reported={AAPL: "900"}, cash="55500", also=[note, locks(AAPL)]
    )

    assert plan(book)[AAPL].quantity == D("-686")


def test_others_trade_while_one_is_locked() -> None:
    book = situation(also=[locks(AAPL)])

    assert [row.action for row in plan(book).values()] == ["NOTHING", "BUY"]


def test_while_a_break_says_so_positions_only_shrink() -> None:
    broken = BreakFound(break_id="B-1", kind="nav", subject="NAV", consequence="reduce_only")
    book = situation({AAPL: "0.10", IBM: "0.30"}, held={AAPL: "1000", IBM: "100"}, cash="46250", also=[broken])

    rows = plan(book)

    assert (rows[AAPL].action, rows[AAPL].quantity) == ("SELL", D("-776"))
    assert (rows[IBM].action, rows[IBM].reason) == ("NOTHING", "reductions only: an open break")


def test_a_flip_stops_at_flat_while_positions_may_only_shrink() -> None:
    broken = BreakFound(break_id="B-1", kind="nav", subject="NAV", consequence="reduce_only")
    book = situation({AAPL: "-0.10", IBM: "0"}, held={AAPL: "1000"}, cash="55500", also=[broken])

    assert quantities(book)[AAPL] == D("-1000")


def test_short_of_liquidity_positions_only_shrink() -> None:
    book = situation(
        {AAPL: "0.10", IBM: "0.30"},
        held={AAPL: "1000"},
        cash="55500",
        instead={MarginObserved: (margin("4000"),)},
    )

    rows = plan(book)

    assert rows[AAPL].quantity == D("-776")
    assert rows[IBM].reason == "reductions only: excess_liquidity_remains: 0.04, limit 0.05"


def test_a_halted_book_plans_all_the_same() -> None:
    assert plan(situation(also=[TradingHalted(reason="by hand")]))[AAPL].action == "BUY"


def test_a_closing_cycle_plans_nothing() -> None:
    book = told(situation(), started(kind="close", slot="2005-03-01/close"))

    assert facts(book) == ()


@pytest.mark.parametrize(
    ("weight", "changes", "expected"),
    [
        pytest.param("0.20", {}, "44.52", id="purchase: two ticks above the ask"),
        pytest.param("-0.20", {}, "44.47", id="sale: two ticks below the bid"),
        pytest.param("0.20", {"last": D("42.40")}, "44.52", id="just inside the collar"),
        pytest.param("0.20", {"last": D("42.385")}, "44.50", id="cut to the collar, down to a tick"),
        pytest.param("-0.20", {"last": D("46.83")}, "44.49", id="sale: cut to the collar, up to a tick"),
        pytest.param("0.20", {"close": D("35.60")}, "44.50", id="cut to the collar around the close"),
    ],
)
def test_the_limit_stands_a_few_ticks_through_the_touch_inside_the_collar(
    weight: str, changes: dict[str, object], expected: str
) -> None:
    book = situation({AAPL: weight, IBM: "0"}, quotes=[quote(AAPL, **changes), quote(IBM)])

    assert plan(book)[AAPL].limit_price == D(expected)


def test_the_limit_stands_on_a_tick_of_the_contract() -> None:
    book = situation(before=[contract(AAPL, min_tick=D("0.05"))], quotes=[quote(AAPL, ask=D("44.52")), quote(IBM)])

    assert plan(book)[AAPL].limit_price == D("44.60")


@pytest.mark.parametrize(
    ("held", "weight", "expected", "reason"),
    [
        ("405", "0.20", "0", "drift 9.80 % of the position wanted, below the minimum of 10.00 %"),
        ("404", "0.20", "45", "17.98 % of NAV held, 20.00 % wanted"),
        ("494", "0.20", "-45", "21.98 % of NAV held, 20.00 % wanted"),
        ("30", "0", "-30", "1.34 % of NAV held, 0.00 % wanted"),
    ],
    ids=["less", "just as much", "downward", "to leave a position is always worth it"],
)
def test_a_drift_that_is_little_of_the_position_is_left_alone(
    held: str, weight: str, expected: str, reason: str
) -> None:
    book = situation({AAPL: weight, IBM: "0"}, held={AAPL: held}, cash=str(D("100000") - D(held) * D("44.50")))

    row = plan(book, min_drift="0.1")[AAPL]

    assert (row.quantity, row.reason) == (D(expected), reason)


LOTS_OF_100 = contract(AAPL, size_min=D("100"), size_increment=D("100"))


@pytest.mark.parametrize(
    ("held", "weight", "expected", "reason"),
    [
        ("0", "0.20", "400", "0.00 % of NAV held, 20.00 % wanted"),
        ("150", "0", "-100", "6.68 % of NAV held, 0.00 % wanted; 50 held cannot be ordered: it trades in lots of 100"),
        ("50", "0", "0", "50 from the target: ordered in lots of 100, 100 at least"),
        ("0", "0.04", "0", "less than a lot is wanted"),
    ],
)
def test_a_contract_is_ordered_in_its_lots_and_what_is_no_lot_is_told(
    held: str, weight: str, expected: str, reason: str
) -> None:
    cash, holdings = str(D("100000") - D(held) * D("44.50")), {AAPL: held} if D(held) else {}
    row = plan(situation({AAPL: weight, IBM: "0"}, held=holdings, cash=cash, before=[LOTS_OF_100]))[AAPL]

    assert (row.quantity, row.reason) == (D(expected), reason)


def test_the_limit_stands_on_the_increment_of_its_own_price() -> None:
    bands = [PriceIncrement(from_price=D(low), increment=D(step)) for low, step in (("0", "0.01"), ("44.51", "0.05"))]
    book = situation(before=[contract(AAPL, price_increments=tuple(bands))])

    assert plan(book)[AAPL].limit_price == D("44.50")  # 44.52 by cents, which only the prices below 44.51 have


def test_an_order_s_reference_names_account_cycle_contract_and_side() -> None:
    book = situation()
    assert book.cycle is not None

    row = plan(book)[AAPL]

    assert row.order_ref == f"tb-DU1000001-{book.cycle.seq}-{book.cycle.hash[:4]}-265598-B-1"


def test_the_same_book_gives_the_same_plan() -> None:
    book = situation({AAPL: "0.33", IBM: "0.17"}, held={KO: "7"}, leverage="1.7")

    assert facts(book) == facts(book.fork())


def overridden(*overrides: OverrideSet, **world: Any) -> dict[int, OrderPlanned]:
    return plan(situation(also=overrides, **world))


def test_an_override_leaves_a_contract_alone_with_its_reason() -> None:
    rows = overridden(OverrideSet(subject="AAPL", allow="none", why="earnings"))

    assert rows[AAPL].action == "NOTHING"
    assert rows[AAPL].reason == "override of AAPL: no orders: earnings"
    assert rows[IBM].action == "BUY"


def test_an_override_lets_a_position_shrink_alone() -> None:
    less = OverrideSet(subject="account", allow="reduce_only", why="holiday")

    rows = overridden(less, held={AAPL: "1000"}, cash="55500", weights={AAPL: "0.2", IBM: "0.2"})

    assert rows[AAPL].quantity == D("-551")
    assert rows[IBM].reason == "reductions only: override of account: reduce only: holiday"


def test_scales_multiply_and_the_last_word_counts() -> None:
    tenth = OverrideSet(subject="account", scale=D("0.1"), why="going live")
    half = OverrideSet(subject="AAPL", scale=D("0.5"), why="careful")
    lifted = OverrideSet(subject="IBM", why="again")

    rows = overridden(tenth, half, OverrideSet(subject="IBM", allow="none", why="no"), lifted)

    assert (rows[AAPL].weight, rows[IBM].weight) == (D("0.010"), D("0.020"))


def test_a_restricted_name_is_sold_to_flat_and_never_through_it() -> None:
    book = situation({AAPL: "-0.1", IBM: "0"}, held={AAPL: "100"}, cash="95550")

    assert plan(book, restricted="AAPL")[AAPL].quantity == D("-100")


def test_what_may_not_be_short_is_sold_to_flat() -> None:
    rows = plan(situation({AAPL: "-0.1", IBM: "-0.1"}, held={AAPL: "100"}, cash="95550"), short_banned="*")

    assert rows[AAPL].quantity == D("-100")
    assert rows[IBM].reason == "it may not be sold short"


def test_sectors_are_scaled_to_their_share_before_the_whole_is() -> None:
    book = situation({AAPL: "0.2", IBM: "-0.2"})
    limits = {"sectors": {"tech": ("AAPL", "IBM")}, "sector_share_max": "0.2"}

    (told,) = scaled(book, **limits)

    assert (told.limit, told.factor, told.con_ids) == ("sector_share_max", D("0.5"), UNIVERSE)
    assert plan(book, **limits)[AAPL].weight == D("0.1")


def test_an_order_is_kept_within_its_share_of_the_volume() -> None:
    rows = plan(situation(also=[ingested("1000")]))

    assert rows[AAPL].quantity == D("50")
    assert rows[AAPL].reason.endswith("50 of 449 in this cycle")


def test_without_volume_a_contract_is_left_alone() -> None:
    rows = plan(situation(also=[ingested(None)]))

    assert rows[AAPL].reason == "no volume: no source told its volume"


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


# Types of orders


@pytest.mark.parametrize("order_type", ["MKT", "MOC"])
def test_an_order_without_a_limit_is_bounded_by_what_it_would_pay_at_the_touch(order_type: Any) -> None:
    book = situation({AAPL: "0.20", IBM: "0"}, quotes=(quote(AAPL, ask=D("44.90")), quote(IBM)))
    sizing = Sizing(UNIVERSE, Limits.model_validate({"order_notional_max": "8980"}), order_type=order_type)

    (row,) = (fact for fact in plan_orders(book, sizing) if isinstance(fact, OrderPlanned) and fact.con_id == AAPL)

    assert (row.order_type, row.limit_price, row.algo, row.quantity) == (order_type, None, "", D("200"))


def test_a_quarter_of_an_hour_before_the_close_nothing_more_is_planned_for_it() -> None:
    book = situation({AAPL: "0.20", IBM: "0"}, now=CLOSED - timedelta(minutes=15))
    rows = plan_orders(book, Sizing(UNIVERSE, Limits(), order_type="MOC"))

    assert [fact.reason for fact in rows if isinstance(fact, OrderPlanned)] == [
        "too late for an order at the close: placed until 20:45 UTC"
    ] * 2
