"""How far the halves may be apart, each bound with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

CENT = Decimal("0.01")

# Of NAV, at once: what was announced, or comes every month, arrives; more than that is looked at by a person.
RETAIL_RULES: tuple[tuple[str, Decimal], ...] = tuple(
    (cause, Decimal("0.0025"))
    for cause in ("dividend", "withholding tax", "payment in lieu", "interest", "borrow fee", "fee")
)


@dataclass(frozen=True, slots=True)
class Tolerances:
    """The retail profile. Shares are fractions of NAV; amounts are in the base currency."""

    cash_rounding: Decimal = CENT  # IB sends cash rounded to cents
    cash_note_share: Decimal = Decimal("0.0005")  # unexplained cash up to here: trade, and tell
    cash_note_min: Decimal = Decimal(25)
    cash_reduce_share: Decimal = Decimal(
        "0.005"
    )  # up to here: trade for `cash_sessions_max` sessions, then reduce only
    cash_halt_share: Decimal = Decimal("0.02")  # beyond: halt
    cash_sessions_max: int = 3
    rule_share: Decimal = Decimal("0.0025")  # what all rules may book at once
    rules: tuple[tuple[str, Decimal], ...] = RETAIL_RULES  # causes that are booked by rule, and up to which share
    nav_share: Decimal = Decimal("0.0005")  # marks move between the parts of one account download
    pending_commission_share: Decimal = CENT  # IB's cap: a commission is at most 1 % of the trade's value …
    pending_commission_min: Decimal = Decimal(1)  # … but at least this
    foreign_orders: Literal["lock", "leave"] = "lock"


RETAIL = Tolerances()
