"""Accepted on one day, taken back on another: what every earlier day's book says, as of now and as known then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import Book, replay
from ledger.events import (
    BreakAccepted,
    BreakFound,
    CashAdjusted,
    CashWithdrawn,
    CommissionAdjusted,
    CommissionCharged,
    CurrencyConverted,
    DividendAccrualReversed,
    DividendAccrued,
    DividendPaid,
    Fact,
    FeeCharged,
    OrderFilled,
    PositionAdjusted,
    SplitApplied,
    StatementFact,
    StatementReconciled,
)
from ledger.history import as_known_at, as_of
from ledger.line import Event
from ledger.lots import exactly
from reconcile.periods import ONE_DAY, broker_day, until, within
from reconcile.settling import undoing
from reconcile.taking_back import taking_back
from tests.facts import (
    ACCOUNT,
    CONTRACTS,
    DAY,
    GENESIS,
    SPY,
    START,
    bought,
    busted,
    commission,
    cycle_started,
    events,
    opened,
    opened_cash,
)

D = Decimal
DAYS = 4  # what is inferred on one of them is undone on a later one
DUE = DividendAccrued(con_id=SPY.con_id, reference="due", gross=D(80), tax=D(-24), currency="USD", pay_date=DAY)
SPLIT = SplitApplied(
    con_id=SPY.con_id, source="operator", reference="B-1", numerator=2, denominator=1, quantity_change=D(14),
    provisional=True,
)  # fmt: skip
BEGINNING: tuple[Fact, ...] = (
    GENESIS, *CONTRACTS, opened_cash("92000"), opened(SPY, "10", "4000"), cycle_started(), DUE,
    bought(SPY, "4", "401", execution="a.01"), commission("a.01", "-1"),
)  # fmt: skip
CASH = {"source": "operator", "currency": "USD", "provisional": True}
INFERRED: dict[str, tuple[Fact, ...]] = {
    "a fee": (FeeCharged.model_validate({**CASH, "reference": "B-1/1", "amount": D(-7), "kind": "other"}),),
    "a withdrawal": (CashWithdrawn.model_validate({**CASH, "reference": "B-1/1", "amount": D(-50)}),),
    "a dividend": (
        DividendPaid.model_validate({**CASH, "reference": "B-1/1", "amount": D(80), "con_id": SPY.con_id}),
        DividendAccrualReversed.model_validate({**dict(DUE), "type": "dividend_accrual_reversed"}),
    ),
    "a conversion": (
        CurrencyConverted(
            source="operator", reference="B-1", sold=D(100), sold_currency="USD", bought=D(80), bought_currency="EUR",
            provisional=True,
        ),
    ),
    "a split": (SPLIT,),
    "an execution": (
        OrderFilled(
            account=ACCOUNT, execution_id="inferred.B-1.01", con_id=SPY.con_id, quantity=D(5), price=D(400),
            currency="USD", source="operator",
        ),
        CommissionCharged(execution_id="inferred.B-1.01", amount=D(-1), currency="USD"),
    ),
    "a bust": (
        busted("a.01"),
        CommissionAdjusted.model_validate({**CASH, "reference": "B-1/refund", "amount": D(1)}),
    ),
    "cash": (CashAdjusted(break_id="B-1", amount=D(9), currency="USD", why="so"),),
    "units": (
        PositionAdjusted(
            break_id="B-1", con_id=SPY.con_id, quantity=D(3), amount=D(1200), currency="USD", why="so"
        ),
    ),
}  # fmt: skip
OTHERS: tuple[Fact, ...] = (
    FeeCharged(source="statement", reference="x1", amount=D(-3), currency="USD", kind="other"),
    bought(SPY, "2", "399", execution="x2.01"),
    commission("x2.01", "-2"),
)


def day(number: int) -> datetime:
    return START + number * ONE_DAY


def accepting(what: str) -> tuple[Fact, ...]:
    """A break, and its acceptance with what is inferred for it."""
    facts = INFERRED[what]
    names = tuple(fact.key for fact in facts if fact.key is not None) or ("adjustment/B-1",)
    more: dict[str, Any] = {"kind": "cash", "subject": "USD", "currency": "USD", "found": D(9)}
    if what == "units":
        more = {"kind": "position", "subject": str(SPY.con_id), "con_id": SPY.con_id, "found": D(3)}
    begun = BreakFound.model_validate({"break_id": "B-1", "consequence": "note", "expected": D(0), **more})
    return (begun, BreakAccepted(break_id="B-1", why="so", explanation=1, recorded=names), *facts)


class Log:
    """A log that is told day by day."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.tell(-1, BEGINNING)

    def tell(self, number: int, facts: Sequence[Fact]) -> None:
        """Record facts at noon of a day; those of an execution happened when they say."""
        last = self.events[-1].recorded_at if self.events else day(-2)
        after = max(last, day(number))
        self.events += (
            event._replace(recorded_at=after + timedelta(microseconds=place))
            for place, event in enumerate(events(facts, len(self.events), after), 1)
        )

    @property
    def book(self) -> Book:
        return replay(list(self.events), retain=True)


