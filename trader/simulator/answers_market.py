"""Answers about contracts and the market.

What the venue does not list is an unknown contract (errMsg 200). What a request asks for and
the venue has not (other bar types, option data) is refused by name. To answer another request: the function, and its
row in `MARKET_ANSWERS`.
"""

from __future__ import annotations

from trader.simulator import messages
from trader.simulator.clients import Client
from trader.simulator.contracts import Contract
from trader.simulator.gateway import Answer, Gateway
from trader.simulator.history import Bar
from trader.simulator.lots import plain
from trader.simulator.market import DAILY
from trader.simulator.orders import Rejected
from trader.simulator.placing import ContractQuery, take_contract
from trader.simulator.sessions import new_york_date, session_on
from trader.simulator.ticks import MARKET_DATA_TYPES
from trader.simulator.wire import Fields, MalformedError, day_text, epoch_seconds, parse_time, time_text

BARS_OF = ("TRADES", "ADJUSTED_LAST")


def find_contracts(gateway: Gateway, query: ContractQuery) -> list[Contract]:
    """Give the contracts that a description fits."""
    return [contract for contract in gateway.exchange.market.contracts if _fits(contract, query)]


def _fits(contract: Contract, query: ContractQuery) -> bool:
    venues = ("", contract.exchange, contract.primary_exchange, "FXCONV" if contract.is_currency else "")
    return _terms_fit(contract, query) and (
        query.con_id in (0, contract.con_id)
        and query.symbol in ("", contract.symbol)
        and query.local_symbol in ("", contract.local_symbol or contract.symbol)
        and bool(query.con_id or query.symbol or query.local_symbol)
        and query.security_type in (contract.security_type, "" if query.con_id else contract.security_type)
        and query.exchange in venues
        and query.primary_exchange in ("", contract.primary_exchange)
        and query.currency in ("", contract.currency)
    )


def _terms_fit(contract: Contract, query: ContractQuery) -> bool:
    """Say whether expiry, strike and right are those asked for, or not asked for; a stock has none."""
    if contract.security_type == "STK":
        return True
    expiry = "" if contract.expiry is None else day_text(contract.expiry)
    return (
        expiry.startswith(query.expiry)
        and (not query.strike or query.strike == contract.strike)
        and query.right in ("", "0", "?", contract.right, {"C": "CALL", "P": "PUT"}.get(contract.right))
        and query.multiplier in ("", plain(contract.multiplier))
    )


def one_contract(gateway: Gateway, query: ContractQuery) -> Contract:
    """Give the only contract that fits; error 200 if there is none."""
    found = find_contracts(gateway, query)
    if len(found) != 1:
        raise Rejected(200, "No security definition has been found for the request")
    return found[0]


