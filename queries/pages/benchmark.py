"""What the same money would have become in the benchmark: put in at the same days, dividends put in again.

Its closes are the kept bars', which cycles decided from: adjusted closes where a series has them (total return), else
raw ones (price return: told as such). An adjusted series changes as a whole with every dividend, so that only days of
one series are compared; older ones are linked to it at a day that both have. A day without a close leaves a gap.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from ledger.events import SeriesRow
from ledger.lots import ROUNDING, ZERO
from ledger.returns import DayOfAccount, shown

FOLDER = Path("var") / "data"
ONE = Decimal(1)
LOOKED_AT = 8  # of the newest series: one of them has adjusted closes, if any source has


@dataclass(frozen=True, slots=True)
class Closes:
    """What one unit of the benchmark was worth on some days, up to a factor; and whether dividends are in it."""

    ticker: str
    closes: Mapping[date, Decimal] = field(default_factory=dict)
    with_dividends: bool = True


@dataclass(frozen=True, slots=True)
class Course:
    """What the account's money would have become in the benchmark at each day's end; None where it is not known."""

    ticker: str
    values: tuple[Decimal | None, ...]
    total_return: Decimal | None  # time-weighted over the days that are known, to 1e-8
    until: date | None  # the last known day
    with_dividends: bool = True


def kept_closes(home: Path, ticker: str, series: Sequence[SeriesRow], first: date) -> Closes | None:
    """Return the closes of a ticker from the series that cycles kept, back to a day; None where there is none."""
    wanted = list(dict.fromkeys(series))
    newest = [told for row in wanted[-LOOKED_AT:] if (told := _read(home, row)) is not None]
    if not newest:
        return None
    found, adjusted = max(newest, key=lambda told: (told[1], max(told[0], default=date.min)))
    while found and min(found) > first:
        older = [row for row in wanted if row.first < min(found) <= row.last]
        told = next((told for row in sorted(older, key=_begins) if (told := _read(home, row))), None)
        if told is None or told[1] != adjusted or min(found) not in told[0]:
            break
        joint = min(found)
        factor = ROUNDING.divide(found[joint], told[0][joint])
        found |= {day: ROUNDING.multiply(close, factor) for day, close in told[0].items() if day < joint}
    return Closes(ticker, found, adjusted) if found else None


def course(days: Sequence[DayOfAccount], closes: Closes) -> Course:
    """Put in what the account had at the start, and its flows on their days, as there from the day's start."""
    told = sorted(closes.closes)
    before = max((day for day in told if days and day < days[0].day), default=None)
    close = closes.closes[before] if before is not None else None
    value, unit, until = days[0].opening if days else ZERO, ONE, None
    values = list[Decimal | None]()
    for day in days:
        now = closes.closes.get(day.day)
        if close is None or now is None:
            values.append(None)
            close = None if now is None else close
            continue
        factor = ROUNDING.divide(now, close)
        value = ROUNDING.multiply(ROUNDING.add(value, day.flows), factor)
        unit, until, close = ROUNDING.multiply(unit, factor), day.day, now
        values.append(value)
    total = None if until is None else shown(ROUNDING.subtract(unit, ONE))
    return Course(closes.ticker, tuple(values), total, until, closes.with_dividends)


def _begins(row: SeriesRow) -> date:
    return row.first


def _read(home: Path, row: SeriesRow) -> tuple[dict[date, Decimal], bool] | None:
    """Return a kept series' closes, and whether they are adjusted; None where its text is missing or damaged."""
    path = home / FOLDER / row.sha256[:2] / f"{row.sha256}.csv"
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if sha256(content).hexdigest() != row.sha256:
        return None
    rows = list(csv.DictReader(content.decode("utf-8").splitlines()))
    adjusted = bool(rows) and all(each.get("adjusted_close") for each in rows)
    return _closes(rows, "adjusted_close" if adjusted else "close"), adjusted


def _closes(rows: Iterable[Mapping[str, str]], column: str) -> dict[date, Decimal]:
    return {date.fromisoformat(each["day"]): Decimal(each[column]) for each in rows}
