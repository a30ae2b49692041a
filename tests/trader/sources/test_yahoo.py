"""Yahoo by the real yfinance, against a server of ours that replays what Yahoo answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import stamina

from ledger.clock import SimulatedClock
from ledger.events import DistributionDeclared, SplitDeclared
from tests.trader.decisions import AAPL, contract
from tests.trader.sources.replaying import Answer, Server, replaying, says
from trader.bars import Bar
from trader.sources.source import SourceError
from trader.sources.yahoo import YahooBars

pytest.importorskip("yfinance", reason="needs the extra yahoo")
requests = pytest.importorskip("requests", reason="needs the extra yahoo")
pytestmark = pytest.mark.filterwarnings("ignore:The inplace keyword")  # of pandas, to yfinance

LAST = date(2005, 2, 28)
UNIVERSE = (contract(AAPL),)
DAYS = ("2004-11-15", "2005-02-25", "2005-02-28", "2005-03-01")
CLOSES = [27.62000083, 44.49499893, 44.86000061, 44.5]
DIVIDEND, SPLIT = "2005-02-25", "2005-02-28"


def seconds(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T14:30:00+00:00").timestamp())  # New York opens


def chart(**changes: Any) -> dict[str, Any]:
    """Spell an answer as Yahoo does: everything before the split of 2:1 is halved already."""
    meta = {
        "currency": "USD", "symbol": "AAPL", "instrumentType": "EQUITY", "exchangeTimezoneName": "America/New_York",
        "timezone": "EST", "gmtoffset": -18000, "regularMarketTime": seconds("2005-03-01"), "priceHint": 2,
        "dataGranularity": "1d", "validRanges": ["1y", "2y", "5y", "10y", "max"],
        "regularMarketPrice": 44.5, "chartPreviousClose": 27.6, "range": "1y",
        **changes.pop("meta", {}),
    }  # fmt: skip
    quote = dict.fromkeys(("open", "high", "low", "close"), CLOSES) | {"volume": [200, 400, 100, 100]}
    events = {
        "dividends": {str(seconds(DIVIDEND)): {"amount": 0.04, "date": seconds(DIVIDEND)}},
        "splits": {
            str(seconds(SPLIT)): {"date": seconds(SPLIT), "numerator": 2, "denominator": 1, "splitRatio": "2:1"}
        },
    }
    result = {
        "meta": meta,
        "timestamp": [seconds(day) for day in DAYS],
        "events": events,
        "indicators": {"quote": [{**quote, **changes}], "adjclose": [{"adjclose": [27.5, 44.4, 44.7, 44.4]}]},
    }
    return {"chart": {"result": [result], "error": None}}


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that stays: yfinance opens its cache once a process, where it was first told."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def server() -> Iterator[Server]:
    with replaying() as known, stamina.set_testing(True, attempts=2, cap=True):
        yield known


def yahoo(server: Server, home: Path, *answers: Answer, **changes: Any) -> YahooBars:
    """Lead all that yfinance asks for prices to our server; its cookies and crumbs are refused."""
    server.answers = list(answers)

    class Session(requests.Session):  # type: ignore[name-defined, misc]
        def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
            parts = urlsplit(url)
            if not parts.path.startswith("/v8/finance/chart"):
                raise requests.exceptions.ConnectionError("no such host")
            if kwargs["params"]["range"] == "1d":  # of a ticker's first request it wants to know the time zone alone
                server.answers.insert(0, answer())
            return super().request(method, f"{server.address}{parts.path}", *args, **kwargs)

    clock = SimulatedClock(lambda: datetime(2005, 3, 1, 15, tzinfo=UTC), lambda _: None)
    return YahooBars(home, clock, session=Session(), attempts=2, **changes)


def answer(**changes: Any) -> Answer:
    return says(json.dumps(chart(**changes)))


def test_prices_volumes_and_dividends_are_as_they_were_that_day(server: Server, home: Path) -> None:
    source = yahoo(server, home, answer())

    fetched = source.fetch(UNIVERSE, LAST)[AAPL]

    raw = [("55.240002", 100, "27.5"), ("88.989998", 200, "44.4"), ("44.860001", 100, "44.7")]
    assert fetched == tuple(
        Bar(
            date.fromisoformat(day),
            Decimal(close),
            Decimal(close),
            Decimal(close),
            Decimal(close),
            Decimal(volume),
            Decimal(adjusted),
        )
        for day, (close, volume, adjusted) in zip(DAYS, raw, strict=False)
    )
    assert source.announcements(UNIVERSE) == (
        DistributionDeclared(
            con_id=AAPL, ex_date=date(2005, 2, 25), amount=Decimal("0.08"), currency="USD", source="yahoo"
        ),
        SplitDeclared(con_id=AAPL, ex_date=LAST, numerator=2, denominator=1, source="yahoo"),
    )
    assert source.provenance is not None
    assert urlsplit(server.asked[-1]).path == "/v8/finance/chart/AAPL"


def test_a_ticker_may_have_another_name_there(server: Server, home: Path) -> None:
    yahoo(server, home, answer(), tickers={"AAPL": "AAPL.MX"}).fetch(UNIVERSE, LAST)

    assert urlsplit(server.asked[-1]).path == "/v8/finance/chart/AAPL.MX"


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        pytest.param([says("<html>blocked</html>")] * 2, "found no answer", id="HTML"),
        pytest.param([says("")] * 2, "found no answer", id="empty"),
        pytest.param([says("Too Many Requests", status=429)] * 4, "found no answer", id="too many requests"),
        pytest.param([says('{"chart": {"result": null, "error": {"code": "Not Found", "description": "delisted"}}}')],
                     "delisted", id="unknown there"),
        pytest.param([says('{"chart": {"result": [], "error": null}}')], "found no answer", id="nothing"),
        pytest.param([answer(meta={"currency": "GBp"})], "expected prices in USD, found GBp", id="pence"),
        pytest.param([answer(open=[None, 44.0, 44.8, 44.5])], "expected a number, found nan", id="half a bar"),
    ],
)  # fmt: skip
def test_what_is_no_whole_answer_is_refused(server: Server, home: Path, answers: list[Answer], found: str) -> None:
    with pytest.raises(SourceError, match=f"source yahoo: AAPL: .*{found}"):
        yahoo(server, home, *answers).fetch(UNIVERSE, LAST)


def test_days_after_the_last_one_are_left_out(server: Server, home: Path) -> None:
    with pytest.raises(SourceError, match="expected bars up to 2004-11-12, found none"):
        yahoo(server, home, answer()).fetch(UNIVERSE, date(2004, 11, 12))
