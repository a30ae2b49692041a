"""A recorded day decides the same again, to the last digit; whatever was changed in it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import CycleStarted, DataIngested, TargetsComputed
from queries.story import Audit, audit_lines
from tests.trader.audit.relinking import Line, changed, digit, nth
from tests.trader.cycles.world import TUESDAY, World, fixed, world
from tests.trader.homes import command
from trader import exits
from trader.audit import audit_day
from trader.audit.comparing import NOTHING
from trader.calendar import NEW_YORK

OWN_TEXT = '''\
def weights(book, bars, settings):
    """Half of the money in ACME."""
    return {"ACME": 0.5, "WAVE": 0}
'''
STRATEGIES = [
    {**fixed(ACME="0.5", WAVE="0.25"), "name": "plain", "capital": "0.6"},
    {"kind": "module", "function": "own:weights", "name": "own", "capital": "0.4"},
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A session: orders, a trade by hand that is accepted, other limits in the afternoon, the closing."""
    folder = tmp_path_factory.mktemp("lived")
    (folder / "home").mkdir()
    (folder / "home" / "own.py").write_text(OWN_TEXT, encoding="utf-8")
    with world(folder, strategy=STRATEGIES) as made:
        made.advance_to(TUESDAY, 0)
        assert made.trade() == exits.FINE
        made.control.trade("ACME", Decimal(-7))
        made.advance_to(TUESDAY, 1)
        made.trade()
        (known,) = made.book().open_breaks
        assert made.command("accept", known.found.break_id, "--why", "mine").status == exits.FINE
        made.set(limits={"name_share_max": "0.35"})
        made.advance_to(TUESDAY, 2)
        made.trade()
        made.advance_to(TUESDAY, -1)
        made.trade()
        yield made


def audited(home: Path, day: date = TUESDAY) -> Audit:
    return audit_day(home, day, str(NEW_YORK))


def test_every_cycle_of_a_day_decides_the_same_again(lived: World) -> None:
    found = audited(lived.home)

    assert found.divergences == ()
    assert (found.checked, found.equal, found.exit_status) == (4, 4, 0)
    assert found.notes == ()  # the same code, the same libraries


def test_deciding_again_writes_nothing(lived: World) -> None:
    before = lived.files()

    audited(lived.home)

    assert lived.files() == before


def _row(field: str, rows: str = "rows", number: int = 0) -> Callable[[Line], None]:
    def edit(fact: Line) -> None:
        fact[rows][number][field] = digit(fact[rows][number][field])

    return edit


def _field(field: str) -> Callable[[Line], None]:
    def edit(fact: Line) -> None:
        fact[field] = digit(fact[field])

    return edit


def _verdict(field: str) -> Callable[[Line], None]:
    def edit(fact: Line) -> None:
        row = next(row for row in fact["verdicts"] if row["safeguard"] == "few_enough_orders")
        row[field] = digit(row[field])

    return edit


def _count(field: str) -> Callable[[Line], None]:
    def edit(fact: Line) -> None:
        fact[field] += 1

    return edit


CHANGES = [
    pytest.param("targets_computed", 0, _row("weight"), "forecast", "weight", id="a weight"),
    pytest.param("targets_computed", 1, _row("weight"), "forecast", "weight", id="a weight of the owner's function"),
    pytest.param("order_planned", 0, _field("quantity"), "plan", "quantity", id="a quantity"),
    pytest.param("order_planned", 1, _field("limit_price"), "plan", "limit_price", id="a limit price"),
    pytest.param("order_planned", 2, _field("held"), "plan", "held", id="what was held"),
    pytest.param("safeguards_evaluated", 0, _verdict("observed"), "safeguards", "observed", id="a verdict"),
    pytest.param("safeguards_evaluated", 1, _verdict("limit"), "safeguards", "limit", id="a limit"),
    pytest.param("trading_allowed", 0, _count("orders"), "safeguards", "orders", id="the permission"),
    pytest.param("book_reconciled", 0, _field("nav_own"), "reconciliation", "nav_own", id="a reconciliation"),
    pytest.param("break_found", 0, _field("text"), "reconciliation", "text", id="a break"),
    pytest.param("snapshot_taken", 1, _field("nav"), "snapshot", "nav", id="a snapshot"),
    pytest.param("data_ingested", 0, _row("last_close", "series"), "data", "last_close", id="what was ingested"),
    pytest.param("order_send_attempted", 0, _field("reference_price"), "intents", "reference_price", id="an intent"),
    pytest.param("order_send_attempted", 1, _field("account"), "intents", "account", id="whose order was sent"),
    pytest.param("targets_scaled", 0, _field("factor"), "plan", "factor", id="what a limit made of the plan"),
]


@pytest.mark.parametrize(("kind", "number", "edit", "stage", "field"), CHANGES)
def test_one_digit_of_a_recorded_decision_is_named(
    lived: World, tmp_path: Path, kind: str, number: int, edit: Callable[[Line], None], stage: str, field: str
) -> None:
    copy = changed(lived.home, tmp_path / "copy", nth(kind, number, edit))

    found = audited(copy)

    first = found.divergence
    assert first is not None
    assert first.what.startswith(f"{stage}: {kind}")
    assert field in first.what
    assert first.recorded != first.again
    assert found.exit_status == exits.BAD_NEWS


@pytest.mark.parametrize(
    ("kind", "field", "where"),
    [
        pytest.param("cycle_started", "slot", "cycle_started: key", id="a slot"),
        pytest.param("cycle_started", "session_day", "cycle_started: session_day", id="a session"),
        pytest.param("cycle_finished", "slot", "cycle_finished: slot", id="whose end it was"),
    ],
)
def test_what_contradicts_itself_is_named(lived: World, tmp_path: Path, kind: str, field: str, where: str) -> None:
    copy = changed(lived.home, tmp_path / "copy", nth(kind, 3, _field(field)))

    found = audited(copy)

    assert found.divergence is not None
    assert found.divergence.what == where
    assert found.exit_status == exits.BAD_NEWS


