"""Whatever order facts are told in, the book is that of their economic order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ledger.book import Book, book_hash
from ledger.events import Fact
from ledger.journal import as_postings, trial_balance
from ledger.lots import EXACT
from tests.facts import AAPL, SAP, SPY, START, bought, busted, commission, opened_cash, replay, told

OPENED = Decimal(1_000_000)


@dataclass(frozen=True)
class Execution:
    """What is told of one execution, in economic order; its first fact is a fill."""

    name: str
    facts: tuple[Fact, ...]


@st.composite
def execution(draw: st.DrawFn, number: int) -> Execution:
    """Draw a fill, perhaps with a commission, a correction with its own, and a bust."""
    what = draw(st.sampled_from((SPY, SPY, AAPL, SAP)))
    at = START + timedelta(seconds=draw(st.integers(0, 5)))
    name = f"x{number}"
    facts: list[Fact] = []
    for revision in range(1, draw(st.integers(1, 2)) + 1):
        units = draw(st.integers(-20, 20).filter(bool))
        price = Decimal(draw(st.integers(1, 99_999))) / 1000
        facts.append(bought(what, str(units), str(price), execution=f"{name}.0{revision}", at=at))
        if draw(st.booleans()):
            amount = Decimal(draw(st.integers(-300, 50))) / 100
            charged_in = draw(st.sampled_from((what.currency, what.currency, "CHF")))
            facts.append(commission(f"{name}.0{revision}", str(amount), charged_in))
    if draw(st.integers(0, 5)) == 0:
        facts.append(busted(f"{name}.0{draw(st.integers(1, 2))}"))
    return Execution(f"{at}{name}", tuple(facts))


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Fact], list[Fact]]:
    """Draw executions; return their facts in economic order, and as they may arrive: a fill of each comes first."""
    executions = [draw(execution(number)) for number in range(draw(st.integers(1, 10)))]
    in_order = [fact for one in sorted(executions, key=lambda one: one.name) for fact in one.facts]
    arriving: list[Fact] = []
    waiting = [(index, fact) for index, one in enumerate(executions) for fact in one.facts]
    known: set[int] = set()
    for index, fact in draw(st.permutations(waiting)):
        if index not in known:
            known.add(index)
            first = next(f for f in executions[index].facts if f.type == "order_filled")
            arriving.append(first)
        arriving.append(fact)  # the first fill perhaps twice: it is one fact
    return in_order, arriving


def after(facts: Sequence[Fact]) -> Book:
    return replay([opened_cash(str(OPENED)), *facts])


def held(book: Book) -> dict[str, Decimal]:
    """Cash, where there is any: a commission may have been charged in another currency before its correction."""
    return {currency: amount for currency, amount in book.cash.items() if amount}


@given(histories())
def test_the_book_is_that_of_the_economic_order(history: tuple[list[Fact], list[Fact]]) -> None:
    in_order, arriving = history

    expected, found = after(in_order), after(arriving)

    assert found.positions == expected.positions
    assert held(found) == held(expected)
    assert found.journal == expected.journal
    assert found.holdings == expected.holdings
    assert [h.lots for _, h in sorted(found.holdings.items())] == [h.lots for _, h in sorted(expected.holdings.items())]
    assert book_hash(found) == book_hash(expected)


@given(histories())
def test_every_step_balances_and_cash_and_basis_are_what_was_realised(
    history: tuple[list[Fact], list[Fact]],
) -> None:
    book = replay([opened_cash(str(OPENED))])
    for fact in history[1]:
        book = told(book, fact)

        assert not any(trial_balance(as_postings(book.journal)).values())
        for currency, opened in (("USD", OPENED), ("EUR", Decimal(0)), ("CHF", Decimal(0))):
            held = [holding for holding in book.holdings.values() if holding.currency == currency]
            basis = sum((holding.gross_basis - holding.realised_gross for holding in held), Decimal(0))
            charged = -book.journal.get(("commissions", currency), Decimal(0))
            assert book.cash.get(currency, Decimal(0)) + basis == opened + charged
            assert book.journal.get(("cash", currency), Decimal(0)) == book.cash.get(currency, Decimal(0))


@given(histories())
def test_commissions_in_lots_are_those_of_the_valid_fills(history: tuple[list[Fact], list[Fact]]) -> None:
    book = after(history[1])

    for con_id, holding in book.holdings.items():
        charged = (
            fill.commission or Decimal(0)
            for fill in book.fills.values()
            if (fill.con_id, fill.busted, fill.commission_currency) == (con_id, False, fill.currency)
        )
        assert EXACT.add(holding.commission, holding.realised_commission) == sum(charged, Decimal(0))
        assert holding.quantity == sum((lot.quantity for lot in holding.lots), Decimal(0))
        assert len({lot.quantity > 0 for lot in holding.lots}) <= 1
