"""Verifying a year of hourly cycles: the whole command, and its check of sealed files beside a bulk SHA-256."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.histories import EVENTS_A_DAY, history
from benchmarks.measuring import RUNS, paired, seconds, verdict
from ledger import checkpoints
from ledger.log.storage import day_files, events_folder
from queries.verification import Subject
from queries.verification.log_checks import sealed_files

DAYS = 365
SECONDS_LIMIT, SEALED_LIMIT = 10.0, 2.0
HOME = Path(tempfile.gettempdir()) / "tallybook-benchmarks" / "year"


def run() -> Iterator[str]:
    """`tallybook verify` of 8,760 hourly cycles, 350,000 events: every line's chain, every seal, each cycle's book.

    Beside its check of the sealed files stands sha256 over the same files, read in one piece, in one thread. Medians of
    seven runs; the home has its checkpoints and two evidence files a day, but no Parquet copies.
    """
    HOME.parent.mkdir(exist_ok=True)
    home = history(HOME, DAYS * EVENTS_A_DAY, folded=True)
    if checkpoints.latest(home) is None:
        checkpoints.rebuild(home)
    files = day_files(events_folder(home))[:-1]
    size = sum(path.stat().st_size for path in files)
    pairs = paired(lambda: _sealed(home), lambda: seconds(lambda: [_digest(path) for path in files]))
    yield pairs.line(f"{len(files)} sealed files, {size / 1e6:.0f} MB", "bulk SHA-256", SEALED_LIMIT)
    command = [sys.executable, "-m", "trader.commands", "--home", str(home), "verify"]
    runs = [seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)) for _ in range(RUNS)]
    found = median(runs)
    yield f"{'tallybook verify, imports included':34} {found:8.2f} s  {verdict(found, SECONDS_LIMIT)}"


def _sealed(home: Path) -> float:
    return seconds(lambda: list(sealed_files(Subject(home))))


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
