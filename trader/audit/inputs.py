"""What a recorded cycle decided by: its settings and its environment, as the log names them by hash."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ledger.events import CycleStarted
from reconcile import Tolerances
from trader.assembly import (
    allocations_of,
    bar_rules_of,
    instruments_of,
    limits_of,
    sizing_of,
    tolerances_of,
)
from trader.broker import ContractSpec
from trader.calendar import Calendar
from trader.evidence import EvidenceError, get
from trader.ingest import BarRules
from trader.limits import Limits
from trader.schedule import SettingsError
from trader.settings import Accounting, Settings, settings_of
from trader.sizing import Sizing
from trader.strategies import Allocation


class InputsLost(Exception):
    """What a cycle decided by cannot be had any more, or not by this version."""


@dataclass(frozen=True)
class Inputs:
    """What decides, besides the book."""

    home: Path
    calendar: Calendar
    instruments: tuple[ContractSpec, ...]
    allocations: tuple[Allocation, ...]
    bar_rules: BarRules
    limits: Limits
    orders: Sizing
    tolerances: Tolerances
    accounting: Accounting


def inputs_of(home: Path, settings: Settings) -> Inputs:
    """Return what settings decide by."""
    return Inputs(
        home=home,
        calendar=Calendar.load(settings.schedule.calendar),
        instruments=instruments_of(settings),
        allocations=allocations_of(settings),
        bar_rules=bar_rules_of(settings),
        limits=limits_of(settings),
        orders=sizing_of(settings),
        tolerances=tolerances_of(settings),
        accounting=settings.accounting,
    )


def kept_inputs(home: Path, started: CycleStarted) -> Inputs:
    """Return what a cycle decided by; InputsLost where its settings are lost, changed, or of another version."""
    try:
        kept = json.loads(get(home, started.settings_sha256, ".json"))
        return inputs_of(home, settings_of(kept, Path("its settings")))
    except (EvidenceError, SettingsError, ValueError) as error:
        raise InputsLost(f"cycle {started.slot}: {' '.join(str(error).split())}") from error
