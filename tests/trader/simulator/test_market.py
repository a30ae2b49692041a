"""The market as of a moment."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.trader.simulator.small_market import (
    ACME,
    STILL_DAYS,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    at,
    market_of,
    row,
    still,
)
from trader.simulator.contracts import stable_con_id
from trader.simulator.market import Market, Quote
from trader.simulator.sessions import sessions_between

MOVING = (row(TUESDAY, "50", "52", "49", "51"), row(WEDNESDAY, "51.50", "58", "51", "57.121"), still(THURSDAY, "57"))
MOMENTS = [
    at(clock, WEDNESDAY) for clock in ("09:00", "09:30", "09:30:59", "11:17", "12:30", "15:59:59", "16:00", "20:00")
]


def test_before_the_open_there_is_only_the_close_of_the_day_before() -> None:
    quote = market_of(*MOVING).quote(ACME, at("09:29:59", WEDNESDAY))

    assert quote == Quote(None, None, Decimal(51), at("16:00", TUESDAY), 0, 0, Decimal(51), 0, False)


def test_at_the_open_the_price_is_the_day_s_open_one_cent_wide() -> None:
    quote = market_of(*MOVING).quote(ACME, at("09:30", WEDNESDAY))

    assert (quote.bid, quote.ask, quote.last) == (Decimal("51.50"), Decimal("51.51"), Decimal("51.50"))
    assert (quote.open, quote.high, quote.low, quote.volume) == (quote.last, quote.last, quote.last, 0)
    assert quote.close == Decimal(51)
    assert quote.bid_size > 0


def test_after_the_close_the_last_price_is_the_day_s_close_exactly() -> None:
    quote = market_of(*MOVING).quote(ACME, at("18:00", WEDNESDAY))

    assert (quote.bid, quote.ask, quote.last) == (None, None, Decimal("57.121"))
    assert (quote.last_time, quote.volume) == (at("16:00", WEDNESDAY), 39_000_000)
    assert (quote.high, quote.low) == (Decimal(58), Decimal(51))


def test_a_price_between_two_cents_lies_between_bid_and_ask() -> None:
    quote = market_of(still(TUESDAY, "44.121")).quote(ACME, at("11:00"))

    assert (quote.bid, quote.last, quote.ask) == (Decimal("44.12"), Decimal("44.121"), Decimal("44.13"))


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_nothing_after_the_moment_leaks_into_it(moment: datetime) -> None:
    """Every day after the moment's is replaced by another; for history to come, only the past is compared."""
    other_future = market_of(*MOVING[:2], row(THURSDAY, "10", "90", "5", "80", 7))
    market = market_of(*MOVING)

    assert market.quote(ACME, moment) == other_future.quote(ACME, moment)
    for bar_size in ("1 day", "1 hour", "5 mins"):
        bars = market.history(ACME, moment, "5 D", bar_size)
        assert bars == other_future.history(ACME, moment, "5 D", bar_size)
        assert all(bar.start < moment for bar in bars)


def test_what_has_been_seen_of_a_day_only_grows() -> None:
    market = market_of(*MOVING)
    moments = [at("09:30", WEDNESDAY) + timedelta(minutes=minute) for minute in range(391)]

    quotes = [market.quote(ACME, moment) for moment in moments]

    seen: list[Decimal] = []
    for quote in quotes:
        assert quote.last is not None
        seen.append(quote.last)
        assert (quote.high, quote.low) == (max(seen), min(seen))
    volumes = [quote.volume for quote in quotes]
    assert volumes == sorted(volumes)
    assert volumes[-1] == 39_000_000
    assert (max(seen), min(seen), seen[-1]) == (Decimal(58), Decimal(51), Decimal("57.121"))


def test_daily_history_ends_with_the_running_day() -> None:
    bars = market_of(*MOVING).history(ACME, at("12:00", WEDNESDAY), "2 D", "1 day")
    quote = market_of(*MOVING).quote(ACME, at("12:00", WEDNESDAY))

    assert [bar.start for bar in bars] == [at("09:30", TUESDAY), at("09:30", WEDNESDAY)]
    assert (bars[0].open, bars[0].high, bars[0].low, bars[0].close) == tuple(map(Decimal, ("50", "52", "49", "51")))
    assert (bars[1].high, bars[1].low, bars[1].close, bars[1].volume) == (
        quote.high,
        quote.low,
        quote.last,
        quote.volume,
    )


def test_hourly_history_starts_at_half_past_and_ends_with_the_running_hour() -> None:
    bars = market_of(*MOVING).history(ACME, at("11:45", WEDNESDAY), "1 D", "1 hour")

    assert [bar.start for bar in bars] == [at(clock, WEDNESDAY) for clock in ("09:30", "10:30", "11:30")]
    assert [earlier.close for earlier in bars[:-1]] == [later.open for later in bars[1:]]


def test_the_bars_of_every_size_add_up_to_the_day() -> None:
    market = market_of(*MOVING)
    for bar_size, count in (("1 hour", 7), ("30 mins", 13), ("5 mins", 78), ("1 min", 390)):
        bars = market.history(ACME, at("17:00", WEDNESDAY), "1 D", bar_size)
        assert len(bars) == count
        assert sum(bar.volume for bar in bars) == 39_000_000
        assert (max(bar.high for bar in bars), min(bar.low for bar in bars)) == (Decimal(58), Decimal(51))
        assert (bars[0].open, bars[-1].close) == (Decimal("51.50"), Decimal("57.121"))


