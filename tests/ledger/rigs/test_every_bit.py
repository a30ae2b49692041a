"""Every single-bit flip and every cut of a log of 64 events in three files, and of HEAD.

200,000 flips would take minutes if each were a start. What stands before the flipped line does not depend on the flip,
so a start is taken apart at its own joint: the real chain, walked up to that line once, must refuse every flip of it;
the real judgement of the tail must then decide as the oracle does. Beside that, whole starts at every 24th byte
show that a start is made of these two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from ledger.errors import LogError
from ledger.line import LineBroken
from ledger.log.chain import Chain, ChainBroken
from ledger.log.head import Head, read_head
from ledger.log.recovery import Tail, check_tail
from tests.ledger.rigs.damage import EVENTS_FOLDER, Case, check, check_all, everywhere, flipped, heads
from tests.ledger.rigs.log_of_three_days import END, EVENTS, Written, three_days
from tests.ledger.rigs.oracle import Verdict, judge, line_of, slot, slot_of
from tests.ledger.rigs.simulated_disk import HOME, SimulatedDisk

STATES = ("at the end", "before the last batch", "in the last day", "at the genesis")
LINES = [pytest.param(range(first, first + 8), id=f"lines {first} to {first + 7}") for first in range(0, EVENTS, 8)]


class BrokenLine:
    """A start in front of one line that was damaged: all that does not depend on how."""

    def __init__(self, log: Written, seq: int) -> None:
        self.log, self.seq = log, seq
        self.file, self.at = log.starts[seq]
        self.line, self.content = log.lines[seq], log.files[self.file]
        self.chain = Chain()
        for before in range(seq):
            self.chain.accept(log.lines[before], log.starts[before][0])
        self.disk = Case("", log.files, (None, None)).on_disk()
        self.path = EVENTS_FOLDER / self.file
        self.cut_from = (self.file, self.at) if self.chain.whole else self.chain.batch_from
        self.slots = {state: heads(log)[state] for state in STATES}
        self.heads = {state: Head(*max(filter(None, map(slot_of, slots)))) for state, slots in self.slots.items()}
        self.verdicts: dict[str, Verdict] = {}

    def judged(self, damaged: bytes) -> None:
        """Let the oracle judge one such damage, under every state of HEAD."""
        for state, slots in self.slots.items():
            verdict = judge(self.log.files | {self.file: damaged}, slots)
            assert self.verdicts.setdefault(state, verdict) == verdict, "it does depend on how"

    def check(self, damaged: bytes, first_line: bytes, state: str) -> bool:
        """Refuse the line, then judge the tail; tell whether the start goes on."""
        assert line_of(first_line) is None, "the oracle thinks it sound"
        try:
            self.chain.accept(first_line, self.file)
        except LineBroken as broken:
            flaw = ChainBroken(self.path, self.at, str(broken))
        else:
            raise AssertionError(f"seq {self.seq}: a damaged line was taken for sound")
        self.disk.put(self.path, damaged)
        verdict, head = self.verdicts[state], self.heads[state]
        reached = head.hash if head.seq < self.seq else ""
        code = ""
        try:
            check_tail(EVENTS_FOLDER, Tail(self.chain, reached, flaw), head, self.disk)
        except LogError as refused:
            code = refused.code
        assert code in (verdict.refusals or {""}), f"seq {self.seq}, HEAD {state}: {code or 'went on'}"
        if code:
            return False
        assert (verdict.seq, verdict.cut) == (self.chain.whole_seq, self.cut_from)
        return True


@pytest.mark.parametrize("seqs", LINES)
def test_every_flip_of_every_bit_is_refused_and_decided_as_the_table_says(seqs: range) -> None:
    log, flips, cuts = three_days(), 0, 0
    for seq in seqs:
        damage = BrokenLine(log, seq)
        inside = range(damage.at, damage.at + len(damage.line))
        for at in (inside[0], inside[len(inside) // 2], inside[-1]):
            damage.judged(flipped(damage.content, at, 0))
        last_file = damage.file == max(log.files)
        for at in inside:
            for bit in range(8):
                content = flipped(damage.content, at, bit)
                end = content.find(b"\n", damage.at) + 1 or len(content)
                cuts += damage.check(content, content[damage.at : end], STATES[0])
                if last_file and bit == at % 8:
                    cuts += damage.check(content, content[damage.at : end], STATES[1 + at % 3])
                flips += 1
    assert flips == 8 * sum(len(log.lines[seq]) for seq in seqs)
    assert (cuts > 0) == (END in seqs)  # only the last batch can look torn


@pytest.mark.parametrize("seqs", LINES)
def test_every_cut_inside_a_line_is_decided_as_the_table_says(seqs: range) -> None:
    log, cuts = three_days(), 0
    for seq in seqs:
        damage = BrokenLine(log, seq)
        for length in (1, len(damage.line) // 2, len(damage.line) - 1):
            damage.judged(damage.content[: damage.at + length])
        for length in range(1, len(damage.line)):
            content = damage.content[: damage.at + length]
            for state in (STATES[0], STATES[1 + length % 3]):
                cuts += damage.check(content, content[damage.at :], state)
    assert (cuts > 0) == (log.starts[seqs[-1]][0] == max(log.files))  # a day that another follows is never cut


def test_every_cut_between_two_lines_is_decided_as_the_table_says() -> None:
    log, seen = three_days(), Counter[str]()
    for seq, (name, at) in enumerate(log.starts):
        among = () if name == max(log.files) else ("at the end", "in the day before", "at the genesis", "missing")
        check_all(everywhere(f"{name} cut before seq {seq}", log.files | {name: log.files[name][:at]}, among), seen)
    assert seen["halt"] > 300
    assert min(seen["cut"], seen["adopt"], seen["cut and adopt"]) > 0


def whole_starts() -> Iterator[tuple[str, int]]:
    for name, content in three_days().files.items():
        for at in range(0, len(content), 24):
            yield name, at


@pytest.mark.parametrize("part", range(4))
def test_a_whole_start_decides_about_a_flip_like_its_parts(part: int) -> None:
    log, seen = three_days(), Counter[str]()
    states = heads(log)
    for number, (name, at) in enumerate(list(whole_starts())[part::4]):
        state = list(states)[number % len(states)]
        content = flipped(log.files[name], at, number % 8)
        accept_head = state in ("damaged", "missing") and number % 2 == 0
        case = Case(f"{name}, byte {at}, HEAD {state}", log.files | {name: content}, states[state], accept_head)
        check(case, seen, book=number % 4 == 0)
    assert seen["halt"] > 200


def slots_with(number: int, content: bytes) -> tuple[bytes, bytes]:
    log = three_days()
    good = log.head(END), log.head(60)
    return (content, good[1]) if number == 0 else (good[0], content)


@pytest.mark.parametrize("number", [0, 1])
def test_every_flip_and_every_cut_of_a_slot_of_head_leaves_it_to_the_other(number: int) -> None:
    log, disk = three_days(), SimulatedDisk()
    disk.make_folder(HOME / "var", 0o700)
    good, other = (log.head(END), log.head(60))[number], (60, END)[number]
    expected = Head(other, log.events[other].hash)
    damaged = [flipped(good, at, bit) for at in range(len(good)) for bit in range(8)]
    damaged += [good[:length] for length in range(len(good))]
    damaged += [good + b"\n", good * 2, bytes(len(good)), b"\xff" * len(good), b"0" * len(good), good.upper()]
    for content in damaged:
        for name, lies in zip(("HEAD.0", "HEAD.1"), slots_with(number, content), strict=True):
            disk.put(HOME / "var" / name, lies)
        assert read_head(HOME / "var", disk) == expected


@pytest.mark.parametrize("number", [0, 1])
def test_a_start_with_a_damaged_slot_of_head_goes_by_the_other(number: int) -> None:
    log, seen = three_days(), Counter[str]()
    good = (log.head(END), log.head(60))[number]
    for at in range(0, len(good), 5):
        check(
            Case(f"slot {number}, byte {at}", log.files, slots_with(number, flipped(good, at, at % 8))), seen, book=True
        )
    assert seen == ({"adopt": 31} if number == 0 else {"open": 31})


@pytest.mark.parametrize("first", range(0, EVENTS, 16))
def test_a_head_that_vouches_for_any_line_is_followed_and_one_of_another_history_is_refused(first: int) -> None:
    log, seen = three_days(), Counter[str]()
    for seq in range(first, first + 16):
        check(Case(f"HEAD at {seq}", log.files, (log.head(seq), None)), seen, book=True)
        other = Case(f"HEAD at {seq} of another history", log.files, (slot(seq, "f" * 64), log.head(0)))
        check(other, seen)
    assert seen["halt"] == 16
