"""Cash in other currencies brought back to the base currency, as the settings ask: none, debts alone, or all of it.

Pure. A balance is what both halves agree on: where book and broker differ, nothing is converted. A pair is quoted one
way only; of the one that the broker has, buying its first currency pays with its second. A debt is bought back whole,
up to the next unit; of a credit whole units are sold. To add a policy: a case in `_wanted`, its word in the settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import ROUND_CEILING, Decimal

from ledger.events import ContractDefined, OrderPlanned
from ledger.lots import ZERO
from ledger.nav import Unvalued, rate
from ledger.overriding import allowed
from ledger.references import new_order_ref
from ledger.refusals import rests
from trader.projection import Touch, running_cycle, touch, unit_value
from trader.sizing.rows import limit_price_of, nothing
from trader.sizing.units import in_lots, lot_of
from trader.sizing.wishes import Frame, Wish, closed, wild


def conversions(frame: Frame, plan: Iterable[OrderPlanned] = ()) -> tuple[OrderPlanned, ...]:
    """Plan one row for each balance that the policy wants back, beside what the plan spends of it."""
    spent = _spent(frame, plan)
    return tuple(_row(frame, currency, amount, spent.get(currency, ZERO)) for currency, amount in _wanted(frame))


def _wanted(frame: Frame) -> Iterator[tuple[str, Decimal]]:
    """Name the balances that the policy does not leave, in the book's own figures."""
    book, policy = frame.book, frame.sizing.currency_policy
    for currency, amount in sorted(book.cash.items()):
        is_wanted = policy == "convert_all" or (policy == "cover_debits" and amount < 0)
        if is_wanted and amount and currency != book.base_currency:
            yield currency, amount


def _spent(frame: Frame, plan: Iterable[OrderPlanned]) -> dict[str, Decimal]:
    """Return what the plan's purchases may cost in each currency, at their limits; what sales bring is not counted."""
    spent = dict[str, Decimal]()
    for row in plan:
        price = row.limit_price if row.limit_price is not None else row.reference_price
        if row.order_ref is not None and row.quantity > 0 and price is not None:
            contract = frame.book.contracts[row.con_id]
            cost = row.quantity * price * contract.multiplier
            spent[contract.currency] = spent.get(contract.currency, ZERO) + cost
    return spent


def _row(frame: Frame, currency: str, amount: Decimal, spent: Decimal) -> OrderPlanned:
    """Decide about one balance."""
    if 0 < amount <= spent:
        name = f"{currency}.{frame.book.base_currency}"
        return nothing(Wish(0, name, ZERO, ZERO), reason=f"{currency} {amount}: the plan spends {spent} of it")
    amount -= spent if amount > 0 else ZERO
    pair = _pair(frame, currency)
    name = f"{pair.symbol}.{pair.currency}" if pair is not None else f"{currency}.{frame.book.base_currency}"
    idle = Wish(pair.con_id if pair is not None else 0, name, ZERO, ZERO)
    try:
        obstacle = _obstacle(frame, currency, amount, pair, name)
        if obstacle or pair is None:
            return nothing(idle, reason=f"{currency} {amount}: {obstacle}")
        market = touch(frame.book, pair.con_id)
        if distrusted := wild(market, frame.sizing.limits):
            return nothing(idle, reason=f"{currency} {amount}: {distrusted}")
        return _order(frame, currency, amount, pair, market) or nothing(
            idle, reason=f"{currency} {amount}: below a lot"
        )
    except Unvalued as missing:
        return nothing(idle, reason=f"{currency} {amount}: {missing}")


def _pair(frame: Frame, currency: str) -> ContractDefined | None:
    """Return the pair of a currency and the base currency, whichever way the broker quotes it."""
    wanted = {currency, frame.book.base_currency}
    known = (c for c in frame.book.contracts.values() if c.security_type == "CASH" and c.con_id in frame.book.quotes)
    return next((pair for pair in known if {pair.symbol, pair.currency} == wanted), None)


def _obstacle(frame: Frame, currency: str, amount: Decimal, pair: ContractDefined | None, name: str) -> str:
    """Say why a balance stays as it is, or nothing."""
    book, told = frame.book, (frame.book.reported.cash or {}).get(currency, ZERO)
    worth = abs(amount) * rate(book, currency)
    if worth < frame.sizing.currency_min:
        return f"worth {worth:.2f}, below the minimum of {frame.sizing.currency_min}"
    if pair is None:
        return f"the broker has no pair of it with {book.base_currency}, or did not quote it"
    if book.reported.cash is None or told * amount <= 0:
        return f"the broker says {told}"
    if book.reduce_only:
        return "reductions only: an open break"
    override = allowed(book, name, "")
    if override.allow != "all":
        return override.why
    return closed(book, pair.con_id) or rests(book, pair.con_id, running_cycle(book).started.session_day)


def _order(frame: Frame, currency: str, amount: Decimal, pair: ContractDefined, market: Touch) -> OrderPlanned | None:
    """Order as much as both halves agree on and one order may be worth."""
    told = (frame.book.reported.cash or {})[currency]
    pace = allowed(frame.book, f"{pair.symbol}.{pair.currency}", "").scale  # an account that goes live begins small
    agreed = min(amount, told, key=abs) * pace
    side = -agreed if pair.symbol == currency else agreed  # what is sold of the currency, or bought for it
    price = limit_price_of(frame, pair.con_id, market, side)
    wanted = abs(agreed) if pair.symbol == currency else abs(agreed) / price
    lot = lot_of(pair)
    whole = (wanted / lot).to_integral_value(ROUND_CEILING) * lot if agreed < 0 else in_lots(pair, wanted)
    limits = frame.sizing.limits
    worth = min(limits.order_notional_max, limits.order_share_max * frame.nav)
    most = worth // unit_value(frame.book, pair.con_id, max(price, market.reference))
    quantity = in_lots(pair, min(whole, most)).copy_sign(side)
    if not quantity:
        return None
    left = "" if abs(quantity) == whole else f"; {abs(quantity)} of {whole} in this cycle"
    return OrderPlanned(
        con_id=pair.con_id,
        symbol=f"{pair.symbol}.{pair.currency}",
        action="BUY" if quantity > 0 else "SELL",
        quantity=quantity,
        reason=f"{currency} {amount} {'bought back' if agreed < 0 else 'converted'}{left}",
        held=ZERO,
        target=quantity,
        weight=ZERO,
        reference_price=market.reference,
        limit_price=price,
        order_ref=new_order_ref(frame.book, pair.con_id, "B" if quantity > 0 else "S"),
        algo="",
        algo_priority="",
        notional=abs(quantity) * unit_value(frame.book, pair.con_id, market.reference),
    )
