"""Whatever a client sends, the session goes on and nothing is traded."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.trader.simulator.gateway_world import BareClient, running
from trader.simulator.registry import REQUESTS
from trader.simulator.simulator import Simulator

FIELDS = st.one_of(
    st.sampled_from(["", "0", "1", "2", "11", "ACME", "STK", "SMART", "USD", "-1", "2147483647", "1e400", "Infinite"]),
    st.from_regex(r"[0-9A-Za-z .:/+-]{0,20}", fullmatch=True),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5),
)
CLIENT_IDS = count(1)
NUMBERS = [str(request.number) for request in REQUESTS if request.name != "startApi"]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(Path(tmp_path_factory.mktemp("nonsense"))) as simulator:
        yield simulator


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(messages=st.lists(st.tuples(st.sampled_from(NUMBERS), st.lists(FIELDS, max_size=25)), max_size=20))
@example(messages=[("9" * 5000, []), ("7", ["3", "9" * 5000]), ("", []), ("-3", ["x"])])
def test_nonsense_is_refused_and_the_session_goes_on(
    simulator: Simulator, messages: list[tuple[str, list[str]]]
) -> None:
    with BareClient(simulator.port) as client:
        client.start(client_id=next(CLIENT_IDS))
        for number, fields in messages:
            client.send(number, *fields)
        client.send(49, 1)
        client.send(71, 2, 0, "")  # refused, and so the last of all answers

        while client.error()[2] != "Error validating request.-'startApi' : cause - the client has started already":
            pass
    assert simulator.control.orders() == []
