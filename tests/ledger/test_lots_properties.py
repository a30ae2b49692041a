"""What holds of every history of lots: trades, flips, corrections, busts, splits, transfers, told in any order.

`pytest -m soak` looks at ten times as many, of twice the length.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.lots import (
    METHODS,
    ZERO,
    BringIn,
    CarveOut,
    Entry,
    Folded,
    Holding,
    Lot,
    Recost,
    Scale,
    TakeOut,
    Trade,
    disposals,
    exactly,
)
from ledger.spelling import spelling
from tests.facts import START
from tests.ledger.matcher import Matcher, matched

D = Decimal
of_many = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine
EMPTY = Holding(1, "USD", D(1))
METHOD_NAMES = tuple(name for name, _ in METHODS)
TRADES = ("trade",) * 9 + ("close",) * 3 + ("flip",) * 4
ACTIONS = ("split", "split", "out", "all out", "carve", "in", "in resized", "recost", "capital")


class Step(NamedTuple):
    """What one entry is made of."""

    kind: str
    units: int
    cents: int
    commission: int
    method: str
    places: int  # after the point, of the quantity
    told: int  # when it is told
    mended: int  # when what was told wrongly is mended
    mistake: int  # 0: it is told wrongly first; 1: something is told that is taken back


def steps(kinds: tuple[str, ...], length: int = 25) -> st.SearchStrategy[list[Step]]:
    when = st.integers(0, 50)
    return st.lists(
        st.builds(
            Step, st.sampled_from(kinds), st.integers(1, 400), st.integers(-2_000, 90_000), st.integers(-50, 400),
            st.sampled_from(METHOD_NAMES), st.sampled_from((0, 0, 0, 1, 4)), when, when, st.integers(0, 15),
        ),
        max_size=length,
    )  # fmt: skip


def entries_of(chosen: list[Step]) -> list[Entry]:
    """Make a history of them, in economic order; two entries share each moment."""
    entries, held = list[Entry](), ZERO
    for number, step in enumerate(chosen):
        entry = entry_of(number, step, held)
        entries.append(entry)
        held += change_of(entry, held)
    return entries


def entry_of(number: int, step: Step, held: Decimal) -> Entry:
    at, name = START + timedelta(days=number // 2), f"e{number:02}"
    units = D(step.units).scaleb(-step.places) * (-1 if step.cents % 2 else 1)
    gross, change = D(step.cents) / 100 * (1 if units > 0 else -1), held * step.units / 100
    lots = tuple(
        Lot(f"{name}/{n}", units * n, gross + n, D(-n), at - timedelta(days=step.cents % 9 * n)) for n in (2, 1)
    )
    match step.kind:
        case "split" if held and change:
            return Scale(at, name, 1, change.quantize(D("0.0001")))
        case "out" if held:
            return TakeOut(at, name, 1, -held * step.units / 400, step.method, settled=gross / 2, proceeds=gross)
        case "all out":
            return TakeOut(at, name, 1)
        case "carve":
            return CarveOut(at, name, 1, D(step.units) / 400)
        case "in" | "in resized":
            return BringIn(at, name, 1, lots, units * step.commission if step.kind == "in resized" else None)
        case "recost" | "capital":
            return Recost(at, name, 1, gross, "spread" if step.kind == "recost" else "return_of_capital")
        case _:
            pass  # a trade, or an action that finds nothing held
    if held and step.kind in ("flip", "close"):
        units = -held - (abs(units).copy_sign(held) if step.kind == "flip" else ZERO)
    named = tuple((f"e{other:02}", D(step.units)) for other in range(number % 3, number, 2))
    return Trade(at, name, 1, units, gross, -D(step.commission) / 100, step.method, named)


def change_of(entry: Entry, held: Decimal) -> Decimal:
    match entry:
        case Trade():
            return entry.quantity
        case Scale():
            return entry.quantity_change
        case TakeOut():
            return -held if entry.quantity is None else entry.quantity
        case BringIn():
            return sum((lot.quantity for lot in entry.lots), ZERO) if entry.quantity is None else entry.quantity
        case CarveOut() | Recost():
            return ZERO


def in_time(entries: list[Entry]) -> Holding:
    holding = EMPTY
    for entry in entries:
        holding = holding.with_entry(entry)
    return holding


def same(holding: Holding, slowly: Matcher) -> bool:
    """Hold a holding beside what the slow matcher made of the same entries."""
    lots = [
        (lot.execution, lot.opened_at, *map(Fraction, (lot.quantity, lot.gross, lot.commission)))
        for lot in holding.lots
    ]
    realised = Fraction(holding.realised_gross), Fraction(holding.realised_commission)
    taken = {
        entry.id: [tuple(map(Fraction, lot[1:4])) for lot in holding.taken_by(entry.id)]
        for entry in holding.entries if isinstance(entry, TakeOut | CarveOut)
    }  # fmt: skip
    assert lots == [lot.told for lot in slowly.lots]
    assert realised == (slowly.realised_gross, slowly.realised_commission)
    assert taken == {name: [lot.told[2:] for lot in lots] for name, lots in slowly.left.items()}
    return True


# Properties


@given(steps(TRADES + ACTIONS))
@of_many
def test_in_whatever_order_it_is_told_a_history_is_the_same_and_a_slow_matcher_agrees(chosen: list[Step]) -> None:
    entries = entries_of(chosen)
    tellings = list[tuple[int, int, Entry, str]]()
    for number, (step, entry) in enumerate(zip(chosen, entries, strict=True)):
        mended = max(step.told, step.mended)
        if step.mistake == 0:
            tellings += [(step.told, number, mistaken(entry), "tell"), (mended, number + 100, entry, "mend")]
        else:
            tellings.append((step.told, number, entry, "tell"))
        if step.mistake == 1:
            busted = Trade(entry[0], f"busted {number}", 1, D(step.units), D(step.cents))
            tellings += [(step.told, number + 200, busted, "tell"), (mended, number + 300, busted, "bust")]

    held, known = EMPTY, dict[str, Entry]()
    for place, (_, _, entry, verb) in enumerate(sorted(tellings, key=lambda told: told[:2])):
        match verb:
            case "tell":
                held = held.with_entry(entry)
            case "mend":
                held = held.replaced(entry)
            case _:
                held = held.without_entry(entry[1])
        known = {name: told for name, told in {**known, entry[1]: entry}.items() if (verb, name) != ("bust", entry[1])}
        assert place % 7 or same(held, matched(known.values()))

    assert held == in_time(entries)
    assert held.now == in_time(entries).now
    assert same(held, matched(entries))


def mistaken(entry: Entry) -> Entry:
    """Another quantity or amount, and sometimes another moment."""
    match entry:
        case Trade():
            later = entry.at + timedelta(hours=37 if entry.quantity > 0 else 0)
            return entry._replace(quantity=-2 * entry.quantity, gross=entry.gross + 1, at=later)
        case Scale():
            return entry._replace(quantity_change=-3 * entry.quantity_change)
        case TakeOut():
            return entry._replace(quantity=D(7))
        case BringIn():
            return entry._replace(quantity=ZERO, lots=entry.lots[:1])
        case CarveOut():
            return entry._replace(fraction=1 - entry.fraction)
        case Recost():
            return entry._replace(amount=-entry.amount)


@given(steps(TRADES + ACTIONS))
@of_many
def test_units_basis_and_what_was_realised_add_up_after_every_entry(chosen: list[Step]) -> None:
    holding = in_time(entries_of(chosen))

    quantity = basis = commission = ZERO
    for entry, state in zip(holding.entries, holding.states, strict=True):
        quantity += change_of(entry, quantity)
        moved, charged = moved_by(holding, entry)
        basis, commission = basis + moved, commission + charged
        with exactly():
            totals = [sum((lot[place] for lot in state.lots), ZERO) for place in (1, 2, 3)]
        assert state.quantity == quantity
        assert state.gross - state.realised_gross == basis
        assert state.commission + state.realised_commission == commission
        assert totals == [state.quantity, state.gross, state.commission]
        assert all(lot.quantity * quantity > 0 for lot in state.lots)
        assert [lot.opened_at for lot in state.lots] == sorted(lot.opened_at for lot in state.lots)


def moved_by(holding: Holding, entry: Entry) -> tuple[Decimal, Decimal]:
    """Gross and commission that came into a contract (+) or left it (-)."""
    match entry:
        case Trade():
            return entry.gross, entry.commission
        case TakeOut() | CarveOut():
            left = holding.taken_by(entry.id)
            proceeds = entry.proceeds if isinstance(entry, TakeOut) else ZERO
            return -sum((lot.gross for lot in left), proceeds), -sum((lot.commission for lot in left), ZERO)
        case BringIn():
            return sum((lot.gross for lot in entry.lots), ZERO), sum((lot.commission for lot in entry.lots), ZERO)
        case Recost():
            return entry.amount if entry.kind == "spread" else -entry.amount, ZERO
        case Scale():
            return ZERO, ZERO


@given(steps(TRADES + ACTIONS))
@of_many
def test_the_disposals_are_what_was_realised_and_what_was_closed(chosen: list[Step]) -> None:
    holding = in_time(entries_of(chosen))

    told = list(disposals(holding))

    with exactly():
        assert sum((one.gross_proceeds - one.gross_basis for one in told), ZERO) == holding.realised_gross
        charged = sum((one.opening_commission + one.closing_commission for one in told), ZERO)
        assert charged == holding.realised_commission
        assert sum((one.realised for one in told), ZERO) == holding.realised
    for entry in holding.trades:
        closed = [one.quantity for one in told if one.closed_by == entry.execution]
        assert closed == [lot.quantity for lot in holding.taken_by(entry.execution)]
    assert all(one.opened_at <= one.closed_at for one in told)


@given(steps(TRADES))
@of_many
def test_all_methods_agree_whenever_nothing_is_held(chosen: list[Step]) -> None:
    trades = [trade for trade in entries_of(chosen) if isinstance(trade, Trade)]

    courses = [in_time([trade._replace(method=method) for trade in trades]).states for method in METHOD_NAMES]

    for states in zip(*courses, strict=True):
        assert len({state.quantity for state in states}) == 1
        if not states[0].quantity:
            assert len({(state.realised_gross, state.realised_commission) for state in states}) == 1


@given(steps(TRADES + ACTIONS), st.integers(0, 14))
@of_many
def test_what_is_folded_or_spelt_and_read_is_what_it_was(chosen: list[Step], day: int) -> None:
    holding, horizon = in_time(entries_of(chosen)), START + timedelta(days=day)
    spell, read = spelling(Holding)
    assert spell is not None
    assert read is not None

    folded = holding.folded(horizon)

    assert folded.now == holding.now
    assert read(spell(folded)) == folded
    assert read(spell(holding)).now == holding.now
    later = Trade(horizon + timedelta(days=20), "later", 1, D(-3), D(-20))
    assert folded.with_entry(later).now == holding.with_entry(later).now
    if folded.floor is not None:
        with pytest.raises(Folded):
            folded.with_entry(Trade(START - timedelta(days=1), "early", 1, D(1), D(1)))


@given(steps(TRADES), st.integers(0, 24))
@of_many
def test_a_commission_or_an_amount_that_comes_late_is_the_same_as_one_in_time(chosen: list[Step], rotated: int) -> None:
    trades = [trade for trade in entries_of(chosen) if isinstance(trade, Trade)]
    held = in_time([trade._replace(commission=ZERO, gross=trade.quantity) for trade in trades])

    for trade in (*trades[rotated:], *trades[:rotated]):
        held = held.with_commission(trade.execution, trade.commission).with_gross(trade.execution, trade.gross)

    assert held == in_time(list(trades))
    assert held.now == in_time(list(trades)).now


# The long run

LONG, LONG_TRADES = steps(TRADES + ACTIONS, 50), steps(TRADES, 50)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("holds", "histories"),
    [
        (test_in_whatever_order_it_is_told_a_history_is_the_same_and_a_slow_matcher_agrees, (LONG,)),
        (test_units_basis_and_what_was_realised_add_up_after_every_entry, (LONG,)),
        (test_the_disposals_are_what_was_realised_and_what_was_closed, (LONG,)),
        (test_all_methods_agree_whenever_nothing_is_held, (LONG_TRADES,)),
        (test_what_is_folded_or_spelt_and_read_is_what_it_was, (LONG, st.integers(0, 30))),
        (test_a_commission_or_an_amount_that_comes_late_is_the_same_as_one_in_time, (LONG_TRADES, st.integers(0, 49))),
    ],
)
def test_the_same_holds_of_thousands_of_long_histories(holds: Any, histories: tuple[Any, ...]) -> None:
    @settings(of_many, max_examples=3_000, suppress_health_check=list(HealthCheck))
    @given(st.tuples(*histories))
    def all_of_them(history: tuple[Any, ...]) -> None:
        holds.hypothesis.inner_test(*history)

    all_of_them()
