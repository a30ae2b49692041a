from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.events import AccountAdopted, Fact, OpeningBalanceRecorded, PositionRow
from ledger.nav import own_nav
from tests.facts import (
    AAPL,
    ACCOUNT,
    ES,
    SAP,
    SPY,
    bought,
    cash_reported,
    open_order,
    open_orders,
    positions_reported,
    rates,
    replay,
)
from trader.adoption import AdoptionRefused, found


def position(quantity: str, average_cost: str) -> PositionRow:
    return PositionRow(
        con_id=SPY.con_id,
        symbol="SPY",
        quantity=Decimal(quantity),
        average_cost=Decimal(average_cost),
        currency="USD",
    )


def look(*told: Fact, quantity: str = "3", average_cost: str = "400.1", usd: str = "1000") -> tuple[Fact, ...]:
    return (
        *told,
        rates(EUR="1.3"),
        cash_reported(USD=usd, EUR="-20", CHF="0"),
        positions_reported(position(quantity, average_cost)),
        open_orders(open_order(SPY, "1", perm_id=77)),
    )


def test_an_account_becomes_opening_balances_that_balance() -> None:
    account = found(look(), look(), (SPY, AAPL, SAP))

    book = replay(account.opening(ACCOUNT))

    assert book.positions == {SPY.con_id: Decimal(3)}
    assert book.holdings[SPY.con_id].gross_basis == Decimal("1200.3")
    assert book.cash == {"USD": Decimal(1000), "EUR": Decimal(-20)}
    assert sum(amount for (_, currency), amount in book.journal.items() if currency == "USD") == 0


def test_what_a_future_gained_before_is_in_the_cash_that_is_adopted() -> None:
    row = PositionRow(
        con_id=ES.con_id, symbol="ES", quantity=Decimal(2), average_cost=Decimal("250002.25"), currency="USD",
        mark=Decimal(5010),
    )  # fmt: skip
    seen = (rates(), cash_reported(USD="1000"), positions_reported(row), open_orders())

    book = replay([*found(seen, seen, (ES,)).opening(ACCOUNT), rates(), positions_reported(row)])

    assert book.holdings[ES.con_id].basis == Decimal("500004.5")
    assert own_nav(book) == 1000


def test_a_basis_is_rounded_to_its_unit() -> None:
    account = found(look(average_cost="133.33333333333334"), look(average_cost="133.33333333333334"), (SPY,))

    (lot,) = (
        fact
        for fact in account.opening(ACCOUNT)
        if isinstance(fact, OpeningBalanceRecorded) and fact.con_id is not None
    )

    assert lot.amount == Decimal("400.0000000000")


def test_what_was_done_today_is_part_of_the_beginning() -> None:
    execution = bought(SPY, "3", execution="a.01")

    account = found(look(execution), look(), (SPY,))

    adopted = account.opening(ACCOUNT)[0]
    assert isinstance(adopted, AccountAdopted)
    assert adopted.execution_ids == ("a.01",)
    assert adopted.open_order_perm_ids == (77,)


def test_an_account_whose_books_were_imported_is_adopted_without_opening_balances() -> None:
    account = found(look(), look(), (SPY,))

    (adopted,) = account.continuing(ACCOUNT)

    assert isinstance(adopted, AccountAdopted)
    assert adopted.execution_ids == ()  # what was done today no statement has told yet: the first cycle sees it


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"quantity": "4"}, id="a quantity"),
        pytest.param({"average_cost": "401"}, id="a cost"),
        pytest.param({"usd": "999"}, id="cash"),
    ],
)
def test_two_looks_that_differ_are_no_beginning(changed: dict[str, str]) -> None:
    with pytest.raises(AdoptionRefused, match="expected two equal looks"):
        found(look(), look(**changed), (SPY,))


def test_a_position_without_a_definition_is_no_beginning() -> None:
    with pytest.raises(AdoptionRefused, match="position SPY: expected its definition"):
        found(look(), look(), (AAPL,))
