"""`tallybook doctor --fire-drill`: damage a copy of the user's own log in every way, and see whether each is detected.

The damages stand in `damages.py`; `copies.py` has the copy that is spoilt and put right again. What is detected is
what `tallybook verify` finds, and, for what lies at the end of the log, what the next start refuses. The user's own
files are only read, and compared before and after.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ledger.clock import Clock, SimulatedClock, SystemClock
from ledger.errors import LogError
from ledger.ledger import Ledger
from ledger.log import last_recorded_at, read_genesis
from ledger.log.recovery import RESTORE
from queries.verification import Report, Subject, Witness, verify
from trader.drill.copies import Copy, NotHere, fingerprint
from trader.drill.damages import DAMAGES, Damage

__all__ = ["Drill", "Trial", "run"]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one damage."""

    damage: Damage
    done: str  # what exactly was done; for one that this home has no files for, why not
    tried: bool
    detected: bool
    verify_said: str
    start_said: str  # "" where the start was not tried


@dataclass(frozen=True, slots=True)
class Drill:
    """What came of all of them."""

    trials: tuple[Trial, ...]
    sound_before: Report  # of the copy, untouched
    files: int
    untouched: bool

    @property
    def damages(self) -> tuple[Trial, ...]:
        """The trials of real damages."""
        return tuple(trial for trial in self.trials if trial.tried and trial.damage.expected != "repaired")

    @property
    def repairs(self) -> tuple[Trial, ...]:
        """The trials of what is no damage."""
        return tuple(trial for trial in self.trials if trial.tried and trial.damage.expected == "repaired")

    @property
    def passed(self) -> bool:
        """Every damage was detected, what is none was repaired, and the user's own files are as they were."""
        return (
            self.sound_before.clean and self.untouched and all(trial.detected for trial in self.trials if trial.tried)
        )


def run(home: Path, seed: int, told: Callable[[Trial], None] = lambda _: None) -> Drill:
    """Damage a copy of a home in every way; each trial is told as it ends. LogError if there is no log to copy."""
    read_genesis(home)
    sizes, before = fingerprint(home)
    with tempfile.TemporaryDirectory(prefix="tallybook-drill-") as folder:
        copy = Copy.of(home, Path(folder) / "home", seed)
        subject = Subject(copy.home)
        sound = verify(subject)
        if sound.clean:
            copy.evidence = tuple(subject.walked.evidence)
            copy.vouch_for_all(Witness.parse(sound.witness))
        trials = []
        for trial in _trials(copy, sound) if sound.clean else ():
            told(trial)
            trials.append(trial)
    return Drill(tuple(trials), sound, len(sizes), fingerprint(home, sizes)[1] == before)


def _trials(copy: Copy, sound: Report) -> Iterator[Trial]:
    remembered = Witness.parse(sound.witness)
    for damage in DAMAGES:
        try:
            done = _shortened(damage.harm(copy))
        except NotHere as missing:
            yield Trial(damage, str(missing), tried=False, detected=False, verify_said="", start_said="")
            continue
        yield _judged(copy, damage, done, remembered if damage.by_witness else None)
        copy.restore()


def _judged(copy: Copy, damage: Damage, done: str, remembered: Witness | None) -> Trial:
    report = verify(Subject(copy.home, witness=remembered))
    notes = [finding for outcome in report.outcomes for finding in outcome.findings if finding.harmless]
    found = [*report.damage, *notes]
    said = _shortened(str(found[0])) if found else "nothing"
    match damage.expected:
        case "found":
            return Trial(damage, done, True, not report.clean, said, "")
        case "noted":
            named = any(finding.file.endswith(done.partition(":")[0]) for finding in notes if finding.file)
            return Trial(damage, done, True, report.clean and named, said, "")
        case "refused":
            refusal = _refusal(copy)
            return Trial(damage, done, True, not report.clean and bool(refusal), said, refusal or "opened it")
        case "repaired":
            repaired = report.clean and not _refusal(copy) and verify(Subject(copy.home)).clean
            return Trial(damage, done, True, repaired, said, "cut it off, kept it aside, recorded it")


HASH = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{52}([0-9a-f]{4})\b")


def _shortened(text: str) -> str:
    return HASH.sub(r"\1…\2", text)


def _refusal(copy: Copy) -> str:
    """Start on the copy; return what was said if that refuses, "" if it opens."""
    try:
        Ledger.open(copy.home, _clock(copy.home)).close()
    except LogError as error:
        said = str(error).replace(f"{copy.home}/", "").replace(f"; {RESTORE}", "")
        return _shortened(f"{error.code}: {said}")
    return ""


def _clock(home: Path) -> Clock:
    if read_genesis(home).clock == "system":
        return SystemClock()
    end = last_recorded_at(home)
    return SimulatedClock(lambda: end, lambda _: None)
