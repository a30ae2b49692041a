"""`tallybook report performance` and `report realised`: what the account returned, and what was realised by contract.

Returns come from the NAV bridges of the days (`queries/bridge.py`), so that what was put in is no gain and a day that
is not known makes its month unknown, by name. Of an account that was adopted with positions, the first day begins with
what these were worth then. To add a figure of a period, add a column and its value in `period_row`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from ledger.bridged_days import BridgedDay
from ledger.lots import EXACT, ROUNDING, ZERO, exactly
from ledger.lots.disposals import Disposal
from ledger.returns import (
    DAYS_A_YEAR,
    DayOfAccount,
    Drawdown,
    drawdown,
    flows_of,
    linked,
    money_weighted,
    over,
    sharpe,
    volatility,
)
from queries.closed_lots import History, is_untold
from queries.figures import UNKNOWN, change, money, percent, percent_change, quantity
from queries.formats import Format
from queries.streams import Column, print_rows

FINE, BAD_NEWS = 0, 1
EVENNESS_DAYS_MIN = 5  # fewer days say nothing of how even a year would be
TOGETHER = "together"
NO_RATE = "no yearly rate within -99.9999 % to 100,000 %: nothing was put in, nothing is left, or no time passed"


@dataclass(frozen=True, slots=True)
class Period:
    """What the account returned over some days."""

    name: str
    days: tuple[DayOfAccount, ...]
    unknown: str = ""  # the first thing that is missing, by name

    @property
    def gain(self) -> Decimal:
        """What was gained or lost, whatever was put in."""
        with exactly():
            return self.days[-1].closing - self.days[0].opening - self.flows

    @property
    def flows(self) -> Decimal:
        """What was put in or taken out."""
        with exactly():
            return sum((day.flows for day in self.days), ZERO)

    @property
    def time_weighted(self) -> Decimal | None:
        """To 1e-8; None where a day began with nothing."""
        return linked(self.days)

    @property
    def money_weighted(self) -> Decimal | None:
        """A year, to 1e-8; None where there is no such rate."""
        return money_weighted(flows_of(self.days))

    @property
    def drawdown(self) -> Drawdown | None:
        """The deepest fall within the period; None where a day began with nothing."""
        return drawdown(self.days)

    @property
    def volatility(self) -> Decimal | None:
        """Of daily returns, a year, to 1e-8; None for less than two days."""
        return volatility(self.days)

    @property
    def sharpe(self) -> Decimal | None:
        """Of daily returns over nothing, a year, to 1e-8; None for less than two days, and for days all alike."""
        return sharpe(self.days)


def day_of_account(told: BridgedDay) -> DayOfAccount | None:
    """Return what returns need of a day; None where it is unknown."""
    found = told.since_adoption or told.bridge
    return None if found is None else DayOfAccount(told.day, found.opening, found.flows, found.closing)


def periods(days: Sequence[BridgedDay]) -> Iterator[Period]:
    """Yield each month, and then all of it together."""
    for month, of_month in groupby(days, key=lambda told: f"{told.day:%Y-%m}"):
        yield _period(month, tuple(of_month))
    yield _period(TOGETHER, tuple(days))


def _period(name: str, days: tuple[BridgedDay, ...]) -> Period:
    known = tuple(each for each in map(day_of_account, days) if each is not None)
    missing = next((f"{told.day}: {told.unknown}" for told in days if told.bridge is None), "")
    return Period(name, () if missing else known, missing)


def _figure(amount: Any) -> str:
    return UNKNOWN if amount is None else money(amount)


def _part(fraction: Any) -> str:
    return UNKNOWN if fraction is None else percent_change(fraction)


def _spread(fraction: Any) -> str:
    return "" if fraction is None else percent(fraction)


def _ratio(ratio: Any) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


COLUMNS: tuple[Column, ...] = (
    Column("period"), Column("opening", _figure), Column("flows", change), Column("gain", change),
    Column("closing", _figure), Column("time_weighted", _part), Column("money_weighted_a_year", _part),
    Column("drawdown", _part), Column("peak_on"), Column("bottom_on"), Column("recovered_on"),
    Column("volatility", _spread), Column("sharpe", _ratio), Column("unknown"),
)  # fmt: skip


def period_row(period: Period) -> tuple[object, ...]:
    """Return the cells of a period."""
    if not period.days:
        return (period.name, *(None,) * (len(COLUMNS) - 2), period.unknown)
    fall = period.drawdown
    dates = (None,) * 3 if fall is None else (fall.peak_on, fall.bottom_on, fall.recovered_on)
    rate = period.money_weighted if period.name == TOGETHER else None
    return (
        period.name, period.days[0].opening, period.flows, period.gain, period.days[-1].closing, period.time_weighted,
        rate, None if fall is None else fall.depth, *dates, period.volatility, period.sharpe, None,
    )  # fmt: skip


def print_performance(days: Iterable[BridgedDay], base_currency: str, format: Format) -> int:
    """Print what each month and all of them returned; 1 where something is unknown."""
    found = tuple(periods(tuple(days)))
    together = found[-1]
    if format != "table":
        print_rows(COLUMNS, map(period_row, found), format)
        return BAD_NEWS if together.unknown else FINE
    print("\n".join(_summary(together, base_currency)))
    hidden = {"money_weighted_a_year", *(() if together.unknown else ("unknown",))}
    shown = [place for place, column in enumerate(COLUMNS) if column.name not in hidden]
    rows = [period_row(period) for period in found[:-1]]
    print_rows([COLUMNS[place] for place in shown], ([row[place] for place in shown] for row in rows), "table")
    return BAD_NEWS if together.unknown else FINE


def _summary(period: Period, base_currency: str) -> Iterator[str]:
    if not period.days:
        yield f"return {UNKNOWN}: {period.unknown}"
        return
    first, last = period.days[0], period.days[-1]
    yield (
        f"{first.day} to {last.day}  NAV {money(first.opening)} → {money(last.closing)} {base_currency}  "
        f"flows {change(period.flows)}  gain {change(period.gain)}"
    )
    rate = period.money_weighted
    yield (
        f"time-weighted   {_part(period.time_weighted)}"
        if period.time_weighted is not None
        else (f"time-weighted   {UNKNOWN}: a day began with nothing that could grow")
    )
    days = (last.day - first.day).days
    if rate is None:
        yield f"money-weighted  {NO_RATE}"
    elif days < DAYS_A_YEAR:  # a yearly rate of a few days says nothing of a year
        yield f"money-weighted  {percent_change(over(rate, days))} over {days} days"
    else:
        yield f"money-weighted  {percent_change(rate)} a year"
    yield f"drawdown        {_fall(period.drawdown)}"
    if len(period.days) >= EVENNESS_DAYS_MIN:
        ratio = UNKNOWN if period.sharpe is None else f"{period.sharpe:.2f}"
        yield f"Sharpe ratio    {ratio}, volatility {percent(period.volatility)}: a year, of daily returns"


def _fall(fall: Drawdown | None) -> str:
    if fall is None:
        return UNKNOWN
    if fall.bottom_on is None:
        return "none"
    since = f"from {fall.peak_on}" if fall.peak_on else "from the beginning"
    until = f"recovered {fall.recovered_on}" if fall.recovered_on else "not recovered"
    return f"{percent_change(fall.depth)} {since} to {fall.bottom_on}, {until}"


# Realised, by contract and month


@dataclass(slots=True)
class Realised:
    """What closing one contract in one month came to, in its currency; None: a basis was not told, or a rate."""

    period: str
    con_id: int
    symbol: str
    currency: str
    closed: Decimal = ZERO  # units, magnitude
    before_commissions: Decimal | None = ZERO
    commissions: Decimal = ZERO  # of both legs, signed as cash
    realised: Decimal | None = ZERO  # by IB's convention
    in_base: Decimal | None = ZERO  # at the rate of each closing
    unknown: str = ""

    def take(self, disposal: Disposal, rate: Decimal | None, missing: str) -> None:
        """Add a disposal."""
        charged = EXACT.add(disposal.opening_commission, disposal.closing_commission)
        with exactly():
            self.closed += abs(disposal.quantity)
            self.commissions += charged
        if is_untold(disposal):
            self.realised = self.before_commissions = self.in_base = None
            self.unknown = "its basis was not told"
        elif self.realised is not None and self.before_commissions is not None:
            self.realised = EXACT.add(self.realised, disposal.realised)
            self.before_commissions = EXACT.add(self.before_commissions, EXACT.subtract(disposal.realised, charged))
            self._convert(disposal.realised, rate, missing)

    def _convert(self, realised: Decimal, rate: Decimal | None, missing: str) -> None:
        if rate is None:
            self.in_base, self.unknown = None, missing
        elif self.in_base is not None:
            self.in_base = ROUNDING.add(self.in_base, ROUNDING.multiply(realised, rate))


REALISED_COLUMNS: tuple[Column, ...] = (
    Column("period"), Column("con_id"), Column("symbol"), Column("currency"), Column("closed", quantity),
    Column("before_commissions", change), Column("commissions", change), Column("realised", change),
    Column("realised_base", _figure), Column("unknown"),
)  # fmt: skip


def realised(history: History, first: date | None = None, last: date | None = None) -> Iterator[Realised]:
    """Yield what was realised in each month, by contract."""
    closed = history.disposals(first, last)
    for month, of_month in groupby(closed, key=lambda disposal: f"{history.closed_on(disposal):%Y-%m}"):
        by_contract = dict[int, Realised]()
        for disposal in of_month:
            con_id, currency = disposal.con_id, history.book.holdings[disposal.con_id].currency
            known = by_contract.get(con_id) or Realised(month, con_id, history.symbol(con_id), currency)
            rate = history.rates.at(currency, disposal.closed_at)
            known.take(disposal, rate, "" if rate else history.rates.missing(currency, disposal.closed_at))
            by_contract[con_id] = known
        yield from sorted(by_contract.values(), key=lambda each: (each.symbol, each.con_id))


def realised_row(each: Realised) -> tuple[object, ...]:
    """Return the cells of what was realised."""
    return (
        each.period, each.con_id, each.symbol, each.currency, each.closed, each.before_commissions, each.commissions,
        each.realised, each.in_base, each.unknown or None,
    )  # fmt: skip


def print_realised(found: Iterable[Realised], base_currency: str, format: Format) -> int:
    """Print what was realised, in a table with its sum; 1 where a rate or a basis is missing."""
    told = list[Realised]()

    def rows() -> Iterator[tuple[object, ...]]:
        for each in found:
            told.append(each)
            yield realised_row(each)

    print_rows(REALISED_COLUMNS, rows(), format)
    known = [each.in_base for each in told if each.in_base is not None]
    missing = "a rate is missing" if all(each.realised is not None for each in told) else "a basis was not told"
    if format == "table":
        total = money(sum(known, ZERO)) if len(known) == len(told) else f"{UNKNOWN}: {missing}"
        print(f"In {base_currency} at the rate of each closing. Figures are rounded here; --format csv is exact.")
        together = f"together {total}" + (f" {base_currency}, commissions of both legs included" if known else "")
        print(together if told else "nothing was closed")
    return FINE if len(known) == len(told) else BAD_NEWS
