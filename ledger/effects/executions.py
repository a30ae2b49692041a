"""What executions do: lots and cash, their commissions and taxes, and by which lots they close.

A fill of stocks, options, bonds and the like moves cash; one of a future or a CFD stands against `variation:CONID`
until its daily settlements have moved the cash; one of a pair of currencies moves two amounts of cash and no lots.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from ledger.booked import Tax
from ledger.effects.changes import (
    MARGINED,
    PAID,
    VIRTUAL,
    Effect,
    change,
    check_account,
    check_contract,
    earn,
    holding_of,
    impossible,
    method_of,
    paid_from,
    trade,
)
from ledger.events import (
    CommissionCharged,
    ContractDefined,
    Fact,
    FillBusted,
    LotMethodSet,
    LotsSpecified,
    OrderFilled,
    ProceedsSettled,
    TransactionTaxCharged,
    execution_base,
)
from ledger.forgetting import known_order
from ledger.line import Event
from ledger.lots import Entry, Folded, Holding, Named, TakeOut, Trade, new
from ledger.lots import holding_of as put_together
from ledger.state import ZERO, Fill, Forgotten, Impossible, Order, State, changed
from ledger.subbooks import share_fill


def _filled(state: State, event: Event) -> None:
    fact: OrderFilled = event.fact  # type: ignore[assignment]
    base, revision = execution_base(fact.execution_id)
    known = state.fills.get(base)
    order = known_order(state, fact.order_ref)
    contract = _check_fill(state, fact, known, order)
    if known is not None and (known.revision > revision or (known.busted and known.revision == revision)):
        return  # an older revision told late changes nothing, nor does one that was taken back
    if known is not None and not known.busted:
        _untrade(state, base, known)
    con_id, quantity, price, currency, at = fact.con_id, fact.quantity, fact.price, fact.currency, event.at
    commission = (None, None, 0) if known is None else known.commission_told
    # What a statement told before the account was adopted was nobody's order of ours, and is no news.
    foreign = order is None and (state.adopted or fact.source != "statement")
    fill: Fill = new(Fill, (
        fact.execution_id, revision, con_id, quantity, price, currency, fact.order_ref, fact.perm_id, fact.client_id,
        at, event.seq, foreign, *commission, False, fact.liquidation, None,
    ))  # fmt: skip
    state.fills[base] = fill
    gross = gross_of(state, contract, base, fill) if state.proceeds else quantity * price * contract.multiplier
    if contract.security_type == VIRTUAL:
        _convert(state, contract, quantity, gross)
    else:
        holding = state.holdings.get(con_id) or holding_of(state, con_id)
        method, named = _closing(state, base, con_id, at) if state.lot_methods or state.named_lots else ("fifo", ())
        told: Trade = new(Trade, (at, base, revision, quantity, gross, _cost(state, base, fill), method, named))
        account = "cash" if contract.security_type in PAID else f"variation:{con_id}"
        trade(state, holding, holding.with_entry(told), gross, account, at)
    _fill_order(state, fact.order_ref, quantity)


def _check_fill(state: State, fact: OrderFilled, known: Fill | None, order: Order | None) -> ContractDefined:
    con_id, quantity, what = fact.con_id, fact.quantity, ("execution", fact.execution_id)
    check_account(state, fact.account, what)
    contract = state.contracts.get(con_id)
    if contract is None or contract.security_type not in PAID or contract.currency != fact.currency:
        contract = _check_other(state, fact, what)
    if not quantity or (fact.price < ZERO and contract.security_type not in MARGINED):
        raise impossible(what, f"{quantity} at {fact.price} is no trade")
    if order is not None and order.con_id != con_id:
        raise impossible(what, f"order {fact.order_ref} is for {order.con_id}, not {con_id}")
    if order is not None and (order.quantity > 0) != (quantity > 0):
        raise impossible(what, f"order {fact.order_ref} is for {order.quantity}, found {quantity}")
    if known is not None and known.con_id != con_id:
        raise impossible(what, f"corrects one of {known.con_id}, found {con_id}")
    return contract


def _check_other(state: State, fact: OrderFilled, what: tuple[object, ...]) -> ContractDefined:
    """Return what is traded, where it is not simply paid in full."""
    contract = state.contracts.get(fact.con_id)
    if contract is None or contract.security_type != VIRTUAL:
        return check_contract(state, fact.con_id, fact.currency, what)
    if contract.currency != fact.currency:
        raise impossible(what, f"expected {contract.currency}, found {fact.currency}")
    if bought_currency(contract) == contract.currency:
        raise impossible(what, f"{contract.symbol}: expected a pair of two currencies")
    return contract


def bought_currency(contract: ContractDefined) -> str:
    """Return the currency that the quantity of a pair is in: EUR of EUR.USD, however it is spelt."""
    return contract.symbol.partition(".")[0].partition("/")[0]


def _convert(state: State, pair: ContractDefined, quantity: Decimal, gross: Decimal) -> None:
    earn(state, bought_currency(pair), quantity, "conversion")
    earn(state, pair.currency, -gross, "conversion")


def _untrade(state: State, base: str, known: Fill) -> None:
    """Take a fill out of lots, cash and its order; its commission stays charged."""
    contract = state.contracts[known.con_id]
    if contract.security_type == VIRTUAL:
        _convert(state, contract, -known.quantity, -gross_of(state, contract, base, known))
    else:
        holding = state.holdings[known.con_id]
        told = holding.entry(base)
        assert isinstance(told, Trade)
        trade(state, holding, holding.without_entry(base), -told.gross, paid_from(state, known.con_id), known.at)
    _fill_order(state, known.order_ref, -known.quantity)


def gross_of(state: State, contract: ContractDefined, base: str, fill: Fill) -> Decimal:
    """Return what a fill moved: the broker's amount, where it said one of this revision."""
    for revision, amount in state.proceeds.get(base, ()):
        if revision == fill.revision:
            return -amount
    return fill.quantity * fill.price * contract.multiplier


