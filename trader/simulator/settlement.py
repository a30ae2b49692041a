"""What happens to the account without a trade, in the morning, at the close and in the evening of a session.

The morning is midnight in New York, before anything of the day can be seen: on an ex-date the accrued dividend is paid
less its tax, then a split is applied; a fraction of a share that it leaves is paid out at the adjusted last close.
At the close of their last day, options and futures end: `expiry.py`.
The evening is 20:00 in New York, when the day's books are closed, in this order: interest of the month before is paid
(on the first session of a month), futures are settled into cash at their close, interest of the days since the last
evening accrues, and so does the dividend of whoever holds a share on the eve of its ex-date. What happens after 20:00
belongs to the next session's day.
To let something else happen: a method that `_morning` or `_evening` calls, under a term of `terms.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache

from trader.simulator.account import Account, mark_of
from trader.simulator.bars import Split
from trader.simulator.expiry import expire
from trader.simulator.interest import interest_of
from trader.simulator.market import Market
from trader.simulator.sessions import Session, in_utc, new_york_date, session_after, session_on
from trader.simulator.statements import Archive
from trader.simulator.terms import Terms

MIDNIGHT, EVENING = time(), time(20)


class SplitAheadError(ValueError):
    """Time would pass over a split that this venue is not to apply to a position or an order."""

    def __init__(self, name: str, split: Split) -> None:
        ratio = f"{split.ratio.numerator}:{split.ratio.denominator}"
        super().__init__(
            f"{name}: it splits {ratio} on {split.ex_date}, and this venue is not told to apply splits to positions "
            "(--splits), nor can it adjust options; close it before, or start after that date"
        )


@dataclass(slots=True)
class Settled:
    """What has changed and is to be told."""

    positions: list[int] = field(default_factory=list)  # contracts
    money: bool = False


class Settlement:
    """Books what the terms say, when it is time."""

    def __init__(self, market: Market, account: Account, terms: Terms, start: datetime) -> None:
        self.market = market
        self.account = account
        self.terms = terms
        self.archive = Archive(account, market, start) if terms.statements else None
        self._anything_happens = terms.any_is_on or market.has_expiries
        self._evening_before: date | None = None

    def moments(self, now: datetime) -> list[datetime]:
        """Return when something may be due next."""
        if not self._anything_happens:
            return []
        today = new_york_date(now)
        days = (today, session_after(today).date)
        return [moment for day in days for moment in moments_of(day) if moment > now]

    def is_due(self, now: datetime) -> bool:
        """Whether something may happen at this very moment."""
        return self._anything_happens and now in moments_of(new_york_date(now))

    def ending_now(self, now: datetime, con_ids: Iterable[int]) -> set[int]:
        """Return which of these contracts split or expire at this moment: no order in them lives on."""
        con_ids = [*con_ids]
        session = session_on(new_york_date(now))
        if session is None or now != session.close:
            return {con_id for con_id, _ in self._splits_now(now, con_ids)}
        return {each for each in con_ids if self.market.known(each).expiry == session.date}

    def refuse_splits(self, now: datetime, moment: datetime, con_ids: Iterable[int]) -> None:
        """Raise SplitAheadError if time would pass over a split of these contracts that is not to be applied."""
        first, last = new_york_date(now), new_york_date(moment)
        if first == last:
            return
        for contract in map(self.market.known, con_ids):
            if self.terms.splits and not contract.underlying:
                continue
            stock = self.market.contract_of(contract.underlying) if contract.underlying else contract
            for split in self.market.splits(stock.con_id) if stock else ():
                if first < split.ex_date <= last:
                    raise SplitAheadError(contract.name, split)

    def settle(self, now: datetime) -> Settled:
        """Book what is due at this moment."""
        settled = Settled()
        session = session_on(new_york_date(now))
        if session is not None:
            morning, close, evening = moments_of(session.date)
            if now == morning:
                self._morning(session, now, settled)
            elif now == close:
                settled.positions += expire(self.market, self.account, session.date, now)
            elif now == evening:
                self._evening(session, now, settled)
        return settled

    def _splits_now(self, now: datetime, con_ids: Iterable[int]) -> list[tuple[int, Split]]:
        """Return the splits, of these contracts, that are to be applied at this moment."""
        day = new_york_date(now)
        if not self.terms.splits or now != in_utc(day, MIDNIGHT):
            return []
        return [(con_id, split) for con_id in con_ids for split in self.market.splits(con_id) if split.ex_date == day]

    def _morning(self, session: Session, now: datetime, settled: Settled) -> None:
        for (con_id, ex_date), accrued in [*self.account.dividends_accrued.items()]:
            if ex_date == session.date:
                self.account.pay_dividend(self.market.known(con_id), accrued, now)
                settled.money = True
        for con_id, split in self._splits_now(now, self.account.held()):
            self._split(con_id, split, now)
            settled.positions.append(con_id)

    def _split(self, con_id: int, split: Split, now: datetime) -> None:
        fraction = self.account.split(con_id, split.ratio, now)
        if fraction:
            self.account.trade(con_id, -fraction, mark_of(self.market, con_id, now), Decimal(0), now, kind="FracShare")

    def _evening(self, session: Session, now: datetime, settled: Settled) -> None:
        if self.terms.bears_interest:
            self._pay_interest(session.date, now, settled)
        self._settle_futures(now, settled)
        if self.terms.bears_interest:
            self._accrue_interest(session.date, now, settled)
        if self.terms.dividends:
            self._accrue_dividends(session_after(session.date).date, now, settled)
        if self.archive is not None:
            self.archive.close(session.date, now)

    def _pay_interest(self, today: date, now: datetime, settled: Settled) -> None:
        before = self._evening_before
        if before is not None and (before.year, before.month) != (today.year, today.month):
            self.account.pay_interest(before, now)
            settled.money = True

    def _settle_futures(self, now: datetime, settled: Settled) -> None:
        for con_id in [*self.account.holdings]:
            contract = self.market.known(con_id)
            if contract.is_settled_daily and (self.account.quantity(con_id) or self.account.variation.get(con_id)):
                self.account.settle_variation(contract, mark_of(self.market, con_id, now), now)
                settled.money = True

    def _accrue_interest(self, today: date, now: datetime, settled: Settled) -> None:
        """Let every day count, those without a session too: what stands in the evening stood since the last one."""
        days = (today - self._evening_before).days if self._evening_before else 1
        self._evening_before = today
        for currency, name, amount in interest_of(self.account, self.market, self.terms, days, now):
            self.account.accrue_interest(currency, name, amount, now)
            settled.money = True

    def _accrue_dividends(self, ex_date: date, now: datetime, settled: Settled) -> None:
        for con_id in self.account.held():
            for dividend in self.market.dividends(con_id):
                if dividend.ex_date == ex_date:
                    contract = self.market.known(con_id)
                    self.account.accrue_dividend(contract, ex_date, dividend.amount, self.terms.withholding, now)
                    settled.money = True


@cache
def moments_of(day: date) -> tuple[datetime, ...]:
    """Return morning, close and evening of a session; none of another day."""
    session = session_on(day)
    return (in_utc(day, MIDNIGHT), session.close, in_utc(day, EVENING)) if session else ()
