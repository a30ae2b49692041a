"""`tallybook report tax YEAR`: what was closed, lot by lot, and what was earned and withheld, by payer.

Each amount is given in its currency and in the base currency: what moved at the opening of a lot at the rate of that
moment, what moved at its closing at the rate of that one. A future or a CFD pays no notional, so that its gain is taken
at the closing's rate. It is a help for whoever fills in the forms, not a tax form: `LEFT_OUT` says on top what it does
not do. The year is that of the trade date in the home's zone; of cash, of the day on which it moved.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from ledger.lots import EXACT, ROUNDING, ZERO
from ledger.lots.disposals import Disposal
from queries.closed_lots import History, Money, Rates, is_untold
from queries.figures import UNKNOWN, change, money, quantity
from queries.formats import Format, plain
from queries.streams import Column, json_object, print_rows
from queries.tables import UnknownDay

FINE, BAD_NEWS = 0, 1
LEFT_OUT: tuple[str, ...] = (
    "wash sales: no loss is disallowed; what the broker observed is listed, and in no sum",
    "holding periods: nothing is sorted into short and long term",
    "losses and gains carried over from other years, and everything else that the forms of a country ask for",
    "returns of capital: listed, and off the cost of what was held; what exceeded it is a disposal of no units",
    "commissions in another currency than their contract's, and those adjusted later: in no lot, see the journal",
)


class TaxLine(NamedTuple):
    """One disposal, or one payment. Amounts are positive when received; absent where a rate is missing."""

    kind: str
    con_id: int | None
    symbol: str
    isin: str | None
    opened: date | None
    closed: date  # of a payment, the day on which it moved
    quantity: Decimal | None  # signed as the lot: - a short one was closed
    proceeds: Decimal | None  # commissions netted
    cost: Decimal | None
    gain: Decimal | None  # None: its basis was never told
    currency: str
    proceeds_base: Decimal | None
    cost_base: Decimal | None
    gain_base: Decimal | None
    reference: str
    unknown: str | None  # what is missing: a rate, by name, or the basis


def _figure(amount: Any) -> str:
    return UNKNOWN if amount is None else money(amount)


def _change(amount: Any) -> str:
    return UNKNOWN if amount is None else change(amount)


COLUMNS: tuple[Column, ...] = tuple(map(Column, TaxLine._fields))
DISPOSAL_COLUMNS: tuple[Column, ...] = (
    Column("symbol"), Column("opened"), Column("closed"), Column("quantity", quantity), Column("proceeds", _figure),
    Column("cost", _figure), Column("gain", _change), Column("currency"), Column("proceeds_base", _figure),
    Column("cost_base", _figure), Column("gain_base", _figure), Column("unknown"),
)  # fmt: skip


def disposal_lines(history: History, year: int) -> Iterator[TaxLine]:
    """Yield what was closed in a year, lot by lot, in order."""
    for disposal in history.disposals(date(year, 1, 1), date(year, 12, 31)):
        yield _disposed(history, disposal)


def _disposed(history: History, disposal: Disposal) -> TaxLine:
    """Say what a lot brought and what it cost; of a short one, the proceeds are what it was sold for at its opening."""
    contract = history.book.contracts[disposal.con_id]
    currency, short = contract.currency, disposal.quantity < 0
    sides = ((disposal.proceeds, disposal.closed_at), (EXACT.minus(disposal.basis), disposal.opened_at))  # as cash
    (received, received_at), (paid, paid_at) = reversed(sides) if short else sides
    if history.is_margin_product(disposal.con_id):
        received_at = paid_at = disposal.closed_at
    proceeds_base = _in_base(history.rates, received, currency, received_at)
    cost_base = _in_base(history.rates, EXACT.minus(paid), currency, paid_at)
    if is_untold(disposal):
        return TaxLine(
            "disposal", disposal.con_id, contract.symbol, contract.isin, history.day_of(disposal.opened_at),
            history.closed_on(disposal), disposal.quantity, received, None, None, currency, proceeds_base, None, None,
            disposal.closed_by, "its basis was not told",
        )  # fmt: skip
    known = proceeds_base is not None and cost_base is not None
    missing = received_at if proceeds_base is None else paid_at
    return TaxLine(
        "disposal", disposal.con_id, contract.symbol, contract.isin, history.day_of(disposal.opened_at),
        history.closed_on(disposal), disposal.quantity, received, EXACT.minus(paid), disposal.realised, currency,
        proceeds_base, cost_base, _difference(proceeds_base, cost_base), disposal.closed_by,
        None if known else history.rates.missing(currency, missing),
    )  # fmt: skip


def _in_base(rates: Rates, amount: Decimal, currency: str, moment: datetime) -> Decimal | None:
    rate = rates.at(currency, moment)
    return None if rate is None else ROUNDING.multiply(amount, rate)


def _difference(received: Decimal | None, paid: Decimal | None) -> Decimal | None:
    return None if received is None or paid is None else ROUNDING.subtract(received, paid)


def payment_lines(history: History, year: int) -> Iterator[TaxLine]:
    """Yield the year's dividends, taxes, interest and fees, and what the broker observed, in order."""
    of_year = (moved for moved in history.money.values() if moved.day.year == year)
    for moved in sorted(of_year, key=lambda each: (each.at, each.kind)):
        yield _paid(history, moved)


