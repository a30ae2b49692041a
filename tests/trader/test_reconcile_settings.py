"""The section `[reconcile]`: two profiles, and every line of them by itself."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from reconcile.tolerances import DESK, RETAIL, RETAIL_RULES, Tolerances
from tests.trader.homes import SETTINGS, write_settings
from trader.assembly import tolerances_of
from trader.schedule import SettingsError
from trader.settings import load
from trader.settings.reconciling import Reconcile, setting_of

PAGE = Path(__file__).parents[2] / "docs" / "reconciliation.md"


def chosen(folder: Path, lines: str = "") -> Tolerances:
    write_settings(folder, f"{SETTINGS}\n[reconcile]\n{lines}\n" if lines else SETTINGS)
    return tolerances_of(load(folder))


def test_nothing_said_is_the_retail_profile(tmp_path: Path) -> None:
    assert chosen(tmp_path) == RETAIL


def test_the_desk_profile_is_stricter_in_every_bound(tmp_path: Path) -> None:
    desk = chosen(tmp_path, 'profile = "desk"')

    assert desk == DESK
    for name in ("cash_note_share", "cash_reduce_share", "cash_halt_share", "cash_sessions_max", "nav_share"):
        assert getattr(desk, name) < getattr(RETAIL, name), name
    retail = dict(RETAIL.rules)
    assert all(cap < retail[cause] for cause, cap in desk.rules)
    assert {"deposit", "withdrawal", "fee"}.isdisjoint(dict(desk.rules))


def test_a_line_of_a_profile_is_overridden_alone(tmp_path: Path) -> None:
    desk = chosen(tmp_path, 'profile = "desk"\ncash_note_min = 12\nrule_fee = "0.0001"\nrule_dividend = 0')

    assert desk.cash_note_min == 12
    assert desk.cash_halt_share == DESK.cash_halt_share
    others = {cause: cap for cause, cap in DESK.rules if cause != "dividend"}
    assert dict(desk.rules) == others | {"fee": Decimal("0.0001")}


def test_every_tolerance_and_every_rule_has_its_setting() -> None:
    settings = set(Reconcile.model_fields)

    assert {field.name for field in fields(Tolerances)} - {"rules"} <= settings
    assert {setting_of(cause) for cause, _ in RETAIL_RULES} <= settings


def test_a_rule_of_nothing_books_nothing(tmp_path: Path) -> None:
    assert "interest" not in dict(chosen(tmp_path, "rule_interest = 0").rules)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        pytest.param('profile = "hedge"', "reconcile.profile: expected", id="no such profile"),
        pytest.param("rule_gift = 1", "reconcile.rule_gift: expected a known key", id="no such rule"),
        pytest.param('profile = "desk"\ncash_note_share = "0.1"', "expected cash_note_share <=", id="out of order"),
    ],
)
def test_a_mistake_is_told(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        chosen(tmp_path, lines)


def test_the_page_tells_both_profiles_as_they_are() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("## Profiles")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| `")]
    told = {row[0].strip("| `"): (Decimal(row[1]), Decimal(row[2])) for row in rows}
    retail, desk = (Reconcile(profile=name) for name in ("retail", "desk"))

    lines = [name for name in Reconcile.model_fields if name not in ("profile", "foreign_orders")]
    assert told == {name: (Decimal(getattr(retail, name)), Decimal(getattr(desk, name))) for name in lines}
