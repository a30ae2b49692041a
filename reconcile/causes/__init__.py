"""What could explain a difference: one function a cause, one file a family of them.

To add a cause: write the function in the file of its family, add it to `CAUSES`, name it in docs/reconciliation.md, and
test what it explains and what it must leave alone. The order decides only between explanations that are as likely.
"""

from __future__ import annotations

from reconcile.candidates import Cause
from reconcile.causes.commissions import late_commission, rebated_commission, wrong_commission
from reconcile.causes.currencies import conversion, translation
from reconcile.causes.dividends import (
    dividends_declared,
    dividends_due,
    paid_in_lieu,
    taxes_alone,
    taxes_at_another_rate,
)
from reconcile.causes.exchanges import merger, rename, spin_off
from reconcile.causes.flows import announced_flow, unannounced_flow
from reconcile.causes.futures import future_expiry, variation_margin
from reconcile.causes.interest_and_fees import borrow_fee, fee, interest
from reconcile.causes.options import assignment, exercise, expiry
from reconcile.causes.snapshots import (
    mark_difference,
    partial_snapshot,
    rounding,
    stale_snapshot,
    unsettled_cash,
)
from reconcile.causes.splits import cash_in_lieu, split
from reconcile.causes.trades import busted_fill, corrected_fill, duplicated_fill, missed_fill
from reconcile.causes.transfers import position_transfer

CAUSES: tuple[Cause, ...] = (
    dividends_due, announced_flow, interest, taxes_at_another_rate, dividends_declared,
    split, cash_in_lieu, rename, spin_off, assignment, exercise, expiry, future_expiry, variation_margin, merger,
    duplicated_fill, busted_fill, corrected_fill, missed_fill,
    position_transfer,
    conversion, paid_in_lieu, late_commission, wrong_commission, rebated_commission,
    partial_snapshot, unsettled_cash, stale_snapshot, mark_difference, rounding,
    # of any amount
    fee, unannounced_flow, taxes_alone, borrow_fee, translation,
)  # fmt: skip
