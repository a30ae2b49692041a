from __future__ import annotations

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

pytest.importorskip("starlette", reason="tallybook serve needs the extra `serve`")

from ledger.events import BreakFound, CycleFinished, StepFailed, TradingHalted
from queries.canned import canned
from queries.fence import quoted
from tests.queries.history import TUESDAY, WEDNESDAY, World, contract, two_sessions
from tests.trader.dashboard.browsing import Seen, ask
from tests.trader.homes import SETTINGS, SIMULATED, command, write_settings
from trader.audit import audit_day
from trader.commands.dashboard.reports import REPORTS
from trader.commands.dashboard.site import application

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"
ANSWERS = re.compile(r"</dt><dd>(.*?)</dd>", re.DOTALL)
ADDRESSES = (
    "/", "/days", "/days?year=2005", "/day/2005-03-01", "/day/2005-03-02", "/event/0", "/event/7", "/reconciliation",
    "/reconciliation/2005-03-01", "/reports", *(f"/reports/{kind.name}" for kind in REPORTS),
    "/reports/month?days=2005-03-01..2005-03-02",
    "/trail/con_id/8314", "/trail/break_id/B-1", "/minute/2005-03-01/13:10", "/sql",
    *(f"/ask/{question.name}" for question in canned()[:2]),  # tests/queries asks them all
    "/sql?q=SELECT+symbol,+quantity+FROM+fills", "/sql.csv?q=SELECT+1+AS+one",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two sessions; the writer stays at work, and holds the lock, while the site is asked."""
    home = tmp_path_factory.mktemp("served") / "home"
    write_settings(home, SETTINGS + SIMULATED)
    world = two_sessions(home)
    yield world
    world.ledger.close()


@pytest.fixture(scope="module")
def site(world: World) -> ASGIApp:
    return application(world.home)


def question(statement: str, kind: str = "") -> str:
    return f"/sql{kind}?{urlencode({'q': statement})}"


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_is_shown_while_a_cycle_holds_the_log(site: ASGIApp, address: str) -> None:
    seen = ask(site, address)

    assert seen.status == 200, seen.text
    assert seen.headers["cache-control"] == "no-store"


def test_the_first_page_says_what_the_status_says_and_leads_to_the_lines_behind_it(site: ASGIApp) -> None:
    seen = ask(site, "/")

    assert "MOVED OR COPIED" in seen.text  # nobody stamped its place
    assert "100,080.67" in seen.text  # NAV of the last snapshot
    snapshots = json.loads(ask(site, question("SELECT max(seq) AS seq FROM snapshot_taken", ".json")).text)
    assert f"/event/{snapshots[0]['seq']}" in seen.links
    assert {"/trail/con_id/8314", "/day/2005-03-02"} <= seen.links


def test_every_link_of_every_page_leads_somewhere(site: ASGIApp) -> None:
    waiting, followed = ["/", "/days", "/reports", "/day/2005-03-01", "/event/7", "/sql?q=FROM+fills"], set[str]()
    while waiting:
        address = waiting.pop()
        kind = address.split("?")[0].split("/")[1]  # some of each: four events stand for all
        if address in followed or (kind and sum(other.startswith(f"/{kind}") for other in followed) >= 4):
            continue
        followed.add(address)
        seen = ask(site, address)
        assert seen.status == 200, address
        waiting += sorted(seen.links)
    assert {f"/{address.split('/')[1].split('?')[0]}" for address in followed} >= {"/cycle", "/event", "/trail", "/sql"}


def story_of(seen: Seen) -> list[str]:
    inside = seen.text.partition('<dl class="story">')[2].partition("</dl>")[0]
    return [" ".join(unescape(line).split()) for line in ANSWERS.findall(inside)]


def test_a_day_is_told_as_the_audit_tells_it_each_line_leading_to_its_cycle_or_minute(
    site: ASGIApp, world: World
) -> None:
    decided = audit_day(world.home, TUESDAY, "America/New_York")

    at_once, again = ask(site, "/day/2005-03-01"), ask(site, "/day/2005-03-01/again")

    lines = [" ".join(line.split()[1:]) for line in decided.lines]
    assert story_of(at_once) == [line for line in lines if "residual" not in line]  # the bridge takes the book
    assert story_of(again) == lines
    assert {each.again for each in decided.divergences} <= set(ANSWERS.findall(unescape(again.text)))
    assert {"/day/2005-03-01/again", "/minute/2005-03-01/13:10"} <= at_once.links
    cycles = json.loads(ask(site, question("SELECT seq FROM cycle_started ORDER BY seq", ".json")).text)
    assert f"/cycle/{cycles[0]['seq']}" in at_once.links & again.links
    assert "BUY 100 IBM" in ask(site, f"/cycle/{cycles[0]['seq']}").text


def test_a_cycle_tells_why_it_ordered_a_contract(site: ASGIApp, world: World) -> None:
    cycles = json.loads(ask(site, question("SELECT seq FROM cycle_started ORDER BY seq", ".json")).text)

    seen = ask(site, f"/cycle/{cycles[0]['seq']}?why=8314")

    printed = command("audit", "2005-03-01", "--why", "IBM", "--cycle", "09:35", home=world.home).stdout
    assert "held 0, wanted 100" in printed
    said = [unescape(words) for words in ANSWERS.findall(seen.text)]
    assert said
    assert all(words in printed for words in said)


def test_a_report_is_the_page_of_the_command_its_figures_leading_to_their_lines(site: ASGIApp, world: World) -> None:
    printed = command("report", "month", "2005-03", "--format", "html", home=world.home).stdout

    seen = ask(site, "/reports/month?days=2005-03")

    figures = re.findall(r"<td[^>]*>([^<]+)</td>", printed)
    assert "100,080.67" in printed
    assert all(f">{figure}<" in seen.text for figure in figures)
    assert any(place.startswith("/event/") for place in seen.links)


def test_an_event_is_shown_as_it_stands_on_disk_with_its_neighbours(site: ASGIApp, world: World) -> None:
    raw = (world.home / "var" / "events" / "2005-03-01.jsonl").read_text(encoding="utf-8").splitlines()[5]
    line = json.loads(raw)

    seen = ask(site, "/event/5")

    assert line["hash"] in seen.text
    assert "its hash fits its bytes" in seen.text
    assert {"/event/4", "/event/6"} <= seen.links


@pytest.mark.parametrize(
    ("address", "status"),
    [
        pytest.param("/event/999999", 404, id="a line that is not there yet"),
        pytest.param("/event/one", 404, id="no number"),
        pytest.param("/cycle/0", 404, id="no cycle"),
        pytest.param("/day/2004-01-01", 404, id="a day of which nothing is known"),
        pytest.param("/day/yesterday", 404, id="no day"),
        pytest.param("/reports/nonsense", 404, id="a report that nobody makes"),
        pytest.param("/reports/tax?days=<b>", 404, id="no range of days"),
        pytest.param("/reports/day?days=2005", 404, id="many days, of a report of one"),
        pytest.param("/reports/month?days=1999-01", 404, id="days before the first"),
        pytest.param("/ask/nonsense", 404, id="a question that nobody wrote"),
        pytest.param("/trail/hash/x", 404, id="a name that nothing follows"),
        pytest.param("/trail/order_ref/x'%20OR%20'1'='1", 404, id="an order that is a piece of SQL"),
        pytest.param("/../../etc/passwd", 404, id="a file"),
        pytest.param(question("SELECT nonsense"), 400, id="a question with a mistake"),
        pytest.param(question("DROP TABLE cash_observed"), 400, id="an order to the tables"),
        pytest.param(question("SELECT 1; SELECT 2"), 400, id="two questions"),
        pytest.param(question("COPY (SELECT 1) TO '/tmp/x'"), 400, id="a file to write"),
        pytest.param(question("SELECT 1) TO '/tmp/x' --"), 400, id="an end of our own question"),
        pytest.param(question("FROM read_csv('/etc/passwd')"), 400, id="a file of the machine"),
        pytest.param(question("DROP TABLE cash_observed", ".csv"), 400, id="an order, for a file"),
    ],
)
def test_what_cannot_be_shown_is_said(site: ASGIApp, address: str, status: int) -> None:
    seen = ask(site, address)

    assert seen.status == status
    assert 'class="error"' in seen.text
    assert "root:" not in seen.text


def test_an_answer_in_sql_is_exact_leads_to_its_lines_and_is_drawn(site: ASGIApp) -> None:
    seen = ask(site, question("SELECT seq, symbol, quantity, price FROM fills ORDER BY seq"))

    assert "92.0133" in seen.text
    assert any(place.startswith("/event/") for place in seen.links)
    assert 'class="plot"' in ask(site, question("SELECT session_day, nav FROM nav")).text
    assert ask(site, question("SELECT DECIMAL '0.10' AS tenth", ".csv")).text == "tenth\n0.1\n"


def test_every_question_that_comes_with_tallybook_is_in_the_list_and_tells_its_sql(site: ASGIApp) -> None:
    listed = ask(site, "/sql").links

    assert {f"/ask/{question.name}" for question in canned()} <= listed


def test_a_question_is_told_its_parameters_and_can_be_changed_as_sql(site: ASGIApp) -> None:
    told = next(question for question in canned() if any(each.name == "day" for each in question.parameters))

    seen = ask(site, f"/ask/{told.name}?day=2005-03-01")

    assert seen.status == 200
    assert 'value="2005-03-01"' in seen.text
    assert "&#39;2005-03-01&#39;" in seen.text  # in its SQL
    (place,) = (place for place in seen.links if place.startswith("/sql?"))
    assert ask(site, place).status == 200
    hostile = ask(site, f"/ask/{told.name}?day='%20OR%20<b>")
    assert hostile.status == 400
    assert "<b>" not in hostile.text
    assert ask(site, f"/ask/{told.name}?week=1").status == 400


def test_a_long_answer_is_cut_on_the_page_alone(site: ASGIApp) -> None:
    seen, file = (ask(site, question("SELECT range AS n FROM range(3000)", kind)) for kind in ("", ".csv"))

    assert "1000 rows, the first of more" in seen.text
    assert len(file.text.splitlines()) == 3001


def test_nothing_writes(world: World) -> None:
    def tree() -> dict[str, str]:
        files = (path for path in sorted(world.home.rglob("*")) if path.is_file())
        return {f"{path} {path.stat().st_mtime_ns}": sha256(path.read_bytes()).hexdigest() for path in files}

    before = tree()
    site = application(world.home)  # one that has read nothing yet
    for address in (*ADDRESSES, question("DROP TABLE cash_observed")):
        ask(site, address)

    assert tree() == before


def test_a_page_is_of_the_newest_line_and_the_version_tells_that_there_is_one(tmp_path: Path) -> None:
    world = two_sessions(tmp_path / "home")
    site = application(world.home)
    versions = [ask(site, "/version").text, ask(site, "/version").text]
    earlier = ask(site, "/")

    world.quiet_cycle(WEDNESDAY, "10:35", "94")

    assert versions[0] == versions[1] != ask(site, "/version").text
    assert "2005-03-02/1035" not in earlier.text
    assert "2005-03-02/1035" in ask(site, "/").text
    assert 'data-follows="yes"' in earlier.text  # the script asks again
    world.ledger.close()


def test_hostile_contents_are_text_on_every_page(tmp_path: Path) -> None:
    world = two_sessions(tmp_path / "home")
    world.begin(WEDNESDAY, "10:35")
    world.record(
        contract(8314).model_copy(update={"symbol": HOSTILE}),
        StepFailed(step="forecast", reason=HOSTILE),
        BreakFound(break_id="B-2", kind="cash", subject=HOSTILE, consequence="lock"),
    )
    world.finish()
    end = world.ledger.book.seq
    site = application(world.home)

    for address in (
        "/", "/day/2005-03-02", "/reconciliation/2005-03-02", "/trail/con_id/8314", "/trail/break_id/B-2",
        *(f"/event/{seq}" for seq in range(end - 6, end)), f"/cycle/{world.ledger.book.cycle.seq}",  # type: ignore[union-attr]
        question("SELECT symbol, 2 AS n FROM contract_defined ORDER BY seq"),
        question(f"SELECT {quoted(HOSTILE)} AS x"),
        f"/{HOSTILE}", "/day/2005-03-02/again", "/reports/day?days=2005-03-02", "/reports/month?days=2005-03",
        "/reports/trades?days=2005-03", "/reports/realised", "/ask/held", f"/ask/held?day={HOSTILE}",
        f"/cycle/{world.ledger.book.cycle.seq}?why=8314",  # type: ignore[union-attr]
        question(f"SELECT name AS x, n FROM (VALUES ({quoted(HOSTILE)}, 1), ('b', 2)) AS t(name, n)"),  # drawn
    ):  # fmt: skip
        seen = ask(site, address)
        assert "<img" not in seen.text, address
        assert seen.text.count("<script>") == 1, address  # ours
    assert "&lt;img" in ask(site, "/").text
    assert "&lt;img" in ask(site, question(f"SELECT {quoted(HOSTILE)} AS x")).text
    world.ledger.close()


def test_a_halt_is_the_first_thing_that_is_said_with_the_line_behind_it(tmp_path: Path) -> None:
    write_settings(tmp_path / "home", SETTINGS + SIMULATED)
    world = two_sessions(tmp_path / "home")
    world.record(TradingHalted(reason="I am on holiday"))

    seen = ask(application(world.home), "/")

    assert "HALTED" in seen.text.partition("<main")[2].partition("NAV")[0]
    assert "I am on holiday" in seen.text
    assert f"/event/{world.ledger.book.seq}" in seen.links
    world.ledger.close()


def test_a_divergence_is_told_with_both_values(tmp_path: Path) -> None:
    world = two_sessions(tmp_path / "home")
    world.begin(WEDNESDAY, "10:35")
    world.record(CycleFinished(slot=f"{WEDNESDAY}/1035", book_hash=f"1:{'0' * 64}"))
    site = application(world.home)

    seen = ask(site, f"/day/{WEDNESDAY}/again")

    assert "DIFFERS UNDER ANOTHER ENVIRONMENT" in seen.text  # another version of the code had recorded it
    assert f"1:{'0' * 64}" in seen.text
    assert f"/event/{world.ledger.book.seq}" in seen.links
    world.ledger.close()


def test_settings_that_cannot_be_used_are_said_on_the_page(tmp_path: Path) -> None:
    world = two_sessions(tmp_path / "home")
    write_settings(world.home, "account = nonsense")

    seen = ask(application(world.home), "/")

    assert seen.status == 200
    assert "SETTINGS WRONG" in seen.text
    world.ledger.close()


def test_a_log_that_cannot_be_read_is_said_on_every_page(tmp_path: Path) -> None:
    world = two_sessions(tmp_path / "home")
    (file, *_) = sorted((world.home / "var" / "events").glob("*.jsonl"))
    file.chmod(0o600)
    file.write_bytes(file.read_bytes().replace(b'"net_liquidation"', b'"net_liquidatiom"', 1))

    seen = [ask(application(world.home), address) for address in ("/", "/days", "/day/2005-03-01")]

    assert {each.status for each in seen} == {500}
    assert all("log-damaged: 2005-03-01.jsonl" in each.text and "CANNOT BE READ" in each.text for each in seen)
    world.ledger.close()
