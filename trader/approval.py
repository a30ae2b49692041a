"""Settings that changed since they were approved: what of them decides, and whether limits were only tightened.

What decides is everything but who is told, how the broker is reached and what a cycle may use. The first settings of a
home are approved by whoever adopted its account; later ones by `tallybook approve`, or at once where nothing that
decides changed, or limits were only tightened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ledger.events import Fact, SettingChange, SettingsApproved, SettingsChanged
from ledger.state import State
from trader.evidence import EvidenceError, get
from trader.settings import SettingsError, canonical_text, settings_of

DECIDES_NOTHING = ("mail", "notices", "witness", "benchmark", "broker", "simulator", "flex", "dry_run")
DECIDE_NOTHING = ("schedule.timeout_seconds", "schedule.memory_megabytes", "schedule.close_not_before")
SHAPING = ("limits.gross_leverage_max", "limits.name_share_max", "limits.sector_share_max")  # a plan sells to meet them
# Settings that are limits, though their names do not end in _max or _min: the smaller, the tighter.
SMALLER_IS_TIGHTER = ("limits.price_collar", "limits.delayed_collar", "limits.close_collar")
MORE_IS_TIGHTER = ("limits.restricted", "limits.short_banned")
ABSENT = "absent"
UNREADABLE = "unreadable"


def approval_of(book: State, home: Path, settings_sha256: str) -> tuple[Fact, ...]:
    """Return what is to be said of a cycle's settings: nothing, that they hold, or that they wait for approval."""
    if book.settings_approved in ("", settings_sha256):
        return ()
    changes = tuple(changes_between(home, book.settings_approved, settings_sha256))
    if all(map(is_tightened, changes)):
        why = "limits were only tightened" if changes else "nothing that decides has changed"
        return (SettingsApproved(settings_sha256=settings_sha256, by="rule", why=why),)
    if not waits(home, book.settings_approved):
        why = "the settings ask for no approval"
        return (SettingsApproved(settings_sha256=settings_sha256, by="rule", why=why),)
    return (SettingsChanged(settings_sha256=settings_sha256, since=book.settings_approved, changes=changes),)


def changes_between(home: Path, before: str, after: str) -> Iterator[SettingChange]:
    """Yield every setting that decides and differs between two kept settings, by name."""
    try:
        old, new = (dict(_leaves(_with_defaults(get(home, sha256, ".json")))) for sha256 in (before, after))
    except (EvidenceError, ValueError):
        yield SettingChange(name="settings", before=UNREADABLE, after=UNREADABLE)
        return
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name) and not _decides_nothing(name):
            yield SettingChange(name=name, before=old.get(name, ABSENT), after=new.get(name, ABSENT))


def _decides_nothing(name: str) -> bool:
    return name.partition(".")[0] in DECIDES_NOTHING or name in DECIDE_NOTHING


def is_tightened(change: SettingChange) -> bool:
    """Tell whether a change can only stop more than before."""
    if change.name in MORE_IS_TIGHTER:
        return set(_names(change.before)) <= set(_names(change.after))
    section, _, name = change.name.partition(".")
    if (
        section != "limits"
        or change.name in SHAPING
        or not (name.endswith(("_max", "_min")) or change.name in SMALLER_IS_TIGHTER)
    ):
        return False
    try:
        before, after = Decimal(change.before), Decimal(change.after)
    except InvalidOperation:
        return False
    return after > before if name.endswith("_min") else after < before


def waits(home: Path, settings_sha256: str) -> bool:
    """Tell whether kept settings want changes of theirs to be approved; what cannot be read does."""
    try:
        return bool(json.loads(get(home, settings_sha256, ".json")).get("approval", "wait") == "wait")
    except (EvidenceError, ValueError):
        return True


def _with_defaults(kept: bytes) -> Any:
    """Read kept settings as this version would: a setting that is new since then stands at its default, unchanged."""
    found = json.loads(kept)
    try:
        return json.loads(canonical_text(settings_of(found, Path("approved"))))
    except SettingsError:
        return found  # this version knows it otherwise: what differs is shown as it was kept


def _names(text: str) -> list[str]:
    found = json.loads(text) if text.startswith("[") else []
    return [str(name) for name in found]


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, entry in value.items():
            yield from _leaves(entry, f"{name}.{key}" if name else key)
    elif name == "strategy" and isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        for entry in value:
            own = f"{name} {entry.get('name') or entry.get('kind')}" if len(value) > 1 else name
            yield from _leaves(entry, own)
    else:
        yield name, value if isinstance(value, str) else json.dumps(value, sort_keys=True)
