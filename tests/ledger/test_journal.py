from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.journal import Journal, Posting, Unbalanced, as_postings, balance, post, trial_balance

D = Decimal


def test_what_one_account_gives_another_receives() -> None:
    journal: Journal = {}

    post(journal, "USD", ("cash", D("-400.5")), ("position:1", D("400.5")))

    assert balance(journal, "cash", "USD") == D("-400.5")
    assert trial_balance(as_postings(journal)) == {"USD": 0}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param((("cash", D(1)),), id="one leg"),
        pytest.param((("cash", D(1)), ("fees", D("-1.0000000001"))), id="by a hair"),
        pytest.param((("cash", D("1E+20")), ("fees", D("1E-10")), ("taxes", D("-1E+20"))), id="beyond 28 digits"),
    ],
)
def test_what_does_not_balance_changes_nothing(entry: tuple[tuple[str, Decimal], ...]) -> None:
    journal: Journal = {("cash", "USD"): D(5)}

    with pytest.raises(Unbalanced, match=r"sum to zero, found .* USD"):
        post(journal, "USD", *entry)

    assert journal == {("cash", "USD"): D(5)}


def test_a_difference_beyond_the_default_precision_is_seen() -> None:
    large, small = D("1E+20"), D("1E-10")

    assert trial_balance((Posting("a", "USD", large), Posting("b", "USD", small), Posting("c", "USD", -large))) == {
        "USD": small
    }


def test_an_account_that_returns_to_zero_is_as_if_it_had_never_been_used() -> None:
    journal: Journal = {}

    post(journal, "USD", ("cash", D(1)), ("fees", D(-1)))
    post(journal, "USD", ("cash", D(-1)), ("fees", D(1)))

    assert journal == {}
    assert balance(journal, "fees", "USD") == 0
