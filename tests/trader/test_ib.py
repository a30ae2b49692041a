"""Interactive Brokers keeps the contract of every broker: the real client library against the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trader.broker_contract import BrokerContract
from tests.trader.broker_world import World
from tests.trader.broker_world import world as started


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with started(tmp_path) as made:
        yield made


class TestInteractiveBrokers(BrokerContract):
    """The sentences of the contract."""
