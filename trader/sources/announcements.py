"""Dividends and splits that a folder of bars announces: one small CSV beside the bars, `announcements.csv`.

    Ticker,Kind,Ex Date,Pay Date,Amount,Currency,Ratio
    MSFT,dividend,2005-02-15,2005-03-10,0.08,USD,
    AAPL,split,2005-02-28,,,,2:1

A dividend is per share and before any tax; its pay date may be left out, and the currency where it is the contract's.
A split of 2:1 makes two shares of one. Rows of tickers that are not traded are passed over. To read another kind of
announcement: write the function, add it to `KINDS`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from ledger.events import ContractDefined, DistributionDeclared, SplitDeclared
from trader.sources.source import SourceError, Universe

FILE_NAME = "announcements.csv"
COLUMNS = ("ticker", "kind", "ex date", "pay date", "amount", "currency", "ratio")

Announcement = DistributionDeclared | SplitDeclared
Texts = dict[str, str]


def read_announcements(folder: Path, source: str, universe: Universe) -> tuple[Announcement, ...]:
    """Return what a folder announces of a universe, in the file's order; nothing where it has no such file."""
    path = folder / FILE_NAME
    if not path.is_file():
        return ()
    contracts = {contract.symbol.upper(): contract for contract in universe}
    try:
        return tuple(_rows(path, source, contracts))
    except (OSError, ValueError, csv.Error) as error:
        raise SourceError(source, FILE_NAME, str(error), "correct the file, or remove it") from None


def _rows(path: Path, source: str, contracts: dict[str, ContractDefined]) -> Iterator[Announcement]:
    told: dict[tuple[str, int, date], int] = {}
    with path.open(newline="", encoding="utf-8-sig") as text:
        reader = csv.DictReader(text)
        names = {name.strip().lower().replace("_", " "): name for name in reader.fieldnames or ()}
        if missing := [name for name in COLUMNS if name not in names]:
            raise ValueError(f"expected the columns {', '.join(COLUMNS)}, found none named {missing[0]!r}")
        for number, row in enumerate(reader, start=2):
            texts = {name: (row[names[name]] or "").strip() for name in COLUMNS}
            contract = contracts.get(texts["ticker"].upper())
            if contract is None:
                continue
            try:
                fact = _announcement(texts, contract, source)
            except ValueError as error:
                raise ValueError(f"row {number}: {error}") from None
            if before := told.setdefault((fact.type, fact.con_id, fact.ex_date), number) - number:
                raise ValueError(f"row {number}: another stands in row {number + before}")
            yield fact


def _announcement(texts: Texts, contract: ContractDefined, source: str) -> Announcement:
    kind = KINDS.get(texts["kind"].lower())
    if kind is None:
        raise ValueError(f"expected the kind {' or '.join(KINDS)}, found {texts['kind']!r}")
    return kind(texts, contract, source)


def _dividend(texts: Texts, contract: ContractDefined, source: str) -> DistributionDeclared:
    pay_date = _day(texts["pay date"], "pay date") if texts["pay date"] else None
    ex_date = _day(texts["ex date"], "ex date")
    if pay_date is not None and pay_date < ex_date:
        raise ValueError(f"expected a pay date from the ex date {ex_date} on, found {pay_date}")
    return DistributionDeclared(
        con_id=contract.con_id, ex_date=ex_date, pay_date=pay_date, amount=_amount(texts["amount"]),
        currency=texts["currency"].upper() or contract.currency, source=source,
    )  # fmt: skip


def _split(texts: Texts, contract: ContractDefined, source: str) -> SplitDeclared:
    parts = texts["ratio"].split(":")
    if len(parts) != 2 or not all(part.isascii() and part.isdecimal() and int(part) for part in parts):
        raise ValueError(f"expected a ratio like 2:1, found {texts['ratio']!r}")
    numerator, denominator = map(int, parts)
    return SplitDeclared(
        con_id=contract.con_id, ex_date=_day(texts["ex date"], "ex date"), numerator=numerator,
        denominator=denominator, source=source,
    )  # fmt: skip


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"expected the {name} as 2005-03-01, found {text!r}") from None


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        raise ValueError(f"expected an amount above zero, found {text!r}")
    return amount


KINDS: dict[str, Callable[[Texts, ContractDefined, str], Announcement]] = {"dividend": _dividend, "split": _split}
