"""What could explain a difference: one function a cause, one file a family of them.

To add a cause: write the function in the file of its family, add it to `CAUSES`, name it in docs/reconciliation.md, and
test what it explains and what it must leave alone. The order decides only between explanations that are as likely.
"""

from __future__ import annotations

from reconcile.candidates import Cause
from reconcile.causes.dividends import dividends_due
from reconcile.causes.splits import split

CAUSES: tuple[Cause, ...] = (dividends_due, split)
