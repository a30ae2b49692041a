"""`tallybook export`: to a file or to the screen, up to a day, and what it refuses."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import FeeCharged
from tests.queries.export.reading import beancount_balances, hledger_balances
from tests.queries.history import TUESDAY, WEDNESDAY, closed, two_sessions
from tests.trader.importing.test_shared_statements import WELL_FORMED, needs_statements
from trader import exits
from trader.commands.app import run

HOLDS_NOTHING_MORE = "expected a new or an empty folder"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two sessions, trades in the first, and a fee at the end of the second."""
    world = two_sessions(tmp_path / "home")
    world.record(FeeCharged(source="statement", reference="1", amount=Decimal("-10"), currency="USD"))
    return closed(world)


def exported(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["--home", str(home), "export", *arguments]) == exits.FINE
    return capsys.readouterr().out


def days_of(text: str) -> set[str]:
    return {line[:10] for line in text.splitlines() if line[:2] == "20"}


def test_both_bookkeepers_find_the_same_balances_in_what_is_printed(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beancount, hledger = (exported(home, capsys, format) for format in ("beancount", "hledger"))

    found = beancount_balances(beancount)
    assert found["Assets:Positions:IBM-8314", "IBM-8314"] > 0
    assert found == hledger_balances(hledger, tmp_path / "a.journal")


def test_a_file_holds_what_would_be_printed_and_nothing_is_left_beside_it(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "books" / "main.beancount"
    output.parent.mkdir()

    said = exported(home, capsys, "beancount", "--output", str(output))

    assert output.read_text(encoding="utf-8") == exported(home, capsys, "beancount")
    assert list(output.parent.iterdir()) == [output]
    assert str(output) in said


def test_until_a_day_leaves_out_what_happened_later(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, early = exported(home, capsys, "hledger"), exported(home, capsys, "hledger", "--until", str(TUESDAY))

    assert days_of(whole) == {str(TUESDAY), str(WEDNESDAY)}
    assert days_of(early) == {str(TUESDAY)}
    assert whole.startswith(early.rstrip())


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_a_folder_of_files_is_written_once(
    format: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "files"

    said = exported(home, capsys, format, "--output", str(output))

    assert (output / f"order_filled.{format}").is_file()
    assert "events" in said
    assert run(["--home", str(home), "export", format, "--output", str(output)]) == exits.COULD_NOT
    assert HOLDS_NOTHING_MORE in capsys.readouterr().err


def test_a_folder_that_is_not_there_is_named(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "nowhere" / "main.beancount"

    assert run(["--home", str(home), "export", "beancount", "--output", str(output)]) == exits.COULD_NOT

    assert str(output.parent) in capsys.readouterr().err


@needs_statements
@pytest.mark.parametrize("path", WELL_FORMED, ids=lambda path: path.name)
def test_a_broker_s_statement_is_booked_alike_by_both_bookkeepers(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    assert run(["--home", str(home), "import", str(path)]) == exits.FINE, capsys.readouterr()
    capsys.readouterr()

    beancount, hledger = (exported(home, capsys, format) for format in ("beancount", "hledger"))

    assert beancount_balances(beancount) == hledger_balances(hledger, tmp_path / "a.journal")
