"""Daily bars of any server that answers with CSV or JSON, as `[[sources.http]]` describes it.

One request a ticker, paced and within bounds (`pacing.py`, `web.py`); numbers become `Decimal` from their text. What
the server tells of dividends and splits is announced apart from the prices. To read another format: write a function
from the answer to rows of texts by column, and add it to `READERS`. Ready examples: docs/sources.md.
"""

from __future__ import annotations

import csv
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ledger.clock import Clock
from ledger.events import ContractDefined, DistributionDeclared, SplitDeclared
from trader.bars import Bar, Series
from trader.settings.fetching import HttpSource
from trader.sources.announcements import Announcement
from trader.sources.pacing import Pacer
from trader.sources.source import ANNOUNCED_DAYS, Provenance, SourceError, Universe
from trader.sources.web import Patience, WebError, get

CALENDAR_DAYS_A_SESSION = Fraction(365, 250)
MORE_DAYS = 10  # holidays
EXACT_PARTS_MAX = 200  # simple enough to be meant as it stands
PARTS_MAX = 1000  # of a split's ratio that is told as one number
REMEDY = "see what the server answers, and correct its [[sources.http]]"

Texts = dict[str, str]


@dataclass
class EndpointBars:
    """Asks a server for each ticker; keeps the last `days` bars, and what was announced with them."""

    settings: HttpSource
    home: Path
    clock: Clock
    days: int = 300
    provenance: Provenance | None = None
    _pacer: Pacer = field(init=False)
    failures: dict[int, SourceError] = field(default_factory=dict)  # of the last fetch, by con_id
    _announced: tuple[Announcement, ...] = ()

    def __post_init__(self) -> None:
        """Pace all requests of a cycle together."""
        self._pacer = Pacer(self.clock, self.settings.requests_per_minute_max, timedelta(minutes=1))

    @property
    def name(self) -> str:
        """The name that stands in the log."""
        return self.settings.name

    def fetch(self, universe: Universe, last_day: date) -> dict[int, Series]:
        """Return the bars up to and with a day of every contract for which the server has some."""
        self._announced, self.failures = (), {}
        headers = self._headers()
        fetched: dict[int, Series] = {}
        for contract in universe:
            try:
                fetched[contract.con_id] = self._series(contract, last_day, headers)
            except (ValueError, csv.Error) as error:
                self.failures[contract.con_id] = SourceError(self.name, contract.symbol, str(error), REMEDY)
        if not fetched and self.failures:
            raise next(iter(self.failures.values()))
        parts = urlsplit(self.settings.url)
        self.provenance = Provenance(f"{parts.scheme}://{parts.netloc}{parts.path}", self.clock.now())
        return fetched

    def announcements(self, universe: Universe) -> tuple[Announcement, ...]:
        """Return the dividends and splits that came with the bars."""
        con_ids = {contract.con_id for contract in universe}
        return tuple(fact for fact in self._announced if fact.con_id in con_ids)

    def _headers(self) -> dict[str, str]:
        if self.settings.secret_header is None:
            return {}
        return {self.settings.secret_header: secret_of(self.settings, self.home)}

    def _series(self, contract: ContractDefined, last_day: date, headers: Mapping[str, str]) -> Series:
        settings, columns = self.settings, self.settings.columns
        ticker = settings.tickers.get(contract.symbol, contract.symbol)
        reach = max(int(self.days * CALENDAR_DAYS_A_SESSION), ANNOUNCED_DAYS) + MORE_DAYS
        start = last_day - timedelta(days=reach)
        first, last = (day.strftime(settings.url_date_format) for day in (start, last_day))
        self._pacer.wait(ticker)
        try:
            url = settings.url.format(ticker=quote(ticker, safe=""), start=quote(first), end=quote(last))
            answer = get(url, headers, Patience(settings.timeout_seconds, settings.attempts))
            rows = sorted(
                ((day, row) for day, row in self._rows(answer) if day <= last_day),
                key=lambda dated: dated[0],
            )
            bars = tuple(_bar(day, row, settings) for day, row in rows)
            if not bars:
                raise ValueError(f"expected bars up to {last_day}, found none")
            if columns.dividend or columns.split:
                self._announced += tuple(self._announcements(contract, rows, last_day))
        except WebError as error:  # the next ticker would fare no better
            raise SourceError(self.name, contract.symbol, str(error), REMEDY) from None
        return bars[-self.days :]

    def _rows(self, answer: bytes) -> Iterator[tuple[date, Texts]]:
        settings = self.settings
        if answer.lstrip()[:1] == b"<":
            raise ValueError(f"expected {settings.format.upper()}, found a page of HTML or XML")
        wanted = [name for name in settings.columns.model_dump().values() if name is not None]
        for number, row in enumerate(READERS[settings.format](answer, settings.rows), start=1):
            if missing := [name for name in wanted if name not in row]:
                raise ValueError(
                    f"row {number}: expected a column {missing[0]!r}, found {', '.join(list(row)[:8]) or 'none'}"
                )
            if row[settings.columns.close] != settings.missing:
                yield _day(row[settings.columns.date], settings.date_format), row

    def _announcements(
        self, contract: ContractDefined, rows: list[tuple[date, Texts]], last_day: date
    ) -> Iterator[Announcement]:
        if rows[0][0] > last_day - timedelta(days=ANNOUNCED_DAYS):
            raise ValueError(
                f"expected rows that reach {ANNOUNCED_DAYS} days back, so that no dividend or split goes untold, found "
                f"the first on {rows[0][0]}; ask for more, or name no columns dividend and split"
            )
        columns = self.settings.columns
        for day, row in rows:
            if columns.dividend and (amount := _number(day, columns.dividend, row[columns.dividend] or "0")):
                if amount < 0:
                    raise ValueError(f"{day}: expected a dividend above zero, found {amount}")
                yield DistributionDeclared(
                    con_id=contract.con_id, ex_date=day, amount=amount, currency=contract.currency, source=self.name
                )
            if columns.split and (ratio := ratio_of(row[columns.split])) != 1:
                yield SplitDeclared(
                    con_id=contract.con_id, ex_date=day, numerator=ratio.numerator, denominator=ratio.denominator,
                    source=self.name,
                )  # fmt: skip


