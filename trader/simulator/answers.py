"""Every request that is answered, by its name; all others are refused by name.

To answer another request: a function in `answers_account.py`, `answers_market.py` or `answers_orders.py`, and its row.
"""

from __future__ import annotations

from trader.simulator.answers_account import ACCOUNT_ANSWERS
from trader.simulator.answers_market import MARKET_ANSWERS
from trader.simulator.answers_orders import ORDER_ANSWERS

ANSWERS = dict(ACCOUNT_ANSWERS + MARKET_ANSWERS + ORDER_ANSWERS)
