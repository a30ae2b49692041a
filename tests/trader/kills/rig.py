"""Kills the real `tallybook cycle` at exact points, and holds what the next starts make of it against the venue.

A `Point` is one call of a process: `before send placeOrder #2`. `trace` runs a scenario to its end and returns every
point that it passes; `try_out` runs it once more, kills it at some, starts it again as cron would, and returns
complaints: an empty tuple is the proof. The kill itself is done in the process, by `injected/sitecustomize.py`.
To try another course of events: a `Scenario` in `scenarios.py`.
"""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ledger.book import Book, book_hash
from ledger.events import CycleFailed, CycleFinished, CycleStarted
from ledger.log import read_events
from ledger.references import is_ours
from ledger.state import Break
from tests.trader.cycles.world import Done, World, is_unlocked, until
from tests.trader.homes import ROOT
from trader import exits
from trader.demo.tally import differences

INJECTED = Path(__file__).parent / "injected"
SHARES_APART_MAX = 5  # NAV moves a little in an hour; an order that is lost or doubled is hundreds of shares
CUT = ("write ", "send ")  # what half of may go out
PAUSE_SECONDS = 300  # cron's
ALARM = " ALARM "
NOT_AT_VENUE = ("rejected", "not_sent")
PRESUMED = "presumed never sent"


@dataclass(frozen=True)
class Point:
    """One call of one process, and a side of it."""

    call: str
    nth: int = 1
    side: str = "before"  # before, torn, after
    who: str = "child"  # the process that passes it: child, parent
    victims: str = "self"  # who is killed there: that process, its parent, both

    def __str__(self) -> str:
        where = "" if self.who == "child" else " in the parent"
        whom = {"self": "", "parent": ", its parent alone", "both": ", both"}[self.victims]
        return f"{self.side} {self.call} #{self.nth}{where}{whom}"

    @property
    def environment(self) -> dict[str, str]:
        """What kills there."""
        return injected(self.who, AT=self.call, NTH=str(self.nth), SIDE=self.side, VICTIMS=self.victims)


Run = tuple[Point, ...]  # what is killed in one start: its cycle, and perhaps its parent while that tells


@dataclass(frozen=True)
class Scenario:
    """A course of events: what comes before the slot in which the cycle is killed, and what follows the kill."""

    name: str
    before: Callable[[World], None]
    meanwhile: Callable[[World], None]  # while nobody runs
    restart: Callable[[World], Done]  # the start after it
    afterwards: Callable[[World], None]  # before the next slot
    wanted: tuple[tuple[str, Decimal], ...] = ()  # what is held once the next slot is done
    slot: int = 0


def injected(process: str, /, **given: str) -> dict[str, str]:
    """Spell the environment of a process that is to be watched."""
    return {
        "PYTHONPATH": f"{INJECTED}:{ROOT}",
        **{f"KILLS_{process.upper()}_{name}": value for name, value in given.items()},
    }


def trace(world: World, scenario: Scenario) -> tuple[Point, ...]:
    """Run a scenario undisturbed; return every call that its cycle makes, in their order."""
    scenario.before(world)
    return traced(world, "child")


def traced(world: World, who: str, *run: Point) -> tuple[Point, ...]:
    """Start a cycle, kill it at some points, and return every call that one of its processes made."""
    file = world.home.parent / f"calls of the {who}"
    environment = injected(who, TRACE=str(file))
    for point in run:
        environment |= point.environment
    world.cycle(**environment)
    calls = (json.loads(line) for line in file.read_text().splitlines())
    return tuple(Point(call, nth, who=who) for call, nth in calls)


def sides(point: Point) -> Iterator[Point]:
    """Both sides of a call, and the middle where there is one."""
    for side in ("before", "torn", "after"):
        if side != "torn" or point.call.startswith(CUT):
            yield Point(point.call, point.nth, side, point.who, point.victims)


def try_out(world: World, scenario: Scenario, *runs: Run, **lie: str) -> tuple[str, ...]:
    """Kill a scenario's cycle, and the starts after it if there are further runs; return what came out wrong."""
    scenario.before(world)
    found: list[str] = []
    for number, run in enumerate(runs):
        environment = injected("child", **lie)
        for point in run:
            environment |= point.environment
        found += _not_killed(world, run, world.cycle(**environment))
        if not number:
            scenario.meanwhile(world)
        world.control.advance(seconds=PAUSE_SECONDS)
        found += _of_status(world, (exits.FINE, exits.BAD_NEWS))
    began = len(world.facts(CycleStarted))
    found += _of_restart(scenario.restart(world), world.book())
    found += _of_telling(world, runs)
    if len(world.facts(CycleStarted)) > began:  # else its slot was used up: the next one looks at the venue
        found += complaints(world)
    scenario.afterwards(world)
    return (*found, *(() if found else _next_slot(world, scenario)))


def _of_restart(done: Done, book: Book) -> Iterator[str]:
    """See that the start after the kill went well: an order that is nowhere is bad news, and nothing else is."""
    news = [known.found.text for known in book.open_breaks]
    expected = exits.BAD_NEWS if news else exits.FINE
    if done.status != expected or done.err:
        yield f"the next start ended with {done.status}, with {len(news)} open breaks: {done.err.strip()}"
    yield from (text for text in news if PRESUMED not in text)


