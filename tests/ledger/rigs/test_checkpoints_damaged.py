"""Through a checkpoint: the right book or a refusal, whatever is damaged, the checkpoint itself included."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import checkpoints
from ledger.book import book_hash
from ledger.checkpoints import Unusable
from ledger.errors import LogError
from ledger.events import DaySealed
from ledger.ledger import Ledger
from ledger.line import Event, encode
from ledger.log import Log, Seal, read_events
from tests.ledger.logs import StillClock
from tests.ledger.rigs.damage import Case, WrongAnswer, flipped, heads, laid, placed
from tests.ledger.rigs.log_of_three_days import END, EVENTS, another_log, books, three_days
from tests.ledger.rigs.oracle import Verdict, judge, slot_of, split
from tests.ledger.rigs.simulated_disk import HOME

FIRST, SECOND, THIRD = sorted(three_days().files)


def seals() -> tuple[Seal, ...]:
    return tuple(Seal.of(event.fact) for event in three_days().events if isinstance(event.fact, DaySealed))


def judged(case: Case, seal: Seal) -> Verdict:
    """Judge as the table says of a start behind a seal: what was sealed is not read, but its place is."""
    truth = three_days()
    head = max(filter(None, map(slot_of, case.slots)), default=None)
    begins = split(case.files.get(min(case.files), b"") if case.files else b"")[:1]
    seen = dict(case.files)
    if head is not None and head[0] >= seal.seq:
        if begins != [truth.lines[0]] or seal.file not in case.files:
            return Verdict(frozenset({"log-damaged", "log-foreign", "log-forked", "log-missing"}), -1, None, head[0])
        seen |= {name: content for name, content in truth.files.items() if name <= seal.file}
    verdict = judge(seen, case.slots)
    if verdict.opens and verdict.seq < seal.seq:
        return Verdict(frozenset({"log-forked"}), -1, None, verdict.head)  # an old copy
    return verdict


def check(case: Case, seal: Seal, seen: Counter[str]) -> None:
    """Start behind a seal."""
    verdict, disk, visited = judged(case, seal), case.on_disk(), list[Event]()
    before = disk.files(HOME / "var/events")
    clock = StillClock(three_days().events[-1].recorded_at)
    name = f"{case.name}, behind {seal.file}: expected {verdict.decision} at {verdict.seq}"
    try:
        log = Log.open(HOME, clock, since=seal, visit=visited.append, disk=disk)
    except LogError as refused:
        if verdict.opens or refused.code not in verdict.refusals or disk.files(HOME / "var/events") != before:
            raise WrongAnswer(f"{name} {set(verdict.refusals)}, found {refused.code}: {refused}") from refused
        seen["halt"] += 1
        return
    with log:
        told = tuple(encode(event) for event in visited)
    expected = verdict.lines[seal.seq + 1 :]
    if not verdict.opens or told[: len(expected)] != expected or visited[-1].seq != log.head[0]:
        raise WrongAnswer(f"{name}, found it open with {len(told)} lines")
    seen[verdict.decision] += 1


def damaged() -> Iterator[Case]:
    log, states = three_days(), heads(three_days())
    readable = [state for state in states if state not in ("damaged", "missing")]
    places = [(name, at) for name in log.files for at in range(0, len(log.files[name]), 64)]
    for number, (name, at) in enumerate(places):
        state = readable[number % len(readable)]
        content = flipped(log.files[name], at, number % 8)
        yield Case(f"{name}, byte {at}, HEAD {state}", log.files | {name: content}, states[state])
        yield Case(f"{name} cut at {at}, HEAD {state}", log.files | {name: log.files[name][:at]}, states[state])
    for seq in range(EVENTS):
        state = readable[seq % len(readable)]
        yield Case(f"without {seq}, HEAD {state}", laid(placed()[:seq] + placed()[seq + 1 :]), states[state])
    for state in readable:
        for name in log.files:
            others = {other: content for other, content in log.files.items() if other != name}
            yield Case(f"{name} gone, HEAD {state}", others, states[state])
        yield Case(f"undamaged, HEAD {state}", log.files, states[state])
        yield Case(f"another log, HEAD {state}", another_log().files, states[state])


@pytest.mark.parametrize("seal", seals(), ids=lambda seal: seal.file)
def test_a_start_behind_a_seal_decides_as_the_table_says_about_all_that_it_reads(seal: Seal) -> None:
    seen = Counter[str]()
    for case in damaged():
        check(case, seal, seen)
    assert seen["halt"] > 300
    assert min(seen["open"], seen["adopt"], seen["cut and adopt"]) > 0, seen


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The log on real files, with the checkpoints that an opening writes."""
    log, events = three_days(), tmp_path / "var/events"
    (tmp_path / "var").mkdir(mode=0o700)
    events.mkdir(mode=0o700)
    for name, content in log.files.items():
        (events / name).write_bytes(content)
        (events / name).chmod(0o600)
    for name in ("HEAD.0", "HEAD.1"):
        (tmp_path / "var" / name).write_bytes(log.head(END))
        (tmp_path / "var" / name).chmod(0o600)
    open_once(tmp_path)
    assert [path.stem for path in sorted((tmp_path / "var/checkpoints").iterdir())] == [FIRST[:10], SECOND[:10]]
    return tmp_path


def open_once(home: Path) -> str:
    with Ledger.open(home, StillClock(three_days().events[-1].recorded_at)) as ledger:
        return book_hash(ledger.book)


def usable(path: Path, sealing: Event) -> bool:
    try:
        checkpoints.read(path, sealing)
    except Unusable:
        return False
    return True


def test_any_change_of_a_checkpoint_makes_it_unusable_and_the_book_is_the_same(home: Path) -> None:
    path = home / "var/checkpoints" / f"{SECOND[:10]}.ckpt"
    content, right = path.read_bytes(), book_hash(books()[END])
    sealing = next(event for event in three_days().events if event.key == f"day/{SECOND[:10]}/sealed")
    assert usable(path, sealing)
    damages = [flipped(content, at, at % 8) for at in range(0, len(content), 2)]
    damages += [content[:length] for length in range(0, len(content), 7)]
    damages += [b"", b"\n", content + b"x", bytes(len(content)), content[:512] + content[1024:]]
    for number, damage in enumerate(damages):
        path.write_bytes(damage)
        assert not usable(path, sealing)
        if number % 150 == 0:
            assert book_hash(checkpoints.book_of(home)) == right
    assert open_once(home) == right
    assert len(damages) > 1000


def test_a_checkpoint_of_another_day_is_ignored(home: Path) -> None:
    folder, right = home / "var/checkpoints", book_hash(books()[END])
    first, second = sorted(folder.iterdir())
    contents = first.read_bytes(), second.read_bytes()

    for one, other in ((contents[1], contents[0]), (contents[0], contents[0]), (contents[1], contents[1])):
        first.write_bytes(one)
        second.write_bytes(other)
        assert book_hash(checkpoints.book_of(home)) == right
        assert open_once(home) == right
    assert [event.seq for event in read_events(home)] == list(range(EVENTS))


@pytest.mark.parametrize("gone", ["first", "second", "both", "folder is a file"])
def test_without_checkpoints_the_book_is_the_same(home: Path, gone: str) -> None:
    folder = home / "var/checkpoints"
    first, second = sorted(folder.iterdir())
    for path in {"first": (first,), "second": (second,)}.get(gone, (first, second)):
        path.unlink()
    if gone == "folder is a file":
        folder.rmdir()
        folder.write_bytes(b"")

    assert book_hash(checkpoints.book_of(home)) == book_hash(books()[END])
    assert open_once(home) == book_hash(books()[END])
