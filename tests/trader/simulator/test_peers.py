"""The simulator speaks to clients that were not written for it: the official one, and ib_async."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trader.simulator.gateway_world import ACCOUNT, running
from tests.trader.simulator.peers.environments import PEERS, Peer, environment, run


@pytest.mark.timeout(300)  # the first run installs
@pytest.mark.parametrize("peer", [pytest.param(peer, id=peer.name) for peer in PEERS])
def test_a_client_that_is_not_ours_trades_as_it_stands(peer: Peer, tmp_path: Path) -> None:
    environment(peer)
    with running(tmp_path) as simulator:
        told = run(peer, simulator.port, simulator.control_port)

    assert told.pop("errors") == []
    assert told.pop("positions") in ([["ACME", "10"]], [["ACME", "10.0"]])
    assert told == {
        "version": peer.version,
        "accounts": [ACCOUNT],
        "contract": ["ACME", "US/Eastern"],
        "quote": ["50.0", "50.01"],
        "bar": "50.0",
        "what_if": True,
        "open": ["resting"],
        "filled": ["Filled", "1.0"],
        "cancelled": "Cancelled",
        "executions": ["bought"],
        "completed": [["bought", "Filled"], ["resting", "Cancelled"]],
        "nav": ["USD"],
    }
