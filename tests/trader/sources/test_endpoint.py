"""Bars of any server: read as described, in bounds, and refused where the answer is not what was described."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import stamina
from pydantic import ValidationError

from ledger.clock import SimulatedClock
from ledger.events import DataIngested, DistributionDeclared, SplitDeclared
from tests.trader.decisions import AAPL, IBM, contract, situation
from tests.trader.decisions import told as heard
from tests.trader.sources.replaying import Answer, Server, replaying, says, silent
from trader.bars import Bar
from trader.calendar import Calendar
from trader.ingest import BarRules, ingest
from trader.schedule import SettingsError
from trader.settings import settings_of
from trader.settings.fetching import HttpSource
from trader.settings.text import settings_lines
from trader.sources import EndpointBars, SourceError
from trader.sources.endpoint import ratio_of, secret_of
from trader.sources.pacing import Pacer

LAST = date(2005, 2, 28)
MOMENT = datetime(2005, 3, 1, 15, 35, tzinfo=UTC)
ONE = (contract(IBM),)
STOOQ = {
    "name": "stooq",
    "url": "https://stooq.com/q/d/l/?s={ticker}.us&i=d&d1={start}&d2={end}",
    "url_date_format": "%Y%m%d",
    "columns": {"date": "Date", "open": "Open", "high": "High", "low": "Low", "close": "Close", "volume": "Volume"},
}
STOOQ_ANSWER = """Date,Open,High,Low,Close,Volume
2005-02-25,92.0,93.0,91.5,92.80,5000000
2005-02-28,92.6,92.9,92.1,92.58,5100000
2005-03-01,92.6,93.9,92.1,93.30,1000
"""
BARS = (
    Bar(date(2005, 2, 25), Decimal("92.0"), Decimal("93.0"), Decimal("91.5"), Decimal("92.80"), Decimal(5000000)),
    Bar(LAST, Decimal("92.6"), Decimal("92.9"), Decimal("92.1"), Decimal("92.58"), Decimal(5100000)),
)


@pytest.fixture
def server() -> Iterator[Server]:
    with replaying() as known, stamina.set_testing(True, attempts=3, cap=True):  # asks again without a pause
        yield known


class Ticking:
    """A clock that moves only by being waited on."""

    def __init__(self) -> None:
        self.moment, self.slept = MOMENT, list[float]()

    def clock(self) -> SimulatedClock:
        return SimulatedClock(lambda: self.moment, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += timedelta(seconds=seconds)


def bars_of(server: Server, home: Path, *answers: Answer, days: Any = 300, **changes: object) -> EndpointBars:
    described = {**STOOQ, **changes}
    described["url"] = str(described["url"]).replace("https://stooq.com", server.address)
    server.answers = list(answers)
    return EndpointBars(HttpSource.model_validate(described), home, Ticking().clock(), days)


def test_csv_is_read_up_to_the_day_that_is_asked(server: Server, tmp_path: Path) -> None:
    source = bars_of(server, tmp_path, says(STOOQ_ANSWER), tickers={"IBM": "i b/m"}, days=2)

    assert source.fetch(ONE, LAST) == {IBM: BARS}
    assert server.asked == ["/q/d/l/?s=i%20b%2Fm.us&i=d&d1=20041120&d2=20050228"]


def test_what_was_fetched_is_kept_with_where_it_came_from(server: Server, tmp_path: Path) -> None:
    source = bars_of(server, tmp_path, says(STOOQ_ANSWER))

    [fact] = ingest(situation(), tmp_path, (source,), ONE, Calendar.load(), BarRules())

    assert isinstance(fact, DataIngested)
    assert (fact.source, fact.origin) == ("stooq", f"{server.address}/q/d/l/")  # no query: it may hold a secret
    assert fact.fetched_at == MOMENT


def test_a_series_of_single_values_becomes_bars_without_volume(server: Server, tmp_path: Path) -> None:
    fred = "observation_date,SP500\n2005-02-25,1211.37\n2005-02-26,.\n2005-02-28,1203.60\n"
    columns = {"date": "observation_date", "close": "SP500"}

    fetched = bars_of(server, tmp_path, says(fred), columns=columns, missing=".").fetch(ONE, LAST)

    assert [bar.close for bar in fetched[IBM]] == [Decimal("1211.37"), Decimal("1203.60")]
    assert {(bar.open == bar.high == bar.low == bar.close, bar.volume) for bar in fetched[IBM]} == {(True, Decimal(0))}


@pytest.mark.parametrize(
    ("answer", "changes"),
    [
        pytest.param(
            '{"chart": [{"prices": [{"d": "2005-02-28T00:00:00Z", "c": 92.58}]}]}',
            {"rows": "chart.0.prices", "columns": {"date": "d", "close": "c"}},
            id="objects",
        ),
        pytest.param(
            "[[1109548800, 92.58]]", {"columns": {"date": "0", "close": "1"}, "date_format": "epoch"}, id="lists"
        ),
        pytest.param(
            '{"t": [1109548800000], "c": [92.58]}',
            {"columns": {"date": "t", "close": "c"}, "date_format": "epoch_ms"},
            id="columns",
        ),
        pytest.param(
            '[{"d": "28.02.2005", "c": "92.58"}]',
            {"columns": {"date": "d", "close": "c"}, "date_format": "%d.%m.%Y"},
            id="another spelling of days",
        ),
    ],
)
def test_json_is_read_in_the_forms_that_it_comes_in(
    server: Server, tmp_path: Path, answer: str, changes: dict[str, object]
) -> None:
    [bar] = bars_of(server, tmp_path, says(answer), format="json", **changes).fetch(ONE, LAST)[IBM]

    assert (bar.day, bar.close) == (LAST, Decimal("92.58"))


def test_adjusted_prices_dividends_and_splits_are_told_apart_from_the_raw_ones(server: Server, tmp_path: Path) -> None:
    answer = "d,c,a,div,split\n2004-11-01,80,39,0,1\n2005-02-08,90.5,45,0.18,1.0\n2005-02-28,44.9,44.9,,2.0\n"
    columns = {"date": "d", "close": "c", "adjusted_close": "a", "dividend": "div", "split": "split"}
    source = bars_of(server, tmp_path, says(answer), columns=columns, days=2)

    fetched = source.fetch(ONE, LAST)

    assert [(bar.close, bar.adjusted_close) for bar in fetched[IBM]] == [
        (Decimal("90.5"), Decimal(45)),
        (Decimal("44.9"), Decimal("44.9")),
    ]
    assert source.announcements(ONE) == (
        DistributionDeclared(
            con_id=IBM, ex_date=date(2005, 2, 8), amount=Decimal("0.18"), currency="USD", source="stooq"
        ),
        SplitDeclared(con_id=IBM, ex_date=LAST, numerator=2, denominator=1, source="stooq"),
    )
    assert source.announcements((contract(AAPL),)) == ()


@pytest.mark.parametrize(
    ("told", "ratio"),
    [("", "1"), ("0", "1"), ("1.0", "1"), ("7", "7"), ("3:2", "3/2"), ("1/15", "1/15"), ("0.0667", "1/15"),
     ("0.15", "3/20"), ("1.5", "3/2"), ("0.3333", "1/3"), ("1.025", "41/40")],
)  # fmt: skip
def test_a_ratio_is_the_simplest_that_was_meant(told: str, ratio: str) -> None:
    assert ratio_of(told) == Fraction(ratio)


@pytest.mark.parametrize("told", ["-2", "two", "2:0", "NaN", "1:2:3"])
def test_what_is_no_ratio_is_refused(told: str) -> None:
    with pytest.raises(ValueError, match="expected a split's ratio"):
        ratio_of(told)


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        pytest.param([says("<!DOCTYPE html><html>blocked")], "expected CSV, found a page of HTML", id="HTML"),
        pytest.param([says("")], "expected bars up to 2005-02-28, found none", id="empty"),
        pytest.param([says("Date,Open,High,Low,Close,Volume\n")], "found none", id="header alone"),
        pytest.param([says("Exceeded the daily hits limit")], "expected bars up to 2005-02-28", id="a sentence"),
        pytest.param([says("Date,Price\n2005-02-28,1\n")], "expected a column 'Open', found Date, Price", id="columns"),
        pytest.param([says(STOOQ_ANSWER + "2005-03-02,1\n")], "row 5: expected 6 columns, found 2", id="half a row"),
        pytest.param([says(STOOQ_ANSWER.replace("92.80", "n/a"))], "column Close: expected a number", id="a word"),
        pytest.param([says(STOOQ_ANSWER.replace("2005-02-25", "02/25/05"))], "expected a day as %Y-%m-%d", id="date"),
        pytest.param([says("", status=404)], "found HTTP status 404", id="unknown there"),
        pytest.param([says("", status=500)] * 3, "found HTTP status 500, 3 times", id="broken"),
        pytest.param([says("", status=429, Retry_After="3600")], "found HTTP status 429", id="come back in an hour"),
        pytest.param([says(STOOQ_ANSWER, length=9000)] * 3, "found a broken answer|of 9000 bytes", id="cut off"),
        pytest.param([silent] * 3, "found a broken answer|no connection", id="late"),
        pytest.param(
            [says("", status=302, Location="https://else.example/a")], "redirection to https://else", id="led away"
        ),
    ],
)  # fmt: skip
def test_an_answer_that_is_not_as_described_is_refused(
    server: Server, tmp_path: Path, answers: list[Answer], found: str
) -> None:
    source = bars_of(server, tmp_path, *answers)
    patient = source.settings.model_copy(update={"timeout_seconds": 0.2})  # a test need not wait for whole seconds

    with pytest.raises(SourceError, match=f"source stooq: IBM: .*({found})"):
        EndpointBars(patient, tmp_path, Ticking().clock()).fetch(ONE, LAST)
    assert server.answers == []


def test_a_failure_that_passes_is_asked_again(server: Server, tmp_path: Path) -> None:
    source = bars_of(server, tmp_path, says("", status=503), says("", status=429), says(STOOQ_ANSWER))

    assert source.fetch(ONE, LAST) == {IBM: BARS}


def test_json_that_is_none_or_holds_no_rows_is_refused(server: Server, tmp_path: Path) -> None:
    for answer, found in (("{", "Expecting"), ('{"a": 1}', "found no 'chart'"), ('{"chart": 1}', "expected a list")):
        with pytest.raises(SourceError, match=found):
            bars_of(server, tmp_path, says(answer), format="json", rows="chart").fetch(ONE, LAST)


def test_a_day_told_twice_fails_the_step(server: Server, tmp_path: Path) -> None:
    twice = STOOQ_ANSWER.replace("2005-02-25", "2005-02-28")

    facts = ingest(
        situation(), tmp_path, (bars_of(server, tmp_path, says(twice)),), ONE, Calendar.load(), BarRules()
    )  # fmt: skip

    assert [fact.type for fact in facts] == ["step_failed"]


def test_dividends_need_rows_that_reach_back(server: Server, tmp_path: Path) -> None:
    columns = {"date": "Date", "close": "Close", "dividend": "Volume"}

    with pytest.raises(SourceError, match="expected rows that reach 90 days back"):
        bars_of(server, tmp_path, says(STOOQ_ANSWER), columns=columns).fetch(ONE, LAST)


def test_a_secret_travels_in_its_header_alone(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("DATA_TOKEN", "Token 4711\n")
    secret = {"secret_header": "Authorization", "secret_variable": "DATA_TOKEN"}

    bars_of(server, tmp_path, says(STOOQ_ANSWER), **secret).fetch(ONE, LAST)

    assert server.headers[0]["Authorization"] == "Token 4711"
    assert "4711" not in server.asked[0]


def test_a_secret_is_read_from_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    settings = HttpSource.model_validate({**STOOQ, "secret_header": "X-Key", "secret_file": "key"})
    with pytest.raises(SourceError, match="key: No such file"):
        secret_of(settings, tmp_path)
    (tmp_path / "key").write_text("4711\n")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(SourceError, match="expected mode 0600, found 644"):
        secret_of(settings, tmp_path)
    (tmp_path / "key").chmod(0o600)

    assert secret_of(settings, tmp_path) == "4711"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"url": "http://data.example/{ticker}"}, "expected a url of https", id="in the clear"),
        pytest.param({"url": "https://data.example/aapl.csv"}, "expected a url with {ticker}", id="no ticker"),
        pytest.param({"url": "https://data.example/{ticker}/{key}"}, "expected a url with", id="an unknown place"),
        pytest.param({"url": "https://{ticker}.example/"}, "whose host is fixed", id="a host that changes"),
        pytest.param({"url": "https://me:pw@data.example/{ticker}"}, "no user in it", id="a user"),
        pytest.param({"secret_header": "X-Key"}, "together with secret_variable", id="a header without its secret"),
        pytest.param({"name": "A B"}, "String should match", id="a name"),
    ],
)
def test_a_description_that_cannot_work_is_refused(changes: dict[str, object], expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        HttpSource.model_validate({**STOOQ, **changes})


def test_two_sources_of_one_name_are_refused(tmp_path: Path) -> None:
    toml = {
        "account": {"id": "DU1"}, "universe": {"symbols": ["IBM"]},
        "strategy": {"kind": "fixed", "weights": {"IBM": "0.5"}},
        "sources": {"http": [{**STOOQ, "name": "folder"}]},
    }  # fmt: skip
    with pytest.raises(SettingsError, match="expected a name of its own for each source, found folder twice"):
        settings_of(toml, tmp_path)


def test_requests_are_spaced_as_the_clock_tells() -> None:
    ticking = Ticking()
    pacer = Pacer(ticking.clock(), 2, timedelta(seconds=60), timedelta(seconds=15))

    for request in ("A", "A", "B", "C"):
        pacer.wait(request)

    assert ticking.slept == [15.0, 45.0, 15.0]  # the same too soon, then the third and the fourth within a minute


def test_a_description_is_spelled_as_it_can_be_read_again(tmp_path: Path) -> None:
    toml: dict[str, Any] = {
        "account": {"id": "DU1"}, "universe": {"symbols": ["IBM"]},
        "strategy": {"kind": "fixed", "weights": {"IBM": "0.5"}},
        "sources": {"http": [{**STOOQ, "tickers": {"BRK B": "brk-b"}}]},
    }  # fmt: skip
    settings = settings_of(toml, tmp_path)

    for everything in (False, True):
        spelled = tomllib.loads("\n".join(settings_lines(settings, everything=everything)), parse_float=str)
        assert settings_of(spelled, tmp_path).sources.http == settings.sources.http


@pytest.mark.parametrize(
    ("on_error", "told"),
    [
        pytest.param("skip", ["data_ingested", "data_fault_found"], id="left out"),
        pytest.param("stop", ["step_failed"], id="no order"),
    ],
)
def test_one_ticker_without_a_usable_answer(
    server: Server, tmp_path: Path, on_error: Any, told: list[str]
) -> None:  # fmt: skip
    both = (contract(AAPL), contract(IBM))
    source = bars_of(server, tmp_path, says("Date,Open\n2005-02-28,1\n"), says(STOOQ_ANSWER))

    facts = ingest(situation(), tmp_path, (source,), both, Calendar.load(), BarRules(on_error=on_error))

    assert [fact.type for fact in facts] == told
    assert "expected a column 'High', found Date, Open; see what the server answers" in str(facts[-1])


def test_a_server_that_is_down_is_not_asked_for_the_next_ticker(server: Server, tmp_path: Path) -> None:
    both = (contract(AAPL), contract(IBM))
    source = bars_of(server, tmp_path, *[says("", status=500)] * 3)

    facts = ingest(situation(), tmp_path, (source,), both, Calendar.load(), BarRules(on_error="skip"))

    assert [fact.type for fact in facts] == ["step_failed"]
    assert len(server.asked) == 3


def test_what_a_ticker_without_an_answer_had_announced_is_not_taken_back(server: Server, tmp_path: Path) -> None:
    columns = {"date": "Date", "close": "Close", "dividend": "Div"}
    past = "Date,Close,Div\n2004-11-01,91,0\n2005-02-25,92.8,0\n2005-02-28,92.58,0\n"
    known = [
        DistributionDeclared(
            con_id=con_id, ex_date=date(2005, 2, 8), amount=Decimal("0.18"), currency="USD", source="stooq"
        )
        for con_id in (AAPL, IBM)
    ]
    source = bars_of(server, tmp_path, says("Date,Close\n2005-02-28,1\n"), says(past), columns=columns)

    both = (contract(AAPL), contract(IBM))
    facts = ingest(heard(situation(), *known), tmp_path, (source,), both, Calendar.load(), BarRules(on_error="skip"))

    declared = [fact for fact in facts if isinstance(fact, DistributionDeclared)]
    assert [(fact.con_id, fact.taken_back) for fact in declared] == [(IBM, True)]
