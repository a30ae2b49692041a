"""Long histories for the benchmarks: homes of any number of events, with valid chains, seals and a HEAD.

A home trades every hour, day and night: 40 events a cycle, in the kinds, sizes and batches of the demo's cycles (which
have 33), with two orders in each. 8,760 cycles make a year of 350,400 events and its seals. The lines are put together
from payloads that the models spelt once; `folded` gives each finished cycle the true hash of its book, which costs the
time of a replay, and without it the book hashes are zeros.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from benchmarks.typical import CYCLE, OPENING, PLACEHOLDERS
from ledger.book import Book, book_hash
from ledger.events import DaySealed, Fact, payload_bytes
from ledger.line import GENESIS_PREV, event_of, header_of
from ledger.log.head import Head, write_first_head
from ledger.log.storage import events_folder, var_folder

EVENTS_A_CYCLE = 40
EVENTS_A_DAY = 24 * EVENTS_A_CYCLE + 1
LAST_DAY = date(2024, 5, 31)
LOG_ID = "7a11b00c7a11b00c"
EDITION = 1  # raise it with any change of what is written
WHOLE = "bench-history"  # the name of the file that says that a home is complete


def history(home: Path, events: int, folded: bool) -> Path:
    """Make a home with so many events, or nearly, that ends on LAST_DAY; one that is there already is used again."""
    days = max(2, round(events / EVENTS_A_DAY))
    stamp = home / WHOLE
    said = f"{days} days, {'folded' if folded else 'not folded'}, edition {EDITION}"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == said:
        return home
    shutil.rmtree(home, ignore_errors=True)
    events_folder(home).mkdir(parents=True)
    for folder in (var_folder(home), events_folder(home)):
        folder.chmod(0o700)
    writing = Writing(home, Book() if folded else None)
    first = LAST_DAY - timedelta(days=days - 1)
    for number in range(days):
        writing.day(first + timedelta(days=number))
    write_first_head(var_folder(home), Head(writing.seq, writing.hash))
    stamp.write_text(said, encoding="utf-8")
    return home


class Prototype(NamedTuple):
    """One event of the cycle: its line but for what changes from cycle to cycle."""

    batch: tuple[int, int]
    template: bytes  # with %(…)s for what is said anew


class Writing:
    """A log as it grows, day file by day file."""

    def __init__(self, home: Path, book: Book | None) -> None:
        self._home, self._book = home, book
        self.seq, self.hash = -1, GENESIS_PREV
        self._sealed: DaySealed | None = None
        self._cycles = 0
        self._cycle: int | None = None
        self._evidence = ("", "")
        self._lines: list[bytes] = []
        self._opening = tuple(_prototypes(OPENING))
        self._typical = tuple(_prototypes(CYCLE))

    def day(self, day: date) -> None:
        """Write one day's file, sealed by the first line of the next."""
        first_seq, self._lines = self.seq + 1, []
        self._keep_evidence(day)
        self._cycle, midnight = None, day.isoformat()
        if self._sealed is None:
            self._batches(self._opening, {}, f"{midnight}T00:00:00")
        else:
            self._batches(tuple(_prototypes(((self._sealed,),))), {}, f"{midnight}T00:00:00")
        for hour in range(24):
            self._one_cycle(midnight, hour)
        content = b"".join(self._lines)
        path = events_folder(self._home) / f"{midnight}.jsonl"
        path.write_bytes(content)
        path.chmod(0o600 if day == LAST_DAY else 0o400)
        self._sealed = DaySealed(
            file=path.name, first_seq=first_seq, last_seq=self.seq, events=len(self._lines), head_hash=self.hash,
            file_sha256=sha256(content).hexdigest(),
        )  # fmt: skip

    def _one_cycle(self, day: str, hour: int) -> None:
        """Buy for ten cycles, sell for ten."""
        number, at = self._cycles, f"{day}T{hour:02}:05:00"
        sign = "" if number // 10 % 2 == 0 else "-"
        side = "S" if sign else "B"
        self._cycle = self.seq + 1
        said = {
            b"day": day, b"slot": f"{day}/{hour:02}05", b"open": f"{day}T00:00:00.000000Z",
            b"close": f"{day}T23:59:00.000000Z", b"sign": sign, b"at": f"{at}.000000Z", b"number": f"{number:08x}",
            b"cents": f"{1 + number % 99:02}".rstrip("0"), b"seq": str(self._cycle), b"side": side,
            b"order1": str(2 * number + 1), b"order2": str(2 * number + 2), b"evidence1": self._evidence[0],
            b"evidence2": self._evidence[1],
        }  # fmt: skip
        self._batches(self._typical, {name: text.encode() for name, text in said.items()}, at)
        self._cycles += 1

    def _keep_evidence(self, day: date) -> None:
        """Keep two files a day, of the size of a year of daily bars."""
        contents = [b"".join(b"%d,%s,91.5,91.9,91.3,91.8\n" % (row, name) for row in range(400)) for name in (
            day.isoformat().encode(), b"settings",
        )]  # fmt: skip
        self._evidence = (sha256(contents[1]).hexdigest(), sha256(contents[0]).hexdigest())
        for content in contents if self._book is not None else ():
            digest = sha256(content).hexdigest()
            path = var_folder(self._home) / "data" / digest[:2] / f"{digest}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def _batches(self, prototypes: tuple[Prototype, ...], said: dict[bytes, bytes], at: str) -> None:
        recorded = cycle = b""
        if self._cycle is not None:
            cycle = b',"cycle":%d' % self._cycle
        for place, ((k, _), template) in enumerate(prototypes):
            if k == 1:
                recorded = f"{at}.{place + 1:06}Z".encode()
            if b"%(hash)s" in template:
                zeros = "1:" + "0" * 64
                said[b"hash"] = (zeros if self._book is None else book_hash(self._book)).encode()
            self.seq += 1
            said |= {b"recorded": recorded, b"cycle": cycle, b"prev": self.hash.encode(), b"this": b"%d" % self.seq}
            hashed = template % said
            self.hash = sha256(hashed).hexdigest()
            raw = b'%s,"hash":"%s"}\n' % (hashed, self.hash.encode())
            if place == 0 and b"side" in said:
                said[b"hhhh"] = self.hash[:4].encode()
            self._lines.append(raw)
            if self._book is not None:
                self._book.apply(event_of(raw, header_of(raw)))


def _prototypes(batches: tuple[tuple[Fact, ...], ...]) -> Iterator[Prototype]:
    for facts in batches:
        for k, fact in enumerate(facts, start=1):
            yield Prototype((k, len(facts)), _template(fact, k, len(facts)))


def _template(fact: Fact, k: int, n: int) -> bytes:
    key = b"" if fact.key is None else b',"key":"%s"' % fact.key.encode()
    occurred = b"" if fact.occurred_at is None else b',"occurred_at":"%(at)s"'
    payload = payload_bytes(fact)
    for placeholder, name in PLACEHOLDERS:
        key, payload = key.replace(placeholder, name), payload.replace(placeholder, name)
    return (
        b'{"seq":%(this)s,"type":"' + fact.type.encode() + b'","v":1,"log":"' + LOG_ID.encode() + b'"'
        b',"batch":[' + f"{k},{n}".encode() + b"]" + key + occurred + b',"recorded_at":"%(recorded)s"%(cycle)s,"fact":'
        + payload + b',"prev":"%(prev)s"'
    )  # fmt: skip
