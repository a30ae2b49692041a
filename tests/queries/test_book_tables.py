from __future__ import annotations

import shutil
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from ledger.bridge import LINES
from ledger.checkpoints import rebuild
from ledger.daybook import entries
from ledger.events import Fact, FillBusted
from ledger.line import Event
from ledger.log import read_events
from ledger.lots import exactly
from ledger.lots.disposals import disposals
from queries.book_columns import DISPOSED, FLOWS, JOURNAL, RELATIONS
from queries.book_tables.folding import followed
from queries.book_tables.keeping import keep_books
from queries.book_tables.showing import shown_of
from queries.bridge import days_of
from queries.fence import new_database
from queries.parquet import FOLDER, read_manifest, update
from queries.sql import answered, ask
from queries.strategies import Account, strategies_of
from queries.tables import HOME_ZONE, connect
from tests.facts import CONTRACTS, GENESIS, START, events
from tests.queries.export.histories import histories
from tests.queries.history import ACCOUNT, IBM, WEDNESDAY, World, closed, fill, two_sessions

THURSDAY, FRIDAY = date(2005, 3, 3), date(2005, 3, 4)
AFTERWARDS = date(2005, 4, 1)
REHEARSAL = Path(__file__).parents[1] / "history" / "rehearsal"
Rows = list[tuple[object, ...]]


def four_sessions(home: Path) -> World:
    """Sales on Thursday; on Friday a sale of Wednesday is told late, and one of Thursday's is busted."""
    world = two_sessions(home)
    world.begin(THURSDAY, "09:35")
    world.record(*fill("20", "-70", "95", world.moment - timedelta(minutes=1)))
    world.record(*fill("21", "-10", "96", world.moment))
    world.observe("95")
    world.agree()
    world.finish()
    world.begin(FRIDAY, "09:35")
    world.record(*fill("22", "-20", "93.5", world.moment - timedelta(days=2), commission="-0.5"))
    world.record(FillBusted(account=ACCOUNT, execution_id="0000e0d5.4213a1c21.01.01", reason="erroneous"))
    world.observe("95")
    world.agree()
    world.finish()
    world.quiet_cycle(AFTERWARDS, "09:35", "95")
    return world


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return closed(four_sessions(tmp_path_factory.mktemp("four") / "home"))


@pytest.fixture
def home(untouched: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(untouched, tmp_path / "home"))


def rows(home: Path, relation: str) -> Rows:
    return sorted(answered(home, f"FROM {relation}").rows, key=repr)


def told_by(home: Path) -> dict[str, Rows]:
    con = connect(home, wanted=tuple(RELATIONS))
    return {name: sorted(ask(con, f"FROM {name}").rows, key=repr) for name in RELATIONS}


def folded_whole(home: Path) -> dict[str, Rows]:
    con = new_database()
    con.execute(f"SET TimeZone = '{HOME_ZONE}'")
    shown_of(con, followed(read_events(home)), RELATIONS)
    return {name: sorted(ask(con, f"FROM {name}").rows, key=repr) for name in RELATIONS}


# What they say


def test_the_journal_holds_every_leg_of_every_entry(untouched: Path) -> None:
    found = rows(untouched, "(SELECT seq, account, currency, amount FROM journal)")

    legs = [(e.seq, name, e.currency, amount) for e in entries(read_events(untouched)) for name, amount in e.legs]
    assert Counter(found) == Counter(legs)


def test_the_trial_balance_sums_to_zero_in_each_currency(untouched: Path) -> None:
    found = {account: balance for _, account, balance in rows(untouched, "trial_balance")}

    assert found == {
        "cash": Decimal("94603.17"), "commissions": Decimal("5.5"), "opening": Decimal(-100_000),
        "position:8314": Decimal("5630.133"), "realised": Decimal("-238.803"), None: Decimal(0),
    }  # fmt: skip


