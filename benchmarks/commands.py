"""What a person types, in a home with ten million events behind it, beside one with a hundred thousand."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.histories import LAST_DAY, history
from benchmarks.measuring import in_turns, seconds, verdict
from benchmarks.typical import ACCOUNT
from ledger import checkpoints

SHORT, LONG = 100_000, 10_000_000
RATIO_LIMIT, SECONDS_LIMIT = 1.3, 1.0
HOMES = Path(tempfile.gettempdir()) / "tallybook-benchmarks"
DAY = str(LAST_DAY - timedelta(days=1))
COMMANDS = (("status",), ("audit", DAY))

SETTINGS = f"""\
[account]
id = "{ACCOUNT}"
[universe]
symbols = ["AAPL", "GOOG", "IBM", "MSFT"]
[strategy]
kind = "momentum"
[simulator]
control = "127.0.0.1:1"
"""
# What the command itself imports, so that the same imports alone can be timed beside it.
LISTED = """\
import sys, json
from trader.commands import app
status = app.run(sys.argv[2:])
open(sys.argv[1], "w").write(json.dumps([name for name in sys.modules if not name.startswith("__")]))
sys.exit(status)
"""
IMPORTS = """\
import contextlib, importlib, json, sys
for name in json.load(open(sys.argv[1])):
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
"""


def run() -> Iterator[str]:
    """`status` and `audit DAY` as processes, with ten million events of history beside a hundred thousand.

    Both homes have the checkpoints that the nightly commit writes, and end on the same day. The last column is what the
    command takes beyond importing the very modules that it imports. The long home takes 6 GB, and some minutes to make;
    it is kept in the folder for temporary files and used again.
    """
    homes = []
    for name, events in (("short", SHORT), ("long", LONG)):
        home = HOMES / name
        home.parent.mkdir(exist_ok=True)
        made = seconds(history, home, events, False)
        (home / "tallybook.toml").write_text(SETTINGS, encoding="utf-8")
        folded = seconds(checkpoints.rebuild, home) if checkpoints.latest(home) is None else 0.0
        yield f"{name}: {events:,} events, made in {made:.0f} s, checkpoints in {folded:.0f} s (0: there already)"
        homes.append(home)
    short, long = homes
    for command in COMMANDS:
        pairs = in_turns(partial(_both, long, short, command))
        yield pairs.line(f"{command[0]}, {LONG:,} events", f"{SHORT:,} events", RATIO_LIMIT)
        beyond = median(pairs.ours) - _imports(long, command)
        yield f"{'':34} beyond its imports {beyond:.2f} s {verdict(beyond, SECONDS_LIMIT)}"


def _both(long: Path, short: Path, command: tuple[str, ...]) -> tuple[float, float]:
    return _run(long, command), _run(short, command)


def _run(home: Path, command: tuple[str, ...]) -> float:
    arguments = [sys.executable, "-m", "trader.commands", "--home", str(home), *command]
    return seconds(_told, arguments)


def _told(arguments: list[str]) -> None:
    """Run one; 1 is the answer to a history whose book hashes are zeros."""
    status = subprocess.run(arguments, check=False, stdout=subprocess.DEVNULL).returncode
    if status not in (0, 1):
        raise ValueError(f"{' '.join(arguments)}: expected exit status 0 or 1, found {status}")


def _imports(home: Path, command: tuple[str, ...]) -> float:
    """Time what the command imports, alone."""
    with tempfile.NamedTemporaryFile() as file:
        listed = [sys.executable, "-c", LISTED, file.name, "--home", str(home), *command]
        _told(listed)
        if not json.loads(Path(file.name).read_bytes()):
            raise ValueError("expected modules, found none")
        arguments = [sys.executable, "-c", IMPORTS, file.name]
        return median(seconds(lambda: subprocess.run(arguments, check=True)) for _ in range(7))
