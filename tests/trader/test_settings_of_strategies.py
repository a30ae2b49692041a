"""Several strategies in the settings: each with a name and a share of the capital, none beyond all of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.trader.homes import SETTINGS, write_settings
from trader.assembly import allocations_of
from trader.schedule import SettingsError
from trader.settings import load
from trader.settings.text import settings_lines

SECOND = """
[[strategy]]
kind = "fixed"
name = "second"
capital = 0.4
weights = { AAPL = 0.2, IBM = -0.2 }
"""
SEVERAL = SETTINGS.replace("[strategy]\n", "[[strategy]]\ncapital = 0.5\n") + SECOND


def test_each_has_its_name_and_its_share_of_the_capital(tmp_path: Path) -> None:
    write_settings(tmp_path, SEVERAL)

    found = [(each.name, each.capital) for each in allocations_of(load(tmp_path))]

    assert found == [("fixed", Decimal("0.5")), ("second", Decimal("0.4"))]


def test_one_alone_has_all_of_it(tmp_path: Path) -> None:
    write_settings(tmp_path)

    assert [(each.name, each.capital) for each in allocations_of(load(tmp_path))] == [("fixed", Decimal(1))]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        pytest.param(
            "capital = 0.4", "capital = 0.6", "capital that adds up to 1 at most, found 1.1; lower one", id="too much"
        ),
        pytest.param("capital = 0.4", "", "capital that adds up to 1 at most, found 1.5; lower one", id="not said"),
        pytest.param("capital = 0.4", "capital = 0", "strategy.1.capital: expected", id="nothing"),
        pytest.param('name = "second"', "", "a name of its own for each, found fixed 2 times", id="same name"),
        pytest.param('name = "second"', 'name = "a b"', "strategy.1.name: expected", id="no name for a file"),
        pytest.param("IBM = -0.2", "MSFT = -0.2", "strategy second.weights.MSFT: expected a ticker", id="ticker"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, old: str, new: str, line: str) -> None:
    write_settings(tmp_path, SEVERAL.replace(old, new))

    with pytest.raises(SettingsError) as refused:
        load(tmp_path)

    assert line in str(refused.value)


def test_several_are_shown_as_they_are_written(tmp_path: Path) -> None:
    write_settings(tmp_path, SEVERAL)
    settings = load(tmp_path)

    shown = "\n".join(settings_lines(settings, everything=False))

    assert shown.count("[[strategy]]") == 2
    write_settings(tmp_path, shown)
    assert load(tmp_path) == settings
