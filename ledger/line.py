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
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import NamedTuple

from pydantic import ValidationError

from ledger.errors import FactTooLarge, LogTooNew
from ledger.events import BY_NAME, Fact, instant_text, payload_bytes

GENESIS_PREV = "0" * 64
LINE_BYTES_MAX = 4 * 1024 * 1024

HASH_MARK, PREV_MARK, END = b',"hash":"', b',"prev":"', b'"}\n'
HASH_TAIL = len(HASH_MARK) + 64 + len(END)  # bytes from `,"hash":"` to the line's end
PREV_TAIL = HASH_TAIL + len(PREV_MARK) + 64 + 1  # … from `,"prev":"`

HEADER = re.compile(
    rb'\{"seq":(0|[1-9][0-9]*),"type":"([a-z0-9_]+)","v":([1-9][0-9]*),"log":"([0-9a-f]{16})"'
    rb',"batch":\[([1-9][0-9]*),([1-9][0-9]*)\]'
    rb'(?:,"key":("[^"\\]*(?:\\.[^"\\]*)*"))?'
    rb'(?:,"occurred_at":"([^"]{26}Z)")?,"recorded_at":"([^"]{26}Z)"(?:,"cycle":(0|[1-9][0-9]*))?'
    rb'(?:,"trade_date":"([^"]{10})")?(?:,"report_date":"([^"]{10})")?,"fact":(?=\{)'
)


class LineBroken(Exception):
    """These bytes are not a line of the log; what that means depends on where they stand."""


@dataclass(frozen=True, slots=True)
class Event:
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


def header_of(raw: bytes) -> Header:
    """Check the line's own hash, then read its envelope; LineBroken if either fails."""
    if raw[-HASH_TAIL:-67] != HASH_MARK or raw[-3:] != END or raw[-PREV_TAIL : -PREV_TAIL + 9] != PREV_MARK:
        raise LineBroken(f"{len(raw)} bytes that do not end as a line does")
    digest = raw[-67:-3].decode("ascii", "replace")
    if sha256(raw[:-HASH_TAIL]).hexdigest() != digest:
        raise LineBroken("the hash does not fit the line")
    match = HEADER.match(raw)
    if match is None:
        raise LineBroken("the envelope is not the log's")
    seq, name, version, log, k, n, key, occurred_at, recorded_at, cycle, trade_date, report_date = match.groups()
    return Header(
        int(seq), name.decode(), int(version), log.decode(), (int(k), int(n)), key, occurred_at, recorded_at, cycle,
        trade_date, report_date, match.end(), raw[-PREV_TAIL + 9 : -HASH_TAIL - 1].decode("ascii", "replace"), digest,
    )  # fmt: skip


def known_type(header: Header) -> type[Fact]:
    """Return the fact's class; LogTooNew for a type or a version that this code does not know."""
    known = BY_NAME.get(header.type)
    if known is None or header.v > known.VERSION:
        expected = "a known type" if known is None else f"version {known.VERSION} or older"
        raise LogTooNew(
            f"seq {header.seq}: expected {expected}, found {header.type} version {header.v}; "
            "install the version that wrote it"
        )
    return known


def fact_of(raw: bytes, header: Header) -> Fact:
    """Validate the payload, with the envelope's times and dates put back in front of it."""
    known = known_type(header)
    payload = raw[header.fact_from : -PREV_TAIL]
    given = b"" if header.occurred_at is None else b'"occurred_at":"%s",' % header.occurred_at
    if header.trade_date is not None:
        given += b'"trade_date":"%s",' % header.trade_date
    if header.report_date is not None:
        given += b'"report_date":"%s",' % header.report_date
    if given:
        payload = b"{" + (given[:-1] + b"}" if payload == b"{}" else given + payload[1:])
    try:
        return known.__pydantic_validator__.validate_json(payload)  # type: ignore[no-any-return]
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise LogTooNew(
            f"seq {header.seq}: expected a {header.type} as this version knows it, found "
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}; install the version that wrote it"
        ) from error


def event_of(raw: bytes, header: Header) -> Event:
    """Complete a checked header with its fact."""
    fact = fact_of(raw, header)
    return Event(
        seq=header.seq,
        type=header.type,
        v=header.v,
        log=header.log,
        batch=header.batch,
        key=None if header.key is None else _text(header.key),
        occurred_at=fact.occurred_at,
        recorded_at=moment(header.recorded_at),
        cycle=None if header.cycle is None else int(header.cycle),
        trade_date=fact.trade_date,
        report_date=fact.report_date,
        fact=fact,
        prev=header.prev,
        hash=header.hash,
    )


def decode(raw: bytes) -> Event:
    """Read one line, its newline included. LineBroken for damage, LogTooNew for what a later version wrote."""
    return event_of(raw, header_of(raw))


def _text(literal: bytes) -> str:
    # json.loads costs five times as much, and is needed for escapes alone
    return str(json.loads(literal)) if b"\\" in literal else literal[1:-1].decode()


def moment(text: bytes) -> datetime:
    """Read a moment as the log spells it."""
    return datetime.fromisoformat(text.decode("ascii"))


def body(event: Event) -> bytes:
    """Return what the hash covers: the line up to `,"hash":"`."""
    optional = (
        ("key", event.key),
        ("occurred_at", None if event.occurred_at is None else instant_text(event.occurred_at)),
        ("recorded_at", instant_text(event.recorded_at)),
        ("cycle", event.cycle),
        ("trade_date", None if event.trade_date is None else event.trade_date.isoformat()),
        ("report_date", None if event.report_date is None else event.report_date.isoformat()),
    )
    envelope = f'{{"seq":{event.seq},"type":"{event.type}","v":{event.v},"log":"{event.log}"'
    envelope += f',"batch":[{event.batch[0]},{event.batch[1]}]'
    envelope += "".join(
        f',"{name}":{json.dumps(value, ensure_ascii=False)}' for name, value in optional if value is not None
    )
    return b'%s,"fact":%s,"prev":"%s"' % (envelope.encode(), payload_bytes(event.fact), event.prev.encode())


def draft_line(
    fact: Fact, *, seq: int, log: str, batch: tuple[int, int], recorded_at: datetime, cycle: int | None, prev: str
) -> Event:
    """Give a fact its envelope and its hash.

    The event is read back from its own bytes, so that a live book sees exactly what a replay will see.
    """
    unsealed = Event(
        seq, fact.type, type(fact).VERSION, log, batch, fact.key, fact.occurred_at, recorded_at, cycle,
        fact.trade_date, fact.report_date, fact, prev, "",
    )  # fmt: skip
    raw = _close(body(unsealed))
    if len(raw) > LINE_BYTES_MAX:
        raise FactTooLarge(f"{fact.type}: expected a line of at most {LINE_BYTES_MAX} bytes, found {len(raw)}")
    return decode(raw)


def encode(event: Event) -> bytes:
    """Write one line, its newline included; ValueError if the event is not what its hash covers."""
    raw = _close(body(event))
    if raw[-67:-3] != event.hash.encode():
        raise ValueError(f"seq {event.seq}: expected an event that its hash covers, found a changed one")
    return raw


def _close(hashed: bytes) -> bytes:
    return hashed + HASH_MARK + sha256(hashed).hexdigest().encode() + END
