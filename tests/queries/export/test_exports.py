"""The books as other programs read them: what is written of small histories, and that they find the same balances.

`pytest -m soak` looks at many more histories, of twice the length.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from ledger.events import (
    BasisAllocated,
    DividendPaid,
    Fact,
    LotMethodSet,
    OptionAssigned,
    PositionTransferred,
    SpinOffApplied,
    SplitApplied,
    VariationSettled,
)
from tests.facts import AAPL, ES, SPY, bought, busted, commission, contract, minutes, opened, opened_cash, sold
from tests.queries.export.histories import EUR_USD, histories
from tests.queries.export.reading import (
    Held,
    beancount_balances,
    beancount_text,
    hledger_balances,
    hledger_text,
    own_balances,
)

D = Decimal
CASH, SPYS = ("Assets:Cash:USD", "USD"), ("Assets:Positions:SPY-756733", "SPY-756733")
REALISED = ("Income:Realised:SPY-756733", "USD")
TOLD = {"source": "statement", "reference": "1", "occurred_at": minutes(600)}
CHILD, PUT = contract(802, "KID"), contract(804, "PUT", kind="OPT", multiplier=100)


def flipped() -> list[Fact]:
    return [
        opened_cash("10000"),
        bought(SPY, "10", "400.00", execution="a.01", at=minutes(1)),
        commission("a.01", "-1"),
        sold(SPY, "15", "410.50", execution="b.01", at=minutes(2)),
        commission("b.01", "-1.5"),
    ]


FLIPPED_BEANCOUNT = """\
2005-03-01 * "Sold 10 SPY at 410.5 (closing)" ^seq-8 ^b.01
  reference: "b.01"
  Assets:Positions:SPY-756733  -10 SPY-756733 {400 USD, 2005-03-01, "a"}
  Income:Realised:SPY-756733  -105 USD
  Assets:Cash:USD  4105 USD
  Assets:Cash:USD  -1.5 USD
  Expenses:Commissions  1.5 USD
2005-03-01 * "Sold 5 SPY at 410.5 (opening)" ^seq-8 ^b.01
  reference: "b.01"
  Assets:Positions:SPY-756733  -5 SPY-756733 {410.5 USD, 2005-03-01, "b"}
  Assets:Cash:USD  2052.5 USD
2005-03-02 balance Assets:Cash:USD  12155 ~ 0 USD
2005-03-02 balance Assets:Positions:SPY-756733  -5 ~ 0 SPY-756733
"""
FLIPPED_HLEDGER = """\
2005-03-01 * Sold 10 SPY at 410.5 (closing)  ; seq:8, reference:b.01
    Assets:Positions:SPY-756733  -10 "SPY-756733" @@ 4000 USD  ; lot:a, acquired:2005-03-01
    Income:Realised:SPY-756733  -105 USD
    Assets:Cash:USD  4105 USD
    Assets:Cash:USD  -1.5 USD
    Expenses:Commissions  1.5 USD

2005-03-01 * Sold 5 SPY at 410.5 (opening)  ; seq:8, reference:b.01
    Assets:Positions:SPY-756733  -5 "SPY-756733" @@ 2052.5 USD  ; lot:b, acquired:2005-03-01
    Assets:Cash:USD  2052.5 USD

2005-03-01 * Balances at the day's end
    Assets:Cash:USD  0 USD = 12155 USD
    Assets:Positions:SPY-756733  0 "SPY-756733" = -5 "SPY-756733"
