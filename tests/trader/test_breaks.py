from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import get_args

import pytest

from ledger.book import Book
from ledger.events import (
    AcceptanceTakenBack,
    BreakAccepted,
    BreakClosed,
    BreakExplained,
    BreakFound,
    CashDeposited,
    CommissionCharged,
    Fact,
    FeeCharged,
    FlowExpected,
)
from ledger.events.reconciliation import BreakKind, ExplanationRow, TermRow
from queries.break_words import both_sides, what_differs
from queries.sums import MONEY
from tests.facts import SPY, START, bought, opened_cash, replay, sold
from trader.commands.breaks import booked_lines, break_lines
from trader.notices.paragraphs import needs

FOREIGN = BreakFound(
    break_id="B-1", kind="foreign_trade", subject="a", consequence="lock", con_id=SPY.con_id, currency="USD",
    expected=Decimal(300), found=Decimal(350), text="bought outside tallybook",
)  # fmt: skip


def explained(found: BreakFound, certainty: str = "unexplained", *evidence: str) -> BreakExplained:
    """As a cycle writes it: found and explained in the same words."""
    return BreakExplained.model_validate(
        {
            "break_id": found.break_id, "cause": "a cause", "certainty": certainty, "text": found.text or "words",
            "evidence": evidence,
        }
    )  # fmt: skip


def charged(execution: str, amount: str) -> CommissionCharged:
    return CommissionCharged(execution_id=execution, amount=Decimal(amount), currency="USD")


def shown(*facts: Fact) -> list[str]:
    book: Book = replay([opened_cash("100000"), *facts])
    (known,) = book.breaks.values()
    return break_lines(book, known)


@pytest.mark.parametrize(
    ("cause", "title"),
    [
        pytest.param("other client's trade", "BOUGHT BY ANOTHER CLIENT", id="another client"),
        pytest.param("broker liquidation", "BOUGHT BY THE BROKER: MARGIN WAS SHORT", id="the broker"),
    ],
)
def test_a_trade_of_somebody_else_says_whose_it_is(cause: str, title: str) -> None:
    told_of = explained(FOREIGN, "certain", "a").model_copy(update={"cause": cause})

    lines = shown(bought(SPY, "50", "94.20", execution="a.01"), FOREIGN, told_of)

    assert title in lines[0]


def test_a_trade_by_hand_is_told_with_its_amounts_and_its_evidence() -> None:
    bought_by_hand = bought(SPY, "50", "94.20", execution="a.01", at=START + timedelta(minutes=12, seconds=4))

    assert shown(bought_by_hand, charged("a.01", "-1"), FOREIGN, explained(FOREIGN, "certain", "a")) == [
        "B-1  SPY locked, others trade · BOUGHT OUTSIDE TALLYBOOK · certain (the broker's execution)",
        " SPY   expected 300  broker 350  +50        booked, marked foreign",
        " cash                            -4,711.00  booked",
        " -4,711.00 = 50 SPY × 94.20 (-4,710.00) + commission (-1.00); unexplained 0.00; no rival fits",
        " evidence a.01, 10:12:04, client 0, no orderRef of ours",
        " found    Tue 1 Mar 2005 10:12 New York",
        ' do       tallybook accept B-1 --why "…" (it is booked; the strategy then acts on what it finds)',
    ]


def test_a_commission_that_has_not_come_is_pending_not_zero() -> None:
    sale = sold(SPY, "2", "410.00", execution="a.01")

    assert " +820.00 = -2 SPY × 410.00 (+820.00) + a commission that is pending" in shown(
        sale, FOREIGN, explained(FOREIGN, "certain", "a")
    )


@pytest.mark.parametrize(
    ("kind", "currency", "figures", "question"),
    [
        ("cash", "USD", " cash USD  expected 300.00  broker 350.00  +50.00  not booked", "a dividend, a tax,"),
        ("position", None, " SPY  expected 300  broker 350  +50  not booked", "a split, a transfer,"),
    ],
)
def test_what_nobody_explains_is_said_once(kind: str, currency: str, figures: str, question: str) -> None:
    found = FOREIGN.model_copy(update={"kind": kind, "currency": currency, "text": "the book says 300"})

    lines = shown(found, explained(found))

    assert lines[1] == figures
    assert lines[2].startswith(f" unexplained: {question}")
    assert not any("the book says" in line for line in lines)
    assert lines[-1] == ' do       tallybook accept B-1 --as-suspense --why "…" (if the broker is right)'


def test_words_that_say_more_than_the_figures_are_told_once() -> None:
    found = BreakFound(break_id="B-1", kind="order", subject="tb-1", consequence="lock", text="order tb-1: attempted")

    assert shown(found, explained(found)).count(" order tb-1: attempted") == 1


def test_what_was_accepted_is_not_told_as_not_booked() -> None:
    found = FOREIGN.model_copy(update={"kind": "cash"})

    lines = shown(found, explained(found), BreakAccepted(break_id="B-1", why="a fee"))

    assert lines[0].startswith("B-1  accepted · CASH DIFFERS")
    assert lines[1].endswith("+50.00")
    assert lines[-1] == " accepted: a fee"


def term(cause: str, amount: str, text: str) -> TermRow:
    return TermRow(cause=cause, kind="cash", subject="USD", amount=Decimal(amount), text=text)


EXPLAINED = BreakExplained(
    break_id="B-1", cause="dividend + fee", certainty="likely", text="SPY dividend 80.00; fee 30.00",
    evidence=("accrual 7",), unexplained=Decimal(0), also=("B-2",),
    terms=(term("dividend", "80", "dividend SPY"), term("fee", "-30", "market data fee")),
)  # fmt: skip
CASH = FOREIGN.model_copy(update={"kind": "cash", "subject": "USD", "con_id": None, "consequence": "note"})
DEPOSIT = ExplanationRow(
    causes=("deposit",), certainty="possible", text="a deposit", unexplained=Decimal(0),
    terms=(term("deposit", "50", "deposit"),),
)  # fmt: skip


