"""Both halves as they stand, for people; the average cost informs, and never differs."""

from __future__ import annotations

from decimal import Decimal

from ledger.book import Book
from reconcile.comparing.api import reported
from tests.facts import SPY, bought, commission, opened_cash, replay, row, sold, told
from tests.reconcile.worlds import HELD, RETAIL, look, quiet_book


def rows(book: Book) -> dict[tuple[str, str], tuple[object, object, bool]]:
    return {(r.kind, r.key): (r.own, r.broker, r.differs) for r in reported(book, RETAIL)}


def test_halves_that_agree_differ_nowhere() -> None:
    shown = rows(look(quiet_book()))

    assert shown[("position", "SPY (756733)")] == (Decimal(10), Decimal(10), False)
    assert shown[("cash", "USD")] == (Decimal(92000), Decimal(92000), False)
    assert shown[("nav", "USD")] == (Decimal(94000), Decimal(94000), False)
    assert not any(differs for _, _, differs in shown.values())


def test_what_differs_is_shown_with_both_figures() -> None:
    shown = rows(look(quiet_book(), cash={"USD": "91000"}, rows=(row(SPY, "12"), HELD["AAPL"])))

    assert shown[("position", "SPY (756733)")] == (Decimal(10), Decimal(12), True)
    assert shown[("cash", "USD")] == (Decimal(92000), Decimal(91000), True)


def test_what_was_never_reported_is_not_zero() -> None:
    shown = rows(told(quiet_book(), *()))

    assert shown[("cash", "USD")] == (Decimal(92000), "not reported", False)


def test_the_average_cost_is_that_of_one_pool_whatever_our_method_and_only_informs() -> None:
    book = replay((
        opened_cash("10000"), bought(SPY, "1", "100", execution="a.01"), commission("a.01", "-1"),
        bought(SPY, "1", "200", execution="b.01"), commission("b.01", "-1"),
        sold(SPY, "1", "250", execution="c.01"), commission("c.01", "-1"),
    ))  # fmt: skip
    held = row(SPY, "1").model_copy(update={"average_cost": Decimal("150.99")})

    shown = rows(look(book, rows=(held,), cash={"USD": "9947"}))

    assert book.holdings[SPY.con_id].basis == Decimal(201)  # first in, first out
    assert shown[("average cost", "SPY (756733)")] == (Decimal(151), Decimal("150.99"), False)
