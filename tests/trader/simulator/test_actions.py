"""Dividends, recovered from adjusted closes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.trader.simulator.small_market import MONDAY, TUESDAY, WEDNESDAY, row
from trader.simulator.actions import Dividend, dividends_of
from trader.simulator.bars import Series, packaged_bars, read_bars


def test_the_packaged_bars_bring_the_dividend_of_february_2005_to_the_cent() -> None:
    pytest.importorskip("bokeh_sampledata")
    bars = packaged_bars()

    found = {ticker: dividends_of(series) for ticker, series in bars.series.items()}

    assert [each for each in found["MSFT"] if each.ex_date.year == 2005] == [
        Dividend(date(2005, 2, 15), Decimal("0.08")),
        Dividend(date(2005, 5, 16), Decimal("0.08")),
        Dividend(date(2005, 8, 15), Decimal("0.08")),
        Dividend(date(2005, 11, 15), Decimal("0.08")),
    ]
    assert (found["GOOG"], found["FB"]) == ((), ())
    assert [each.ex_date for each in found["AAPL"]] == [date(2012, 8, 9), date(2012, 11, 7), date(2013, 2, 7)]
    assert len(found["IBM"]) == 52  # four a year, thirteen years long


@pytest.mark.parametrize(
    ("before", "now", "amount"),
    [
        pytest.param(("100.00", "49.5000000"), ("100.00", "50.0000000"), "1.00", id="one per cent"),
        pytest.param(("100.00", "49.9990000"), ("100.00", "50.0000000"), None, id="less than half a cent"),
        pytest.param(("100.00", "50.0"), ("99.10", "49.6"), None, id="no more than rounding makes"),
        pytest.param(("100.00", "50.0000000"), ("100.00", "49.5000000"), None, id="a factor that falls"),
        pytest.param(("100.00", "49.5000000"), ("50.00", "50.0000000"), None, id="on the day of a split"),
    ],
)
def test_a_dividend_is_what_the_adjustment_took_out(
    before: tuple[str, str], now: tuple[str, str], amount: str | None
) -> None:
    rows = [
        row(day, close, close, close, close, 1000, adjusted)
        for day, (close, adjusted) in ((MONDAY, before), (TUESDAY, now))
    ]

    dividends = dividends_of(Series("ACME", tuple(rows)))

    assert dividends == ((Dividend(TUESDAY, Decimal(amount)),) if amount else ())


def test_a_stated_dividend_is_believed(tmp_path: Path) -> None:
    rows = "".join(
        f"{day},50,50,50,50,1000,{adjusted},{dividend}\n"
        for day, adjusted, dividend in ((MONDAY, "40", "0"), (TUESDAY, "45", "0.125"), (WEDNESDAY, "50", ""))
    )
    (tmp_path / "ACME.csv").write_text("Date,Open,High,Low,Close,Volume,Adj Close,Dividends\n" + rows)

    dividends = dividends_of(read_bars(tmp_path).series["ACME"])

    assert dividends == (Dividend(TUESDAY, Decimal("0.125")),)


def test_a_dividend_that_is_no_amount_is_refused(tmp_path: Path) -> None:
    header = "Date,Open,High,Low,Close,Volume,Dividend\n"
    (tmp_path / "ACME.csv").write_text(f"{header}{MONDAY},50,50,50,50,1000,-1\n")

    with pytest.raises(ValueError, match="column dividend: expected 0 or a positive number, found '-1'"):
        read_bars(tmp_path)
