"""Environments for libraries that cannot share ours, kept between runs; whoever is offline skips their tests.

`pip install --target` makes a folder that stands alone: it is run without our own site-packages.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[4]
KEPT = ROOT / ".peers"
INSTALL_SECONDS_MAX = 240
RUN_SECONDS_MAX = 60


@dataclass(frozen=True)
class Peer:
    """A library, and the program that uses it."""

    name: str
    requirement: str
    program: str
    version: int  # that it settles on with the simulator


OFFICIAL = Peer("the official client", "ibapi==9.81.1.post1", "official.py", 157)
ASYNC = Peer("ib_async", "ib_async==2.1.0", "asynchronous.py", 178)
PEERS = (OFFICIAL, ASYNC)


def environment(peer: Peer) -> Path:
    """Give the folder of a library, installed if it is not there yet."""
    KEPT.mkdir(exist_ok=True)
    folder = KEPT / peer.requirement
    with (KEPT / f"{peer.requirement}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _install(peer, folder)
    return folder


def _install(peer: Peer, folder: Path) -> None:
    aside = folder.with_name(f"{folder.name}.{os.getpid()}")
    options = ("--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "10", "--target", str(aside))
    command = [sys.executable, "-m", "pip", "install", *options, peer.requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{peer.requirement} could not be installed within {INSTALL_SECONDS_MAX} seconds")
    if done.returncode:
        pytest.skip(f"{peer.requirement} could not be installed: {done.stderr.strip()[-200:]}")
    aside.rename(folder)


def run(peer: Peer, *arguments: object) -> dict[str, Any]:
    """Run the library's program, and return what it printed."""
    program = Path(__file__).with_name(peer.program)
    done = subprocess.run(
        [sys.executable, "-S", str(program), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        check=False,
        env={"PYTHONPATH": str(environment(peer))},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told: dict[str, Any] = json.loads(done.stdout)
    return told