def test_an_explanation_is_told_as_a_sum_of_terms() -> None:
    lines = shown(CASH, EXPLAINED)

    assert lines[0] == "B-1  noted, all may trade · CASH DIFFERS · likely"
    assert lines[2:5] == [
        " +50.00 = dividend SPY (+80.00) + market data fee (-30.00); unexplained 0.00; no rival fits",
        " the same explains B-2",
        " evidence accrual 7",
    ]


def test_rivals_are_numbered_and_one_has_to_be_chosen_where_none_is_sure() -> None:
    unsure = EXPLAINED.model_copy(update={"certainty": "possible", "rivals": (DEPOSIT,), "also": ()})

    lines = shown(CASH, unsure)

    assert lines[2:4] == [
        " 1 possible +50.00 = dividend SPY (+80.00) + market data fee (-30.00); unexplained 0.00",
        " 2 possible +50.00 = deposit (+50.00); unexplained 0.00",
    ]
    assert lines[-1].startswith(' do       tallybook accept B-1 --explanation N --why "…"')


def test_a_lone_explanation_that_is_only_possible_is_numbered_and_its_number_stands_in_what_to_do() -> None:
    lines = shown(CASH, EXPLAINED.model_copy(update={"certainty": "possible", "also": ()}))

    assert lines[2].startswith(" 1 possible +50.00 = dividend SPY (+80.00) + market data fee (-30.00); ")
    assert lines[2].endswith("no rival fits")
    assert lines[-1].startswith(' do       tallybook accept B-1 --explanation 1 --why "…"')


def test_what_an_acceptance_did_is_told_fact_by_fact() -> None:
    fee = FeeCharged(reference="B-1", amount=Decimal(50), currency="USD", source="operator", provisional=True)
    facts = (BreakAccepted(break_id="B-1", why="x"), fee, BreakClosed(break_id="B-2", reason="explained by B-1"))

    assert list(booked_lines(replay([opened_cash("100")]), facts)) == [
        "booked fee charged +50.00 USD, until a statement confirms it",
        "closed B-2: explained by B-1",
    ]
    undone = AcceptanceTakenBack(break_id="B-1", why="x", withdraws=(fee.key,))
    assert list(booked_lines(replay([opened_cash("100"), fee]), (undone,))) == ["undone fee charged +50.00 USD"]
    assert list(booked_lines(replay([opened_cash("100")]), (undone,))) == [f"undone {fee.key}"]


def test_taking_back_an_announced_arrival_says_that_it_is_expected_again() -> None:
    flow = FlowExpected(amount=Decimal(5000), currency="USD", until=date(2005, 3, 8))
    came = CashDeposited(
        reference="B-1/F-1", amount=Decimal(5000), currency="USD", source="operator", provisional=True
    )  # fmt: skip
    undone = AcceptanceTakenBack(break_id="B-1", why="x", withdraws=(came.key,))

    assert list(booked_lines(replay([opened_cash("100"), flow, came]), (undone,))) == [
        "undone cash deposited +5,000.00 USD",
        "F-1 +5,000.00 USD is expected again, until 2005-03-08",
    ]


def test_the_end_of_a_break_names_who_why_and_which_facts() -> None:
    accepted = BreakAccepted(
        break_id="B-1", why="as announced", by="ana", explanation=2, recorded=("broker-cash/operator/B-1",)
    )

    assert shown(CASH, EXPLAINED, accepted)[-2:] == [
        " accepted by ana, explanation 2: as announced",
        " recorded broker-cash/operator/B-1",
    ]


def test_what_closed_by_itself_names_the_facts_that_closed_it() -> None:
    ended = BreakClosed(
        break_id="B-1", reason="both halves match again", cause="dividend", evidence=("broker-cash/s/1",)
    )

    assert shown(CASH, EXPLAINED, ended)[-2:] == [
        " closed: both halves match again (dividend)",
        " by fact  broker-cash/s/1",
    ]


@pytest.mark.parametrize("kind", get_args(BreakKind))
def test_every_kind_of_break_has_its_words_everywhere(kind: BreakKind) -> None:
    found = FOREIGN.model_copy(update={"kind": kind, "subject": "7", "consequence": "note"})
    book: Book = replay([opened_cash("100000"), found, explained(found)])
    (known,) = book.open_breaks

    lines = break_lines(book, known)

    assert lines[0].startswith("B-1  noted, all may trade · ")
    assert lines[-1].startswith(" do       tallybook accept B-1")
    assert what_differs(book, known).endswith("+50.00" if kind in MONEY else "+50")
    assert [line for line in needs(book) if what_differs(book, known) in line]


def test_of_a_total_the_part_that_is_known_is_told_beside_what_may_explain_the_rest() -> None:
    words = "NAV: the book says 100, the broker 150; breaks explain 20, marks and rates 5"
    found = FOREIGN.model_copy(update={"kind": "nav", "con_id": None, "consequence": "reduce_only", "text": words})
    mark = TermRow(cause="mark difference", kind="nav", subject="a", amount=Decimal(50), text="mark difference")
    told_of = explained(found, "possible").model_copy(update={"terms": (mark,), "unexplained": Decimal(0)})
    book: Book = replay([opened_cash("100000"), found, told_of])
    (known,) = book.open_breaks

    assert break_lines(book, known)[2:4] == [
        f" {words}", " +50.00 = mark difference (+50.00); unexplained 0.00; no rival fits"
    ]  # fmt: skip
    assert both_sides(known) == words
    assert f"  {words}" in list(needs(book))
