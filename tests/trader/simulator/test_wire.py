"""Frames, fields, numbers and times on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trader.simulator.wire import (
    INFINITE,
    UNSET_PRICE,
    Fields,
    MalformedError,
    frame,
    parse_time,
    price_text,
    size_text,
    split_fields,
    take_frames,
    time_text,
)

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(messages=st.lists(st.lists(TEXT, min_size=1), min_size=1), cut=st.integers(0, 200))
def test_frames_come_out_as_they_went_in_however_they_are_cut(messages: list[list[str]], cut: int) -> None:
    stream = b"".join(map(frame, messages))
    received, payloads = bytearray(), []

    for part in (stream[:cut], stream[cut:]):
        received += part
        payloads += list(take_frames(received))

    assert [split_fields(payload) for payload in payloads] == messages
    assert not received


def test_a_frame_longer_than_possible_is_refused() -> None:
    with pytest.raises(MalformedError, match="at most"):
        list(take_frames(bytearray(b"\xff\xff\xff\xff")))


@pytest.mark.parametrize("payload", [b"\xff\xfe\0", b"71\0no end"], ids=["no UTF-8", "last field not terminated"])
def test_a_payload_that_is_no_list_of_fields_is_refused(payload: bytes) -> None:
    with pytest.raises(MalformedError):
        split_fields(payload)


def test_fields_are_taken_by_type_and_none_may_be_left() -> None:
    fields = Fields(["7", "", "1", "150.25", "LMT"], 176)

    taken = (fields.integer("a"), fields.integer("b"), fields.flag("c"), fields.decimal("d"), fields.text("e"))

    assert taken == (7, 0, True, Decimal("150.25"), "LMT")
    fields.end()


@pytest.mark.parametrize("text", ["", "1.7976931348623157E308", "1.7976931348623157e+308", str(2**127 - 1)])
def test_every_spelling_of_an_unset_number_is_none(text: str) -> None:
    assert Fields([text], 176).decimal("lmtPrice") is None


def test_infinite_is_a_number_of_its_own() -> None:
    assert Fields(["Infinite"], 176).decimal("competeAgainstBestOffset") == INFINITE


@pytest.mark.parametrize(
    ("kind", "text"),
    [("integer", "1.0"), ("integer", "x"), ("flag", "2"), ("flag", "true"), ("decimal", "LMT"), ("decimal", "NaN")],
)
def test_a_field_of_another_type_is_refused_by_name(kind: str, text: str) -> None:
    with pytest.raises(MalformedError, match="theField"):
        getattr(Fields([text], 176), kind)("theField")


def test_a_missing_and_a_surplus_field_are_refused() -> None:
    with pytest.raises(MalformedError, match="ends before account"):
        Fields([], 176).text("account")
    with pytest.raises(MalformedError, match="1 of 1 fields left over, the first of them 'more'"):
        Fields(["more"], 176).end()


@pytest.mark.parametrize(
    ("price", "text"),
    [
        (Decimal("185.50"), "185.5"),
        (Decimal(0), "0.0"),
        (Decimal("1E+5"), "100000.0"),
        (Decimal("0.00001"), "0.00001"),
        (Decimal(100) / 3, "33.333333333333333"),
        (None, UNSET_PRICE),
    ],
)
def test_prices_are_written_as_java_doubles(price: Decimal | None, text: str) -> None:
    assert price_text(price) == text


@pytest.mark.parametrize(
    ("size", "version", "text"),
    [(Decimal("100.0"), 176, "100"), (Decimal("0.50"), 176, "0.5"), (Decimal("9390.73"), 157, "9390")],
)
def test_sizes_are_whole_for_clients_that_read_whole_ones(size: Decimal, version: int, text: str) -> None:
    assert size_text(size, version) == text


def test_times_carry_their_zone_from_version_174_on() -> None:
    moment = datetime(2005, 3, 1, 14, 35, 5, tzinfo=UTC)

    assert time_text(moment, 176) == "20050301 09:35:05 US/Eastern"
    assert time_text(moment, 157) == "20050301  09:35:05"


@pytest.mark.parametrize(
    "text",
    ["20050301 14:35:05 UTC", "20050301 09:35:05 US/Eastern", "20050301 09:35:05", "20050301-14:35:05"],
    ids=["zoned", "another zone", "naive: New York", "hyphen: UTC"],
)
def test_a_clients_times_are_read_in_every_spelling(text: str) -> None:
    assert parse_time(text, "endDateTime") == datetime(2005, 3, 1, 14, 35, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["yesterday", "20051301 00:00:00", "20050301 10:00:00 Mars/Olympus"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="endDateTime"):
        parse_time(text, "endDateTime")
