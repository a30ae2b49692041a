"""Homes with settings, for tests of the command, of its processes and of its mails."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

from trader.commands.app import run

ROOT = Path(__file__).parents[2]
NOBODY_LISTENS = "127.0.0.1:1"  # no simulator: time stands where the log ends

SETTINGS = """\
[account]
id = "DU1000001"

[broker]
port = 1

[universe]
symbols = ["AAPL", "IBM"]

[strategy]
kind = "fixed"
weights = { AAPL = "0.5", IBM = 0.4 }
"""
SIMULATED = f'\n[simulator]\ncontrol = "{NOBODY_LISTENS}"\n'


def write_settings(home: Path, text: str = SETTINGS) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    path = home / "tallybook.toml"
    path.write_text(text, encoding="utf-8")
    return path


def mail_section(port: int) -> str:
    return f"""
[mail]
host = "127.0.0.1"
port = {port}
tls = "none"
from = "tallybook@example.com"
to = "owner@example.com"
charts = false
"""


def tallybook(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person or cron does."""
    command = [sys.executable, "-m", "trader.commands", "--home", str(home), *arguments]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        command, capture_output=True, text=True, env=surroundings, stdin=subprocess.DEVNULL, timeout=60, check=False
    )


def command(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in this process, where only what it does and says matters: half a second less than a start."""
    words, out, err = ["--home", str(home), *arguments], io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = run(words)
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())