def _fill_order(state: State, order_ref: str, quantity: Decimal) -> None:
    order = state.orders.get(order_ref)
    if order is None:
        return
    filled = order.filled + quantity
    status = order.status
    if abs(filled) >= abs(order.quantity):
        status = "filled"
    elif status == "filled" and order.filled_reported is not None:
        status = "cancelled"  # it had ended before a late fill made it whole, and that fill was taken back
    elif status == "filled" or (status == "attempted" and not order.change_asked):
        status = "working"  # a fill proves that the order arrived, and says nothing of a change of it
    state.keep_order(order.executed(filled, status))
    if order.parts:
        share_fill(state, order.parts, order.con_id, quantity)


def _busted(state: State, event: Event) -> None:
    fact: FillBusted = event.fact  # type: ignore[assignment]
    base, revision = execution_base(fact.execution_id)
    known = state.fills.get(base)
    check_account(state, fact.account, ("bust of", fact.execution_id))
    if known is None:
        raise Impossible(f"bust of {fact.execution_id}: no such execution is recorded")
    if revision < known.revision:
        return  # of what was corrected since: the correction stands
    if not known.busted:
        _untrade(state, base, known)
    state.fills[base] = changed(known, busted=True, revision=revision)


# What an execution costs


def _commission(state: State, event: Event) -> None:
    fact: CommissionCharged = event.fact  # type: ignore[assignment]
    base, revision = execution_base(fact.execution_id)
    known = state.fills.get(base)
    if known is None:
        raise Impossible(f"commission of {fact.execution_id}: no such execution is recorded")
    if revision < known.commission_revision:
        return
    before, currency_before, _ = known.commission_told
    if before is not None and currency_before is not None:
        earn(state, currency_before, -before, "commissions")
    amount, currency = fact.amount, fact.currency
    earn(state, currency, amount, "commissions")
    charged = state.fills[base] = known.charged(amount, currency, revision, fact.realised_reported)
    if known.currency in (currency, currency_before) and not known.busted:
        _recharge(state, base, charged)


def _taxed(state: State, event: Event) -> None:
    fact: TransactionTaxCharged = event.fact  # type: ignore[assignment]
    base, revision = execution_base(fact.execution_id)
    known = _known_fill(state, fact.execution_id, "tax on")
    before = next((tax for tax in state.taxes.get(base, ()) if tax.name == fact.name), None)
    if before is not None and before.revision > revision:
        return
    if before is not None:
        earn(state, before.currency, -before.amount, "taxes")
    earn(state, fact.currency, fact.amount, "taxes")
    others = (tax for tax in state.taxes.get(base, ()) if tax.name != fact.name)
    state.taxes[base] = (*others, Tax(fact.name, revision, fact.amount, fact.currency))
    if not known.busted:
        _recharge(state, base, known)


def _cost(state: State, base: str, fill: Fill) -> Decimal:
    """Return commission and taxes of an execution, as far as they are in its contract's currency."""
    charged = fill.commission
    cost = ZERO if charged is None or fill.commission_currency != fill.currency else charged
    if state.taxes:
        for tax in state.taxes.get(base, ()):
            cost += tax.amount if tax.currency == fill.currency else ZERO
    return cost


def _recharge(state: State, base: str, fill: Fill) -> None:
    """Let a fill's lots know what it cost."""
    con_id = fill.con_id
    before = state.holdings.get(con_id)
    if before is None or state.contracts[con_id].security_type == VIRTUAL:
        return
    after = before.with_commission(base, _cost(state, base, fill))
    if state.lot_methods or con_id in state.passages:  # which lots are the dearest may be different now
        change(state, before, after, since=fill.at)
    else:
        state.holdings[con_id] = after


