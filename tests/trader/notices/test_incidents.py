"""What is an incident: when one begins, and when it is over."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import (
    BreakAccepted,
    CycleFailed,
    CycleSkipped,
    DataFaultFound,
    IncidentEnded,
    NoticeFailed,
    NoticeSent,
    OrderPlanned,
    SafeguardsEvaluated,
    StepFailed,
    TradingVetoed,
    VerdictRow,
)
from ledger.log import read_events
from ledger.state import Impossible
from queries.status import status
from tests.queries.history import IBM, TUESDAY, WEDNESDAY, World, buy_ibm, closed, new_world, ready
from tests.trader.notices.incidents import LOCKED, TO, opened
from trader.alarms import KINDS, troubles
from trader.incidents import Failure, begun_by_start, over
from trader.notices import session_letter


def ended(world: World) -> tuple[IncidentEnded, ...]:
    return tuple(over(world.ledger.book, troubles(world.ledger.book), KINDS))


def told(home: Path) -> list[tuple[str, str]]:
    facts = (event.fact for event in read_events(home))
    return [(fact.kind, fact.incident) for fact in facts if isinstance(fact, NoticeSent)]


def wanted() -> OrderPlanned:
    return OrderPlanned(
        con_id=IBM, symbol="IBM", action="BUY", quantity=Decimal(1), reason="drift", held=Decimal(0),
        target=Decimal(1), weight=Decimal("0.1"), reference_price=Decimal(92), limit_price=Decimal(92),
        order_ref="tb-1",
    )  # fmt: skip


def test_a_break_that_locks_is_an_incident_until_it_is_accepted(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED)

    (incident,) = opened(world)
    assert (incident.incident, incident.subjects) == (f"break-open/{TUESDAY}", ("B-1",))
    assert incident.command == "tallybook breaks B-1"

    world.record(incident)
    assert opened(world) == ()
    assert ended(world) == ()

    world.record(BreakAccepted(break_id="B-1", why="my own"))
    (over_now,) = ended(world)
    assert "B-1 position IBM: you accepted it: my own." in over_now.lines


def test_breaks_that_begin_together_are_one_incident_and_a_later_one_is_another(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED, LOCKED.model_copy(update={"break_id": "B-2", "subject": "1"}))
    (both,) = opened(world)
    assert both.subjects == ("B-1", "B-2")
    world.record(both)

    world.record(LOCKED.model_copy(update={"break_id": "B-3", "subject": "2"}))
    (third,) = opened(world)

    assert (third.incident, third.subjects) == (f"break-open/{TUESDAY}/2", ("B-3",))


def test_what_is_only_noted_is_no_incident(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED.model_copy(update={"consequence": "note"}))

    assert opened(world) == ()


def test_a_closing_cycle_does_not_end_what_only_trading_can_tell(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "15:35")
    world.record(StepFailed(step="ingest", reason="the folder is empty"))
    world.observe("92")
    world.finish()
    world.record(*opened(world))
    assert [known.opened.code for known in world.ledger.book.incidents.values()] == ["step-failed"]

    world.quiet_cycle(TUESDAY, "16:30", "92", kind="close")
    assert ended(world) == ()

    world.quiet_cycle(WEDNESDAY, "09:35", "92")
    assert [it.incident for it in ended(world)] == [f"step-failed/{TUESDAY}"]


@pytest.mark.parametrize(
    ("safeguard", "dry_run", "codes"),
    [
        pytest.param("spreads_are_narrow", False, ["orders-vetoed"], id="a veto"),
        pytest.param("spreads_are_narrow", True, [], id="in a dry run nothing was to leave"),
        pytest.param("breaks_are_respected", False, [], id="what it follows from is told"),
    ],
)
def test_orders_that_were_wanted_and_vetoed_are_an_incident(
    tmp_path: Path, safeguard: str, dry_run: bool, codes: list[str]
) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35", dry_run=dry_run)
    world.record(wanted())
    verdict = VerdictRow(safeguard=safeguard, outcome="veto", formula="spread", observed="2", limit="1", distance="-1")
    world.record(SafeguardsEvaluated(verdicts=(verdict,)), TradingVetoed(reasons=(safeguard,)))

    assert [incident.code for incident in opened(world)] == codes


def test_a_contract_that_nobody_quotes_is_an_incident_until_somebody_does(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "10:35")
    reason = "no price: the broker quoted none"
    unquoted = wanted().model_copy(update={"action": "NOTHING", "quantity": Decimal(0), "reason": reason})
    world.record(unquoted.model_copy(update={"order_ref": None}))

    (incident,) = opened(world)
    world.record(incident)
    assert ended(world) == ()
    world.begin(TUESDAY, "11:35")

    assert (incident.code, incident.lines) == (
        "no-price",
        ("IBM: no price: the broker quoted none; it is left alone.",),
    )
    assert [over_now.incident for over_now in ended(world)] == [incident.incident]


def test_mails_that_fail_for_an_hour_are_an_incident_until_one_leaves(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    world.record(NoticeFailed(kind="start", subject="…", reason="refused"))
    world.at(TUESDAY, "10:34")
    world.record(CycleSkipped(slot=f"{TUESDAY}/1035", reason="no cycle ran in its time"))
    assert opened(world) == ()

    world.begin(TUESDAY, "11:35")
    (incident,) = opened(world)
    world.record(incident)
    assert ended(world) == ()
    world.record(NoticeSent(kind="start", subject="…"))

    assert (incident.code, incident.subjects) == ("mail-fails", ("mail",))
    assert incident.lines[0].startswith(f"No mail has left since {TUESDAY} 14:35 UTC;")
    assert [over_now.incident for over_now in ended(world)] == [incident.incident]


def test_all_ways_in_which_the_broker_is_away_are_one_outage(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    down = Failure("gateway-down", "nobody listens", f"{TUESDAY}/0935")
    world.record(*begun_by_start(world.ledger.book, down, TO))

    silent, killed = replace(down, code="gateway-silent"), replace(down, code="cycle-killed")

    assert begun_by_start(world.ledger.book, silent, TO) == ()
    assert [it.code for it in begun_by_start(world.ledger.book, killed, TO)] == ["cycle-killed"]


def test_the_end_of_an_outage_tells_how_long_what_was_missed_and_what_is_different(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.begin(TUESDAY, "10:35")
    failure = Failure("gateway-down", "nobody listens", f"{TUESDAY}/1035")
    world.record(CycleFailed(slot=failure.slot, code=failure.code, reason=failure.reason))
    world.record(*begun_by_start(world.ledger.book, failure, TO))
    world.record(CycleFailed(slot=failure.slot, code=failure.code, reason=failure.reason))
    world.at(TUESDAY, "12:34")
    world.record(CycleSkipped(slot=f"{TUESDAY}/1135", reason="no cycle ran in its time"))
    ready(world, TUESDAY, "12:35")
    buy_ibm(world, "10")
    world.observe("93")
    world.finish()

    (end,) = ended(world)

    assert end.lines[0] == "It lasted 2 h 00 min."
    assert end.lines[1] == f"2 starts failed; missed: {TUESDAY}/1135."
    assert "Executed since: IBM +10." in end.lines
    assert any(line.startswith("NAV 100,000.00 before, ") for line in end.lines)


def test_what_was_wrong_with_the_data_stands_in_the_status_and_in_the_mails_of_the_day(
    tmp_path: Path,
) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "15:35")
    fault = DataFaultFound(
        source="folder", con_id=IBM, symbol="IBM", kind="spike", first=TUESDAY, last=TUESDAY, field="close",
        text="940 after 94; correct it", skipped=True,
    )  # fmt: skip
    world.record(fault)
    world.observe("92")
    world.finish()
    world.quiet_cycle(TUESDAY, "16:30", "92", kind="close")

    line = "Data of IBM (folder), spike 2005-03-01: 940 after 94; correct it; IBM was left alone."
    assert status(closed(world)).data_faults == (line,)
    assert line in [line for part in session_letter(world.ledger.book, "end", TUESDAY, ()).parts for line in part.lines]


def test_the_closest_limits_stand_in_the_mails(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    rows = [("names_stay_within_share", "0.28", "0.3", "0.02", IBM), ("gross_leverage", "0.93", "1.5", "0.57", None)]
    verdicts = tuple(
        VerdictRow(
            safeguard=name, outcome="pass", formula="as it is", observed=seen, limit=limit, distance=left, con_id=con_id
        )
        for name, seen, limit, left, con_id in rows
    )
    words = VerdictRow(safeguard="book", outcome="pass", formula="", observed="agrees", limit="", distance="")
    world.record(SafeguardsEvaluated(verdicts=(*verdicts, words)))

    letter = session_letter(world.ledger.book, "end", TUESDAY, ())

    told = [line for part in letter.parts for line in part.lines]
    assert "Closest limits: names stay within share IBM 0.28 of 0.3; gross leverage 0.93 of 1.5." in told


def test_an_incident_opens_once_and_ends_once(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    world.record(LOCKED)
    (incident,) = opened(world)
    world.record(incident)
    with pytest.raises(Impossible, match="opened already"):
        world.record(incident)

    world.record(IncidentEnded(incident=incident.incident))
    for name, found in ((incident.incident, "its end"), ("another", "none")):
        with pytest.raises(Impossible, match=f"expected an open one, found {found}"):
            world.record(IncidentEnded(incident=name))
