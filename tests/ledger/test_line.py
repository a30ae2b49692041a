"""One line of the log, byte for byte."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from hashlib import sha256

import pytest

from ledger.errors import FactTooLarge, LogTooNew
from ledger.events import CashDeposited, Fact, OrderFilled
from ledger.line import (
    GENESIS_PREV,
    HASH_TAIL,
    LINE_BYTES_MAX,
    CannotBeSpelt,
    Event,
    LineBroken,
    decode,
    draft_lines,
    encode,
    header_of,
)
from tests.ledger.logs import WEDNESDAY, filled, lost
from tests.ledger.test_events import EVERY_TYPE

LOG = "0123456789abcdef"


def line_of(fact: Fact, cycle: int | None = None) -> Event:
    facts = (fact, lost("beside it"))
    return draft_lines(facts, seq=7, log=LOG, recorded_at=WEDNESDAY, cycle=cycle, prev=GENESIS_PREV)[0].event


def resealed(raw: bytes, old: bytes, new: bytes) -> bytes:
    body = raw[:-HASH_TAIL].replace(old, new)
    return body + b',"hash":"' + sha256(body).hexdigest().encode() + b'"}\n'


def test_the_envelope_stands_in_its_fixed_order_and_absent_values_are_left_out() -> None:
    full = filled().model_copy(update={"trade_date": date(2026, 1, 14), "report_date": date(2026, 1, 15)})

    names = list(json.loads(encode(line_of(full, cycle=3))))
    bare = encode(line_of(lost("x")))

    assert names == [
        "seq", "type", "v", "log", "batch", "key", "occurred_at", "recorded_at", "cycle", "trade_date", "report_date",
        "fact", "prev", "hash",
    ]  # fmt: skip
    assert bare.startswith(
        b'{"seq":7,"type":"broker_lost","v":1,"log":"0123456789abcdef","batch":[1,2],'
        b'"recorded_at":"2026-01-14T15:00:00.000000Z","fact":{"reason":"x"},"prev":"0000'
    )


def test_times_are_utc_with_six_decimals_and_numbers_are_canonical_strings() -> None:
    singapore = datetime(2026, 1, 14, 23, 0, 0, 120_000, tzinfo=timezone(timedelta(hours=8)))
    fact = filled(price="10.500", quantity="1E+2").model_copy(update={"occurred_at": singapore})

    said = json.loads(encode(line_of(fact)))

    assert said["occurred_at"] == "2026-01-14T15:00:00.120000Z"
    assert (said["fact"]["quantity"], said["fact"]["price"]) == ("100", "10.5")
    assert "type" not in said["fact"]
    assert "occurred_at" not in said["fact"]


def test_the_hash_covers_the_raw_bytes_before_it() -> None:
    raw = encode(line_of(lost("x")))

    body, _, rest = raw.rpartition(b',"hash":"')

    assert rest == sha256(body).hexdigest().encode() + b'"}\n'


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param('},"prev":"0","hash":"0"}', id="a line's own tail"),
        pytest.param(',"fact":{"reason":"no"}', id="a payload's own head"),
        pytest.param("line\nbreak \u2028 “Zürich” \\", id="breaks, quotes and letters"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_payload_may_hold_any_text(reason: str) -> None:
    event = line_of(lost(reason))

    raw = encode(event)

    assert raw.count(b"\n") == 1
    assert decode(raw) == event
    assert event.fact == lost(reason)


def test_a_key_may_hold_any_text() -> None:
    fact = CashDeposited(source="statement", reference='a"b\\,"fact":{', amount=Decimal(1), currency="USD")

    assert decode(encode(line_of(fact))).key == 'broker-cash/statement/a"b\\,"fact":{'


def test_dates_and_times_come_back_into_the_fact() -> None:
    fact = filled().model_copy(update={"trade_date": date(2026, 1, 14)})

    event = decode(encode(line_of(fact)))

    assert event.fact == fact
    assert event.trade_date == date(2026, 1, 14)
    assert event.at == WEDNESDAY


def test_a_fact_without_fields_keeps_its_time() -> None:
    event = line_of(lost("x").model_copy(update={"occurred_at": WEDNESDAY}))
    bare = resealed(encode(event), b'{"reason":"x"}', b"{}")

    with pytest.raises(LogTooNew, match="reason: Field required"):  # and not: invalid JSON
        decode(bare)


def test_at_falls_back_to_when_we_knew() -> None:
    event = line_of(lost("x"))

    assert event.occurred_at is None
    assert event.at == event.recorded_at


def test_no_flipped_bit_of_a_line_is_ever_read() -> None:
    raw = encode(line_of(filled()))

    for place in range(len(raw)):
        for bit in range(8):
            flipped = bytearray(raw)
            flipped[place] ^= 1 << bit
            with pytest.raises(LineBroken):
                decode(bytes(flipped))


def test_no_cut_line_is_ever_read() -> None:
    raw = encode(line_of(filled()))

    for length in range(len(raw)):
        with pytest.raises(LineBroken):
            decode(raw[:length])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        pytest.param(b'"broker_lost"', b'"broker_found"', "expected a known type, found broker_found", id="a new type"),
        pytest.param(
            b'"v":1', b'"v":2', "expected version 1 or older, found broker_lost version 2", id="a new version"
        ),
        pytest.param(b'{"reason"', b'{"cause":"x","reason"', "cause", id="a new field"),
    ],
)
def test_what_a_later_version_wrote_is_refused_by_name(old: bytes, new: bytes, says: str) -> None:
    raw = resealed(encode(line_of(lost("x"))), old, new)

    with pytest.raises(LogTooNew, match=says):
        decode(raw)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b'"seq":7', b'"seq":07', id="a leading zero"),
        pytest.param(b'"seq":7', b'"seq": 7', id="a space"),
        pytest.param(b'"v":1', b'"V":1', id="another name"),
        pytest.param(b"00.000000Z", b"00.000000z", id="another spelling of a time"),
    ],
)
def test_an_envelope_has_one_spelling(old: bytes, new: bytes) -> None:
    raw = resealed(encode(line_of(lost("x"))), old, new)

    with pytest.raises(LineBroken, match="envelope"):
        decode(raw)


def test_a_number_on_disk_is_canonical_or_refused() -> None:
    raw = resealed(encode(line_of(filled())), b'"10.5"', b"10.5")

    with pytest.raises(LogTooNew, match="price"):
        decode(raw)


def test_a_changed_event_is_not_written() -> None:
    event = line_of(lost("x"))

    with pytest.raises(ValueError, match="expected an event that its hash covers"):
        encode(event._replace(cycle=99))


def test_a_fact_that_has_no_bytes_is_named_by_its_place_in_the_batch() -> None:
    with pytest.raises(CannotBeSpelt) as refused:
        draft_lines((lost("x"), lost("\ud800")), seq=7, log=LOG, recorded_at=WEDNESDAY, cycle=None, prev=GENESIS_PREV)

    assert refused.value.place == 1


def test_the_lines_of_a_batch_follow_each_other_and_carry_their_bytes() -> None:
    lines = draft_lines(
        (lost("a"), lost("b"), lost("c")), seq=7, log=LOG, recorded_at=WEDNESDAY, cycle=3, prev=GENESIS_PREV
    )

    assert [line.event.batch for line in lines] == [(1, 3), (2, 3), (3, 3)]
    assert [line.event.prev for line in lines] == [GENESIS_PREV, lines[0].event.hash, lines[1].event.hash]
    assert [(line.raw, line.header) for line in lines] == [(encode(line.event), header_of(line.raw)) for line in lines]


@pytest.mark.parametrize("fact", EVERY_TYPE)
def test_the_header_that_is_drafted_is_the_one_that_is_read(fact: Fact) -> None:
    dated = fact.model_copy(update={"trade_date": date(2026, 1, 14)})

    for cycle, each in ((None, fact), (3, dated)):
        (line,) = draft_lines((each,), seq=7, log=LOG, recorded_at=WEDNESDAY, cycle=cycle, prev=GENESIS_PREV)
        assert line.header == header_of(line.raw)
        assert line.event == decode(line.raw)


def test_a_huge_fact_is_refused_before_it_is_written() -> None:
    with pytest.raises(FactTooLarge, match="at most"):
        line_of(lost("x" * LINE_BYTES_MAX))


def test_a_drafted_fact_is_what_a_replay_will_see() -> None:
    event = line_of(filled(price="10.50"))
    fact = event.fact

    assert isinstance(fact, OrderFilled)
    assert str(fact.price) == "10.5"
    assert event.recorded_at.tzinfo is UTC or event.recorded_at.utcoffset() == timedelta(0)
