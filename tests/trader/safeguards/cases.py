"""Every case there is, a family after the other: to add one, write it into the file of its safeguard's family."""

from __future__ import annotations

from tests.trader.safeguards import of_account, of_activity, of_cycle, of_hours, of_orders, of_prices, of_targets

FAMILIES = (of_cycle, of_hours, of_account, of_activity, of_orders, of_prices, of_targets)
CASES = tuple(case for family in FAMILIES for case in family.CASES)
