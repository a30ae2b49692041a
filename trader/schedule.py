"""When and how a cycle is started: the few settings that the light parent needs, read by the standard library alone.

The full settings (trader/settings/) share these names, defaults and errors. To add one: give it a constant for its
default and a field here, and a field in `trader/settings/trading.py`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ledger.errors import Refusal

FILE_NAME = "tallybook.toml"
BASE = "base"  # the key that names settings that several homes have in common
CALENDAR = "XNYS"
TIMEOUT_SECONDS = 900
MEMORY_MEGABYTES = 4096
PREFLIGHT_MINUTES = 45
WHOLE_MAX = 1_000_000  # seconds, or megabytes


class SettingsError(Refusal):
    """Settings that cannot be used: one line that names file, key, what was expected and found, and what to do."""

    code = "settings-wrong"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What decides whether a start has work, and what bounds it."""

    calendar: str = CALENDAR
    close_not_before: tuple[time, ZoneInfo] | None = None
    timeout_seconds: int = TIMEOUT_SECONDS  # real seconds
    memory_megabytes: int = MEMORY_MEGABYTES  # of address space
    preflight_minutes: int = PREFLIGHT_MINUTES  # before the open; 0: none
    control: tuple[str, int] | None = None  # the simulator's control port, in a simulated home


def read_toml(home: Path) -> dict[str, Any]:
    """Read the settings file, laid over the base that it names; fractions come as Decimal. Raises SettingsError.

    `base = "../base.toml"`, in its first lines, is a path from the home: what several homes have in common. Within a
    section each key of the home's counts before the base's; what a key holds is taken whole, and so is a section of
    another kind.
    """
    path = home / FILE_NAME
    own = _read(path, "the settings of a home, found no file; run: tallybook init")
    if BASE not in own:
        return own
    named = own.pop(BASE)
    if not isinstance(named, str) or not named:
        raise SettingsError(f"{path}: {BASE}: expected a path in quotes, found {named!r}; correct it")
    under = _read(home / named, f"the base that {path} names, found no file; correct {BASE}")
    if BASE in under:
        raise SettingsError(f"{home / named}: {BASE}: expected no base of a base; write its settings here")
    if "account" in under:  # which account trades, and that it is live, each home says itself
        raise SettingsError(f"{home / named}: account: expected no account in a base; write [account] in each home")
    return laid_over(under, own)


def laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Put sections over others: a home's over its base's."""
    both = {**under, **over}
    for name, section in over.items():
        below = under.get(name)
        if isinstance(section, dict) and isinstance(below, dict) and _are_alike(below, section):
            both[name] = {**below, **section}
    return both


def _are_alike(under: Mapping[str, Any], over: Mapping[str, Any]) -> bool:
    return "kind" not in over or over["kind"] == under.get("kind")


def _read(path: Path, expected: str) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except FileNotFoundError:
        raise SettingsError(f"{path}: expected {expected}") from None
    except OSError as error:
        raise SettingsError(
            f"{path}: expected a readable file, found: {error.strerror}; check its permissions"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(
            f"{path}: expected UTF-8 text, found byte {error.object[error.start]:#04x}; save it as UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: expected TOML, found: {error}; correct that line") from error


def schedule_of(toml: Mapping[str, Any], path: Path) -> Schedule:
    """Pick what the parent needs out of the settings. Raises SettingsError."""
    section, simulator = _section(toml, "schedule", path), _section(toml, "simulator", path)
    not_before, control = section.get("close_not_before"), simulator.get("control")
    return Schedule(
        calendar=str(section.get("calendar", CALENDAR)),
        close_not_before=None if not_before is None else _parsed(path, "schedule.close_not_before", not_before),
        timeout_seconds=_whole(path, "timeout_seconds", section.get("timeout_seconds", TIMEOUT_SECONDS)),
        memory_megabytes=_whole(path, "memory_megabytes", section.get("memory_megabytes", MEMORY_MEGABYTES)),
        preflight_minutes=_whole(path, "preflight_minutes", section.get("preflight_minutes", PREFLIGHT_MINUTES), 0),
        control=None if control is None else _address(path, "simulator.control", control),
    )


def parse_not_before(text: str) -> tuple[time, ZoneInfo]:
    """Read an hour and its zone, as in `05:00 Asia/Singapore`; raise ValueError for anything else."""
    hour, _, zone = text.strip().partition(" ")
    try:
        return time.fromisoformat(hour), ZoneInfo(zone.strip())
    except (ValueError, OSError, LookupError):
        raise ValueError(f"expected an hour and a time zone, as in '05:00 Asia/Singapore', found {text!r}") from None


def parse_address(text: str) -> tuple[str, int]:
    """Read `host:port`; raise ValueError for anything else."""
    host, _, port = text.strip().rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"expected an address, as in '127.0.0.1:4003', found {text!r}")
    return host, int(port)


def _parsed(path: Path, key: str, value: object) -> tuple[time, ZoneInfo]:
    try:
        return parse_not_before(str(value))
    except ValueError as error:
        raise SettingsError(f"{path}: {key}: {error}; correct it") from None


def _address(path: Path, key: str, value: object) -> tuple[str, int]:
    try:
        return parse_address(str(value))
    except ValueError as error:
        raise SettingsError(f"{path}: {key}: {error}; correct it") from None


def _section(toml: Mapping[str, Any], name: str, path: Path) -> Mapping[str, Any]:
    section = toml.get(name, {})
    if not isinstance(section, Mapping):
        raise SettingsError(
            f"{path}: {name}: expected a section, found {section!r}; write [{name}] on a line of its own"
        )
    return section


def _whole(path: Path, key: str, value: object, least: int = 1) -> int:
    if isinstance(value, int) and value > WHOLE_MAX:
        raise SettingsError(f"{path}: schedule.{key}: expected at most {WHOLE_MAX:,}, found more; correct it")
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        expected = f"expected a whole number above {least - 1}" if least else "expected a whole number"
        raise SettingsError(f"{path}: schedule.{key}: {expected}, found {value!r}; correct it")
    return value
