"""One writer, with real processes: refused starts, kills, forks."""

from __future__ import annotations

import fcntl
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.errors import LockIneffective, LogLocked, LogNotWritable
from ledger.events import HeadAdvanced, StartRefused, TailTruncated
from ledger.ledger import Ledger
from ledger.log import Log, read_events
from ledger.log.disk import Disk
from ledger.log.lock import read_holder
from tests.ledger.logs import WEDNESDAY, StillClock, append, lost, started

ROOT = Path(__file__).parents[2]

CLOCK = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ledger.clock import SimulatedClock
from ledger.events import BrokerLost
from ledger.log import Log
clock = SimulatedClock(lambda: datetime(2026, 1, 14, 15, tzinfo=UTC), lambda seconds: None)
"""

HOLDER = (
    CLOCK
    + """
log = Log.open(Path(sys.argv[1]), clock, slot=sys.argv[2])
print("held", flush=True)
sys.stdin.readline()
log.close()
"""
)

# Writes batches of one to four lines until it is killed; seven bytes a write, so that a kill finds it in the middle.
WRITER = (
    CLOCK
    + """
import os, random
real = os.write
os.write = lambda descriptor, content: real(descriptor, content[:7])
log, rng = Log.open(Path(sys.argv[1]), clock), random.Random(int(sys.argv[2]))
while True:
    log.append(log.draft([BrokerLost(reason="x" * rng.randrange(400)) for _ in range(rng.randint(1, 4))], None))
    if rng.random() < 0.3:
        log.barrier()
    print(log.head[0], flush=True)
"""
)


@contextmanager
def running(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def held(home: Path, slot: str) -> Iterator[subprocess.Popen[str]]:
    with running(HOLDER, str(home), slot) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def notes(home: Path) -> list[Path]:
    return list((home / "var/refused").glob("*.json"))


def test_a_second_start_is_refused_with_the_holders_own_words_and_leaves_a_note(tmp_path: Path) -> None:
    started(tmp_path).close()

    with held(tmp_path, "2026-01-14/1000") as holder, pytest.raises(LogLocked) as refused:
        Log.open(tmp_path, StillClock(), slot="2026-01-14/1100")

    locked = refused.value
    assert (locked.exit_status, locked.pid, locked.slot) == (75, holder.pid, "2026-01-14/1000")
    assert locked.started_at == WEDNESDAY
    assert len(notes(tmp_path)) == 1


def test_a_start_of_the_slot_that_is_being_worked_on_leaves_no_note(tmp_path: Path) -> None:
    started(tmp_path).close()

    with held(tmp_path, "2026-01-14/1000"), pytest.raises(LogLocked) as refused:
        Log.open(tmp_path, StillClock(), slot="2026-01-14/1000")

    assert refused.value.slot == "2026-01-14/1000"
    assert notes(tmp_path) == []


def test_the_next_to_open_records_the_notes_and_removes_them(tmp_path: Path) -> None:
    started(tmp_path).close()
    with held(tmp_path, "a"):
        for slot in ("b", "c"):
            with pytest.raises(LogLocked):
                Log.open(tmp_path, StillClock(), slot=slot)

    with Ledger.open(tmp_path, StillClock()) as ledger:
        refusals = [event.fact for event in ledger.log.events()][1:]

    assert [(fact.pid, fact.slot, fact.refused_at) for fact in refusals if isinstance(fact, StartRefused)] == [
        (os.getpid(), slot, WEDNESDAY) for slot in ("b", "c")
    ]
    assert notes(tmp_path) == []


def test_a_note_that_outlives_its_recorder_is_recorded_once(tmp_path: Path) -> None:
    started(tmp_path).close()
    with held(tmp_path, "a"), pytest.raises(LogLocked):
        Log.open(tmp_path, StillClock(), slot="b")
    (note,) = notes(tmp_path)
    left = note.read_bytes()

    for _ in range(3):  # as if killed each time between the record and the removal
        Ledger.open(tmp_path, StillClock()).close()
        assert notes(tmp_path) == []
        note.write_bytes(left)

    assert [event.type for event in read_events(tmp_path)] == ["log_started", "start_refused"]
    assert [event.key for event in read_events(tmp_path)][1:] == [f"start-refused/{note.name}"]


def test_a_lock_dies_with_its_process(tmp_path: Path) -> None:
    started(tmp_path).close()
    with held(tmp_path, "a") as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()

        with Log.open(tmp_path, StillClock(), slot="a") as log:
            assert log.writable


def test_a_lock_is_free_after_its_holder_closed(tmp_path: Path) -> None:
    with started(tmp_path), pytest.raises(LogLocked):
        Log.open(tmp_path, StillClock())

    Log.open(tmp_path, StillClock()).close()
    assert (tmp_path / "var/lock").read_bytes() == b""


def test_a_name_that_a_dead_process_left_is_not_taken_for_the_holders(tmp_path: Path) -> None:
    started(tmp_path).close()
    with running("pass") as gone:
        gone.wait()
    said = {"pid": gone.pid, "slot": "mine", "started_at": "2026-01-14T15:00:00.000000Z"}
    (tmp_path / "var/lock").write_text(json.dumps(said))

    with (tmp_path / "var/lock").open() as other:  # took the lock, has not written its name yet
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(LogLocked) as refused:
            Log.open(tmp_path, StillClock(), slot="mine")

    assert (refused.value.pid, refused.value.slot) == (None, "")


def test_a_forked_child_neither_keeps_the_lock_nor_writes(tmp_path: Path) -> None:
    log = started(tmp_path)
    draft = log.draft((lost("a"),), None)
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            log.append(draft)
        except LogNotWritable:
            os.read(ready, 1)
            os._exit(7)
        os._exit(0)

    log.close()
    Log.open(tmp_path, StillClock()).close()  # free, though the child lives
    os.write(go, b"!")
    _, status = os.waitpid(child, 0)
    os.close(ready)
    os.close(go)

    assert os.waitstatus_to_exitcode(status) == 7


def test_a_file_system_that_grants_every_lock_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started(tmp_path).close()
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)

    with pytest.raises(LockIneffective, match="local disk"):
        Log.open(tmp_path, StillClock())


@pytest.mark.parametrize("seed", range(8))
def test_a_kill_at_any_moment_loses_nothing_acknowledged(tmp_path: Path, seed: int) -> None:
    started(tmp_path).close()
    acknowledged = 0

    with running(WRITER, str(tmp_path), str(seed)) as writer:
        assert writer.stdout is not None
        for _ in range(random.Random(seed).randrange(3, 40)):
            acknowledged = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
    acknowledged = int(rest[-1]) if rest else acknowledged

    with Log.open(tmp_path, StillClock()) as log:
        written = [event for event in log.events() if event.type == "broker_lost"]
        added = [type(event.fact) for event in log.events() if event.seq > written[-1].seq]
        append(log, lost("after"))

    assert written[-1].seq >= acknowledged
    assert written[-1].batch[0] == written[-1].batch[1]
    assert set(added) <= {TailTruncated, HeadAdvanced}
    assert [event.seq for event in read_events(tmp_path)] == list(range(log.head[0] + 1))


def test_a_holder_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    """As for a user who may not read `var`: the disk refuses."""

    class Refusing(Disk):
        def content(self, path: Path) -> bytes:
            raise PermissionError(13, "Permission denied", str(path))

    assert read_holder(tmp_path, Refusing()) is None
