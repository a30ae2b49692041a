"""A file of bars as vendors write them, with dividends, splits and capital gains in columns of their own.

Rows in either order; a day with or without time and zone. A price that is empty becomes one that is no number, for the
checks to tell; a split may be written 7, 7:1 or 1/10. To understand another column: add it to `SYNONYMS`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from trader.bars import Bar, BarsError
from trader.quality.case import Case, Dividend, Split

SYNONYMS = {
    "": "date", "datetime": "date", "day": "date", "timestamp": "date",
    "dividend": "dividends", "divcash": "dividends", "dividend amount": "dividends", "splitfactor": "splits",
    "split coefficient": "splits", "split ratio": "splits", "split": "splits", "stock splits": "splits",
    "adjclose": "adj close", "adjusted close": "adj close", "capital gain": "capital gains",
}  # fmt: skip
PRICES = ("open", "high", "low", "close")
DAY_LENGTH = len("2005-03-01")
ABSENT = frozenset({"", "nan", "none", "null", "n/a"})


def read_case(lines: Iterable[str]) -> Case:
    """Read a CSV; dividends and splits are known where there is a column for them, else not known."""
    rows = csv.DictReader(lines)
    names = {_name(name): name for name in rows.fieldnames or ()}
    if missing := [name for name in ("date", *PRICES) if name not in names]:
        raise BarsError(f"expected the columns date, {', '.join(PRICES)}, found none named {missing[0]!r}")
    bars: list[Bar] = []
    dividends: list[Dividend] = []
    splits: list[Split] = []
    times: dict[date, str] = {}
    for row in rows:
        texts = {name: row[named] or "" for name, named in names.items()}
        day = _day(texts["date"])
        if times.setdefault(day, texts["date"]) != texts["date"]:
            raise BarsError(f"{day}: expected bars of days or weeks, found {times[day]!r} and {texts['date']!r}")
        amount, gains, ratio = (_event(day, texts, name) for name in ("dividends", "capital gains", "splits"))
        if amount or gains:
            dividends.append(Dividend(day, amount, gains))
        if ratio and ratio != 1:
            splits.append(Split(day, ratio))
        bars.append(_bar(day, texts))
    return Case(
        series=tuple(sorted(bars, key=lambda bar: bar.day)),
        dividends=tuple(sorted(dividends, key=lambda it: it.ex_day)) if "dividends" in names else None,
        splits=tuple(sorted(splits, key=lambda it: it.ex_day)) if "splits" in names else None,
    )


def _bar(day: date, texts: Mapping[str, str]) -> Bar:
    opened, high, low, close = (_number(day, texts, name) for name in PRICES)
    adjusted = _number(day, texts, "adj close") if texts.get("adj close", "").strip().lower() not in ABSENT else None
    return Bar(day, opened, high, low, close, _event(day, texts, "volume"), adjusted)


def _event(day: date, texts: Mapping[str, str], name: str) -> Decimal:
    return Decimal(0) if texts.get(name, "").strip().lower() in ABSENT else _number(day, texts, name)


def _number(day: date, texts: Mapping[str, str], name: str) -> Decimal:
    text = texts[name].strip()
    if text.lower() in ABSENT:
        return Decimal("NaN")
    numerator, _, denominator = text.replace(":", "/").partition("/")
    try:
        return Decimal(numerator) / Decimal(denominator) if denominator else Decimal(text)
    except (InvalidOperation, ZeroDivisionError):
        raise BarsError(f"{day}, column {name}: expected a number, found {texts[name]!r}") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip()[:DAY_LENGTH])
    except ValueError:
        raise BarsError(f"expected a day like 2005-03-01, found {text!r}") from None


def _name(text: str) -> str:
    name = text.strip().strip("\ufeff").lower().replace("_", " ")
    return SYNONYMS.get(name, name)
