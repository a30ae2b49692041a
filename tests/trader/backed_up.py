"""A home of two days, and what happens to it before and after its backup."""

from __future__ import annotations

from pathlib import Path

from ledger.ledger import Ledger
from ledger.log import read_events
from tests.ledger.logs import StillClock, append, lost, started
from trader.evidence import put
from trader.place import stamp

ENDS = 7  # seq of the last line of `two_days`
DAY, LATER = "2026-01-14.jsonl", "2026-01-15.jsonl"


def two_days(home: Path) -> None:
    """Eight lines: genesis, one, a batch of two; the seal; one, a batch of two."""
    clock = StillClock()
    with started(home, clock) as log:
        append(log, lost("one"))
        append(log, lost("two"), lost("three"))
        clock.sleep(86_400)
        append(log, lost("four"))
        append(log, lost("five"), lost('six,"hash":"'))


def home_of_two_days(home: Path) -> Path:
    """Two days, evidence, a plan that a person reads, a password, and derived files."""
    home.mkdir()
    two_days(home)
    put(home, b"bars of today")
    (home / "tallybook.toml").write_text("[account]\n", encoding="utf-8")
    (home / "mail-password").write_text("secret", encoding="utf-8")
    plan = home / "var" / "orders" / "2026-01-14" / "0935.csv"
    plan.parent.mkdir(parents=True)
    plan.write_text("symbol\n", encoding="utf-8")
    (home / "var" / "checkpoints").mkdir(exist_ok=True)
    (home / "var" / "checkpoints" / "2026-01-14.ckpt").write_bytes(b"derived")
    (home / "var" / "tallybook.duckdb").write_bytes(b"derived")
    stamp(home)
    return home


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def lines(home: Path) -> list[str]:
    return [event.hash for event in read_events(home)]


def go_on(home: Path, days: int = 3) -> None:
    clock = StillClock()
    clock.sleep(days * 86_400)
    with Ledger.open(home, clock) as ledger:
        ledger.record((lost("later"),))


def flip(path: Path) -> None:
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
