"""One line of the log: an event as bytes, and back.

    {"seq","type","v","log","batch":[k,n],"key","occurred_at","recorded_at","cycle","trade_date","report_date",
     "fact":{…},"prev","hash"}

Absent values are left out. The hash covers the raw bytes before `,"hash":"` and stands at a fixed length from the end:
it is never searched for, because a payload may contain the same text. It is checked before anything is parsed.
A line's shape never changes; a fact gains fields with defaults, or becomes a new type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from json.encoder import encode_basestring
from struct import Struct
from typing import NamedTuple

from pydantic import ValidationError

from ledger.errors import FactTooLarge, LogTooNew
from ledger.events import BY_NAME, CycleStarted, Fact, instant_text, payload_bytes
from ledger.upcasters import UPCASTERS, Upcaster, has_upcaster, upcast

GENESIS_PREV = "0" * 64
LINE_BYTES_MAX = 4 * 1024 * 1024

HASH_MARK, PREV_MARK, END = b',"hash":"', b',"prev":"', b'"}\n'
HASH_TAIL = len(HASH_MARK) + 64 + len(END)  # bytes from `,"hash":"` to the line's end
PREV_TAIL = HASH_TAIL + len(PREV_MARK) + 64 + 1  # … from `,"prev":"`
QUOTED_HASH_MARK = b'"' + HASH_MARK
TAIL = Struct("9s64s10s64s3s")  # the last PREV_TAIL bytes: each mark, and the hash behind it

HEADER = re.compile(
    rb'\{"seq":(0|[1-9][0-9]*),"type":"([a-z0-9_]+","v":[1-9][0-9]*),"log":"([0-9a-f]{16})"'
    rb',"batch":\[([1-9][0-9]*,[1-9][0-9]*)\]'
    rb'(?:,"key":("[^"\\]*(?:\\.[^"\\]*)*"))?'
    rb'(?:,"occurred_at":"([^"]{26}Z)")?,"recorded_at":"([^"]{26}Z)"(?:,"cycle":(0|[1-9][0-9]*))?'
    rb'(?:,"trade_date":"([^"]{10})")?(?:,"report_date":"([^"]{10})")?,"fact":(?=\{)'
)


class LineBroken(Exception):
    """These bytes are not a line of the log; what that means depends on where they stand."""


class CannotBeSpelt(ValueError):
    """A fact of a batch has no key, or holds what a line cannot."""

    def __init__(self, message: str, place: int) -> None:
        super().__init__(message)
        self.place = place


class Event(NamedTuple):
    """One fact as the log holds it."""

    seq: int
    type: str
    v: int
    log: str
    batch: tuple[int, int]  # k of n, k from 1
    key: str | None
    occurred_at: datetime | None  # by its source
    recorded_at: datetime  # when we knew; one for the batch
    cycle: int | None  # seq of its CycleStarted, which carries its own; None outside a cycle
    trade_date: date | None
    report_date: date | None
    fact: Fact
    prev: str
    hash: str

    @property
    def at(self) -> datetime:
        """When it happened: by its source where that said so, else when we knew."""
        return self.occurred_at or self.recorded_at


FactClass = type[Fact]


class Header(NamedTuple):
    """A line's envelope, still in bytes where nobody asked yet."""

    seq: int
    type: str
    v: int
    log: str
    batch: tuple[int, int]
    key: bytes | None
    occurred_at: bytes | None
    recorded_at: bytes  # its spelling has a fixed length, so that bytes compare as moments do
    cycle: bytes | None
    trade_date: bytes | None
    report_date: bytes | None
    fact_from: int  # where the payload begins
    prev: str
    hash: str
    known: FactClass | None  # the fact's class, if it is of the current version


class Line(NamedTuple):
    """An event with the bytes that it was read from."""

    event: Event
    header: Header
    raw: bytes


def header_of(raw: bytes) -> Header:
    """Check the line's own hash, then read its envelope; LineBroken if either fails."""
    return _envelope(raw, sha256(raw[:-HASH_TAIL]).hexdigest())


def header_of_sealed(raw: bytes) -> Header:
    """Read the envelope of a line whose bytes a seal vouches for, its hash as it says; LineBroken if it is no line."""
    if len(raw) > LINE_BYTES_MAX:
        raise _without_end(raw)
    return _envelope(raw, None)


