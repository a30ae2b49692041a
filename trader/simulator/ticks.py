"""A quote as the ticks that a market data line carries.

To send another tick: its number here (and that of its delayed twin in `DELAYED_TICKS`), and a row in `ticks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from trader.simulator import messages
from trader.simulator.market import Quote
from trader.simulator.messages import Message
from trader.simulator.wire import epoch_seconds

LIVE, FROZEN, DELAYED, DELAYED_FROZEN = MARKET_DATA_TYPES = (1, 2, 3, 4)
NO_QUOTE = Decimal(-1)
DELAYED_TICKS = {1: 66, 2: 67, 4: 68, 0: 69, 3: 70, 5: 71, 6: 72, 7: 73, 8: 74, 9: 75, 14: 76, 45: 88, 49: 90}
BID, ASK, LAST, HIGH, LOW, CLOSE, OPEN = 1, 2, 4, 6, 7, 9, 14
BID_SIZE, ASK_SIZE, VOLUME, LAST_TIME, HALTED = 0, 3, 8, 45, 49


def delivered_type(wanted: int, is_open: bool) -> int:
    """Say which market data a session that wants this type gets: live, or frozen if so wanted and the market closed."""
    return FROZEN if wanted in (FROZEN, DELAYED_FROZEN) and not is_open else LIVE


def ticks(request_id: int, quote: Quote, delivered: int, version: int) -> Iterator[Message]:
    """Write everything that the market quotes, under the tick numbers of the type delivered."""
    delayed = delivered in (DELAYED, DELAYED_FROZEN)

    def kind(tick: int) -> int:
        return DELAYED_TICKS[tick] if delayed else tick

    for tick, price, size in _prices(quote):
        yield messages.tick_price(request_id, kind(tick), price, size, version)
    for tick, size in ((BID_SIZE, quote.bid_size), (ASK_SIZE, quote.ask_size), (VOLUME, quote.volume)):
        yield messages.tick_size(request_id, kind(tick), size, version)
    if quote.last_time is not None:
        yield messages.tick_string(request_id, kind(LAST_TIME), epoch_seconds(quote.last_time))
    yield messages.tick_generic(request_id, kind(HALTED), Decimal(int(quote.halted)))


def _prices(quote: Quote) -> Sequence[tuple[int, Decimal, int]]:
    """Give tick type, price and size; bid and ask always, -1 where there is none, the others where they exist."""
    touch = ((BID, quote.bid, quote.bid_size), (ASK, quote.ask, quote.ask_size))
    day = ((LAST, quote.last), (HIGH, quote.high), (LOW, quote.low), (CLOSE, quote.close), (OPEN, quote.open))
    prices = [(tick, NO_QUOTE if price is None else price, size) for tick, price, size in touch]
    return [*prices, *((tick, price, 0) for tick, price in day if price is not None)]
