"""A sealed day is read by one hash over its bytes: the same lines, the same chain, the same refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.errors import LogDamaged, LogError
from ledger.events import DaySealed
from ledger.line import PREV_MARK, PREV_TAIL, Header, LineBroken, decode
from ledger.log import Log, read_events
from ledger.log.chain import Chain, ChainBroken
from ledger.log.disk import Disk, Status
from ledger.log.walking import SEALED_BYTES_MAX, walk
from tests.ledger.logs import append, contents, day_lines, files, lost, rewrite, two_days, vouch

SEAL = 4  # seq of the line that seals the first day
LAST = 7


class Counting(Chain):
    """Counts the lines that were not hashed by themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.unhashed = 0

    def accept_sealed(self, raw: bytes, file: str) -> Header:
        self.unhashed += 1
        return super().accept_sealed(raw, file)


def three_days(home: Path) -> None:
    clock = two_days(home)
    with Log.open(home, clock) as log:
        clock.sleep(86_400)
        append(log, lost("five"))


def chained(lines: list[bytes], prev: str = "0" * 64) -> list[bytes]:
    """Give lines that were changed the hashes that a writer would have given them, behind a line of that hash."""
    done = list[bytes]()
    for line in lines:
        body = line[:-PREV_TAIL] + PREV_MARK + prev.encode() + b'"'
        prev = sha256(body).hexdigest()
        done.append(body + b',"hash":"' + prev.encode() + b'"}\n')
    return done


def write(home: Path, lines: list[bytes]) -> None:
    first, second = files(home)
    rewrite(first, b"".join(lines[:SEAL]))
    rewrite(second, b"".join(lines[SEAL:]))
    vouch(home, len(day_lines(home)) - 1)


def resealed(lines: list[bytes], **changes: object) -> list[bytes]:
    """Let the seal say what the first day's bytes are now, but for what is changed of it."""
    seal = decode(lines[SEAL]).fact
    assert isinstance(seal, DaySealed)
    content = b"".join(lines[:SEAL])
    said = {"head_hash": content[-67:-3].decode(), "file_sha256": sha256(content).hexdigest()} | changes
    payload = seal.model_copy(update=said).model_dump_json(exclude={"type"}, exclude_none=True).encode()
    start = lines[SEAL].index(b'"fact":') + len(b'"fact":')
    return [*lines[:SEAL], lines[SEAL][:start] + payload + lines[SEAL][-PREV_TAIL:], *lines[SEAL + 1 :]]


def end(chain: Chain) -> tuple[object, ...]:
    day = chain.day
    assert day is not None
    tally = day.file, day.first_seq, day.size, day.content.hexdigest()
    return chain.seq, chain.hash, chain.batch, chain.recorded_at, chain.log_id, chain.whole_seq, chain.batch_from, tally


def test_a_sealed_day_gives_the_lines_and_the_chain_that_its_lines_give_one_by_one(tmp_path: Path) -> None:
    three_days(tmp_path)
    by_seal, by_line = Counting(), Chain()

    seen = list(walk(tuple(files(tmp_path)), by_seal))

    one_by_one = [(raw, by_line.accept(raw, p.name)) for p in files(tmp_path) for raw in p.open("rb")]
    assert seen == one_by_one
    assert end(by_seal) == end(by_line)
    assert by_seal.unhashed == sum(1 for path in files(tmp_path)[:-1] for _ in path.open("rb"))


def test_the_open_day_is_always_hashed_line_by_line(tmp_path: Path) -> None:
    two_days(tmp_path)
    chain = Counting()

    assert len(list(walk(tuple(files(tmp_path)), chain))) == LAST + 1
    assert chain.unhashed == SEAL


@pytest.mark.parametrize("seq", range(SEAL))
def test_damage_in_a_sealed_day_is_refused_at_its_line(tmp_path: Path, seq: int) -> None:
    clock = two_days(tmp_path)
    first, lines = files(tmp_path)[0], day_lines(tmp_path)
    offset = sum(map(len, lines[:seq]))
    content = bytearray(first.read_bytes())
    content[offset + len(lines[seq]) // 2] ^= 1
    rewrite(first, bytes(content))
    before = contents(tmp_path)

    with pytest.raises(LogDamaged, match=f"{first.name}, byte {offset}: "):
        list(read_events(tmp_path))
    with pytest.raises(LogDamaged, match=f"{first.name}, byte {offset}: "):
        Log.open(tmp_path, clock)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"events": 3}, id="another number of events"),
        pytest.param({"first_seq": 1}, id="another first line"),
        pytest.param({"last_seq": 2}, id="another last line"),
        pytest.param({"head_hash": "0" * 64}, id="another head"),
        pytest.param({"file_sha256": "0" * 64}, id="another content"),
        pytest.param({"file": "2026-01-13.jsonl"}, id="another file"),
    ],
)
def test_a_seal_that_says_anything_else_is_refused_though_all_else_was_hashed_anew(
    tmp_path: Path, said: dict[str, object]
) -> None:
    clock = two_days(tmp_path)
    write(tmp_path, chained(resealed(day_lines(tmp_path), **said)))

    for read in (lambda: list(read_events(tmp_path)), lambda: Log.open(tmp_path, clock)):
        with pytest.raises(LogDamaged, match=r"2026-01-15\.jsonl, byte 0: "):
            read()


