from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ledger.book import replay
from ledger.checkpoints import rebuild
from ledger.history import as_known_at, as_of
from ledger.log import read_events
from ledger.log.storage import day_files, events_folder
from queries.book_tables.keeping import keep_books
from queries.parquet import update
from queries.past import AS_OF, NotOfThePast, Past
from queries.sql import StatementError, Terms, answered, ask
from queries.tables import connect
from tests.queries.history import IBM, closed, fill, two_sessions
from tests.queries.test_book_tables import base, four_sessions

REHEARSAL = Path(__file__).parents[1] / "history" / "rehearsal"
WEDNESDAYS_END = datetime(2005, 3, 3, 4, 59, 59, tzinfo=UTC)  # New York's
KNOWN_THEN, KNOWN_NOW = Past(WEDNESDAYS_END, known_then=True), Past(WEDNESDAYS_END, known_then=False)


@pytest.fixture(scope="module", params=["from lines", "from Parquet"])
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = closed(four_sessions(tmp_path_factory.mktemp("past") / "home"))
    if request.param == "from Parquet":
        update(home)
        keep_books(home)
    return home


def told(home: Path, statement: str, past: Past) -> tuple[tuple[object, ...], ...]:
    return answered(home, statement, Terms(past=past)).rows


def test_a_sale_that_was_told_later_stands_in_its_day_as_it_is_known_now(home: Path) -> None:
    lots = "SELECT execution, quantity FROM lots ORDER BY opened_at"

    assert told(home, lots, KNOWN_NOW) == ((base(1), 40), (base(2), 40), (base(9), 50))
    assert told(home, lots, KNOWN_THEN) == ((base(1), 60), (base(2), 40), (base(9), 50))


def test_the_account_as_of_a_moment_is_that_of_the_book(home: Path) -> None:
    book = replay(lambda: as_of(lambda: read_events(home), WEDNESDAYS_END), retain=True)

    assert told(home, "SELECT con_id, quantity FROM positions", KNOWN_NOW) == tuple(book.positions.items())
    assert told(home, "SELECT currency, amount FROM cash", KNOWN_NOW) == tuple(book.cash.items())
    assert told(home, "SELECT sum(gross) FROM realised", KNOWN_NOW) == ((book.holdings[IBM].realised_gross,),)
    nav = Decimal("100080.67") + 20 * Decimal("0.2") - Decimal("0.5")
    assert told(home, "SELECT nav, realised, unrealised, commissions FROM nav", KNOWN_NOW) == (
        (nav, Decimal("29.734"), Decimal("57.936"), Decimal("-3.5")),
    )  # fmt: skip


def test_reading_what_was_told_later_looks_at_the_clock_each_day(home: Path) -> None:
    looked = list[int]()

    connect(home, past=KNOWN_NOW, wanted=("positions",), tell=looked.append)

    later = sum(name[:10] > "2005-03-03" for name in day_files(events_folder(home)).names[:-1])
    assert later
    assert looked.count(0) >= later


def test_the_account_as_it_was_known_is_that_of_its_last_snapshot(home: Path) -> None:
    book = replay(lambda: as_known_at(read_events(home), WEDNESDAYS_END))

    assert told(home, "SELECT con_id, quantity FROM positions", KNOWN_THEN) == tuple(book.positions.items())
    assert told(home, "SELECT currency, amount FROM cash", KNOWN_THEN) == tuple(book.cash.items())
    assert told(home, "SELECT nav FROM nav ORDER BY seq DESC LIMIT 1", KNOWN_THEN) == ((Decimal("100080.67"),),)
    assert told(home, "SELECT count(*) FROM realised", KNOWN_THEN) == ((0,),)


def test_the_journal_of_the_past_balances_either_way(home: Path) -> None:
    for past in (KNOWN_NOW, KNOWN_THEN):
        assert told(home, "SELECT balance FROM trial_balance WHERE account IS NULL", past) == ((0,),)
    assert told(home, "SELECT balance FROM trial_balance WHERE account = 'realised'", KNOWN_NOW) == (
        (Decimal("-29.734"),),
    )  # fmt: skip


def test_everything_that_was_recorded_can_be_asked_as_it_was_known(home: Path) -> None:
    assert told(home, "SELECT max(recorded_at) <= '2005-03-03' FROM events", KNOWN_THEN) == ((True,),)
    assert told(home, "SELECT count(*) FROM fills", KNOWN_THEN) == ((3,),)
    assert told(home, "SELECT max(session_day) FROM days", KNOWN_THEN)[0][0] == WEDNESDAYS_END.date().replace(day=2)