"""


def test_a_sale_across_zero_is_a_closing_and_an_opening_and_each_day_ends_with_its_balances() -> None:
    assert FLIPPED_BEANCOUNT in beancount_text(flipped())
    assert FLIPPED_HLEDGER in hledger_text(flipped())


def split(change: str) -> Fact:
    return SplitApplied(
        con_id=SPY.con_id, numerator=3, denominator=1, quantity_change=D(change), source="statement", reference="1",
        occurred_at=minutes(600),
    )  # fmt: skip


def assigned() -> list[Fact]:
    """A put that was sold for 53, and 100 units bought at 50 for it."""
    told = OptionAssigned(
        con_id=PUT.con_id, quantity=D(1), underlying_con_id=SPY.con_id, underlying_quantity=D(100), strike=D(50),
        source="statement", reference="1", occurred_at=minutes(600),
    )  # fmt: skip
    return [PUT, sold(PUT, "1", "0.53", execution="a.01"), commission("a.01", "-3.5"), told]


def spun_off() -> list[Fact]:
    told = SpinOffApplied(
        con_id=SPY.con_id, child_con_id=CHILD.con_id, child_quantity=D(10), source="statement", reference="1",
        occurred_at=minutes(600),
    )  # fmt: skip
    share = BasisAllocated(
        con_id=SPY.con_id, spin_off=told.key, fraction=D("0.1"), source="statement", reference="2",
        occurred_at=minutes(900),
    )  # fmt: skip
    return [CHILD, bought(SPY, "30", "10.00", execution="a.01"), told, share]


def conversion() -> list[Fact]:
    fill = bought(EUR_USD, "1000", "1.1", execution="a.01")
    return [opened_cash("2000"), EUR_USD, fill, commission("a.01", "-2")]


def settled_future() -> list[Fact]:
    gain = VariationSettled(con_id=ES.con_id, amount=D(500), currency="USD", **TOLD)  # type: ignore[arg-type]
    return [bought(ES, "1", "5000", execution="a.01"), gain, sold(ES, "1", "5010", execution="b.01", at=minutes(700))]


def averaged() -> list[Fact]:
    method = LotMethodSet(con_id=SPY.con_id, method="average", occurred_at=minutes(0))
    first, second = (bought(SPY, "10", price, execution=f"{price}.01", at=minutes(1)) for price in ("10", "20"))
    return [method, first, second, sold(SPY, "5", "30", execution="c.01", at=minutes(2))]


EXAMPLES = [
    pytest.param(flipped(), {CASH: D("12155"), SPYS: D(-5), REALISED: D(-105)}, id="a flip"),
    pytest.param(
        [*flipped(), bought(SPY, "12", "400", execution="a.02", at=minutes(1))],
        {CASH: D("11355"), SPYS: D(-3), REALISED: D(-126)}, id="a correction stands where the execution stood",
    ),
    pytest.param(
        [*flipped(), busted("a.01")], {CASH: D("16155"), SPYS: D(-15)}, id="a bust leaves the commission",
    ),
    pytest.param(
        [bought(SPY, "10", "1.00", execution="a.01"), split("20"), sold(SPY, "7", "1", execution="b.01",
         at=minutes(700))], {SPYS: D(23), REALISED: D("-4.6666666667")}, id="a split to thirds of a cent",
    ),
    pytest.param(
        assigned(), {CASH: D("-4950.5"), SPYS: D(100), ("Expenses:Commissions", "USD"): D("3.5")}, id="an assigned put",
    ),
    pytest.param(spun_off(), {SPYS: D(30), ("Assets:Positions:KID-802", "KID-802"): D(10)}, id="a spin-off"),
    pytest.param(
        conversion(), {CASH: D(898), ("Assets:Cash:EUR", "EUR"): D(1000), ("Equity:Conversion", "EUR"): D(-1000)},
        id="a pair of currencies is cash",
    ),
    pytest.param(
        settled_future(), {CASH: D(500), ("Income:Realised:ES-495512563", "USD"): D(-500)},
        id="a future that is flat and settled leaves nothing open",
    ),
    pytest.param(averaged(), {SPYS: D(15), REALISED: D(-75)}, id="lots at their average"),
    pytest.param(
        [opened(AAPL, "30", "1000"), opened(SPY, "-7", "-100")], {SPYS: D(-7), ("Equity:Opening", "USD"): D(-900)},
        id="what was there at the beginning, short too",
    ),
    pytest.param(
        [DividendPaid(con_id=SPY.con_id, amount=D("1.5"), currency="USD", note='so "it" is; 1|2', **TOLD)],  # type: ignore[arg-type]
        {CASH: D("1.5"), ("Income:Dividends", "USD"): D("-1.5")}, id="a dividend with a note",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "expected"), EXAMPLES)
def test_the_balances_are_those_of_the_books(facts: list[Fact], expected: Held, tmp_path: Path) -> None:
    own = own_balances(facts)

    assert {place: own.get(place) for place in expected} == expected
    assert beancount_balances(beancount_text(facts)) == own
    assert hledger_balances(hledger_text(facts), tmp_path / "a.journal") == own


def test_what_is_flat_and_settled_has_no_balance_left() -> None:
    own = own_balances(settled_future())

    assert {account for account, _ in own} == {"Assets:Cash:USD", "Income:Realised:ES-495512563"}


def split_into_fractions() -> list[Fact]:
    """A large and a small lot, of which a split makes units with ten decimal places."""
    change = SplitApplied(
        con_id=SPY.con_id, numerator=2607, denominator=2604, quantity_change=D(-3), source="statement", reference="1",
        occurred_at=minutes(600),
    )  # fmt: skip
    return [sold(SPY, "1", "1.00", execution="a.01"), sold(SPY, "2600", "384.62", execution="b.01"), change]


def moved_out(*before: Fact) -> list[Fact]:
    left = PositionTransferred(
        con_id=ES.con_id, quantity=D(-1), basis=D(-250_000), currency="USD", value=D(-251_000), source="statement",
        reference="1", occurred_at=minutes(600),
    )  # fmt: skip
    return [*before, left]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(split_into_fractions(), id="more digits than beancount computes with"),
        pytest.param(moved_out(bought(ES, "1", "5000", execution="a.01")), id="a future that is moved out"),
        pytest.param(moved_out(), id="a future that is moved out before its purchase is told"),
    ],
)
def test_beancount_finds_our_balances_however_awkward_the_amounts(facts: list[Fact]) -> None:
    assert beancount_balances(beancount_text(facts)) == own_balances(facts)


@given(histories())
@settings(max_examples=60, deadline=None)
def test_beancount_books_every_history_without_an_error_and_finds_our_balances(facts: tuple[Fact, ...]) -> None:
    assert beancount_balances(beancount_text(facts)) == own_balances(facts)


@given(histories())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hledger_checks_every_history_strictly_and_finds_our_balances(tmp_path: Path, facts: tuple[Fact, ...]) -> None:
    assert hledger_balances(hledger_text(facts), tmp_path / "a.journal") == own_balances(facts)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@given(histories(50))
@settings(max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_find_our_balances_in_many_more_and_longer_histories(tmp_path: Path, facts: tuple[Fact, ...]) -> None:
    own = own_balances(facts)

    assert beancount_balances(beancount_text(facts)) == own
    assert hledger_balances(hledger_text(facts), tmp_path / "a.journal") == own
