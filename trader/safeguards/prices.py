"""The market that the orders meet: prices that are there, live, young and near what was seen before."""
# ruff: noqa: D401 - every safeguard has the same signature, and says what it stands for

from __future__ import annotations

from decimal import Decimal

from ledger.book import Book
from ledger.events import OrderPlanned
from ledger.nav import Unvalued
from trader.limits import Limits
from trader.projection import running_cycle, touch
from trader.safeguards.judging import age_of, each, each_position, judged, price_to_judge
from trader.verdicts import Verdict, at_most

BROKER = "broker"  # the source that quotes come from, too
LIVE, DELAYED = 1, 3  # market data type: 2 frozen, 4 delayed and frozen


def limit_prices_stay_near_the_last(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A limit price far from the last trade is a mistake, whoever made it; without one the touch counts."""

    def verdict(order: OrderPlanned) -> Verdict:
        market = touch(book, order.con_id)
        distance = abs(price_to_judge(book, order) - market.last) / market.last
        formula, collar = f"|{judged(order)} - last| / last", limits.collar_of(market.data_type)
        return at_most(distance, collar, formula, con_id=order.con_id, age=age_of(book, book.quotes_at))

    return each(book, verdict)


def limit_prices_stay_near_the_close(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A price far from yesterday's is a split, another contract or a wrong tick until somebody has looked."""

    def verdict(order: OrderPlanned) -> Verdict:
        close = touch(book, order.con_id).close
        distance = abs(price_to_judge(book, order) - close) / close
        formula = f"|{judged(order)} - close| / close"
        age = age_of(book, book.quotes_at)
        return at_most(distance, limits.close_collar, formula, con_id=order.con_id, age=age)

    return each(book, verdict)


def prices_agree_with_a_second_source(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """The previous close by the broker's quote, beside that of a source that is not the broker."""
    formula = "|close of the quote - close of a source| / close of the source"
    collar = limits.second_source_collar
    if collar is None:
        return (Verdict("pass", formula, "not asked for", ""),)

    def verdict(order: OrderPlanned) -> Verdict:
        closes = [
            row.last_close
            for name, data in running_cycle(book).data.items()
            for row in data.series
            if name != BROKER and row.con_id == order.con_id and row.last_close is not None
        ]
        if not closes:
            raise Unvalued(f"{order.symbol}: no source but the broker told its last close")
        if min(closes) <= 0:
            raise Unvalued(f"{order.symbol}: expected a last close above zero, found {min(closes)}")
        close, age = touch(book, order.con_id).close, age_of(book, book.quotes_at)
        apart = max(abs(close - told) / told for told in closes)
        return at_most(apart, collar, formula, con_id=order.con_id, age=age)

    return each_position(book, verdict)


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
    """Frozen prices are history, delayed ones need the owner's consent, and a halted contract has none."""
    allowed = (LIVE, DELAYED) if limits.delayed_data_allowed else (LIVE,)

    def verdict(order: OrderPlanned) -> Verdict:
        touch(book, order.con_id)
        quote = book.quotes[order.con_id]
        live = quote.market_data_type in allowed and not quote.halted
        observed = f"type {quote.market_data_type}{', halted' if quote.halted else ''}"
        formula = "market data type (1 live, 2 frozen, 3 delayed, 4 delayed and frozen)"
        wanted, age = f"type {' or '.join(map(str, allowed))}", age_of(book, book.quotes_at)
        return Verdict("pass" if live else "veto", formula, observed, wanted, age_seconds=age, con_id=order.con_id)

    return each(book, verdict)


def spreads_are_narrow(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A wide spread is a market that is not there."""
    formula, age = "(ask - bid) / bid", age_of(book, book.quotes_at)
    return each(
        book,
        lambda order: at_most(
            touch(book, order.con_id).spread, limits.spread_max, formula, con_id=order.con_id, age=age
        ),
    )
