"""The simulated venue's statements, taken in as they come: whole, from the middle, overlapping, day by day."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trader.simulator.busy_sessions import archive_of, busy_exchange, busy_market
from trader import exits
from trader.commands.app import run
from trader.simulator.statement import write_statement
from trader.simulator.statements import Archive


@pytest.fixture(scope="module", params=[1, -2], ids=["stocks", "with currencies, futures and options"])
def archive(request: pytest.FixtureRequest) -> Archive:
    seed = abs(request.param)
    return archive_of(busy_exchange(seed, market=busy_market(seed, others=request.param < 0)))


def part(folder: Path, archive: Archive, first: int, last: int) -> str:
    """Write the statement of some sessions, by their numbers."""
    days = archive.days
    path = folder / f"{days[first]}.{days[last]}.xml"
    path.write_bytes(write_statement(archive.period(days[last], days[first])))
    return str(path)


def taken_in(home: Path, *paths: str) -> None:
    assert run(["--home", str(home), "import", *paths]) == exits.FINE


def differing(home: Path, path: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    capsys.readouterr()
    run(["--home", str(home), "reconcile", "--statement", path, "--format", "json"])
    rows = [row for row in json.loads(capsys.readouterr().out) if row["difference"] is not None]
    assert {"cash", "nav"} <= {row["kind"] for row in rows}
    return [row for row in rows if abs(Decimal(row["difference"])) > Decimal(row["tolerance"])]


def test_the_whole_ties_line_by_line(archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = part(tmp_path, archive, 0, -1)
    taken_in(tmp_path / "home", whole)

    assert differing(tmp_path / "home", whole, capsys) == []


def test_a_part_from_the_middle_ties_and_so_does_what_follows(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, middle, later = tmp_path / "home", part(tmp_path, archive, 20, 40), part(tmp_path, archive, 41, -1)
    overlapping = part(tmp_path, archive, 30, -1)

    taken_in(home, middle)
    assert differing(home, middle, capsys) == []
    taken_in(home, later)
    taken_in(home, overlapping)
    for path in (middle, later, overlapping):
        assert differing(home, path, capsys) == []


def test_one_statement_a_day_ties_on_every_day(
    archive: Archive, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    daily = [part(tmp_path, archive, day, day) for day in range(20)]
    taken_in(home, *daily)

    for path in daily[::6]:
        assert differing(home, path, capsys) == []
