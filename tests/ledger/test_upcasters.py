"""Old lines read by new code: what changed is brought up to date, what is unknown halts."""

from __future__ import annotations

import json
from decimal import Decimal
from hashlib import sha256

import pytest

from ledger.errors import LogTooNew
from ledger.events import EVENT_TYPES, BrokerLost, Fact, OrderFilled, type_name
from ledger.line import GENESIS_PREV, HASH_TAIL, Event, draft_lines, event_of, header_of, known_type
from ledger.upcasters import UPCASTERS, Payload, Upcaster, has_upcaster, upcast
from tests.ledger.logs import WEDNESDAY, filled, lost

LOG = "0123456789abcdef"


def signed(old: Payload) -> tuple[str, int, Payload]:
    """Version 1 had a side and a magnitude."""
    quantity = f"{'-' if old.pop('side') == 'S' else ''}{old.pop('shares')}"
    return "trade_booked", 2, {**old, "quantity": quantity}


def priced(old: Payload) -> tuple[str, int, Payload]:
    """Version 2 said `at_price`, and took the currency for granted."""
    return "order_filled", 1, {"price": old.pop("at_price"), "currency": "USD", **old}


def renamed(old: Payload) -> tuple[str, int, Payload]:
    return "broker_lost", 1, old


REGISTRY = (
    Upcaster("trade_booked", 1, signed),
    Upcaster("trade_booked", 2, priced),
    Upcaster("gateway_lost", 1, renamed),
    Upcaster("far_ahead", 1, lambda old: ("broker_lost", 2, old)),
)
TRADE_1 = {"account": "DU1", "execution_id": "e.01", "con_id": 756733, "side": "S", "shares": "5", "at_price": "10.5"}
TRADE_2 = {"account": "DU1", "execution_id": "e.01", "con_id": 756733, "quantity": "-5", "at_price": "10.5"}


def written(like: Fact, name: str, version: int, payload: Payload) -> bytes:
    """A line as an older version wrote it: the envelope of a line of today, with another payload."""
    (line,) = draft_lines((like,), seq=7, log=LOG, recorded_at=WEDNESDAY, cycle=3, prev=GENESIS_PREV)
    body = line.raw[:-HASH_TAIL].replace(
        f'"type":"{like.type}","v":1'.encode(), f'"type":"{name}","v":{version}'.encode()
    )
    tail = b',"prev":"' + GENESIS_PREV.encode() + b'"'
    said = json.dumps(payload, separators=(",", ":")).encode()
    body = body[: line.header.fact_from + len(body) - len(line.raw[:-HASH_TAIL])] + said + tail
    return body + b',"hash":"' + sha256(body).hexdigest().encode() + b'"}\n'


def read(raw: bytes) -> Event:
    return event_of(raw, header_of(raw), REGISTRY)


@pytest.mark.parametrize(
    ("version", "payload"), [pytest.param(1, TRADE_1, id="two steps"), pytest.param(2, TRADE_2, id="one step")]
)
def test_a_type_that_changed_twice_and_was_renamed_is_read_as_today(version: int, payload: Payload) -> None:
    raw = written(filled(), "trade_booked", version, payload)

    event = read(raw)

    assert event.fact == filled(quantity="-5")
    assert (event.type, event.v, event.key) == ("order_filled", 1, "fill/DU1/e/1")
    assert event.at == WEDNESDAY  # the envelope's times are part of what is validated


def test_a_renamed_type_keeps_its_line_and_its_hash() -> None:
    raw = written(lost("x"), "gateway_lost", 1, {"reason": "x"})

    event = read(raw)

    assert event.fact == BrokerLost(reason="x")
    assert (header_of(raw).type, header_of(raw).v) == ("gateway_lost", 1)
    assert event.hash == raw[-67:-3].decode() == sha256(raw[:-HASH_TAIL]).hexdigest()


def test_what_is_upcast_is_validated_as_strictly_as_what_is_new() -> None:
    raw = written(filled(), "trade_booked", 2, {**TRADE_2, "quantity": 5})

    with pytest.raises(LogTooNew, match="quantity"):
        read(raw)


def test_a_line_of_today_passes_by_the_upcasters() -> None:
    (line,) = draft_lines((filled(),), seq=7, log=LOG, recorded_at=WEDNESDAY, cycle=3, prev=GENESIS_PREV)

    assert known_type(line.header, REGISTRY) is OrderFilled
    assert read(line.raw) == line.event


@pytest.mark.parametrize(
    ("name", "version", "says"),
    [
        pytest.param("trade_booked", 3, "expected a known type, found trade_booked version 3", id="past the last step"),
        pytest.param("broker_lost", 2, "version 1 or older, found broker_lost version 2", id="a newer version"),
        pytest.param("broker_found", 1, "expected a known type, found broker_found", id="an unknown type"),
        pytest.param("far_ahead", 1, "version 1 or older, found broker_lost version 2", id="upcast beyond this code"),
    ],
)
def test_a_downgrade_halts(name: str, version: int, says: str) -> None:
    raw = written(lost("x"), name, version, {"reason": "x"})

    with pytest.raises(LogTooNew, match=says):
        read(raw)


def test_an_upcaster_leaves_what_it_was_given_as_it_was() -> None:
    given = dict(TRADE_1)

    name, version, payload = upcast("trade_booked", 1, given, REGISTRY)

    assert (name, version, Decimal(payload["quantity"])) == ("order_filled", 1, Decimal(-5))
    assert given == TRADE_1


def test_every_old_version_has_an_upcaster_and_every_upcaster_an_old_version() -> None:
    today = {(type_name(kind), kind.VERSION) for kind in EVENT_TYPES}
    older = {(name, version) for name, newest in today for version in range(1, newest)}

    assert all(has_upcaster(*old) for old in older)
    assert not any((known.type, known.version) in today for known in UPCASTERS)
    assert len({(known.type, known.version) for known in UPCASTERS}) == len(UPCASTERS)
