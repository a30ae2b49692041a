"""What was announced and comes, in whole cycles without any statement: it is booked by rule, and trading goes on."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from ledger.events import (
    BreakClosed,
    BreakExplained,
    CashDeposited,
    DistributionDeclared,
    DividendPaid,
    StepFailed,
    TaxWithheld,
)
from tests.trader.cycles.world import AROUND, TUESDAY, WEDNESDAY, World, world, write_bars
from trader import exits
from trader.simulator.terms import Terms
from trader.sources.announcements import FILE_NAME

ROWS = f"Ticker,Kind,Ex Date,Pay Date,Amount,Currency,Ratio\nACME,dividend,{WEDNESDAY},{WEDNESDAY},0.20,USD,\n"


def after_tuesday(made: World) -> World:
    made.advance_to(TUESDAY, 0)
    assert made.trade() == exits.FINE
    made.close(TUESDAY)
    return made


def test_a_dividend_that_the_folder_announced_is_booked_without_any_statement(tmp_path: Path) -> None:
    folder = write_bars(tmp_path / "data", TUESDAY - AROUND, TUESDAY + AROUND)
    (folder / FILE_NAME).write_text(ROWS, encoding="utf-8")
    sources = {"folder": str(folder), "history_days": 5}
    with world(tmp_path, terms=Terms(dividends=True), sources=sources) as paying:
        after_tuesday(paying).advance_to(WEDNESDAY, 0)

        assert paying.trade() == exits.FINE

        (told,) = paying.facts(DistributionDeclared)
        shares = paying.held()["ACME"]
        assert (told.ex_date, told.amount, told.source) == (WEDNESDAY, Decimal("0.20"), "folder")
        assert [(fact.source, fact.amount) for fact in paying.facts(DividendPaid)] == [("rule", shares / 5)]
        assert [fact.amount for fact in paying.facts(TaxWithheld)] == [-shares * Decimal("0.06")]
        assert "by rule" in paying.facts(BreakClosed)[-1].reason
        assert paying.apart() == ()


def test_a_file_of_announcements_that_cannot_be_read_stops_the_orders_of_its_cycle(tmp_path: Path) -> None:
    folder = write_bars(tmp_path / "data", TUESDAY - AROUND, TUESDAY + AROUND)
    (folder / FILE_NAME).write_text(ROWS.replace("0.20", "soon"), encoding="utf-8")
    with world(tmp_path, sources={"folder": str(folder), "history_days": 5}) as made:
        made.advance_to(TUESDAY, 0)

        assert made.trade() == exits.BAD_NEWS

        assert "row 2: expected an amount above zero, found 'soon'" in made.facts(StepFailed)[0].reason
        assert made.orders() == ()


def test_money_that_you_expect_is_booked_when_it_comes_and_invested(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        after_tuesday(made)
        before = made.held()["ACME"]
        assert made.command("expect", "deposit", "20000", "USD", "--within", "5d").status == exits.FINE
        made.control.cash(Decimal(20000))
        made.advance_to(WEDNESDAY, 0)

        assert made.trade() == exits.FINE

        assert [(fact.source, fact.amount) for fact in made.facts(CashDeposited)] == [("rule", Decimal(20000))]
        assert made.book().flows == {}
        assert made.held()["ACME"] > before
        assert made.apart() == ()


def test_money_that_nobody_announced_is_not_invested(tmp_path: Path) -> None:
    with world(tmp_path) as made:
        after_tuesday(made)
        before = made.held()["ACME"]
        made.control.cash(Decimal(20000))
        made.advance_to(WEDNESDAY, 0)

        made.trade()

        assert made.facts(BreakExplained)[-1].cause == "deposit"
        assert made.facts(CashDeposited) == []
        assert abs(made.held()["ACME"] - before) <= before / 100
        assert made.book().halted is None
