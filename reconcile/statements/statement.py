"""What a statement tells: contracts, facts in economic order, and what the broker says of the end of its period.

A section that the file lacks is None, never zero. To observe something else, add an optional field to `Observed`, and
fill it where its section is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import ClassVar

from ledger.errors import Refusal
from ledger.events import ContractDefined, Fact, OpeningLot


class StatementError(Refusal):
    """A statement that cannot be read, and so was not read at all."""

    code: ClassVar[str] = "statement-unreadable"

    def __init__(self, file: str, line: int, found: str, expected: str) -> None:
        super().__init__(f"{file}, line {line}: expected {expected}, found {found}; nothing of it was read")
        self.file, self.line, self.found, self.expected = file, line, found, expected


class UnknownStatement(StatementError):
    """A file of a kind that is not read: another format, or another language."""


@dataclass(frozen=True, slots=True)
class Held:
    """One position at the statement's end."""

    quantity: Decimal
    basis: Decimal | None = None  # commissions netted, signed as the quantity
    mark: Decimal | None = None
    value: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ClosedLot:
    """A part of a lot that an execution of the period closed, as the broker matched it."""

    con_id: int
    opened_at: datetime | None
    closed_at: datetime
    quantity: Decimal  # signed as the lot was
    basis: Decimal | None  # signed as the quantity
    realised: Decimal | None
    transaction: str = ""  # the broker's id of the trade that opened it


@dataclass(frozen=True, slots=True)
class Funds:
    """One line of the statement of funds, with the balance after it."""

    day: date
    currency: str
    level: str  # Currency, or BaseCurrency: then all amounts are converted
    amount: Decimal
    balance: Decimal
    description: str


@dataclass(frozen=True, slots=True)
class Observed:
    """The broker's own half, as the statement shows it. None: the section, or the figure, is absent."""

    positions: Mapping[int, Held] | None = None
    lots: Mapping[int, tuple[OpeningLot, ...]] | None = None  # of positions whose lots are all listed
    closed_lots: tuple[ClosedLot, ...] | None = None
    cash: Mapping[str, Decimal] | None = None  # ending balances by currency
    cash_start: Mapping[str, Decimal] | None = None
    cash_lines: Mapping[tuple[str, str], Decimal] | None = None  # (currency, the broker's name of the line)
    realised: Mapping[int, Decimal] | None = None  # of the period, in the contract's currency
    realised_by_execution: Mapping[str, Decimal] | None = None
    commissions: Mapping[int, Decimal] | None = None  # of the period, where charged in the contract's currency
    opening: frozenset[str] = frozenset()  # executions that only open, by the broker's word
    closing: frozenset[str] = frozenset()  # executions that only close
    nav: Decimal | None = None
    nav_start: Decimal | None = None
    nav_lines: Mapping[str, Decimal] | None = None  # in the base currency
    rates: Mapping[str, Decimal] | None = None  # units of the base currency for one of each
    rates_by_day: Mapping[date, Mapping[str, Decimal]] | None = None  # of the currencies that the account moved
    accruals: Mapping[str, Decimal] | None = None  # interest to come at the end, by currency
    accruals_start: Mapping[str, Decimal] | None = None
    dividend_accruals: Mapping[str, Decimal] | None = None  # net, open at the end, by reference
    funds: tuple[Funds, ...] | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """One account's statement of one period."""

    kind: str  # flex activity, flex trade confirmation, activity csv
    account: str
    first_day: date
    last_day: date
    generated_at: datetime | None
    base_currency: str  # empty: the file does not say
    contracts: tuple[ContractDefined, ...]
    facts: tuple[Fact, ...]
    observed: Observed
    notes: tuple[str, ...] = ()
    lines: Mapping[str, int] | None = None  # where in the file each fact stands, by its key
