"""What the broker says beside its balances informs: executions, what they realised, what all positions are worth."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import (
    BookReconciled,
    BreakClosed,
    BreakFound,
    ExecutionsObserved,
    Fact,
    StepFailed,
)
from reconcile import reconcile
from reconcile.comparing.api import reported
from reconcile.comparing.rows import Row
from tests.facts import (
    DAY,
    SPY,
    bought,
    busted,
    commission,
    cycle_started,
    mirrored,
    nav_reported,
    opened,
    opened_cash,
    positions_reported,
    replay,
    row,
    sold,
    told,
)
from tests.reconcile.worlds import HELD, RETAIL, accepted, look, quiet_book

D = Decimal
NEXT = DAY + timedelta(days=1)
CLOSED = (
    opened_cash("10000"), bought(SPY, "2", "100", execution="a.01"), commission("a.01", "-1"),
    sold(SPY, "1", "250", execution="c.01"),
)  # fmt: skip


def shown(book: Book, kind: str) -> list[Row]:
    return [each for each in reported(book, RETAIL) if each.kind == kind]


def found(facts: Iterable[Fact], kind: str) -> list[BreakFound]:
    return [fact for fact in facts if isinstance(fact, BreakFound) and fact.kind == kind]


def realised(amount: str) -> Fact:
    return commission("c.01", "-1").model_copy(update={"realised_reported": D(amount)})


def looked(*facts: Fact, also: Iterable[Fact] = ()) -> Book:
    """A cycle that the facts came in, and a look at a broker who holds as much."""
    book = replay(())
    book = told(book, cycle_started(), *facts)
    return told(book, *mirrored(book), *also)


# What executions realised


def test_what_a_closing_realised_is_held_against_the_brokers_word() -> None:
    book = looked(*CLOSED, realised("148.50"))  # 250 - 1 - (100 + 0.50)

    (told_of,) = shown(book, "realised")
    assert (told_of.own, told_of.broker, told_of.differs) == (D("148.50"), D("148.50"), False)
    assert found(reconcile(book, RETAIL), "realised") == []


def test_another_word_of_it_is_told_and_stops_nothing() -> None:
    (told_of,) = found(reconcile(looked(*CLOSED, realised("148.53")), RETAIL), "realised")

    assert (told_of.subject, told_of.consequence) == (str(SPY.con_id), "note")
    assert (told_of.expected, told_of.found) == (D("148.5"), D("148.53"))
    assert told_of.text == "SPY, realised in this session: the book says 148.5, the broker 148.53"


def test_two_cents_are_rounding() -> None:
    assert found(reconcile(looked(*CLOSED, realised("148.52")), RETAIL), "realised") == []


def test_a_word_that_the_broker_did_not_say_is_no_zero() -> None:
    assert shown(looked(*CLOSED, commission("c.01", "-1")), "realised") == []


def test_what_an_adopted_position_realised_is_unknown_for_its_lots_are_ours_alone() -> None:
    adopted = (opened_cash("10000"), opened(SPY, "2", "200"), sold(SPY, "1", "250", execution="c.01"))

    (told_of,) = shown(looked(*adopted, realised("17")), "realised")

    assert (told_of.own, told_of.differs) == ("unknown", False)


def test_what_was_realised_in_an_earlier_session_is_not_compared_again() -> None:
    book = looked(*CLOSED, realised("9"))
    book = told(book, cycle_started(NEXT))

    assert shown(told(book, *mirrored(book)), "realised") == []


# Executions


def listing(*ids: str) -> ExecutionsObserved:
    return ExecutionsObserved(execution_ids=ids)


def test_executions_that_the_broker_lists_agree() -> None:
    book = looked(*CLOSED, realised("148.50"), also=[listing("a.01", "c.01")])

    assert [(each.key, each.differs) for each in shown(book, "execution")] == [("a.01", False), ("c.01", False)]
    assert found(reconcile(book, RETAIL), "execution") == []


@pytest.mark.parametrize(
    "listed", [pytest.param(("a.01",), id="no more"), pytest.param(("a.01", "c.02"), id="another")]
)
def test_one_that_the_broker_lists_no_more_is_told(listed: tuple[str, ...]) -> None:
    book = looked(*CLOSED, realised("148.50"), also=[listing(*listed)])

    (told_of,) = found(reconcile(book, RETAIL), "execution")

    assert (told_of.subject, told_of.consequence, told_of.con_id) == ("c.01", "note", SPY.con_id)
    assert told_of.text == "the broker lists c.01 no more: -1 SPY at 250"


def test_of_a_list_without_any_of_them_nothing_is_known() -> None:
    assert found(reconcile(looked(*CLOSED, realised("148.50"), also=[listing()]), RETAIL), "execution") == []


def test_what_a_correction_realised_is_unknown_until_ib_says_it() -> None:
    corrected = sold(SPY, "1", "240", execution="c.02")

    assert shown(looked(*CLOSED, realised("148.50"), corrected), "realised") == []


def test_of_an_earlier_day_and_of_a_busted_one_absence_says_nothing() -> None:
    book = told(looked(*CLOSED, realised("148.50"), busted("c.01"), also=[listing("a.01")]))
    assert found(reconcile(book, RETAIL), "execution") == []

    later = told(looked(*CLOSED, realised("148.50")), cycle_started(NEXT))
    later = told(later, *mirrored(later))
    at_night = later.fork()
    at_night.now += timedelta(days=1)
    assert found(reconcile(told(at_night, listing()), RETAIL), "execution") == []


def test_without_a_listing_nothing_is_said_of_executions() -> None:
    assert shown(looked(*CLOSED, realised("148.50")), "execution") == []


# IB with itself


def counted(amount: str | None, nav: str = "94000") -> Book:
    reported_nav = nav_reported(nav).model_copy(update={"gross_position_value": None if amount is None else D(amount)})
    return told(look(quiet_book()), reported_nav)


def test_the_positions_that_ib_lists_add_up_to_its_own_sum() -> None:
    book = counted("6000.01")

    (told_of,) = shown(book, "exposure")
    assert (told_of.own, told_of.broker, told_of.differs) == (D(6000), D("6000.01"), False)


def test_a_sum_that_counts_more_than_is_listed_is_told() -> None:
    (told_of,) = found(reconcile(counted("6100"), RETAIL), "exposure")

    assert (told_of.consequence, told_of.expected, told_of.found) == ("note", D(6000), D(6100))
    assert told_of.text == "positions that the broker lists are worth 6,000.00, its own sum of them 6,100.00"


def test_a_sum_that_ib_does_not_tell_is_not_compared() -> None:
    assert shown(counted(None), "exposure") == []


def test_a_mark_that_is_missing_leaves_the_sum_unknown() -> None:
    unmarked = row(SPY, "10").model_copy(update={"mark": None})

    book = told(counted("6000"), positions_reported(unmarked, HELD["AAPL"]))

    assert [each.own for each in shown(book, "exposure")] == ["unknown"]
    assert isinstance(reconcile(book, RETAIL)[-1], StepFailed)  # since NAV is unknown, too


# Commissions


def test_a_commission_of_today_is_waited_for_and_one_of_an_earlier_session_is_missing_in_cash() -> None:
    pending = (opened_cash("92000"), opened(SPY, "10", "4000"), bought(SPY, "1", execution="a.01"))
    book = told(replay(pending), cycle_started())
    charged = {"cash": {"USD": "91599"}, "rows": (row(SPY, "11"),), "nav": "95999"}

    today = reconcile(look(book, **charged), RETAIL)  # type: ignore[arg-type]
    tomorrow = reconcile(look(book, day=NEXT, **charged), RETAIL)  # type: ignore[arg-type]

    assert found(today, "cash") == []
    assert [(each.expected, each.found) for each in found(tomorrow, "cash")] == [(D(91600), D(91599))]
    assert [each.key for each in shown(look(book, **charged), "commission")] == ["SPY a"]  # type: ignore[arg-type]


def test_all_that_only_informs_leaves_the_book_reconciled() -> None:
    facts = reconcile(looked(*CLOSED, realised("1"), also=[listing()]), RETAIL)

    assert isinstance(facts[-1], BookReconciled)


# What becomes of it


def seen_to(book: Book, kind: str) -> Book:
    """The break is found, and accepted."""
    facts = reconcile(book, RETAIL)
    (of_it,) = found(facts, kind)
    return accepted(told(book, *facts), of_it.break_id)


def ended(book: Book) -> list[str]:
    """How breaks ended at this look."""
    return [fact.reason for fact in reconcile(book, RETAIL) if isinstance(fact, BreakClosed)]


def test_what_was_accepted_is_not_told_again_in_the_next_slot() -> None:
    gone = seen_to(looked(*CLOSED, realised("148.50"), also=[listing("a.01")]), "execution")
    other = seen_to(looked(*CLOSED, realised("9")), "realised")

    for book in (gone, other):
        assert [fact for fact in reconcile(book, RETAIL) if isinstance(fact, BreakFound)] == []


def test_an_accepted_sum_of_ib_is_known_up_to_there_and_told_beyond() -> None:
    book = seen_to(counted("6100"), "exposure")
    again = nav_reported("94000")

    as_much = told(book, again.model_copy(update={"gross_position_value": D("6101")}))
    more = told(book, again.model_copy(update={"gross_position_value": D("6400")}))

    assert found(reconcile(as_much, RETAIL), "exposure") == []
    assert [each.found for each in found(reconcile(more, RETAIL), "exposure")] == [D(6400)]


def test_what_the_broker_tells_of_one_session_alone_does_not_end_as_agreement() -> None:
    book = looked(*CLOSED, realised("9"), also=[listing("a.01")])
    next_day = told(book, *reconcile(book, RETAIL), cycle_started(NEXT))
    next_day.now += timedelta(days=1)
    next_day = told(next_day, *mirrored(next_day), listing())

    over = "its session is over, and the broker tells it no more: that day's statement decides"
    assert ended(next_day) == [over, over]


def test_one_that_is_listed_again_ends_as_agreement() -> None:
    book = looked(*CLOSED, realised("148.50"), also=[listing("a.01")])

    assert ended(told(book, *reconcile(book, RETAIL), listing("a.01", "c.01"))) == ["both halves match again"]
