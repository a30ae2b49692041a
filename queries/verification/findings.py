"""What a check may say: a finding, a figure; and what all of them said together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Section = Literal["A damaged log", "A forked log, or an old copy"]  # of docs/runbook.md


class Finding(NamedTuple):
    """Something that is not as it was written. A harmless one is of derived files, or of what nothing depends on."""

    text: str
    file: str = ""
    line: int | None = None  # from 1
    seq: int | None = None
    harmless: bool = False
    section: Section = "A damaged log"  # says what to do

    def __str__(self) -> str:
        where = ", ".join(
            part
            for part in (
                self.file,
                "" if self.line is None else f"line {self.line}",
                "" if self.seq is None else f"seq {self.seq}",
            )
            if part
        )
        return f"{where}: {self.text}" if where else self.text


class Figure(NamedTuple):
    """How much a check looked at; or why there was nothing to look at."""

    text: str
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check said."""

    check: str
    findings: tuple[Finding, ...]
    figures: tuple[str, ...]
    seconds: float
    skipped: bool = False  # there was nothing to check, or nobody asked for it

    @property
    def damage(self) -> tuple[Finding, ...]:
        """The findings that are bad news."""
        return tuple(finding for finding in self.findings if not finding.harmless)

    @property
    def verdict(self) -> Literal["ok", "note", "damaged", "skipped"]:
        """The outcome in a word."""
        if self.findings:
            return "damaged" if self.damage else "note"
        return "skipped" if self.skipped else "ok"


@dataclass(frozen=True, slots=True)
class Report:
    """What all checks said, and where the log ends."""

    outcomes: tuple[Outcome, ...]
    readable_to: str  # SEQ:HASH of the last line of the last whole batch that was reached; "" if there is none
    ends_at: str  # when that was recorded
    seconds: float

    @property
    def witness(self) -> str:
        """SEQ:HASH of the log's last line; "" where damage leaves open how the log ended."""
        return self.readable_to if self.clean else ""

    @property
    def clean(self) -> bool:
        """Nothing is damaged, missing, changed or from another history."""
        return not self.damage

    @property
    def damage(self) -> tuple[Finding, ...]:
        """Everything that is bad news."""
        return tuple(finding for outcome in self.outcomes for finding in outcome.damage)

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {
            "clean": self.clean,
            "witness": self.witness,
            "readable_to": self.readable_to,
            "ends_at": self.ends_at,
            "seconds": round(self.seconds, 3),
            "checks": [
                {
                    "check": outcome.check,
                    "verdict": outcome.verdict,
                    "figures": list(outcome.figures),
                    "seconds": round(outcome.seconds, 3),
                    "findings": [finding._asdict() for finding in outcome.findings],
                }
                for outcome in self.outcomes
            ],
        }


def counted(number: int, noun: str) -> str:
    """Spell a number of things: one is not several."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
