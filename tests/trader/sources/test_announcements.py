"""Dividends and splits that a folder announces: read strictly, told once, taken back when they are gone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import DistributionDeclared, Fact, SplitDeclared
from tests.trader.decisions import AAPL, IBM, SESSION, contract, situation, told
from trader.announcements import announced
from trader.sources import FolderBars, SourceError
from trader.sources.announcements import FILE_NAME

HEAD = "Ticker,Kind,Ex Date,Pay Date,Amount,Currency,Ratio\n"
UNIVERSE = (contract(AAPL), contract(IBM))
DIVIDEND = DistributionDeclared(
    con_id=AAPL, ex_date=date(2005, 2, 15), pay_date=date(2005, 3, 10), amount=Decimal("0.08"), currency="USD",
    source="folder",
)  # fmt: skip
SPLIT = SplitDeclared(con_id=IBM, ex_date=date(2005, 2, 28), numerator=2, denominator=1, source="folder")
ROWS = "AAPL,dividend,2005-02-15,2005-03-10,0.08,USD,\nIBM,split,2005-02-28,,,,2:1\n"


def folder(path: Path, rows: str, head: str = HEAD) -> FolderBars:
    (path / FILE_NAME).write_text(head + rows, encoding="utf-8")
    return FolderBars(path)


def said(path: Path, rows: str, *before: Fact) -> tuple[Fact, ...]:
    return announced(told(situation(), *before), folder(path, rows), UNIVERSE, SESSION)


def test_what_is_announced_is_told_once(tmp_path: Path) -> None:
    assert said(tmp_path, ROWS) == (DIVIDEND, SPLIT)
    assert said(tmp_path, ROWS, DIVIDEND, SPLIT) == ()


def test_a_row_that_changes_is_told_again_and_one_that_goes_is_taken_back(tmp_path: Path) -> None:
    later = "AAPL,dividend,2005-02-15,2005-03-24,0.08,,\n"

    facts = said(tmp_path, later, DIVIDEND, SPLIT)

    assert facts == (
        DIVIDEND.model_copy(update={"pay_date": date(2005, 3, 24)}),
        SPLIT.model_copy(update={"taken_back": True}),
    )
    assert said(tmp_path, later, DIVIDEND, SPLIT, *facts) == ()


def test_what_is_not_traded_or_long_over_is_passed_over(tmp_path: Path) -> None:
    assert said(tmp_path, "KO,dividend,2005-02-15,,0.25,USD,\nAAPL,dividend,2004-02-15,,0.08,USD,\n") == ()


def test_a_folder_without_the_file_announces_nothing(tmp_path: Path) -> None:
    assert announced(situation(), FolderBars(tmp_path), UNIVERSE, SESSION) == ()


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        pytest.param("AAPL,gift,2005-02-15,,1,,", "expected the kind dividend or split, found 'gift'", id="kind"),
        pytest.param("AAPL,dividend,15.2.2005,,1,,", "expected the ex date as 2005-03-01", id="a date"),
        pytest.param("AAPL,dividend,2005-02-15,,-1,,", "expected an amount above zero, found '-1'", id="an amount"),
        pytest.param("AAPL,dividend,2005-02-15,2005-02-14,1,,", "expected a pay date from the ex date", id="pay date"),
        pytest.param("AAPL,split,2005-02-15,,,,2", "expected a ratio like 2:1, found '2'", id="a ratio"),
        pytest.param("AAPL,split,2005-02-15,,,,2:0", "expected a ratio like 2:1", id="a ratio with zero"),
        pytest.param(
            ROWS.split("\n", maxsplit=1)[0] + "\n" + ROWS.split("\n", maxsplit=1)[0],
            "another stands in row 2",
            id="twice",
        ),
    ],
)
def test_a_row_that_cannot_be_read_is_named(tmp_path: Path, row: str, problem: str) -> None:
    with pytest.raises(SourceError, match=problem):
        said(tmp_path, row)


def test_a_file_without_its_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="expected the columns ticker, kind, ex date"):
        folder(tmp_path, "AAPL,dividend\n", "Ticker,Kind\n").announcements(UNIVERSE)