def secret_of(settings: HttpSource, home: Path) -> str:
    """Return the secret from the environment or its file; raise SourceError if neither can be used."""
    told = os.environ.get(settings.secret_variable or "")
    if told is None and settings.secret_file is None:
        raise _no_secret(settings, f"expected it in {settings.secret_variable}, found none", "set the variable")
    if told is None:
        told = _secret_in_file(settings, home / str(settings.secret_file))
    if not told.strip() or not told.strip().isprintable():
        raise _no_secret(settings, "expected one line of text, found something else", "copy it again")
    return told.strip()


def _secret_in_file(settings: HttpSource, path: Path) -> str:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise _no_secret(settings, f"{path}: expected mode 0600, found {mode:o}", f"run: chmod 600 {path}")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise _no_secret(settings, f"{path}: {error.strerror}", "correct secret_file") from None


def _no_secret(settings: HttpSource, problem: str, remedy: str) -> SourceError:
    return SourceError(settings.name, "the secret", problem, remedy)


def ratio_of(text: str) -> Fraction:
    """Return a split's ratio, told as 2, 0.1, 2:1 or 2/1; nothing told, or 0, is none: 1."""
    numerator, colon, denominator = (text or "0").replace("/", ":").partition(":")
    try:
        ratio = Fraction(Decimal(numerator)) / Fraction(Decimal(denominator)) if colon else _simplest(numerator)
    except (ArithmeticError, ValueError):
        raise ValueError(f"expected a split's ratio like 2 or 2:1, found {text!r}") from None
    if ratio < 0:
        raise ValueError(f"expected a split's ratio above zero, found {text!r}")
    return ratio or Fraction(1)


def _simplest(text: str) -> Fraction:
    """Return the ratio that was rounded to a number: 0.0667 is 1/15, while 0.15 is 3/20."""
    told = Fraction(Decimal(text))
    half = Fraction(1, 2 * 10 ** len(text.partition(".")[2]))
    nearer = (told.limit_denominator(parts) for parts in range(1, PARTS_MAX))
    return told if told.denominator <= EXACT_PARTS_MAX else next((it for it in nearer if abs(it - told) <= half), told)


def _bar(day: date, row: Texts, settings: HttpSource) -> Bar:
    columns = settings.columns

    def number(column: str | None, instead: Decimal) -> Decimal:
        return instead if column is None else _number(day, column, row[column])

    close = _number(day, columns.close, row[columns.close])
    opened = number(columns.open, close)
    high, low = number(columns.high, max(opened, close)), number(columns.low, min(opened, close))
    adjusted = None if columns.adjusted_close is None else number(columns.adjusted_close, close)
    return Bar(day, opened, high, low, close, number(columns.volume, Decimal(0)), adjusted)


def _number(day: date, column: str, text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite():
        raise ValueError(f"{day}, column {column}: expected a number, found {text!r}")
    return found


def _day(text: str, date_format: str) -> date:
    try:
        if date_format in EPOCHS:
            return datetime.fromtimestamp(int(text) // EPOCHS[date_format], UTC).date()
        if date_format == "%Y-%m-%d":
            return date.fromisoformat(text[:10])  # many servers add an hour
        return datetime.strptime(text, date_format).replace(tzinfo=UTC).date()
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"expected a day as {date_format}, found {text[:40]!r}") from None


def _csv_rows(answer: bytes, _: str) -> Iterator[Texts]:
    reader = csv.reader(StringIO(answer.decode("utf-8-sig"), newline=""))
    names = [name.strip() for name in next(reader, [])]
    for number, values in enumerate(reader, start=2):
        if values and len(values) != len(names):
            raise ValueError(f"row {number}: expected {len(names)} columns, found {len(values)}")
        if values:
            yield {name: value.strip() for name, value in zip(names, values, strict=True)}


def _json_rows(answer: bytes, keys: str) -> Iterator[Texts]:
    found: Any = json.loads(answer, parse_float=str, parse_int=str)
    for key in filter(None, keys.split(".")):
        try:
            found = found[int(key)] if isinstance(found, list) else found[key]
        except (LookupError, TypeError, ValueError):
            raise ValueError(f"expected rows at {keys!r}, found no {key!r}") from None
    if isinstance(found, dict) and found and all(isinstance(column, list) for column in found.values()):
        if len({len(column) for column in found.values()}) != 1:
            raise ValueError("expected columns of one length, found several")
        found = [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]
    if not isinstance(found, list):
        raise ValueError(f"expected a list of rows at {keys or 'the top'!r}, found {type(found).__name__}")
    for row in found:
        pairs = row.items() if isinstance(row, dict) else enumerate(row) if isinstance(row, list) else ()
        yield {str(name): "" if value is None else str(value) for name, value in pairs}


READERS: dict[str, Callable[[bytes, str], Iterator[Texts]]] = {"csv": _csv_rows, "json": _json_rows}
EPOCHS = {"epoch": 1, "epoch_ms": 1000}
