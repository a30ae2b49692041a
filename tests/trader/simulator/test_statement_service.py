"""The statement service over HTTP: both steps, what it refuses, and how it fails when told to."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, ParseError, fromstring

import pytest

from ledger.clock import SimulatedClock
from tests.trader.simulator.gateway_world import MONDAY, TUESDAY, at, running
from trader.settings import Flex
from trader.simulator.control import ControlError
from trader.simulator.simulator import Simulator
from trader.simulator.terms import Terms
from trader.sources.flex import fetch

TERMS = Terms(statements=True)


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    with running(tmp_path, start=at("09:35", MONDAY), terms=TERMS) as simulator:
        simulator.control.advance(at("21:00", TUESDAY))
        yield simulator


def asked(simulator: Simulator, step: str, query: str, token: str = "simulated", version: str = "3") -> bytes:
    url = simulator.control.statements()["url"]
    with urllib.request.urlopen(
        f"{url}/{step}?{urlencode({'t': token, 'q': query, 'v': version})}", timeout=10
    ) as answer:
        return bytes(answer.read())


def said(answer: bytes) -> tuple[str | None, str | None]:
    root = fromstring(answer)
    return root.findtext("Status"), root.findtext("ErrorCode")


def reference(simulator: Simulator, query: str = "1") -> str:
    return fromstring(asked(simulator, "SendRequest", query)).findtext("ReferenceCode", "")


def statement(simulator: Simulator, query: str = "1") -> Element:
    found = fromstring(asked(simulator, "GetStatement", reference(simulator, query))).find(".//FlexStatement")
    assert found is not None
    return found


def days(found: Element) -> tuple[str, str]:
    return found.attrib["fromDate"], found.attrib["toDate"]


def test_two_steps_lead_to_the_statement_of_the_last_day_closed(simulator: Simulator) -> None:
    first = fromstring(asked(simulator, "SendRequest", "123456"))

    assert (first.tag, first.findtext("Status")) == ("FlexStatementResponse", "Success")
    assert first.findtext("Url") == f"{simulator.control.statements()['url']}/GetStatement"
    assert days(statement(simulator)) == ("20050301", "20050301")


def test_the_control_port_tells_where_it_is_and_what_there_is(simulator: Simulator) -> None:
    told = simulator.control.statements()

    assert told == {
        "port": simulator.statement_port,
        "url": f"http://127.0.0.1:{simulator.statement_port}/FlexWebService",
        "token": "simulated",
        "days": ["2005-02-28", "2005-03-01"],
        "served": [None, None],
    }


def test_another_day_or_a_period_is_served_when_told_to(simulator: Simulator) -> None:
    simulator.control.serve_statement(MONDAY)
    monday = days(statement(simulator))
    simulator.control.serve_statement(TUESDAY, MONDAY)
    both = days(statement(simulator))
    simulator.control.serve_statement()

    assert (monday, both) == (("20050228", "20050228"), ("20050228", "20050301"))
    assert days(statement(simulator)) == ("20050301", "20050301")


def test_a_query_number_that_is_a_day_gives_that_day(simulator: Simulator) -> None:
    assert days(statement(simulator, "20050228")) == ("20050228", "20050228")
    assert days(statement(simulator, "2005022820050301")) == ("20050228", "20050301")
    assert said(asked(simulator, "SendRequest", "20040101")) == ("Fail", "1003")


def test_a_day_that_is_not_closed_is_refused(simulator: Simulator) -> None:
    with pytest.raises(ControlError, match="expected a day that is closed"):
        simulator.control.serve_statement(date(2005, 3, 2))
    with pytest.raises(ControlError, match="first_day needs a day"):
        simulator.control.serve_statement(None, MONDAY)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        pytest.param({"step": "SendRequest", "query": "1", "token": "wrong"}, "1015", id="another token"),
        pytest.param({"step": "GetStatement", "query": "1", "token": ""}, "1015", id="no token"),
        pytest.param({"step": "SendRequest", "query": "1", "version": "2"}, "1020", id="another version"),
        pytest.param({"step": "SendRequest", "query": "my query"}, "1014", id="no query number"),
        pytest.param({"step": "GetStatement", "query": "77"}, "1017", id="an unknown reference"),
    ],
)
def test_what_it_does_not_know_is_refused(simulator: Simulator, request_: dict[str, str], code: str) -> None:
    assert said(asked(simulator, **request_)) == ("Fail", code)


@pytest.mark.parametrize(
    ("kind", "code"), [("bad-token", "1015"), ("expired", "1012"), ("no-statement", "1003")], ids=str
)
def test_the_first_step_fails_when_told_to(simulator: Simulator, kind: str, code: str) -> None:
    simulator.control.statement_fault(kind, 1)

    assert said(asked(simulator, "SendRequest", "1")) == ("Fail", code)
    assert said(asked(simulator, "SendRequest", "1")) == ("Success", None)


def test_the_statement_is_not_ready_as_often_as_told(simulator: Simulator) -> None:
    simulator.control.statement_fault("try-again", 2)
    code = reference(simulator)

    assert [said(asked(simulator, "GetStatement", code)) for _ in range(2)] == [("Warn", "1019")] * 2
    assert fromstring(asked(simulator, "GetStatement", code)).tag == "FlexQueryResponse"


def test_a_statement_may_be_truncated_or_cut_off(simulator: Simulator) -> None:
    code = reference(simulator)
    simulator.control.statement_fault("truncated", 1)
    with pytest.raises(ParseError):
        fromstring(asked(simulator, "GetStatement", code))

    simulator.control.statement_fault("cut-off", 1)
    with pytest.raises(http.client.IncompleteRead):
        asked(simulator, "GetStatement", code)


def test_what_answers_may_be_no_service_at_all(simulator: Simulator) -> None:
    simulator.control.statement_fault("garbage", 1)
    with pytest.raises(ParseError):
        fromstring(asked(simulator, "SendRequest", "1"))

    simulator.control.statement_fault("unavailable", 1)
    with pytest.raises(urllib.error.HTTPError, match="503"):
        asked(simulator, "SendRequest", "1")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        asked(simulator, "Elsewhere", "1")


def test_a_slow_service_keeps_a_client_waiting_and_ends_with_the_simulator(simulator: Simulator) -> None:
    simulator.control.statement_fault("slow", 1, seconds=600)
    waiting = http.client.HTTPConnection("127.0.0.1", simulator.statement_port, timeout=0.2)
    waiting.request("GET", "/FlexWebService/SendRequest?t=simulated&q=1&v=3")

    with pytest.raises(TimeoutError):
        waiting.getresponse()
    waiting.close()


def test_clear_ends_the_faults(simulator: Simulator) -> None:
    simulator.control.statement_fault("expired")
    simulator.control.clear()

    assert said(asked(simulator, "SendRequest", "1")) == ("Success", None)


def test_only_slow_takes_seconds_and_only_known_faults_are_taken(simulator: Simulator) -> None:
    with pytest.raises(ControlError, match="seconds should be given with slow"):
        simulator.control.statement_fault("garbage", seconds=1)
    with pytest.raises(ControlError, match="seconds should be given with slow"):
        simulator.control.statement_fault("slow")
    with pytest.raises(ControlError, match="kind should be one of bad-token"):
        simulator.control.statement_fault("fire")


def test_without_the_term_there_is_no_service(tmp_path: Path) -> None:
    with running(tmp_path) as simulator:
        assert simulator.statement_port is None
        with pytest.raises(ControlError, match="serves no statements; start it with --statements"):
            simulator.control.statements()


def test_a_client_of_the_real_service_gets_its_statement_after_trying_again(simulator: Simulator) -> None:
    settings = Flex(query_id="4711", base_url=simulator.control.statements()["url"])
    simulator.control.statement_fault("try-again", 1)
    simulator.control.statement_fault("unavailable", 1)
    clock = SimulatedClock(lambda: datetime(2005, 3, 1, tzinfo=UTC), lambda _: None)

    found = fromstring(fetch(settings, "simulated", clock)).find(".//FlexStatement")

    assert found is not None
    assert days(found) == ("20050301", "20050301")
