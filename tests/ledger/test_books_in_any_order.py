"""Everything that moves lots or cash, in three currencies, told in any order: one book, balanced at every step.

Executions with corrections, busts, commissions, proceeds, taxes and named lots; methods that change; pairs of
currencies; corporate actions; cash that another fact takes the place of. `pytest -m soak` looks at ten times as many.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import Book, book_hash
from ledger.checkpoints import decode, encode
from ledger.events import (
    BasisAllocated,
    ContractRenamed,
    CostAdjusted,
    DividendPaid,
    Fact,
    LotMethodSet,
    LotRow,
    LotsSpecified,
    MergerApplied,
    OptionAssigned,
    PositionTransferred,
    ProceedsSettled,
    ReturnOfCapitalPaid,
    SpinOffApplied,
    SplitApplied,
    TransactionTaxCharged,
)
from ledger.journal import as_postings, trial_balance
from ledger.lots import disposals
from tests.facts import (
    CONTRACTS,
    GENESIS,
    START,
    bought,
    busted,
    commission,
    contract,
    events,
    opened_cash,
    replay,
    told,
)

D = Decimal
A, B = contract(801, "A"), contract(802, "B")
E, F = contract(803, "E", "EUR"), contract(804, "F", "EUR")
C, P = contract(805, "C", "CHF"), contract(806, "P", "CHF", kind="OPT", multiplier=100)
FUTURE, PAIR = contract(807, "FUT", kind="FUT", multiplier=50), contract(808, "EUR.CHF", "CHF", kind="CASH")
WORLD = (A, B, E, F, C, P, FUTURE, PAIR)
Group = tuple[Fact, ...]  # facts of which the first has to be told before the others


@st.composite
def executions(draw: st.DrawFn, number: int) -> Group:
    """Draw a fill and what may be said of it later."""
    what, name = draw(st.sampled_from((A, A, A, B, E, F, C, P, FUTURE, PAIR))), f"x{number}"
    at, currency = START + timedelta(minutes=draw(st.integers(0, 40))), what.currency
    facts: list[Fact] = []
    for revision in range(1, draw(st.sampled_from((1, 1, 1, 2))) + 1):
        execution, units = f"{name}.0{revision}", draw(st.integers(-9, 9).filter(bool))
        facts.append(bought(what, f"{units}", f"{draw(st.integers(1, 9999))}e-2", execution=execution, at=at))
        if draw(st.booleans()):
            charged_in = draw(st.sampled_from((currency, currency, "CHF")))
            facts.append(commission(execution, f"{draw(st.integers(-300, 50))}e-2", charged_in))
        if draw(st.integers(0, 4)) == 0:
            amount = D(-units) * draw(st.integers(1, 99))
            facts.append(ProceedsSettled(execution_id=execution, amount=amount, currency=currency))
        if draw(st.integers(0, 4)) == 0:
            facts.append(TransactionTaxCharged(execution_id=execution, amount=D("-0.5"), currency=currency))
    if draw(st.integers(0, 9)) == 0:
        facts.append(busted(f"{name}.0{draw(st.integers(1, 2))}"))
    if draw(st.integers(0, 9)) == 0:
        rows = (LotRow(execution=f"x{draw(st.integers(0, 9))}", quantity=D(draw(st.integers(1, 5)))),)
        facts.append(LotsSpecified(execution_id=f"{name}.01", lots=rows))
    return tuple(facts)


def action(kind: type[Any], con_id: int, minute: int, **rest: Any) -> Any:
    at = START + timedelta(minutes=minute, seconds=30)
    given = {"con_id": con_id, "source": "statement", "reference": f"r{minute}", "occurred_at": at}
    return kind.model_validate({**given, **rest})


SPIN_OFF = action(SpinOffApplied, 803, 12, child_con_id=804, child_quantity=D(3))
INFERRED = action(DividendPaid, 801, 20, source="rule", amount=D(9), currency="USD", provisional=True)
GROUPS: tuple[Group, ...] = (
    (action(SplitApplied, 801, 10, numerator=3, denominator=2, quantity_change=D(4)),),
    (SPIN_OFF, action(BasisAllocated, 803, 13, spin_off=SPIN_OFF.key, fraction=D("0.21"))),
    (action(MergerApplied, 801, 15, quantity_change=D(-5), cash=D("7.5"), currency="USD", successor_con_id=802,
            successor_quantity=D(2), basis_to_cash=D(3)),),
    (action(MergerApplied, 804, 25, quantity_change=D(-2), cash=D(40), currency="EUR"),),
    (action(OptionAssigned, 806, 18, quantity=D(1), underlying_con_id=805, underlying_quantity=D(100), strike=D(3),
            commission=D(-1)),),
    (action(PositionTransferred, 802, 22, quantity=D(-3), basis=D(0), currency="USD"),),
    (action(PositionTransferred, 805, 6, quantity=D(6), basis=D(31), currency="CHF"),),
    (action(ContractRenamed, 802, 30, successor_con_id=801),),
    (action(ReturnOfCapitalPaid, 801, 27, amount=D(150), currency="USD"),),
    (action(CostAdjusted, 803, 28, amount=D(-2), currency="EUR"),),
    (INFERRED,),
    (action(DividendPaid, 801, 21, amount=D("9.5"), currency="USD", replaces=INFERRED.key),),
    (LotMethodSet(method="hifo", con_id=801, occurred_at=START + timedelta(minutes=5, seconds=9)),),
    (LotMethodSet(method="lifo", occurred_at=START + timedelta(minutes=16, seconds=9)),),
    (LotMethodSet(method="average", con_id=803, occurred_at=START + timedelta(minutes=2, seconds=9)),),
)  # fmt: skip


@st.composite
def histories(draw: st.DrawFn, most: int = 14) -> tuple[list[Fact], list[Fact]]:
    """Draw facts as they happened, and as they may be told: some of them twice."""
    groups = [draw(executions(number)) for number in range(draw(st.integers(1, most)))]
    groups += draw(st.lists(st.sampled_from(GROUPS), unique=True))
    on_time = [fact for group in sorted(groups, key=lambda group: group[0].occurred_at or START) for fact in group]
    late: list[Fact] = []
    begun = set[int]()
    for number, fact in draw(st.permutations([(n, fact) for n, group in enumerate(groups) for fact in group])):
        if number not in begun:
            begun.add(number)
            late.append(groups[number][0])
        if fact is not groups[number][0] or fact.key is not None:
            late.append(fact)
    return on_time, late


def said(book: Book) -> tuple[object, ...]:
    """What a book says, whatever it was told first."""
    lots = {con_id: holding.lots for con_id, holding in book.holdings.items() if holding.lots}
    gained = {con_id: (h.realised_gross, h.realised_commission) for con_id, h in book.holdings.items() if h.realised}
    cash = {currency: amount for currency, amount in book.cash.items() if amount}
    return (
        dict(book.journal),
        cash,
        lots,
        gained,
        {base: fill[:9] for base, fill in book.fills.items() if not fill.busted},
    )


def check(book: Book) -> None:
    """Assert what holds at every step."""
    assert not any(trial_balance(as_postings(book.journal)).values())
    for (account, currency), amount in book.journal.items():
        assert account != "exchange"
        if account == "cash":
            assert book.cash[currency] == amount
    for con_id, holding in book.holdings.items():
        assert book.journal.get((f"position:{con_id}", holding.currency), D(0)) == holding.gross_basis
        assert holding.quantity == sum((lot.quantity for lot in holding.lots), D(0))
    for currency in ("USD", "EUR", "CHF"):
        realised = sum((h.realised_gross for h in book.holdings.values() if h.currency == currency), D(0))
        assert book.journal.get(("realised", currency), D(0)) == -realised


def one_book(history: tuple[Sequence[Fact], Sequence[Fact]]) -> None:
    on_time, late = history
    book = replay([*WORLD, opened_cash("1000"), *on_time])

    out_of_order = Book()
    for wrapped in events((GENESIS, *CONTRACTS, *WORLD, opened_cash("1000"), *late), after=START - timedelta(hours=1)):
        out_of_order.apply(wrapped)
        check(out_of_order)

    check(book)
    assert said(out_of_order) == said(book)
    assert book_hash(out_of_order) == book_hash(book)
    keyed = [fact for fact in late if fact.key is not None]
    assert said(told(out_of_order, *keyed)) == said(book)
    assert said(decode(encode(out_of_order))) == said(book)
    for holding in out_of_order.holdings.values():
        assert sum((each.realised for each in disposals(holding)), D(0)) == holding.realised


@settings(max_examples=300, deadline=None)
@given(histories())
def test_books_told_late_out_of_order_and_twice_are_those_told_on_time(history: tuple[list[Fact], list[Fact]]) -> None:
    one_book(history)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@settings(max_examples=3000, deadline=None)
@given(histories(most=30))
def test_three_thousand_longer_histories_told_in_any_order(history: tuple[list[Fact], list[Fact]]) -> None:
    one_book(history)
