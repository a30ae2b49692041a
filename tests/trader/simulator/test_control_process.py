"""The simulator as a process: how it starts, says where it listens, and ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.trader.simulator.gateway_world import ACCOUNT, at, connect, event_loop, write_bars
from trader.simulator.control import Control, ControlError
from trader.simulator.process import main

REPOSITORY = Path(__file__).parents[3]
SECONDS_MAX = 60


def arguments(folder: Path, *more: str) -> list[str]:
    ports = ["--port", "0", "--control-port", "0", "--port-file", str(folder / "ports.json")]
    return ["--data", str(write_bars(folder / "bars")), "--start", "2005-03-01", *ports, *more]


@contextmanager
def process(folder: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    command = [sys.executable, "-m", "trader.simulator", *arguments(folder, *more)]
    started = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert started.stdout is not None
        said = started.stdout.readline()
        assert said.startswith("simulator: API 127.0.0.1:"), said
        yield started, json.loads((folder / "ports.json").read_text())
    finally:
        started.kill()
        started.communicate()


def test_it_serves_clients_and_ends_on_the_command(tmp_path: Path) -> None:
    with process(tmp_path, "--cash", "5000.50") as (started, ports), event_loop():
        control = Control(ports["control_port"])
        midnight = control.now()
        cash = control.dump()["cash"]["USD"]
        ib = connect(ports["port"])
        accounts = ib.managedAccounts()
        ib.disconnect()
        control.shutdown()
        code = started.wait(SECONDS_MAX)

    assert (midnight, cash, accounts, code) == (at("00:00"), "5000.5", [ACCOUNT], 0)
    with pytest.raises(ControlError):
        Control(ports["control_port"]).now()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with process(tmp_path) as (started, ports):
        held_open = socket.create_connection(("127.0.0.1", ports["port"]))
        started.send_signal(number)
        _, said = started.communicate(timeout=SECONDS_MAX)
        held_open.close()

    assert (started.returncode, said) == (0, "")


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        pytest.param("absent", "absent: expected a folder with files", id="no folder"),
        pytest.param("empty", "empty: expected a folder with files", id="an empty folder"),
        pytest.param("broken", "ACME.csv: line 1: expected a column 'date'", id="an unreadable file"),
    ],
)
def test_bars_that_cannot_be_read_are_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: str, cause: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "ACME.csv").write_text("nothing,of,use\n1,2,3\n")

    code = main(["--data", str(tmp_path / data), "--port", "0", "--control-port", "0"])

    said = capsys.readouterr().err
    assert (code, said.count("\n")) == (2, 1)
    assert cause in said


def test_a_port_in_use_is_one_line_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = main([*arguments(tmp_path), "--port", str(port)])

    assert (code, f"port {port} or 0 on 127.0.0.1 is in use" in capsys.readouterr().err) == (2, True)


def test_it_serves_statements_where_it_says(tmp_path: Path) -> None:
    terms = ("--statements", "--dividends", "--splits", "--withholding", "0.15", "--credit-rate", "0.03")
    with process(tmp_path, *terms) as (_, ports):
        control = Control(ports["control_port"])
        control.advance(at("20:00"))
        told, accrued = control.statements(), control.dump()["accrued_interest"]

    assert (told["port"], told["days"]) == (ports["statement_port"], ["2005-03-01"])
    assert Decimal(accrued) == Decimal("8.3333333333")  # a day's on 100,000


def test_a_statement_port_in_use_is_one_line_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code = main([*arguments(tmp_path), "--statements", "--statement-port", str(port)])

    said = capsys.readouterr().err
    assert (code, f"port 0 or 0 or {port} on 127.0.0.1 is in use" in said) == (2, True)


def test_terms_that_make_no_sense_are_one_line_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([*arguments(tmp_path), "--withholding", "30"])

    assert (code, "withholding: expected a share from 0 to 1, found 30" in capsys.readouterr().err) == (2, True)


def test_a_start_beyond_the_bars_is_one_line_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([*arguments(tmp_path), "--start", "2006-03-01"])

    assert (code, "the bars end on 2005-03-02" in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize("option", [("--start", "spring"), ("--cash", "much"), ("--start", "2005-03-01T09:30")])
def test_an_option_that_makes_no_sense_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: tuple[str, str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main([*arguments(tmp_path), *option])

    assert refused.value.code == 2
    assert option[0] in capsys.readouterr().err


def test_it_can_start_at_a_moment(tmp_path: Path) -> None:
    with process(tmp_path, "--start", "2005-03-01T09:30-05:00") as (_, ports):
        assert Control(ports["control_port"]).now() == datetime(2005, 3, 1, 14, 30, tzinfo=UTC)


def test_the_control_client_brings_nothing_slow_along() -> None:
    slow = ("pandas", "ib_insync", "asyncio", "duckdb", "pydantic", "trader.simulator.exchange")
    script = f"import sys, trader.simulator.control; print([name for name in {slow!r} if name in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True, env=os.environ
    )

    assert found.stdout.strip() == "[]"
