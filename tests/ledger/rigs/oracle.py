"""What the recovery table asks of a start, written apart from the code that does it: with json, hashlib and a loop.

`judge` gets the day files and the two slots of HEAD as bytes, and says which line is the last to stay, what is cut off,
or why the start has to refuse. It is slow and plain on purpose; a rule that changes in the log has to be changed here
too, by somebody who read the table.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

KNOWN_TYPES = {
    "log_started", "tail_truncated", "head_advanced", "wall_clock_regressed", "start_refused", "cycle_started",
    "cycle_finished", "broker_lost", "account_adopted", "contract_defined", "book_reconciled", "safeguards_evaluated",
    "trading_allowed", "order_send_attempted", "order_acknowledged", "order_filled", "order_cancelled",
    "order_cancel_attempted", "order_resolved", "commission_charged", "cash_deposited", "day_sealed", "override_set",
    "trading_halted", "trading_resumed", "trading_vetoed",
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A line that is valid by its own hash."""

    raw: bytes
    seq: int
    type: str
    v: int
    log: str
    k: int
    n: int
    recorded_at: str
    fact: dict[str, Any]
    prev: str
    hash: str


@dataclass(frozen=True)
class Verdict:
    """What a start must do: refuse for one of these reasons, or stay with these lines."""

    refusals: frozenset[str]  # codes; any of them is right
    seq: int  # the last line that stays
    cut: tuple[str, int] | None  # file and offset from which the torn tail goes aside
    head: int | None  # what HEAD vouches for
    lines: tuple[bytes, ...] = ()  # those that stay

    @property
    def opens(self) -> bool:
        return not self.refusals

    @property
    def decision(self) -> str:
        if self.refusals:
            return "halt"
        if self.cut:
            return "cut" if self.seq == self.head else "cut and adopt"
        return "open" if self.seq == self.head else "adopt"


def line_of(raw: bytes) -> Line | None:
    """Read one line; None unless its own hash fits."""
    body, mark, end = raw.rpartition(b',"hash":"')
    if not mark or end != sha256(body).hexdigest().encode() + b'"}\n':
        return None
    return _parsed(raw)


@lru_cache(maxsize=1000)
def _parsed(raw: bytes) -> Line | None:
    said = json.loads(raw)
    k, n = said["batch"]
    return Line(
        raw, said["seq"], said["type"], said["v"], said["log"], k, n, said["recorded_at"], said["fact"], said["prev"],
        said["hash"],
    )  # fmt: skip


def slot_of(content: bytes | None) -> tuple[int, str] | None:
    """Read a slot of HEAD: seq, hash, and the checksum over both."""
    try:
        seq, digest, checksum = (content or b"").decode("ascii").split(" ")
    except ValueError:
        return None
    right = len(seq) == 20 and seq.isdecimal() and checksum == sha256(f"{seq} {digest}".encode()).hexdigest() + "\n"
    return (int(seq), digest) if right else None


def slot(seq: int, digest: str) -> bytes:
    """Write a slot of HEAD."""
    content = f"{seq:020d} {digest}"
    return f"{content} {sha256(content.encode()).hexdigest()}\n".encode()


def split(content: bytes) -> list[bytes]:
    """Cut into lines; the last one may lack its end."""
    *whole, rest = content.split(b"\n")
    return [*(line + b"\n" for line in whole), *([rest] if rest else [])]


@dataclass
class Walk:
    """The good lines, and where they end."""

    lines: list[Line]
    flaw: tuple[str, int] | None  # file and offset of the first byte that is no next line
    starts: list[tuple[str, int]]  # of each good line
    refusal: str = ""  # a valid next line that this version must not read

    @property
    def whole(self) -> int:
        """How many of the lines belong to whole batches."""
        count = len(self.lines)
        while count and self.lines[count - 1].k != self.lines[count - 1].n:
            count -= 1
        return count


def walk(files: dict[str, bytes]) -> Walk:
    """Follow the chain as far as it is good."""
    return _walked(tuple(sorted(files.items())))


@lru_cache(maxsize=4)  # the same files are judged under many states of HEAD
def _walked(files: tuple[tuple[str, bytes], ...]) -> Walk:
    done = Walk([], None, [])
    day = _Day("", 0, 0, "", b"")
    for name, content in files:
        offset, new_file = 0, True
        for raw in split(content):
            line = line_of(raw)
            if line is None or not _follows(line, done.lines, name, new_file):
                done.flaw = name, offset
                return done
            if done.lines and line.log != done.lines[0].log:
                done.refusal, done.flaw = "log-foreign", (name, offset)
                return done
            if line.type not in KNOWN_TYPES or line.v != 1:
                done.refusal, done.flaw = "log-too-new", (name, offset)
                return done
            if (new_file and done.lines and not _seals(line, day)) or (not done.lines and line.type != "log_started"):
                done.flaw = name, offset
                return done
            if new_file:
                day = _Day(name, line.seq, 0, "", b"")
            day.add(line)
            done.lines.append(line)
            done.starts.append((name, offset))
            offset, new_file = offset + len(raw), False
    return done


