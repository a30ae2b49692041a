from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.journal import Journal, Posting, Unbalanced, as_postings, balance, post, trial_balance

D = Decimal


def test_what_one_account_gives_another_receives() -> None:
    journal: Journal = {}

    post(journal, (Posting("cash", "USD", D("-400.5")), Posting("position:1", "USD", D("400.5"))))

    assert balance(journal, "cash", "USD") == D("-400.5")
    assert trial_balance(as_postings(journal)) == {"USD": 0}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param((Posting("cash", "USD", D(1)),), id="one leg"),
        pytest.param((Posting("cash", "USD", D(1)), Posting("fees", "EUR", D(-1))), id="of another currency"),
        pytest.param((Posting("cash", "USD", D(1)), Posting("fees", "USD", D("-1.0000000001"))), id="by a hair"),
    ],
)
def test_what_does_not_balance_changes_nothing(entry: tuple[Posting, ...]) -> None:
    journal: Journal = {("cash", "USD"): D(5)}

    with pytest.raises(Unbalanced, match="sum to zero per currency"):
        post(journal, entry)

    assert journal == {("cash", "USD"): D(5)}


def test_a_difference_beyond_the_default_precision_is_seen() -> None:
    large, small = D("1E+20"), D("1E-10")

    assert trial_balance((Posting("a", "USD", large), Posting("b", "USD", small), Posting("c", "USD", -large))) == {
        "USD": small
    }


def test_an_account_that_returns_to_zero_is_as_if_it_had_never_been_used() -> None:
    journal: Journal = {}

    post(journal, (Posting("cash", "USD", D(1)), Posting("fees", "USD", D(-1))))
    post(journal, (Posting("cash", "USD", D(-1)), Posting("fees", "USD", D(1))))

    assert journal == {}
    assert balance(journal, "fees", "USD") == 0
