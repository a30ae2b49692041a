"""Does the broker agree? Pure comparisons of the two halves that the book holds."""

from reconcile.acceptance import acceptance
from reconcile.reconciliation import reconcile
from reconcile.taking_back import taking_back
from reconcile.tolerances import Tolerances

__all__ = ["Tolerances", "acceptance", "reconcile", "taking_back"]