def _paid(history: History, moved: Money) -> TaxLine:
    contract = None if moved.con_id is None else history.book.contracts.get(moved.con_id)
    in_base = _in_base(history.rates, moved.amount, moved.currency, moved.at)
    return TaxLine(
        moved.kind, moved.con_id, history.symbol(moved.con_id), contract.isin if contract else None, None, moved.day,
        None, None, None, moved.amount, moved.currency, None, None, in_base, moved.note,
        None if in_base is not None else history.rates.missing(moved.currency, moved.at),
    )  # fmt: skip


# By payer, and in sum


@dataclass(slots=True)
class Sum:
    """What lines of one kind, payer and currency come to."""

    kind: str
    symbol: str
    currency: str
    lines: int = 0
    proceeds: Decimal = ZERO
    cost: Decimal = ZERO
    gain: Decimal | None = ZERO  # None: a basis was not told
    gain_base: Decimal | None = ZERO  # None: a rate is missing, or a basis

    def take(self, line: TaxLine) -> None:
        """Add a line."""
        self.lines += 1
        self.proceeds = EXACT.add(self.proceeds, line.proceeds or ZERO)
        self.cost = EXACT.add(self.cost, line.cost or ZERO)
        self.gain = None if self.gain is None or line.gain is None else EXACT.add(self.gain, line.gain)
        known = self.gain_base is not None and line.gain_base is not None
        self.gain_base = ROUNDING.add(self.gain_base or ZERO, line.gain_base or ZERO) if known else None


class Sums:
    """Sums by kind, payer and currency, while lines go by."""

    def __init__(self) -> None:
        self._sums: dict[tuple[str, str, str], Sum] = {}

    def watch(self, lines: Iterable[TaxLine]) -> Iterator[TaxLine]:
        """Hand lines on."""
        for line in lines:
            key = (line.kind, line.symbol, line.currency)
            self._sums.setdefault(key, Sum(*key)).take(line)
            yield line

    @property
    def told(self) -> tuple[Sum, ...]:
        """Every sum, kind by kind."""
        return tuple(known for _, known in sorted(self._sums.items()))

    @property
    def complete(self) -> bool:
        """Whether no rate was missing."""
        return all(known.gain_base is not None for known in self._sums.values())


SUM_COLUMNS: tuple[Column, ...] = (
    Column("kind"), Column("symbol"), Column("currency"), Column("lines", str), Column("amount", _change),
    Column("amount_base", _figure),
)  # fmt: skip


def sum_row(told: Sum) -> tuple[object, ...]:
    """Return the cells of a sum."""
    return (told.kind, told.symbol, told.currency, told.lines, told.gain, told.gain_base)


# Printing


def print_tax(history: History, year: int, format: Format) -> int:
    """Print a year; 1 where a rate is missing. Raises UnknownDay for a year of which the log tells nothing."""
    first, last = history.first_day, history.last_day
    if first is not None and last is not None and not first.year <= year <= last.year:
        raise UnknownDay(f"{year}: expected a year of {first} to {last}, of which the log tells")
    PRINTED[format](history, year, sums := Sums())
    return FINE if sums.complete else BAD_NEWS