def _without_end(raw: bytes) -> LineBroken:
    return LineBroken(f"{len(raw)} bytes that do not end as a line does")


def _envelope(raw: bytes, digest: str | None) -> Header:
    if len(raw) < PREV_TAIL:
        raise _without_end(raw)
    prev_mark, prev, hash_mark, said, end = TAIL.unpack_from(raw, len(raw) - PREV_TAIL)
    if hash_mark != QUOTED_HASH_MARK or end != END or prev_mark != PREV_MARK:
        raise _without_end(raw)
    stated = said.decode("latin-1")
    if digest is not None and stated != digest:
        raise LineBroken("the hash does not fit the line")
    match = HEADER.match(raw)
    if match is None:
        raise LineBroken("the envelope is not the log's")
    seq, kind, log, place, key, occurred_at, recorded_at, cycle, trade_date, report_date = match.groups()
    name, version, known = kind_of(kind)
    # A named tuple's own constructor costs twice as much.
    return tuple.__new__(Header, (
        int(seq), name, version, log.decode(), batch_of(place), key, occurred_at, recorded_at, cycle, trade_date,
        report_date, match.end(), prev.decode("latin-1"), stated, known,
    ))  # fmt: skip


# What stands in line after line is read once.
@lru_cache(maxsize=256)
def kind_of(kind: bytes) -> tuple[str, int, FactClass | None]:
    """Return a type's name, its version, and the fact's class if that version is the current one."""
    name, _, version = kind.partition(b'","v":')
    known = BY_NAME.get(name.decode())
    return name.decode(), int(version), known if known is not None and int(version) == known.VERSION else None


@lru_cache(maxsize=4096)
def batch_of(place: bytes) -> tuple[int, int]:
    """Read `k,n`."""
    k, _, n = place.partition(b",")
    return int(k), int(n)


def known_type(header: Header, upcasters: tuple[Upcaster, ...] = UPCASTERS) -> type[Fact] | None:
    """Return the fact's class, None for an old one that is upcast; LogTooNew for what this code does not know."""
    if header.known is None and not has_upcaster(header.type, header.v, upcasters):
        raise _too_new(header, header.type, header.v)
    return header.known


def _too_new(header: Header, name: str, version: int) -> LogTooNew:
    known = BY_NAME.get(name)
    expected = "a known type" if known is None else f"version {known.VERSION} or older"
    return LogTooNew(
        f"seq {header.seq}: expected {expected}, found {name} version {version}; install the version that wrote it"
    )


def fact_of(raw: bytes, header: Header, upcasters: tuple[Upcaster, ...] = UPCASTERS) -> Fact:
    """Validate the payload."""
    _, _, _, _, _, _, occurred_at, _, _, trade_date, report_date, fact_from, _, _, known = header
    payload = dated(raw[fact_from:-PREV_TAIL], occurred_at, trade_date, report_date)
    if known is None:
        known_type(header, upcasters)
        known, payload = _upcast(payload, header, upcasters)
    try:
        return known.__pydantic_validator__.validate_json(payload)  # type: ignore[no-any-return]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise LogTooNew(
            f"seq {header.seq}: expected a {header.type} as this version knows it, found "
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}; install the version that wrote it"
        ) from error


def dated(payload: bytes, occurred_at: bytes | None, trade_date: bytes | None, report_date: bytes | None) -> bytes:
    """Return a payload with the envelope's times and dates put back in front of it."""
    given = b"" if occurred_at is None else b'"occurred_at":"%s",' % occurred_at
    if trade_date is not None:
        given += b'"trade_date":"%s",' % trade_date
    if report_date is not None:
        given += b'"report_date":"%s",' % report_date
    return payload if not given else b"{%s}" % given[:-1] if payload == b"{}" else b"{%s%s" % (given, payload[1:])


def _upcast(payload: bytes, header: Header, upcasters: tuple[Upcaster, ...]) -> tuple[type[Fact], bytes]:
    name, version, current = upcast(header.type, header.v, json.loads(payload), upcasters)
    known = BY_NAME.get(name)
    if known is None or version != known.VERSION:
        raise _too_new(header, name, version)
    return known, json.dumps(current).encode()


