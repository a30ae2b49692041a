"""A swarm of homes on disks whose power fails: what was acknowledged must be there, and nothing else may be.

A `Life` is one home through a dozen cycles: open, record batches through the real ledger, close, or crash at any change
of the disk and start again. A model outside notes what was appended and what something depended on; after every start
it compares. One seed is one life, and repeats it. To add something that a cycle does: write a method that records, and
add it to `WORK`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

from ledger.book import book_hash, replay
from ledger.errors import LogError, LogLocked
from ledger.events import (
    CycleStarted,
    Fact,
    HeadAdvanced,
    OrderResolved,
    OverrideSet,
    TailTruncated,
    TradingHalted,
    TradingResumed,
)
from ledger.ledger import Ledger
from ledger.line import decode
from ledger.log import Log
from tests.ledger.logs import GENESIS, MAY_TRADE, StillClock, acknowledged, attempted, lost
from tests.ledger.rigs.log_of_three_days import deposit, traded
from tests.ledger.rigs.oracle import Verdict, judge, line_of, slot_of, split
from tests.ledger.rigs.simulated_disk import HOME, PowerCut, SimulatedDisk

CYCLES_A_LIFE = 12
CRASHING = 0.45
OF_A_START = {"tail_truncated", "head_advanced", "wall_clock_regressed", "start_refused", "day_sealed"}
DECISIONS = {"tail_truncated", "head_advanced", "wall_clock_regressed"}
INSTEAD_OF_AN_ORDER = {"trading_halted", "trading_vetoed"}


class Broken(AssertionError):
    """A life in which something was lost, invented or wrong."""


@dataclass
class Tally:
    """What a run of the swarm met."""

    cycles: int = 0
    crashes: int = 0
    facts: int = 0
    acts: int = 0
    seen: Counter[str] = field(default_factory=Counter)

    def add(self, other: Tally) -> None:
        self.cycles, self.crashes = self.cycles + other.cycles, self.crashes + other.crashes
        self.facts, self.acts = self.facts + other.facts, self.acts + other.acts
        self.seen += other.seen


class Life:
    """One home, its disk, and what the model knows of it."""

    def __init__(self, seed: int, disk: SimulatedDisk | None = None) -> None:
        self.chance = random.Random(seed)
        self.disk = disk or SimulatedDisk(seed)
        self.disk.short_writes = seed % 3 == 0
        self.clock = StillClock()
        self.tally = Tally()
        self.appended: list[bytes] = []  # every line whose append returned
        self.vouched = -1  # the last line that something depended on
        self.in_flight: tuple[Fact, ...] = ()
        self.begun = False  # `create` returned once
        self.number = 0
        self.usual_changes = 20

    def run(self, cycles: int = CYCLES_A_LIFE) -> Tally:
        """Live; Broken at the first lie."""
        for _ in range(cycles):
            self._cycle()
        self.tally.seen += self.disk.coverage
        self.disk.forget()
        return self.tally

    def _cycle(self) -> None:
        self.tally.cycles += 1
        self._move_clock()
        before = self.disk.changes
        if self.chance.random() < CRASHING:
            self.disk.cut_at = before + self.chance.randint(1, max(6, self.usual_changes))
        try:
            ledger = self.open()
            self._work(ledger)
            self.in_flight = ()
            ledger.close()
            self._note()
            self.vouched = len(self.appended) - 1
            self.usual_changes = self.disk.changes - before
            self.disk.cut_at = None
        except PowerCut:
            self.tally.crashes += 1
            self._crash()
        else:
            if self.chance.random() < 0.1:
                self._crash()  # the power may also go while nothing runs

    def _crash(self) -> None:
        kind = "power cut" if self.chance.random() < 0.75 else "kill"
        self.tally.seen[kind] += 1
        if kind == "power cut":
            self.disk.restart()
        else:
            self.disk.kill()

    def _move_clock(self) -> None:
        step = self.chance.choices((60, 3_600, 86_400, -90, 0), (50, 25, 15, 5, 5))[0]
        self.clock.sleep(step)

    # starting

    def open(self) -> Ledger:
        """Start, and compare with the oracle and the model."""
        files, slots = self.disk.day_files(), self.disk.files(HOME / "var")
        verdict = judge(files, (slots.get("HEAD.0"), slots.get("HEAD.1")))
        if verdict.refusals == {"log-missing"} and not self.begun:
            self.tally.seen["begin"] += 1
            self.in_flight = (GENESIS,)
            ledger = Ledger.create(HOME, self.clock, GENESIS, disk=self.disk)
        else:
            self.require(verdict.opens, f"a crash left what has to be refused: {set(verdict.refusals)}")
            try:
                ledger = Ledger.open(HOME, self.clock, disk=self.disk)
            except LogError as refused:
                raise Broken(f"refused: {refused}") from refused
            self.tally.seen[verdict.decision] += 1
            self._compare(verdict, files)
        self.begun = True
        self.appended, self.in_flight = self.lines(), ()
        self.vouched = max(self.vouched, self._head())
        self._compare_book(ledger)
        return ledger

    def _compare(self, verdict: Verdict, files: dict[str, bytes]) -> None:
        """Nothing lost, nothing invented, whole batches; what was torn is kept and told."""
        survived, lines = list(verdict.lines), self.lines()
        self.require(survived[: len(self.appended)] == self.appended, "appended lines are gone or changed")
        self.require(
            (-1 if verdict.head is None else verdict.head) >= self.vouched, "HEAD fell behind what depended on it"
        )
        self.require(lines[: len(survived)] == survived, "the start changed lines")
        self._compare_in_flight(survived[len(self.appended) :])
        told = [decode(line).fact for line in lines[len(survived) :]]
        self.require({fact.type for fact in told} <= OF_A_START, "the start invented facts")
        if verdict.cut is not None:
            torn = files[verdict.cut[0]][verdict.cut[1] :]
            kept = {fact.sha256: fact.kept_as for fact in told if isinstance(fact, TailTruncated)}
            name = kept.get(sha256(torn).hexdigest(), "")
            self.require(self.disk.files(HOME / "var/events").get(name) == torn, "the torn tail is not kept and told")
        advanced = any(isinstance(fact, HeadAdvanced) for fact in told)
        self.require(advanced == (verdict.seq != verdict.head), "an adopted end is told, and only that")
        of_recovery = [seq for seq, fact in enumerate(told, len(survived)) if fact.type in DECISIONS]
        self.require(self._head() >= max(of_recovery, default=-1), "HEAD does not vouch for what the start wrote")

    def _compare_in_flight(self, arrived: list[bytes]) -> None:
        """What was being written is there whole or not at all; beside it only what a start or a seal writes."""
        facts = tuple(fact for line in arrived if (fact := decode(line).fact).type not in OF_A_START)
        if facts:
            self.tally.seen["batch in flight arrived"] += 1
            instead = len(facts) == 1 and facts[0].type in INSTEAD_OF_AN_ORDER
            self.require(instead or facts == self.in_flight, f"nobody wrote {[fact.type for fact in facts]}")

    def _compare_book(self, ledger: Ledger) -> None:
        """The book is that of the lines, and its sums are those that a child would add up."""
        book = ledger.book
        self.require(
            book_hash(book) == book_hash(replay(map(decode, self.appended))), "the book is not that of the lines"
        )
        quantity, cash = Decimal(0), Decimal(0)
        for line in filter(None, map(line_of, self.appended)):
            if line.type == "order_filled":
                quantity += Decimal(line.fact["quantity"])
                cash -= Decimal(line.fact["quantity"]) * Decimal(line.fact["price"])
            elif line.type in ("commission_charged", "cash_deposited"):
                cash += Decimal(line.fact["amount"])
        self.require(sum(book.positions.values()) == quantity, "another position")
        self.require(book.cash.get("USD", Decimal(0)) == cash, "other cash")

    # working

    def _work(self, ledger: Ledger) -> None:
        if not ledger.book.adopted:
            self._record(ledger, *MAY_TRADE[:2])
        for _ in range(self.chance.randint(1, 5)):
            work = self.chance.choice(WORK)
            work(self, ledger)

    def _record(self, ledger: Ledger, *batch: Fact) -> None:
        """Record one batch, and note what came of it."""
        self.in_flight = batch
        ledger.record(batch)
        self._note()
        self.in_flight = ()

    def _note(self) -> None:
        """Note what was appended: the lines before are the same, the new ones are what was handed over."""
        lines = self.lines()
        self.require(lines[: len(self.appended)] == self.appended, "lines changed under the writer")
        facts = tuple(decode(line).fact for line in lines[len(self.appended) :])
        facts = tuple(fact for fact in facts if fact.type not in OF_A_START)
        self.require(facts == self.in_flight, "not what was recorded")
        self.appended = lines
        self.tally.facts += len(facts)

    def cash(self, ledger: Ledger) -> None:
        self._record(ledger, *(deposit(self._next()) for _ in range(self.chance.randint(1, 6))))

    def trade(self, ledger: Ledger) -> None:
        self._record(ledger, *traded(self._next(), self.chance.choice(("5", "-3", "1", "-9"))))

    def told_again(self, ledger: Ledger) -> None:
        told = deposit(self._next())
        self._record(ledger, told)
        ledger.record((told,))
        self._note()

    def much(self, ledger: Ledger) -> None:
        self._record(ledger, lost("x" * self.chance.randrange(9_000)), lost("y" * self.chance.randrange(600)))

    def operator(self, ledger: Ledger) -> None:
        word = OverrideSet(subject=f"S{self._next()}", allow="none", why="so")
        self._record(ledger, self.chance.choice((word, TradingHalted(reason="so"), TradingResumed(why="so"))))

    def midnight(self, ledger: Ledger) -> None:
        self.clock.sleep(86_400)
        self.cash(ledger)

    def second_start(self, ledger: Ledger) -> None:
        self.in_flight = ()
        try:
            Log.open(HOME, self.clock, slot=f"slot {self._next()}", disk=self.disk)
        except LogLocked:
            self.tally.seen["second start refused"] += 1
        else:
            raise Broken("two writers")

    def orders(self, ledger: Ledger) -> None:
        """A cycle that may trade sends orders, each durable before it leaves."""
        doubt = [order for order in ledger.book.orders.values() if order.status == "attempted"]
        for order in doubt:
            self._record(ledger, OrderResolved(order_ref=order.order_ref, outcome="not_sent", evidence="none"))
        if ledger.book.halted:
            self._record(ledger, TradingResumed(why="so"))
        self._record(ledger, *self._cycle_facts())
        if not ledger.book.may_trade:
            return
        if self.chance.random() < 0.1 or "HALT" in self.disk.files(HOME / "var"):
            self._halted(ledger)
        else:
            ledger.record(self._send(ledger))
            self._note()

    def _halted(self, ledger: Ledger) -> None:
        """The operator's HALT lies there: no order leaves, and that is told instead."""
        self.disk.put(HOME / "var/HALT", b"so")
        ledger.record(self._send(ledger))
        self.in_flight = (TradingHalted(reason="so"),)
        self._note()
        self.in_flight = ()
        self.disk.remove(HOME / "var/HALT")
        self.tally.seen["halted"] += 1

    def _cycle_facts(self) -> Iterator[Fact]:
        for fact in MAY_TRADE[2:]:
            if isinstance(fact, CycleStarted):
                close = self.clock.now() + timedelta(hours=400)
                fact = fact.model_copy(update={"slot": f"s{self._next()}", "session_close": close})  # noqa: PLW2901
            yield fact

    def _send(self, ledger: Ledger) -> Iterator[Fact]:
        for _ in range(self.chance.randint(1, 3)):
            self._next()
            order_ref = f"tb-DU1-3-abcd-756733-B-{self.number}"
            intent = attempted(order_ref, "5", ledger.book.order_id_high + 1)
            self.in_flight = (intent,)
            yield intent
            self._note()
            self.require(f'"{order_ref}"'.encode() in self.appended[-1], "acted before the intent was written")
            self.vouched = len(self.appended) - 1  # the order leaves here
            self.tally.acts += 1
            self.in_flight = (acknowledged(order_ref),)
            yield self.in_flight[0]
            self._note()
            self.in_flight = ()

    def _next(self) -> int:
        self.number += 1
        return self.number

    # looking at the disk

    def lines(self) -> list[bytes]:
        return [line for _, content in sorted(self.disk.day_files().items()) for line in split(content)]

    def _head(self) -> int:
        slots = self.disk.files(HOME / "var")
        return max(found[0] for name in ("HEAD.0", "HEAD.1") if (found := slot_of(slots.get(name))))

    def require(self, holds: bool, otherwise: str) -> None:
        if not holds:
            raise Broken(f"cycle {self.tally.cycles}: {otherwise}")


WORK = (
    Life.cash,
    Life.trade,
    Life.told_again,
    Life.much,
    Life.operator,
    Life.midnight,
    Life.second_start,
    Life.orders,
    Life.orders,
)


def live(seeds: range, cycles: int = CYCLES_A_LIFE) -> Tally:
    """Run one life a seed; Broken names the seed."""
    tally = Tally()
    for seed in seeds:
        try:
            tally.add(Life(seed).run(cycles))
        except Broken as broken:
            raise Broken(f"seed {seed}: {broken}") from broken
    return tally
