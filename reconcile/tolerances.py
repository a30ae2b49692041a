"""How far the halves may be apart, and what may be booked without asking: each bound with its reason, by profile.

Every line may be set otherwise in the settings, `[reconcile]`. To add one: a field here, in both profiles if it
differs, and its setting with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

CENT = Decimal("0.01")

# What rules may book, as a share of NAV at once. The broker announces dividends and accrues interest, and both come
# with a tax: more than a quarter of a percent of NAV at once is unusual enough to be looked at by a person. Flows are
# booked by rule only as the operator announced them, to the cent: that is asking enough, whatever they amount to.
ANNOUNCED = frozenset({"deposit", "withdrawal"})
RETAIL_RULES: tuple[tuple[str, Decimal], ...] = (
    ("dividend", Decimal("0.0025")),
    ("withholding tax", Decimal("0.0025")),
    ("payment in lieu", Decimal("0.0025")),
    ("interest", Decimal("0.0025")),
    ("borrow fee", Decimal("0.0025")),
    ("fee", Decimal("0.0025")),  # one that was charged before, to the cent
    ("deposit", Decimal(1)),
    ("withdrawal", Decimal(1)),
)
DESK_RULES: tuple[tuple[str, Decimal], ...] = (  # who keeps a desk has somebody who looks at fees and flows
    ("dividend", Decimal("0.0005")),
    ("withholding tax", Decimal("0.0005")),
    ("payment in lieu", Decimal("0.0005")),
    ("interest", Decimal("0.0005")),
)


@dataclass(frozen=True, slots=True)
class Tolerances:
    """The retail profile. Shares are fractions of NAV; amounts are in the base currency."""

    cash_rounding: Decimal = CENT  # IB sends cash rounded to cents
    cash_note_share: Decimal = Decimal("0.0005")  # unexplained cash up to here: trade, and tell
    cash_note_min: Decimal = Decimal(25)  # a month of market data costs that much, and small accounts have it too
    cash_reduce_share: Decimal = Decimal("0.005")  # up to here: trade for `cash_sessions_max` sessions
    cash_halt_share: Decimal = Decimal("0.02")  # beyond: halt
    cash_sessions_max: int = 3  # the statement of a day comes the next morning; two may be late
    rule_share: Decimal = Decimal("0.0025")  # what all rules may book at once; announced flows do not count
    rules: tuple[tuple[str, Decimal], ...] = RETAIL_RULES  # causes that are booked by rule, and up to which share
    nav_share: Decimal = Decimal("0.0005")  # marks move between the parts of one account download
    pending_commission_share: Decimal = CENT  # IB's cap: a commission is at most 1 % of the trade's value …
    pending_commission_min: Decimal = Decimal(1)  # … but at least this
    foreign_orders: Literal["lock", "leave"] = "lock"


RETAIL = Tolerances()

# A desk reads its statement every morning, and its NAV is large: what it does not know by then stops it earlier.
DESK = Tolerances(
    cash_note_share=Decimal("0.0001"),
    cash_note_min=Decimal(5),
    cash_reduce_share=Decimal("0.001"),
    cash_halt_share=Decimal("0.005"),
    cash_sessions_max=1,
    rule_share=Decimal("0.0005"),
    rules=DESK_RULES,
    nav_share=Decimal("0.0002"),
)
PROFILES: dict[str, Tolerances] = {"retail": RETAIL, "desk": DESK}