def _next_slot(world: World, scenario: Scenario) -> Iterator[str]:
    """Go on an hour later: everything is as it was wanted."""
    world.advance_to(world.book().now.date(), scenario.slot + 1)
    status = world.trade()
    if status != exits.FINE:
        yield f"the next slot ended with {status}: {[known.found.text for known in world.book().open_breaks]}"
    yield from complaints(world)
    yield from (f"{name}: its commission is pending" for name in world.book().pending_commissions)
    yield from _of_status(world, (exits.FINE,))
    held = world.held()
    for symbol, quantity in scenario.wanted:
        if abs(held.get(symbol, Decimal(0)) - quantity) > SHARES_APART_MAX:
            yield f"{symbol}: expected {quantity} in the end, found {held.get(symbol)}"


def _not_killed(world: World, run: Run, done: Done) -> Iterator[str]:
    """See that the kills happened where they were meant to, and wait for whoever goes on."""
    if [(point.who, point.victims) for point in run] == [("child", "self")]:
        if done.status != exits.COULD_NOT or not done.err.startswith("cycle-killed: "):
            yield f"{run[0]}: expected a killed cycle, found status {done.status}: {done.err.strip()}"
        return
    if done.status != -signal.SIGKILL:
        yield f"{run[-1]}: expected a killed parent, found status {done.status}: {done.err.strip()}"
    until(lambda: not _runs(world.home) and is_unlocked(world.home), "the end of whoever went on")


def _runs(home: Path) -> bool:
    """Tell whether a cycle's process of this home is there, orphaned or not."""
    words = (b"trader.child", f"--home={home}".encode())
    for process in Path("/proc").glob("[0-9]*"):
        try:
            said = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it has just ended
        if all(word in said for word in words):
            return True
    return False


def complaints(world: World) -> Iterator[str]:
    """Say where log, book and venue do not fit: nothing lost, nothing doubled, nothing undecided, equal sums."""
    yield from _of_the_log(world.home)
    book, account = world.book(), world.control.dump()
    at_venue = Counter(order["order_ref"] for order in account["orders"] if is_ours(order["order_ref"], book.account))
    yield from (f"{ref}: the venue has it, the log does not know it" for ref in at_venue if ref not in book.orders)
    yield from (f"{ref}: the venue has {count} of it" for ref, count in at_venue.items() if count > 1)
    yield from (f"{order.order_ref}: undecided" for order in book.in_doubt)
    for order in book.orders.values():
        theirs = [row for row in account["orders"] if row["order_ref"] == order.order_ref]
        if bool(theirs) == (order.status in NOT_AT_VENUE):
            yield f"{order.order_ref}: the log says {order.status}, the venue has {len(theirs)}"
        for row in theirs:
            works = row["completed_at"] is None
            if works == order.ended or Decimal(row["filled"]) != abs(order.filled):
                yield f"{order.order_ref}: {order.status} {order.filled}, at the venue {row['status']} {row['filled']}"
            if order.perm_ids != (row["perm_id"],):
                yield f"{order.order_ref}: permanent ids {order.perm_ids}, at the venue {row['perm_id']}"
    yield from differences(book, account)  # nothing while a commission is pending


def _of_the_log(home: Path) -> Iterator[str]:
    """Replay the log: each hash that a cycle recorded is that of the book before it."""
    book = Book()
    for event in read_events(home):
        if isinstance(event.fact, CycleFinished) and event.fact.book_hash != book_hash(book):
            yield f"seq {event.seq}: the log implies another book than it recorded"
        book.apply(event)


def _of_telling(world: World, runs: tuple[Run, ...]) -> Iterator[str]:
    """Every end that a parent saw is recorded with its signal, any other by the next start; one mail a day and kind."""
    seen = sum(point.victims == "self" and point.who == "child" for run in runs for point in run if len(run) == 1)
    failed = world.facts(CycleFailed)
    killed = [one.signal for one in failed if one.code == "cycle-killed"]
    least = sum(len(run) > 1 for run in runs)  # whoever was killed while telling may have told
    if not seen <= len(killed) <= seen + least or set(killed) - {"SIGKILL"}:
        yield f"{seen} ends seen by a parent, found {killed}"
    cut_off = sum(one.code == "cycle-cut-off" for one in failed)
    unseen = sum(any(point.victims == "both" or point.who == "parent" for point in run) for run in runs)
    if cut_off > unseen:
        yield f"expected at most {unseen} cycles without an end, found {cut_off}"
    alarms = Counter(subject.partition("  ")[2].partition(" ")[0] for subject in world.box.subjects if ALARM in subject)
    expected = {one.code for one in failed}
    if any(_has_doubt(known) for known in world.book().open_breaks):
        expected.add("order-in-doubt")
    again = {code for code, count in alarms.items() if count > 1 + least}
    if alarms.keys() != expected or again:
        yield f"expected one alarm of each of {sorted(expected)}, found {dict(alarms)}"


def _has_doubt(known: Break) -> bool:
    return known.found.kind == "order" and PRESUMED in known.found.text


def _of_status(world: World, expected: tuple[int, ...]) -> Iterator[str]:
    done = world.command("status")
    if done.status not in expected:
        yield f"status: expected exit {expected}, found {done.status}: {done.out} {done.err}"
