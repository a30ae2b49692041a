"""Lots: which purchase a sale closes, and what else changes what is held.

A lot keeps its quantity, its gross basis and its commission as three totals, each allocated by itself, so that IB's
convention (commissions netted into the basis) and the NAV bridge's (before commissions) are both exact.
Signs: a long lot has a positive quantity and basis, a short one negative ones (its basis is minus its proceeds);
commissions are signed as cash: negative when paid.

A contract's history is a chain of states, each of which knows the entry that led to it and the state before, and its
open lots are a queue of links: both share what did not change, so that a new trade copies nothing, and a late entry
re-matches only what came after it. The oldest states may be folded into a floor: open lots stay exact, and nothing can
be inserted below it. Lots are queued by the date of their acquisition, wherever they come from.

To add an entry see `ledger/lots/entries.py`; a method, `ledger/lots/methods.py`.
"""

from __future__ import annotations

from ledger.lots.arithmetic import BASIS_UNIT, EXACT, ONE, ROUNDING, ZERO, allocate, exactly, new, spread
from ledger.lots.disposals import Disposal, disposals
from ledger.lots.entries import OPENING, BringIn, CarveOut, Entry, Lot, Named, Recost, Scale, TakeOut, Trade, place_of
from ledger.lots.holding import Floor, Folded, Holding, holding_of
from ledger.lots.matched import NOTHING, Matched, matched_of
from ledger.lots.methods import METHODS

__all__ = (
    "BASIS_UNIT", "EXACT", "METHODS", "NOTHING", "ONE", "OPENING", "ROUNDING", "ZERO", "BringIn", "CarveOut",
    "Disposal", "Entry", "Floor", "Folded", "Holding", "Lot", "Matched", "Named", "Recost", "Scale", "TakeOut", "Trade",
    "allocate", "disposals", "exactly", "holding_of", "matched_of", "new", "place_of", "spread",
)  # fmt: skip
