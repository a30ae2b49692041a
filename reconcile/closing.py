"""What brought the halves together again: which facts that were told since a break was found."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations, islice
from typing import NamedTuple

from ledger.events import BreakClosed
from ledger.state import ZERO, Break, State
from reconcile.tolerances import CENT

AGAIN = "both halves match again"
TOGETHER_MAX = 3  # facts that are looked at together
LOOKED_AT = 24  # the last ones that concern a break

CAUSES_OF: dict[str, str] = {
    "fill": "missed fill",
    "bust": "busted fill",
    "commission": "late commission",
    "dividend_paid": "dividend",
    "payment_in_lieu_paid": "payment in lieu",
    "tax_withheld": "withholding tax",
    "interest_paid": "interest",
    "fee_charged": "fee",
    "commission_adjusted": "rebated commission",
    "cash_deposited": "deposit",
    "cash_withdrawn": "withdrawal",
    "variation_settled": "variation margin",
    "currency_converted": "currency conversion",
}


ACTIONS: dict[str, str] = {
    "split_applied": "split",
    "stock_dividend_applied": "stock dividend",
    "spin_off_applied": "spin-off",
    "merger_applied": "merger",
    "tender_applied": "merger",
    "contract_renamed": "rename",
    "contract_delisted": "merger",
    "option_exercised": "exercise",
    "option_assigned": "assignment",
    "option_expired": "expiry",
    "position_transferred": "position transfer",
}
BY_THE_BROKER = "stale snapshot"  # the book was right: the broker's half came round


class _Since(NamedTuple):
    """A fact that was told since a break was found, and concerns it."""

    key: str
    cause: str
    amount: Decimal | None  # what it moved of the difference; None: the key does not tell


def closed(book: State, known: Break) -> BreakClosed:
    """End a break whose halves match again: by what was told since, as far as that makes the difference."""
    since = tuple(islice(_since(book, known), LOOKED_AT))
    chosen = _making(since, known.found.difference or ZERO)
    causes = " + ".join(dict.fromkeys(told.cause for told in chosen))
    if not since and known.found.kind in ("position", "cash", "nav"):
        causes = BY_THE_BROKER
    evidence = tuple(told.key for told in chosen)
    return BreakClosed(break_id=known.found.break_id, reason=AGAIN, cause=causes, evidence=evidence)


def _making(since: tuple[_Since, ...], difference: Decimal) -> tuple[_Since, ...]:
    """Return the fewest facts that make a difference together; else the actions, whose amounts only their lots tell."""
    told = [each for each in since if each.amount is not None]
    for size in range(1, TOGETHER_MAX + 1):
        for some in combinations(told, size):
            if abs(sum((each.amount or ZERO for each in some), ZERO) - difference) <= CENT:
                return tuple(reversed(some))
    return tuple(each for each in reversed(since) if each.amount is None)


def _since(book: State, known: Break) -> Iterator[_Since]:
    """Yield the facts since a break was found that concern its contract or its currency, the last first."""
    for key, (seq, part) in reversed(book.keys.items()):
        if seq <= known.seq:
            return
        moved = _moved(book, key, part or ())
        if moved is None:
            continue
        cause, con_id, units, currency, cash = moved
        if known.found.kind == "position" and con_id == known.found.con_id:
            yield _Since(key, cause, units)
        elif known.found.kind == "cash" and currency == known.found.currency:
            yield _Since(key, cause, cash)


Moved = tuple[str, int | None, Decimal | None, str | None, Decimal | None]


def _moved(book: State, key: str, part: tuple[object, ...]) -> Moved | None:
    """Read off a key, and what is identical in it, which contract and currency its fact moved, and by how much."""
    kind, _, rest = key.partition("/")
    match kind, part:
        case "fill", (_, int() as con_id, Decimal() as units, Decimal() as price, str() as currency):
            return CAUSES_OF[kind], con_id, units, currency, -units * price * _multiplier(book, con_id)
        case "bust", _:
            fill = book.fills.get(rest.partition("/")[2].rpartition("/")[0])
            if fill is None:
                return None
            worth = fill.quantity * fill.price * _multiplier(book, fill.con_id)
            return CAUSES_OF[kind], fill.con_id, -fill.quantity, fill.currency, worth
        case "commission", (Decimal() as amount, str() as currency):
            return CAUSES_OF[kind], None, None, currency, amount
        case "broker-cash", (str() as cause, Decimal() as amount, str() as currency) if cause in CAUSES_OF:
            return CAUSES_OF[cause], None, None, currency, amount
        case "action", _:
            cause = next((ACTIONS[each] for each in part if isinstance(each, str) and each in ACTIONS), "")
            of = rest.rpartition("/")[2]
            return (cause, int(of), None, None, None) if cause and of.isdigit() else None
        case _:
            return None


def _multiplier(book: State, con_id: int) -> Decimal:
    contract = book.contracts.get(con_id)
    return Decimal(1) if contract is None else contract.multiplier
