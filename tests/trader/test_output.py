"""What is typed, and where answers go, must not be able to harm the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.queries.history import closed, two_sessions
from tests.trader.homes import SETTINGS, SIMULATED, command, write_settings
from trader import exits


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    write_settings(home, SETTINGS + SIMULATED)
    closed(two_sessions(home))
    return home


def everything(home: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "words",
    [
        ["export", "hledger", "--output"],
        ["export", "beancount", "--output"],
        ["sql", "SELECT 1", "--format", "csv", "--out"],
        ["ask", "flows", "--format", "json", "--out"],
        ["report", "performance", "--out"],
    ],
    ids=["hledger", "beancount", "sql", "ask", "report"],
)
@pytest.mark.parametrize("place", ["var/HEAD.0", "var/events/new.jsonl", "tallybook.toml", "var/HALT"])
def test_no_answer_is_written_over_what_belongs_to_the_home(home: Path, words: list[str], place: str) -> None:
    before = everything(home)

    done = command(*words, str(home / place), home=home)

    assert (done.returncode, done.stderr.partition(":")[0]) == (exits.COULD_NOT, "output")
    assert everything(home) == before


def test_an_export_replaces_an_earlier_one_and_nothing_else(home: Path, tmp_path: Path) -> None:
    notes, export = tmp_path / "notes.txt", tmp_path / "books.journal"
    notes.write_text("keep me\n", encoding="utf-8")

    assert command("export", "hledger", "--output", str(export), home=home).returncode == exits.FINE
    assert command("export", "hledger", "--output", str(export), home=home).returncode == exits.FINE
    assert command("export", "hledger", "--output", str(notes), home=home).returncode == exits.COULD_NOT
    assert notes.read_text(encoding="utf-8") == "keep me\n"


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["expect", "deposit", "1e30", "USD"], id="an amount that no table holds"),
        pytest.param(["expect", "deposit", "0.00000000001", "USD"], id="an amount that is finer than any"),
        pytest.param(["adjust-cost", "IBM", "--by", "1e27", "--why", "x"], id="a basis that no table holds"),
        pytest.param(["resume", "--why", "a\nb\x1b[31mred"], id="a reason that would colour the terminal"),
        pytest.param(["demo", "--sessions", "100000"], id="a demo beyond its data"),
    ],
)
def test_what_is_typed_wrongly_is_refused_and_recorded_nowhere(home: Path, words: list[str]) -> None:
    before = everything(home)

    done = command(*words, home=home)

    assert (done.returncode, done.stderr.partition(":")[0]) == (exits.COULD_NOT, "usage")
    assert len(done.stderr.splitlines()) == 1
    assert everything(home) == before


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ('[limits]\nrestricted = ["APPL"]\n', "limits.restricted: expected a symbol of the universe, found APPL"),
        ('[limits]\nshort_banned = ["ibm"]\n', "did you mean IBM?"),
        ('[limits]\ndaily_loss_max = "1e30"\n', "daily_loss_max: expected below 1, found 1"),
        ("[schedule]\ntimeout_seconds = 99999999999999999999999\n", "timeout_seconds"),
    ],
    ids=["a letter", "small letters", "a share of more than all", "a huge number"],
)
def test_a_setting_that_protects_nothing_is_refused(home: Path, section: str, told: str) -> None:
    write_settings(home, SETTINGS + SIMULATED + section)

    done = command("settings", home=home)

    assert done.returncode == exits.COULD_NOT
    assert told in done.stderr
