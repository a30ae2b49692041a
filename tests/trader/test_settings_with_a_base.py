"""Settings that several homes have in common stand in a base; each home says what is different."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.trader.homes import write_settings
from trader.schedule import SettingsError, read_toml
from trader.settings import FixedWeights, Momentum, canonical_text, load

BASE = """
dry_run = false
[universe]
symbols = ["AAPL", "IBM", "MSFT"]
[strategy]
kind = "momentum"
volatility_days = 20
volatility_target = "0.2"
[limits]
gross_leverage_max = "1.2"
name_share_max = "0.4"
sectors = { tech = ["AAPL", "MSFT"] }
"""
ACCOUNT = '[account]\nid = "DU1234567"\n'


def written(tmp_path: Path, own: str, base: str = BASE) -> Path:
    home = tmp_path / "homes" / "one"
    home.mkdir(parents=True)
    (tmp_path / "homes" / "base.toml").write_text(base, encoding="utf-8")
    write_settings(home, f'base = "../base.toml"\n{own}')
    return home


def test_a_home_has_the_settings_of_its_base(tmp_path: Path) -> None:
    settings = load(written(tmp_path, ACCOUNT))

    assert settings.account.id == "DU1234567"
    assert not settings.dry_run
    assert settings.universe.tickers == ("AAPL", "IBM", "MSFT")
    assert settings.limits.gross_leverage_max == Decimal("1.2")


def test_what_a_home_says_itself_counts_key_by_key(tmp_path: Path) -> None:
    own = f'dry_run = true\n{ACCOUNT}[limits]\nname_share_max = "0.3"\nsectors = {{ old = ["IBM"] }}\n'

    settings = load(written(tmp_path, own))

    assert settings.dry_run
    assert settings.limits.gross_leverage_max == Decimal("1.2")
    assert settings.limits.name_share_max == Decimal("0.3")
    assert read_toml(tmp_path / "homes" / "one")["limits"]["sectors"] == {"old": ["IBM"]}


def test_another_kind_of_strategy_takes_nothing_from_that_of_the_base(tmp_path: Path) -> None:
    own = f'{ACCOUNT}[strategy]\nkind = "fixed"\nweights = {{ AAPL = "0.5", IBM = 0, MSFT = 0 }}\n'

    (strategy,) = load(written(tmp_path, own)).strategy

    assert isinstance(strategy, FixedWeights)


def test_the_same_kind_of_strategy_may_change_one_key(tmp_path: Path) -> None:
    (strategy,) = load(written(tmp_path, f'{ACCOUNT}[strategy]\nkind = "momentum"\nvolatility_days = 30\n')).strategy

    assert isinstance(strategy, Momentum)
    assert (strategy.volatility_days, strategy.volatility_target) == (30, Decimal("0.2"))


def test_a_change_of_the_base_is_a_change_of_the_home(tmp_path: Path) -> None:
    home = written(tmp_path, ACCOUNT)
    before = canonical_text(load(home))

    (tmp_path / "homes" / "base.toml").write_text(BASE.replace("1.2", "1.1"), encoding="utf-8")

    assert canonical_text(load(home)) != before


@pytest.mark.parametrize(
    ("own", "base", "told"),
    [
        ("", 'base = "other.toml"', r"base\.toml: base: expected no base of a base"),
        ("", f"{BASE}{ACCOUNT}", r"base\.toml: account: expected no account in a base; write \[account\] in each home"),
        ("", "dry_run = ", r"base\.toml: expected TOML, found: "),
    ],
)
def test_a_base_that_cannot_be_used_is_named(tmp_path: Path, own: str, base: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        load(written(tmp_path, f"{ACCOUNT}{own}", base))


@pytest.mark.parametrize(
    ("base", "told"), [("3", "expected a path in quotes, found 3"), ('"no.toml"', "found no file")]
)
def test_a_base_that_is_none_is_told(tmp_path: Path, base: str, told: str) -> None:
    write_settings(tmp_path, f"base = {base}\n{ACCOUNT}")

    with pytest.raises(SettingsError, match=told):
        load(tmp_path)