@pytest.mark.parametrize(
    ("duration", "days"),
    [("1 D", 1), ("2 D", 2), ("100 D", 3), ("1 W", 3), ("1 M", 3), ("2 Y", 3), ("3600 S", 1)],
)
def test_a_duration_reaches_back_so_far(duration: str, days: int) -> None:
    bars = market_of(*MOVING).history(ACME, at("10:00", THURSDAY), duration, "1 hour")

    assert len({bar.start.date() for bar in bars}) == days


@pytest.mark.parametrize(
    ("duration", "bar_size"), [("1 X", "1 day"), ("D", "1 day"), ("0 D", "1 day"), ("1 D", "2 days")]
)
def test_a_request_that_makes_no_sense_is_refused(duration: str, bar_size: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        market_of(*MOVING).history(ACME, at("10:00"), duration, bar_size)


def split_market() -> Market:
    """Two for one on Thursday."""
    return market_of(
        row(TUESDAY, "90", "91", "89", "90", 1000, "45"),
        row(WEDNESDAY, "90", "92", "88", "91.01", 1000, "45.505"),
        row(THURSDAY, "45", "46", "44", "45.50", 2000, "45.50"),
    )


def test_history_is_adjusted_for_a_split_only_from_its_day_on() -> None:
    market = split_market()

    before = market.history(ACME, at("17:00", WEDNESDAY), "2 D", "1 day")
    after = market.history(ACME, at("09:00", THURSDAY), "2 D", "1 day")

    assert [(bar.close, bar.volume) for bar in before] == [(Decimal(90), 1000), (Decimal("91.01"), 1000)]
    assert [(bar.close, bar.volume) for bar in after] == [(Decimal(45), 2000), (Decimal("45.505"), 2000)]


LONG_PAST = tuple(
    row(session.date, price, price, price, price, 1000, "45")
    for session in sessions_between(date(2005, 1, 3), THURSDAY)
    for price in ["90" if session.date < THURSDAY else "45"]
)
ASKED = [
    pytest.param([("17:00", WEDNESDAY, "2 D"), ("17:00", WEDNESDAY, "30 D")], id="further back"),
    pytest.param([("17:00", date(2005, 1, 6), "3 D"), ("17:00", WEDNESDAY, "2 D")], id="much later"),
    pytest.param([("17:00", WEDNESDAY, "2 D"), ("17:00", date(2005, 1, 6), "3 D")], id="much earlier"),
    pytest.param([("17:00", THURSDAY, "9 D"), ("17:00", WEDNESDAY, "9 D")], id="back before the split"),
    pytest.param([("17:00", WEDNESDAY, "9 D"), ("17:00", THURSDAY, "9 D")], id="on past the split"),
    pytest.param([("09:00", WEDNESDAY, "9 D"), ("11:00", WEDNESDAY, "9 D")], id="the running day"),
    pytest.param([("09:00", date(2005, 1, 3), "9 D"), ("11:00", WEDNESDAY, "9 D")], id="nothing at first"),
]


@pytest.mark.parametrize("asked", ASKED)
def test_history_is_the_same_whatever_was_asked_for_before(asked: list[tuple[str, date, str]]) -> None:
    market = market_of(*LONG_PAST)

    for clock, day, duration in asked:
        fresh = market_of(*LONG_PAST).history(ACME, at(clock, day), duration, "1 day")
        assert market.history(ACME, at(clock, day), duration, "1 day") == fresh


def test_bars_that_a_caller_changes_are_its_own() -> None:
    market = split_market()

    market.history(ACME, at("17:00", WEDNESDAY), "2 D", "1 day").clear()

    assert len(market.history(ACME, at("17:00", WEDNESDAY), "2 D", "1 day")) == 2


def test_on_the_morning_of_a_split_the_last_close_is_in_new_shares() -> None:
    quote = split_market().quote(ACME, at("09:00", THURSDAY))

    assert (quote.last, quote.close) == (Decimal("45.505"), Decimal("45.505"))


def test_a_contract_without_a_row_is_halted_that_day() -> None:
    market = market_of(*STILL_DAYS, THIN=(still(TUESDAY, "9"), still(THURSDAY, "9")))
    thin = stable_con_id("THIN")

    assert market.quote(thin, at("11:00", WEDNESDAY)).halted
    assert market.quote(thin, at("11:00", WEDNESDAY)).last == Decimal(9)
    assert not market.quote(thin, at("18:00", WEDNESDAY)).halted
    assert not market.quote(thin, at("11:00", THURSDAY)).halted


def test_before_its_first_bar_a_contract_has_no_price_at_all() -> None:
    market = market_of(still(THURSDAY), OTHER=STILL_DAYS)

    quote = market.quote(ACME, at("11:00"))

    assert (quote.bid, quote.last, quote.close, quote.last_time) == (None, None, None, None)
    assert market.history(ACME, at("11:00"), "5 D", "1 day") == []


def test_con_ids_are_stable_and_ib_s_own_where_they_are_known() -> None:
    assert (stable_con_id("AAPL"), stable_con_id("IBM")) == (265598, 8314)
    assert stable_con_id("ACME") == stable_con_id("ACME")
    assert 10**8 <= stable_con_id("ACME") < 2 * 10**9


def test_a_row_on_a_day_without_a_session_is_refused() -> None:
    with pytest.raises(ValueError, match=r"ACME: 2005-03-05 is no session"):
        market_of(still(date(2005, 3, 5)))
