"""How a fire drill is told: what was done to the copy, and what was said to that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trader.drill import Drill, Trial

NAME_WIDTH = 40
WIDTH = 150


def lines_of(trial: Trial) -> Iterator[str]:
    """Yield one trial as a person reads it."""
    name = f"{trial.damage.name:<{NAME_WIDTH}}"
    if not trial.tried:
        yield f" - {name} not in this home: {trial.done}"
        return
    yield f" {'✓' if trial.detected else '✗'} {name} {trial.done}"
    yield f"     verify  {_cut(trial.verify_said)}"
    if trial.start_said:
        yield f"     start   {_cut(trial.start_said)}"


def conclusion_of(drill: Drill, seconds: float) -> Iterator[str]:
    """Yield the figures."""
    if not drill.sound_before.clean:
        yield "the copy was damaged before the drill began, as your own log is: tallybook verify says how"
        return
    detected = sum(trial.detected for trial in drill.damages)
    repaired = sum(trial.detected for trial in drill.repairs)
    yield (
        f"{detected} of {len(drill.damages)} damages detected · {repaired} of {len(drill.repairs)} torn writes repaired"
    )
    state = "untouched" if drill.untouched else "CHANGED meanwhile: run tallybook verify"
    yield f"your own {drill.files:,} files: {state} · {seconds:.1f} s"
    missed = [trial.damage.name for trial in (*drill.damages, *drill.repairs) if not trial.detected]
    if missed:
        yield f"NOT DETECTED: {', '.join(missed)}; report this"


def as_json(drill: Drill) -> dict[str, Any]:
    """Return the drill as JSON values."""
    return {
        "passed": drill.passed,
        "sound_before": drill.sound_before.clean,
        "files": drill.files,
        "untouched": drill.untouched,
        "trials": [
            {
                "damage": trial.damage.name,
                "expected": trial.damage.expected,
                "done": trial.done,
                "tried": trial.tried,
                "detected": trial.detected,
                "verify_said": trial.verify_said,
                "start_said": trial.start_said,
            }
            for trial in drill.trials
        ],
    }


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"
