"""Each rig must catch a log or a disk that is broken on purpose: a rig that catches nothing proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256

import pytest

from ledger.events import Fact
from ledger.ledger import Ledger
from ledger.line import HASH_TAIL, Event, Header, decode
from ledger.log import Log
from ledger.log.chain import Chain
from tests.ledger.logs import StillClock
from tests.ledger.rigs.damage import EVENTS_FOLDER, Case, WrongAnswer, check, flipped, heads, real_start
from tests.ledger.rigs.log_of_three_days import END, three_days
from tests.ledger.rigs.oracle import split, walk
from tests.ledger.rigs.simulated_disk import HOME, SimulatedDisk
from tests.ledger.rigs.swarm import Broken, Life
from tests.ledger.rigs.test_every_bit import STATES, BrokenLine

LIVES = 40  # within so many a canary has to be caught


def live_all(life: Callable[[int], Life]) -> None:
    for seed in range(1000, 1000 + LIVES):
        life(seed).run()


class SyncsNoContent(SimulatedDisk):
    def sync_content(self, handle: int) -> None:
        self._change("sync")


class SyncsNoFile(SimulatedDisk):
    def sync(self, handle: int) -> None:
        self._change("sync")

    def sync_content(self, handle: int) -> None:
        super().sync(handle)

    def sync_file(self, path: object) -> None:
        self._change("sync file")


class SyncsNoFolder(SimulatedDisk):
    def sync_folder(self, folder: object) -> None:
        self._change("sync folder")


@pytest.mark.parametrize("disk", [SyncsNoContent, SyncsNoFile, SyncsNoFolder])
def test_the_swarm_catches_a_disk_that_lies_about_a_sync(disk: type[SimulatedDisk]) -> None:
    with pytest.raises(Broken):
        live_all(lambda seed: Life(seed, disk(seed)))


class WithoutBarrier(Log):
    def barrier(self) -> None:
        """Forget HEAD."""


class Hasty(Ledger):
    """Resumes a generator before what it yielded is written."""

    def record(self, facts: Iterable[Fact | tuple[Fact, ...]]) -> None:
        super().record(facts if isinstance(facts, tuple) else iter(list(facts)))


class Lossy(Ledger):
    """Says that it recorded what it did not."""

    def record(self, facts: Iterable[Fact | tuple[Fact, ...]]) -> None:
        if not isinstance(facts, tuple) or len(facts) != 2:
            super().record(facts)


class Careless(Life):
    """A life with another ledger or log."""

    def __init__(self, seed: int, ledger: type[Ledger] = Ledger, log: type[Log] = Log) -> None:
        super().__init__(seed)
        self.kinds = ledger, log

    def open(self) -> Ledger:
        ledger = super().open()
        ledger.__class__, ledger.log.__class__ = self.kinds
        return ledger


@pytest.mark.parametrize(
    ("ledger", "log", "caught"),
    [
        pytest.param(Ledger, WithoutBarrier, "HEAD fell behind", id="HEAD is never synced"),
        pytest.param(Hasty, Log, "not what was recorded|acted before", id="acts first"),
        pytest.param(Lossy, Log, "not what was recorded", id="a batch is swallowed"),
    ],
)
def test_the_swarm_catches_a_careless_writer(ledger: type[Ledger], log: type[Log], caught: str) -> None:
    with pytest.raises(Broken, match=caught):
        live_all(lambda seed: Careless(seed, ledger, log))


def resealed(raw: bytes) -> bytes:
    body = raw[:-HASH_TAIL]
    return body + b',"hash":"' + sha256(body).hexdigest().encode() + b'"}\n'


class Credulous(Chain):
    """Takes every line for what it says, without looking at its hash."""

    def accept(self, raw: bytes, file: str) -> Header:
        return super().accept(resealed(raw), file)


def test_the_flips_catch_a_chain_that_forgets_the_hash() -> None:
    log = three_days()
    damage = BrokenLine(log, next(seq for seq, line in enumerate(log.lines) if b'"broker_lost"' in line))
    damage.chain.__class__ = Credulous
    at = damage.at + damage.line.index(b'"reason":"') + 11
    content = flipped(damage.content, at, 0)
    damage.judged(content)

    with pytest.raises(AssertionError, match="taken for sound"):
        damage.check(content, content[damage.at : damage.at + len(damage.line)], STATES[0])


def careless_read(disk: SimulatedDisk) -> Iterator[Event]:
    for content in disk.day_files().values():
        yield from (decode(resealed(raw)) for raw in split(content))


def cuts_everything(case: Case, disk: SimulatedDisk) -> Log:
    """Take whatever is no next line for a torn tail."""
    good = walk(case.files)
    if good.flaw is not None:
        name, at = good.flaw
        disk.put(EVENTS_FOLDER / name, case.files[name][:at])
        for later in case.files:
            if later > name:
                disk.remove(EVENTS_FOLDER / later)
    return trusts_any_chain(case, disk)


def trusts_any_chain(case: Case, disk: SimulatedDisk) -> Log:
    """Do without HEAD."""
    for slot in ("HEAD.0", "HEAD.1"):
        disk.remove(HOME / "var" / slot)
    return Log.open(HOME, StillClock(), accept_head=True, disk=disk)


def tidies_up(case: Case, disk: SimulatedDisk) -> Log:
    """Refuse as one should, but not leave the damage as it is."""
    for name, content in case.files.items():
        disk.put(EVENTS_FOLDER / name, content[: content.rfind(b"\n") + 1])
    return real_start(case, disk)


def damaged_in_the_middle() -> Case:
    log = three_days()
    name = min(log.files)
    return Case("a flip", log.files | {name: flipped(log.files[name], 3000, 0)}, heads(log)["at the end"])


def shortened() -> Case:
    log = three_days()
    name, at = log.starts[60]
    return Case("cut short", log.files | {name: log.files[name][:at]}, heads(log)["at the end"])


def torn_and_vouched_for() -> Case:
    log = three_days()
    name, at = log.starts[END]
    return Case("torn", log.files | {name: log.files[name][: at + 40]}, heads(log)["at the end"])


@pytest.mark.parametrize(
    ("case", "start"),
    [
        pytest.param(damaged_in_the_middle, cuts_everything, id="cuts whatever is damaged"),
        pytest.param(shortened, trusts_any_chain, id="trusts any chain"),
        pytest.param(torn_and_vouched_for, cuts_everything, id="cuts what HEAD vouches for"),
        pytest.param(torn_and_vouched_for, tidies_up, id="touches what it refuses"),
    ],
)
def test_the_damage_catches_a_careless_start(
    case: Callable[[], Case], start: Callable[[Case, SimulatedDisk], Log]
) -> None:
    check(case())
    with pytest.raises(WrongAnswer):
        check(case(), start=start)


def test_the_damage_catches_a_careless_reader() -> None:
    case = damaged_in_the_middle()
    with pytest.raises((WrongAnswer, ValueError)):
        check(case, read=careless_read)
