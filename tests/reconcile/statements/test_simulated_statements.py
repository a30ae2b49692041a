"""The simulated venue's statements, of single days and of all of them, tell what its own books hold."""

from __future__ import annotations

import pytest

from reconcile.cash_lines import cash_lines
from reconcile.statements import Statement, joined, read
from tests.reconcile.statements.flex_text import D
from tests.trader.simulator.busy_sessions import archive_of, busy_exchange, busy_market
from trader.simulator.exchange import Exchange
from trader.simulator.statement import write_statement


@pytest.fixture(scope="module", params=[1, -1], ids=["stocks", "everything"])
def busy(request: pytest.FixtureRequest) -> Exchange:
    return busy_exchange(1, market=busy_market(1, others=request.param < 0))


def daily(exchange: Exchange) -> tuple[Statement, ...]:
    archive = archive_of(exchange)
    return tuple(
        statement for day in archive.days for statement in read(write_statement(archive.period(day)), f"{day}.xml")
    )


def whole(exchange: Exchange) -> Statement:
    archive = archive_of(exchange)
    (statement,) = read(write_statement(archive.period(archive.days[-1], archive.days[0])), "all.xml")
    return statement


def test_days_joined_tell_the_same_as_all_of_them_at_once(busy: Exchange) -> None:
    days, at_once = joined(daily(busy)), whole(busy)

    summed = {"variation_settled", "interest_accrued"}  # of the period, in either
    assert {fact.key: fact.economic_part for fact in days.facts if fact.type not in summed} == {
        fact.key: fact.economic_part for fact in at_once.facts if fact.type not in summed
    }
    assert days.observed.positions == at_once.observed.positions
    assert days.observed.cash == at_once.observed.cash


def test_what_the_facts_moved_is_what_the_cash_report_says(busy: Exchange) -> None:
    for statement in (*daily(busy), whole(busy)):
        told = statement.observed.cash_lines or {}
        own = cash_lines(statement.facts, {contract.con_id: contract for contract in statement.contracts})
        lines = {key for key in told.keys() | own.keys() if "fxTranslation" not in key[1]}

        assert {key: own.get(key, D(0)) for key in lines} == {key: told.get(key, D(0)) for key in lines}