def swapped(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2], lines[1], *lines[3:]]


def cut(lines: list[bytes]) -> list[bytes]:
    return [lines[0], *lines[2:]]


def another_log(lines: list[bytes]) -> list[bytes]:
    return [lines[0], re.sub(rb'"log":"[0-9a-f]{16}"', b'"log":"0000000000000000"', lines[1]), *lines[2:]]


def unfinished(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[3].replace(b'"batch":[2,2]', b'"batch":[2,3]'), *lines[4:]]


def another_day(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"recorded_at":"2026-01-14', b'"recorded_at":"2026-01-13'), *lines[2:]]


def of_a_later_version(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"broker_lost","v":1', b'"broker_lost","v":2'), *lines[2:]]


def without_an_end(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1][:-3] + b'"]\n', *lines[2:]]


@pytest.mark.parametrize(
    "change", [swapped, cut, another_log, unfinished, another_day, of_a_later_version, without_an_end]
)
@pytest.mark.parametrize("rehashed", [True, False], ids=["each line hashed anew", "the file hashed anew"])
def test_lines_that_cannot_follow_are_refused_although_a_seal_fits_their_bytes(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]], rehashed: bool
) -> None:
    clock = two_days(tmp_path)
    lines = change(day_lines(tmp_path))
    count = len(lines) - (LAST + 1 - SEAL)
    day = chained(lines[:count]) if rehashed and change is not without_an_end else lines[:count]
    sealed = resealed([*day, *[b""] * (SEAL - count), *lines[count:]])
    write(tmp_path, [*sealed[:SEAL], *chained(sealed[SEAL:], day[-1][-67:-3].decode())])
    chain = Counting()

    with pytest.raises((ChainBroken, LogError)):
        list(walk(tuple(files(tmp_path)), chain))
    assert chain.unhashed > 0
    with pytest.raises(LogError):
        list(read_events(tmp_path))
    with pytest.raises(LogError):
        Log.open(tmp_path, clock)


def test_a_lines_own_hash_is_not_asked_for_where_the_seal_fits_and_verify_asks_for_it(tmp_path: Path) -> None:
    """Only who hashed the file, its seal and all later lines anew can have made this; who can, can hash that line too.

    It is the one thing that the walk by seals leaves to `verify`, which hashes every line.
    """
    two_days(tmp_path)
    lines = day_lines(tmp_path)
    lines[1] = lines[1].replace(b'"reason":"one"', b'"reason":"two"')
    sealed = resealed(lines)
    write(tmp_path, [*lines[:SEAL], *chained(sealed[SEAL:], lines[SEAL - 1][-67:-3].decode())])

    assert len(list(read_events(tmp_path))) == LAST + 1
    chain = Chain()
    chain.accept(lines[0], files(tmp_path)[0].name)
    with pytest.raises(LineBroken, match="the hash does not fit"):
        chain.accept(lines[1], files(tmp_path)[0].name)


class Huge(Disk):
    """Says that every file is too long to be read at once."""

    def status(self, path: Path, *, follow: bool = True) -> Status:
        return super().status(path, follow=follow)._replace(size=SEALED_BYTES_MAX + 1)

    def content(self, path: Path) -> bytes:
        raise AssertionError(f"{path.name} was read whole")


def test_a_very_long_day_is_not_read_into_memory(tmp_path: Path) -> None:
    two_days(tmp_path)
    chain = Counting()

    assert len(list(walk(tuple(files(tmp_path)), chain, Huge()))) == LAST + 1
    assert chain.unhashed == 0


@pytest.mark.parametrize("kept", [0, 1, 200])
def test_a_day_whose_seal_is_torn_or_not_yet_written_is_hashed_line_by_line(tmp_path: Path, kept: int) -> None:
    two_days(tmp_path)
    vouch(tmp_path, SEAL - 1)
    rewrite(files(tmp_path)[1], day_lines(tmp_path)[SEAL][:kept])
    chain = Counting()

    with_end = walk(tuple(files(tmp_path)), chain)
    assert [next(with_end)[1].seq for _ in range(SEAL)] == list(range(SEAL))
    assert chain.unhashed == 0
    assert [event.seq for event in read_events(tmp_path)] == list(range(SEAL))
