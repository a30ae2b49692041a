"""What explains differences together: sets of candidates, found by their measured effects, with causes of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import CashDeposited, CashWithdrawn, Fact, FeeCharged, InterestPaid, SplitApplied
from ledger.events.reconciliation import Certainty
from reconcile.candidates import Candidate, Case, Cause, Origin, Subject
from reconcile.explain import Explanations, compared, explain
from tests.facts import SPY, row
from tests.reconcile.worlds import HELD, RETAIL, look, quiet_book

D = Decimal
USD: Subject = ("cash", "USD")
UNITS: Subject = ("position", str(SPY.con_id))
SHORT = HELD["AAPL"]


def paid(kind: type[InterestPaid] | type[FeeCharged], name: str, amount: str) -> Fact:
    return kind(source="operator", reference=name, amount=D(amount), currency="USD", provisional=True)


def announced(
    cause: str,
    amount: str,
    certainty: Certainty = "likely",
    *,
    due: tuple[str, ...] = (),
    evidence: tuple[str, ...] = (),
) -> Cause:
    """Return a cause that knows its amount from elsewhere, whatever differs."""
    fact = paid(InterestPaid, cause, amount)

    def propose(_: Case) -> Iterator[Candidate]:
        yield Candidate(cause, certainty, (fact,), f"{cause} {amount}", evidence, due=due)

    return propose


def whole(case: Case) -> Iterator[Candidate]:
    """Propose a movement of whatever it sees: its amount is free."""
    for currency, amount in case.differences("cash").items():
        kind = CashDeposited if amount > 0 else CashWithdrawn
        fact = kind(
            source="operator", reference=case.origin.named(currency), amount=amount, currency=currency, provisional=True
        )
        yield Candidate("transfer", "possible", (fact,), f"transfer {amount}")


def explained(book: Book, *causes: Cause) -> Explanations:
    findings, unknown = compared(book, RETAIL)
    assert not unknown
    return explain(Case(book, findings, Origin("operator", "B-1"), RETAIL), causes)


def causes_of(found: Explanations, subject: Subject = USD) -> list[tuple[str, ...]]:
    return [each.causes for each in found.get(subject, ())]


def missing(amount: str) -> Book:
    return look(quiet_book(), cash={"USD": str(D(92000) - D(amount))})


def test_a_set_whose_amounts_sum_to_the_difference_is_found_whatever_else_is_proposed() -> None:
    others = [announced(f"other {n}", str(D("-1.37") * n)) for n in range(1, 9)]
    wanted = [announced("interest", "-7.11"), announced("fee", "-4.5"), announced("tax", "-3.29")]

    found = explained(missing("14.90"), *others, *wanted)

    assert causes_of(found) == [("interest", "fee", "tax")]
    first = found[USD][0]
    assert (first.certainty, first.left) == ("likely", {})
    assert [(term.cause, term.amount) for term in first.terms] == [
        ("interest", D("-7.11")), ("fee", D("-4.5")), ("tax", D("-3.29")),
    ]  # fmt: skip


def test_what_is_left_is_shown_to_the_causes_again() -> None:
    found = explained(missing("105.5"), announced("fee", "-5.5", due=("the fee of March",)), whole)

    assert causes_of(found)[:2] == [("fee", "transfer"), ("transfer",)]
    assert [term.amount for term in found[USD][0].terms] == [D("-5.5"), D(-100)]
    assert found[USD][0].certainty == "possible"


def test_what_is_surer_comes_first_then_what_needs_less_then_what_has_more_evidence() -> None:
    causes = (
        announced("whim", "-10", "possible"),
        announced("half", "-4"),
        announced("rest", "-6"),
        announced("whole", "-10"),
        announced("seen", "-10", evidence=("a letter",)),
        announced("record", "-10", "certain"),
    )

    assert causes_of(explained(missing("10"), *causes)) == [("record",), ("seen",), ("whole",)]


def test_variants_of_one_thing_are_never_chosen_together() -> None:
    causes = (announced("at 15 %", "-5", due=("dividend 1",)), announced("at 30 %", "-10", due=("dividend 1",)))

    first = explained(missing("15"), *causes)[USD][0]

    assert (first.causes, first.left) == (("at 30 %",), {USD: D(-5)})


def test_nothing_is_explained_where_the_amounts_do_not_fit() -> None:
    assert explained(missing("10"), announced("fee", "-10.02")) == {}
    assert explained(missing("10"), announced("interest", "10")) == {}


def test_a_part_that_is_likely_is_told_with_what_is_left() -> None:
    first = explained(missing("10"), announced("fee", "-9"))[USD][0]

    assert (first.causes, first.certainty, first.left) == (("fee",), "unexplained", {USD: D(-1)})


def test_rounding_to_cents_is_a_term_of_its_own() -> None:
    first = explained(missing("10"), announced("fee", "-9.996"))[USD][0]

    assert first.left == {}
    assert [(term.cause, term.amount) for term in first.terms] == [("fee", D("-9.996")), ("rounding", D("-0.004"))]


def split_with_cash(units: str, cash: str) -> Cause:
    facts = (
        SplitApplied(
            con_id=SPY.con_id, source="operator", reference="s", numerator=3, denominator=2, quantity_change=D(units)
        ),
        paid(FeeCharged, "s/cash", cash),
    )

    def propose(_: Case) -> Iterator[Candidate]:
        yield Candidate("split", "likely", facts, "split 3:2 with cash in lieu")

    return propose


def test_facts_are_measured_on_every_difference_and_explain_them_together() -> None:
    book = look(quiet_book(), rows=[row(SPY, "15"), SHORT], cash={"USD": "92012.5"})

    found = explained(book, split_with_cash("5", "12.5"))

    assert causes_of(found, UNITS) == causes_of(found, USD) == [("split",)]
    assert found[USD][0] is found[UNITS][0]
    assert [(t.kind, t.amount) for t in found[USD][0].terms] == [("position", D(5)), ("cash", D("12.5"))]


def test_what_closes_one_difference_and_opens_another_is_no_explanation() -> None:
    book = look(quiet_book(), rows=[row(SPY, "15"), SHORT])

    assert not [each for each in explained(book, split_with_cash("5", "12.5")).get(UNITS, ()) if not each.left]


def test_differences_that_share_a_currency_are_explained_together_and_told_apart() -> None:
    book = look(quiet_book(), rows=[row(SPY, "15"), SHORT], cash={"USD": "92007.5"})

    found = explained(book, split_with_cash("5", "12.5"), announced("fee", "-5"), announced("tax", "-6"))

    assert causes_of(found) == [("split", "fee")]
    assert causes_of(found, UNITS) == [("split", "fee")]


def test_a_candidate_that_cannot_be_is_left_out() -> None:
    def impossible(_: Case) -> Iterator[Candidate]:
        fact = SplitApplied(
            con_id=424242, source="operator", reference="s", numerator=2, denominator=1, quantity_change=D(1)
        )
        yield Candidate("split", "certain", (fact,), "of what is not held")

    assert causes_of(explained(missing("5"), impossible, announced("fee", "-5"))) == [("fee",)]


def test_amounts_without_facts_explain_that_the_broker_is_late() -> None:
    def late(case: Case) -> Iterator[Candidate]:
        yield Candidate("stale snapshot", "likely", (), "reported before the fill", amounts={USD: D(-10)})

    found = explained(missing("10"), late)

    assert causes_of(found) == [("stale snapshot",)]
    assert found[USD][0].facts == ()


@pytest.mark.parametrize("turn", [1, -1], ids=["as they are listed", "the other way round"])
def test_the_same_case_is_explained_alike_in_whatever_order_the_causes_stand(turn: int) -> None:
    causes = [announced(f"c{n}", str(-n), evidence=("e",) * n) for n in (1, 2, 3, 4, 5, 6)][::turn]

    assert causes_of(explained(missing("6"), *causes))[0] == ("c6",)
    assert {frozenset(each) for each in causes_of(explained(missing("6"), *causes))} == {
        frozenset({"c6"}), frozenset({"c1", "c5"}), frozenset({"c2", "c4"}),
    }  # fmt: skip


def test_an_amount_without_facts_adds_to_what_facts_move() -> None:
    def late(_: Case) -> Iterator[Candidate]:
        yield Candidate("stale snapshot", "likely", (), "reported before the fill", amounts={USD: D(-7)})

    found = explained(missing("10"), late, announced("fee", "-3"))

    assert causes_of(found) == [("stale snapshot", "fee")]
    assert [(term.cause, term.amount) for term in found[USD][0].terms] == [("stale snapshot", D(-7)), ("fee", D(-3))]


def test_a_guess_that_makes_up_for_another_comes_last() -> None:
    causes = (
        announced("taken back", "500", "possible", evidence=("a", "b", "c")),
        announced("its rest", "-510", "possible"),
        announced("tax", "-6", "possible"),
        announced("fee", "-4", "possible"),
    )

    assert causes_of(explained(missing("10"), *causes)) == [("tax", "fee"), ("taken back", "its rest")]
