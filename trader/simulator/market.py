"""The market as of a moment: contracts, quotes and history, with nothing in them that came later.

Prices are raw: no dividend is taken out. History is adjusted for splits alone, as IB does for TRADES, and only for
those that have happened at its end. A contract without a row on a session's date is halted that day.
To list something else than a stock in dollars: see `contracts.py`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from trader.simulator.actions import Dividend, dividends_of
from trader.simulator.bars import DailyBar, DailyBars, Series, Split
from trader.simulator.bridge import MINUTE, HourBar, bridge, seeded
from trader.simulator.contracts import BASE_CURRENCY, CENT, Contract, stock
from trader.simulator.history import (
    AdjustedDays,
    Bar,
    adjusted,
    cut,
    divided,
    joined,
    ratio_after,
    ratio_of,
    seconds,
    seen,
    start_of,
)
from trader.simulator.sessions import Session, new_york_date, session_at, session_on

NONE_LISTED: Mapping[str, Contract] = {}
DAILY = "1 day"
BAR_MINUTES = {"1 hour": 60, "30 mins": 30, "15 mins": 15, "5 mins": 5, "1 min": 1}
LOTS_MAX = 20  # of 100 shares, at the touch
DAYS_REMEMBERED = 4096  # sixty days of hourly history for some sixty contracts; 5 kB each


@dataclass(frozen=True, slots=True)
class Quote:
    """Prices are None where there is none: no bid and ask outside the session, no last before the first bar."""

    bid: Decimal | None
    ask: Decimal | None
    last: Decimal | None
    last_time: datetime | None
    bid_size: int
    ask_size: int
    close: Decimal | None  # of the previous session
    volume: int  # today's, so far
    halted: bool
    open: Decimal | None = None  # today's
    high: Decimal | None = None  # today's, so far
    low: Decimal | None = None  # today's, so far


class Market:
    """All contracts of one source of bars; a pure function of these bars and the seed."""

    contracts: tuple[Contract, ...]

    def __init__(self, daily: DailyBars, seed: int, listed: Mapping[str, Contract] = NONE_LISTED) -> None:
        self.seed = seed
        self.contracts = tuple(listed.get(ticker) or stock(ticker) for ticker in daily.tickers)
        self._by_id = {contract.con_id: contract for contract in self.contracts}
        self._by_symbol = {contract.name: contract for contract in self.contracts}
        self._series = {contract.con_id: daily.series[contract.name] for contract in self.contracts}
        self._dividends: dict[int, tuple[Dividend, ...]] = {}  # by contract, found when first asked for
        self._daily: dict[tuple[int, int], AdjustedDays] = {}  # by contract, and splits that have happened
        self._days: dict[tuple[int, date], tuple[HourBar, ...]] = {}
        if len(self._by_id) < len(self.contracts):
            raise ValueError("two symbols share a conId: name one of them in contracts.CON_IDS")
        for series in daily.series.values():
            _refuse_bars_outside_sessions(series)
        self._refuse_what_cannot_be_kept(listed)

    def _refuse_what_cannot_be_kept(self, listed: Mapping[str, Contract]) -> None:
        for ticker, contract in listed.items():
            if ticker not in self._by_symbol:
                raise ValueError(f"{ticker}: expected bars of it, found none; add them or take it off the contracts")
            if contract.security_type == "OPT" and contract.underlying not in self._by_symbol:
                raise ValueError(f"{ticker}: expected bars of its underlying {contract.underlying!r}, found none")
            if contract.expiry is not None and session_on(contract.expiry) is None:
                raise ValueError(f"{ticker}: expected an expiry on a session, found {contract.expiry}, which is none")
            if contract.is_currency and contract.currency != BASE_CURRENCY:
                raise ValueError(f"{ticker}: expected a pair that is paid for in {BASE_CURRENCY}")
            if contract.commission_currency not in (BASE_CURRENCY, contract.symbol):
                raise ValueError(f"{ticker}: its commission should be charged in one of its own currencies")

    @property
    def has_expiries(self) -> bool:
        """Whether anything listed ends by itself."""
        return any(contract.expiry for contract in self.contracts)

    @property
    def last_date(self) -> date:
        """The date of the last bar: beyond it the market knows nothing."""
        return max(series.bars[-1].date for series in self._series.values())

    def contract(self, con_id: int) -> Contract | None:
        """Return the contract, or None if it is not listed here."""
        return self._by_id.get(con_id)

    def known(self, con_id: int) -> Contract:
        """Return a contract that is certainly listed."""
        contract = self.contract(con_id)
        if contract is None:
            raise LookupError(f"conId {con_id}: expected a contract of this market, found none")
        return contract

    def contract_of(self, symbol: str) -> Contract | None:
        """Return the contract of a symbol, or None if it is not listed here."""
        return self._by_symbol.get(symbol)

    def splits(self, con_id: int) -> tuple[Split, ...]:
        """Return all splits of a contract, those to come included: not for a client's eyes."""
        return self._series[con_id].splits

    def dividends(self, con_id: int) -> tuple[Dividend, ...]:
        """Return all dividends of a contract, those to come included: not for a client's eyes."""
        if con_id not in self._dividends:
            self._dividends[con_id] = dividends_of(self._series[con_id])
        return self._dividends[con_id]

    def mark(self, con_id: int, at: datetime) -> Decimal | None:
        """Return the last price, which positions are valued at; None before the first bar."""
        running = self.bar_at(con_id, at)
        if running:
            bar, minute = running
            return bar.path[minute]
        return self._last_close(con_id, at)

    def rate(self, currency: str, at: datetime) -> Decimal:
        """Return how much of the base currency one unit is worth: the last price of its pair."""
        if currency == BASE_CURRENCY:
            return Decimal(1)
        pair = self.contract_of(f"{currency}.{BASE_CURRENCY}")
        rate = self.mark(pair.con_id, at) if pair else None
        if rate is None:
            raise ValueError(f"{currency}: expected bars of {currency}.{BASE_CURRENCY} to value it with, found none")
        return rate

    def bar_at(self, con_id: int, at: datetime) -> tuple[HourBar, int] | None:
        """Return the hourly bar under way and its minute; None outside the session or while halted."""
        session = session_at(at)
        if session is None or not (bars := self._bridged(con_id, session)):
            return None
        place, minute = divmod((at - session.open) // MINUTE, 60)
        return bars[place], minute

    def quote(self, con_id: int, at: datetime) -> Quote:
        """Return what a client sees: bid and ask one cent apart, the last price at the bid or between them."""
        today = session_on(new_york_date(at))
        close = self._close_before(con_id, new_york_date(at))
        last = self.mark(con_id, at)
        running = self.bar_at(con_id, at)
        if today is None or at < today.open or not (bars := self._bridged(con_id, today)):
            halted = session_at(at) is not None
            return Quote(None, None, last, self._last_close_time(con_id, at), 0, 0, close, 0, halted)
        so_far = joined(today.open, seen(bars, at))
        prices = so_far.open, so_far.high, so_far.low
        day = Quote(None, None, last, min(at, today.close), 0, 0, close, so_far.volume, False, *prices)
        if running is None or last is None:
            return day
        bid, ask = touch(last, self.known(con_id).tick_at(last))
        lots = seeded(self.seed, con_id, at.isoformat(timespec="minutes"))
        sizes = 100 * lots.randint(1, LOTS_MAX), 100 * lots.randint(1, LOTS_MAX)
        return replace(day, bid=bid, ask=ask, bid_size=sizes[0], ask_size=sizes[1])

    def history(self, con_id: int, end: datetime, duration: str, bar_size: str, rth: bool = True) -> list[Bar]:
        """Return completed bars and the running one, split-adjusted as of `end`; ValueError for what is not understood.

        There is no trading outside regular hours here, so `rth` changes nothing.
        """
        del rth
        if bar_size != DAILY and bar_size not in BAR_MINUTES:
            raise ValueError(f"bar size {bar_size!r}: expected 1 day or one of {', '.join(BAR_MINUTES)}")
        today = new_york_date(end)
        dates = self._series[con_id].dates
        past = bisect_left(dates, today)
        running = self._day_so_far(con_id, end)
        since = start_of(duration, end, (*dates[:past], today) if running else dates[:past])
        first = bisect_left(dates, since, 0, past)
        known = [split for split in self.splits(con_id) if split.ex_date <= today]
        if bar_size == DAILY:
            bars = self._adjusted_days(con_id, known).between(first, past) + ([running] if running else [])
        else:
            days = (*dates[first:past], today) if running else dates[first:past]
            bars = [bar for day in days for bar in self._intraday(con_id, day, end, BAR_MINUTES[bar_size], known)]
        earliest = end - seconds(duration) if duration.endswith("S") else None
        return [bar for bar in bars if bar.start >= earliest] if earliest else bars

    def first_session(self, con_id: int) -> date:
        """Return the date of the first bar."""
        return self._series[con_id].bars[0].date

    def _bridged(self, con_id: int, session: Session) -> tuple[HourBar, ...]:
        key = (con_id, session.date)
        if key not in self._days:
            while len(self._days) >= DAYS_REMEMBERED:
                del self._days[next(iter(self._days))]
            series = self._series[con_id]
            place = series.index.get(session.date)
            self._days[key] = () if place is None else self._made(con_id, series, place, session)
        return self._days[key]

    def _made(self, con_id: int, series: Series, place: int, session: Session) -> tuple[HourBar, ...]:
        unit = self.known(con_id).min_tick / CENT
        return bridge(self.seed, series.bars[place], series.ticker, session, unit)

    def _day_so_far(self, con_id: int, at: datetime) -> Bar | None:
        session = session_on(new_york_date(at))
        if session is None or at <= session.open or not (bars := self._bridged(con_id, session)):
            return None
        return joined(session.open, seen(bars, at))

    def _adjusted_days(self, con_id: int, known: Sequence[Split]) -> AdjustedDays:
        key = (con_id, len(known))
        if key not in self._daily:
            self._daily[key] = AdjustedDays(self._series[con_id], known)
        return self._daily[key]

    def _intraday(self, con_id: int, day: date, end: datetime, minutes: int, known: Sequence[Split]) -> list[Bar]:
        session = session_on(day)
        if session is None:
            raise AssertionError(f"{day}: bars outside sessions are refused when the market is built")
        bars = []
        for hour, passed in seen(self._bridged(con_id, session), end):
            if passed == hour.minutes <= minutes:
                bars.append(joined(hour.start, [(hour, passed)]))
            elif hour.start < end:
                bars += cut(hour, passed, minutes)
        ratio = ratio_after(day, known)
        return [adjusted(bar, ratio) for bar in bars]

    def _last_close(self, con_id: int, at: datetime) -> Decimal | None:
        """Return the last close at a moment outside trading, on the footing of that day's shares."""
        today = session_on(new_york_date(at))
        place = self._series[con_id].index.get(today.date) if today and at >= today.close else None
        if place is not None:
            return self._series[con_id].bars[place].close
        return self._close_before(con_id, new_york_date(at))

    def _last_close_time(self, con_id: int, at: datetime) -> datetime | None:
        before = self._bar_before(con_id, new_york_date(at))
        session = session_on(before.date) if before else None
        return session.close if session else None

    def _bar_before(self, con_id: int, day: date) -> DailyBar | None:
        series = self._series[con_id]
        place = bisect_left(series.dates, day)
        return series.bars[place - 1] if place else None

    def _close_before(self, con_id: int, day: date) -> Decimal | None:
        before = self._bar_before(con_id, day)
        if before is None:
            return None
        splits = [split for split in self.splits(con_id) if before.date < split.ex_date <= day]
        return divided(before.close, ratio_of(splits))


def touch(price: Decimal, tick: Decimal = CENT) -> tuple[Decimal, Decimal]:
    """Return bid and ask around a price, one tick apart: the bid is the whole tick at or just below it."""
    if tick == CENT:
        bid = price.quantize(CENT, "ROUND_FLOOR")
    else:
        bid = (price / tick).to_integral_value("ROUND_FLOOR") * tick
    return bid, bid + tick


def _refuse_bars_outside_sessions(series: Series) -> None:
    for bar in series.bars:
        if session_on(bar.date) is None:
            raise ValueError(
                f"{series.ticker}: {bar.date} is no session of this venue; remove the row or correct its date"
            )
