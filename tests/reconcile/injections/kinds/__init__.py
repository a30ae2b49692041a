"""Every kind of injection. To add one: its course in the file of its family, and a row in that file's tuple."""

from __future__ import annotations

from tests.reconcile.injections.kinds.actions import ACTIONS
from tests.reconcile.injections.kinds.kind import Kind
from tests.reconcile.injections.kinds.money import MONEY
from tests.reconcile.injections.kinds.reports import REPORTS
from tests.reconcile.injections.kinds.trades import TRADES

KINDS: tuple[Kind, ...] = (*TRADES, *MONEY, *ACTIONS, *REPORTS)
