"""A presumption and what corrects it are one; alone it is possible at most, once nothing more can be said."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from ledger.events import InterestPaid
from reconcile.candidates import Candidate, Subject, combined

USD: Subject = ("cash", "USD")


def interest(name: str, amount: str, replaces: str | None = None) -> InterestPaid:
    return InterestPaid(
        source="operator", reference=name, amount=Decimal(amount), currency="USD", provisional=True, replaces=replaces
    )  # fmt: skip


PRESUMED = Candidate("interest", "likely", (interest("about", "10"),), "about 10", ("it accrued",), presumes=USD)
INSTEAD = interest("exactly", "11", replaces="broker-cash/operator/about")
CORRECTION = Candidate("interest", "likely", (INSTEAD,), "exactly 11", corrects="about 10")
OTHER = Candidate("fee", "possible", (), "a fee")


def test_a_correction_stands_in_the_place_of_what_was_presumed() -> None:
    told, other = combined((PRESUMED, OTHER, CORRECTION))

    assert other == OTHER
    assert told.facts == (interest("exactly", "11"),)
    assert (told.certainty, told.text, told.evidence, told.presumes) == ("likely", "exactly 11", ("it accrued",), None)


def test_a_correction_may_say_itself_what_stands_in_the_end() -> None:
    end = (interest("about", "11"),)

    (told,) = combined((PRESUMED, replace(CORRECTION, instead=end)))

    assert told.facts == end


def test_a_presumption_that_nothing_corrects_is_only_possible() -> None:
    (told,) = combined((PRESUMED,))

    assert (told.certainty, told.facts) == ("possible", PRESUMED.facts)


def test_nothing_is_said_of_it_while_its_difference_is_open() -> None:
    assert combined((PRESUMED,), left=[USD]) == (PRESUMED,)
