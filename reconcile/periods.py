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
    StatementReconciled,
    TransactionTaxCharged,
    VariationSettled,
    execution_base,
)
from ledger.line import Event

BROKER_ZONE = ZoneInfo("America/New_York")  # the broker's days
OPENING = (OpeningBalanceRecorded, OpeningLotsRecorded)
OF_EXECUTION = (CommissionCharged, ProceedsSettled, TransactionTaxCharged, LotsSpecified, FillBusted)
BOOKED = (
    OrderFilled, BrokerCash, CurrencyConverted, DividendAccrued, InterestAccrued, PositionAction, PositionAdjusted,
    CashAdjusted, *OPENING, *OF_EXECUTION,
)  # fmt: skip
ONE_DAY = timedelta(days=1)
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
    """Leave out what was booked later. What is no booking at all stays: it moves nothing."""
    told = tuple(_without_undone(events))
    days = days_of(told)
    for event in told:
        day = days.get(event.seq)
        if day is None or day <= last_day:
            yield event


def within(events: Iterable[Event], first_day: date, last_day: date) -> Iterator[Fact]:
    """Return the facts that were booked in a period; opening balances are of none."""
    told = tuple(_without_undone(events))
    days = days_of(told)
    for event in told:
        day = days.get(event.seq)
        if day is not None and first_day <= day <= last_day and not isinstance(event.fact, OPENING):
            yield event.fact


def _without_undone(events: Iterable[Event]) -> Iterator[Event]:
    """Leave out what was inferred and a statement undid, together with what undid it: it never happened."""
    told = tuple(events)
    settled = {event.seq: event.fact for event in told if isinstance(event.fact, StatementReconciled)}
    undone = {each.key for fact in settled.values() for each in fact.reversed if not each.key.startswith("fill/")}
    if not undone:
        yield from told
        return
    here = undone & {event.key for event in told}
    for event in told:
        fact = settled.get(event.seq)
        keys = set() if fact is None else undone & {each.key for each in fact.reversed}
        if event.key not in here and (not keys or not keys <= here):
            yield event


def days_of(events: Iterable[Event]) -> dict[int, date]:
    """Return the day of every booking, by its seq."""
    days, filled = dict[int, date](), dict[str, date]()
    for event in events:
        fact = event.fact
        if not isinstance(fact, BOOKED):
            continue
        day = booked_on(fact, event.recorded_at)
        assert day is not None
        if isinstance(fact, OrderFilled):
            day = filled.setdefault(execution_base(fact.execution_id)[0], day)  # a correction is of the same day
        elif isinstance(fact, OF_EXECUTION):
            day = filled.get(execution_base(fact.execution_id)[0], day)
        elif isinstance(fact, OPENING):
            day -= ONE_DAY
        days[event.seq] = day
    return days


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
