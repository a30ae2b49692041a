from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ledger.events import BreakAccepted, BreakClosed, BreakExplained, BreakFound
from ledger.events.reconciliation import Certainty, ExplanationRow, TermRow
from ledger.state import Break
from queries.sums import because
from tests.facts import START

CASH = BreakFound(
    break_id="B-1", kind="cash", subject="USD", consequence="note", currency="USD", expected=Decimal(100),
    found=Decimal("94.5"), text="cash USD: the book says 100, the broker 94.5",
)  # fmt: skip


def explained(certainty: Certainty, left: str, *rivals: ExplanationRow, terms: tuple[TermRow, ...]) -> Break:
    told = BreakExplained(
        break_id="B-1", cause="fee", certainty=certainty, text="a fee of every month", terms=terms,
        unexplained=Decimal(left), rivals=rivals,
    )  # fmt: skip
    return Break(CASH, START, 1, None, told)


FEE = TermRow(cause="fee", kind="cash", subject="USD", amount=Decimal("-4.5"), text="market data fee")
REBATE = TermRow(cause="rebated commission", kind="cash", subject="USD", amount=Decimal(-1), text="x" * 60)


def test_why_is_told_as_a_sum_with_how_sure_it_is() -> None:
    assert because(explained("likely", "-1", terms=(FEE,))) == (
        "-5.50 = market data fee (-4.50); unexplained -1.00 (likely)"
    )


def test_a_part_says_so_and_long_words_give_way_to_the_cause() -> None:
    assert because(explained("unexplained", "0", terms=(FEE, REBATE))) == (
        "-5.50 = market data fee (-4.50) + rebated commission (-1.00); unexplained 0.00 (in part)"
    )


def test_rivals_are_named() -> None:
    rival = ExplanationRow(causes=("withdrawal",), certainty="possible", text="")

    assert because(explained("possible", "0", rival, terms=(FEE,))).endswith("(possible; or withdrawal)")


def test_without_terms_the_words_of_the_explanation_or_of_the_break_stand() -> None:
    assert because(explained("likely", "0", terms=())) == "a fee of every month"
    assert because(Break(CASH, START, 1, None)) == CASH.text


WITHDRAWAL = TermRow(cause="withdrawal", kind="cash", subject="USD", amount=Decimal("-5.5"), text="withdrawal")
RIVAL = ExplanationRow(causes=("withdrawal",), certainty="possible", text="", terms=(WITHDRAWAL,))


def test_an_accepted_rival_is_why_and_what_else_fitted_is_over() -> None:
    known = replace(explained("likely", "0", RIVAL, terms=(FEE,)), status="accepted")

    accepted = replace(known, accepted=BreakAccepted(break_id="B-1", why="mine", explanation=2))

    assert because(accepted) == "-5.50 = withdrawal (-5.50); unexplained 0.00 (possible)"


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        pytest.param("withdrawal", "-5.50 = withdrawal (-5.50); unexplained 0.00 (possible)", id="a rival came true"),
        pytest.param("interest", "", id="none did"),
        pytest.param("", "-5.50 = market data fee (-4.50); unexplained 0.00 (likely)", id="nobody knows"),
    ],
)
def test_what_closed_by_itself_tells_what_came_true(cause: str, told: str) -> None:
    known = replace(explained("likely", "0", RIVAL, terms=(FEE,)), status="closed")

    assert because(replace(known, closed=BreakClosed(break_id="B-1", reason="they match", cause=cause))) == told


def test_words_that_say_what_an_amount_is_need_no_cause_before_them() -> None:
    tax = TermRow(cause="dividend", kind="cash", subject="USD", amount=Decimal("-5.5"), text="tax MSFT")

    assert because(explained("likely", "0", terms=(tax,))).startswith("-5.50 = tax MSFT (-5.50); ")
