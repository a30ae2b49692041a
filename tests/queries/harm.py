"""What may happen to the files of a home, and what a report says of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from ledger.checkpoints import rebuild
from ledger.line import Event
from ledger.log import read_events
from queries.parquet import FOLDER, MANIFEST, update
from queries.verification import Report
from tests.queries.history import closed
from tests.queries.test_parquet import seven_days


def written_home(folder: Path) -> Path:
    """A home with sealed days, copies and checkpoints."""
    home = closed(seven_days(folder / "home"))
    update(home)
    rebuild(home)
    return home


def damage(report: Report) -> list[str]:
    return [f"{outcome.check}: {finding}" for outcome in report.outcomes for finding in outcome.damage]


def notes(report: Report) -> list[str]:
    return [f"{o.check}: {finding}" for o in report.outcomes for finding in o.findings if finding.harmless]


def verdicts(report: Report) -> dict[str, str]:
    return {outcome.check: outcome.verdict for outcome in report.outcomes}


def day(home: Path, name: str) -> Path:
    return home / "var/events" / f"2005-{name}.jsonl"


def rewrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    rewrite(path, bytes(content))


def end(home: Path) -> Event:
    return list(read_events(home))[-1]


def copy_changed(home: Path) -> None:
    flip(home / FOLDER / "months/2005-03/order_filled.parquet", 300)


def copy_removed(home: Path) -> None:
    (home / FOLDER / "months/2005-03/order_filled.parquet").unlink()


def manifest_changed(home: Path) -> None:
    flip(home / FOLDER / MANIFEST, 100)


def one_head_changed(home: Path) -> None:
    flip(home / "var/HEAD.1", 5)


def one_head_removed(home: Path) -> None:
    (home / "var/HEAD.0").unlink()


def rewrite_manifest(home: Path, old: str, new: str) -> None:
    path = home / FOLDER / MANIFEST
    content = json.dumps(json.loads(path.read_text())["content"], sort_keys=True, separators=(",", ":"))
    changed = content.replace(old, new)
    path.write_text(
        json.dumps({"sha256": hashlib.sha256(changed.encode()).hexdigest(), "content": json.loads(changed)})
    )
