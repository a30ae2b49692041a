"""Damage is found where it is: in the day files, in HEAD, in evidence, and in what is made from them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.book import Book, replay
from ledger.events import BrokerLost, CycleFinished
from ledger.line import decode, draft_lines
from ledger.log import read_events
from ledger.log.head import Head, write_first_head
from queries.parquet import FOLDER
from queries.verification import Subject, verify
from queries.verification.walk import Walked
from queries.verification.walk_in_two import middle_of, same_book, walk
from tests.queries.harm import (
    copy_removed,
    damage,
    day,
    flip,
    rewrite,
    rewrite_manifest,
    verdicts,
    written_home,
)
from tests.queries.history import WEDNESDAY, closed, two_sessions


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_home(tmp_path_factory.mktemp("seven"))


@pytest.fixture
def home(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "home"))


# What is damaged, and where


def bit_in_sealed_day(home: Path) -> None:
    lines = day(home, "04-01").read_bytes().splitlines(keepends=True)
    flip(day(home, "04-01"), len(lines[0]) + 200)


def bit_in_open_day(home: Path) -> None:
    flip(day(home, "04-04"), 100)


def line_of_sealed_day_deleted(home: Path) -> None:
    lines = day(home, "04-01").read_bytes().splitlines(keepends=True)
    rewrite(day(home, "04-01"), b"".join(lines[:3] + lines[4:]))


def sealed_day_cut_short(home: Path) -> None:
    lines = day(home, "04-01").read_bytes().splitlines(keepends=True)
    rewrite(day(home, "04-01"), b"".join(lines[:-2]))


def sealed_day_removed(home: Path) -> None:
    day(home, "04-01").unlink()


def first_day_removed(home: Path) -> None:
    day(home, "03-01").unlink()


def open_day_removed(home: Path) -> None:
    day(home, "04-04").unlink()


def evidence_changed(home: Path) -> None:
    flip(next((home / "var/data").glob("*/*.json")), 0)


def evidence_removed(home: Path) -> None:
    next((home / "var/data").glob("*/*.json")).unlink()


def both_heads_changed(home: Path) -> None:
    flip(home / "var/HEAD.0", 5)
    flip(home / "var/HEAD.1", 5)


def both_heads_removed(home: Path) -> None:
    (home / "var/HEAD.0").unlink()
    (home / "var/HEAD.1").unlink()


def head_of_another_history(home: Path) -> None:
    write_first_head(home / "var", Head(140, "f" * 64))


def head_beyond_the_log(home: Path) -> None:
    write_first_head(home / "var", Head(999_999, "f" * 64))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (bit_in_sealed_day, "sealed files: 2005-04-01.jsonl, line 2, seq 106: the hash does not fit the line"),
        (bit_in_open_day, "chain: 2005-04-04.jsonl, line 1, seq 141: the hash does not fit the line; HEAD vouches"),
        (line_of_sealed_day_deleted, "sealed files: 2005-04-01.jsonl, line 4, seq 108: expected seq 108, found 109"),
        (sealed_day_cut_short, "sealed files: 2005-04-01.jsonl, line 10, seq 115: expected lines up to seq 116"),
        (sealed_day_removed, "sealed files: 2005-04-02.jsonl, line 1: expected the seal of 2005-03-31.jsonl, found"),
        (
            first_day_removed,
            "chain: 2005-03-02.jsonl, line 1, seq 0: the day file before it is missing: expected seq 0,",
        ),
        (open_day_removed, "HEAD: HEAD, seq 152: expected lines up to here, found them up to seq 140"),
        (evidence_changed, "evidence: var/data/ca/ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356.j"),
        (evidence_removed, "evidence: 2005-03-01.jsonl, line 6, seq 5: names evidence ca3d163bab055381…, found no"),
        (both_heads_removed, "HEAD: HEAD.0: expected a slot that fits its own checksum, found no such file; neither"),
        (both_heads_changed, "HEAD: HEAD.1: expected a slot that fits its own checksum, found a slot that does not"),
        (head_of_another_history, "HEAD: HEAD, seq 140: expected hash ffff"),
        (head_beyond_the_log, "HEAD: HEAD, seq 999999: expected lines up to here, found them up to seq 152"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_damage_is_found_where_it_is(home: Path, harm: Callable[[Path], None], said: str) -> None:
    harm(home)

    found = damage(verify(Subject(home)))

    assert [text for text in found if text.startswith(said)], found


def test_every_damaged_file_is_named_not_only_the_first(home: Path) -> None:
    flip(day(home, "04-01"), 700)
    flip(day(home, "04-03"), 700)
    evidence_changed(home)
    copy_removed(home)

    report = verify(Subject(home))

    assert {finding.file for finding in report.damage} >= {"2005-04-01.jsonl", "2005-04-03.jsonl"}
    assert verdicts(report)["chain"] == "damaged"
    assert verdicts(report)["evidence"] == "damaged"


def test_a_day_rewritten_from_its_first_line_on_is_known_by_its_seal(home: Path) -> None:
    path = day(home, "04-01")
    first, *rest = map(decode, path.read_bytes().splitlines(keepends=True))
    lines = [path.read_bytes().splitlines(keepends=True)[0]]
    prev = first.hash
    for event in rest:
        facts = (BrokerLost(reason="nothing"),)
        (line,) = draft_lines(
            facts, seq=event.seq, log=event.log, recorded_at=event.recorded_at, cycle=event.cycle, prev=prev
        )
        lines.append(line.raw)
        prev = line.event.hash
    rewrite(path, b"".join(lines))

    found = damage(verify(Subject(home)))

    assert "sealed files: 2005-04-01.jsonl: rewritten: its lines fit each other" in found[0]


def test_another_accounts_log_is_bad_news(home: Path) -> None:
    found = damage(verify(Subject(home, account=("U7654321", "live"))))

    assert found == [
        "genesis: expected the log of U7654321 live as the settings say, found that of another account or mode"
    ]


def test_a_book_hash_that_the_lines_do_not_imply_is_bad_news(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    world.begin(WEDNESDAY, "10:35")
    world.record(CycleFinished(slot=f"{WEDNESDAY}/1035", book_hash="1:" + "0" * 64))
    seq = world.ledger.book.seq

    found = damage(verify(Subject(closed(world))))

    assert len(found) == 1
    line = len(day(tmp_path, "03-02").read_bytes().splitlines())
    assert found[0].startswith(
        f"book hashes: 2005-03-02.jsonl, line {line}, seq {seq}: cycle 2005-03-02/1035: expected"
    )


def test_a_torn_tail_that_was_kept_aside_must_still_be_there(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    home = closed(world)
    with day(home, "03-02").open("ab") as file:
        file.write(b'{"seq":')
    world.ledger = type(world.ledger).open(home, world.ledger.log._clock)
    world.ledger.close()
    kept = next((home / "var/events").glob("torn-*.bin"))
    sound = damage(verify(Subject(home)))

    rewrite(kept, b'{"seq":9')
    changed = damage(verify(Subject(home)))
    kept.unlink()
    removed = damage(verify(Subject(home)))

    assert sound == []
    assert [text.partition(": changed since")[0] for text in changed] == [f"torn tails: {kept.name}"]
    assert len(removed) == 1
    assert f"expected {kept.name} beside the log, found it gone" in removed[0]


def test_a_log_that_is_gone_altogether_is_damage_where_head_remembers_it(home: Path) -> None:
    shutil.rmtree(home / "var/events")

    assert "expected lines up to seq 152 as HEAD says, found no day file" in damage(verify(Subject(home)))[0]


def test_a_log_whose_only_file_was_emptied_is_damage(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    world.ledger.close()
    for path in (tmp_path / "var/events").iterdir():
        rewrite(path, b"")

    found = damage(verify(Subject(tmp_path)))

    assert [text.partition(":")[0] for text in found] == ["genesis", "HEAD"]


# Deep


def test_deep_finds_a_copy_whose_rows_are_not_the_lines(home: Path) -> None:
    from tests.queries.test_parquet import parquet_files

    source = next(path for path in parquet_files(home) if "2005-04-02" in str(path) and "cash_deposited" in path.name)
    target = home / FOLDER / "days/2005-04-03/cash_deposited.parquet"
    before, after = digest(target), digest(source)
    shutil.copy(source, target)
    rewrite_manifest(home, before, after)

    shallow, deep = verify(Subject(home)), verify(Subject(home, deep=True))

    assert damage(shallow) == []
    assert [text.partition("; it is")[0] for text in damage(deep)] == [
        "parquet rows: var/parquet/days/2005-04-03: cash_deposited: its rows are not those of the sealed lines"
    ]


def digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_deep_finds_a_checkpoint_that_holds_another_book(home: Path) -> None:
    from ledger import checkpoints

    kept = checkpoints.latest(home, before="2005-04-03.jsonl")
    assert kept is not None
    kept.book.order_id_high += 1
    checkpoints.write(home, kept.book, kept.seal)

    shallow, deep = verify(Subject(home)), verify(Subject(home, deep=True))

    assert damage(shallow) == []
    assert damage(deep) == [
        "checkpoints: 2005-04-02.jsonl: the checkpoint after it holds another book than the lines imply; "
        "delete it, report it"
    ]


# Two processes


def in_one(home: Path) -> Walked:
    subject = Subject(home, deep=True)
    return subject.walked


def test_two_processes_see_what_one_sees(home: Path) -> None:
    subject = Subject(home)
    one, two = in_one(home), walk(home, subject.files, frozenset({120, 152}), 152, worth_it_bytes=0)

    assert (one.processes, two.processes) == (1, 2)
    for name in (
        "lines",
        "size",
        "flaw",
        "whole",
        "genesis",
        "evidence",
        "cuts",
        "cycles",
        "wrong_hashes",
        "currencies",
    ):
        assert getattr(two, name) == getattr(one, name), name
    assert set(two.hash_at) == {120, 152}


@pytest.mark.parametrize("name", ["03-01", "04-03"], ids=["in the first half", "in the second"])
def test_two_processes_find_the_flaw_that_one_finds(home: Path, name: str) -> None:
    flip(day(home, name), 1_000)
    files = Subject(home).files

    assert walk(home, files, frozenset(), 152, worth_it_bytes=0).flaw == in_one(home).flaw


def test_a_checkpoint_of_another_book_is_not_believed(home: Path) -> None:
    from ledger import checkpoints

    files = Subject(home).files
    kept = middle_of(home, files, 0)
    assert kept is not None
    kept.book.order_id_high += 1
    checkpoints.write(home, kept.book, kept.seal)

    seen = walk(home, files, frozenset(), 152, worth_it_bytes=0)

    assert seen.processes == 1
    assert seen.wrong_hashes == []


def test_books_are_compared_whatever_their_order(home: Path) -> None:
    book = replay(list(read_events(home)))
    other = replay(list(read_events(home)))
    other.contracts = dict(reversed(list(other.contracts.items())))
    less: Book = replay(list(read_events(home, until_seq=150)))

    assert same_book(book, other)
    assert not same_book(book, less)
