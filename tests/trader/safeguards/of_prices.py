"""Prices: the cases of `trader/safeguards/prices.py`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ledger.events import DataIngested, QuotesObserved
from tests.trader.decisions import AAPL, IBM, NOW, D, ingested, quote
from tests.trader.safeguards.situations import AT_MARKET, Case, order, quoted

SECOND = "prices_agree_with_a_second_source"
TWO = {"second_source_collar": "0.1"}
DELAYED: dict[str, Any] = {"delayed_data_allowed": True}
NO_PRICE = {"quotes": [quote(AAPL, last=None)]}
CASES: tuple[Case, ...] = (
    Case("limit_prices_stay_near_the_last", "pass", "above, inside it", [order(limit_price=D("46.72"))]),
    Case("limit_prices_stay_near_the_last", "veto", "above", [order(limit_price=D("46.73"))]),
    Case("limit_prices_stay_near_the_last", "veto", "below", [order(limit_price=D("42.27"))]),
    Case("limit_prices_stay_near_the_last", "pass", "at market: the touch counts", [AT_MARKET]),
    Case("limit_prices_stay_near_the_close", "pass", "at market: the touch counts", [AT_MARKET]),
    Case(
        "limit_prices_stay_near_the_last",
        "pass",
        "delayed, at it",
        [order(limit_price=D("48.06"))],
        DELAYED,
        quoted(market_data_type=3),
    ),
    Case(
        "limit_prices_stay_near_the_last",
        "veto",
        "delayed, above",
        [order(limit_price=D("48.07"))],
        DELAYED,
        quoted(market_data_type=3),
    ),
    Case(SECOND, "pass", "not asked for", [order()], also=[ingested(source="broker")]),
    Case(SECOND, "pass", "at it", [order()], {"second_source_collar": "0.1"}, quoted(close=D("48.95"))),
    Case(SECOND, "veto", "beyond", [order()], {"second_source_collar": "0.1"}, quoted(close=D("48.96"))),
    Case(
        SECOND, "unknown", "only the broker", [order()], TWO, {"instead": {DataIngested: [ingested(source="broker")]}}
    ),
    Case(SECOND, "unknown", "it told no close", [order()], TWO, also=[ingested(last_close=None)]),
    Case(SECOND, "unknown", "no quote", [order()], TWO, {"quotes": []}),
    Case("limit_prices_stay_near_the_last", "unknown", "no last price", [order()], world=NO_PRICE),
    Case("limit_prices_stay_near_the_close", "pass", "at it", [order()], world=quoted(close=D("35.60"))),
    Case("limit_prices_stay_near_the_close", "veto", "above", [order()], world=quoted(close=D("35.59"))),
    Case("limit_prices_stay_near_the_close", "veto", "half of it: a split", [order()], world=quoted(close=D("89"))),
    Case("limit_prices_stay_near_the_close", "unknown", "no close", [order()], world=quoted(close=None)),
    Case("prices_are_fresh", "pass", "just young enough", [order()], later=timedelta(seconds=900)),
    Case("prices_are_fresh", "veto", "a second too old", [order()], later=timedelta(seconds=901)),
    Case("prices_are_fresh", "veto", "old trade", [order()], world=quoted(at=NOW - timedelta(seconds=901))),
    Case("prices_are_fresh", "pass", "no trade's time told", [order()], world=quoted(at=None)),
    Case("prices_are_fresh", "unknown", "no quote", [order()], world={"quotes": [quote(IBM)]}),
    Case("prices_are_fresh", "unknown", "never asked", [order()], world={"instead": {QuotesObserved: ()}}),
    Case("market_data_are_live", "pass", "live", [order()]),
    Case("market_data_are_live", "veto", "frozen", [order()], world=quoted(market_data_type=2)),
    Case("market_data_are_live", "pass", "delayed, with consent", [order()], DELAYED, quoted(market_data_type=3)),
    Case("market_data_are_live", "veto", "delayed and frozen", [order()], DELAYED, quoted(market_data_type=4)),
    Case("market_data_are_live", "veto", "delayed", [order()], world=quoted(market_data_type=3)),
    Case("market_data_are_live", "veto", "halted", [order()], world=quoted(halted=True)),
    Case("market_data_are_live", "unknown", "no quote", [order()], world={"quotes": []}),
    Case("spreads_are_narrow", "pass", "at it", [order()], world=quoted(bid=D("44"), ask=D("44.88"))),
    Case("spreads_are_narrow", "veto", "wider", [order()], world=quoted(bid=D("44"), ask=D("44.89"))),
    Case("spreads_are_narrow", "unknown", "no bid", [order()], world=quoted(bid=None)),
)