def test_open_lots_stand_at_their_marks(untouched: Path) -> None:
    found = answered(
        untouched, "SELECT execution, quantity, gross, commission, mark, value, unrealised FROM lots ORDER BY opened_at"
    ).rows

    assert found == (
        (base(2), Decimal(10), Decimal("920.133"), Decimal("-0.25"), Decimal(95), Decimal(950), Decimal("29.867")),
        (base(9), Decimal(50), Decimal(4710), Decimal(-1), Decimal(95), Decimal(4750), Decimal(40)),
    )


def base(number: int) -> str:
    return f"0000e0d5.4213a1c{number}.01"


def test_what_was_realised_is_as_it_is_known_now(untouched: Path) -> None:
    """Wednesday's sale, told on Friday, comes before Thursday's; what was busted is gone."""
    found = answered(
        untouched,
        "SELECT session_day, closed_by, opened_by, quantity, gross, commission FROM realised ORDER BY ALL",
    ).rows

    assert found == (
        (WEDNESDAY, base(22), base(1), Decimal(20), Decimal("29.734"), Decimal("-0.8333333333")),
        (THURSDAY, base(20), base(1), Decimal(40), Decimal("119.468"), Decimal("-1.2380952381")),
        (THURSDAY, base(20), base(2), Decimal(30), Decimal("89.601"), Decimal("-1.1785714286")),
    )  # fmt: skip


def test_every_session_has_its_bridge(untouched: Path) -> None:
    found = answered(untouched, "SELECT session_day, line, amount FROM nav_bridge ORDER BY session_day, place").rows

    expected = list[tuple[object, ...]]()
    for day in days_of(untouched):
        assert day.bridge is not None
        lines = [("opening", day.bridge.opening), *((line, day.bridge.lines[line]) for line in LINES)]
        lines += [("closing", day.bridge.closing), ("residual", Decimal(0))]
        expected += [(day.day, line, amount) for line, amount in lines]
    assert list(found) == expected
    assert (FRIDAY, "prior period", Decimal("-40.5")) in found


def test_the_books_of_strategies_are_those_of_the_report(untouched: Path) -> None:
    found = answered(untouched, "FROM strategy_books").rows

    assert found == (
        ("", IBM, "IBM", Decimal(60), Decimal(5700), Decimal("-5396.83"), Decimal("303.17"), "USD"),
    )  # fmt: skip


# Where they come from


def test_they_are_the_same_without_parquet_with_it_and_by_the_whole_log(home: Path) -> None:
    expected = folded_whole(home)
    before = told_by(home)
    update(home)
    kept = keep_books(home)

    assert before == told_by(home) == expected
    assert kept == 1  # March is over, and April's first day is open


def test_day_by_day_from_checkpoints_comes_to_what_all_at_once_does(tmp_path: Path) -> None:
    world, kept = two_sessions(tmp_path), []
    for day in (THURSDAY, FRIDAY, date(2005, 3, 7), date(2005, 3, 8)):
        world.begin(day, "09:35")
        world.record(*fill(f"3{day.day}", "-5", "95", world.moment - timedelta(days=2)))
        world.observe("95")
        world.agree()
        world.finish()
        rebuild(tmp_path)
        update(tmp_path)
        kept.append(keep_books(tmp_path))
    world.ledger.close()

    assert kept == [2, 1, 1, 1]
    assert told_by(tmp_path) == folded_whole(tmp_path)


