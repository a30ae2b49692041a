"""The files of deploy/ name what exists; the loop that stands for cron is run for real."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
import yaml

from trader.commands.app import GROUPS
from trader.schedule import TIMEOUT_SECONDS

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
DOCUMENT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
LOOP = DEPLOY / "every-five-minutes"
PATIENCE_SECONDS = 20
AGE_OF_HEARTBEAT = 20  # minutes: the loop comes round after a cycle of the longest, and five minutes


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    composed: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return dict(composed["services"])


def copied() -> set[str]:
    """Return what the image is made of, as the Dockerfile names it."""
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    words = [line.split()[1:-1] for line in lines if line.startswith("COPY")]
    return {word for line in words for word in line if not word.startswith("--")}


def test_the_image_is_made_of_what_the_distribution_needs() -> None:
    packages = re.search(r"^packages = \[(.*)\]$", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert packages is not None

    assert {*re.findall(r'"(\w+)"', packages[1]), "README.md", "LICENSE", "pyproject.toml"} <= copied()
    assert [name for name in copied() if not (ROOT / name).exists()] == []


def test_what_the_image_is_made_of_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied()
    assert "*" in lines


def test_every_variable_of_the_compose_file_stands_in_the_example() -> None:
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    told = set(re.findall(r"^(\w+)=", (DEPLOY / "env.example").read_text(encoding="utf-8"), re.MULTILINE))

    assert asked == told


def test_no_example_holds_a_secret() -> None:
    secrets = re.findall(r"^\w+=(.*)$", (DEPLOY / "tallybook.env.example").read_text(encoding="utf-8"), re.MULTILINE)

    assert secrets
    assert set(secrets) == {""}


def test_the_example_of_secrets_names_each_that_tallybook_reads() -> None:
    told = set(re.findall(r"^(\w+)=", (DEPLOY / "tallybook.env.example").read_text(encoding="utf-8"), re.MULTILINE))
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "trader").rglob("*.py"))

    assert {name for text in sources for name in re.findall(r'= "(TALLYBOOK_\w+)"', text)} == told


def test_the_container_runs_commands_that_there_are(services: dict[str, Any]) -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    (started,) = re.findall(r'^CMD \["(\S+)"\]$', dockerfile, re.MULTILINE)
    scripts = re.findall(
        r"^(\w+) = ", (ROOT / "pyproject.toml").read_text().partition("[project.scripts]")[2], re.MULTILINE
    )
    words = {line.split("run --rm tallybook ")[1] for line in DOCUMENT.splitlines() if "run --rm tallybook " in line}

    assert (DEPLOY / started).stat().st_mode & 0o100
    assert f"deploy/{started}" in dockerfile
    assert "tallybook" in scripts
    assert {line.split()[0] for line in words} == {"tallybook"}
    assert {line.split()[1] for line in words} <= {name for _, group in GROUPS for name, _ in group}
    assert "command" not in services["tallybook"]


def test_tallybook_runs_without_rights_that_it_does_not_need(services: dict[str, Any]) -> None:
    service = services["tallybook"]

    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]
    assert "\nUSER tallybook\n" in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def test_neither_service_opens_a_port(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == []


def test_a_cycle_may_end_before_the_container_stops(services: dict[str, Any]) -> None:
    minutes = int(str(services["tallybook"]["stop_grace_period"]).removesuffix("m"))

    assert minutes * 60 > TIMEOUT_SECONDS
    assert AGE_OF_HEARTBEAT * 60 >= TIMEOUT_SECONDS + 300
    assert f"-mmin -{AGE_OF_HEARTBEAT}" in services["tallybook"]["healthcheck"]["test"][1]


def test_the_loop_lets_a_running_cycle_end_and_then_stops(tmp_path: Path) -> None:
    program = tmp_path / "tallybook"
    program.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/begun\nwhile [ ! -e {tmp_path}/go ]; do sleep 0.02; done\n'
        f"echo done >> {tmp_path}/ended\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "ALIVE_FILE": str(tmp_path / "alive")}
    with subprocess.Popen([LOOP, "--verbose"], env=environment) as loop:
        wait_for(tmp_path / "begun")
        assert (tmp_path / "alive").exists()
        loop.send_signal(signal.SIGTERM)
        (tmp_path / "go").touch()

        assert loop.wait(PATIENCE_SECONDS) == 0

    assert (tmp_path / "begun").read_text(encoding="utf-8") == "cycle --verbose\n"
    assert (tmp_path / "ended").read_text(encoding="utf-8") == "done\n"


def test_the_loop_stops_at_once_between_two_cycles(tmp_path: Path) -> None:
    program = tmp_path / "tallybook"
    program.write_text(f"#!/bin/sh\necho done >> {tmp_path}/ended\n", encoding="utf-8")
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "ALIVE_FILE": str(tmp_path / "alive")}
    with subprocess.Popen([LOOP], env=environment) as loop:
        wait_for(tmp_path / "ended")
        loop.send_signal(signal.SIGTERM)

        assert loop.wait(PATIENCE_SECONDS) == 0


def wait_for(path: Path) -> None:
    until = monotonic() + PATIENCE_SECONDS
    while not path.exists():
        assert monotonic() < until, f"{path.name}: not written within {PATIENCE_SECONDS} seconds"
        sleep(0.02)