@pytest.mark.parametrize(
    ("kind", "edit"),
    [
        pytest.param("cash_observed", _row("amount"), id="cash as reported"),
        pytest.param("quotes_observed", _row("bid"), id="a quote"),
        pytest.param("order_filled", _field("price"), id="a fill"),
    ],
)
def test_one_digit_of_what_the_broker_told_is_noticed(
    lived: World, tmp_path: Path, kind: str, edit: Callable[[Line], None]
) -> None:
    found = audited(changed(lived.home, tmp_path / "copy", nth(kind, 0, edit)))

    assert found.exit_status == exits.BAD_NEWS
    assert found.divergences


def test_a_decision_that_is_gone_is_missed(lived: World, tmp_path: Path) -> None:
    def rename(line: Line) -> None:
        if line["type"] == "targets_computed":
            moment = "2005-03-01T14:00:00.000000Z"
            line["type"] = "wall_clock_regressed"
            line["fact"] = {"clock_showed": moment, "last_recorded_at": moment}

    found = audited(changed(lived.home, tmp_path / "copy", rename))

    assert any(one.what == "forecast" and one.recorded == NOTHING for one in found.divergences)


def _evidence(lived: World, name: str) -> str:
    match name:
        case "settings":
            return f"{lived.facts(CycleStarted)[0].settings_sha256}.json"
        case "bars":
            return f"{lived.facts(DataIngested)[0].series[0].sha256}.csv"
        case _:
            return f"{lived.facts(TargetsComputed)[1].inputs[-1]}.json"


@pytest.mark.parametrize("name", ["settings", "bars", "the owner's function"])
def test_one_digit_of_a_kept_input_is_named(lived: World, tmp_path: Path, name: str) -> None:
    file = _evidence(lived, name)
    copy = changed(lived.home, tmp_path / "copy", nth("none", 0, dict.clear))
    path = copy / "var" / "data" / file[:2] / file
    content = path.read_bytes()
    at = next(place for place, byte in enumerate(content) if chr(byte).isdigit())
    path.chmod(0o600)
    path.write_bytes(content[:at] + digit(chr(content[at])).encode() + content[at + 1 :])

    found = audited(copy)

    assert found.exit_status == exits.BAD_NEWS
    assert any(file[:64] in one.again for one in found.divergences)


def test_other_code_is_told_apart_from_a_changed_record(lived: World, tmp_path: Path) -> None:
    def older(line: Line) -> None:
        if line["type"] == "cycle_started":
            line["fact"]["versions"]["code"] = "0123456789abcdef"

    found = audited(changed(lived.home, tmp_path / "copy", older))

    (note,) = found.notes
    assert "environment differs: code 0123456789ab then" in note
    assert audit_lines(found)[2].startswith("DIFFERS UNDER ANOTHER ENVIRONMENT")  # an order's name holds a hash


def test_a_day_a_month_and_a_cycle_are_told_by_the_command(lived: World) -> None:
    day = command("audit", str(TUESDAY), home=lived.home)
    month = command("audit", f"{TUESDAY:%Y-%m}", home=lived.home)
    cycle = command("audit", str(TUESDAY), "--cycle", "10:35", home=lived.home)
    wrong = command("audit", str(TUESDAY), "--cycle", "10:36", home=lived.home)

    assert "4 cycles decided again, 4 equal · exit 0" in day.stdout.splitlines()[0]
    assert "bridge" in day.stdout
    assert month.stdout.splitlines()[-1] == "1 days · 4 cycles decided again, 4 equal · exit 0"
    assert "order_planned   decided again: equal" in cycle.stdout
    assert wrong.returncode == exits.COULD_NOT
    assert "09:35, 10:35, 11:35, close" in wrong.stderr


def test_what_led_to_an_order_is_told_step_by_step(lived: World) -> None:
    told = command("audit", str(TUESDAY), "--why", "ACME", "--cycle", "09:35", home=lived.home).stdout
    unknown = command("audit", str(TUESDAY), "--why", "ACMEE", home=lived.home)

    for step in ("data", "forecast", "quote", "plan", "what-if", "safeguards", "sent", "taken", "filled", "charged"):
        assert f"\n  {step} " in told
    assert "own: weight 50.00 %, of 40.0 % of the capital" in told
    assert unknown.returncode == exits.COULD_NOT
    assert "ACME, WAVE" in unknown.stderr


def test_the_same_day_under_other_limits_stands_beside_it(lived: World, tmp_path: Path) -> None:
    text = (lived.home / "tallybook.toml").read_text(encoding="utf-8")
    other = tmp_path / "other.toml"
    other.write_text(text.replace("[limits]", "[limits]\norders_per_cycle_max = 1"), encoding="utf-8")

    told = command("audit", str(TUESDAY), "--with", str(other), home=lived.home)

    assert told.returncode == exits.FINE
    assert "stops it now: few_enough_orders" in told.stdout
    assert "(stopped)" in told.stdout


def test_the_same_day_without_a_safeguard_stands_beside_it(lived: World) -> None:
    before = lived.files()
    told = command("audit", str(TUESDAY), "--without", "few_enough_orders", home=lived.home)
    wrong = command("audit", str(TUESDAY), "--without", "few_enough_order", home=lived.home)

    assert told.stdout.splitlines()[-1].startswith("3 cycles, 0 of them otherwise")
    assert wrong.returncode == exits.COULD_NOT
    assert lived.files() == before
