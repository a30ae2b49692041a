"""The halt file: anything at its place halts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ledger.logs import started


def test_a_home_without_halt_is_not_halted(tmp_path: Path) -> None:
    with started(tmp_path) as log:
        assert log.halt_reason() is None


@pytest.mark.parametrize(
    ("put", "reason"),
    [
        pytest.param(lambda path: path.write_text("on holiday\n"), "on holiday", id="a text"),
        pytest.param(lambda path: path.touch(), "no reason given", id="an empty file"),
        pytest.param(lambda path: path.write_bytes(b"\xff\xfe"), "\ufffd\ufffd", id="no text"),
        pytest.param(lambda path: path.mkdir(), "unreadable: not a plain file", id="a directory"),
        pytest.param(os.mkfifo, "unreadable: not a plain file", id="a pipe"),
        pytest.param(lambda path: path.symlink_to("nowhere"), "unreadable: No such file", id="a dangling link"),
        pytest.param(lambda path: path.symlink_to(path), "unreadable: Too many levels", id="a link to itself"),
    ],
)
def test_whatever_lies_at_halt_halts(tmp_path: Path, put: Callable[[Path], object], reason: str) -> None:
    with started(tmp_path) as log:
        put(tmp_path / "var/HALT")

        assert str(log.halt_reason()).startswith(reason)


def test_a_home_that_vanished_halts(tmp_path: Path) -> None:
    log = started(tmp_path / "home")
    (tmp_path / "home/var").rename(tmp_path / "elsewhere")

    assert str(log.halt_reason()).startswith("unreadable")
