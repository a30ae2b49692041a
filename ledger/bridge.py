"""The NAV bridge: how own NAV came from one moment to another, line by line, with nothing left over.

In each currency the journal says exactly what changed net assets (cash, positions at their marks, unsettled variation):
every account that is not an asset, and the change of what is unrealised. These lines are taken at the closing rate;
`translation` is what the change of the rate did to the net assets of the opening. NAV at both ends is computed apart
from the lines, by `ledger/nav.py`'s sum: the residual is their difference, checked and never plugged. An account of the
journal that no line names shows as a residual.

Announced dividends and interest stand beside it: own NAV counts cash. A mark or a rate that is missing makes a bridge
`Unvalued`, by name. To give an account its line, name it in `LINE_OF`. Which days there are: `ledger/bridged_days.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from ledger.lots import EXACT, ZERO, exactly
from ledger.nav import VARIATION, Unvalued, mark
from ledger.state import State

TRANSLATION, PRIOR_PERIOD, FLOWS, UNREALISED = "translation", "prior period", "flows", "unrealised"
ADJUSTMENTS = "adjustments"
LINES: tuple[str, ...] = (  # in the order in which they are told
    "realised", UNREALISED, "commissions", "dividends", "taxes", "interest", "fees", "conversion", TRANSLATION,
    FLOWS, ADJUSTMENTS, PRIOR_PERIOD,
)  # fmt: skip
LINE_OF: Mapping[str, str] = {  # of every account of the journal that is no asset
    "realised": "realised",
    "commissions": "commissions",
    "dividends": "dividends",
    "taxes": "taxes",
    "interest": "interest",
    "fees": "fees",
    "conversion": "conversion",
    "transfers": FLOWS,
    "opening": FLOWS,
    "suspense": ADJUSTMENTS,
    "cost adjustments": ADJUSTMENTS,
    "exchange": ADJUSTMENTS,
}
EMPTY: Mapping[Any, Decimal] = MappingProxyType({})
Native = dict[tuple[str, str], Decimal]  # (line, currency) -> amount in it, + to the account's good


@dataclass(frozen=True, slots=True)
class Standing:
    """What a book says at one moment, in native currencies: totals of every line, net assets, and the rates."""

    at: datetime
    base_currency: str
    totals: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    net: Mapping[str, Decimal] = field(default_factory=dict)  # cash, positions at their marks, unsettled variation
    accruals: Mapping[str, Decimal] = field(default_factory=dict)  # announced and not paid: not in `net`
    rates: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def nav(self) -> Decimal:
        """Own NAV in the base currency; raises Unvalued."""
        return self.valued(self.net)

    def valued(self, amounts: Mapping[str, Decimal]) -> Decimal:
        """Return amounts by currency in the base currency; raises Unvalued."""
        with exactly():
            return sum((amount * self.rate(currency) for currency, amount in amounts.items() if amount), ZERO)

    def rate(self, currency: str) -> Decimal:
        """Units of the base currency for one of a currency; raises Unvalued."""
        known = self.rates.get(currency)
        if known is None:
            raise Unvalued(f"no exchange rate {currency}/{self.base_currency} was reported")
        return known


def standing(book: State) -> Standing:
    """Read off a book what a bridge needs; raises Unvalued where something held has no mark."""
    with exactly():
        totals, accruals = _totals(book)
        net: dict[str, Decimal] = {currency: amount for currency, amount in book.cash.items() if amount}
        for (account, currency), amount in book.journal.items():
            if account.startswith(VARIATION):
                net[currency] = net.get(currency, ZERO) + amount
        for con_id, holding in book.holdings.items():
            value = holding.quantity and holding.quantity * mark(book, con_id) * holding.multiplier
            currency, unrealised = holding.currency, (UNREALISED, holding.currency)
            if value:
                net[currency] = net.get(currency, ZERO) + value
            if value != holding.gross_basis:
                totals[unrealised] = totals.get(unrealised, ZERO) + value - holding.gross_basis
    return Standing(book.now, book.base_currency, totals, net, accruals, dict(book.rates))


def _totals(book: State) -> tuple[Native, dict[str, Decimal]]:
    """Return every line's total but what is unrealised, and what has accrued; income is negative in the journal.

    What has accrued was posted as income, and is no cash: it is taken out again, dividends and taxes by what is open,
    the rest from interest.
    """
    totals, accruals = Native(), dict[str, Decimal]()
    for (account, currency), balance in book.journal.items():
        if account in LINE_OF:
            _add(totals, LINE_OF[account], currency, -balance)
        elif account == "accruals":
            accruals[currency] = balance
            _add(totals, "interest", currency, -balance)
    for accrued in book.accruals.values():
        _add(totals, "dividends", accrued.currency, -accrued.gross)
        _add(totals, "taxes", accrued.currency, -accrued.tax)
        _add(totals, "interest", accrued.currency, accrued.gross + accrued.tax)
    return totals, accruals


def _add(totals: Native, line: str, currency: str, amount: Decimal) -> None:
    totals[line, currency] = totals.get((line, currency), ZERO) + amount


@dataclass(frozen=True, slots=True)
class NativeLine:
    """One line in one currency, and the rate that it was taken at."""

    line: str
    currency: str
    amount: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Bridge:
    """How NAV came from one moment to another, in the base currency."""

    opened_at: datetime | None  # None: from nothing
    closed_at: datetime
    opening: Decimal  # NAV, as it was known then
    closing: Decimal
    lines: Mapping[str, Decimal]  # every one of LINES
    native: tuple[NativeLine, ...] = ()  # what they were made of, but for translation and prior period
    prior_flows: Decimal = ZERO  # of the prior period's line, what was put in or taken out
    accruals: tuple[Decimal, Decimal] = field(default=(ZERO, ZERO))  # beside NAV, at the opening and at the closing

    @property
    def change(self) -> Decimal:
        """How much NAV changed."""
        return EXACT.subtract(self.closing, self.opening)

    @property
    def residual(self) -> Decimal:
        """What the lines do not explain: zero, or something is wrong."""
        with exactly():
            return self.change - sum(self.lines.values(), ZERO)

    @property
    def flows(self) -> Decimal:
        """What was put in or taken out, late facts included."""
        return EXACT.add(self.lines[FLOWS], self.prior_flows)

    @property
    def gain(self) -> Decimal:
        """The change without what was put in or taken out."""
        return EXACT.subtract(self.change, self.flows)

    @property
    def accrued(self) -> Decimal:
        """The change of what stands beside NAV: announced and not paid."""
        return EXACT.subtract(self.accruals[1], self.accruals[0])


def bridge(
    before: Standing | None,
    after: Standing,
    *,
    known: Standing | None = None,
    reclassified: Mapping[tuple[str, str], Decimal] = EMPTY,
) -> Bridge:
    """Explain the change from one standing to another (from nothing if there is none); raises Unvalued.

    `known` is the first one as it is known now: what it differs by is the prior period's. `reclassified` is taken from
    one line to another, and sums to zero in each currency.
    """
    empty = Standing(after.at, after.base_currency)
    start = before or empty
    now = known or start
    with exactly():
        native = _native(now, after, reclassified)
        lines = dict.fromkeys(LINES, ZERO)
        for each in native:
            lines[each.line] += each.amount * each.rate
        lines[TRANSLATION] = _translated(now, after)
        lines[PRIOR_PERIOD] = now.nav - start.nav
        prior_flows = now.valued(_of_line(FLOWS, now)) - now.valued(_of_line(FLOWS, start)) if known else ZERO
        beside = (start.valued(start.accruals), after.valued(after.accruals))
    opened_at = before.at if before else None
    return Bridge(opened_at, after.at, start.nav, after.nav, lines, native, prior_flows, beside)


def _native(now: Standing, after: Standing, reclassified: Mapping[tuple[str, str], Decimal]) -> tuple[NativeLine, ...]:
    keys = sorted({*now.totals, *after.totals, *reclassified}, key=lambda key: (LINES.index(key[0]), key[1]))
    moved = (
        (key, after.totals.get(key, ZERO) - now.totals.get(key, ZERO) + reclassified.get(key, ZERO)) for key in keys
    )
    return tuple(
        NativeLine(line, currency, amount, after.rate(currency)) for (line, currency), amount in moved if amount
    )


def _translated(now: Standing, after: Standing) -> Decimal:
    held = ((currency, amount) for currency, amount in now.net.items() if amount)
    return sum((amount * (after.rate(currency) - now.rate(currency)) for currency, amount in held), ZERO)


def _of_line(line: str, told: Standing) -> dict[str, Decimal]:
    return {currency: amount for (name, currency), amount in told.totals.items() if name == line}


def summed(bridges: Iterable[Bridge]) -> Bridge:
    """Join bridges that follow each other: every line is the sum of theirs, each at the rates of its own day.

    In a line's own currency that is what `bridge` says of the whole time, but for what came late and for the market
    value of transfers; in the base currency only all lines together are, for each day translates at its own rates.
    """
    parts = tuple(bridges)
    with exactly():
        lines = {line: sum((part.lines[line] for part in parts), ZERO) for line in LINES}
        prior_flows = sum((part.prior_flows for part in parts), ZERO)
    first, last = parts[0], parts[-1]
    beside = (first.accruals[0], last.accruals[1])
    return Bridge(first.opened_at, last.closed_at, first.opening, last.closing, lines, (), prior_flows, beside)