def said(told: Iterable[Event], start: Book | None = None) -> dict[str, Any]:
    """What a book says of money and units; a journal's account that is empty is none."""
    book = Book() if start is None else start.fork()
    with exactly():
        for event in told:
            book.apply(event)
    return {
        "cash": {currency: amount for currency, amount in book.cash.items() if amount},
        "positions": book.positions,
        "journal": {account: amount for account, amount in book.journal.items() if amount},
        "accrued": sorted((each.gross, each.tax) for each in book.accruals.values()),
        "provisional": len(book.provisional),
        "cost": {con_id: holding.gross_basis for con_id, holding in book.holdings.items() if holding.quantity},
    }


KINDS = st.sampled_from(sorted(INFERRED))
PLACES = st.tuples(st.integers(0, DAYS - 2), st.integers(1, DAYS - 1)).filter(lambda both: both[0] < both[1])


def logs(what: str, accepted_on: int, undone_on: int, others_on: int, *, by_statement: bool = False) -> tuple[Log, Log]:
    """Return a log with an acceptance that is undone, and the same without either."""
    log, without = Log(), Log()
    for number in range(DAYS):
        common = OTHERS if number == others_on else ()
        without.tell(number, common)
        inferred = accepting(what) if number == accepted_on else ()
        log.tell(number, (*common, *inferred))
        if number == undone_on:
            log.tell(number, _undoing(log.book, by_statement))
    return log, without


def _undoing(book: Book, by_statement: bool) -> tuple[Fact, ...]:
    accepted = book.breaks["B-1"].accepted
    assert accepted is not None
    if not by_statement:
        return taking_back(book, "B-1", "not so")
    keys = tuple(key for key in accepted.recorded if key in book.provisional or key.startswith(("fill/", "bust/")))
    rows = tuple(StatementFact(key=key, type="x") for key in keys)
    stated = StatementReconciled(account=ACCOUNT, first_day=DAY, last_day=DAY, file_sha256="00", reversed=rows)
    return undoing(book, keys, stated)


@settings(deadline=None, max_examples=60)
@given(KINDS, PLACES, st.integers(0, DAYS - 1), st.booleans())
def test_what_was_taken_back_never_happened_as_of_now_and_stood_as_known_then(
    what: str, places: tuple[int, int], others_on: int, by_statement: bool
) -> None:
    is_settled = by_statement and what not in ("cash", "units")  # an amount in suspense is nothing that was inferred
    log, without = logs(what, *places, others_on, by_statement=is_settled)
    accepted_on, undone_on = places

    for number in range(DAYS):
        moment, last_day = day(number) + timedelta(hours=2), broker_day(day(number))
        never = said(as_of(lambda: without.events, moment))
        assert said(as_of(lambda: log.events, moment)) == never
        assert said(until(log.events, last_day)) == never

        known, otherwise = (said(as_known_at(told.events, moment)) for told in (log, without))
        assert (known == otherwise) is not (accepted_on <= number < undone_on)


@settings(deadline=None, max_examples=60)
@given(KINDS, PLACES, st.integers(0, DAYS - 1), st.integers(0, DAYS - 2))
def test_it_is_so_for_a_fold_that_goes_on_from_a_day_before(
    what: str, places: tuple[int, int], others_on: int, folded_on: int
) -> None:
    log, without = logs(what, *places, others_on)
    seal = day(folded_on) + timedelta(hours=2)
    start = replay([event for event in log.events if event.recorded_at <= seal], retain=True)
    rest = [event for event in log.events if event.recorded_at > seal]

    for number in range(folded_on + 1, DAYS):
        last_day = broker_day(day(number))
        assert said(until(rest, last_day), start) == said(until(without.events, last_day))


@settings(deadline=None, max_examples=30)
@given(KINDS, PLACES, st.integers(0, DAYS - 1))
def test_a_period_holds_nothing_of_what_was_taken_back_but_executions_that_cancel(
    what: str, places: tuple[int, int], others_on: int
) -> None:
    log, without = logs(what, *places, others_on)

    for number in range(DAYS):
        here = broker_day(day(number))
        told = [fact for fact in within(log.events, here, here) if not _is_of_execution(what, fact)]
        assert told == list(within(without.events, here, here))


def _is_of_execution(what: str, fact: Fact) -> bool:
    """Tell whether a fact is one of those that speak of an execution that was inferred, or undo one."""
    return what in ("an execution", "a bust") and fact not in (*BEGINNING, *OTHERS)
