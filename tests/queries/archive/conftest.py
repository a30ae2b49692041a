"""Nothing here runs where the archive's libraries are not installed."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from tests.queries.archive.homes import another, home_of_seven_days


@pytest.fixture(autouse=True, scope="session")
def libraries() -> None:
    pytest.importorskip("deltalake", reason="archives need tallybook[delta]")
    pytest.importorskip("pyarrow", reason="archives need tallybook[delta]")


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return home_of_seven_days(tmp_path_factory.mktemp("told") / "home")


@pytest.fixture(scope="session")
def told_of_another(told: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return another(told, tmp_path_factory.mktemp("told") / "other")


@pytest.fixture
def home(told: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(copytree(told, tmp_path / "home"))


@pytest.fixture
def other(told_of_another: Path, tmp_path: Path) -> Path:
    return Path(copytree(told_of_another, tmp_path / "other"))


@pytest.fixture
def uri(tmp_path: Path) -> Path:
    return tmp_path / "archive"
