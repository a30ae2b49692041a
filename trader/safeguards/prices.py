"""The market that the orders meet: prices that are there, live, young and near what was seen before."""
# ruff: noqa: ARG001, D401 - every safeguard has the same signature, and says what it stands for

from __future__ import annotations

from decimal import Decimal

from ledger.book import Book
from ledger.events import OrderPlanned
from ledger.nav import Unvalued
from trader.limits import Limits
from trader.projection import (
    touch,
)
from trader.safeguards.judging import age_of, each, limit_price
from trader.verdicts import Verdict, at_most

LIVE = 1  # market data type: 2 frozen, 3 delayed, 4 delayed and frozen


def limit_prices_stay_near_the_last(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A limit price far from the last trade is a mistake, whoever made it."""

    def verdict(order: OrderPlanned) -> Verdict:
        last = touch(book, order.con_id).last
        distance = abs(limit_price(order) - last) / last
        return at_most(distance, limits.price_collar, "|limit price - last| / last", con_id=order.con_id)

    return each(book, verdict)


def limit_prices_stay_near_the_close(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A price far from yesterday's is a split, another contract or a wrong tick until somebody has looked."""

    def verdict(order: OrderPlanned) -> Verdict:
        close = touch(book, order.con_id).close
        distance = abs(limit_price(order) - close) / close
        return at_most(distance, limits.close_collar, "|limit price - close| / close", con_id=order.con_id)

    return each(book, verdict)


def prices_are_fresh(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A price that is old or missing is none; where the broker tells the time of the last trade, that counts too."""

    def verdict(order: OrderPlanned) -> Verdict:
        touch(book, order.con_id)
        if book.quotes_at is None:
            raise Unvalued(f"{order.symbol}: no quotes were recorded")
        traded_at = book.quotes[order.con_id].at
        age = age_of(book, min(book.quotes_at, traded_at or book.quotes_at))
        limit = Decimal(limits.quote_age_seconds_max)
        return at_most(Decimal(age or 0), limit, "seconds since quote and last trade", con_id=order.con_id, age=age)

    return each(book, verdict)


def market_data_are_live(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """Delayed or frozen prices are history; a halted contract has none."""

    def verdict(order: OrderPlanned) -> Verdict:
        touch(book, order.con_id)
        quote = book.quotes[order.con_id]
        live = quote.market_data_type == LIVE and not quote.halted
        observed = f"type {quote.market_data_type}{', halted' if quote.halted else ''}"
        formula = "market data type (1 live, 2 frozen, 3 delayed, 4 delayed and frozen)"
        return Verdict("pass" if live else "veto", formula, observed, f"type {LIVE}", con_id=order.con_id)

    return each(book, verdict)


def spreads_are_narrow(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A wide spread is a market that is not there."""
    return each(
        book,
        lambda order: at_most(
            touch(book, order.con_id).spread, limits.spread_max, "(ask - bid) / bid", con_id=order.con_id
        ),
    )
