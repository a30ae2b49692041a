"""Whether this log is the newest there is: restored, moved and copied homes, and witnesses outside the home."""

from __future__ import annotations

from datetime import date
from typing import Literal

from ledger.events.fact import Fact


class RecoveryStarted(Fact):
    """The home was restored, moved or copied: no order leaves until everything outside shows nothing newer."""

    type: Literal["recovery_started"] = "recovery_started"
    reason: str
    witness: str | None = None  # SEQ:HASH that was given with the restore: the log must hold it before this ends


class RecoveryEnded(Fact):
    """Nothing outside is newer than the log, or the operator says that this log is the one to go on with."""

    type: Literal["recovery_ended"] = "recovery_ended"
    evidence: tuple[str, ...]  # what was looked at, and what it showed
    why: str | None = None  # the operator's word; absent where the evidence alone ended it


class WitnessKept(Fact):
    """SEQ:HASH of the log was written to a place outside the home."""

    type: Literal["witness_kept"] = "witness_kept"
    place: str  # as the settings name it
    witness: str  # SEQ:HASH
    session_day: date
    part: Literal["start", "middle", "end"]


class WitnessFailed(Fact):
    """A place outside the home could not be written or read back; trading does not depend on it."""

    type: Literal["witness_failed"] = "witness_failed"
    place: str
    doing: Literal["writing", "reading"]
    reason: str


class WitnessDropped(Fact):
    """A place that could not be used is none of the settings any more: nothing waits for it."""

    type: Literal["witness_dropped"] = "witness_dropped"
    place: str
