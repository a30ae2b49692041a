"""Which accounts a fleet has: `fleet.toml` names homes, and groups of them.

    currency = "USD"                 # of totals
    homes = ["accounts/*"]           # folders from this file on; each that matches has to be a home
    processes = 2                    # that work at a time; default: the processor's cores

    [groups]
    growth = ["DU2000001", "DU2000002"]    # by account, or by the name of the folder

What accounts have in common stands in a base that their settings name (`trader/schedule.py`).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import Any, ClassVar

from ledger.errors import Refusal
from trader.schedule import FILE_NAME, SettingsError, read_toml

FLEET_FILE = "fleet.toml"
KEYS = {"currency": str, "homes": list, "processes": int, "groups": dict}


class FleetWrong(Refusal):
    """A fleet file that cannot be used, or an account that it does not name."""

    code: ClassVar[str] = "fleet"


@dataclass(frozen=True, slots=True)
class Member:
    """One account of a fleet."""

    name: str  # what its settings call it; the folder's name where they cannot be read
    home: Path


@dataclass(frozen=True, slots=True)
class Fleet:
    """The accounts, and how they are put together."""

    currency: str
    members: tuple[Member, ...]
    groups: Mapping[str, tuple[str, ...]]
    processes: int

    def chosen(self, groups: Collection[str], accounts: Collection[str]) -> tuple[Member, ...]:
        """Return the members of some groups and some accounts, all where none are named. Raises FleetWrong."""
        if strange := [group for group in groups if group not in self.groups]:
            known = ", ".join(sorted(self.groups)) or "none"
            raise FleetWrong(f"--group {strange[0]}: expected a group of the fleet ({known}), found none of that name")
        if empty := [group for group in groups if not self.groups[group]]:
            raise FleetWrong(f"group {empty[0]}: expected at least one account, found none; name some, or remove it")
        wanted = [*accounts, *(name for group in groups for name in self.groups[group])]
        for name in wanted:
            if not any(name in (member.name, member.home.name) for member in self.members):
                raise FleetWrong(f"{name}: expected an account of the fleet, found none of that name or folder")
        if not groups and not accounts:
            return self.members
        return tuple(member for member in self.members if {member.name, member.home.name} & set(wanted))


def read_fleet(path: Path) -> Fleet:
    """Read a fleet file. Raises FleetWrong with one line."""
    told = _toml(path)
    for key, value in told.items():
        kind = KEYS.get(key)
        if kind is None:
            raise FleetWrong(f"{path}: {key}: expected one of {', '.join(KEYS)}, found another key")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise FleetWrong(f"{path}: {key}: expected {_WORDS[kind]}, found {value!r}")
    processes = told.get("processes", os.cpu_count() or 1)
    if processes < 1:
        raise FleetWrong(f"{path}: processes: expected a whole number above 0, found {processes}")
    members = tuple(_members(path, _texts(path, "homes", told.get("homes", ()))))
    _require_different(path, members)
    groups = {name: tuple(_texts(path, f"groups.{name}", names)) for name, names in told.get("groups", {}).items()}
    fleet = Fleet(told.get("currency", "USD"), members, groups, processes)
    try:
        for group in groups:
            fleet.chosen((group,), ())
    except FleetWrong as wrong:
        raise FleetWrong(f"{path}: {wrong}") from None
    return fleet


_WORDS = {str: "a text in quotes", list: "a list", int: "a whole number", dict: "a section"}


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FleetWrong(
            f"{path}: expected a fleet file, found none; docs/scale.md shows one, --file names it"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FleetWrong(f"{path}: expected a fleet file in TOML, found: {error}") from error


def _texts(path: Path, key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) and each for each in value):
        raise FleetWrong(f"{path}: {key}: expected a list of texts in quotes, found {value!r}")
    return tuple(value)


def _members(path: Path, patterns: Iterable[str]) -> Iterator[Member]:
    seen = set[Path]()
    for pattern in patterns:
        # a pattern may be absolute: Path.glob refuses those
        homes = [home for home in map(Path, sorted(glob(str(path.parent / pattern)))) if home.is_dir()]  # noqa: PTH207
        if not homes:
            raise FleetWrong(f"{path}: homes: expected a home at {pattern}, found none")
        for home in homes:
            if home.resolve() not in seen:
                seen.add(home.resolve())
                yield Member(_account_of(home), home)


def _account_of(home: Path) -> str:
    """Name the account as the settings do; a home that cannot be used is still a member, and will say why."""
    try:
        account = read_toml(home).get("account")
    except SettingsError:
        return home.name
    named = account.get("id") if isinstance(account, dict) else None
    return named if isinstance(named, str) else home.name


def _require_different(path: Path, members: Collection[Member]) -> None:
    if not members:
        raise FleetWrong(f"{path}: homes: expected at least one home, found none; name {FILE_NAME}'s folder")
    by_name = dict[str, Member]()
    for member in members:
        other = by_name.setdefault(member.name, member)
        if other is not member:
            raise FleetWrong(
                f"{path}: expected one home an account, found {member.name} in {other.home} and {member.home}"
            )