def _settled(state: State, event: Event) -> None:
    """Let the broker's amount count in place of quantity x price."""
    fact: ProceedsSettled = event.fact  # type: ignore[assignment]
    base, revision = execution_base(fact.execution_id)
    known = _known_fill(state, fact.execution_id, "proceeds of")
    if fact.currency != known.currency:
        raise impossible(("proceeds of", fact.execution_id), f"expected {known.currency}, found {fact.currency}")
    contract = state.contracts[known.con_id]
    before = gross_of(state, contract, base, known)
    state.proceeds[base] = (*state.proceeds.get(base, ()), (revision, fact.amount))
    if known.busted or revision != known.revision:
        return  # of a revision that is no more, or not yet
    if contract.security_type == VIRTUAL:
        earn(state, fact.currency, fact.amount + before, "conversion")
    else:
        _regross(state, base, known, -fact.amount)


def _regross(state: State, base: str, known: Fill, gross: Decimal) -> None:
    holding = state.holdings[known.con_id]
    told = holding.entry(base)
    assert isinstance(told, Trade)
    paid = paid_from(state, known.con_id)
    trade(state, holding, holding.with_gross(base, gross), gross - told.gross, paid, known.at)


def _known_fill(state: State, execution_id: str, what: str) -> Fill:
    known = state.fills.get(execution_base(execution_id)[0])
    if known is None and state.horizon is not None:
        raise Forgotten(f"{what} {execution_id}: it may be one that is forgotten")
    if known is None:
        raise Impossible(f"{what} {execution_id}: no such execution is recorded")
    return known


# Which lots it closes


def _closing(state: State, base: str, con_id: int, at: datetime) -> tuple[str, Named]:
    named = state.named_lots.get(base)
    return ("specific", named) if named is not None else (method_of(state, con_id, at), ())


def _method_set(state: State, event: Event) -> None:
    """Set a method from a moment on, and match again what was told of the time since."""
    fact: LotMethodSet = event.fact  # type: ignore[assignment]
    if fact.con_id is not None and fact.con_id not in state.contracts:
        raise Impossible(f"lot method {fact.method}: contract {fact.con_id} is not defined")
    told = (*state.lot_methods.get(fact.con_id, ()), (event.at, fact.method))
    state.lot_methods[fact.con_id] = tuple(sorted(told, key=lambda since: since[0]))
    for con_id in [fact.con_id] if fact.con_id is not None else list(state.holdings):
        if con_id in state.holdings:
            _match_again(state, state.holdings[con_id], event)


def _match_again(state: State, before: Holding, event: Event) -> None:
    last, floor, at = before.now.entry, before.floor, event.at
    if floor is not None and at <= floor.order[0]:
        raise Folded(before.con_id)
    if last is None or last.at < at:
        return
    entries = [_by_method(state, before.con_id, entry) for entry in before.entries]
    after = put_together(before.con_id, before.currency, before.multiplier, floor, entries)
    change(state, before, after, since=at)


def _by_method(state: State, con_id: int, entry: Entry) -> Entry:
    """Return an entry as the methods want it that are set now."""
    gone = (each.key for each in state.passages.get(con_id, ()) if each.target is None)
    if isinstance(entry, Trade) and not entry.named:
        return entry._replace(method=method_of(state, con_id, entry.at))
    if isinstance(entry, TakeOut) and entry.id in map("-{}".format, gone):
        return entry._replace(method=method_of(state, con_id, entry.at))
    return entry


def _specified(state: State, event: Event) -> None:
    """Let one execution close the lots that are named, whenever they are."""
    fact: LotsSpecified = event.fact  # type: ignore[assignment]
    base, _ = execution_base(fact.execution_id)
    if any(row.quantity <= 0 for row in fact.lots):
        raise Impossible(f"lots of {fact.execution_id}: expected quantities above zero")
    if base not in state.fills and state.horizon is not None:
        raise Forgotten(f"lots of {fact.execution_id}: it may be one that is forgotten")
    named = state.named_lots[base] = tuple((row.execution, row.quantity) for row in fact.lots)
    known = state.fills.get(base)
    if known is None or known.busted or state.contracts[known.con_id].security_type == VIRTUAL:
        return
    before = state.holdings[known.con_id]
    told = before.entry(base)
    assert isinstance(told, Trade)
    change(state, before, before.replaced(told._replace(method="specific", named=named)), since=known.at)


EFFECTS: tuple[tuple[type[Fact], Effect], ...] = (
    (OrderFilled, _filled),
    (FillBusted, _busted),
    (CommissionCharged, _commission),
    (ProceedsSettled, _settled),
    (TransactionTaxCharged, _taxed),
    (LotMethodSet, _method_set),
    (LotsSpecified, _specified),
)
