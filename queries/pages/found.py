"""What the page of some days is made of: the days read once, their bridges, and the benchmark beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from ledger.bridge import Bridge, summed
from ledger.bridged_days import BridgedDay
from ledger.events import SnapshotTaken
from ledger.lots import ZERO, exactly
from ledger.returns import DayOfAccount, Drawdown, drawdown, linked
from queries.bridge import Tell, days_of, silent
from queries.pages.benchmark import Closes, Course, course, kept_closes
from queries.pages.orders import Cost
from queries.pages.profits import Profit, profits
from queries.pages.stretch import Cycle, Stretch, read
from queries.performance import day_of_account
from queries.tables import HOME_ZONE, UnknownDay

ClosesOf = Callable[[str, date], Closes | None]  # of a ticker, back to a day: where the log kept none


def no_closes(_ticker: str, _first: date) -> None:
    """Know of none."""


@dataclass(frozen=True, slots=True)
class Found:
    """Some days, as a page tells them."""

    stretch: Stretch
    bridged: tuple[BridgedDay, ...]
    days: tuple[DayOfAccount, ...]  # of every day; none where one is unknown
    course: Course | None  # of the benchmark; None: none is named, or none is known
    profits: tuple[Profit, ...]

    @property
    def is_one_day(self) -> bool:
        """Tell whether it is the page of a day."""
        return len(self.bridged) == 1

    @property
    def unknown(self) -> str:
        """Name the first thing that is missing; empty if nothing is."""
        return next((f"{told.day}: {told.unknown}" for told in self.bridged if told.bridge is None), "")

    @property
    def bridge(self) -> Bridge | None:
        """Return how NAV came about, line by line; None where a day is unknown."""
        told = [each.since_adoption or each.bridge for each in self.bridged]
        known = [each for each in told if each is not None]
        return summed(known) if len(known) == len(told) else None

    @property
    def last(self) -> SnapshotTaken | None:
        """Return the last snapshot."""
        return None if self.stretch.last_taken is None else self.stretch.last_taken[1]

    @property
    def last_seq(self) -> int | None:
        """Return its line of the log."""
        return None if self.stretch.last_taken is None else self.stretch.last_taken[0]

    @property
    def cycles(self) -> tuple[Cycle, ...]:
        """Return every cycle, in order."""
        return tuple(self.stretch.cycles.values())

    @property
    def returned(self) -> Decimal | None:
        """Return the time-weighted return."""
        return linked(self.days) if self.days else None

    @property
    def fall(self) -> Drawdown | None:
        """Return the deepest fall within the days."""
        return drawdown(self.days) if self.days else None

    def cost(self) -> Cost:
        """Return what executions cost against their decisions, in the base currency; unknown where a rate is."""
        found = Cost()
        for currency, cost in costs(self.stretch).items():
            rate = Decimal(1) if currency == self.stretch.base_currency else self.stretch.rates.get(currency)
            found = found.and_at(cost if rate else Cost(unknown=cost.known + cost.unknown), rate or Decimal(1))
        return found


def costs(stretch: Stretch) -> dict[str, Cost]:
    """Return what the days' executions cost against their decisions, by currency."""
    found = dict[str, Cost]()
    for each in stretch.executions.values():
        contract = stretch.contracts.get(each.con_id)
        multiplier = None if contract is None else contract.multiplier
        known = found.get(each.currency, Cost())
        found[each.currency] = known.and_of(each, stretch.decided.get(each.order_ref), multiplier)
    return found


def commissions(stretch: Stretch) -> tuple[dict[str, Decimal], int]:
    """Return what the days' executions were charged, by currency, and of how many that is not known yet."""
    found, pending = dict[str, Decimal](), 0
    for base in stretch.executed:
        told = stretch.commissions.get(base)
        if told is None:
            pending += base in stretch.executions
            continue
        with exactly():
            found[told[2]] = found.get(told[2], ZERO) + told[1]
    return found, pending


def find(
    home: Path,
    first: date,
    last: date,
    *,
    zone: str = HOME_ZONE,
    ticker: str = "",
    closes_of: ClosesOf = no_closes,
    tell: Tell = silent,
) -> Found:
    """Read some days; raise UnknownDay where no cycle of them finished."""
    bridged = tuple(days_of(home, first, last, zone=zone, tell=tell))
    stretch = read(home, bridged[0].day, bridged[-1].day, zone=zone, ticker=ticker, tell=tell)
    if stretch.last_taken is None:
        raise UnknownDay(f"{first} to {last}: expected a day with a snapshot, found none")
    known = tuple(day for day in map(day_of_account, bridged) if day is not None)
    days = known if len(known) == len(bridged) else ()
    closes = _closes(home, ticker, stretch, closes_of) if ticker and days else None
    rates = stretch.rates | {stretch.base_currency: Decimal(1)}
    return Found(
        stretch, bridged, days, None if closes is None else course(days, closes),
        profits(stretch.opening, stretch.closing, rates),
    )  # fmt: skip


def _closes(home: Path, ticker: str, stretch: Stretch, closes_of: ClosesOf) -> Closes | None:
    return kept_closes(home, ticker, stretch.series, stretch.first) or closes_of(ticker, stretch.first)
