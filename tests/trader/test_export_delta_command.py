"""`tallybook export delta`: what it prints, what it refuses, and what it says where its libraries are missing."""

from __future__ import annotations

import sys
from pathlib import Path
from shutil import copytree, rmtree

import pytest

from tests.queries.archive.homes import ACCOUNT, home_of_seven_days
from tests.trader.homes import command
from trader import exits


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("deltalake", reason="archives need tallybook[delta]")
    return home_of_seven_days(tmp_path_factory.mktemp("told") / "home")


@pytest.fixture
def home(told: Path, tmp_path: Path) -> Path:
    return Path(copytree(told, tmp_path / "home"))


def test_it_says_what_it_wrote_and_then_that_nothing_is_new(home: Path, tmp_path: Path) -> None:
    uri = str(tmp_path / "archive")

    first, second = command("export", "delta", uri, home=home), command("export", "delta", uri, home=home)

    assert (first.returncode, second.returncode) == (exits.FINE, exits.FINE)
    assert first.stdout.startswith(f"{uri}: {ACCOUNT}: 7 days, ")
    assert first.stdout.endswith("1 file of evidence (3 bytes); up to 2005-04-04\n")
    assert second.stdout == f"{uri}: {ACCOUNT}: nothing new; up to 2005-04-04\n"


def test_anew_writes_all_of_it_again(home: Path, tmp_path: Path) -> None:
    uri = str(tmp_path / "archive")
    command("export", "delta", uri, home=home)

    assert f"{ACCOUNT}: 7 days, " in command("export", "delta", uri, "--anew", home=home).stdout


def test_evidence_that_the_home_lacks_is_bad_news(home: Path, tmp_path: Path) -> None:
    rmtree(home / "var" / "data")

    done = command("export", "delta", str(tmp_path / "archive"), home=home)

    assert done.returncode == exits.BAD_NEWS
    assert "named by the log, not in this home; restore a backup" in done.stderr


@pytest.mark.parametrize("place", ["var", "var/archive", "."])
def test_an_archive_has_a_place_of_its_own(home: Path, place: str) -> None:
    done = command("export", "delta", str(home / place), home=home)

    assert done.returncode == exits.COULD_NOT
    assert "expected a file of its own" in done.stderr


def test_without_its_libraries_it_says_what_to_install(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)

    done = command("export", "delta", str(tmp_path / "archive"), home=home)

    assert done.returncode == exits.COULD_NOT
    assert done.stderr.startswith("archive-not-installed: deltalake: ")
    assert "pip install 'tallybook[delta]'" in done.stderr
