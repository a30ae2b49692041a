"""The broker's exchange rates beside those of the European Central Bank."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
import stamina

from ledger.clock import SimulatedClock
from ledger.events import DataIngested, Fact, RateRow, RatesObserved, StepFailed
from tests.trader.decisions import SESSION, situation
from tests.trader.sources.replaying import Answer, Server, replaying, says
from trader.calendar import Calendar
from trader.ingest import BarRules, ingest
from trader.sources.ecb import EcbRates
from trader.sources.source import SourceError
from trader.sources.web import Patience

pytest.importorskip("currency_converter", reason="needs the extra ecb")

FEBRUARY = date(2005, 2, 28)  # of a day of the packaged file: a euro was 1.3257 dollars
LATER = date(2099, 11, 20)  # past its end
EURO, FRANC = Decimal("1.3257"), Decimal("0.8621")


@pytest.fixture
def server() -> Iterator[Server]:
    with replaying() as known, stamina.set_testing(True, attempts=2, cap=True):
        yield known


def ecb(home: Path, server: Server | None = None, *answers: Answer) -> EcbRates:
    clock = SimulatedClock(lambda: datetime(2099, 11, 21, 15, tzinfo=UTC), lambda _: None)
    if server is None:
        return EcbRates(home, clock, url="http://127.0.0.1:9/nobody")
    server.answers = list(answers)
    return EcbRates(home, clock, url=f"{server.address}/eurofxref-hist.zip", patience=Patience(1, 2))


def published(*lines: str) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w") as zipped:
        zipped.writestr("eurofxref-hist.csv", "\n".join(("Date,USD,CHF,RUB,", *lines)))
    return file.getvalue()


@pytest.mark.parametrize(
    ("rates", "apart"),
    [
        pytest.param({"EUR": EURO, "CHF": FRANC}, [], id="as the bank says"),
        pytest.param({"EUR": EURO * Decimal("1.04")}, [], id="within"),
        pytest.param({"EUR": EURO * Decimal("1.06")}, ["EUR"], id="beyond"),
        pytest.param({"EUR": 1 / EURO, "CHF": FRANC}, ["EUR"], id="upside down"),
        pytest.param({"EUR": FRANC, "CHF": EURO}, ["CHF", "EUR"], id="changed places"),
        pytest.param({"XXX": Decimal(1)}, [], id="a currency that the bank does not know"),
        pytest.param({}, [], id="the base currency alone"),
    ],
)
def test_rates_are_held_against_the_bank_s(tmp_path: Path, rates: dict[str, Decimal], apart: list[str]) -> None:
    found = ecb(tmp_path).differences("USD", {"USD": Decimal(1), **rates}, FEBRUARY)

    assert [text[:3] for text in found] == apart


def test_a_holiday_is_answered_by_the_day_before_it(tmp_path: Path) -> None:
    easter_monday = date(2005, 3, 28)

    [text] = ecb(tmp_path).differences("EUR", {"EUR": Decimal(1), "USD": Decimal(1)}, easter_monday)

    assert "2005-03-24" in text


def test_later_days_are_asked_for_once_a_day(server: Server, tmp_path: Path) -> None:
    source = ecb(tmp_path, server, says(published("2099-11-20,1.25,1.00,N/A,", "2099-11-19,1.24,1.00,N/A,")))

    for _ in range(2):
        assert source.differences("USD", {"USD": Decimal(1), "EUR": Decimal("1.25")}, LATER) == ()

    assert server.asked == ["/eurofxref-hist.zip"]
    assert source.provenance is not None
    assert source.provenance.origin == f"{server.address}/eurofxref-hist.zip"


def test_a_currency_without_a_late_rate_is_passed_over_and_a_base_without_one_is_refused(
    server: Server, tmp_path: Path
) -> None:
    source = ecb(tmp_path, server, says(published("2099-11-20,1.25,1.00,N/A,", "2099-01-19,1.24,1.00,90.0,")))

    assert source.differences("USD", {"USD": Decimal(1), "RUB": Decimal(5)}, LATER) == ()
    with pytest.raises(SourceError, match="source ecb: RUB: expected its rate of the days to 2099-11-20"):
        source.differences("RUB", {"RUB": Decimal(1), "USD": Decimal(5)}, LATER)


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        pytest.param([says("", status=500)] * 2, "found HTTP status 500, 2 times", id="broken"),
        pytest.param([says("<html>")], "found something else .BadZipFile", id="HTML"),
        pytest.param([says(published()[:60])], "found something else", id="half a file"),
        pytest.param([says(published())], "found something else", id="no day"),
        pytest.param([says(published("2099-11-20,x,1,1,"))], "found something else", id="a word for a number"),
        pytest.param([says(published("2099-11-20,0,1,1,"))], "expected rates above zero", id="zero"),
        pytest.param([says(published("2099-11-20,NaN,1,1,"))], "expected rates above zero", id="no number"),
        pytest.param([says(published("2099-01-20,1.2,1,1,"))], "expected its rate of the days to", id="an old file"),
    ],
)
def test_a_bank_that_does_not_answer_stops_the_orders(
    server: Server, tmp_path: Path, answers: list[Answer], found: str
) -> None:
    with pytest.raises(SourceError, match=found):
        ecb(tmp_path, server, *answers).differences("USD", {"USD": Decimal(1), "EUR": EURO}, LATER)


def ingested(home: Path, euro: Decimal) -> tuple[Fact, ...]:
    rates = RatesObserved(base_currency="USD", rows=(RateRow(currency="EUR", rate=euro),))
    book = situation(instead={RatesObserved: (rates,), DataIngested: ()})
    assert book.cycle is not None
    assert book.cycle.started.session_day == SESSION
    return ingest(book, home, (), (), Calendar.load(), BarRules(), ecb(home))


def test_a_cycle_goes_on_where_they_agree_and_trades_nothing_where_not(tmp_path: Path) -> None:
    [kept] = ingested(tmp_path, EURO)
    assert isinstance(kept, DataIngested)
    assert (kept.source, kept.series) == ("ecb", ())

    _, failed = ingested(tmp_path, 1 / EURO)
    assert isinstance(failed, StepFailed)
    assert "source ecb: EUR: expected the broker's rate within 5.00% of the ECB's" in failed.reason
