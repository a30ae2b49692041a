"""Real and synthetic statements, taken into a fresh home and compared: what remains stands in docs/statements.md."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.comparing.rows import KINDS
from trader import exits
from trader.commands.app import run

ROOT = Path(__file__).parents[3]
STATEMENTS = ROOT.parent / "shared" / "statements"
PAGE = ROOT / "docs" / "statements.md"
MALFORMED = {"testIBFlexStatementFile12.xml", "testIBFlexStatementFile29.xml"}
DIFFERENCE = re.compile(r"^\| `([^`]+)` \| ([a-z ]+) \| ([^|]*) \| (-?[0-9.,]+) \| (.+) \|$", re.MULTILINE)

FILES = sorted(STATEMENTS.rglob("*.xml")) if STATEMENTS.is_dir() else []
WELL_FORMED = [path for path in FILES if path.name not in MALFORMED]
needs_statements = pytest.mark.skipif(not FILES, reason=f"needs the statements of {STATEMENTS}, which is absent")


def explained() -> dict[str, set[tuple[str, str, Decimal]]]:
    """Return the differences that the page lists, by file."""
    found = dict[str, set[tuple[str, str, Decimal]]]()
    for file, kind, key, amount, _ in DIFFERENCE.findall(PAGE.read_text(encoding="utf-8")):
        found.setdefault(file, set()).add((kind, key.strip(), Decimal(amount.replace(",", ""))))
    return found


@needs_statements
@pytest.mark.parametrize("path", WELL_FORMED, ids=lambda path: path.name)
def test_a_statement_ties_but_for_what_the_page_explains(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(tmp_path / "home")]

    assert run([*home, "import", str(path)]) == exits.FINE, capsys.readouterr()
    capsys.readouterr()
    status = run([*home, "reconcile", "--statement", str(path), "--format", "json"])
    rows = json.loads(capsys.readouterr().out)

    differing = {
        (row["kind"], row["key"], Decimal(row["difference"]))
        for row in rows
        if row["difference"] is not None and abs(Decimal(row["difference"])) > Decimal(row["tolerance"])
    }
    assert differing == explained().get(path.name, set())
    assert status == (exits.BAD_NEWS if differing else exits.FINE)


@needs_statements
@pytest.mark.parametrize("path", [path for path in FILES if path.name in MALFORMED], ids=lambda path: path.name)
def test_a_malformed_statement_is_refused_whole(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--home", str(tmp_path / "home"), "import", str(path)]) == exits.COULD_NOT

    said = capsys.readouterr().err
    assert path.name in said
    assert said.count("\n") == 1
    assert not (tmp_path / "home").exists()


@needs_statements
@pytest.mark.parametrize("path", WELL_FORMED, ids=lambda path: path.name)
def test_the_same_statement_twice_adds_nothing(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    run(["--home", str(home), "import", str(path)])
    before = {file.name: file.read_bytes() for file in (home / "var" / "events").iterdir()}
    capsys.readouterr()

    assert run(["--home", str(home), "import", str(path)]) == exits.FINE
    assert "imported before, nothing new" in capsys.readouterr().out
    assert {file.name: file.read_bytes() for file in (home / "var" / "events").iterdir()} == before


@needs_statements
def test_every_closing_of_the_real_account_realised_what_the_broker_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (path,) = STATEMENTS.glob("ibkr-porez/*.xml")
    home = tmp_path / "home"
    run(["--home", str(home), "import", str(path)])

    assert closings(home, path) == 12


@needs_statements
def test_rates_of_the_days_are_kept_for_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (path,) = STATEMENTS.rglob("testIBFlexStatementFile18.xml")
    home = ["--home", str(tmp_path / "home")]
    run([*home, "import", str(path)])

    assert run([*home, "report", "tax", "2022"]) == exits.FINE
    assert "10.45" in capsys.readouterr().out  # 10.56 USD, as the cash report has them in EUR


API_ALONE = ("execution", "exposure", "average cost")


def test_the_page_gives_every_tolerance_and_its_reason() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for kind, amount, why in (row for row in KINDS if row[0] not in API_ALONE):
        bound = "computed" if kind == "nav" else f"{amount}"
        assert f"| {kind} | {bound} | {why.removeprefix('computed: ')} |" in page


def test_the_page_names_no_file_that_is_not_there() -> None:
    if not FILES:
        pytest.skip(f"needs the statements of {STATEMENTS}, which is absent")
    assert set(explained()) <= {path.name for path in FILES}


def closings(home: Path, path: Path) -> int:
    """Count the executions that realised what the statement says of them, to its last digit but one."""
    from xml.etree import ElementTree

    from ledger.book import replay
    from ledger.events import execution_base
    from ledger.log import read_events
    from ledger.lots import disposals

    own = dict[str, Decimal]()
    for holding in replay(tuple(read_events(home)), retain=True).holdings.values():
        for disposal in disposals(holding):
            own[disposal.closed_by] = own.get(disposal.closed_by, Decimal(0)) + disposal.realised
    told = {
        execution_base(trade.get("ibExecID", ""))[0]: Decimal(trade.get("fifoPnlRealized", "0"))
        for trade in ElementTree.parse(path).iter("Trade")
        if trade.get("openCloseIndicator") == "C"
    }
    return sum(abs(own.get(base, Decimal(0)) - amount) <= Decimal("0.02") for base, amount in told.items())
