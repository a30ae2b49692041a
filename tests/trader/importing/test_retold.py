"""A statement without the broker's ids, on a log that has them, and the other way round: nothing counts twice."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import Book, replay
from ledger.clock import SystemClock
from ledger.events import ContractDefined, OrderFilled
from ledger.ledger import Ledger
from ledger.log import read_events
from tests.trader.importing.flex_files import ACCOUNT, IDS, Happening, Moved, Traded, statement, write
from trader import exits
from trader.commands.app import run

FIRST, SECOND = date(2026, 1, 5), date(2026, 1, 6)
HISTORY: tuple[Happening, ...] = (
    Moved(FIRST, "Deposits/Withdrawals", Decimal(10000)),
    Traded(FIRST, "ACME", Decimal(20), Decimal(10)),
    Moved(FIRST, "Other Fees", Decimal("-4.5")),
)
WHOLE = statement(HISTORY, FIRST, SECOND)
ROW = next(re.finditer(r"<Trade .*?/>", WHOLE)).group(0)
ACME = IDS["ACME"]
CONTRACT = ContractDefined(
    con_id=ACME, symbol="ACME", security_type="STK", currency="USD", exchange="X", primary_exchange="X",
    multiplier=Decimal(1), min_tick=Decimal("0.01"),
)  # fmt: skip
Import = Callable[..., tuple[int, str]]


def without(name: str, text: str = WHOLE) -> str:
    return re.sub(rf' {name}="[^"]*"', "", text)


def with_rows(first: date, last: date, *rows: str) -> str:
    return statement(HISTORY, first, last).replace("</Trades>", "\n".join((*rows, "</Trades>")))


def cancelled(row: str = ROW) -> str:
    """Return the row by which the broker takes a trade back, on the next day."""
    ours = {
        "tradeID": "", "ibExecID": "", "transactionID": "8099", "transactionType": "TradeCancel", "quantity": "-20",
        "buySell": "BUY (Ca.)", "tradeMoney": "-200", "proceeds": "200", "ibCommission": "0", "netCash": "200",
        "cost": "-200", "notes": "Ca", "reportDate": "20260106",
    }  # fmt: skip
    for name, value in ours.items():
        row = re.sub(rf' {name}="[^"]*"', f' {name}="{value}"', row)
    return row.replace("<Trade ", '<Trade origTradeID="9002" ')


def corrected(row: str = ROW) -> str:
    ours = {
        "quantity": "21", "tradeMoney": "210", "proceeds": "-210", "netCash": "-211", "cost": "211",
        "transactionID": "8100", "reportDate": "20260106",
    }  # fmt: skip
    for name, value in ours.items():
        row = re.sub(rf' {name}="[^"]*"', f' {name}="{value}"', row)
    return row.replace('.01.01"', '.01.02"')


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def imported(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> Import:
    """Import a text; return the status, and what was said."""

    def import_it(text: str) -> tuple[int, str]:
        capsys.readouterr()
        name = f"{len(list(tmp_path.glob('*.xml')))}.xml"
        status = run(["--home", str(home), "import", str(write(tmp_path, name, text))])
        told = capsys.readouterr()
        return status, told.out + told.err

    return import_it


def book_of(home: Path) -> Book:
    return replay(tuple(read_events(home)))


NAMELESS = without("transactionID", without("ibExecID"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(WHOLE, without("ibExecID"), id="executions without an id"),
        pytest.param(without("ibExecID"), WHOLE, id="executions that had none before"),
        pytest.param(WHOLE, without("transactionID"), id="cash without an id"),
        pytest.param(without("transactionID"), WHOLE, id="cash that had none before"),
        pytest.param(WHOLE, NAMELESS, id="no ids at all"),
        pytest.param(NAMELESS, WHOLE, id="no ids at all before"),
    ],
)
def test_what_the_log_has_under_another_name_is_left_out(home: Path, imported: Import, first: str, second: str) -> None:
    imported(first)
    before = book_of(home)

    status, said = imported(second)

    assert status == exits.FINE
    assert "0 new of 4 facts" in said
    assert "the log has under another name" in said
    after = book_of(home)
    assert (after.positions, after.cash, after.open_breaks) == (before.positions, before.cash, ())


def test_an_execution_of_the_api_gets_its_commission_from_a_statement_without_ids(home: Path, imported: Import) -> None:
    imported(statement(HISTORY[:1], FIRST, FIRST))
    fill = OrderFilled(
        account=ACCOUNT, execution_id="0000e0d5.00000002.01.01", con_id=ACME, quantity=Decimal(20), price=Decimal(10),
        currency="USD", occurred_at=datetime(2026, 1, 5, 15, 0, 0, 123456, UTC),
    )  # fmt: skip
    with Ledger.open(home, SystemClock()) as ledger:
        ledger.record((CONTRACT, fill))

    imported(NAMELESS)

    book = book_of(home)
    assert (book.positions, book.cash) == ({ACME: Decimal(20)}, {"USD": Decimal("9794.5")})
    assert book.pending_commissions == ()


def test_executions_of_a_day_that_are_told_in_another_way_are_refused(home: Path, imported: Import) -> None:
    imported(WHOLE)
    by_order = without("ibExecID", WHOLE).replace('quantity="20"', 'quantity="30"')

    status, said = imported(by_order)

    assert status != exits.FINE
    assert "make a Flex query with ibExecID" in said
    assert book_of(home).positions == {ACME: Decimal(20)}


def test_what_cancels_an_execution_of_another_file_is_its_bust(home: Path, imported: Import) -> None:
    imported(statement(HISTORY, FIRST, FIRST))

    imported(with_rows(SECOND, SECOND, cancelled()))

    daily = book_of(home)
    assert daily.positions == {}
    assert daily.cash == {"USD": Decimal("9994.5")}
    assert all(fill.busted for fill in daily.fills.values())
    imported(with_rows(SECOND, SECOND, cancelled()).replace("220000", "230000"))
    imported(with_rows(FIRST, SECOND, cancelled()))
    assert (book_of(home).positions, book_of(home).cash) == (daily.positions, daily.cash)


def test_a_correction_told_a_day_later_counts_once_whichever_files_tell_it(home: Path, imported: Import) -> None:
    imported(statement(HISTORY, FIRST, FIRST))

    imported(with_rows(SECOND, SECOND, cancelled(), corrected()))
    imported(with_rows(FIRST, SECOND, cancelled(), corrected()))

    book = book_of(home)
    assert book.positions == {ACME: Decimal(21)}
    assert book.cash == {"USD": Decimal("9784.5")}