def event_of(raw: bytes, header: Header, upcasters: tuple[Upcaster, ...] = UPCASTERS) -> Event:
    """Complete a checked header with its fact; type and version are the fact's, also where the line has older ones."""
    fact = fact_of(raw, header, upcasters)
    seq, name, version, log, batch, key, _, recorded_at, cycle, _, _, _, prev, digest, known = header
    if known is None:
        name, version = fact.type, fact.VERSION
    return tuple.__new__(Event, (
        seq, name, version, log, batch, None if key is None else text_of(key), fact.occurred_at, moment(recorded_at),
        None if cycle is None else int(cycle), fact.trade_date, fact.report_date, fact, prev, digest,
    ))  # fmt: skip


def decode(raw: bytes) -> Event:
    """Read one line, its newline included. LineBroken for damage, LogTooNew for what a later version wrote."""
    return event_of(raw, header_of(raw))


def text_of(literal: bytes) -> str:
    """Read a JSON string."""
    # json.loads costs five times as much, and is needed for escapes alone
    return str(json.loads(literal)) if b"\\" in literal else literal[1:-1].decode()


@lru_cache(maxsize=64)  # one for the lines of a batch
def moment(text: bytes) -> datetime:
    """Read a moment as the log spells it."""
    return datetime.fromisoformat(text.decode("ascii"))


def draft_lines(
    facts: Sequence[Fact], *, seq: int, log: str, recorded_at: datetime, cycle: int | None, prev: str
) -> list[Line]:
    """Give one batch its envelopes and its hashes, from `seq` on; CannotBeSpelt names the fact that has no bytes.

    Each event is read back from its own bytes, so that a live book sees exactly what a replay will see.
    """
    recorded, n, drafted = instant_text(recorded_at), len(facts), list[Line]()
    for k, fact in enumerate(facts, start=1):
        if type(fact) is CycleStarted:
            cycle = seq
        try:
            header, raw = _spelt(fact, seq, log, (k, n), recorded, cycle, prev)
        except ValueError as error:
            raise CannotBeSpelt(str(error), k - 1) from error
        if len(raw) > LINE_BYTES_MAX:
            raise FactTooLarge(f"{fact.type}: expected a line of at most {LINE_BYTES_MAX} bytes, found {len(raw)}")
        drafted.append(Line(event_of(raw, header), header, raw))
        prev, seq = header.hash, seq + 1
    return drafted


def encode(event: Event) -> bytes:
    """Write one line, its newline included; ValueError if the event is not what its hash covers."""
    recorded_at = instant_text(event.recorded_at)
    header, raw = _spelt(event.fact, event.seq, event.log, event.batch, recorded_at, event.cycle, event.prev)
    if header.hash != event.hash:
        raise ValueError(f"seq {event.seq}: expected an event that its hash covers, found a changed one")
    return raw


def _spelt(
    fact: Fact, seq: int, log: str, batch: tuple[int, int], recorded_at: str, cycle: int | None, prev: str, /
) -> tuple[Header, bytes]:
    """Return a line, and the header that `header_of` would read from it."""
    name, key = fact.type, fact.key
    if key is not None:
        key = encode_basestring(key)
    occurred_at = None if fact.occurred_at is None else instant_text(fact.occurred_at)
    traded = None if fact.trade_date is None else fact.trade_date.isoformat()
    reported = None if fact.report_date is None else fact.report_date.isoformat()
    text = f'{{"seq":{seq},"type":"{name}","v":{fact.VERSION},"log":"{log}","batch":[{batch[0]},{batch[1]}]'
    if key is not None:
        text += f',"key":{key}'
    if occurred_at is not None:
        text += f',"occurred_at":"{occurred_at}"'
    text += f',"recorded_at":"{recorded_at}"'
    if cycle is not None:
        text += f',"cycle":{cycle}'
    if traded is not None:
        text += f',"trade_date":"{traded}"'
    if reported is not None:
        text += f',"report_date":"{reported}"'
    envelope = (text + ',"fact":').encode()
    hashed = b'%s%s,"prev":"%s"' % (envelope, payload_bytes(fact), prev.encode())
    digest = sha256(hashed).hexdigest()
    header = tuple.__new__(Header, (
        seq, name, fact.VERSION, log, batch, key and key.encode(), occurred_at and occurred_at.encode(),
        recorded_at.encode(), None if cycle is None else b"%d" % cycle, traded and traded.encode(),
        reported and reported.encode(), len(envelope), prev, digest, type(fact),
    ))  # fmt: skip
    return header, b'%s,"hash":"%s"}\n' % (hashed, digest.encode())