def test_a_late_fact_is_kept_as_a_change_of_what_was_kept_before(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    for day, late in ((THURSDAY, 0), (FRIDAY, 0), (date(2005, 3, 7), 5)):
        world.begin(day, "09:35")
        world.record(*fill(f"4{day.day}", "-70", "95", world.moment - timedelta(days=late)))
        world.observe("95")
        world.agree()
        world.finish()
        update(tmp_path)
        keep_books(tmp_path)
    world.quiet_cycle(date(2005, 3, 8), "09:35", "95")
    update(tmp_path)
    keep_books(tmp_path)
    world.ledger.close()

    files = [str(path) for path in sorted((tmp_path / FOLDER / "books").glob(f"*/{DISPOSED}.parquet"))]
    con = connect(tmp_path, wanted=("realised",))
    taken_back = con.execute(f"SELECT count(*) FROM read_parquet({files}) WHERE times < 0").fetchall()
    assert taken_back != [(0,)]
    assert told_by(tmp_path) == folded_whole(tmp_path)


def test_keeping_again_writes_nothing(home: Path) -> None:
    update(home)
    keep_books(home)
    before = {path: path.stat().st_mtime_ns for path in (home / FOLDER).rglob("*")}

    assert keep_books(home) == 0
    assert {path: path.stat().st_mtime_ns for path in (home / FOLDER).rglob("*")} == before


@pytest.mark.parametrize("spoil", ["flipped", "removed"])
def test_a_copy_that_is_not_as_it_was_written_is_folded_again(home: Path, spoil: str) -> None:
    expected = folded_whole(home)
    update(home)
    keep_books(home)
    path = home / FOLDER / "books" / "2005-03" / f"{JOURNAL}.parquet"
    if spoil == "removed":
        path.unlink()
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    assert told_by(home) == expected
    assert keep_books(home) == 1
    assert told_by(home) == expected


def test_the_manifest_pins_them(home: Path) -> None:
    update(home)
    keep_books(home)

    manifest = read_manifest(home)

    assert manifest is not None
    assert [unit.name for unit in manifest.books] == ["books/2005-03"]
    assert manifest.books[0].days == manifest.units[0].days


def test_a_home_of_everything_is_told_alike(tmp_path: Path) -> None:
    home = Path(shutil.copytree(REHEARSAL, tmp_path / "home"))
    expected = folded_whole(home)
    update(home)
    keep_books(home)

    assert told_by(home) == expected
    assert len(expected["realised"]) > 4


# Whatever happens


def log_of(facts: tuple[Fact, ...]) -> list[Event]:
    return list(events((GENESIS, *CONTRACTS, *facts), after=START - timedelta(hours=1)))


@given(histories())
@settings(max_examples=40, deadline=None)
def test_the_changes_of_any_history_come_to_what_the_book_says(facts: tuple[Fact, ...]) -> None:
    log = log_of(facts)

    follower = followed(log)

    times = Counter[tuple[object, ...]]()
    for row in follower.rows[DISPOSED]:
        times[row.values[1:]] += int(str(row.values[0]))
    with exactly():
        stand = Counter(
            (d.con_id, held.currency, d.opened_by, d.opened_at, d.closed_by, d.closed_at, d.method, d.quantity,
             d.gross_basis, d.gross_proceeds, d.opening_commission, d.closing_commission)
            for held in follower.book.holdings.values() for d in disposals(held)
        )  # fmt: skip
    assert {row: n for row, n in times.items() if n} == dict(stand)


@given(histories())
@settings(max_examples=25, deadline=None)
def test_the_journal_and_the_flows_of_any_history_are_those_of_the_reports(facts: tuple[Fact, ...]) -> None:
    log = log_of(facts)

    follower = followed(log)

    legs = [(e.seq, name, e.currency, amount) for e in entries(log) for name, amount in e.legs]
    assert [(row.values[0], *row.values[4:]) for row in follower.rows[JOURNAL]] == legs
    flows = dict[Account, Decimal]()
    with exactly():
        for row in follower.rows[FLOWS]:
            strategy, con_id, currency, amount = row.values
            whose = Account(strategy, con_id, currency)  # type: ignore[arg-type]
            flows[whose] = flows.get(whose, Decimal(0)) + amount  # type: ignore[operator]
    expected = strategies_of(log).flows
    assert {whose: n for whose, n in flows.items() if n} == {whose: n for whose, n in expected.items() if n}
