"""Real statements of other people's accounts, read in place: each reads whole, or says why not."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import pairwise

import pytest

from ledger.events import (
    CommissionCharged,
    ContractRenamed,
    FillBusted,
    MergerApplied,
    OrderFilled,
    SplitApplied,
    TenderApplied,
)
from reconcile.statements import Statement, StatementError, read
from tests.reconcile.statements.flex_text import SHARED, D, every, only

FILES = sorted(SHARED.glob("*/*.xml"))
MALFORMED = ("testIBFlexStatementFile12.xml", "testIBFlexStatementFile29.xml")
pytestmark = pytest.mark.skipif(not FILES, reason=f"needs the statements of {SHARED}, which is absent")


def shared(name: str) -> Statement:
    (path,) = SHARED.glob(f"*/{name}")
    (statement,) = read(path.read_bytes(), path.name)
    return statement


@pytest.mark.parametrize("path", [path for path in FILES if path.name not in MALFORMED], ids=lambda path: path.name)
def test_a_statement_reads_whole(path: object) -> None:
    statement = shared(getattr(path, "name", ""))

    keys = [fact.key for fact in statement.facts]
    assert len(keys) == len(set(keys))
    known = {contract.con_id for contract in statement.contracts}
    assert {con_id for fact in statement.facts if (con_id := getattr(fact, "con_id", None))} <= known


@pytest.mark.parametrize("path", [path for path in FILES if path.name in MALFORMED], ids=lambda path: path.name)
def test_a_malformed_statement_is_refused_with_its_line(path: object) -> None:
    name = getattr(path, "name", "")

    with pytest.raises(StatementError, match=rf"^{re.escape(name)}, line \d+: expected .*; nothing of it was read$"):
        shared(name)


def test_every_row_of_the_real_account_is_told() -> None:
    statement = shared("base-20260306.xml")

    assert len(every(OrderFilled, statement)) == 46
    assert len([fact for fact in statement.facts if fact.type not in {"order_filled", "commission_charged"}]) == 42
    closings = [each for each in every(CommissionCharged, statement) if each.realised_reported is not None]
    assert len(closings) == 12


@pytest.mark.parametrize("name", ["testIBFlexStatementFile14.xml", "testIBFlexStatementFile18.xml"])
def test_trades_tie_to_the_cash_report_to_the_cent(name: str) -> None:
    statement = shared(name)
    contracts = {contract.con_id: contract for contract in statement.contracts}
    moved = dict(statement.observed.cash_start or {})

    def move(currency: str, amount: Decimal) -> None:
        moved[currency] = moved.get(currency, D(0)) + amount

    for fact in statement.facts:
        if isinstance(fact, OrderFilled):
            move(fact.currency, -fact.quantity * fact.price * contracts[fact.con_id].multiplier)
            if contracts[fact.con_id].security_type == "CASH":
                move(contracts[fact.con_id].symbol[:3], fact.quantity)
        else:
            move(getattr(fact, "currency", ""), getattr(fact, "amount", D(0)))
    ends = statement.observed.cash or {}
    assert [currency for currency, end in ends.items() if abs(moved[currency] - end) >= D("0.01")] == []
    assert ends


def test_gv15_and_gv18_of_the_real_statement() -> None:
    statement = shared("testIBFlexStatementFile01.xml")

    assert only(SplitApplied, statement).quantity_change == D(-11520)
    assert only(TenderApplied, statement).successor_quantity == D(12000)
    assert only(MergerApplied, statement).cash == D(34320)


def test_the_levels_of_one_order_are_one_fill() -> None:
    assert only(OrderFilled, shared("testIBFlexStatementFile20.xml")).quantity == D(157)


def test_the_corrected_fill_is_a_revision() -> None:
    statement = shared("testIBFlexStatementFile28.xml")

    assert [fill.execution_id[-2:] for fill in every(OrderFilled, statement)] == ["01", "02"]
    assert every(FillBusted, statement) == []


def test_the_seven_action_rows_are_four_actions() -> None:
    statement = shared("beancount.xml")

    assert only(ContractRenamed, statement).successor_con_id == 459450995
    assert {merger.basis_to_cash for merger in every(MergerApplied, statement)} == {D(0), None}
    assert only(SplitApplied, statement).quantity_change == D("3.114")


def test_the_running_balances_of_the_funds_run() -> None:
    funds = shared("StatementOfFunds.xml").observed.funds or ()

    assert len(funds) == 47
    steps = [after.balance - before.balance - after.amount for before, after in pairwise(funds)]
    assert max(map(abs, steps)) < D("0.00001")
