"""The venue's archive: the books of every day that is closed, and the periods that statements are written of."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from trader.simulator.account import Account
from trader.simulator.closings import Closing, close_books
from trader.simulator.market import Market
from trader.simulator.sessions import new_york_date
from trader.simulator.statement_lines import Period


class NoStatementError(ValueError):
    """There is no statement of the day that was asked for."""


class Archive:
    """Closings, in order; the first is what the account started with."""

    def __init__(self, account: Account, market: Market, start: datetime) -> None:
        self._account = account
        self._market = market
        self._closings = [close_books(account, market, new_york_date(start) - timedelta(days=1), start)]

    @property
    def days(self) -> list[date]:
        """The days that are closed."""
        return [closing.date for closing in self._closings[1:]]

    def close(self, day: date, at: datetime) -> Closing:
        """Close the books of a day."""
        closing = close_books(self._account, self._market, day, at)
        self._closings.append(closing)
        return closing

    def period(self, last: date | None = None, first: date | None = None) -> Period:
        """Return one day, by default the last one closed, or all from a first day on."""
        days = self.days
        last = last or (days[-1] if days else None)
        first = first or last
        if last not in days or first not in days or first > last:
            raise NoStatementError(f"expected a day that is closed ({_told(days)}), found {_asked(first, last)}")
        begin, end = days.index(first), days.index(last) + 1
        opening, closings = self._closings[begin], tuple(self._closings[begin + 1 : end + 1])
        bookings = tuple(self._account.bookings[opening.last_number : closings[-1].last_number])
        contracts = {contract.con_id: contract for contract in self._market.contracts}
        return Period(self._account.number, opening, closings, bookings, contracts)


def _told(days: list[date]) -> str:
    return f"{days[0]} to {days[-1]}" if days else "none is yet"


def _asked(first: date | None, last: date | None) -> str:
    return str(last) if first == last else f"{first} to {last}"