def notes(history: History, year: int) -> tuple[str, ...]:
    """Say what is left out, and what is not known yet."""
    first, last = history.first_day, history.last_day
    partly = first is not None and last is not None and (first > date(year, 1, 1) or last < date(year, 12, 31))
    untold = (f"every other day: the log tells of {first} to {last} alone",) if partly else ()
    pending = len(history.book.pending_commissions)
    late = (f"{pending} commissions have not come yet: their gains are before them",) if pending else ()
    return (*untold, *LEFT_OUT, *late)


def _print_table(history: History, year: int, sums: Sums) -> None:
    base = history.book.base_currency
    print(f"{history.book.account} {year}, by trade date in {history.zone}; base currency {base}. Left out:")
    print("\n".join(f" - {note}" for note in notes(history, year)))
    print(
        f"In {base}: cost at the rate of its day, proceeds at theirs. Figures are rounded here; --format csv is exact."
    )
    print("\nDisposals")
    print_rows(DISPOSAL_COLUMNS, (_named(line) for line in sums.watch(disposal_lines(history, year))), "table")
    disposed = sums.told
    print("\n".join(_totals(disposed, base)) if disposed else "none")
    for _ in sums.watch(payment_lines(history, year)):
        pass
    paid = [told for told in sums.told if told.kind != "disposal"]
    print("\nIncome, withholding, interest and fees, by payer")
    print_rows(SUM_COLUMNS, map(sum_row, paid), "table")
    if not paid:
        print("none")


def _named(line: TaxLine) -> tuple[object, ...]:
    told = line._asdict()
    return tuple(told[column.name] for column in DISPOSAL_COLUMNS)


def _totals(disposed: Iterable[Sum], base_currency: str) -> Iterator[str]:
    """Sum disposals by currency, and in the base currency."""
    by_currency = dict[str, list[Sum]]()
    for told in disposed:
        by_currency.setdefault(told.currency, []).append(told)
    for currency, sums in sorted(by_currency.items()):
        proceeds, cost = (_added(getattr(told, name) for told in sums) for name in ("proceeds", "cost"))
        gains = [told.gain for told in sums if told.gain is not None]
        if len(gains) < len(sums):
            yield f"together  proceeds {money(proceeds)}, cost and gain {UNKNOWN}: a basis was not told, {currency}"
            continue
        gain = _added(gains)
        known = [told.gain_base for told in sums if told.gain_base is not None]
        in_base = money(_added(known)) if len(known) == len(sums) else f"{UNKNOWN}, a rate is missing"
        yield (
            f"together  proceeds {money(proceeds)} - cost {money(cost)} = {change(gain)} {currency}"
            f"  ({in_base} {base_currency})"
        )


def _added(amounts: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for amount in amounts:
        total = ROUNDING.add(total, amount)
    return total


def _lines(history: History, year: int) -> Iterator[TaxLine]:
    yield from disposal_lines(history, year)
    yield from payment_lines(history, year)


def _print_csv(history: History, year: int, sums: Sums) -> None:
    """Print lines alone; what is left out goes beside them, so that a spreadsheet reads the rest."""
    print("\n".join(f"left out: {note}" for note in notes(history, year)), file=sys.stderr)
    print_rows(COLUMNS, sums.watch(_lines(history, year)), "csv")


def _print_json(history: History, year: int, sums: Sums) -> None:
    head = {
        "year": year,
        "base_currency": history.book.base_currency,
        "zone": history.zone,
        "left_out": notes(history, year),
    }
    sys.stdout.write(json.dumps({name: plain(value) for name, value in head.items()}, ensure_ascii=False)[:-1])
    sys.stdout.write(', "lines": [')
    for place, line in enumerate(sums.watch(_lines(history, year))):
        sys.stdout.write(f"{',' if place else ''}\n {json_object(COLUMNS, line)}")
    sys.stdout.write('\n], "sums": [')
    for place, told in enumerate(sums.told):
        sys.stdout.write(f"{',' if place else ''}\n {json_object(SUM_COLUMNS, sum_row(told))}")
    sys.stdout.write("\n]}\n")


PRINTED: dict[Format, Callable[[History, int, Sums], None]] = {
    "table": _print_table,
    "csv": _print_csv,
    "json": _print_json,
}
