"""The account as it stands when its day's books are closed: what a statement starts and ends with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, localcontext

from trader.simulator.account import Account
from trader.simulator.bookings import DividendAccrualBooked
from trader.simulator.contracts import BASE_CURRENCY, Contract
from trader.simulator.lots import CONTEXT, ZERO, Lot
from trader.simulator.market import Market


@dataclass(frozen=True, slots=True)
class PositionAtClose:
    """A position, its lots and its mark."""

    contract: Contract
    quantity: Decimal
    mark: Decimal
    lots: tuple[Lot, ...]
    variation: Decimal = ZERO  # of what is settled daily: money that its trades have moved and cash has not

    @property
    def value(self) -> Decimal:
        """Quantity x mark x multiplier."""
        return self.quantity * self.mark * self.contract.multiplier

    @property
    def in_net_liquidation(self) -> Decimal:
        """What of it counts: the value, or of what is settled daily only what is not settled."""
        return self.value + self.variation

    @property
    def basis(self) -> Decimal:
        """What the open lots cost, commissions included, with their sign."""
        return sum((lot.basis for lot in self.lots), ZERO)


@dataclass(frozen=True, slots=True)
class Closing:
    """Everything at the end of a day; nothing in it changes afterwards."""

    date: date
    at: datetime
    last_number: int  # of the bookings
    balances: Mapping[str, Decimal]  # by currency
    positions: tuple[PositionAtClose, ...]
    dividends: tuple[DividendAccrualBooked, ...]  # accrued
    interest: Mapping[str, Decimal]  # accrued, by currency
    rates: Mapping[str, Decimal]  # base currency for one unit
    marks: Mapping[int, Decimal]  # of every contract that was ever held

    @property
    def net_liquidation(self) -> Decimal:
        """Net liquidation value in the base currency."""
        with localcontext(CONTEXT):
            return sum((amount * self.rates[currency] for currency, amount in self.by_currency().items()), ZERO)

    def by_currency(self) -> dict[str, Decimal]:
        """Return what every currency brings to the net liquidation value, in itself."""
        found = dict(self.balances)
        for position in self.positions:
            _add(found, position.contract.currency, position.in_net_liquidation)
        for accrued in self.dividends:
            _add(found, accrued.currency, accrued.net)
        for currency, amount in self.interest.items():
            _add(found, currency, amount)
        return found

    def in_base(self, amounts: Iterable[tuple[str, Decimal]]) -> Decimal:
        """Add up amounts of currencies at the rates of this closing."""
        return sum((amount * self.rates[currency] for currency, amount in amounts), ZERO)


def close_books(account: Account, market: Market, day: date, at: datetime) -> Closing:
    """Look at the account as it is now."""
    with localcontext(CONTEXT):
        marks = {con_id: mark for con_id in account.holdings if (mark := market.mark(con_id, at)) is not None}
        positions = tuple(
            _position(account, market, con_id, marks)
            for con_id, holding in account.holdings.items()
            if holding.lots or account.variation.get(con_id)
        )
        currencies = {BASE_CURRENCY, *account.balances, *(position.contract.currency for position in positions)}
        return Closing(
            date=day,
            at=at,
            last_number=len(account.bookings),
            balances=dict(account.balances),
            positions=positions,
            dividends=tuple(account.dividends_accrued.values()),
            interest=_interest(account),
            rates={currency: market.rate(currency, at) for currency in sorted(currencies)},
            marks=marks,
        )


def _position(account: Account, market: Market, con_id: int, marks: Mapping[int, Decimal]) -> PositionAtClose:
    contract, holding = market.contract(con_id), account.holdings[con_id]
    if contract is None or con_id not in marks:
        raise ValueError(f"contract {con_id}: expected a price to close the books with, found none")
    lots = tuple(lot.copy() for lot in holding.lots)
    return PositionAtClose(contract, holding.quantity, marks[con_id], lots, account.variation.get(con_id, ZERO))


def _interest(account: Account) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for (currency, _), amount in account.interest_accrued.items():
        _add(found, currency, amount)
    return found


def _add(amounts: dict[str, Decimal], currency: str, amount: Decimal) -> None:
    amounts[currency] = amounts.get(currency, ZERO) + amount
