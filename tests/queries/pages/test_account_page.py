from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import Book
from ledger.checkpoints import book_of, rebuild
from ledger.events import BreakClosed, BreakFound, StepFailed, TradingVetoed
from ledger.log import read_events
from queries import UnknownDay
from queries.pages.account import account_page
from queries.pages.benchmark import Closes
from queries.pages.found import find
from queries.pages.positions import unassigned
from queries.pages.profits import together
from queries.sections import Report, Section, body, rendered
from queries.strategies import Strategies
from tests.queries.history import TUESDAY, WEDNESDAY, closed, new_world, two_sessions

D = Decimal
HOSTILE = "<script>alert('AAPL & co')</script>"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return closed(two_sessions(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="module")
def page(home: Path) -> Report:
    """Both days, beside a benchmark that rose by a tenth and by nothing."""
    closes = Closes("SPY", {date(2005, 2, 28): D(100), TUESDAY: D(110), WEDNESDAY: D(110)})
    return account_page(home, TUESDAY, WEDNESDAY, ticker="SPY", closes_of=lambda _ticker, _first: closes)


def section(page: Report, heading: str) -> Section:
    return next(each for each in page.sections if each.heading == heading)


def test_days_begin_with_nav_what_was_made_and_whether_all_is_well(page: Report) -> None:
    assert page.title == "DU1000001 paper · 1 to 2 March 2005 · times are New York's"
    assert page.verdict == "NAV 100,080.67 USD · +80.67 (+0.08 %)"
    assert (page.remarks, page.exit_status) == (("Book = broker at the end, and all of it is explained.",), 0)
    figures = {figure.label: (figure.words, figure.beside) for figure in page.sections[0].figures}
    assert figures["made"] == ("+80.67", "+0.08 %")
    assert figures["SPY"] == ("+10.00 %", "with dividends")
    assert figures["slippage USD"] == ("+0.33", "+0.4 bp, unknown of 1; + is worse")  # that of the trade by hand
    assert figures["commissions"] == ("-3.00 USD", "")
    assert figures["cycles finished"] == ("7 of 8", "")


def test_each_day_has_its_line(page: Report) -> None:
    told = section(page, "Day by day")

    assert told.head == ("day", "NAV USD", "made", "", "SPY", "leverage", "cycles", "filled", "")
    assert told.rows == (
        ("Tue 1 Mar", "100,065.67", "+65.67", "+0.07 %", "+10.00 %", "0.14", "●●◐●●", "1/1", "B-1"),
        ("Wed 2 Mar", "100,080.67", "+15.00", "+0.01 %", "+0.00 %", "0.14", "✗●", "0/0", ""),
    )


def test_positions_stand_beside_their_targets(page: Report) -> None:
    assert section(page, "Positions and targets at the end").rows == (
        ("IBM", "150", "93.30", "13,995.00", "14.0 %", "17.0 %", "-3.02 %", "+83.67", "USD"),
        ("cash", "", "", "86,085.67", "86.0 %", "", "", "", "USD"),
    )


def test_what_each_contract_made_adds_up(page: Report) -> None:
    told = section(page, "By contract")

    assert told.head == ("contract", "units before", "after", "value", "made, USD", "of NAV")
    assert told.rows == (("IBM", "0", "150", "13,995.00", "+80.67", "+0.08 %"),)
    assert told.after[0].startswith("Together +80.67 USD, ")
    assert "+0.00 of no contract" in told.after[0]


def test_what_went_wrong_and_what_differed_is_told_with_its_line_of_the_log(page: Report) -> None:
    wrong, breaks = section(page, "Not as planned"), section(page, "Breaks")

    assert wrong.labelled == (("Wed 2 Mar 09:35", "cycle failed · cycle-killed: killed"),)
    ended = "Tue 1 Mar 13:10, somebody accepted it: my own trade, forgot"
    assert breaks.labelled == (("B-1", f"Tue 1 Mar 11:35, foreign trade IBM · IBM was locked · {ended}"),)
    assert all(seq is not None for seq in (*wrong.seqs, *breaks.seqs))


def test_a_day_is_told_in_its_own_words(home: Path) -> None:
    page = account_page(home, WEDNESDAY, WEDNESDAY)

    assert page.title == "DU1000001 paper · Wed 2 Mar 2005 · times are New York's"
    assert page.verdict == "NAV 100,080.67 USD · +15.00 (+0.01 %)"
    assert section(page, "The day").labelled == (
        ("open", "100,065.67   IBM 150  cash 86,085.67"),
        ("09:35", "FAILED cycle-killed: killed"),
        ("09:40", "attempt 2 · agrees · do nothing ×2 (drift below 1 %)"),
        ("bridge", "unrealised +15.00 = +15.00   residual 0.00"),
        ("close", "100,080.67   IBM 150  cash 86,085.67"),
    )
    assert [each.heading for each in page.sections if each.heading == "Day by day"] == []


def test_what_contracts_made_and_what_is_of_none_is_what_nav_gained(home: Path) -> None:
    for first, last, made in ((TUESDAY, TUESDAY, "65.67"), (WEDNESDAY, WEDNESDAY, "15"), (TUESDAY, WEDNESDAY, "80.67")):
        found = find(home, first, last)

        assert [each.in_base for each in together(found.profits, lambda each: each.con_id)] == [D(made)]
        assert unassigned(found, found.profits) == 0


def test_programs_are_told_the_same_to_the_last_digit(page: Report) -> None:
    told = json.loads(rendered(page, "json"))

    assert (told["nav"], told["bridge"]["gain"], told["bridge"]["residual"]) == ("100080.67", "80.67", "0")
    assert told["bridge"]["unrealised"] == "83.67"
    assert [(day["day"], day["closing"]) for day in told["days"]] == [
        ("2005-03-01", "100065.67"), ("2005-03-02", "100080.67"),
    ]  # fmt: skip
    assert told["benchmark"]["values"] == {"2005-03-01": "110000", "2005-03-02": "110000"}
    assert [(each["symbol"], each["made_in_base"]) for each in told["profits"]] == [("IBM", "80.67")]
    assert [cycle["failed"] for cycle in told["cycles"] if cycle["failed"]] == ["cycle-killed: killed"]


def test_a_text_tells_each_figure_in_a_line_and_pictures_in_a_few_characters(page: Report) -> None:
    lines = rendered(page, "text").splitlines()

    assert " made                     +80.67  +0.08 %" in lines
    assert " NAV USD  ▁▇█" in lines
    assert max(map(len, lines)) <= 100


def test_a_page_needs_nothing_else_and_leads_nowhere(page: Report) -> None:
    html = rendered(page, "html")

    assert re.findall(r"<script|https?:|src=|@import|url\(| style=|<a ", html) == []
    assert html.count("<svg") == 3  # NAV, leverage, who made what; nothing fell
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_a_part_of_a_page_leads_to_the_lines_of_the_log(page: Report) -> None:
    inside = body(page, link="/event/")

    seqs = [int(seq) for seq in re.findall(r'<a href="/event/(\d+)">', inside)]
    assert "<html" not in inside
    assert section(page, "Breaks").seqs[0] in seqs


def test_words_of_others_are_text(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    world.observe("92.5")
    world.agree()
    world.record(StepFailed(step="ingest", reason=HOSTILE), TradingVetoed(reasons=(HOSTILE,)))
    world.do_nothing()
    world.finish()

    html = rendered(account_page(closed(world), TUESDAY, TUESDAY), "html")

    assert "<script" not in html
    assert html.count("&lt;script&gt;alert(&#39;AAPL &amp; co&#39;)&lt;/script&gt;") >= 2


def test_a_break_that_is_open_still_is_bad_news(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    world.observe("92.5")
    world.record(BreakFound(break_id="B-1", kind="cash", subject="USD", consequence="reduce_only", currency="USD"))
    world.agree()
    world.finish()

    page = account_page(closed(world), TUESDAY, TUESDAY)

    assert page.exit_status == 1
    assert page.remarks == ("BOOK ≠ BROKER at the end: B-1 open",)


def test_a_day_of_which_nothing_is_known_is_refused(home: Path) -> None:
    with pytest.raises(UnknownDay, match="2005-03-05: expected a trading day with a finished cycle, found none"):
        account_page(home, date(2005, 3, 5), date(2005, 3, 5))


def test_days_are_told_alike_from_a_checkpoint_and_from_the_log(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    for number in range(3, 10):
        day = date(2005, 3, number)
        world.quiet_cycle(day, "09:35", f"9{number}.25")
        world.quiet_cycle(day, "16:35", f"9{number}.5", kind="close")
    home = closed(world)
    last = date(2005, 3, 9)
    whole = account_page(home, last, last)
    assert rebuild(home) > 0

    shortened = account_page(home, last, last)

    assert shortened.plain == whole.plain
    assert shortened.plain["bridge"]["gain"] == "150"
    assert replace(shortened, sections=()) == replace(whole, sections=())


def test_what_is_held_at_the_end_is_what_the_whole_log_says(home: Path) -> None:
    found, strategies = find(home, WEDNESDAY, WEDNESDAY), Strategies(Book())
    for event in read_events(home):
        strategies.take(event)

    assert [(each.con_id, each.units, each.value) for each in strategies.parts()] == [
        (each.con_id, each.after, each.value) for each in found.profits
    ]


def test_breaks_that_the_book_has_forgotten_are_told(tmp_path: Path) -> None:
    """Two months later the book keeps no closed break; the page of its days does."""
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    world.observe("92.5")
    world.record(
        BreakFound(break_id="B-1", kind="cash", subject="USD", consequence="note", currency="USD"),
        BreakClosed(break_id="B-1", reason="both sides match again"),
    )
    world.agree()
    world.finish()
    for number in range(70):
        world.quiet_cycle(WEDNESDAY + timedelta(days=number), "09:35", "93")
    home = closed(world)

    page = account_page(home, TUESDAY, WEDNESDAY + timedelta(days=69))

    assert [name for name, _ in section(page, "Breaks").labelled] == ["B-1"]
    assert book_of(home).breaks == {}
    months = section(page, "Month by month")  # too many days for a line each
    assert [row[0] for row in months.rows] == ["Mar 2005", "Apr 2005", "May 2005"]
    assert months.rows[0] == ("Mar 2005", "100,000.00", "+0.00", "+0.00 %", "0.00", "31/31", "0/0", "1 break")