@dataclass
class _Day:
    file: str
    first_seq: int
    events: int
    head_hash: str
    content: bytes

    def add(self, line: Line) -> None:
        self.events, self.head_hash, self.content = self.events + 1, line.hash, self.content + line.raw


def _follows(line: Line, before: list[Line], name: str, new_file: bool) -> bool:
    if line.recorded_at[:10] != name[:10] or line.seq != len(before):
        return False
    if not before:
        return (line.prev, line.k, line.n) == ("0" * 64, 1, line.n)
    last = before[-1]
    if line.prev != last.hash:
        return False
    if last.k == last.n:
        return line.k == 1 and line.recorded_at > last.recorded_at
    return (line.k, line.n, line.recorded_at, new_file) == (last.k + 1, last.n, last.recorded_at, False)


def _seals(line: Line, day: _Day) -> bool:
    return line.type == "day_sealed" and line.fact == {
        "file": day.file,
        "first_seq": day.first_seq,
        "last_seq": day.first_seq + day.events - 1,
        "events": day.events,
        "head_hash": day.head_hash,
        "file_sha256": sha256(day.content).hexdigest(),
    }


def judge(files: dict[str, bytes], slots: tuple[bytes | None, bytes | None], *, accept_head: bool = False) -> Verdict:
    """Apply the recovery table."""
    read = [found for found in map(slot_of, slots) if found is not None]
    head = max(read, default=None)
    if not files:
        missing = "log-damaged" if head is not None and head[0] > 0 else "log-missing"
        return Verdict(frozenset({missing}), -1, None, None if head is None else head[0])
    good = walk(files)
    whole = good.whole
    refusals = {good.refusal} if good.refusal else set[str]()
    if head is not None:
        if head[0] < len(good.lines) and good.lines[head[0]].hash != head[1]:
            refusals.add("log-forked")
        if whole - 1 < head[0]:
            refusals.add("log-damaged")  # acknowledged lines are changed or gone
    if not whole or not files[min(files)]:
        refusals.add("log-damaged")  # no genesis where the log begins
    cut = None
    if good.flaw is not None or whole < len(good.lines):
        end = good.starts[-1][0] if good.lines else min(files)
        flaw = good.flaw or (end, len(files[end]))
        cut = good.starts[whole] if whole < len(good.lines) else flaw
        refusals |= _what_lies_behind(files, good, flaw, cut)
    if not refusals and head is None and not accept_head:
        refusals.add("head-damaged")
    stay = tuple(line.raw for line in good.lines[:whole])
    return Verdict(frozenset(refusals), whole - 1, cut, None if head is None else head[0], stay)


def _what_lies_behind(files: dict[str, bytes], good: Walk, flaw: tuple[str, int], cut: tuple[str, int]) -> set[str]:
    """Find what a torn append cannot leave: content of a later day, another log, a later batch, a line out of place."""
    refusals = set[str]()
    log = good.lines[0].log if good.lines else ""
    for later, content in files.items():
        if later > cut[0] and content:
            refusals.add("log-damaged")
            if (first := line_of(split(content)[0])) is not None and log and first.log != log:
                refusals.add("log-foreign")
    name, at = flaw
    rest, begin = files[name], at
    while (begin := rest.find(b'{"seq":', begin)) >= 0:
        end = rest.find(b"\n", begin)
        line = line_of(rest[begin : end + 1]) if end >= 0 else None
        if line is not None:
            stands_there = begin == at
            if stands_there and log and line.log != log:
                refusals.add("log-foreign")
            in_torn_batch = line.seq - line.k + 1 == good.whole and not stands_there
            if line.seq >= len(good.lines) and not in_torn_batch:
                refusals.add("log-damaged")
        begin += 1
    return refusals


@dataclass(frozen=True)
class Readable:
    """What a reader without the lock gets to see, and whether it has to complain then."""

    lines: tuple[bytes, ...]
    complains: bool


def readable(files: dict[str, bytes], slots: tuple[bytes | None, bytes | None]) -> Readable:
    """Say what can be read without the lock.

    A reader cannot know what a writer is doing beyond HEAD: the first line there that is not whole ends the reading.
    """
    read = [found for found in map(slot_of, slots) if found is not None]
    head = max(read, default=None)
    good = walk(files)
    forked = head is not None and head[0] < len(good.lines) and good.lines[head[0]].hash != head[1]
    short = head is not None and good.whole - 1 < head[0]
    blind = head is None and good.flaw is not None
    lines = tuple(line.raw for line in good.lines[: good.whole])
    return Readable(lines, bool(forked or short or blind or not files or good.refusal))