def contract_details(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Describe every contract that fits."""
    fields.fixed("version", "8")
    request_id = fields.integer("reqId")
    query = take_contract(fields)
    fields.flag("includeExpired")
    identifier = fields.text("secIdType"), fields.text("secId")
    issuer = fields.text("issuerId") if client.version >= 176 else ""
    fields.end()
    found = [] if any(identifier) or issuer else find_contracts(gateway, query)
    if not found:
        raise Rejected(200, "No security definition has been found for the request")
    today = new_york_date(gateway.exchange.now)
    for contract in found:
        client.send(messages.contract_data(request_id, contract, today, client.version))
    client.send(messages.contract_data_end(request_id))


def matching_symbols(gateway: Gateway, client: Client, fields: Fields) -> None:
    """List the contracts whose symbol or name starts with a pattern."""
    request_id = fields.integer("reqId")
    pattern = fields.text("pattern").upper()
    fields.end()
    listed = gateway.exchange.market.contracts
    found = [each for each in listed if each.symbol.startswith(pattern) or each.long_name.upper().startswith(pattern)]
    client.send(messages.symbol_samples(request_id, found, client.version))


def market_rule(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Give the price increments."""
    rule = fields.integer("marketRuleId")
    fields.end()
    rules = {messages.market_rule_of(each): each.ticks for each in gateway.exchange.market.contracts}
    if str(rule) not in rules:
        raise MalformedError(f"market rule {rule} is not known; this venue has {', '.join(sorted(rules))}")
    client.send(messages.market_rule(rule, rules[str(rule)]))


# Quotes


PLENTY = 10_000_000  # of shares that can be borrowed
SHORTABLE_SHARES = 89  # the tick that generic tick 236 brings


def market_data(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Send the present ticks; a snapshot ends there, a line goes on whenever time moves."""
    fields.fixed("version", "11")
    request_id = fields.integer("reqId")
    query = take_contract(fields)
    if query.security_type == "BAG":
        raise MalformedError("combos are not simulated")
    if fields.flag("deltaNeutralContractPresent"):
        raise MalformedError("delta neutral contracts are not simulated")
    generic = fields.text("genericTickList")
    snapshot = fields.flag("snapshot")
    fields.flag("regulatorySnapshot")
    fields.text("mktDataOptions")
    fields.end()
    contract = one_contract(gateway, query)
    if gateway.faults.data_refused is not None:
        raise Rejected(*gateway.faults.data_refused)
    if request_id in client.market_lines:
        raise Rejected(322, "Error processing request.-'reqMktData' : cause - Duplicate ticker id")
    client.send(messages.market_data_type(request_id, gateway.delivered_type(client)))
    client.send(messages.tick_req_params(request_id, contract))
    gateway.tell_ticks(client, request_id, contract.con_id)
    if snapshot:
        client.send(messages.tick_snapshot_end(request_id))
    else:
        client.market_lines[request_id] = contract.con_id
        shares = gateway.faults.borrowable.get(contract.symbol, PLENTY)
        if "236" in generic.split(",") and shares is not None:
            client.send(messages.tick_size(request_id, SHORTABLE_SHARES, shares, client.version))


def cancel_market_data(gateway: Gateway, client: Client, fields: Fields) -> None:  # noqa: ARG001 - an Answer
    """Send no more ticks."""
    fields.fixed("version", "2")
    request_id = fields.integer("reqId")
    fields.end()
    if client.market_lines.pop(request_id, None) is None:
        raise Rejected(300, f"Can't find EId with tickerId:{request_id}")


def market_data_type(gateway: Gateway, client: Client, fields: Fields) -> None:  # noqa: ARG001 - an Answer
    """Remember which kind of market data the session wants."""
    fields.fixed("version", "1")
    wanted = fields.integer("marketDataType")
    fields.end()
    if wanted not in MARKET_DATA_TYPES:
        raise MalformedError(f"marketDataType should be 1 to 4, found {wanted}")
    client.market_data_type = wanted


# History


def historical_data(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Send the bars up to a moment, the running one included as IB does."""
    request_id = fields.integer("reqId")
    query = take_contract(fields)
    fields.flag("includeExpired")
    end, bar_size, duration = fields.text("endDateTime"), fields.text("barSizeSetting"), fields.text("durationStr")
    regular_hours, what = fields.flag("useRTH"), fields.text("whatToShow")
    as_epoch = _format(fields)
    if query.security_type == "BAG":
        raise MalformedError("combos are not simulated")
    keep_up_to_date = fields.flag("keepUpToDate")
    fields.text("chartOptions")
    fields.end()
    contract = one_contract(gateway, query)
    _only_trades(what)
    if keep_up_to_date:
        raise MalformedError("keepUpToDate is not simulated")
    now = gateway.exchange.now
    until = min(parse_time(end, "endDateTime"), now) if end else now
    try:
        bars = gateway.exchange.market.history(contract.con_id, until, duration, bar_size, regular_hours)
    except ValueError as error:
        raise MalformedError(str(error)) from error
    if not bars:
        raise Rejected(162, _no_data(f"{contract.symbol}@{contract.exchange} {what}"))
    dated = [(_bar_date(bar, bar_size == DAILY, as_epoch, client.version), bar) for bar in bars]
    client.send(messages.historical_data(request_id, bars[0].start, until, dated, client.version))


def _format(fields: Fields) -> bool:
    """Take formatDate: 1 is text, 2 is seconds since 1970."""
    form = fields.integer("formatDate")
    if form not in (1, 2):
        raise MalformedError(f"formatDate should be 1 or 2, found {form}")
    return form == 2


def _only_trades(what: str) -> None:
    if what not in BARS_OF:
        raise MalformedError(f"whatToShow={what} is not simulated; this venue has {' and '.join(BARS_OF)}")


def _no_data(subject: str) -> str:
    return f"Historical Market Data Service error message:HMDS query returned no data: {subject}"


def _bar_date(bar: Bar, daily: bool, as_epoch: bool, version: int) -> str:
    """Write a bar's date: eight digits for a day whatever was asked for, else text or seconds."""
    if daily:
        return day_text(new_york_date(bar.start))
    return epoch_seconds(bar.start) if as_epoch else time_text(bar.start, version)


def cancel_historical_data(gateway: Gateway, client: Client, fields: Fields) -> None:  # noqa: ARG001 - an Answer
    """Say that the query is gone: every one was answered at once."""
    fields.fixed("version", "1")
    request_id = fields.integer("reqId")
    fields.end()
    raise Rejected(366, f"No historical data query found for ticker id:{request_id}")


def head_timestamp(gateway: Gateway, client: Client, fields: Fields) -> None:
    """Give the moment of the earliest bar."""
    request_id = fields.integer("reqId")
    query = take_contract(fields)
    fields.flag("includeExpired")
    fields.flag("useRTH")
    what, as_epoch = fields.text("whatToShow"), _format(fields)
    fields.end()
    contract = one_contract(gateway, query)
    _only_trades(what)
    session = session_on(gateway.exchange.market.first_session(contract.con_id))
    if session is None or session.open > gateway.exchange.now:
        raise Rejected(162, _no_data(contract.symbol))
    client.send(messages.head_timestamp(request_id, session.open, as_epoch))


def cancel_head_timestamp(gateway: Gateway, client: Client, fields: Fields) -> None:  # noqa: ARG001 - an Answer
    """Take note: it was answered at once."""
    fields.integer("reqId")
    fields.end()


MARKET_ANSWERS: tuple[tuple[str, Answer], ...] = (
    ("reqContractDetails", contract_details),
    ("reqMatchingSymbols", matching_symbols),
    ("reqMarketRule", market_rule),
    ("reqMktData", market_data),
    ("cancelMktData", cancel_market_data),
    ("reqMarketDataType", market_data_type),
    ("reqHistoricalData", historical_data),
    ("cancelHistoricalData", cancel_historical_data),
    ("reqHeadTimestamp", head_timestamp),
    ("cancelHeadTimestamp", cancel_head_timestamp),
)
