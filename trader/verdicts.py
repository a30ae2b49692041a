"""What a safeguard found, with the figures that anyone can check.

A comparison is exact; only its figures are rounded for display. To compare in another way: build a `Verdict` directly.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Literal

from ledger.events import decimal_text

Outcome = Literal["pass", "veto", "unknown"]
SHOWN = Decimal("1e-6")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a safeguard found."""

    outcome: Outcome
    formula: str
    observed: str
    limit: str
    distance: str = ""
    age_seconds: int | None = None  # of the oldest input
    con_id: int | None = None


def at_most(
    observed: Decimal,
    limit: Decimal,
    formula: str,
    *,
    con_id: int | None = None,
    reduction: bool = False,
    age: int | None = None,
) -> Verdict:
    """Compare with an upper limit; a reduction passes it anyway."""
    passes = observed <= limit
    return _compared(passes, observed, limit, limit - observed, formula, con_id=con_id, reduction=reduction, age=age)


def at_least(
    observed: Decimal, limit: Decimal, formula: str, *, reduction: bool = False, age: int | None = None
) -> Verdict:
    """Compare with a lower limit; a reduction passes it anyway."""
    passes = observed >= limit
    return _compared(passes, observed, limit, observed - limit, formula, con_id=None, reduction=reduction, age=age)


def _compared(
    passes: bool,
    observed: Decimal,
    limit: Decimal,
    distance: Decimal,
    formula: str,
    *,
    con_id: int | None,
    reduction: bool,
    age: int | None,
) -> Verdict:
    allowed_anyway = reduction and not passes
    return Verdict(
        "pass" if passes or reduction else "veto",
        f"{formula}; beyond the limit, but positions only shrink" if allowed_anyway else formula,
        _shown(observed),
        _shown(limit),
        _shown(distance),
        age_seconds=age,
        con_id=con_id,
    )


def unknown(formula: str, missing: str) -> Verdict:
    """Say that an input is missing, which vetoes too."""
    return Verdict("unknown", formula, missing, "")


def _shown(number: Decimal) -> str:
    return decimal_text(number.quantize(SHOWN, ROUND_HALF_EVEN))
