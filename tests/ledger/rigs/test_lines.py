"""Lines deleted, swapped, told twice, inserted or forged; files removed, renamed or added."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256

import pytest

from tests.ledger.rigs.damage import Case, check_all, everywhere, heads, laid, placed
from tests.ledger.rigs.log_of_three_days import END, EVENTS, another_log, three_days
from tests.ledger.rigs.oracle import line_of, split

FEW = ("at the end", "before the last batch", "at the genesis", "missing")
APART = (2, 3, 5, 8, 13, 21, 34, 55, 60, 63)


def resealed(body: bytes) -> bytes:
    """What an editor of the file who knows the format writes: a line with a right own hash."""
    return body + b',"hash":"' + sha256(body).hexdigest().encode() + b'"}\n'


def forged(seq: int) -> bytes:
    """Change a fact of a line and make its own hash right."""
    body = three_days().lines[seq][:-76]
    return resealed(
        re.sub(rb'("(?:amount|price)":"-?)', rb"\g<1>9", re.sub(rb'("(?:reason|status)":")', rb"\g<1>x", body))
    )


def deleted() -> Iterator[Case]:
    lines = placed()
    for seq in range(EVENTS):
        yield from everywhere(f"without seq {seq}", laid(lines[:seq] + lines[seq + 1 :]), FEW)
    for first, last in ((0, 5), (6, 9), (20, 25), (30, 45), (58, 63), (61, 63), (63, 63)):
        yield from everywhere(f"without {first} to {last}", laid(lines[:first] + lines[last + 1 :]))


def swapped(pairs: list[tuple[int, int]], states: tuple[str, ...]) -> Iterator[Case]:
    for one, other in pairs:
        lines = placed()
        (file, line), (other_file, other_line) = lines[one], lines[other]
        lines[one], lines[other] = (file, other_line), (other_file, line)
        yield from everywhere(f"{one} and {other} swapped", laid(lines), states)


def with_line(seq: int, line: bytes, instead: int = 0) -> dict[str, bytes]:
    """Put a line before another one, or in its place, in the file of the line before."""
    lines = placed()
    file = lines[seq][0] if instead else lines[max(0, seq - 1)][0]
    return laid([*lines[:seq], (file, line), *lines[seq + instead :]])


def told_twice() -> Iterator[Case]:
    lines = three_days().lines
    for seq in range(EVENTS):
        yield from everywhere(f"{seq} twice", with_line(seq + 1, lines[seq]), FEW if seq > 39 else FEW[2:3])
        yield from everywhere(f"{seq} again at the end", with_line(EVENTS, lines[seq]), FEW[:1])


def inserted() -> Iterator[Case]:
    lines, foreign = three_days().lines, another_log().lines
    for seq in range(1, EVENTS + 1):
        older, same, later = lines[(seq * 7) % seq], foreign[seq % EVENTS], foreign[END]
        for name, line in (("an older", older), ("another log's", same), ("another log's last", later)):
            states = FEW[:2] if seq > 39 else FEW[2:3]
            yield from everywhere(f"{name} line before {seq}", with_line(seq, line), states)


def forgeries() -> Iterator[Case]:
    lines = three_days().lines
    for seq in range(1, EVENTS):
        changed = forged(seq)
        if changed != lines[seq]:
            yield from everywhere(f"{seq} forged", with_line(seq, changed, instead=1), FEW, forged=seq)
            yield from everywhere(f"{seq} added forged", with_line(seq, changed), FEW[:2], forged=seq)


def of_a_later_version() -> Iterator[Case]:
    lines = three_days().lines
    for seq in (1, 20, 40, 56, 63):
        body = lines[seq][:-76]
        for old, new in ((b'","v":1,', b'","v":2,'), (b'"type":"', b'"type":"never_heard_of_')):
            changed = resealed(body.replace(old, new, 1))
            yield from everywhere(f"{seq} of a later version", with_line(seq, changed, instead=1))
            last = laid([*placed()[:seq], (placed()[seq][0], changed)])
            yield from everywhere(f"{seq} of a later version, last", last)


@pytest.mark.parametrize(
    ("cases", "decisions"),
    [
        pytest.param(deleted, {"halt", "open", "adopt", "cut", "cut and adopt"}, id="deleted"),
        pytest.param(told_twice, {"halt", "cut", "cut and adopt"}, id="told twice"),
        pytest.param(inserted, {"halt", "cut", "cut and adopt"}, id="inserted"),
        pytest.param(forgeries, {"halt", "cut", "cut and adopt", "adopt"}, id="forged"),
        pytest.param(of_a_later_version, {"halt"}, id="of a later version"),
    ],
)
def test_what_an_editor_does_to_lines_is_met_as_the_table_says(
    cases: Callable[[], Iterator[Case]], decisions: set[str]
) -> None:
    seen = Counter[str]()
    check_all(cases(), seen)
    assert set(seen) == decisions, seen


def test_neighbours_swapped_are_met_as_the_table_says() -> None:
    seen = Counter[str]()
    check_all(swapped([(seq, seq + 1) for seq in range(END)], FEW), seen)
    assert set(seen) == {"halt"}, seen


@pytest.mark.parametrize("part", range(2))
def test_any_two_lines_far_apart_swapped_halt(part: int) -> None:
    seen = Counter[str]()
    pairs = [(one, one + apart) for apart in APART for one in range(EVENTS - apart)]
    check_all(swapped(pairs[part::2], ("at the end",)), seen, book_every=10)
    assert set(seen) == {"halt"}, seen


def files_gone_and_come() -> Iterator[Case]:
    log, foreign = three_days(), another_log()
    first, second, third = sorted(log.files)
    for name in log.files:
        others = {other: content for other, content in log.files.items() if other != name}
        yield from everywhere(f"{name} removed", others)
        yield from everywhere(f"{name} emptied", others | {name: b""})
        yield from everywhere(f"{name} renamed to a later day", others | {"2026-01-20.jsonl": log.files[name]})
        yield from everywhere(f"{name} renamed to an earlier day", others | {"2026-01-10.jsonl": log.files[name]})
        yield from everywhere(f"{name} of another log", others | {name: foreign.files[name]})
        yield from everywhere(f"only {name}", {name: log.files[name]})
    swap = {first: log.files[second], second: log.files[first], third: log.files[third]}
    yield from everywhere("two files swapped", swap)
    yield from everywhere("no file", {})
    yield from everywhere("the whole of another log", foreign.files, ("at the end", "at the genesis"))
    for day in ("2026-01-10", "2026-01-20"):
        for what, content in _what_an_extra_file_holds():
            yield from everywhere(f"{day} added, {what}", log.files | {f"{day}.jsonl": content})
    for slots in heads(log).values():
        yield Case("a file that is none of the days'", log.files, slots, others={"2026-01-15.jsonl.orig": b"x"})


def _what_an_extra_file_holds() -> Iterator[tuple[str, bytes]]:
    log = three_days()
    yield "empty", b""
    yield "zeros", bytes(700)
    yield "junk", b"junk\n"
    yield "an old line", log.lines[20]
    yield "a day again", log.files[max(log.files)]
    yield "another log", another_log().files[min(log.files)]


def test_day_files_gone_and_come_are_met_as_the_table_says() -> None:
    seen = Counter[str]()
    check_all(files_gone_and_come(), seen, book_every=2)
    assert set(seen) == {"halt", "open", "adopt", "cut", "cut and adopt"}, seen


def test_an_empty_later_file_does_not_hide_where_the_tail_was_cut() -> None:
    log, seen = three_days(), Counter[str]()
    last = max(log.files)
    torn = log.files | {last: log.files[last][:-20], "2026-01-20.jsonl": b""}
    check_all(everywhere("torn, and a later day begun", torn, ("before the last batch", "at the genesis")), seen)
    assert seen == {"cut": 1, "cut and adopt": 1}


def test_the_forgeries_are_valid_by_their_own_hash() -> None:
    assert all(line_of(forged(seq)) is not None for seq in range(1, EVENTS))
    assert sum(forged(seq) != three_days().lines[seq] for seq in range(EVENTS)) > 40
    assert [line for content in three_days().files.values() for line in split(content)] == list(three_days().lines)