def test_before_the_beginning_there_was_nothing(home: Path) -> None:
    before = datetime(2005, 1, 1, tzinfo=UTC)

    for name in AS_OF:
        assert told(home, f"FROM {name}", Past(before, known_then=False)) == ()
        assert told(home, f"FROM {name}", Past(before, known_then=True)) == ()


def test_what_a_cycle_wrote_down_is_not_told_as_of_a_moment(home: Path) -> None:
    with pytest.raises(NotOfThePast, match=r"fills: expected one of positions, lots, cash, nav, realised, journal"):
        told(home, "FROM fills", KNOWN_NOW)
    with pytest.raises(NotOfThePast, match=r"bars: .* only the newest word is kept"):
        told(home, "FROM bars", KNOWN_THEN)
    with pytest.raises(StatementError, match="fils does not exist"):
        told(home, "FROM fils", KNOWN_THEN)


def test_a_column_may_bear_the_name_of_what_is_not_told(home: Path) -> None:
    assert told(home, "SELECT quantity AS fills FROM positions", KNOWN_NOW) == ((Decimal(130),),)


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of everything that can happen, copied: late facts, corrections, busts, actions, what was undone."""
    home = Path(shutil.copytree(REHEARSAL, tmp_path_factory.mktemp("everything") / "home"))
    update(home)
    keep_books(home)
    rebuild(home)
    return home


@pytest.mark.parametrize("part", range(8))
def test_any_moment_of_everything_is_told_as_the_book_tells_it(rehearsal: Path, part: int) -> None:
    events = list(read_events(rehearsal))
    moments = sorted({moment for event in events for moment in (event.at, event.recorded_at)})
    moment = moments[len(moments) * (2 * part + 1) // 16] - timedelta(microseconds=part % 2)

    for known_then in (True, False):
        selected = as_known_at(events, moment) if known_then else as_of(lambda: events, moment)
        book = replay(list(selected), retain=True)
        con = connect(rehearsal, wanted=AS_OF, past=Past(moment, known_then))
        assert summed(con, "journal", "account, currency", "amount") == {k: (v,) for k, v in book.journal.items() if v}
        assert summed(con, "realised", "con_id, con_id", "gross", "commission") == {
            (con_id, con_id): (held.realised_gross, held.realised_commission)
            for con_id, held in book.holdings.items()
            if held.realised_gross or held.realised_commission
        }
        open_lots = con.execute("SELECT execution, quantity, gross, commission FROM lots").fetchall()
        assert sorted(open_lots) == sorted(
            (lot.execution, lot.quantity, lot.gross, lot.commission)
            for held in book.holdings.values()
            for lot in held.lots
        )
        if not known_then:
            assert dict(con.execute("SELECT con_id, quantity FROM positions").fetchall()) == book.positions
            assert dict(con.execute("SELECT currency, amount FROM cash").fetchall()) == {
                currency: amount for currency, amount in book.cash.items() if amount
            }


def summed(
    con: duckdb.DuckDBPyConnection, table: str, keys: str, *amounts: str
) -> dict[tuple[object, ...], tuple[object, ...]]:
    sums = ", ".join(f"sum({amount})" for amount in amounts)
    rows = con.execute(f"SELECT {keys}, {sums} FROM {table} GROUP BY {keys}").fetchall()
    return {row[:2]: row[2:] for row in rows if any(row[2:])}


@pytest.mark.parametrize("late", [0, 2], ids=["nothing late", "two days late"])
def test_a_checkpoint_tells_the_past_as_the_whole_log_does(tmp_path: Path, late: int) -> None:
    world = two_sessions(tmp_path / "home")
    for number in range(3, 8):
        world.begin(date(2005, 3, number), "09:35")
        world.record(*fill(f"5{number}", "-3", f"9{number}", world.moment - timedelta(days=late, minutes=number)))
        world.observe("95")
        world.agree()
        world.finish()
    home = closed(world)
    update(home)
    keep_books(home)
    rebuild(home)
    bare = Path(shutil.copytree(home, tmp_path / "bare"))
    for derived in ("parquet", "checkpoints"):
        shutil.rmtree(bare / "var" / derived)

    for day in (2, 5):
        for known_then in (True, False):
            past = Past(datetime(2005, 3, day, 15, tzinfo=UTC), known_then)
            assert everything(home, past) == everything(bare, past)


def everything(home: Path, past: Past) -> dict[str, list[tuple[object, ...]]]:
    con = connect(home, wanted=AS_OF, past=past)
    return {name: sorted(ask(con, f"FROM {name}").rows, key=repr) for name in AS_OF}
