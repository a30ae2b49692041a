"""Other accounts behind the same login: a client is told of them wherever IB tells of all accounts.

Each is a venue of its own on the same market: it trades, fills and is told of as the simulator's own account is. What
the control port makes happen happens to that one; a sibling gets what it holds from the port, and orders that rest. To
let a client see more of them: where `answers_*.py` asks the gateway for `venues` or `siblings`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from trader.simulator.account import Account
from trader.simulator.exchange import Exchange
from trader.simulator.orders import Order


@dataclass(slots=True)
class Sibling:
    """One of them."""

    venue: Exchange
    orders: list[Order] = field(default_factory=list)  # that rest, whoever placed them

    @property
    def account(self) -> Account:
        """What it holds."""
        return self.venue.account
