"""Lets every process that a test starts read our modules compiled, whatever the surroundings say about caching them.

Hundreds of tests start `tallybook` as cron does. Where `PYTHONDONTWRITEBYTECODE` is set, each of these processes would
compile every module again: half of what it costs. So all are compiled once, before the first test.
"""

from __future__ import annotations

import compileall
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # here, so that the processes of xdist inherit it


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # once, not in every process of xdist
        for package in ("ledger", "reconcile", "queries", "trader"):
            compileall.compile_dir(ROOT / package, quiet=2)
