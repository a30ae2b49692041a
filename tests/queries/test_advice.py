"""A recovery and what ends it, told alike by the status, the story and the mails."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.events import RecoveryEnded, RecoveryStarted, WitnessDropped, WitnessFailed
from ledger.log import read_events
from queries.status import status
from queries.story import audit_of
from tests.queries.history import TUESDAY, World, new_world
from trader.notices.paragraphs import needs

REASON = "restored from /backup"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = new_world(tmp_path)
    made.begin(TUESDAY, "09:35")
    made.record(RecoveryStarted(reason=REASON))
    return made


def test_a_recovery_waits_for_the_owner_until_it_ends(world: World) -> None:
    shown = status(world.home)

    assert shown.verdict == "IN RECOVERY"
    (line,) = [line for line in shown.waiting if REASON in line]
    assert line.startswith("in recovery, no order leaves")
    assert line.endswith('tallybook resume --recovered --why "…"')
    assert shown.exit_status == 1

    world.record(RecoveryEnded(evidence=("nothing newer",)))
    assert status(world.home).verdict != "IN RECOVERY"
    assert not any(REASON in line for line in status(world.home).waiting)


@pytest.mark.parametrize(("seq", "is_told"), [(1, False), (10**6, True)], ids=["the log holds it", "beyond the log"])
def test_a_witness_is_waited_for_only_while_the_log_may_lack_it(world: World, seq: int, is_told: bool) -> None:
    world.record(RecoveryStarted(reason=REASON, witness=f"{seq}:{'9c1e' * 16}"))

    (line,) = [line for line in status(world.home).waiting if REASON in line]

    assert (f"when the log holds the witness {seq}:9c1e9c1e9c1e9c1e…, a cycle" in line) is is_told
    assert ("It ends by itself when a cycle" in line) is not is_told


def test_the_mails_say_so_too_and_name_a_witness_that_cannot_be_used(world: World) -> None:
    world.record(WitnessFailed(place="git /notes", doing="writing", reason="the disk is full"))

    told = list(needs(world.ledger.book))

    assert any(line.startswith("In recovery, no order leaves: restored from /backup.") for line in told)
    assert any(line.startswith("Witness git /notes cannot be used, writing: the disk is full.") for line in told)
    waits = status(world.home).waiting
    assert any(line.startswith("witness git /notes cannot be used, writing: the disk is full;") for line in waits)


@pytest.mark.parametrize(
    ("fact", "line"),
    [
        (RecoveryEnded(evidence=("one", "two")), "recovered: one; two"),
        (RecoveryEnded(evidence=(), why="it is the newest"), 'you ended the recovery: "it is the newest"'),
        (
            WitnessFailed(place="file /w", doing="reading", reason="no such folder"),
            "witness file /w could not be used, reading: no such folder",
        ),
        (WitnessDropped(place="file /w"), "witness file /w, which could not be used, is no longer in the settings"),
    ],
    ids=["by evidence", "by word", "a witness", "a witness that is dropped"],
)
def test_the_story_tells_it(world: World, fact: RecoveryEnded | WitnessFailed | WitnessDropped, line: str) -> None:
    world.record(fact)

    story = "\n".join(audit_of(list(read_events(world.home)), TUESDAY).lines)

    assert f"IN RECOVERY, no order leaves: {REASON}" in story
    assert line in story
