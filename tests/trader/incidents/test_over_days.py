"""Incidents of other systems that take days: a gateway that stays away, a limit that is set, a share that becomes less.

To add one: a function `test_ID_what_must_hold`, and its row in `rows.py`.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import (
    CycleFailed,
    CycleSkipped,
    SafeguardsEvaluated,
    SplitApplied,
    TradingAllowed,
    decimal_text,
)
from tests.trader.cycles.world import FRIDAY, THURSDAY, TUESDAY, WEDNESDAY, World
from tests.trader.cycles.world import world as at_venue
from trader import exits
from trader.broker import BrokerUnreachable
from trader.simulator.terms import Terms
from trader.sources.flex import TOKEN_VARIABLE


def mails(world: World) -> list[str]:
    return [subject.split()[1] for subject in world.box.subjects]


def test_lean_247_a_gateway_that_is_away_for_three_days_is_told_in_the_first_cycle_that_it_stops(
    tmp_path: Path,
) -> None:
    with at_venue(tmp_path) as world:
        world.advance_to(TUESDAY, 0)
        world.trade()
        nav = world.book().reported.nav
        assert nav is not None
        before = world.held()
        world.control.refuse()
        world.advance_to(TUESDAY, 1)

        assert world.cycle().status == exits.COULD_NOT

        assert mails(world) == ["START", "ALARM"]
        assert f"{nav.net_liquidation:,}" in world.box.body("plain")
        for day in (WEDNESDAY, THURSDAY):
            world.advance_to(day, 0)
            with pytest.raises(BrokerUnreachable):
                world.trade()
        world.control.refuse(False)
        world.advance_to(FRIDAY, 0)

        assert world.trade() in (exits.FINE, exits.BAD_NEWS)  # the first cycle after an outage only reconciles
        world.advance_to(FRIDAY, 1)
        assert world.trade() == exits.FINE

        assert [fact.slot for fact in world.facts(CycleFailed)] == [
            f"{TUESDAY}/1035", f"{WEDNESDAY}/0935", f"{THURSDAY}/0935",
        ]  # fmt: skip
        missed = [fact.slot for fact in world.facts(CycleSkipped)]
        assert {f"{TUESDAY}/1135", f"{WEDNESDAY}/close", f"{THURSDAY}/1535"} <= set(missed)
        assert len(missed) == len(set(missed))
        assert world.held() == before
        assert world.apart() == ()


LIMITS: tuple[tuple[str, str | int], ...] = (
    ("turnover_per_day_max", "0.1"),
    ("minutes_after_open_min", 400),
    ("disk_free_megabytes_min", 10**9),
    ("excess_liquidity_min", "0.99"),
)


def test_ml4t_cfg_each_limit_that_is_set_is_read_and_stops_what_reaches_the_venue(tmp_path: Path) -> None:
    with at_venue(tmp_path) as world:
        for slot, (name, value) in enumerate(LIMITS):
            usual = dict(world.settings["limits"])
            world.set(limits={name: value})
            world.advance_to(TUESDAY, slot)
            world.trade()
            assert world.at_venue() == [], name
            assert decimal_text(Decimal(value)) in {limit.split()[-1] for limit in vetoing(world)}
            world.settings["limits"] = usual
        assert world.facts(TradingAllowed) == []


def vetoing(world: World) -> list[str]:
    return [row.limit for row in world.facts(SafeguardsEvaluated)[-1].verdicts if row.outcome == "veto"]


def test_ib_frac_a_reverse_split_into_another_contract_carries_the_lots_and_books_the_fraction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "simulated")
    with at_venue(tmp_path, terms=Terms(statements=True)) as world:
        asked = {"query_id": "1", "base_url": f"http://127.0.0.1:{world.simulator.statement_port}/FlexWebService"}
        world.set(flex=asked)
        world.want(ACME="0.4999")
        world.advance_to(TUESDAY, 0)
        assert world.trade() == exits.FINE
        held = world.held()["ACME"]
        assert held % 2 == 1
        old = next(con_id for con_id, contract in world.book().contracts.items() if contract.symbol == "ACME")
        (lot,) = world.book().holdings[old].lots

        world.control.action("reverse-split", "ACME", into="THIN", ratio="1:2")
        world.advance_to(TUESDAY, 1)
        world.trade()
        assert [order for order in world.at_venue() if order["order_ref"]] == world.at_venue()[:1]
        world.advance_to(TUESDAY, -1)
        world.trade()
        world.command("commit", str(TUESDAY))
        world.advance_to(WEDNESDAY, 0)
        world.trade()

        (split,) = world.facts(SplitApplied)
        assert (split.con_id, split.numerator, split.denominator) == (old, 1, 2)
        assert world.held() == {"THIN": (held - 1) / 2}
        (carried,) = world.book().holdings[split.successor_con_id or 0].lots
        assert (carried.execution, carried.opened_at) == (lot.execution, lot.opened_at)
        assert carried.gross == lot.gross * (held - 1) / held
        assert world.apart() == ()
