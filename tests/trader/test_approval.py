"""Settings that changed: what decides, what only tightens, and what waits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ledger.events import SettingChange, SettingsApproved, SettingsChanged
from tests.trader.decisions import situation as world
from tests.trader.decisions import started
from trader.approval import approval_of, changes_between, is_tightened
from trader.evidence import put
from trader.settings import canonical_text, load

SETTINGS: dict[str, Any] = {
    "approval": "wait",
    "dry_run": False,
    "limits": {"gross_leverage_max": "1.5", "excess_liquidity_min": "0.05", "price_collar": "0.05", "restricted": []},
    "mail": {"host": ""},
    "strategy": {"kind": "fixed", "weights": {"AAPL": "0.3"}},
}


def kept(home: Path, **sections: Any) -> str:
    changed = {**SETTINGS, **{name: {**SETTINGS[name], **section} for name, section in sections.items()}}
    return put(home, json.dumps(changed).encode(), ".json")


def change(name: str, before: str, after: str) -> SettingChange:
    return SettingChange(name=name, before=before, after=after)


def test_the_calendar_decides_and_how_long_a_cycle_may_take_does_not(tmp_path: Path) -> None:
    before = kept(tmp_path)
    after = put(
        tmp_path,
        json.dumps({**SETTINGS, "schedule": {"calendar": "XTKS", "timeout_seconds": 60}}).encode(),
        ".json",
    )

    assert [each.name for each in changes_between(tmp_path, before, after)] == ["schedule.calendar"]


def test_each_setting_that_decides_is_named_with_both_values(tmp_path: Path) -> None:
    before = kept(tmp_path)
    after = kept(tmp_path, limits={"gross_leverage_max": "2"}, strategy={"weights": {"IBM": "0.3"}})

    assert list(changes_between(tmp_path, before, after)) == [
        change("limits.gross_leverage_max", "1.5", "2"),
        change("strategy.weights.AAPL", "0.3", "absent"),
        change("strategy.weights.IBM", "absent", "0.3"),
    ]


def test_who_is_mailed_decides_nothing(tmp_path: Path) -> None:
    assert list(changes_between(tmp_path, kept(tmp_path), kept(tmp_path, mail={"host": "smtp.example.org"}))) == []


@pytest.mark.parametrize(
    ("name", "before", "after", "tightened"),
    [
        ("limits.drawdown_max", "0.3", "0.2", True),
        ("limits.drawdown_max", "0.3", "0.4", False),
        ("limits.gross_leverage_max", "1.5", "1.4", False),  # a plan sells to meet it
        ("limits.name_share_max", "0.3", "0.03", False),
        ("limits.excess_liquidity_min", "0.05", "0.06", True),
        ("limits.excess_liquidity_min", "0.05", "0.04", False),
        ("limits.price_collar", "0.05", "0.04", True),
        ("limits.restricted", "[]", '["IBM"]', True),
        ("limits.restricted", '["IBM"]', "[]", False),
        ("limits.order_notional_max", "50000", "absent", False),
        ("limits.no_trade_band", "0.01", "0.02", False),
        ("strategy.weights.AAPL", "0.3", "0.2", False),
    ],
)
def test_a_limit_that_only_stops_more_is_tightened(name: str, before: str, after: str, *, tightened: bool) -> None:
    assert is_tightened(change(name, before, after)) is tightened


def decided(home: Path, before: str, after: str) -> Any:
    facts = approval_of(world(instead={type(started()): [started(settings_sha256=before)]}), home, after)
    return facts[0] if facts else None


def test_settings_that_were_approved_need_no_word(tmp_path: Path) -> None:
    assert decided(tmp_path, kept(tmp_path), kept(tmp_path)) is None


def test_tightened_limits_hold_at_once(tmp_path: Path) -> None:
    after = kept(tmp_path, limits={"price_collar": "0.04"})

    assert decided(tmp_path, kept(tmp_path), after) == SettingsApproved(
        settings_sha256=after, by="rule", why="limits were only tightened"
    )


def test_one_that_is_loosened_beside_another_that_is_tightened_waits(tmp_path: Path) -> None:
    told = decided(
        tmp_path, kept(tmp_path), kept(tmp_path, limits={"excess_liquidity_min": "0.1", "price_collar": "0.1"})
    )

    assert isinstance(told, SettingsChanged)
    assert [each.name for each in told.changes] == ["limits.excess_liquidity_min", "limits.price_collar"]


def test_that_no_approval_is_asked_for_is_approved_first(tmp_path: Path) -> None:
    asked, unasked = kept(tmp_path), put(tmp_path, json.dumps({**SETTINGS, "approval": "none"}).encode(), ".json")
    other = put(tmp_path, json.dumps({**SETTINGS, "approval": "none", "strategy": {}}).encode(), ".json")

    assert isinstance(decided(tmp_path, asked, unasked), SettingsChanged)
    assert isinstance(decided(tmp_path, unasked, other), SettingsApproved)


def test_a_setting_that_a_newer_version_brought_is_no_change_of_the_owners(tmp_path: Path) -> None:
    whole = tmp_path / "tallybook.toml"
    whole.write_text(
        '[account]\nid = "DU1"\n[universe]\nsymbols = ["IBM"]\n[strategy]\nkind = "fixed"\nweights = { IBM = 0.3 }\n'
    )
    now = canonical_text(load(tmp_path))
    then = json.loads(now)
    del then["orders"]["cash_reserve"]
    before, after = put(tmp_path, json.dumps(then).encode(), ".json"), put(tmp_path, now.encode(), ".json")

    assert before != after
    assert list(changes_between(tmp_path, before, after)) == []


def test_settings_that_cannot_be_read_wait(tmp_path: Path) -> None:
    told = decided(tmp_path, "0" * 64, kept(tmp_path))

    assert isinstance(told, SettingsChanged)
    assert told.changes == (change("settings", "unreadable", "unreadable"),)
