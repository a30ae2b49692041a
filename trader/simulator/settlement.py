"""What happens to the account without a trade: dividends and splits, in the morning and in the evening of a session.

The morning is midnight in New York, before anything of the day can be seen: on an ex-date the accrued dividend is paid
less its tax, then a split is applied; a fraction of a share that it leaves is paid out at the adjusted last close.
The evening is 20:00 in New York, when the day's books are closed: who holds a share then, the evening before the
ex-date, is entitled to the dividend, which accrues. What happens after 20:00 belongs to the next session's day.
To let something else happen: a method that `_morning` or `_evening` calls, under a term of `terms.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal

from trader.simulator.account import Account, mark_of
from trader.simulator.bars import Split
from trader.simulator.contracts import Contract
from trader.simulator.market import Market
from trader.simulator.sessions import NEW_YORK, Session, in_utc, new_york_date, session_after, session_on
from trader.simulator.statements import Archive
from trader.simulator.terms import Terms

MIDNIGHT, EVENING = time(), time(20)


class SplitAheadError(ValueError):
    """Time would pass over a split that this venue is not to apply to a position or an order."""

    def __init__(self, symbol: str, split: Split) -> None:
        ratio = f"{split.ratio.numerator}:{split.ratio.denominator}"
        super().__init__(
            f"{symbol}: it splits {ratio} on {split.ex_date}, and this venue is not told to apply splits to positions "
            "(--splits); close it before, or start after that date"
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

    def moments(self, now: datetime) -> list[datetime]:
        """Return when something may be due next."""
        if not self.terms.any_is_on:
            return []
        today = new_york_date(now)
        days = [session.date for session in (session_on(today), session_after(today)) if session]
        moments = [in_utc(day, clock) for day in days for clock in (MIDNIGHT, EVENING)]
        return [moment for moment in moments if moment > now]

    def splits_now(self, now: datetime, con_ids: Iterable[int]) -> list[tuple[int, Split]]:
        """Return the splits, of these contracts, that are to be applied at this moment."""
        day = new_york_date(now)
        if not self.terms.splits or not _is_morning(now):
            return []
        return [(con_id, split) for con_id in con_ids for split in self.market.splits(con_id) if split.ex_date == day]

    def refuse_splits(self, now: datetime, moment: datetime, con_ids: Iterable[int]) -> None:
        """Raise SplitAheadError if time would pass over a split of these contracts that is not to be applied."""
        first, last = new_york_date(now), new_york_date(moment)
        if first == last or self.terms.splits:
            return
        for con_id in con_ids:
            for split in self.market.splits(con_id):
                if first < split.ex_date <= last:
                    raise SplitAheadError(self._contract(con_id).symbol, split)

    def settle(self, now: datetime) -> Settled:
        """Book what is due at this moment."""
        settled = Settled()
        session = session_on(new_york_date(now))
        if session is not None and _is_morning(now):
            self._morning(session, now, settled)
        elif session is not None and now == in_utc(session.date, EVENING):
            self._evening(session, now, settled)
        return settled

    def _morning(self, session: Session, now: datetime, settled: Settled) -> None:
        for (con_id, ex_date), accrued in [*self.account.dividends_accrued.items()]:
            if ex_date == session.date:
                self.account.pay_dividend(self._contract(con_id), accrued, now)
                settled.money = True
        for con_id, split in self.splits_now(now, self.account.held()):
            self._split(con_id, split, now)
            settled.positions.append(con_id)

    def _split(self, con_id: int, split: Split, now: datetime) -> None:
        fraction = self.account.split(con_id, split.ratio, now)
        if fraction:
            self.account.trade(con_id, -fraction, mark_of(self.market, con_id, now), Decimal(0), now, kind="FracShare")

    def _evening(self, session: Session, now: datetime, settled: Settled) -> None:
        if self.terms.dividends:
            self._accrue_dividends(session_after(session.date).date, now, settled)
        if self.archive is not None:
            self.archive.close(session.date, now)

    def _accrue_dividends(self, ex_date: date, now: datetime, settled: Settled) -> None:
        for con_id in self.account.held():
            for dividend in self.market.dividends(con_id):
                if dividend.ex_date == ex_date:
                    contract = self._contract(con_id)
                    self.account.accrue_dividend(contract, ex_date, dividend.amount, self.terms.withholding, now)
                    settled.money = True

    def _contract(self, con_id: int) -> Contract:
        contract = self.market.contract(con_id)
        if contract is None:
            raise LookupError(f"the account holds conId {con_id}, which its market does not know")
        return contract


def _is_morning(now: datetime) -> bool:
    return now.astimezone(NEW_YORK).time() == MIDNIGHT
