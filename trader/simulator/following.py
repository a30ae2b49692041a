"""What a client hears of the account that it follows: the figures that moved, and all positions."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from trader.simulator import messages
from trader.simulator.account_values import AccountValue
from trader.simulator.clients import Client
from trader.simulator.contracts import Contract
from trader.simulator.exchange import Exchange
from trader.simulator.figures import PortfolioRow
from trader.simulator.lots import ZERO


def tell_account(
    client: Client, venue: Exchange, figures: Iterable[AccountValue], contract: Callable[[int], Contract]
) -> None:
    """Send what differs from what was sent last, all positions, and the time."""
    number = venue.account.number
    for row in figures:
        key = (row.tag, row.currency)
        if client.figures_sent.get(key) != row.value:
            client.figures_sent[key] = row.value
            client.send(messages.account_value(number, row))
    rows = {row.con_id: row for row in venue.account.portfolio(venue.market, venue.now)}
    for con_id in client.portfolio_sent - rows.keys():
        rows[con_id] = PortfolioRow(con_id, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO)
    client.portfolio_sent = {con_id for con_id, row in rows.items() if row.quantity}
    for held in rows.values():
        client.send(messages.portfolio_value(number, contract(held.con_id), held, client.version))
    client.send(messages.account_update_time(venue.now))
