"""Cash in another currency, by each policy: what is ordered, and what both halves hold of it afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import CommissionCharged, ContractDefined, OrderPlanned
from tests.trader.cycles.world import AROUND, HEADING, TUESDAY, World, world
from trader import exits
from trader.calendar import Calendar

EURO = "ticker,type,tick,commission currency\nEUR.USD,CASH,0.00005,USD\n"
D = Decimal


@contextmanager
def with_euros(folder: Path, euros: str, **orders: str) -> Iterator[World]:
    """An account that was adopted with so many euros, worth 1.30 dollars each, beside 100,000 dollars."""
    venue = folder / "venue"
    venue.mkdir()
    (venue / "contracts.csv").write_text(EURO, encoding="utf-8")
    days = [session.day for session in Calendar.load().sessions(TUESDAY - AROUND, TUESDAY + AROUND)]
    rows = "".join(f"{day},1.3000,1.3000,1.3000,1.3000,39000000,0\n" for day in days)
    (venue / "EUR.USD.csv").write_text(HEADING + rows, encoding="utf-8")
    with world(folder, adopt=False, orders=orders) as made:
        made.control.cash(D(euros), "EUR")
        made.adopt()
        made.want(ACME="0.2")
        made.advance_to(TUESDAY, 0)
        yield made


def conversions(made: World) -> list[tuple[str, Decimal, str]]:
    return [(row.action, row.quantity, row.reason) for row in made.facts(OrderPlanned) if row.symbol == "EUR.USD"]


def apart(made: World) -> list[str]:
    """What book and venue disagree on; NAV, which needs rates, is compared by the cycle itself."""
    return [line for line in made.apart() if not line.startswith("NAV:")]


@pytest.mark.parametrize(
    ("policy", "euros", "ordered", "left"),
    [
        pytest.param("leave", "10000", [], "10000", id="left as they are"),
        pytest.param("cover_debits", "10000", [], "10000", id="a credit is no debt"),
        pytest.param(
            "cover_debits", "-5000.40", [("BUY", D(5001), "EUR -5000.4 bought back")], "0.60", id="a debt bought back"
        ),
        pytest.param("convert_all", "10000.75", [("SELL", D(-10000), "EUR 10000.75 converted")], "0.75", id="all sold"),
        pytest.param(
            "convert_all", "50", [("NOTHING", D(0), "EUR 50: worth 65.00, below the minimum of 100")], "50",
            id="too little",
        ),
    ],
)  # fmt: skip
def test_each_policy_does_with_euros_what_it_says(
    tmp_path: Path, policy: str, euros: str, ordered: list[tuple[str, Decimal, str]], left: str
) -> None:
    with with_euros(tmp_path, euros, currency_policy=policy) as made:
        assert made.trade() == exits.FINE

        assert conversions(made) == ordered
        assert made.book().cash["EUR"] == D(left)
        assert set(made.held()) == {"ACME"}
        assert apart(made) == []


def test_a_conversion_is_charged_and_next_time_there_is_nothing_to_convert(tmp_path: Path) -> None:
    with with_euros(tmp_path, "10000", currency_policy="convert_all") as made:
        made.trade()
        made.advance_to(TUESDAY, 1)

        assert made.trade() == exits.FINE

        assert len(conversions(made)) == 1
        assert D("-2") in [told.amount for told in made.facts(CommissionCharged)]
        assert {told.symbol for told in made.facts(ContractDefined)} == {"ACME", "WAVE", "EUR"}
        assert apart(made) == []
