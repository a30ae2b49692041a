"""Everything that is compared at a look: one function a kind of break.

A comparison takes the book and the tolerances and returns findings, each of a subject of its own; it never decides
whether a finding is new. It raises Unvalued where a mark or a rate is missing: then nothing is known of its kind. To
add one: write the function (`judging.py` where figures differ, `orders.py` for the rest), add it to `COMPARISONS`, test
agreement, a difference, and a side that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ledger.events.reconciliation import BreakKind
from ledger.state import State
from reconcile.comparing import judging, orders
from reconcile.comparing.finding import Finding
from reconcile.tolerances import Tolerances

Comparison = Callable[[State, Tolerances], Iterable[Finding]]

COMPARISONS: tuple[tuple[BreakKind, Comparison], ...] = (
    ("position", judging.positions),
    ("cash", judging.cash),
    ("nav", judging.nav),
    ("exposure", judging.exposure),
    ("execution", judging.executions),
    ("realised", judging.realised),
    ("foreign_trade", orders.foreign_trades),
    ("foreign_order", orders.foreign_orders),
    ("order", orders.orders),
    ("corporate_action", orders.corporate_actions),
)
INFORMING: frozenset[BreakKind] = frozenset({"exposure", "realised"})  # unknown, they veto nothing
