"""Witnesses: written beside the mails, read back, and never in the way of trading."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.events import NoticeSent, TradingHalted, WitnessDropped, WitnessFailed, WitnessKept
from tests.ledger.logs import StillClock, append, lost, started
from tests.trader.cycles.world import TUESDAY, WEDNESDAY, World, world
from tests.trader.decisions import situation
from trader import exits
from trader.settings import PASSWORD_VARIABLE
from trader.witness import (
    FILE_NAME,
    Witness,
    WitnessCommand,
    WitnessFile,
    WitnessRepository,
    WitnessUnusable,
    contradiction,
    hash_at,
    last_of,
    parse,
)

LINE = f"2026-01-14T15:00:00.000000Z DU1 {'a' * 16} 41:{'1' * 64}"
NEXT = f"2026-01-14T18:00:00.000000Z DU1 {'a' * 16} 44:{'2' * 64}"
OTHERS = f"2026-01-14T18:00:00.000000Z DU2 {'b' * 16} 90:{'3' * 64}"
LOG = "a" * 16
NO_GIT = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    git(folder, "init", "--quiet")
    git(folder, "config", "user.name", "Owner")
    git(folder, "config", "user.email", "owner@example.com")
    return folder


# A file


def test_a_file_keeps_every_witness_and_tells_the_last_of_a_log(tmp_path: Path) -> None:
    place = WitnessFile(tmp_path / "witness.txt")
    assert place.read(LOG) is None

    for line in (LINE, NEXT, OTHERS):
        place.keep(line)

    assert place.read(LOG) == Witness(44, "2" * 64)
    assert place.path.read_text(encoding="utf-8").splitlines() == [LINE, NEXT, OTHERS]
    assert place.path.stat().st_mode & 0o077 == 0


def test_a_line_that_lost_its_end_is_not_continued_by_the_next(tmp_path: Path) -> None:
    place = WitnessFile(tmp_path / "witness.txt")
    place.path.write_text(LINE, encoding="utf-8")

    place.keep(NEXT)

    assert place.path.read_text(encoding="utf-8").splitlines() == [LINE, NEXT]


def test_a_disk_that_is_not_mounted_is_not_made_up_for(tmp_path: Path) -> None:
    place = WitnessFile(tmp_path / "mnt" / "witness.txt")

    with pytest.raises(WitnessUnusable, match="expected the folder"):
        place.keep(LINE)

    assert not (tmp_path / "mnt").exists()


@pytest.mark.parametrize("text", ["rubbish\n", LINE[:-1] + "\n", f"{LINE}\n{NEXT[:50]}"])
def test_a_file_that_holds_anything_else_is_unusable(tmp_path: Path, text: str) -> None:
    place = WitnessFile(tmp_path / "witness.txt")
    place.path.write_text(text, encoding="utf-8")

    with pytest.raises(WitnessUnusable):
        place.read(LOG)


def test_a_witness_is_spelled_as_in_the_mails() -> None:
    assert parse(f" 41:{'1' * 64} ") == Witness(41, "1" * 64)
    assert last_of(f"{LINE}\n", LOG) == parse(LINE.rpartition(" ")[2])
    for text in ("", "41", "41:", f"041:{'1' * 64}", f"-1:{'1' * 64}", f"41:{'g' * 64}"):
        with pytest.raises(ValueError, match="expected SEQ:HASH"):
            parse(text)


# A git repository


@NO_GIT
def test_a_repository_gets_a_commit_a_witness_and_nothing_else(repository: Path) -> None:
    (repository / "diary.txt").write_text("not yet\n", encoding="utf-8")
    git(repository, "add", "diary.txt")  # the owner is in the middle of something
    place = WitnessRepository(repository, 20)
    assert place.read(LOG) is None

    place.keep(LINE)
    place.keep(NEXT)

    assert place.read(LOG) == Witness(44, "2" * 64)
    subjects = git(repository, "log", "--format=%s").split("\n")[:2]
    assert subjects == [f"tallybook 44:{'2' * 64}", f"tallybook 41:{'1' * 64}"]
    assert git(repository, "diff", "--cached", "--name-only").split() == ["diary.txt"]
    assert git(repository, "log", "-1", "--format=%an").strip() == "Owner"


@NO_GIT
def test_what_is_not_committed_is_no_witness(repository: Path) -> None:
    place = WitnessRepository(repository, 20)
    place.keep(LINE)
    (repository / FILE_NAME).write_text(f"{NEXT}\n", encoding="utf-8")

    assert place.read(LOG) == Witness(41, "1" * 64)


@NO_GIT
def test_a_repository_without_a_name_to_commit_under_is_committed_to(repository: Path, tmp_path: Path) -> None:
    git(repository, "config", "--unset", "user.email")
    os.environ["HOME"], before = str(tmp_path), os.environ.get("HOME", "")
    try:
        WitnessRepository(repository, 20).keep(LINE)
    finally:
        os.environ["HOME"] = before

    assert git(repository, "log", "-1", "--format=%ae").strip() == "tallybook@localhost"


@NO_GIT
def test_a_folder_that_is_no_repository_is_unusable(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    place = WitnessRepository(folder, 20)

    with pytest.raises(WitnessUnusable):
        place.keep(LINE)
    with pytest.raises(WitnessUnusable):
        place.read(LOG)

    assert list(folder.iterdir()) == []


# A command


def command(*words: str, timeout_seconds: float = 20, folder: Path = Path()) -> WitnessCommand:
    return WitnessCommand((sys.executable, "-c", *words), folder, timeout_seconds)


def test_a_command_gets_the_witness_and_no_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_VARIABLE, "secret")
    told = tmp_path / "told.txt"

    known = f"{PASSWORD_VARIABLE!r} in os.environ"

    command(f"import os, sys; print(sys.argv[1:], {known}, file=open({str(told)!r}, 'w'))").keep(LINE)

    assert told.read_text(encoding="utf-8") == f"['41:{'1' * 64}'] False\n"


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        pytest.param(command("raise SystemExit('no room')"), "exit status 1: no room", id="it fails"),
        pytest.param(WitnessCommand(("/nowhere/tell",), Path(), 1), "No such file", id="it is not there"),
        pytest.param(
            command("import subprocess; subprocess.run(['sleep', '60'])", timeout_seconds=0.5), "not done within 0.5 s",
            id="it hangs, and its child too",
        ),
    ],
)  # fmt: skip
def test_a_command_that_does_not_succeed_is_a_failure(place: WitnessCommand, reason: str) -> None:
    with pytest.raises(WitnessUnusable, match=reason):
        place.keep(LINE)


# Against the log


def test_a_witness_is_held_against_the_very_line(tmp_path: Path) -> None:
    clock = StillClock()
    with started(tmp_path / "home", clock) as log:
        for number in range(3):
            append(log, lost(str(number)))
            clock.sleep(86_400)
        hashes = {log.head[0]: log.head[1]}
    home, book = tmp_path / "home", situation()
    book.seq = max(hashes)

    assert hash_at(home, book.seq) == hashes[book.seq]
    assert hash_at(home, book.seq + 1) is None
    assert contradiction(home, book, Witness(book.seq, hashes[book.seq])) is None
    assert contradiction(home, book, Witness(1, "0" * 64)) == "at seq 1 it knows another line than this log"
    assert contradiction(home, book, Witness(book.seq + 1, "0" * 64)) == (
        f"it knows seq {book.seq + 1}, and this log ends at seq {book.seq}"
    )


# In the cycle


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "witness.txt"


@pytest.fixture
def watched(tmp_path: Path, place: Path) -> Iterator[World]:
    with world(tmp_path, witness={"file": str(place)}) as made:
        yield made


def seqs(place: Path) -> list[int]:
    return [parse(line.split()[-1]).seq for line in place.read_text(encoding="utf-8").splitlines()]


def test_a_witness_is_written_with_each_part_of_a_session(watched: World, place: Path) -> None:
    for slot in (0, 1, 4, 5):
        watched.advance_to(TUESDAY, slot)
        watched.trade()
    watched.close(TUESDAY)

    kept = watched.facts(WitnessKept)
    assert [(fact.part, str(fact.session_day)) for fact in kept] == [
        ("start", "2005-03-01"),
        ("middle", "2005-03-01"),
        ("end", "2005-03-01"),
    ]
    assert [line.split()[-1] for line in place.read_text(encoding="utf-8").splitlines()] == [k.witness for k in kept]
    assert all(hash_at(watched.home, parse(k.witness).seq) == parse(k.witness).hash for k in kept)
    assert len(watched.facts(NoticeSent)) == 3


def test_a_place_that_cannot_be_written_is_told_in_the_mail_and_stops_nothing(watched: World, tmp_path: Path) -> None:
    watched.set(witness={"file": str(tmp_path / "gone" / "witness.txt")})
    watched.advance_to(TUESDAY, 0)

    assert watched.trade() == exits.FINE

    assert watched.held()
    (failed,) = watched.facts(WitnessFailed)
    assert failed.doing == "writing"
    assert "cannot be used, writing: expected the folder" in " ".join(watched.box.body("plain").split())
    watched.advance_to(TUESDAY, 1)
    watched.trade()
    assert len(watched.facts(WitnessFailed)) == 1  # the same failure is recorded once

    (tmp_path / "gone").mkdir()
    watched.advance_to(TUESDAY, 2)
    watched.trade()
    assert seqs(tmp_path / "gone" / "witness.txt")
    assert watched.book().witness_failures == {}


def test_a_place_that_is_taken_out_of_the_settings_needs_nobody_any_more(watched: World, tmp_path: Path) -> None:
    watched.set(witness={"file": str(tmp_path / "gone" / "witness.txt")})
    watched.advance_to(TUESDAY, 0)
    watched.trade()
    assert len(watched.book().witness_failures) == 1

    watched.set(witness={"file": str(tmp_path / "witness.txt")})
    for slot in (1, 2):
        watched.advance_to(TUESDAY, slot)
        watched.trade()

    assert [fact.place for fact in watched.facts(WitnessDropped)] == [f"file {tmp_path / 'gone' / 'witness.txt'}"]
    assert watched.book().witness_failures == {}


def test_a_place_that_cannot_be_read_back_is_told_and_stops_nothing(watched: World, place: Path) -> None:
    watched.advance_to(TUESDAY, 0)
    watched.trade()
    place.unlink()
    watched.want(ACME="0.3", WAVE="0.25")
    watched.advance_to(TUESDAY, 1)

    assert watched.trade() == exits.FINE

    assert [fact.doing for fact in watched.facts(WitnessFailed)] == ["reading"]
    assert watched.facts(TradingHalted) == []
    assert watched.held()["ACME"] < 700


def test_a_witness_of_another_line_halts(watched: World, place: Path) -> None:
    watched.advance_to(TUESDAY, 0)
    watched.trade()
    text = place.read_text(encoding="utf-8").rstrip("\n")
    place.write_text(f"{text[:-64]}{'0' * 64}\n", encoding="utf-8")
    watched.advance_to(TUESDAY, 1)
    before = watched.at_venue()

    done = watched.cycle()

    assert (done.status, done.code) == (exits.COULD_NOT, "old-copy")
    assert "at seq" in done.err
    assert watched.book().halt_code == "old-copy"
    assert watched.at_venue() == before
    watched.advance_to(WEDNESDAY, 0)
    watched.trade()  # it goes on looking, and halted
    assert watched.at_venue() == []
