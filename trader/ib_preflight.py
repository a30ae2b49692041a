"""Whether Interactive Brokers gives prices, before the open: what its refusals mean, and who must act.

To understand another refusal: its code in `REFUSED`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trader.broker import BrokerIncomplete, BrokerRefused
from trader.ib_rows import price_or_none

ELSEWHERE, MISSING = "market-data-elsewhere", "market-data-missing"
REFUSED = {10197: ELSEWHERE, 354: MISSING, 10089: MISSING, 10090: MISSING, 10168: MISSING, 10186: MISSING}


def market_data_told(snapshots: Sequence[tuple[Any, object] | None], notices: Iterable[tuple[int, str]]) -> str:
    """Say how many snapshots hold a price; raise where none does. Before the open that may be the last close alone."""
    priced = sum(1 for snapshot in snapshots if snapshot is not None and _has_price(snapshot[0]))
    told = f"{priced} of {len(snapshots)} contracts have a price"
    if priced or not snapshots:
        return told
    for code, text in notices:
        if code in REFUSED:
            raise BrokerRefused(REFUSED[code], f"market data: {code} {text}")
    raise BrokerIncomplete("no-answer", f"market data: {told}")


def _has_price(ticker: Any) -> bool:
    return any(price_or_none(price) is not None for price in (ticker.bid, ticker.ask, ticker.last, ticker.close))
