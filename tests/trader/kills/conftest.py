from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trader.cycles import world as worlds


@pytest.fixture
def world(tmp_path: Path) -> Iterator[worlds.World]:
    """An adopted account on Tuesday 1 March 2005, before the open."""
    with worlds.world(tmp_path) as made:
        yield made
