"""The journal as the command prints it: every posting, in any of three formats, of any of its pasts."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import replay
from ledger.events import TaxWithheld
from ledger.journal import as_postings
from ledger.log import read_events
from tests.queries.history import IBM, TUESDAY, WEDNESDAY, closed, two_sessions
from trader import exits
from trader.commands.app import run

LATE_TAX = Decimal("-1.5")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two sessions, and on the second a tax that was withheld on the first."""
    world = two_sessions(tmp_path)
    started = next(event.at for event in read_events(tmp_path) if event.type == "cycle_started")
    world.record(TaxWithheld(source="statement", reference="1", amount=LATE_TAX, currency="USD", occurred_at=started))
    return closed(world)


def printed(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(["--home", str(home), "journal", *arguments]) == exits.FINE
    return capsys.readouterr().out


def rows(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, str]]:
    told: list[dict[str, str]] = json.loads(printed(home, capsys, "--format", "json", *arguments))
    return told


def total(told: list[dict[str, str]]) -> Decimal:
    return sum((Decimal(row["amount"]) for row in told), Decimal(0))


def test_every_posting_is_there_and_all_sum_to_zero(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = rows(home, capsys)

    balances = dict[tuple[str, str], Decimal]()
    for row in told:
        account = (row["account"], row["currency"])
        balances[account] = balances.get(account, Decimal(0)) + Decimal(row["amount"])
    book = replay(tuple(read_events(home)))
    assert {key: amount for key, amount in balances.items() if amount} == {
        (posting.account, posting.currency): posting.amount for posting in as_postings(book.journal)
    }
    assert total(told) == 0


def test_the_table_ends_with_its_sum(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(home, capsys).splitlines()

    assert lines[-1] == "USD sums to 0"
    assert any("opening_balance_recorded" in line for line in lines)
    assert any(line.startswith(f"  position:{IBM}") for line in lines)


def test_csv_has_a_row_a_posting(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = list(csv.DictReader(io.StringIO(printed(home, capsys, "--format", "csv"))))

    assert [row["amount"] for row in told] == [row["amount"] for row in rows(home, capsys)]


def test_one_account_is_shown_alone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert {row["account"] for row in rows(home, capsys, "--account", "cash")} == {"cash"}
    positions = {row["account"] for row in rows(home, capsys, "--account", "position")}
    assert f"position:{IBM}" in positions
    assert all(account.startswith("position:") for account in positions)


def test_a_day_is_that_on_which_it_happened(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = rows(home, capsys, "--day", f"{TUESDAY}", "--account", "taxes")
    second = rows(home, capsys, "--day", f"{WEDNESDAY}", "--account", "taxes")

    assert [row["amount"] for row in first] == ["1.5"]
    assert second == []


def test_both_pasts_of_a_late_tax(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert total(rows(home, capsys, "--as-of", f"{TUESDAY}", "--account", "taxes")) == -LATE_TAX
    assert rows(home, capsys, "--as-known-at", f"{TUESDAY}", "--account", "taxes") == []
    assert total(rows(home, capsys, "--as-of", f"{TUESDAY}")) == 0
    assert total(rows(home, capsys, "--as-known-at", f"{TUESDAY}T12:00:00")) == 0


def test_nothing_to_show_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(home, capsys, "--account", "suspense") == "no entries\n"
    assert rows(home, capsys, "--account", "suspense") == []


def test_a_wrong_day_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--home", str(home), "journal", "--day", "yesterday"]) == exits.COULD_NOT
    assert capsys.readouterr().err.startswith("usage: ")


@pytest.mark.parametrize(
    ("option", "text", "expected"),
    [
        ("--day", "2005-02-30", "expected a day like 2005-02-17, found '2005-02-30'"),
        ("--as-of", "soon", "expected a day or a moment like 2005-02-17T16:00, without a zone, found 'soon'"),
        ("--as-known-at", "2005-03-01T16:00Z", "without a zone, found '2005-03-01T16:00Z'"),
    ],
)
def test_a_day_that_is_none_is_told_with_an_example(
    home: Path, capsys: pytest.CaptureFixture[str], option: str, text: str, expected: str
) -> None:
    assert run(["--home", str(home), "journal", option, text]) == exits.COULD_NOT
    assert expected in capsys.readouterr().err
