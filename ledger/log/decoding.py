"""The walk for whoever wants every event: lines accepted and decoded in one loop, as long as they are ordinary.

`chain.py` says what may follow what, and decides; but nearly every line is the plain successor of the one before it.
`_ordinary` recognises such a line by comparing its parts with local variables, and makes its event at once: no header
object, no call for each layer. It refuses nothing. A line of which anything is unusual (the first of a file, an old
version, a payload that does not validate, damage of any kind) it hands back, and the chain, standing where the loop had
come to, accepts that line or words the refusal. So a line may be ordinary only if the chain accepts it; that the loop
recognises too little costs time, never truth. Events are handed on in runs: a line that is not ordinary begins one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from ledger.events import Fact
from ledger.line import (
    END,
    HASH_TAIL,
    HEADER,
    LINE_BYTES_MAX,
    PREV_MARK,
    PREV_TAIL,
    QUOTED_HASH_MARK,
    TAIL,
    Event,
    LineBroken,
    batch_of,
    dated,
    event_of,
    kind_of,
    moment,
    text_of,
)
from ledger.log.chain import BATCH_BYTES_MAX, BATCH_EVENTS_MAX, Chain, ChainBroken, DayTally
from ledger.log.disk import LOCAL, Disk
from ledger.log.walking import days

# So many lines are decoded before the first of them is looked at: decoding and folding by turns evict each other from
# the processor's caches.
RUN = 100


def walk_events(files: Sequence[Path], chain: Chain, disk: Disk = LOCAL) -> Iterator[list[Event]]:
    """Yield every line's event in order, run by run, checked as `walk` checks it; ChainBroken at the first wrong line.

    The chain stands behind the last event of each run, and there when this raises.
    """
    for path, lines, is_sealed in days(files, chain, disk):
        yield from _decoded(path, lines, chain, is_sealed)


def _decoded(path: Path, lines: Iterator[bytes], chain: Chain, is_sealed: bool) -> Iterator[list[Event]]:
    name, accept = path.name, chain.accept_sealed if is_sealed else chain.accept
    asked = next(lines, None)  # the seal of the day before, or the genesis
    while asked is not None:
        try:
            header = accept(asked, name)
        except LineBroken as broken:
            offset = chain.day.size if chain.day is not None and chain.day.file == name else 0
            raise ChainBroken(path, offset, str(broken)) from None
        assert chain.day is not None  # the line's
        run = [event_of(asked, header)]
        asked = _ordinary(islice(lines, RUN), chain, chain.day, is_sealed, run) or next(lines, None)
        yield run


def _ordinary(lines: Iterable[bytes], chain: Chain, tally: DayTally, is_sealed: bool, run: list[Event]) -> bytes | None:
    """Add the events of ordinary lines to the run, and return the first that is not one; None if they all were."""
    log, seq, last, batch, at = chain.log_id, chain.seq, chain.hash, chain.batch, chain.recorded_at
    day, of_log, prev, recorded = tally.file[:10].encode(), log.encode(), last.encode(), moment(at)
    size, begun, content = tally.size, chain.batch_from[1], tally.content
    try:
        for raw in lines:
            match, until, end = HEADER.match(raw), len(raw) - PREV_TAIL, size + len(raw)
            if match is None or (start := match.end()) > until or end > BATCH_BYTES_MAX or len(raw) > LINE_BYTES_MAX:
                return raw
            number, kind, its_log, place, key, occurred, known_at, cycle, traded, reported = match.groups()
            prev_mark, before, hash_mark, said, newline = TAIL.unpack_from(raw, until)
            if before != prev or prev_mark != PREV_MARK or hash_mark != QUOTED_HASH_MARK or newline != END:
                return raw
            (name, version, known), following, digest = kind_of(kind), batch_of(place), said.decode("latin-1")
            (k, n), (last_k, last_n) = following, batch
            if last_k == last_n:
                follows = k == 1 and n <= BATCH_EVENTS_MAX and known_at > at and known_at[:10] == day
            else:
                follows = k == last_k + 1 and n == last_n and known_at == at
            stands = is_sealed or sha256(raw[:-HASH_TAIL]).hexdigest() == digest
            if not (stands and follows) or int(number) != seq + 1 or its_log != of_log or known is None:
                return raw
            is_dated = not (occurred is traded is reported is None)
            payload = dated(raw[start:until], occurred, traded, reported) if is_dated else raw[start:until]
            fact: Fact = known.__pydantic_validator__.validate_json(payload)
            if not is_sealed:
                content.update(raw)
            if k == 1:
                begun, at, recorded = size, known_at, moment(known_at)
            run.append(tuple.__new__(Event, (
                seq + 1, name, version, log, following, key and text_of(key), fact.occurred_at, recorded,
                cycle and int(cycle), fact.trade_date, fact.report_date, fact, last, digest,
            )))  # fmt: skip
            size, seq, last, prev, batch = end, seq + 1, digest, said, following
    except ValidationError:
        return raw
    finally:
        chain.advance(seq, last, batch, at, size, begun)
    return None
