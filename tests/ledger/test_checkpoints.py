"""A checkpoint is the book, exactly; or it does not count."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from shutil import copytree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.book import Book, Forgotten, book_hash, forgetful_book, new_order_ref, replay
from ledger.checkpoints import (
    FORMAT,
    Checkpoint,
    book_of,
    decode,
    encode,
    folded_from,
    latest,
    rebuild,
    state_version,
    write,
)
from ledger.events import CommissionCharged, OrderFilled
from ledger.ledger import Ledger
from ledger.line import Event
from ledger.log import Seal, read_events
from tests.ledger.logs import GENESIS, MAY_TRADE, WEDNESDAY, StillClock, attempted, files, lost, rewrite
from tests.ledger.years import accepted

DAY = 86_400


# The spelling


def told_to(book: Book, events: list[Event]) -> int:
    """Tell a book events until it needs what it forgot; return how many it took."""
    for number, event in enumerate(events):
        try:
            book.apply(event)
        except Forgotten:
            return number
    return len(events)


@given(st.integers(0, 2**32), st.sampled_from((0.05, 0.3)), st.floats(0, 1))
@settings(max_examples=4, deadline=None)
def test_a_book_read_back_is_the_book_and_goes_on_as_it_would(seed: int, oddity: float, share: float) -> None:
    events = accepted(seed, 75, oddity)
    cut = int(len(events) * share)
    for retain in (True, False):
        book = Book() if retain else forgetful_book()
        cut = told_to(book, events[:cut])

        again = decode(encode(book))

        again.forgets = book.forgets
        assert again == book
        assert encode(again) == encode(book)
        assert book_hash(again) == book_hash(book)
        assert told_to(again, events[cut:]) == told_to(book, events[cut:])
        assert again == book
        assert encode(again) == encode(book)


# What counts


def fill(number: int, at: timedelta = timedelta()) -> tuple[OrderFilled, CommissionCharged]:
    execution = f"e{number}.01"
    return (
        OrderFilled(
            account="DU1", execution_id=execution, con_id=756733, quantity=Decimal(1 + number % 3),
            price=Decimal(100 + number), currency="USD", occurred_at=WEDNESDAY + at,
        ),
        CommissionCharged(execution_id=execution, amount=Decimal("-1.25"), currency="USD"),
    )  # fmt: skip


def traded(ledger: Ledger, number: int) -> None:
    """Run a cycle of one order, which fills."""
    at = timedelta(days=number)
    begun = {"slot": f"{(WEDNESDAY + at).date()}/1001", "session_day": (WEDNESDAY + at).date()}
    hours = {"session_open": WEDNESDAY + at, "session_close": WEDNESDAY + at + timedelta(hours=6)}
    ledger.record((MAY_TRADE[2].model_copy(update={**begun, **hours}),))
    ref = new_order_ref(ledger.book, 756733, "B")
    order = attempted(ref, quantity=str(1 + number % 3), order_id=number + 1)
    ledger.record((*MAY_TRADE[3:], order))
    told, charged = fill(number, at)
    ledger.record((told.model_copy(update={"order_ref": ref}), charged))


def home_of(tmp_path: Path, days: int) -> Path:
    """Make a log of one fill a day and leave it without checkpoints."""
    home, clock = tmp_path / "home", StillClock()
    home.mkdir()
    with Ledger.create(home, clock, GENESIS) as ledger:
        ledger.record(MAY_TRADE)
        for number in range(days):
            traded(ledger, number)
            clock.sleep(DAY)
    return home


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five days, and the checkpoints of the first four."""
    home = home_of(tmp_path_factory.mktemp("made"), 5)
    rebuild(home)
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    return copytree(made, tmp_path / "home")


def kept(home: Path) -> list[str]:
    return sorted(path.stem for path in (home / "var/checkpoints").iterdir())


def newest(home: Path) -> Path:
    return max((home / "var/checkpoints").iterdir())


def found(home: Path, before: str | None = None) -> Checkpoint:
    checkpoint = latest(home, before=before)
    assert checkpoint is not None
    return checkpoint


def test_the_newest_checkpoint_is_the_book_at_the_end_of_the_last_sealed_day(home: Path) -> None:
    checkpoint = found(home)

    expected = replay(read_events(home, until_seq=checkpoint.seal.seq))
    assert kept(home) == ["2026-01-14", "2026-01-15", "2026-01-16", "2026-01-17"]
    assert checkpoint.seal.file == "2026-01-17.jsonl"
    assert checkpoint.book == expected
    assert found(home, before="2026-01-16.jsonl").seal.file == "2026-01-15.jsonl"
    assert latest(home, before="2026-01-14.jsonl") is None
    assert folded_from(home, before="2026-01-14.jsonl") == (Book(), None)


