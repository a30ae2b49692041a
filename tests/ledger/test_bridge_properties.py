"""The bridge over generated histories: three currencies, shorts, futures, splits, transfers, accruals, late facts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import Book, Impossible
from ledger.bridge import LINES, PRIOR_PERIOD, Bridge, Native, Standing, bridge, standing
from ledger.bridged_days import BridgedDay, bridged_days
from ledger.events import (
    CashDeposited,
    ContractDefined,
    CurrencyConverted,
    DividendAccrualReversed,
    DividendAccrued,
    DividendPaid,
    Fact,
    FeeCharged,
    InterestAccrued,
    InterestPaid,
    PositionTransferred,
    SplitApplied,
    TaxWithheld,
    VariationSettled,
    decimal_text,
)
from ledger.line import Event
from ledger.lots import ZERO, exactly
from ledger.nav import own_nav
from tests.facts import (
    ES,
    SAP,
    SPY,
    START,
    bought,
    commission,
    contract,
    opened_cash,
    positions_reported,
    rates,
    row,
    told,
)
from tests.ledger.bridging import closing, log_of

NESTLE = contract(88, "NESN", "CHF")
HELD: tuple[ContractDefined, ...] = (SPY, SAP, NESTLE, ES)
CURRENCIES = ("USD", "EUR", "CHF")
MOVED: tuple[type[Fact], ...] = (
    DividendPaid, TaxWithheld, InterestPaid, FeeCharged, CashDeposited, CurrencyConverted, VariationSettled,
)  # fmt: skip

amounts = st.decimals("-500", "500", places=2).filter(bool)
prices = st.decimals("1", "500", places=2)
units = st.integers(-30, 30).filter(bool).map(Decimal)
exchange_rates = st.decimals("0.5", "2", places=4)


@st.composite
def fact_of(draw: st.DrawFn, name: str, began: datetime, earlier: list[str], *, late: bool) -> tuple[Fact, ...]:
    """Something that happens in a day, or that a day is told of one before; `earlier` are executions so far."""
    before = timedelta(days=1, minutes=draw(st.integers(1, 600)))
    at = began - before if late else began + timedelta(seconds=1)
    kinds = (executed, executed, moved, moved, changed_position, accrued)
    told_of = draw(st.sampled_from(kinds))
    if earlier and draw(st.integers(0, 5)) == 0:
        return draw(corrected(earlier))
    return draw(told_of(name, at))


@st.composite
def executed(draw: st.DrawFn, name: str, at: datetime) -> tuple[Fact, ...]:
    held = draw(st.sampled_from(HELD))
    fill = bought(held, str(draw(units)), str(draw(prices)), execution=f"{name}.01", at=at)
    paid = commission(f"{name}.01", str(draw(amounts)), draw(st.sampled_from((held.currency, "USD"))))
    return (fill, paid) if draw(st.booleans()) else (fill,)


@st.composite
def corrected(draw: st.DrawFn, earlier: list[str]) -> tuple[Fact, ...]:
    base, con_id, when = draw(st.sampled_from(earlier)).split("|")
    held = next(each for each in HELD if each.con_id == int(con_id))
    at = datetime.fromisoformat(when)
    return (bought(held, str(draw(units)), str(draw(prices)), execution=f"{base}.02", at=at),)


@st.composite
def moved(draw: st.DrawFn, name: str, at: datetime) -> tuple[Fact, ...]:
    """Cash of some kind."""
    amount, currency, held = draw(amounts), draw(st.sampled_from(CURRENCIES)), draw(st.sampled_from(HELD))
    kind = draw(st.sampled_from(MOVED))
    told_of: dict[str, object] = {"source": "statement", "reference": name, "amount": decimal_text(amount)}
    if kind in (DividendPaid, TaxWithheld):
        told_of |= {"con_id": held.con_id, "currency": held.currency}
    elif kind is VariationSettled:
        told_of |= {"con_id": ES.con_id, "currency": "USD"}
    elif kind is CurrencyConverted:
        other = draw(st.sampled_from([each for each in CURRENCIES if each != currency]))
        told_of |= {"sold": decimal_text(abs(amount)), "sold_currency": currency}
        told_of |= {"bought": decimal_text(abs(draw(amounts))), "bought_currency": other}
        del told_of["amount"]
    else:
        told_of["currency"] = currency
    return (kind.model_validate_json(json.dumps({**told_of, "occurred_at": at.isoformat()})),)


@st.composite
def changed_position(draw: st.DrawFn, name: str, at: datetime) -> tuple[Fact, ...]:
    """A split, or units that come or go, with their market value or without."""
    change = draw(units)
    if draw(st.booleans()):
        return (
            SplitApplied(
                con_id=SPY.con_id, numerator=2, denominator=1, quantity_change=abs(change), occurred_at=at,
                source="statement", reference=name,
            ),
        )  # fmt: skip
    stock = draw(st.sampled_from((SPY, SAP, NESTLE)))
    value = change * draw(prices) if draw(st.booleans()) else None
    return (
        PositionTransferred(
            con_id=stock.con_id, quantity=change, basis=change * draw(prices), value=value, currency=stock.currency,
            occurred_at=at, source="statement", reference=name,
        ),
    )  # fmt: skip


@st.composite
def accrued(draw: st.DrawFn, name: str, at: datetime) -> tuple[Fact, ...]:
    """A dividend announced, and perhaps taken back at other amounts; or interest to come."""
    amount, held = draw(amounts), draw(st.sampled_from(HELD))
    if draw(st.booleans()):
        return (InterestAccrued(amount=amount, currency="EUR", occurred_at=at, source="statement", reference=name),)
    announced = DividendAccrued(
        con_id=held.con_id, reference=name, gross=amount, tax=draw(amounts), currency=held.currency
    )
    taken_back = DividendAccrualReversed(
        con_id=held.con_id, reference=name, gross=amount, tax=draw(amounts), currency=held.currency
    )
    return (announced, taken_back) if draw(st.booleans()) else (announced,)


@st.composite
def histories(draw: st.DrawFn, *, late: bool = True, moving: bool = True) -> tuple[tuple[Fact, ...], ...]:
    """Days of facts, each ended by a cycle that marks and rates everything; what cannot be is left out."""
    days, earlier = list[tuple[Fact, ...]](), list[str]()
    book = _begun()
    fixed = rates(EUR=str(draw(exchange_rates)), CHF=str(draw(exchange_rates)))
    for number in range(draw(st.integers(2, 5))):
        began = START + timedelta(days=number)
        facts = [NESTLE, *(opened_cash("10000", each) for each in CURRENCIES)] if number == 0 else []
        for place in range(draw(st.integers(0, 6))):
            name = f"{number:02}{place:02}"
            is_late = late and number > 0 and draw(st.booleans())
            for fact in draw(fact_of(name, began, earlier, late=is_late)):
                try:
                    book = told(book, fact)
                except Impossible:
                    break
                facts.append(fact)
                if fact.type == "order_filled" and late:
                    earlier.append(f"{name}|{getattr(fact, 'con_id', 0)}|{fact.occurred_at}")
        marks = positions_reported(*(row(each, "0", str(draw(prices))) for each in HELD))
        rated = rates(EUR=str(draw(exchange_rates)), CHF=str(draw(exchange_rates))) if moving else fixed
        days.append((*facts, *closing(number, rated, marks)))
    return tuple(days)


def _begun() -> Book:
    book = Book()
    for event in log_of([(NESTLE, *(opened_cash("10000", each) for each in CURRENCIES))]):
        book.apply(event)
    return book


def known(days: Iterable[BridgedDay]) -> list[Bridge]:
    found = []
    for told_of in days:
        assert told_of.bridge is not None, told_of.unknown
        found.append(told_of.bridge)
    return found


def standings(log: tuple[Event, ...]) -> Iterator[tuple[Standing, Decimal]]:
    """What a plain replay says at the end of each day."""
    book = Book()
    for event in log:
        book.apply(event)
        if event.type == "cycle_finished":
            yield standing(book), own_nav(book)


def summed_native(bridges: list[Bridge]) -> Native:
    total = Native()
    with exactly():
        for found in bridges:
            for each in found.native:
                total[each.line, each.currency] = total.get((each.line, each.currency), ZERO) + each.amount
    return {key: amount for key, amount in total.items() if amount}


@given(histories())
@settings(max_examples=120, deadline=None)
def test_no_day_leaves_a_residual_whatever_happened_and_whenever_it_was_told(
    days: tuple[tuple[Fact, ...], ...],
) -> None:
    log = log_of(days)

    found = known(bridged_days(log, Book()))

    assert [each.residual for each in found] == [0] * len(days)
    assert [each.closing for each in found] == [nav for _, nav in standings(log)]
    assert [each.opening for each in found[1:]] == [each.closing for each in found[:-1]]


@given(histories(late=False))
@settings(max_examples=60, deadline=None)
def test_days_sum_to_their_range_in_every_currency_where_nothing_came_late(days: tuple[tuple[Fact, ...], ...]) -> None:
    """In native currency line by line; in the base currency each day has its own rate, and only all together agree."""
    log = log_of(days)
    ends = [each for each, _ in standings(log)]

    found = known(bridged_days(log, Book()))[1:]
    whole = bridge(ends[0], ends[-1])

    reclassified = {"flows", "unrealised"}  # a transfer's market value is a flow in its day alone
    daily, ranged = summed_native(found), summed_native([whole])
    keys = {*daily, *ranged}
    assert {key for key in keys if daily.get(key, 0) != ranged.get(key, 0)} <= {
        key for key in keys if key[0] in reclassified
    }
    for currency in CURRENCIES:
        with exactly():
            both = [sum((told.get((line, currency), ZERO) for line in reclassified), ZERO) for told in (daily, ranged)]
        assert both[0] == both[1]
    with exactly():
        assert sum((each.change for each in found), ZERO) == whole.change


@given(histories(moving=False))
@settings(max_examples=60, deadline=None)
def test_rates_that_stand_still_translate_nothing_and_late_facts_move_between_lines_alone(
    days: tuple[tuple[Fact, ...], ...],
) -> None:
    log = log_of(days)
    ends = [each for each, _ in standings(log)]

    found = known(bridged_days(log, Book()))[1:]

    assert [each.lines["translation"] for each in found] == [0] * len(found)
    whole = bridge(ends[0], ends[-1])
    with exactly():
        daily = sum((each.lines[line] for each in found for line in LINES), ZERO)
        assert daily == sum(whole.lines.values(), ZERO)
    assert whole.lines[PRIOR_PERIOD] == 0
