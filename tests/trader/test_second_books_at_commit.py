"""The end of a day compares the book with the same bookkeeping in SQL: where they differ, nothing trades."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ledger.checkpoints import folded_from, rebuild, write
from ledger.events import BreakFound
from ledger.log import read_events
from tests.queries.history import closed, two_sessions
from tests.trader.homes import SETTINGS, SIMULATED, command, write_settings
from trader import exits


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_settings(tmp_path, SETTINGS + SIMULATED)
    closed(two_sessions(tmp_path))
    return tmp_path


def wrong_checkpoint(home: Path) -> None:
    """Let the newest checkpoint say another cash than the lines: a fault of ours, or of the disk."""
    rebuild(home)
    book, seal = folded_from(home)
    assert seal is not None
    book.cash["USD"] += Decimal("0.01")
    write(home, book, seal)


def breaks(home: Path) -> list[BreakFound]:
    return [event.fact for event in read_events(home) if isinstance(event.fact, BreakFound)]


def test_a_difference_between_our_two_bookkeepings_halts(home: Path) -> None:
    assert command("commit", home=home).returncode == exits.FINE
    before = len(breaks(home))
    wrong_checkpoint(home)

    done = command("commit", home=home)

    assert done.returncode == exits.BAD_NEWS
    assert done.stderr.startswith("second-books: cash USD: the book says ")
    (found,) = breaks(home)[before:]
    assert (found.kind, found.consequence, found.subject) == ("second_books", "halt", "cash USD")
    told = command("breaks", found.break_id, home=home).stdout
    assert "OUR TWO BOOKKEEPINGS DIFFER" in told
    assert "tallybook verify" in told
    assert "HALTED" in command("status", home=home).stdout


def test_the_same_difference_is_one_break_until_the_owner_accepts_it(home: Path) -> None:
    before = len(breaks(home))
    wrong_checkpoint(home)
    command("commit", home=home)
    command("commit", home=home)

    assert len(breaks(home)) == before + 1

    for path in (home / "var" / "checkpoints").iterdir():
        path.unlink()  # as the runbook says
    accepted = command("accept", breaks(home)[-1].break_id, "--why", "a checkpoint that was wrong", home=home)

    assert accepted.returncode == exits.FINE
    assert command("commit", home=home).returncode == exits.FINE
    assert len(breaks(home)) == before + 1
    assert "HALTED" not in command("status", home=home).stdout


def test_verify_names_the_difference(home: Path) -> None:
    command("commit", home=home)
    assert "second books" in command("verify", home=home).stdout
    wrong_checkpoint(home)

    done = command("verify", home=home)

    assert done.returncode == exits.BAD_NEWS
    assert "cash USD: the book says " in done.stdout