def bound_anew(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change what follows the first line, and make its hash fit again."""
    rest = change(path.read_bytes().split(b"\n", 1)[1])
    path.write_bytes(FORMAT + sha256(rest).hexdigest().encode() + b"\n" + rest)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a bit flipped in the book": lambda path: path.write_bytes(path.read_bytes()[:-9] + b"x" + path.read_bytes()[-8:]),
    "a bit flipped in the first line": lambda path: path.write_bytes(b"T" + path.read_bytes()[1:]),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "gone": Path.unlink,
    "another state version": lambda path: bound_anew(
        path, lambda rest: rest.replace(state_version().encode(), b"0" * 64)
    ),
    "another log": lambda path: bound_anew(path, lambda rest: rest.replace(b'"log": "', b'"log": "f')),
    "another hash": lambda path: bound_anew(path, lambda rest: rest.replace(b'"hash": "', b'"hash": "0')),
    "another seq": lambda path: bound_anew(path, lambda rest: rest.replace(b'"seq": ', b'"seq": 1')),
    "another book": lambda path: bound_anew(path, lambda rest: rest.split(b"\n")[0] + b"\n" + zlib.compress(b"{}")),
    "no header": lambda path: bound_anew(path, lambda _: b"nonsense"),
    "another day's": lambda path: path.write_bytes((path.parent / "2026-01-15.ckpt").read_bytes()),
    "a sealing line that is damaged": lambda path: rewrite(files(path.parents[2])[-1], b"x"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_checkpoint_that_does_not_fit_is_passed_over(home: Path, damage: Callable[[Path], object]) -> None:
    damage(newest(home))

    assert found(home).seal.file == "2026-01-16.jsonl"


def test_without_the_line_that_seals_its_day_a_checkpoint_does_not_count(home: Path) -> None:
    files(home)[-1].unlink()

    assert found(home).seal.file == "2026-01-16.jsonl"


def test_a_checkpoint_is_made_only_of_the_book_at_the_end_of_the_day(home: Path) -> None:
    with pytest.raises(ValueError, match="expected a book after seq"):
        write(home, book_of(home), found(home).seal)


# Folding on


def test_the_book_of_a_home_is_that_of_its_whole_log(home: Path) -> None:
    for seq in range(6, replay(read_events(home)).seq + 1):
        assert book_of(home, until_seq=seq) == replay(read_events(home, until_seq=seq)), seq
    assert book_of(home) == replay(read_events(home))


def test_sealed_days_behind_a_checkpoint_are_not_read(home: Path) -> None:
    expected = replay(read_events(home))
    for path in files(home)[:-2]:
        rewrite(path, path.read_bytes().splitlines(keepends=True)[0])

    with Ledger.open(home, StillClock(WEDNESDAY + timedelta(days=5))) as ledger:
        assert (ledger.book, ledger.log.head) == (expected, (expected.seq, expected.head))
    assert book_of(home) == expected


def test_an_open_makes_the_checkpoints_that_are_missing(tmp_path: Path) -> None:
    home = home_of(tmp_path, 3)
    assert not (home / "var/checkpoints").exists()

    Ledger.open(home, StillClock(WEDNESDAY + timedelta(days=3))).close()

    assert kept(home) == ["2026-01-14", "2026-01-15"]
    assert found(home).book == replay(read_events(home, until_seq=found(home).seal.seq))


def test_a_checkpoint_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    home = home_of(tmp_path, 3)
    (home / "var/checkpoints").write_text("in the way")

    with Ledger.open(home, StillClock(WEDNESDAY + timedelta(days=3))) as ledger:
        ledger.record((lost("it goes on"),))

    assert book_of(home) == replay(read_events(home))


def test_a_stray_name_that_is_no_date_stops_nothing(tmp_path: Path) -> None:
    home = home_of(tmp_path, 3)
    (home / "var/checkpoints").mkdir(mode=0o700)
    (home / "var/checkpoints/2001-02-30.ckpt").write_text("no such day")

    Ledger.open(home, StillClock(WEDNESDAY + timedelta(days=3))).close()

    assert book_of(home) == replay(read_events(home))


def test_of_older_checkpoints_the_last_of_each_week_is_kept(tmp_path: Path) -> None:
    home = home_of(tmp_path, 40)

    assert rebuild(home) == len(kept(home))

    assert kept(home)[:4] == [
        "2026-01-18",
        "2026-01-25",
        "2026-02-01",
        "2026-02-08",
    ]  # Sundays; the last is not old yet
    assert kept(home)[3:] == [path.stem for path in files(home)[-15:-1]]
    assert book_of(home) == replay(read_events(home))


# What came late


@pytest.fixture(scope="module")
def long_ago(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty days, of which the first fifteen are forgotten."""
    home = home_of(tmp_path_factory.mktemp("long"), 60)
    rebuild(home)
    return home


def test_what_needs_more_than_the_window_is_folded_from_the_beginning(long_ago: Path, tmp_path: Path) -> None:
    home, clock = copytree(long_ago, tmp_path / "home"), StillClock(WEDNESDAY + timedelta(days=60))
    late, again, later = fill(90, timedelta(days=1, hours=1)), fill(2, timedelta(days=2)), fill(91, timedelta(days=60))

    with Ledger.open(home, clock) as ledger:
        seq = ledger.book.seq
        assert "e2" not in ledger.book.fills
        ledger.record((*late, *again, *later))
        recorded = ledger.book
    expected = replay(read_events(home), retain=True)

    assert recorded.seq == seq + 5  # the seal too; what was told again is not told twice
    assert recorded.statement() == expected.statement()
    assert book_of(home).statement() == expected.statement()
    with Ledger.open(home, clock) as ledger:
        assert ledger.book.statement() == expected.statement()
        clock.sleep(DAY)
        ledger.record((lost("the next day"),))
    Ledger.open(home, clock).close()
    checkpoint = found(home)
    assert checkpoint.seal == Seal(files(home)[-2].name, expected.seq, expected.head)
    assert checkpoint.book.statement() == expected.statement()
    assert len(checkpoint.book.fills) < len(expected.fills)
    assert replay(lambda: read_events(home)).statement() == book_of(home).statement()
