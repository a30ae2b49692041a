"""What belongs to a period of the broker's: by the day on which it booked a fact, wherever the log holds it. Pure.

What follows an execution (its commission, its tax, its bust) belongs to the day of that execution.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from ledger.events import (
    BrokerCash,
    CashAdjusted,
    CommissionCharged,
    CurrencyConverted,
    DividendAccrued,
    Fact,
    FillBusted,
    InterestAccrued,
    LotsSpecified,
    OpeningBalanceRecorded,
    OpeningLotsRecorded,
    OrderFilled,
    PositionAction,
    PositionAdjusted,
    ProceedsSettled,
    TransactionTaxCharged,
    VariationSettled,
    execution_base,
)
from ledger.line import Event
from ledger.undone import undone_by, without_undone

BROKER_ZONE = ZoneInfo("America/New_York")  # the broker's days
OPENING = (OpeningBalanceRecorded, OpeningLotsRecorded)
OF_EXECUTION = (CommissionCharged, ProceedsSettled, TransactionTaxCharged, LotsSpecified, FillBusted)
BOOKED = (
    OrderFilled, BrokerCash, CurrencyConverted, DividendAccrued, InterestAccrued, PositionAction, PositionAdjusted,
    CashAdjusted, *OPENING, *OF_EXECUTION,
)  # fmt: skip
PROVISIONAL = (BrokerCash, CurrencyConverted, PositionAction)  # what may be inferred, and have its place taken
ONE_DAY, NO_DAY = timedelta(days=1), timedelta()
PERIOD = re.compile(r"^(?P<of>.+)/(?P<first>\d{4}-\d{2}-\d{2})/(?P<last>\d{4}-\d{2}-\d{2})$")
Summed = VariationSettled | InterestAccrued  # told by the period, not one by one


def broker_day(moment: datetime) -> date:
    """Return the broker's day of a moment."""
    return moment.astimezone(BROKER_ZONE).date()


def booked_on(fact: Fact, recorded_at: datetime | None = None) -> date | None:
    """Return the day on which the broker booked a fact; None for what has no time at all."""
    if fact.report_date is not None:
        return fact.report_date
    moment = fact.occurred_at or recorded_at
    return None if moment is None else broker_day(moment)


def until(events: Iterable[Event], last_day: date) -> Iterator[Event]:
    """Leave out what was booked later, as is known now. What is no booking at all stays: it moves nothing."""
    told = tuple(without_undone(events))
    days = days_of(told)
    later = {_replaced(event.fact) for event in told if days.get(event.seq, last_day) > last_day}
    for event in told:
        is_later = days.get(event.seq, last_day) > last_day
        if not is_later and not (event.key in later and _is_provisional(event.fact)):
            yield event


def within(events: Iterable[Event], first_day: date, last_day: date) -> Iterator[Fact]:
    """Return the facts that were booked in a period, as is known now; opening balances are of none."""
    told = tuple(without_undone(events))
    days = days_of(told)
    in_it = {event.seq for event in told if first_day <= days.get(event.seq, date.min) <= last_day}
    elsewhere = {_replaced(event.fact) for event in told if event.seq not in in_it}
    for event in told:
        is_of_another_day = event.key in elsewhere and _is_provisional(event.fact)
        if event.seq in in_it and not is_of_another_day and not isinstance(event.fact, OPENING):
            yield event.fact


def _replaced(fact: Fact) -> str | None:
    """Return the key of what a fact takes the place of."""
    return fact.replaces if isinstance(fact, PROVISIONAL) else None


def _is_provisional(fact: Fact) -> bool:
    """Tell whether a fact was only inferred: once the broker tells it of another day, it is of that day."""
    return isinstance(fact, PROVISIONAL) and fact.provisional


def days_of(events: Iterable[Event]) -> dict[int, date]:
    """Return the day of every booking, by its seq; what speaks of something from before these events has none."""
    told = tuple(event for event in events if isinstance(event.fact, BOOKED))
    filled = dict[str, date]()  # a correction is of the same day
    for event in told:
        if isinstance(event.fact, OrderFilled):
            filled.setdefault(execution_base(event.fact.execution_id)[0], _booked_on(event))
    days = dict[int, date]()
    for event in told:
        fact = event.fact
        if isinstance(fact, (OrderFilled, *OF_EXECUTION)):
            base = execution_base(fact.execution_id)[0]
            if base in filled:
                days[event.seq] = filled[base]
        elif not undone_by(fact):  # what is accrued again is as old as the end that it undoes, if that is not told here
            days[event.seq] = _booked_on(event) - (ONE_DAY if isinstance(fact, OPENING) else NO_DAY)
    return days


def _booked_on(event: Event) -> date:
    day = booked_on(event.fact, event.recorded_at)
    assert day is not None
    return day


class Period(NamedTuple):
    """Of what, and of which days, a sum is."""

    type: str
    of: str
    first: date
    last: date


def period_of(fact: Fact) -> Period | None:
    """Return the period that a fact is the sum of; None for what happened once."""
    if not isinstance(fact, Summed):
        return None
    found = PERIOD.match(fact.reference)
    if found is None:
        return None
    return Period(fact.type, found["of"], date.fromisoformat(found["first"]), date.fromisoformat(found["last"]))
