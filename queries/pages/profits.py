"""What each contract and each strategy made between two moments: what it is worth, was worth, and what money moved.

Commissions, dividends and taxes are in it; interest, fees and what exchange rates did to cash are of no contract. In
the base currency all is taken at the closing rates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from ledger.lots import ZERO, exactly
from queries.strategies import Account, Strategies


class Held(NamedTuple):
    """What a strategy had of one contract."""

    units: Decimal
    value: Decimal | None  # None: no mark was reported
    flows: Decimal  # money that moved for it, from wherever the counting began


class Profit(NamedTuple):
    """What one contract made for one strategy; nothing is 0 that is not known."""

    strategy: str
    con_id: int
    currency: str
    before: Decimal  # units
    after: Decimal
    value: Decimal | None
    profit: Decimal | None
    in_base: Decimal | None


NOTHING = Held(ZERO, ZERO, ZERO)


def held_by(strategies: Strategies) -> dict[Account, Held]:
    """Return what each strategy has of each contract."""
    return {
        Account(part.strategy, part.con_id, part.currency): Held(part.units, part.value, part.flows)
        for part in strategies.parts()
    }


def profits(
    opening: Mapping[Account, Held], closing: Mapping[Account, Held], rates: Mapping[str, Decimal]
) -> tuple[Profit, ...]:
    """Return what was made by each strategy with each contract that moved or is held."""
    found = list[Profit]()
    for account in dict.fromkeys((*opening, *closing)):
        before, after = opening.get(account, NOTHING), closing.get(account, NOTHING)
        if account.con_id is None or not any((before.units, after.units, before.flows != after.flows)):
            continue
        made, rate = None, rates.get(account.currency)
        with exactly():
            if before.value is not None and after.value is not None:
                made = after.value - before.value + after.flows - before.flows
            in_base = None if made is None or rate is None else made * rate
        found.append(
            Profit(account.strategy, account.con_id, account.currency, before.units, after.units, after.value, made,
                   in_base)
        )  # fmt: skip
    return tuple(found)


def together(told: Iterable[Profit], name: Callable[[Profit], object]) -> tuple[Profit, ...]:
    """Add up those of one name (a contract, a strategy), the best first; what is unknown makes its sum unknown."""
    sums = dict[object, Profit]()
    with exactly():
        for each in told:
            known = sums.get(name(each))
            sums[name(each)] = each if known is None else known._replace(
                before=known.before + each.before, after=known.after + each.after, value=_plus(known.value, each.value),
                profit=_plus(known.profit, each.profit), in_base=_plus(known.in_base, each.in_base),
            )  # fmt: skip
    return tuple(sorted(sums.values(), key=lambda each: -(each.in_base if each.in_base is not None else ZERO)))


def total(told: Iterable[Profit]) -> Decimal | None:
    """Return what all made in the base currency; None where one is unknown."""
    made = [each.in_base for each in told]
    with exactly():
        return None if any(each is None for each in made) else sum((each or ZERO for each in made), ZERO)


def _plus(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else one + other
