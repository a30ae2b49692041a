"""What became of options: rows of an option and of its underlying, joined into one fact.

The broker books two trades, the option at zero and the underlying at the strike; together they carry the premium into
the underlying. An option without its other half was settled in cash, for what its row says.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ledger.events import OptionAssigned, OptionExercised, OptionExpired
from ledger.lots import EXACT
from reconcile.statements.executions import Traded
from reconcile.statements.reading import ACTION, Reading
from reconcile.statements.rows import ZERO
from reconcile.statements.securities import MARGIN, OPTIONS

ASSIGNED = frozenset({"A"})
EXERCISED = frozenset({"Ex", "AEx", "MEx"})
EXPIRED = frozenset({"Ep"})
BOOKED: tuple[tuple[str, frozenset[str]], ...] = (  # transaction types of files without codes
    ("Assignment", ASSIGNED), ("Exercise", EXERCISED), ("Expiration", EXPIRED), ("Cash Settlement", EXERCISED),
)  # fmt: skip
EXCHANGED = frozenset({"ExchTrade", "DvpTrade", "FracShare"})


def take_exercises(trades: list[Traded], reading: Reading) -> list[Traded]:
    """Tell exercises, assignments and expiries; return the trades that are none."""
    ends = {id(trade): why for trade in trades if (why := _why(trade))}
    options = [trade for trade in trades if id(trade) in ends and trade.contract.security_type in OPTIONS]
    legs = [trade for trade in trades if id(trade) in ends and trade.contract.security_type not in OPTIONS]
    for option in options:
        why = ends[id(option)]
        leg = None if why == EXPIRED else next((leg for leg in legs if _delivers(option, leg)), None)
        if leg is not None:
            legs.remove(leg)
        _tell(option, leg, why, reading)
    for leg in legs:
        if leg.contract.security_type not in MARGIN:
            reading.note(f"{leg.contract.symbol}: delivered for an option that the file does not tell")
    gone = {id(trade) for trade in options} | (ends.keys() - {id(leg) for leg in legs})
    return [trade for trade in trades if id(trade) not in gone]


def _why(trade: Traded) -> frozenset[str]:
    if trade.row.text("transactionType") in EXCHANGED or trade.cancels:
        return frozenset()
    for codes in (ASSIGNED, EXERCISED, EXPIRED):
        if codes & trade.codes:
            return codes
    told = trade.row.text("transactionType")
    return next((codes for name, codes in BOOKED if name == told), frozenset())


def _delivers(option: Traded, leg: Traded) -> bool:
    """Tell whether a trade of the underlying is the option's other half."""
    contract, underlying = option.contract, leg.contract
    named = underlying.con_id == contract.underlying_con_id or underlying.symbol == option.row.text("underlyingSymbol")
    if not named or leg.second != option.second or leg.price != contract.strike:
        return False
    units = EXACT.multiply(option.quantity, contract.multiplier)
    return abs(units) == abs(EXACT.multiply(leg.quantity, underlying.multiplier))


def _tell(option: Traded, leg: Traded | None, why: frozenset[str], reading: Reading) -> None:
    row, contract = option.row, option.contract
    reference = option.execution_id.removeprefix("statement-").removesuffix(".01")
    common: dict[str, Any] = {"con_id": contract.con_id, "source": "statement", "reference": reference, **option.dates}
    if why == EXPIRED and not option.price:
        reading.tell(row, OptionExpired(quantity=option.quantity, **common), ACTION, reference)
        return
    commission = EXACT.add(option.commission or ZERO, (leg.commission if leg else None) or ZERO)
    if leg is None:
        amount = option.computed if option.proceeds is None else option.proceeds
        delivered: tuple[int | None, Decimal, Decimal | None] = (None, ZERO, amount)
    else:
        future = leg.contract.security_type in MARGIN
        delivered = (leg.contract.con_id, leg.quantity, None if future else leg.proceeds)
    kind = OptionAssigned if why == ASSIGNED else OptionExercised
    fact = kind(
        quantity=option.quantity, underlying_con_id=delivered[0], underlying_quantity=delivered[1],
        strike=contract.strike or ZERO, amount=delivered[2], commission=commission or None, **common,
    )  # fmt: skip
    reading.tell(row, fact, ACTION, reference)
