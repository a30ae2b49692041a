"""Setting up on machines that lack something: which Python is taken, and what a person is told to type."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SET_UP = Path(__file__).parents[1] / ".ci" / "set-up"

WORKS = f'exec {sys.executable} "$@"'
FAILS_LIKE_A_SHIM = "echo 'pyenv: command not found' >&2; exit 127"
TOO_OLD = 'case "$1" in --version) echo Python 3.10.13;; *) exit 1;; esac'
LACKS_VENV = f'case "$2" in *ensurepip*) exit 1;; *) exec {sys.executable} "$@";; esac'


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Give a search path that holds nothing but what every machine has."""
    dirname = shutil.which("dirname")
    assert dirname is not None
    (tmp_path / "dirname").symlink_to(dirname)
    return tmp_path


def install(machine: Path, **programs: str) -> None:
    for name, script in programs.items():
        program = machine / name.replace("_", ".").replace("apt.get", "apt-get")
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)


def find_python(machine: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SET_UP, "--find-python"], env={"PATH": str(machine)}, capture_output=True, text=True, check=False
    )


def test_the_newest_python_that_works_is_taken(machine: Path) -> None:
    install(machine, python3_13=FAILS_LIKE_A_SHIM, python3_12=WORKS, python3_11=WORKS, python3=TOO_OLD)

    assert find_python(machine).stdout == "python3.12\n"


def test_a_python_without_venv_is_passed_over_for_one_that_has_it(machine: Path) -> None:
    install(machine, python3_13=LACKS_VENV, python3=WORKS)

    assert find_python(machine).stdout == "python3\n"


def test_a_missing_venv_is_named_with_the_one_command_to_type(machine: Path) -> None:
    install(machine, python3=LACKS_VENV, apt_get="exit 1")

    found = find_python(machine)

    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.endswith(f"Type: apt-get install python{version}-venv\n")


def test_without_a_python_in_range_it_says_which_are_and_how_to_get_one(machine: Path) -> None:
    install(machine, python3=TOO_OLD)

    found = find_python(machine)

    assert (found.returncode, found.stdout) == (1, "")
    assert "needs Python 3.11, 3.12 or 3.13; found: Python 3.10.13." in found.stderr
    assert "apt-get install python3 python3-venv" in found.stderr


def test_uv_stands_in_for_a_missing_python(machine: Path) -> None:
    install(machine, python3=TOO_OLD, uv="exit 1")

    assert find_python(machine).stdout == "uv\n"
