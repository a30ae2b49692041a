"""What starts the cycles: the units of a systemd timer, and the hours shown beside them."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

from ledger.events import LogStarted
from ledger.ledger import Ledger
from tests.trader.homes import SETTINGS, SIMULATED, write_settings
from tests.trader.test_parent import StillClock
from trader.commands.app import run
from trader.schedule import TIMEOUT_SECONDS

WITNESS = '\n[witness]\nfile = "/mnt/other disk/witness.txt"\n'


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose clock stands where its log ends."""
    folder = tmp_path / "100% mine"
    write_settings(folder, SETTINGS + SIMULATED + WITNESS)
    genesis = LogStarted(account="DU1000001", mode="paper", clock="simulated", base_currency="USD")
    Ledger.create(folder, StillClock(), genesis).close()
    return folder


def units(home: Path, folder: Path) -> dict[str, RawConfigParser]:
    """Write the units, and read them as systemd would."""
    assert run(["--home", str(home), "schedule", "print", "--systemd", "--into", str(folder)]) == 0
    read = {}
    for path in folder.iterdir():
        read[path.name] = RawConfigParser(strict=True)
        read[path.name].optionxform = str  # type: ignore[assignment,method-assign]
        read[path.name].read(path, encoding="utf-8")
    return read


def test_the_timer_starts_what_cron_would_and_makes_up_for_nothing(home: Path, tmp_path: Path) -> None:
    timer = units(home, tmp_path / "units")["tallybook.timer"]["Timer"]

    assert (timer["OnCalendar"], timer["Persistent"]) == ("*:0/5", "false")


def test_the_service_runs_the_cycle_in_its_home_and_writes_nowhere_else(home: Path, tmp_path: Path) -> None:
    service = units(home, tmp_path / "units")["tallybook.service"]["Service"]

    spelt = str(home).replace("%", "%%")
    assert service["WorkingDirectory"] == spelt
    assert service["ExecStart"].endswith(" cycle")
    assert service["ReadWritePaths"] == f'"{spelt}" "/mnt/other disk"'
    assert (service["ProtectSystem"], service["NoNewPrivileges"]) == ("strict", "true")
    assert service["CapabilityBoundingSet"] == ""
    assert int(service["TimeoutStartSec"]) > TIMEOUT_SECONDS
    assert service["SuccessExitStatus"].split() == ["1", "75"]


def test_systemd_understands_the_units(home: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not on this machine")
    folder = tmp_path / "units"
    units(home, folder)

    paths = sorted(str(path) for path in folder.iterdir())
    verified = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False)

    told = [line for line in verified.stderr.splitlines() if re.search(r"tallybook\.(service|timer)", line)]
    assert told == []


def test_without_a_folder_the_units_are_printed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--home", str(home), "schedule", "print", "--systemd"]) == 0

    told = capsys.readouterr().out
    assert "# tallybook.service\n[Unit]\n" in told
    assert "# tallybook.timer\n[Unit]\n" in told
    assert "2005-03-02/1035" in told
    assert "45 minutes before each open the broker is looked at" in told


def test_a_folder_for_a_crontab_line_is_refused(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--home", str(home), "schedule", "print", "--into", str(tmp_path)]) == 2

    assert capsys.readouterr().err.startswith("settings-wrong: --into: expected --systemd")
