"""Several strategies in one account: what they want of a contract together, and what the owner lets them.

Pure. A strategy wants its weight times its leverage times its share of the capital; what all want is summed before
anything is ordered. An override of one strategy leaves what it holds alone, or lets it shrink; one that holds for all
of them is the contract's.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal

from ledger.book import Book
from ledger.events import TargetsComputed
from ledger.lots import ZERO
from ledger.overriding import STRICTNESS, Allowed, allowed, allowed_to_strategy
from ledger.subbooks import sub_position
from trader.projection import running_cycle

EXPOSURE_UNIT = Decimal("1e-12")


def names_wanting(book: Book) -> tuple[str, ...]:
    """Name the strategies of this cycle's forecast."""
    return tuple(computed.strategy for computed in running_cycle(book).targets)


def is_wanted(book: Book, con_id: int) -> bool:
    """Tell whether any strategy's forecast names a contract, with weight 0 or not."""
    return any(row.con_id == con_id for computed in running_cycle(book).targets for row in computed.rows)


def allowed_to_any(book: Book, symbol: str) -> Allowed:
    """Return what overrides leave of a contract for that strategy which they leave most."""
    each = [allowed(book, symbol, name) for name in names_wanting(book)] or [allowed(book, symbol, "")]
    return min(each, key=lambda one: STRICTNESS.index(one.allow))


def exposures(book: Book, con_id: int, symbol: str, unit: Decimal) -> dict[str, Decimal]:
    """Return the multiple of the invested NAV that each strategy wants in a contract, signed.

    `unit` is what one unit of it is worth, as a fraction of the invested NAV.
    """
    return {
        computed.strategy: _exposure(book, computed, con_id, symbol, unit) for computed in running_cycle(book).targets
    }


def together(exposures: Mapping[str, Decimal]) -> Decimal:
    """Sum up what all want, away from zero: sizing rounds toward it, and must not take a unit off what is kept."""
    return sum(exposures.values(), ZERO).quantize(EXPOSURE_UNIT, ROUND_UP)


def _exposure(book: Book, computed: TargetsComputed, con_id: int, symbol: str, unit: Decimal) -> Decimal:
    rows = (row for row in computed.rows if row.con_id == con_id)
    scale = allowed(book, symbol, computed.strategy).scale
    wanted = sum((row.weight * row.leverage for row in rows), ZERO) * computed.capital * scale
    own = allowed_to_strategy(book, computed.strategy)
    if own == "all" or len(running_cycle(book).targets) == 1:  # what holds for all of it is looked at in the plan
        return wanted
    held = sub_position(book, computed.strategy, con_id) * unit
    if own == "none":
        return held
    if wanted * held <= 0:
        return ZERO
    return min(wanted, held, key=abs)
