"""What a vendor's fault lets through to the venue: nothing, or all but its ticker; and mails tell it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.events import DataFaultFound, OrderPlanned, StepFailed
from tests.trader.cycles.world import AROUND, TUESDAY, World, world, write_bars
from trader import exits

FAULTY_ROW = 10


@contextmanager
def vendor(tmp_path: Path, on_error: str) -> Iterator[World]:
    """A home that decides on a folder, in which one row of WAVE is in pence."""
    folder = write_bars(tmp_path / "vendor", TUESDAY - AROUND, TUESDAY + AROUND)
    lines = (folder / "WAVE.csv").read_text(encoding="utf-8").splitlines()
    day, *prices, volume, dividend = lines[FAULTY_ROW].split(",")
    pence = [str(Decimal(price) * 100) for price in prices]
    lines[FAULTY_ROW] = ",".join([day, *pence, volume, dividend])
    (folder / "WAVE.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sources: dict[str, Any] = {"folder": str(folder), "broker": False, "history_days": 20, "on_error": on_error}
    with world(tmp_path, sources=sources) as made:
        made.advance_to(TUESDAY, 0)
        yield made


def faults(made: World) -> list[tuple[str, str, bool]]:
    return [(fault.symbol, fault.kind, fault.skipped) for fault in made.facts(DataFaultFound)]


def at_venue(made: World) -> set[str]:
    """The tickers of every order that the venue ever took."""
    contracts = made.book().contracts
    return {contracts[order["con_id"]].symbol for order in made.at_venue()}


def test_a_fault_stops_every_order_of_the_cycle(tmp_path: Path) -> None:
    with vendor(tmp_path, "stop") as stopped:
        assert stopped.trade() == exits.BAD_NEWS

        assert stopped.at_venue() == []
        assert faults(stopped) == [("WAVE", "unit", False)]
        assert [failed.step for failed in stopped.facts(StepFailed)] == ["ingest"]


def test_a_fault_that_is_skipped_stops_the_orders_of_its_ticker_alone(tmp_path: Path) -> None:
    with vendor(tmp_path, "skip") as skipping:
        assert skipping.trade() == exits.FINE

        assert at_venue(skipping) == {"ACME"}
        assert faults(skipping) == [("WAVE", "unit", True)]
        plan = {row.symbol: row for row in skipping.facts(OrderPlanned)}
        assert plan["WAVE"].action == "NOTHING"
        assert plan["WAVE"].reason.startswith("its data are faulty: unit of ")
        assert skipping.apart() == ()


@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_once_the_vendor_has_corrected_the_series_it_is_traded(tmp_path: Path, on_error: str) -> None:
    with vendor(tmp_path, on_error) as corrected:
        corrected.trade()
        write_bars(tmp_path / "vendor", TUESDAY - AROUND, TUESDAY + AROUND)
        corrected.advance_to(TUESDAY, 1)

        assert corrected.trade() == exits.FINE
        assert at_venue(corrected) == {"ACME", "WAVE"}
        assert len(faults(corrected)) == 1
