from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import typer

from tests.queries.history import closed, two_sessions
from tests.trader.homes import SETTINGS, SIMULATED, command, write_settings
from trader.commands.report import range_of

MERGED = Path(__file__).parents[3] / "shared/statements/portfolio-performance/testIBFlexStatementFile01.xml"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two recorded sessions, and no simulator: time stands where the log ends."""
    folder = tmp_path_factory.mktemp("home")
    write_settings(folder, SETTINGS + SIMULATED)
    return closed(two_sessions(folder))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        pytest.param("2005-03-01", date(2005, 3, 1), date(2005, 3, 1), id="a day"),
        pytest.param("2005-02", date(2005, 2, 1), date(2005, 2, 28), id="a month"),
        pytest.param("2005-12", date(2005, 12, 1), date(2005, 12, 31), id="the last month"),
        pytest.param("2005", date(2005, 1, 1), date(2005, 12, 31), id="a year"),
        pytest.param("2005-01..2005-03-15", date(2005, 1, 1), date(2005, 3, 15), id="a month to a day"),
        pytest.param("2005..", date(2005, 1, 1), None, id="from a year on"),
        pytest.param("..2005-03", None, date(2005, 3, 31), id="until a month"),
        pytest.param("", None, None, id="all there is"),
    ],
)
def test_a_range_is_a_day_a_month_a_year_or_two_of_these(text: str, first: date | None, last: date | None) -> None:
    assert range_of(text) == (first, last)


@pytest.mark.parametrize("text", ["yesterday", "2005-13", "2005-02-30", "2005-1-2-3", "2005..2004", "2005...2006"])
def test_what_is_no_range_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="expected"):
        range_of(text)


def test_the_bridge_of_a_day_is_told_line_by_line(home: Path) -> None:
    done = command("report", "nav-bridge", "2005-03-02", home=home)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "2005-03-02  NAV 100,065.67 → 100,080.67 USD"
    assert done.stdout.splitlines()[-1].split() == ["=", "change", "+15.00", "residual", "0.00"]


def test_the_bridge_of_a_range_can_be_read_by_a_program(home: Path) -> None:
    done = command("report", "nav-bridge", "2005", "--format", "json", home=home)

    assert [(day["day"], day["unrealised"], day["residual"]) for day in json.loads(done.stdout)] == [
        ("2005-03-01", "68.67", "0"),
        ("2005-03-02", "15", "0"),
    ]


def test_a_day_without_a_finished_cycle_could_not_be_told(home: Path) -> None:
    done = command("report", "nav-bridge", "2005-03-05", home=home)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "unknown-day: 2005-03-05: expected a trading day with a finished cycle, found none; the log was written on "
        "2005-03-01 to 2005-03-02, and a statement that was only imported ends no day\n"
    )


def test_returns_are_told_from_the_adoption_on(home: Path) -> None:
    done = command("report", "performance", home=home)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:2] == [
        "2005-03-01 to 2005-03-02  NAV 100,000.00 → 100,080.67 USD  flows +0.00  gain +80.67",
        "time-weighted   +0.08 %",
    ]


def test_trades_are_told_with_what_they_cost_against_what_was_decided(home: Path) -> None:
    done = command("report", "trades", "2005-03-01", home=home)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-2:] == [
        "Slippage is against the plan's reference price; + is worse. Commissions are not in it.",
        "together +0.33 USD; unknown of 1 trades",
    ]
    assert "unknown" in done.stdout.splitlines()[3]  # the foreign one


@pytest.mark.parametrize("report", [("tax", "2005"), ("realised",)])
def test_a_year_in_which_nothing_was_closed_is_fine(home: Path, report: tuple[str, ...]) -> None:
    told = {form: command("report", *report, "--format", form, home=home) for form in ("table", "csv", "json")}

    assert {done.returncode for done in told.values()} == {0}
    assert "none" in told["table"].stdout or "nothing was closed" in told["table"].stdout
    assert len(told["csv"].stdout.splitlines()) == 1
    assert json.loads(told["json"].stdout) == [] or json.loads(told["json"].stdout)["lines"] == []


def test_a_home_without_a_log_has_no_report(tmp_path: Path) -> None:
    done = command("report", "tax", "2005", home=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("log-missing: ")


def test_a_real_year_is_told_by_lot_in_both_currencies(tmp_path: Path) -> None:
    """A tender and a cash merger in CAD, of an account in CHF: 12,000 units cost 31,962.00 and brought 34,320.00."""
    if not MERGED.exists():
        pytest.skip(f"{MERGED}: the shared statements are not here")
    imported = command("import", str(MERGED), home=tmp_path)
    assert imported.returncode == 0, imported.stderr

    done = command("report", "tax", "2013", home=tmp_path)
    told = json.loads(command("report", "realised", "2013", "--format", "json", home=tmp_path).stdout)

    assert (done.returncode, done.stderr) == (0, "")
    assert "together  proceeds 34,320.00 - cost 31,962.00 = +2,358.00 CAD  (1,655.49 CHF)" in done.stdout.splitlines()
    assert [(each["closed"], each["realised"], each["currency"]) for each in told] == [("12000", "2358", "CAD")]


# Pages


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        pytest.param(("day",), "DU1000001 paper · Wed 2 Mar 2005", id="the last day"),
        pytest.param(("day", "2005-03-01"), "DU1000001 paper · Tue 1 Mar 2005", id="a day"),
        pytest.param(("month",), "DU1000001 paper · 1 to 2 March 2005", id="the last month"),
        pytest.param(("month", "2005-03-02.."), "DU1000001 paper · Wed 2 Mar 2005", id="from a day on"),
        pytest.param(("month", "..2005"), "DU1000001 paper · 1 to 2 March 2005", id="up to a year"),
        pytest.param(("execution",), "DU1000001 paper · execution, 2005-03-01 to 2005-03-02", id="orders"),
    ],
)
def test_a_page_is_told_as_text(home: Path, words: tuple[str, ...], begins: str) -> None:
    done = command("report", *words, home=home)

    assert (done.returncode, done.stdout.split(" · times")[0]) == (0, begins)


REPORTS = (
    "day", "month", "execution", "reconciliation", "nav-bridge 2005", "performance", "realised", "trades", "strategies",
    "tax 2005",
)  # fmt: skip


@pytest.mark.parametrize("words", REPORTS)
def test_every_report_is_a_page_that_needs_nothing_else(home: Path, words: str, tmp_path: Path) -> None:
    out = tmp_path / "report.html"

    printed = command("report", *words.split(), "--format", "html", home=home)
    written = command("report", *words.split(), "--out", str(out), home=home)

    assert (printed.returncode, written.returncode, written.stdout) == (0, 0, f"written: {out}\n")
    page = out.read_text(encoding="utf-8")
    assert page == printed.stdout
    assert page.startswith("<!DOCTYPE html>")
    assert [word for word in ("<script", "http:", "https:", "src=", " style=") if word in page] == []


@pytest.mark.parametrize(("words", "ending"), [("month", "json"), ("nav-bridge 2005", "json"), ("performance", "csv")])
def test_the_ending_of_a_file_says_the_form_and_an_option_says_it_better(
    home: Path, words: str, ending: str, tmp_path: Path
) -> None:
    out, other = tmp_path / f"report.{ending}", tmp_path / "report.txt"
    command("report", *words.split(), "--out", str(out), home=home)
    command("report", *words.split(), "--out", str(other), "--format", ending, home=home)

    assert out.read_text(encoding="utf-8") == other.read_text(encoding="utf-8")
    assert out.read_text(encoding="utf-8") == command("report", *words.split(), "--format", ending, home=home).stdout


def test_a_file_that_cannot_be_written_is_told_in_one_line(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = command("report", "day", "--out", str(tmp_path / "file" / "report.html"), home=home)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_a_benchmark_without_kept_bars_is_read_from_the_folder_of_bars(tmp_path: Path) -> None:
    folder = '\n[sources]\nfolder = "bars"\n\n[benchmark]\nticker = "SPY"\n'
    write_settings(tmp_path, SETTINGS + folder + SIMULATED)
    (tmp_path / "bars").mkdir()
    (tmp_path / "bars" / "SPY.csv").write_text(
        "date,open,high,low,close,volume,adj close\n"
        "2005-02-28,100,100,100,100,1000,50\n2005-03-01,110,110,110,110,1000,55\n2005-03-02,99,99,99,99,1000,49.5\n",
        encoding="utf-8",
    )
    home = closed(two_sessions(tmp_path))

    told = json.loads(command("report", "month", "--format", "json", home=home).stdout)["benchmark"]

    assert (told["ticker"], told["returned"], told["with_dividends"]) == ("SPY", "-0.01", True)
    assert told["values"] == {"2005-03-01": "110000", "2005-03-02": "99000"}


def test_a_benchmark_that_nobody_knows_is_left_out(tmp_path: Path) -> None:
    write_settings(tmp_path, SETTINGS + '\n[benchmark]\nticker = "SPY"\n' + SIMULATED)
    home = closed(two_sessions(tmp_path))

    done = command("report", "month", "--format", "json", home=home)

    assert (done.returncode, json.loads(done.stdout)["benchmark"]) == (0, None)


def test_a_folder_is_no_file_to_write_to(home: Path, tmp_path: Path) -> None:
    done = command("report", "day", "--out", str(tmp_path), home=home)

    assert done.returncode == 2
    assert "expected the name of a file, found a folder" in done.stderr
    assert list(tmp_path.iterdir()) == []
