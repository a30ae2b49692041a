"""`tallybook doctor`: the set-up, and the fire drill."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from trader import exits
from trader.commands.home import home_of
from trader.examination import examine
from trader.schedule import SettingsError

if TYPE_CHECKING:
    from trader.drill import Trial

Format = Literal["table", "json"]
MARKS = {"well": "✓", "note": "·", "ill": "✗"}


def doctor(
    context: typer.Context,
    fire_drill: Annotated[
        bool, typer.Option("--fire-drill", help="damage a copy of your own log in every way, and see each detected")
    ] = False,
    seed: Annotated[int, typer.Option(help="of the fire drill: which bit, which line")] = 1,
    format: Annotated[Format, typer.Option("--format", help="table or json")] = "table",
) -> int:
    """Check the set-up: settings, folders, log, lock, clock, disk, calendar, mail, broker (exit 1 if one is ill)."""
    home = home_of(context)
    if fire_drill:
        return _fire_drill(home, seed, format)
    if not home.is_dir():
        raise SettingsError(f"{home}: expected a home, found no folder; check --home, or run: tallybook init")
    found = examine(home)
    if format == "json":
        print(json.dumps([{"examined": name, **ailment._asdict()} for name, ailment in found], indent=1))
    else:
        for name, ailment in found:
            print(f"{MARKS[ailment.verdict]} {name:<10}{ailment.found}")
            if ailment.remedy:
                print(f"{'':<12}do: {ailment.remedy}")
    return exits.BAD_NEWS if any(ailment.verdict == "ill" for _, ailment in found) else exits.FINE


def _fire_drill(home: Path, seed: int, format: Format) -> int:
    from trader.drill import run as drilled
    from trader.drill.telling import as_json, conclusion_of

    began = monotonic()
    if format == "json":
        drill = drilled(home, seed)
        print(json.dumps(as_json(drill), indent=1, ensure_ascii=False))
        return exits.FINE if drill.passed else exits.BAD_NEWS
    print(f"FIRE DRILL on a copy of {home / 'var'} · seed {seed}\n")
    drill = drilled(home, seed, _tell)
    print()
    print("\n".join(conclusion_of(drill, monotonic() - began)))
    return exits.FINE if drill.passed else exits.BAD_NEWS


def _tell(trial: Trial) -> None:
    from trader.drill.telling import lines_of

    print("\n".join(lines_of(trial)), flush=True)


COMMANDS: tuple[tuple[str, Callable[..., object]], ...] = (("doctor", doctor),)
