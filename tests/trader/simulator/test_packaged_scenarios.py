"""The packaged scenarios: each is read, and played to its last step while the real client library goes on asking."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ib_insync import IB, Contract, LimitOrder

from tests.trader.simulator.gateway_world import ROWS, event_loop, write_bars
from trader.simulator.commands import SCENARIO_COMMANDS
from trader.simulator.process import main
from trader.simulator.scenario import SCENARIOS, packaged, place_of, read_scenario
from trader.simulator.simulator import Simulator

START = datetime(2005, 3, 1, 5, tzinfo=UTC)
TURNS_MAX = 40  # of questions, until every step has followed one


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    folder = write_bars(tmp_path_factory.mktemp("venue") / "bars")
    days = [f"2005-{day}" for day in ("02-28", "03-01", "03-02", "03-03", "03-04", "03-07")]
    for ticker in ("IBM", "MSFT"):
        rows = "".join(f"{day},90.00,92.00,89.00,91.00,9000000\n" for day in days)
        (folder / f"{ticker}.csv").write_text(ROWS + rows)
    with event_loop(), Simulator(data=folder, start=START) as running:
        yield running
        gc.collect()  # the library's clients, as long as their loop is there


class Asking:
    """A client that asks for everything a cycle asks for, waits for no answer, and comes back when it is hung up on."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.ib: Any = IB()  # type: ignore[no-untyped-call]
        self.ib.client.MaxRequests = 0

    def ask(self) -> None:
        client = self.ib.client
        with suppress(ConnectionError, OSError):
            if not client.isReady():
                self.simulator.control.silent("")
                self.simulator.control.refuse(False)
                client.connect("127.0.0.1", self.simulator.port, 7, timeout=0.3)
            for ask in (client.reqPositions, client.reqAllOpenOrders, client.reqCurrentTime):
                ask()
            client.reqAccountUpdates(True, "DU1000001")
            ibm, number = Contract(symbol="IBM", secType="STK", exchange="SMART", currency="USD"), client.getReqId()
            client.reqContractDetails(client.getReqId(), ibm)
            client.reqMktData(client.getReqId(), ibm, "", True, False, [])
            client.reqHistoricalData(client.getReqId(), ibm, "", "5 D", "1 day", "TRADES", 1, 1, False, [])
            order = LimitOrder("BUY", 1, 80, account="DU1000001", tif="DAY", clientId=7, orderId=number)
            client.placeOrder(number, ibm, order)
            client.cancelOrder(number)
            self.ib.sleep(0.005)


def moments(name: str) -> list[datetime]:
    return [step.at for step in read_scenario(place_of(name), SCENARIO_COMMANDS).steps if step.at is not None]


def test_every_packaged_scenario_is_played_to_its_end(simulator: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    control, client, unplayed = simulator.control, Asking(simulator), {}
    control.advance(datetime(2005, 3, 1, 14, 35, tzinfo=UTC))
    client.ask()
    caplog.set_level(logging.CRITICAL, "ib_insync")  # nobody waits for what it is told
    with caplog.at_level(logging.ERROR, "asyncio"):
        for name in packaged():
            control.clear()
            control.disconnect()  # some begin with the session
            left = control.play(name)
            for _ in range(TURNS_MAX):
                if not left:
                    break
                client.ask()
                control.advance(seconds=1)
                left = control.play()
                later = [at for at in moments(name) if at > control.now()]
                if left and later:
                    control.advance(min(later))
            if left:
                unplayed[name] = left
    client.ib.client.disconnect()

    assert unplayed == {}
    assert [record.getMessage() for record in caplog.records if "Exception in callback" in record.getMessage()] == []


def test_each_has_a_line_that_says_what_it_is_about(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--scenarios"]) == 0

    told = capsys.readouterr().out.splitlines()
    assert len(told) == len(list(SCENARIOS.glob("*.toml")))
    assert [line for line in told if not line.endswith(".")] == []


def test_a_name_is_that_of_a_packaged_scenario_or_a_file(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"

    assert place_of("lean_249") == SCENARIOS / "lean_249.toml"
    assert place_of(str(own)) == own
