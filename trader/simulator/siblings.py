"""Other accounts behind the same login: a client is told of them wherever IB tells of all accounts.

They hold what the control port gives them, and their orders rest: only the simulator's own account trades. To let a
client see more of them: where `answers_*.py` asks the gateway for `siblings`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from trader.simulator.account import Account
from trader.simulator.orders import Order


@dataclass(slots=True)
class Sibling:
    """One of them."""

    account: Account
    orders: list[Order] = field(default_factory=list)
