"""What was inferred goes when the broker tells it itself, in the same batch, and nothing counts twice."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import CommissionAdjusted, Fact, FillBusted
from reconcile import acceptance, reconcile
from reconcile.inferred import without_inferred
from reconcile.taking_back import taking_back
from tests.facts import AAPL, SPY, bought, commission, minutes, row, sold, told, working
from tests.reconcile.test_trades_explained import REF, SHORT, held, hours_ago, seen, taken
from tests.reconcile.worlds import RETAIL, found, look, quiet_book

D = Decimal
EARLIER, AFTERWARDS = minutes(-90), minutes(600)


def hear(book: Book, *facts: Fact) -> Book:
    """Return the book after a batch of the broker's, as it is recorded."""
    return told(book, *without_inferred(book, facts))


def missed(book: Book) -> Book:
    """Return a book in which five SPY are inferred to have been bought."""
    book = seen(book, held("15", "400.0666666667"), SHORT, cash="89999.00")
    return told(book, *taken(book))


def inferred(book: Book) -> list[str]:
    return [base for base, fill in book.fills.items() if base.startswith("inferred.") and not fill.busted]


def test_the_execution_itself_takes_the_place_of_the_inferred_one() -> None:
    book = missed(quiet_book())
    assert len(inferred(book)) == 1

    after = hear(book, bought(SPY, "5", "399.80", execution="x.01", at=EARLIER), commission("x.01", "-2"))

    assert inferred(after) == []
    assert (after.cash["USD"], after.positions[SPY.con_id]) == (D("89999.00"), D(15))


def test_it_is_so_for_an_order_of_ours_and_the_order_is_filled_once() -> None:
    book = missed(told(quiet_book(), *working(REF, SPY, "5")))

    after = hear(book, bought(SPY, "5", execution="x.01", at=EARLIER, order_ref=REF, perm_id=1))

    assert (inferred(after), after.orders[REF].filled) == ([], D(5))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(sold(SPY, "5", execution="x.01", at=EARLIER), id="the other way"),
        pytest.param(bought(AAPL, "5", execution="x.01", at=EARLIER), id="another contract"),
        pytest.param(bought(SPY, "5", execution="x.01", at=AFTERWARDS), id="after it was missed"),
    ],
)
def test_another_execution_leaves_it(other: Fact) -> None:
    book = missed(quiet_book())

    assert without_inferred(book, (other,)) == (other,)


def test_one_that_was_heard_unawares_is_made_good_with_the_next_batch() -> None:
    book = missed(quiet_book())
    doubled = told(book, bought(SPY, "5", execution="x.01", at=EARLIER))
    assert doubled.positions[SPY.con_id] == D(20)

    after = hear(doubled, commission("x.01", "-1"))

    assert (inferred(after), after.positions[SPY.con_id]) == ([], D(15))


def test_one_execution_takes_the_place_of_one_inferred_only() -> None:
    book = missed(quiet_book())
    book = seen(book, held("20", "400.10"), SHORT, cash="87998.00")
    book = told(book, *taken(book))
    assert len(inferred(book)) == 2

    after = hear(book, bought(SPY, "5", execution="x.01", at=EARLIER), commission("x.01", "-1"))

    assert (len(inferred(after)), after.positions[SPY.con_id]) == (1, D(20))


def test_the_next_revision_ends_what_stands_for_it() -> None:
    book = hours_ago(bought(SPY, "20", "401.00", execution="a.01"), commission("a.01", "-1"))
    book = seen(book, held("27", "400.70"), row(AAPL, "-4"), cash="84781.00")
    book = told(book, *taken(book))
    assert inferred(book) == ["inferred.B-1/corrected/17/401/a"]

    after = hear(book, bought(SPY, "17", "401.00", execution="a.02"), commission("a.02", "-1"))

    assert inferred(after) == []
    assert (after.cash["USD"], after.positions[SPY.con_id]) == (D(84781), D(27))


def test_a_commission_that_comes_takes_the_place_of_the_inferred_one() -> None:
    book = hours_ago(sold(SPY, "5", "10.00", execution="a.01"))
    book = seen(book, held("5", "400.00"), row(AAPL, "-4"), cash="91647.60")
    book = told(book, *taken(book, "cash"))

    facts = without_inferred(book, (commission("a.01", "-1.3985"),))

    assert [fact.amount for fact in facts if isinstance(fact, CommissionAdjusted)] == [D(0)]
    after = told(book, *facts)
    assert (after.cash["USD"], dict(after.provisional)) == (D("91647.6015"), {})


def test_nothing_is_taken_back_where_nothing_was_inferred() -> None:
    fill = bought(SPY, "5", execution="x.01")

    assert without_inferred(quiet_book(), (fill,)) == (fill,)
    assert without_inferred(missed(quiet_book()), ()) == ()


def test_a_bust_that_was_inferred_can_be_undone_until_the_broker_tells_another_revision() -> None:
    book = hours_ago(bought(SPY, "5", "401.00", execution="a.01"), commission("a.01", "-1"))
    before = book.cash["USD"]
    book = seen(book, held("10", "400.00"), row(AAPL, "-4"), cash="91599.00")
    accepted = next(known.found.break_id for known in book.open_breaks if known.found.kind == "position")
    book = told(book, *acceptance(book, accepted, "seen to", explanation=1))

    undone = told(book, *taking_back(book, accepted, "the report was late"))

    assert (undone.cash["USD"], undone.positions[SPY.con_id]) == (before, D(15))
    revised = hear(undone, bought(SPY, "4", "401.00", execution="a.02"))
    assert (inferred(revised), revised.positions[SPY.con_id]) == ([], D(14))


def test_what_was_accepted_as_told_twice_counts_twice_again_with_its_commission() -> None:
    twice = [bought(SPY, "5", "400.00", execution=f"{name}.01") for name in ("a", "b")]
    book = told(quiet_book(), *twice, commission("a.01", "-1"), commission("b.01", "-1"))
    before = book.cash["USD"]
    book = seen(book, held("15", "400.07"), SHORT, cash="89999.00")
    accepted = book.open_breaks[0].found.break_id
    book = told(book, *taken(book))

    undone = told(book, *taking_back(book, accepted, "they were two"))

    assert (undone.cash["USD"], undone.positions[SPY.con_id]) == (before, D(20))


def test_what_is_taken_back_says_why() -> None:
    book = missed(quiet_book())

    facts = without_inferred(book, (bought(SPY, "5", execution="x.01", at=EARLIER),))

    assert [fact.reason for fact in facts if isinstance(fact, FillBusted)] == ["the broker told it itself"]
    heard = told(book, *facts, commission("x.01", "-1"))
    agreed = look(heard, rows=(held("15", "400.07"), SHORT), cash={"USD": "89999"})
    assert [each.kind for each in found(reconcile(agreed, RETAIL))] == ["foreign_trade"]
