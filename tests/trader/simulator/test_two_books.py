"""The venue's statements, read and booked by tallybook: two books that were written apart agree to the digit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from ledger.book import Book
from ledger.events import Fact
from reconcile.statements import Statement, read
from tests.facts import GENESIS, events, opened_cash
from tests.trader.simulator.busy_sessions import FIRST, archive_of, busy_exchange, busy_market
from tests.trader.simulator.small_market import ACCOUNT, at
from trader.simulator.exchange import Exchange
from trader.simulator.statement import write_statement

BEFORE = at("00:00", FIRST) - timedelta(days=1)


@pytest.fixture(scope="module", params=[1, -1, -2], ids=lambda seed: f"seed {seed}")
def exchange(request: pytest.FixtureRequest) -> Exchange:
    """Stocks alone, and with currencies, futures and options (negative seeds)."""
    seed = abs(request.param)
    return busy_exchange(seed, market=busy_market(seed, others=request.param < 0))


def statements_of(exchange: Exchange) -> list[Statement]:
    archive = archive_of(exchange)
    return [statement for day in archive.days for statement in read(write_statement(archive.period(day)), f"{day}.xml")]


def booked(statements: list[Statement]) -> Book:
    contracts = {contract.con_id: contract for statement in statements for contract in statement.contracts}
    facts: list[Fact] = [fact for statement in statements for fact in statement.facts]
    genesis = GENESIS.model_copy(update={"account": ACCOUNT})
    book = Book()
    for event in events((genesis, *contracts.values(), opened_cash("500000"), *facts), after=BEFORE):
        book.apply(event)
    return book


def test_sixty_daily_statements_make_the_book_that_the_venue_has(exchange: Exchange) -> None:
    account = exchange.account

    book = booked(statements_of(exchange))

    for con_id, holding in account.holdings.items():
        own = book.holdings[con_id]
        assert (own.quantity, own.basis) == (holding.quantity, holding.gross_basis + holding.commission)
    assert {currency: book.cash[currency] for currency in account.balances} == account.balances
    realised = sum((holding.realised for holding in book.holdings.values()), Decimal(0))
    assert realised == account.realised_gross - account.realised_commission


def test_nothing_in_a_statement_is_left_unread(exchange: Exchange) -> None:
    for statement in statements_of(exchange):
        assert statement.notes == ()


def test_one_statement_of_all_days_makes_the_same_book(exchange: Exchange) -> None:
    archive = archive_of(exchange)
    whole = write_statement(archive.period(archive.days[-1], archive.days[0]))

    book = booked([*read(whole, "whole.xml")])

    assert {currency: book.cash[currency] for currency in exchange.account.balances} == exchange.account.balances
    for con_id, holding in exchange.account.holdings.items():
        assert book.holdings[con_id].quantity == holding.quantity
        assert book.holdings[con_id].basis == holding.gross_basis + holding.commission
