"""A quarter of real dividends on five stocks: late, withheld, on another day; in the retail profile nothing halts.

Bars, ex-dates and amounts of AAPL (in shares as after its split of 2014), IBM, KO and MSFT are those of spring 2013.
CALM's are those of spring 2022, laid session for session on 2013, for no fifth stock of the shared market data pays
then. The data tell no pay dates: those here are made up, some weeks after the ex-date. The first slot of each session
and its closing are run through the real client; no statement comes. To add a dividend: a row in `PAYMENTS`.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.events import DividendPaid, TradingAllowed
from tests.trader.cycles.world import AROUND, world
from trader import exits
from trader.calendar import Calendar
from trader.sources.announcements import FILE_NAME

SHARED = Path(__file__).parents[3].parent / "shared" / "data"
FIRST, LAST = date(2013, 3, 11), date(2013, 6, 11)
CALM_THEN, CALM_HERE = date(2022, 4, 26), date(2013, 4, 25)  # its ex-date, and the session on which it is laid
CENT = Decimal("0.01")
HELD = {  # as many as leave the broker's average cost a short number
    "AAPL": (Decimal(200), Decimal(60)),
    "CALM": (Decimal(200), Decimal(40)),
    "IBM": (Decimal(50), Decimal(200)),
    "KO": (Decimal(300), Decimal(38)),
    "MSFT": (Decimal(300), Decimal(28)),
}
WEIGHTS = {"AAPL": "0.1", "CALM": "0.05", "IBM": "0.1", "KO": "0.1", "MSFT": "0.08"}
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the market data (../shared/data) are not on this machine")


@dataclass(frozen=True)
class Payment:
    """A dividend: what is announced of it, and how it comes."""

    ex: date
    announced: date
    comes: date
    tax: str
    redated: date | None = None  # what the announcement says from the announced day on


PAYMENTS = {
    "KO": Payment(date(2013, 3, 13), date(2013, 4, 1), date(2013, 4, 8), "0.30", redated=date(2013, 4, 8)),
    "CALM": Payment(CALM_HERE, date(2013, 5, 9), date(2013, 5, 14), "0.30"),  # three sessions late
    "AAPL": Payment(date(2013, 5, 9), date(2013, 5, 16), date(2013, 5, 16), "0.30"),  # as announced
    "IBM": Payment(date(2013, 5, 8), date(2013, 6, 3), date(2013, 6, 6), "0.15"),  # late, and less withheld
    "MSFT": Payment(date(2013, 5, 14), date(2013, 6, 10), date(2013, 6, 10), "0"),  # nothing withheld
}
Row = dict[str, str]


def _real(ticker: str) -> dict[date, Row]:
    """The bars of a ticker by day, in one spelling."""
    if ticker != "CALM":
        with gzip.open(SHARED / "daily" / f"{ticker}.csv.gz", "rt", encoding="utf-8") as text:
            return {date.fromisoformat(row["date"]): row for row in csv.DictReader(text)}
    with (SHARED / "faults" / "CALM-1d-no-bad-divs.csv").open(encoding="utf-8") as text:
        rows = [{name.lower(): value for name, value in row.items()} for row in csv.DictReader(text)]
    there = [date.fromisoformat(row["datetime"][:10]) for row in rows].index(CALM_THEN)
    days = [session.day for session in Calendar.load().sessions(FIRST - AROUND, LAST + AROUND)]
    here = days.index(CALM_HERE)
    return {
        day: rows[there - here + n] | {"dividend": rows[there - here + n]["dividends"]} for n, day in enumerate(days)
    }


def _lines(rows: Mapping[date, Row]) -> Iterator[str]:
    yield "Date,Open,High,Low,Close,Volume\n"
    for day, row in rows.items():
        if FIRST - AROUND <= day <= LAST + AROUND:
            prices = (str(Decimal(row[name]).quantize(CENT)) for name in ("open", "high", "low", "close"))
            yield ",".join((str(day), *prices, row["volume"])) + "\n"


def _write_bars(folder: Path, market: Mapping[str, Mapping[date, Row]]) -> Path:
    folder.mkdir()
    for ticker, rows in market.items():
        (folder / f"{ticker}.csv").write_text("".join(_lines(rows)), encoding="utf-8")
    return folder


def _announce(folder: Path, amounts: Mapping[str, Decimal], today: date) -> None:
    lines = ["Ticker,Kind,Ex Date,Pay Date,Amount,Currency,Ratio\n"]
    for ticker, due in PAYMENTS.items():
        pay = due.redated if due.redated and today >= due.announced else due.announced
        lines.append(f"{ticker},dividend,{due.ex},{pay},{amounts[ticker]},USD,\n")
    (folder / FILE_NAME).write_text("".join(lines), encoding="utf-8")


def test_a_quarter_of_real_dividends_halts_nothing(tmp_path: Path) -> None:
    market = {ticker: _real(ticker) for ticker in HELD}
    amounts = {ticker: Decimal(market[ticker][due.ex]["dividend"]) for ticker, due in PAYMENTS.items()}
    _write_bars(tmp_path / "venue", market)
    folder = _write_bars(tmp_path / "data", market)
    _announce(folder, amounts, FIRST)
    more: Any = {"sources": {"folder": str(folder), "history_days": 5}, "universe": {"symbols": sorted(HELD)}}
    sessions = Calendar.load().sessions(FIRST, LAST)
    with world(tmp_path, FIRST, positions=HELD, strategy={"kind": "fixed", "weights": WEIGHTS}, **more) as paying:
        entitled, gross = dict[str, Decimal](), Decimal()
        for session in sessions:
            paying.advance_to(session.day, 0)
            _announce(folder, amounts, session.day)
            held = {row["symbol"]: Decimal(row["quantity"]) for row in paying.control.dump()["positions"].values()}
            entitled |= {ticker: held[ticker] for ticker, due in PAYMENTS.items() if due.ex == session.day}
            for ticker, due in PAYMENTS.items():
                if due.comes == session.day:
                    amount = (entitled[ticker] * amounts[ticker]).quantize(CENT, ROUND_HALF_UP)
                    paying.control.cash(amount - (amount * Decimal(due.tax)).quantize(CENT, ROUND_HALF_UP))
                    gross += amount

            assert paying.trade() == exits.FINE, session.day
            paying.advance_to(session.day, -1)  # a slot that has no finished cycle is an outage: nothing trades after
            assert paying.trade() == exits.FINE, session.day

        assert paying.book().halted is None
        assert len(sessions) >= 62
        assert len(paying.facts(TradingAllowed)) == len(sessions)  # nothing was vetoed either
        assert {fact.source for fact in paying.facts(DividendPaid)} == {"rule"}
        assert len(paying.facts(DividendPaid)) == len(PAYMENTS)
        assert sum(fact.amount for fact in paying.facts(DividendPaid)) == gross
        assert paying.apart() == ()
