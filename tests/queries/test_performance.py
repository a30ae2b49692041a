from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from ledger.bridged_days import BridgedDay
from ledger.events import AccountAdopted, CashDeposited, Fact
from queries.figures import change
from queries.performance import NO_RATE, day_of_account, periods, print_performance
from queries.streams import Column, table_lines
from tests.facts import ACCOUNT, SPY, opened, opened_cash, positions_reported, rates, row
from tests.ledger.bridging import bridged, closing, day_of

D = Decimal
ADOPTED = AccountAdopted(account=ACCOUNT, execution_ids=(), open_order_perm_ids=())
OPENED = (ADOPTED, opened_cash("600"), opened(SPY, "1", "300"), rates(), positions_reported(row(SPY, "1", "400")))


def marked(number: int, mark: str, *before: CashDeposited) -> tuple[Fact, ...]:
    return (*before, *closing(number, rates(), positions_reported(row(SPY, "1", mark))))


def deposit(amount: str, reference: str = "1") -> CashDeposited:
    return CashDeposited(source="statement", reference=reference, amount=D(amount), currency="USD")


def sessions() -> tuple[BridgedDay, ...]:
    """600 in cash and a share that cost 300: worth 400 when adopted, then 410, 500, 455."""
    return bridged(
        (*OPENED, *marked(0, "410")),
        marked(1, "500", deposit("1000")),
        marked(31, "455"),
    )


def test_the_first_day_begins_with_what_was_adopted_at_its_marks_then() -> None:
    first = day_of_account(sessions()[0])

    assert first is not None
    assert (first.opening, first.flows, first.closing) == (D(1000), D(0), D(1010))


def test_each_month_and_all_together_are_told() -> None:
    march, april, together = periods(sessions())

    assert (march.name, march.flows, march.gain) == ("2005-03", D(1000), D(100))
    assert march.time_weighted == D("0.05522388")  # 1010/1000 x 2100/2010 - 1
    assert (april.name, april.time_weighted) == ("2005-04", D("-0.02142857"))
    assert (together.name, together.gain, together.time_weighted) == ("together", D(55), D("0.03261194"))
    fall = together.drawdown
    assert fall is not None
    assert (fall.depth, fall.peak_on, fall.bottom_on) == (D("-0.02142857"), day_of(1), day_of(31))


def test_a_table_begins_with_the_figures_of_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    status = print_performance(sessions(), "USD", "table")

    said = capsys.readouterr().out.splitlines()
    assert status == 0
    assert said[0] == "2005-03-01 to 2005-04-01  NAV 1,000.00 → 2,055.00 USD  flows +1,000.00  gain +55.00"
    assert said[1] == "time-weighted   +3.26 %"
    assert said[2] == "money-weighted  +2.80 % over 31 days"
    assert said[3] == "drawdown        -2.14 % from 2005-03-02 to 2005-04-01, not recovered"
    assert [line.split()[0] for line in said[4:]] == ["period", "2005-03", "2005-04"]


def test_an_unknown_day_makes_its_month_and_the_whole_unknown_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    days = (*sessions(), BridgedDay(day_of(32), None, "SPY: no mark was reported"))

    status = print_performance(days, "USD", "json")

    march, april, together = json.loads(capsys.readouterr().out)
    assert status == 1
    assert (march["unknown"], march["time_weighted"]) == (None, "0.05522388")
    assert april["unknown"] == together["unknown"] == "2005-04-02: SPY: no mark was reported"
    assert (april["time_weighted"], together["gain"]) == (None, None)
    assert print_performance(days, "USD", "table") == 1
    assert capsys.readouterr().out.startswith("return unknown: 2005-04-02: SPY: no mark was reported\n")


def test_one_day_has_no_yearly_rate_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_performance(sessions()[:1], "USD", "table")

    said = capsys.readouterr().out
    assert f"money-weighted  {NO_RATE}\n" in said
    assert "drawdown        none\n" in said


def test_days_run_from_the_adoption() -> None:
    days = sessions()

    assert [day.since_adoption is not None for day in days] == [True, False, False]
    assert days[0].day + timedelta(days=1) == days[1].day


def test_a_table_leaves_out_what_no_row_tells() -> None:
    columns = (Column("day"), Column("note"), Column("gain", change))

    told = list(table_lines(columns, [("2005-03-01", None, D(1)), ("2005-03-02", "", None)]))

    assert told == ["day            gain", "2005-03-01    +1.00", "2005-03-02  unknown"]
