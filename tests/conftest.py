"""What all tests share: modules that are compiled, and homes that lie in memory.

Hundreds of tests start `tallybook` as cron does. Where `PYTHONDONTWRITEBYTECODE` is set, each of these processes would
compile every module again: half of what it costs. So all are compiled once, before the first test.

Each home syncs its log to the disk hundreds of times. What a power cut leaves is tried on simulated disks, never on a
real one: so homes lie in memory where there is room, unless PYTEST_DEBUG_TEMPROOT or --basetemp says where.

No drawn example has a deadline: a busy machine proves nothing.
"""

from __future__ import annotations

import compileall
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]
MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30  # bytes that must be free there

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # here, so that the processes of xdist inherit it
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # once, not in every process of xdist
        for package in ("ledger", "reconcile", "queries", "trader"):
            compileall.compile_dir(ROOT / package, quiet=2)
