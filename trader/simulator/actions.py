"""Dividends, recovered from a vendor's daily rows; splits stand in `bars.py`.

A vendor's adjusted close is close / r x (1 - d / c) for every dividend d that lies between a day and the last one,
where c is the raw close of the session before the ex-date and r the ratio of the splits in between. So between two
rows, with f = adjusted close / close:

    dividend = close before x (1 - f before / f now)

rounded to a whole cent, half to even. (MSFT, 14 and 15 February 2005: the adjusted closes are equal, the closes 26.01
and 25.93: 26.01 x (1 - 25.93 / 26.01) = 0.08 exactly.) Vendors round as they adjust, so that some dividends come out a
cent or two away from what was paid; the market is the bars' all the same. What the last digit of the adjusted closes
could have made by itself is no dividend, nor is anything on the day of a split. A row that states its dividend is
believed instead.
To take dividends from elsewhere: fill `DailyBar.stated_dividend`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise

from trader.simulator.bars import DailyBar, Series
from trader.simulator.contracts import CENT


@dataclass(frozen=True, slots=True)
class Dividend:
    """Who holds a share at the end of the session before the ex-date gets so much."""

    ex_date: date
    amount: Decimal  # a share, in the contract's currency


def dividends_of(series: Series) -> tuple[Dividend, ...]:
    """Return all dividends of a series, in the order of their ex-dates."""
    split_days = {split.ex_date for split in series.splits}
    places = max((_places(bar.adjusted_close) for bar in series.bars if bar.adjusted_close), default=0)
    found = ((now, _dividend(before, now, places)) for before, now in pairwise(series.bars))
    return tuple(Dividend(now.date, amount) for now, amount in found if amount and now.date not in split_days)


def _dividend(before: DailyBar, now: DailyBar, places: int) -> Decimal:
    if now.stated_dividend is not None:
        return now.stated_dividend
    if before.adjusted_close is None or now.adjusted_close is None:
        return Decimal(0)
    exact = before.close - before.adjusted_close * now.close / now.adjusted_close
    half = Decimal(5).scaleb(-places - 1)
    noise = before.close * half * (1 / before.adjusted_close + 1 / now.adjusted_close)
    return exact.quantize(CENT, ROUND_HALF_EVEN) if exact > noise else Decimal(0)


def _places(number: Decimal) -> int:
    return max(0, -int(number.as_tuple().exponent))
