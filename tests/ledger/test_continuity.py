"""Recovery: a log that may not be the newest lets no order leave."""

from __future__ import annotations

import pytest

from ledger.book import Book, Impossible
from ledger.events import RecoveryEnded, RecoveryStarted, WitnessDropped, WitnessFailed, WitnessKept
from tests.trader.decisions import SESSION, situation, told

STARTED = RecoveryStarted(reason="restored from /backup", witness="3:" + "a" * 64)
PLACE = "file /witness"


def test_a_recovery_lasts_until_it_is_ended() -> None:
    book = told(situation(), STARTED)
    assert (book.recovery, book.recovery_since, book.recovery_witness) == (STARTED.reason, book.seq, STARTED.witness)

    book = told(book, RecoveryEnded(evidence=("nothing newer",)))
    assert (book.recovery, book.recovery_witness) == (None, None)


def test_a_second_start_forgets_no_witness() -> None:
    book = told(situation(), STARTED, RecoveryStarted(reason="moved"))

    assert (book.recovery, book.recovery_witness) == ("moved", STARTED.witness)
    assert book.recovery_since == book.seq - 1  # what was found since the first start still counts


@pytest.mark.parametrize(
    ("before", "end"),
    [
        pytest.param((), RecoveryEnded(evidence=("nothing newer",)), id="no recovery"),
        pytest.param((STARTED,), RecoveryEnded(evidence=()), id="neither evidence nor a reason"),
    ],
)
def test_a_recovery_does_not_end_without_cause(before: tuple[RecoveryStarted, ...], end: RecoveryEnded) -> None:
    book = told(situation(), *before)

    with pytest.raises(Impossible, match="the end of a recovery"):
        told(book, end)


def test_the_statement_names_a_recovery_only_while_it_lasts() -> None:
    book = situation()
    assert "recovery" not in book.statement()

    assert told(book, STARTED).statement()["recovery"] == STARTED.reason


def test_a_witness_that_was_kept_forgets_the_failure_before() -> None:
    book: Book = told(situation(), WitnessFailed(place=PLACE, doing="writing", reason="the disk is full"))
    assert book.witness_failures == {PLACE: "writing: the disk is full"}

    book = told(book, WitnessKept(place=PLACE, witness="9:" + "b" * 64, session_day=SESSION, part="middle"))
    assert (book.witness_failures, book.witnessed) == ({}, {PLACE: "2005-03-01/middle"})


def test_a_place_that_is_no_longer_set_up_is_forgotten_with_its_failure() -> None:
    book = told(situation(), *(WitnessFailed(place=place, doing="writing", reason="full") for place in (PLACE, "git")))

    assert told(book, WitnessDropped(place="git")).witness_failures == {PLACE: "writing: full"}
