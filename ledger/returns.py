"""What the account returned: time-weighted, money-weighted, how evenly, and how far it fell from its peak. Pure.

Time-weighted: each day's NAV over what it began with, flows counted as there from the day's start; days are linked.
Money-weighted: the yearly rate at which everything put in and taken out is worth what there is (XIRR: actual days over
365). Volatility and Sharpe ratio are of daily returns, a year being 252 sessions; the ratio is the excess over nothing.
Figures are computed to 60 digits and shown to 1e-8; nothing is decided by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal, localcontext

from ledger.lots import ROUNDING, ZERO

ONE = Decimal(1)
SHOWN = Decimal("1e-8")
DAYS_A_YEAR = 365
SESSIONS_A_YEAR = 252
RATE_MIN, RATE_MAX = Decimal("-0.999999"), Decimal(1000)  # a year: -99.9999 % to 100,000 %
SEARCHED = Context(prec=34)
HALVINGS = 60  # of that interval: to 1e-15


@dataclass(frozen=True, slots=True)
class DayOfAccount:
    """One day: what it began with, what was put in or taken out, and what it ended with."""

    day: date
    opening: Decimal
    flows: Decimal
    closing: Decimal

    @property
    def factor(self) -> Decimal | None:
        """What one unit became; None where there was nothing that could grow."""
        with localcontext(ROUNDING):
            base = self.opening + self.flows
            if base > 0:
                return self.closing / base
        return ONE if not base and not self.closing else None


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall from a peak, and when."""

    depth: Decimal  # zero or negative, to 1e-8
    peak_on: date | None  # None: the beginning
    bottom_on: date | None  # None: it never fell
    recovered_on: date | None  # None: not yet


def linked(days: Iterable[DayOfAccount]) -> Decimal | None:
    """Return the time-weighted return of the days, to 1e-8; None where one of them has none."""
    unit = ONE
    for each in days:
        factor = each.factor
        if factor is None:
            return None
        unit = ROUNDING.multiply(unit, factor)
    return shown(ROUNDING.subtract(unit, ONE))


def drawdown(days: Iterable[DayOfAccount]) -> Drawdown | None:
    """Return the deepest fall of what one unit became; None where a day has no return."""
    unit = peak = ONE
    peak_on: date | None = None
    worst = Drawdown(ZERO, None, None, None)
    for each in days:
        factor = each.factor
        if factor is None:
            return None
        unit = ROUNDING.multiply(unit, factor)
        if unit >= peak:
            if worst.bottom_on is not None and worst.recovered_on is None and worst.peak_on == peak_on:
                worst = Drawdown(worst.depth, worst.peak_on, worst.bottom_on, each.day)
            peak, peak_on = unit, each.day
        depth = shown(ROUNDING.subtract(ROUNDING.divide(unit, peak), ONE)) if unit < peak else ZERO
        if depth < worst.depth:
            worst = Drawdown(depth, peak_on, each.day, None)
    return worst


def volatility(days: Sequence[DayOfAccount]) -> Decimal | None:
    """Return how far daily returns lie from their mean, a year, to 1e-8; None for less than two, or an unknown one."""
    told = _spread(days)
    return None if told is None else shown(ROUNDING.multiply(told[1], ROUNDING.sqrt(Decimal(SESSIONS_A_YEAR))))


def sharpe(days: Sequence[DayOfAccount]) -> Decimal | None:
    """Return the mean of daily returns over how far they lie from it, a year, to 1e-8; None where they never differ."""
    told = _spread(days)
    if told is None or not told[1]:
        return None
    return shown(ROUNDING.multiply(ROUNDING.divide(*told), ROUNDING.sqrt(Decimal(SESSIONS_A_YEAR))))


def _spread(days: Sequence[DayOfAccount]) -> tuple[Decimal, Decimal] | None:
    """Return the mean of daily returns and their standard deviation, that of a sample."""
    factors = [day.factor for day in days]
    known = [ROUNDING.subtract(factor, ONE) for factor in factors if factor is not None]
    if len(known) < max(len(factors), 2):
        return None
    with localcontext(ROUNDING):
        mean = sum(known, ZERO) / len(known)
        squares = sum(((each - mean) ** 2 for each in known), ZERO)
        return mean, (squares / (len(known) - 1)).sqrt()


@dataclass(frozen=True, slots=True)
class Flow:
    """Money as the owner sees it: - put in, + taken out or there at the end."""

    day: date
    amount: Decimal


def flows_of(days: Sequence[DayOfAccount]) -> tuple[Flow, ...]:
    """Return what the owner put in, the opening included, and could take out at the end of the days."""
    if not days:
        return ()
    told = (Flow(each.day, -each.flows) for each in days if each.flows)
    return (Flow(days[0].day, -days[0].opening), *told, Flow(days[-1].day, days[-1].closing))


def money_weighted(flows: Sequence[Flow]) -> Decimal | None:
    """Return the yearly rate that makes the flows' present value nil, to 1e-8, by bisection; None: there is none.

    There is none where nothing was put in, nothing can be taken out, or no time passed. Flows that change their sign
    more than once may have several rates: the one that is found lies between -99.9999 % and 100,000 %.
    """
    dated = [flow for flow in flows if flow.amount]
    if not dated or len({flow.day for flow in dated}) < 2:
        return None
    low, high = RATE_MIN, RATE_MAX
    with localcontext(SEARCHED):
        at_low, at_high = _present_value(dated, low), _present_value(dated, high)
        if at_low * at_high > 0:
            return None
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            found = _present_value(dated, middle)
            if at_low * found > 0:
                low, at_low = middle, found
            else:
                high = middle
    return shown((low + high) / 2)


def over(rate: Decimal, days: int) -> Decimal:
    """Return what a yearly rate comes to in some days, to 1e-8."""
    with localcontext(SEARCHED):
        return shown(((ONE + rate).ln() * days / DAYS_A_YEAR).exp() - ONE)


def _present_value(flows: Sequence[Flow], rate: Decimal) -> Decimal:
    began, growth = flows[0].day, (ONE + rate).ln()
    return sum((flow.amount * (growth * Decimal((began - flow.day).days) / DAYS_A_YEAR).exp() for flow in flows), ZERO)


def shown(figure: Decimal) -> Decimal:
    """Round to 1e-8, half-even, for the eye."""
    return ROUNDING.quantize(figure, SHOWN)
