"""Each safeguard on both sides of its limit, and with an input missing.

The cases stand in `of_….py`, a file a family. They are complete by a test: a safeguard without its pass, veto and
unknown fails the build, and so does a limit that nothing reads.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

from ledger.events import SafeguardsEvaluated, TradingVetoed
from tests.trader.decisions import AAPL, IBM, UNIVERSE, quote, situation, told
from tests.trader.safeguards.cases import CASES
from tests.trader.safeguards.situations import BY_NAME, EURO, EUROS, Case, was, worst
from trader import safeguards
from trader.limits import Limits
from trader.safeguards import check_safeguards, evaluate
from trader.sizing import Sizing, plan_orders

DELAYED_IBM = [quote(AAPL), quote(IBM, market_data_type=3)]


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.safeguard}: {case.what}") for case in CASES])
def test_a_safeguard_passes_vetoes_or_does_not_know(case: Case) -> None:
    rows = evaluate(BY_NAME[case.safeguard], case.book(), Limits.model_validate(case.limits))

    assert worst(rows) == case.outcome
    assert all(row.formula and row.observed for row in rows)


@pytest.mark.parametrize("case", [pytest.param(c, id=f"{c.safeguard}: {c.what}") for c in CASES if c.outcome != "pass"])
def test_whatever_a_safeguard_does_not_pass_forbids_trading(case: Case) -> None:
    evaluated, decided = check_safeguards(case.book(), Limits.model_validate(case.limits))

    assert isinstance(evaluated, SafeguardsEvaluated)
    assert isinstance(decided, TradingVetoed)
    assert any(reason.startswith(case.safeguard) for reason in decided.reasons)
    after = told(case.book(), evaluated, decided)
    assert after.next_order is None


# What has no input that could be missing: the book itself tells it, in every state.
KNOWS_ALWAYS = {
    "mails_leave",
    "no_step_failed",
    "not_halted",
    "this_log_is_the_newest",
    "the_slot_before_was_finished",
    "nothing_in_doubt",
    "breaks_are_respected",
    "market_is_open",
    "the_open_is_over",
    "the_close_is_not_near",
    "gateway_does_not_restart",
    "this_slot_was_not_traded",
    "settings_are_approved",
    "live_was_decided",
    "few_enough_orders_in_a_day",
    "restricted_names_only_shrink",
    "short_bans_are_respected",
    "overrides_are_respected",
    "few_enough_orders",
}

HAS_NO_LIMIT = {"book_is_reconciled"}  # evidence of this cycle is there, or it is unknown


@pytest.mark.parametrize("name", BY_NAME)
def test_every_safeguard_is_tested_on_both_sides_and_without_its_input(name: str) -> None:
    tested = {case.outcome for case in CASES if case.safeguard == name}
    without_veto = {"veto"} if name in HAS_NO_LIMIT else set()
    without_unknown = {"unknown"} if name in KNOWS_ALWAYS else set()

    assert tested == {"pass", "veto", "unknown"} - without_veto - without_unknown


class Read(Limits):
    """Limits that remember which of them were read."""

    def __getattribute__(self, name: str) -> Any:
        if name in Limits.model_fields:
            READ.add(name)
        return super().__getattribute__(name)


READ: set[str] = set()


def test_every_limit_is_read_by_sizing_or_by_a_safeguard() -> None:
    READ.clear()
    limits = Read(sectors={"banks": ("AAPL",)})
    READ.clear()  # what validation read
    before = [*was("100000")["before"], EURO]
    book = situation(
        {AAPL: "0.2", IBM: "-0.2"},
        held={AAPL: "100"},
        cash="95550",
        before=before,
        also=EUROS["also"],
        quotes=DELAYED_IBM,
    )
    plan = plan_orders(book, Sizing(universe=UNIVERSE, limits=limits))

    check_safeguards(told(book, *plan), limits)

    assert set(Limits.model_fields) - READ == set()


def test_every_function_that_judges_stands_in_the_registry() -> None:
    families = [import_module(found.name) for found in iter_modules(safeguards.__path__, f"{safeguards.__name__}.")]
    judging = {
        name
        for family in families
        for name, function in vars(family).items()
        if callable(function) and getattr(function, "__module__", "") == family.__name__ and not name.startswith("each")
        if getattr(function, "__annotations__", {}).get("return") == "tuple[Verdict, ...]" and not name.startswith("_")
    }

    assert judging == set(BY_NAME)


def test_a_verdict_shows_formula_figures_distance_and_age() -> None:
    case = next(case for case in CASES if (case.safeguard, case.what) == ("order_share_stays_within_limit", "above"))

    [row] = evaluate(BY_NAME[case.safeguard], case.book(), Limits.model_validate(case.limits))

    assert (row.formula, row.observed, row.limit, row.distance, row.con_id) == (
        "|quantity x limit price| / NAV",
        "0.0445",
        "0.0444",
        "-0.0001",
        AAPL,
    )


def test_the_reason_names_safeguard_ticker_and_figures() -> None:
    case = next(case for case in CASES if (case.safeguard, case.what) == ("prices_are_fresh", "a second too old"))

    _, decided = check_safeguards(case.book(), Limits())

    assert decided == TradingVetoed(
        reasons=("prices_are_fresh AAPL: seconds since quote and last trade: 901, limit 900",)
    )
