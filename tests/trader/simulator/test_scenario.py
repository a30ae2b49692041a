"""A scenario lets things go wrong by themselves: at a time, after a request, by chance but reproducibly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trader.simulator.gateway_world import at, caught_up, connect, errors_of, event_loop, limit, place, running
from trader.simulator.commands import SCENARIO_COMMANDS
from trader.simulator.process import main
from trader.simulator.scenario import Scenario, ScenarioError, read_scenario


def scenario(folder: Path, text: str) -> Scenario:
    path = folder / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    return read_scenario(path, SCENARIO_COMMANDS)


def test_a_step_happens_at_its_time_and_not_before(tmp_path: Path) -> None:
    cash = 'command = "cash"\narguments = { amount = "500" }\n'
    told = scenario(tmp_path, f"[[step]]\nat = 2005-03-01T14:40:00Z\n{cash}")
    with running(tmp_path, scenario=told) as simulator:
        simulator.control.advance(to=at("09:39:59"))
        before = simulator.control.dump()["cash"]["USD"]
        simulator.control.advance(to=at("10:00"))
        simulator.control.advance(to=at("10:30"))

        assert (before, simulator.control.dump()["cash"]["USD"]) == ("100000", "100500")


def test_a_step_follows_the_nth_request_of_a_kind(tmp_path: Path) -> None:
    told = scenario(tmp_path, '[[step]]\nafter = "placeOrder"\nnth = 2\ncommand = "lose-connectivity"\n')
    with running(tmp_path, scenario=told) as simulator, event_loop():
        ib = connect(simulator)
        errors = errors_of(ib)
        place(ib, limit("BUY", 10, 49))
        first = [code for _, code, _ in errors]
        place(ib, limit("BUY", 10, 49))
        caught_up(ib)

        assert 1100 not in first
        assert 1100 in [code for _, code, _ in errors]
        assert len(simulator.control.orders()) == 2
        ib.disconnect()


def test_chance_is_drawn_from_the_seed(tmp_path: Path) -> None:
    step = '[[step]]\nat = 2005-03-01T14:40:00Z\nwithin = 600\nchance = "0.5"\ncommand = "disconnect"\n'

    def moments(seed: int) -> list[object]:
        return [each.at for each in scenario(tmp_path, f"seed = {seed}\n{step * 20}").steps]

    assert moments(3) == moments(3) != moments(4)
    assert 0 < len(moments(3)) < 20


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        pytest.param("seed =", "expected TOML", id="no TOML"),
        pytest.param("sed = 1", "expected seed", id="misspelt"),
        pytest.param('[[step]]\nafter = "reqIds"\ncommand = "explode"', "command should be one of", id="command"),
        pytest.param(
            '[[step]]\nat = 2005-03-01T14:40:00Z\nafter = "reqIds"\ncommand = "clear"', "or neither", id="twice"
        ),
        pytest.param('[[step]]\nat = 2005-03-01T14:40:00\ncommand = "clear"', "with a zone", id="no zone"),
        pytest.param('[[step]]\nafter = "reqId"\ncommand = "clear"', "name of a request", id="request"),
        pytest.param('[[step]]\nafter = "reqIds"\nnth = 0\ncommand = "clear"', "1 or more", id="nth"),
        pytest.param('[[step]]\nafter = "reqIds"\nchance = "x"\ncommand = "clear"', "zero or more", id="chance"),
        pytest.param('[[step]]\nafter = "reqIds"\ncommand = "clear"\nwhen = 1', "found when", id="field"),
    ],
)
def test_a_scenario_that_cannot_be_read_says_where(tmp_path: Path, text: str, cause: str) -> None:
    with pytest.raises(ScenarioError, match=cause):
        scenario(tmp_path, text)


def test_the_command_refuses_a_scenario_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--scenario", str(tmp_path / "none.toml")]) == 2

    assert "none.toml" in capsys.readouterr().err
