"""A dividend that is announced anew: told day by day, or all at once, it is the same."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import replay
from ledger.events import DividendAccrualReversed, DividendAccrued
from ledger.log import read_events
from tests.facts import CONTRACTS, GENESIS, SPY, events, minutes, told
from tests.trader.importing.flex_files import ACCOUNT, IDS, Happening, Moved, Traded, statement, write
from trader import exits
from trader.commands.app import run
from trader.importing.announced import announced, announced_since

HISTORY: tuple[Happening, ...] = (
    Moved(date(2026, 1, 4), "Deposits/Withdrawals", Decimal(10000)),
    Traded(date(2026, 1, 5), "ACME", Decimal(20), Decimal(10)),
)
NAME = f"{IDS['ACME']}/2026-01-05/2026-01-20"


def change(day: int, code: str, tax: str) -> tuple[int, str]:
    sign = "-" if code == "Re" else ""
    net = Decimal(f"{sign}20") - Decimal(f"{sign}{tax}")
    told = (
        f'currency="USD" assetCategory="STK" symbol="ACME" conid="{IDS["ACME"]}" multiplier="1" date="202601{day:02}" '
        f'reportDate="202601{day:02}" exDate="20260105" payDate="20260120" quantity="20" fee="0" '
        f'tax="{sign}{tax}" grossAmount="{sign}20" netAmount="{net}" code="{code}"'
    )
    return day, f'<ChangeInDividendAccrual accountId="{ACCOUNT}" {told} />'


ANEW = (change(5, "Po", "6"), change(6, "Re", "6"), change(6, "Po", "3"))
THE_SAME_ANEW = (change(5, "Po", "6"), change(6, "Re", "6"), change(7, "Po", "6"))
PAID = change(20, "Re", "3")


def days(changes: tuple[tuple[int, str], ...], first: int, last: int) -> str:
    rows = "".join(row for day, row in changes if first <= day <= last)
    section = f"<ChangeInDividendAccruals>{rows}</ChangeInDividendAccruals>"
    return statement(HISTORY, date(2026, 1, first), date(2026, 1, last), extra=section)


@pytest.mark.parametrize(
    ("changes", "tax"),
    [pytest.param(ANEW, "-3", id="at another tax"), pytest.param(THE_SAME_ANEW, "-6", id="as before, days later")],
)
@pytest.mark.parametrize(
    "periods",
    [
        pytest.param(((5, 7),), id="all at once"),
        pytest.param(((5, 5), (6, 6), (7, 7)), id="day by day"),
        pytest.param(((5, 6), (6, 7), (5, 7)), id="overlapping"),
    ],
)
def test_a_dividend_announced_anew_is_open_once(
    tmp_path: Path, changes: tuple[tuple[int, str], ...], tax: str, periods: tuple[tuple[int, int], ...]
) -> None:
    for number, period in enumerate(periods):
        path = write(tmp_path, f"{number}.xml", days(changes, *period))
        assert run(["--home", str(tmp_path / "home"), "import", str(path)]) == exits.FINE

    book = replay(tuple(read_events(tmp_path / "home")))
    assert {name: accrued.tax for name, accrued in book.accruals.items()} == {f"{NAME}/2": Decimal(tax)}
    assert book.journal["accruals", "USD"] == 20 + Decimal(tax)
    assert book.open_breaks == ()


def test_what_is_taken_back_at_last_is_what_is_open(tmp_path: Path) -> None:
    for number, period in enumerate(((5, 5), (6, 6), (20, 20), (5, 20))):
        path = write(tmp_path, f"{number}.xml", days((*ANEW, PAID), *period))
        assert run(["--home", str(tmp_path / "home"), "import", str(path)]) == exits.FINE

    book = replay(tuple(read_events(tmp_path / "home")))
    assert book.accruals == {}
    assert ("accruals", "USD") not in book.journal


def test_what_was_due_again_ends_when_the_statement_ends_it() -> None:
    due = DividendAccrued(
        con_id=SPY.con_id, reference=f"{SPY.con_id}/2005-02-01/2005-02-20", gross=Decimal(20), tax=Decimal(-6),
        currency="USD",
    )  # fmt: skip
    ended = DividendAccrualReversed.model_validate({**dict(due), "type": "dividend_accrual_reversed"})
    again = due.model_copy(update={"reference": f"{due.reference}/B-1", "resumes": ended.key})
    stated = ended.model_copy(update={"occurred_at": minutes(600)})
    log = list(events([GENESIS, *CONTRACTS, due, ended, again]))
    book = replay(log)
    assert announced_since(book, [stated]) == log[-3].seq

    (fact,) = announced(book, [stated], log)

    after = told(book, fact)
    assert after.accruals == {}
    assert after.journal.get(("accruals", "USD"), 0) == 0
