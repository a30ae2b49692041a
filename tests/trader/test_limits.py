"""The limits as the settings give them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from tests.trader.decisions import D
from trader.limits import Limits


@pytest.mark.parametrize("given", [D("2"), 2, "2"], ids=["a Decimal", "a whole number", "a text"])
def test_a_limit_is_exact_however_it_is_written(given: object) -> None:
    limits = Limits.model_validate({"gross_leverage_max": given})

    assert limits.gross_leverage_max == D("2")
    assert type(limits.gross_leverage_max) is Decimal


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        pytest.param({"gross_leverage_max": 1.5}, "gross_leverage_max", id="a float"),
        pytest.param({"gross_leverage_max": "much"}, "expected a number, found 'much'", id="a word"),
        pytest.param({"gross_leverage_max": "NaN"}, "finite number", id="NaN"),
        pytest.param({"order_notional_max": "-1"}, "greater than 0", id="below zero"),
        pytest.param({"orders_per_cycle_max": "5"}, "valid integer", id="a count as text"),
        pytest.param({"max_daily_loss": "100"}, "Extra inputs are not permitted", id="a limit that nothing reads"),
        pytest.param(
            {"name_share_max": "2"}, "name_share_max 2: expected at most gross_leverage_max 1.5", id="a name above all"
        ),
        pytest.param(
            {"min_order_notional": "500", "order_notional_max": "400"},
            "min_order_notional 500: expected at most order_notional_max 400",
            id="no order fits between",
        ),
        pytest.param({"price_collar": "1"}, "expected below 1", id="a collar that holds nothing"),
        pytest.param({"min_drift": "1"}, "expected below 1", id="a drift that is a whole position"),
    ],
)
def test_limits_that_mean_nothing_are_refused(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Limits.model_validate(given)


def test_every_limit_says_its_unit() -> None:
    units = (
        "true or false",
        "fraction that",
        "NAV",
        "base currency",
        "fraction of",
        "seconds",
        "hours",
        "orders",
        "multiple of",
        "minutes",
        "megabytes",
        "symbols",
        "sessions that",
        "days,",
        "HH:MM",
    )

    said = {name: field.description or "" for name, field in Limits.model_fields.items()}

    assert [name for name, text in said.items() if not any(unit in text for unit in units)] == []
