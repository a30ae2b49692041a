"""A scenario: what goes wrong by itself, at a time or after a request; drawn from a seed, so that it happens again.

    # What it is about, in a line.
    seed = 7

    [[step]]
    at = 2005-03-01T14:40:00Z          # or: after = "placeOrder", nth = 2; with neither at once
    command = "drop"                   # any command of the control port, but those that move time or end it all
    arguments = { kind = "positionEnd", times = 1 }
    chance = "0.5"                     # whether it happens at all (default: it does)
    within = 600                       # at most so many seconds later than `at`

Those that are packaged lie in `scenarios/`, named after the rows of docs/faults.md.
To let a step depend on something else: a field of `Step`, read in `_step`, and whoever asks for it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from trader.simulator.registry import REQUEST_NAMES

SCENARIOS = Path(__file__).with_name("scenarios")
AT_ONCE = datetime(1, 1, 1, tzinfo=UTC)
FIELDS = frozenset({"at", "after", "nth", "command", "arguments", "chance", "within"})
Act = Callable[[str, dict[str, object]], Awaitable[object]]


class ScenarioError(ValueError):
    """A scenario that cannot be read; the text says where and what was expected."""


@dataclass(slots=True)
class Step:
    """One thing that happens, once."""

    command: str
    arguments: dict[str, object]
    at: datetime | None = None
    after: str = ""
    nth: int = 1

    def due_after(self, request: str) -> bool:
        """Count one request, and say whether it is the one."""
        if request != self.after or self.nth == 0:
            return False
        self.nth -= 1
        return self.nth == 0


@dataclass(slots=True)
class Scenario:
    """What is still to happen."""

    steps: list[Step] = field(default_factory=list)

    def until(self, moment: datetime) -> Iterator[Step]:
        """Take the steps that are due until a moment, in their order."""
        due = [step for step in self.steps if step.at is not None and step.at <= moment]
        for step in sorted(due, key=lambda step: step.at or moment):
            self.steps.remove(step)
            yield step

    def after(self, request: str) -> list[Step]:
        """Take the steps that follow a request."""
        due = [step for step in self.steps if step.due_after(request)]
        self.steps = [step for step in self.steps if not any(step is each for each in due)]
        return due


def packaged() -> dict[str, str]:
    """Name the packaged scenarios, and say what each is about."""
    paths = sorted(SCENARIOS.glob("*.toml"))
    return {path.stem: path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for path in paths}


def place_of(name: str) -> Path:
    """Return where a scenario lies: a packaged one by its name, or a file."""
    known = SCENARIOS / f"{name}.toml"
    return known if known.parent == SCENARIOS and known.exists() else Path(name)


def read_scenario(path: Path, commands: frozenset[str]) -> Scenario:
    """Read a file, and draw what happens; raises ScenarioError, or OSError for a file that cannot be read."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except ValueError as error:
        raise ScenarioError(f"{path}: expected TOML: {error}") from error
    if unknown := told.keys() - {"seed", "step"}:
        raise ScenarioError(f"{path}: expected seed and [[step]], found {', '.join(sorted(unknown))}")
    seed, rows = told.get("seed", 1), told.get("step", [])
    if not isinstance(seed, int) or not isinstance(rows, list):
        raise ScenarioError(f"{path}: expected a whole number as seed and a list of [[step]]")
    chance = Random(seed)
    steps = [_step(row, f"{path}: step {number}", chance, commands) for number, row in enumerate(rows, 1)]
    return Scenario([step for step in steps if step is not None])


def _step(row: dict[str, object], where: str, chance: Random, commands: frozenset[str]) -> Step | None:
    """Read one step, and draw whether and when it happens: as many draws for each, so that none moves another."""
    if unknown := row.keys() - FIELDS:
        raise ScenarioError(f"{where}: expected {', '.join(sorted(FIELDS))}; found {', '.join(sorted(unknown))}")
    command, arguments = row.get("command"), row.get("arguments", {})
    if command not in commands or not isinstance(command, str):
        raise ScenarioError(f"{where}: command should be one of {', '.join(sorted(commands))}; found {command!r}")
    if not isinstance(arguments, dict):
        raise ScenarioError(f"{where}: arguments should be a table, found {arguments!r}")
    likely, later = _number(row, "chance", "1", where), _number(row, "within", "0", where)
    happens, share = Decimal(chance.random()) < likely, Decimal(chance.random())
    at, after, nth = row.get("at"), row.get("after", ""), row.get("nth", 1)
    if at is not None and after:
        raise ScenarioError(f"{where}: expected at, after, or neither")
    if at is not None and not (isinstance(at, datetime) and at.utcoffset() is not None):
        raise ScenarioError(f"{where}: at should be a moment with a zone like 2005-03-01T14:40:00Z, found {at!r}")
    if after and after not in REQUEST_NAMES | {"whatIf"}:
        raise ScenarioError(f"{where}: after should be the name of a request, found {after!r}")
    if not isinstance(nth, int) or nth < 1:
        raise ScenarioError(f"{where}: nth should be 1 or more, found {nth!r}")
    moment = at.astimezone(UTC) + timedelta(seconds=int(later * share)) if isinstance(at, datetime) else None
    return Step(command, arguments, None if after else moment or AT_ONCE, str(after), nth) if happens else None


def _number(row: dict[str, object], name: str, default: str, where: str) -> Decimal:
    value = row.get(name, default)
    try:
        number = Decimal(value) if isinstance(value, str | int | Decimal) else Decimal("NaN")
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise ScenarioError(f"{where}: {name} should be a number of zero or more, found {value!r}")
    return number
