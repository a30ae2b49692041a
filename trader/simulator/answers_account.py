"""Answers about the session and the account.

An answer reads its request to the last field (the number is already taken), and sends. It may return the name under
which traps count the request. To add one: the function, and its row in `ACCOUNT_ANSWERS`.
"""

from __future__ import annotations

from collections.abc import Iterable

from trader.simulator import messages
from trader.simulator.account_values import BASE, AccountValue
from trader.simulator.clients import Client
from trader.simulator.gateway import Answer, Gateway
from trader.simulator.wire import Fields, MalformedError

LEDGER = "$LEDGER"


def start_api(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Let the client in."""
    fields.fixed("version", "2")
    client_id = fields.integer("clientId")
    fields.text("optionalCapabilities")
    fields.end()
    if client.client_id is not None:
        raise MalformedError("the client has started already")
    if gateway.faults.silent_after != "handshake":
        gateway.start(client, client_id)


def ids(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Give the next valid order id."""
    fields.fixed("version", "1")
    fields.integer("numIds")
    fields.end()
    client.send(messages.next_valid_id(gateway.next_order_id(client.client_id or 0)))


def managed_accounts(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Name the account."""
    nothing_more(fields)
    client.send(messages.managed_accounts(",".join((gateway.exchange.account.number, *gateway.siblings))))


def current_time(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Give the simulated time."""
    nothing_more(fields)
    client.send(messages.current_time(gateway.exchange.now))


def server_log_level(gateway: Gateway, client: Client, fields: Fields) -> None:  # noqa: ARG001 - an Answer
    """Take note, silently as TWS does."""
    fields.fixed("version", "1")
    fields.integer("logLevel")
    fields.end()


def user_info(gateway: Gateway, client: Client, fields: Fields) -> None:  # noqa: ARG001 - an Answer
    """Give the white branding id."""
    request_id = fields.integer("reqId")
    fields.end()
    client.send(messages.user_info(request_id))


def family_codes(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Give the family code."""
    fields.end()
    client.send(messages.family_codes(gateway.exchange.account.number))


def account_updates(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Send the whole account, and from then on what changes; or stop that."""
    fields.fixed("version", "2")
    subscribe = fields.flag("subscribe")
    account = fields.text("acctCode")
    fields.end()
    check_account(gateway, account)
    number = gateway.venue(account).account.number
    client.follows_account = number if subscribe else ""
    if subscribe:
        client.figures_sent.clear()
        client.portfolio_sent.clear()
        gateway.tell_account(client)
        client.send(messages.account_download_end(number))


def account_updates_multi(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Send every figure of the account."""
    fields.fixed("version", "1")
    request_id = fields.integer("reqId")
    account, model = fields.text("account"), fields.text("modelCode")
    ledger_and_nlv = fields.flag("ledgerAndNLV")
    fields.end()
    check_account(gateway, account)
    if model:
        raise MalformedError(f"model {model!r} is not known")
    venue = gateway.venue(account)
    rows = gateway.figures(venue)
    kept = [row for row in rows if row.tag in ledger_tags(rows) | {"NetLiquidation"}] if ledger_and_nlv else rows
    for row in kept:
        client.send(messages.account_update_multi(request_id, venue.account.number, row))
    client.send(messages.account_update_multi_end(request_id))


def account_summary(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Send the figures asked for by tag; `$LEDGER…` asks for the ledger's rows."""
    fields.fixed("version", "1")
    request_id = fields.integer("reqId")
    group, tags = fields.text("group"), fields.text("tags").split(",")
    fields.end()
    if group != "All":
        raise MalformedError(f"group should be 'All', found {group!r}")
    rows = gateway.figures(gateway.exchange)
    ledger, currencies = ledger_tags(rows), ledger_currencies(tags)
    for row in rows:
        if row.tag in tags or (row.tag in ledger and (currencies is None or row.currency in currencies)):
            client.send(messages.account_summary(request_id, gateway.exchange.account.number, row))
    client.send(messages.account_summary_end(request_id))


def ledger_tags(rows: Iterable[AccountValue]) -> set[str]:
    """Find the tags that have a row per currency: those with a BASE total."""
    return {row.tag for row in rows if row.currency == BASE}


def ledger_currencies(tags: Iterable[str]) -> set[str] | None:
    """Give the currencies whose ledger rows are asked for; None for all of them."""
    asked = [tag.partition(":")[2] or BASE for tag in tags if tag.startswith(LEDGER)]
    return None if "ALL" in asked else set(asked)


def positions(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Send every position, and from then on those that change."""
    nothing_more(fields)
    client.follows_positions = True
    for account in (venue.account for venue in gateway.venues):
        for row in account.positions():
            client.send(messages.position(account.number, gateway.contract(row.con_id), row, client.version))
    client.send(messages.position_end())


def cancel_positions(gateway: Gateway, client: Client, fields: Fields) -> None:  # noqa: ARG001 - an Answer
    """Send no more positions."""
    nothing_more(fields)
    client.follows_positions = False


def positions_multi(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Send every position once."""
    fields.fixed("version", "1")
    request_id = fields.integer("reqId")
    account, model = fields.text("account"), fields.text("modelCode")
    fields.end()
    check_account(gateway, account)
    if model:
        raise MalformedError(f"model {model!r} is not known")
    venue = gateway.venue(account).account
    for row in venue.positions():
        contract = gateway.contract(row.con_id)
        client.send(messages.position_multi(request_id, venue.number, contract, row, client.version))
    client.send(messages.position_multi_end(request_id))


def cancel_versioned(gateway: Gateway, client: Client, fields: Fields) -> None:  # noqa: ARG001 - an Answer
    """End something that was answered in full when it was asked for."""
    fields.fixed("version", "1")
    fields.integer("reqId")
    fields.end()


def nothing_more(fields: Fields) -> None:
    """Read a request that is a version alone."""
    fields.fixed("version", "1")
    fields.end()


def check_account(gateway: Gateway, account: str) -> None:
    """Refuse an account that is not behind the login; nothing means the simulator's own."""
    known = [venue.account.number for venue in gateway.venues]
    if account not in ("", *known):
        raise MalformedError(f"invalid account code {account!r}: this gateway has {', '.join(known)}")


ACCOUNT_ANSWERS: tuple[tuple[str, Answer], ...] = (
    ("startApi", start_api),
    ("reqIds", ids),
    ("reqManagedAccts", managed_accounts),
    ("reqCurrentTime", current_time),
    ("setServerLogLevel", server_log_level),
    ("reqUserInfo", user_info),
    ("reqFamilyCodes", family_codes),
    ("reqAccountUpdates", account_updates),
    ("reqAccountUpdatesMulti", account_updates_multi),
    ("cancelAccountUpdatesMulti", cancel_versioned),
    ("reqAccountSummary", account_summary),
    ("cancelAccountSummary", cancel_versioned),
    ("reqPositions", positions),
    ("cancelPositions", cancel_positions),
    ("reqPositionsMulti", positions_multi),
    ("cancelPositionsMulti", cancel_versioned),
)
