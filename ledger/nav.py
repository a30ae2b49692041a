"""Own NAV, exposure and leverage, at the broker's marks: exact, in the base currency."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext

from ledger.lots import EXACT, ROUNDING
from ledger.state import ZERO, State

LEVERAGE_UNIT = Decimal("1e-6")
VARIATION = "variation:"  # accounts of the journal, one a margin product


class Unvalued(Exception):
    """Something held has no mark or no rate: its value is unknown, not zero."""


@dataclass(frozen=True, slots=True)
class Exposure:
    """What is held, in the base currency."""

    gross: Decimal  # sum of magnitudes
    net: Decimal
    nav: Decimal

    @property
    def leverage_gross(self) -> Decimal:
        """Gross exposure over NAV, to 1e-6, for display."""
        return ratio(self.gross, self.nav)

    @property
    def leverage_net(self) -> Decimal:
        """Net exposure over NAV, to 1e-6, for display."""
        return ratio(self.net, self.nav)


def ratio(part: Decimal, whole: Decimal) -> Decimal:
    """Return part/whole to 1e-6; raises Unvalued where the whole is not above zero."""
    if whole <= 0:
        raise Unvalued(f"a ratio to NAV needs a NAV above zero, found {whole}")
    with localcontext(ROUNDING):
        return (part / whole).quantize(LEVERAGE_UNIT)


def rate(book: State, currency: str) -> Decimal:
    """Units of the base currency for one unit of a currency; raises Unvalued where none was reported."""
    known = book.rates.get(currency)
    if known is None:
        raise Unvalued(f"no exchange rate {currency}/{book.base_currency} was reported")
    return known


def mark(book: State, con_id: int) -> Decimal:
    """IB's last portfolio price per unit; raises Unvalued where none was ever reported.

    A contract that IB stopped reporting keeps its last mark: the missing position is a break, and locks the contract.
    """
    known = book.marks.get(con_id)
    if known is None:
        symbol = book.contracts[con_id].symbol if con_id in book.contracts else con_id
        raise Unvalued(f"{symbol}: no mark was reported")
    return known


def value(book: State, con_id: int) -> Decimal:
    """Market value of a position in the base currency, signed."""
    holding = book.holdings[con_id]
    with localcontext(EXACT):
        return holding.quantity * mark(book, con_id) * holding.multiplier * rate(book, holding.currency)


def cash_value(book: State) -> Decimal:
    """All own cash in the base currency."""
    with localcontext(EXACT):
        return sum((amount * rate(book, currency) for currency, amount in book.cash.items() if amount), ZERO)


def accruals(book: State) -> Decimal:
    """Dividends announced and not yet paid, net of tax, in the base currency; kept apart from NAV."""
    with localcontext(EXACT):
        held = ((currency, amount) for (account, currency), amount in book.journal.items() if account == "accruals")
        return sum((amount * rate(book, currency) for currency, amount in held if amount), ZERO)


def variation(book: State) -> Decimal:
    """Return what futures and CFDs have against their value, in the base currency: what they were traded at, settled.

    A margin product's value and this together are its unsettled variation, which is all of it that NAV holds.
    """
    with localcontext(EXACT):
        held = ((c, amount) for (account, c), amount in book.journal.items() if account.startswith(VARIATION))
        return sum((amount * rate(book, currency) for currency, amount in held), ZERO)


def own_nav(book: State) -> Decimal:
    """Own cash plus own positions at the broker's marks, without accruals; of futures, what is not settled yet."""
    with localcontext(EXACT):
        return cash_value(book) + sum((value(book, con_id) for con_id in book.positions), ZERO) + variation(book)


def exposure(book: State) -> Exposure:
    """Gross and net exposure and NAV; raises Unvalued."""
    with localcontext(EXACT):
        values = [value(book, con_id) for con_id in book.positions]
        return Exposure(sum(map(abs, values), ZERO), sum(values, ZERO), own_nav(book))


def is_of_one_currency(book: State) -> bool:
    """Tell whether all that was ever posted is in the base currency: then no rate ever moved NAV."""
    return all(currency == book.base_currency for _, currency in book.journal)
