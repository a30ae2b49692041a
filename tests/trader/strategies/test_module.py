"""A function of the owner's: what it returns is checked, and whatever it does is one failed step."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from math import nan
from pathlib import Path

import pandas
import pytest

from ledger.book import Book
from ledger.events import StepFailed, TargetsComputed
from tests.trader.decisions import UNIVERSE, D, alone
from tests.trader.homes import SETTINGS, write_settings
from tests.trader.strategies.markets import OLD, book, exposures, stocks
from tests.trader.test_forecast import fed
from trader.bars import Bars
from trader.evidence import get
from trader.forecast import forecast
from trader.hosted import shut_off, spelled
from trader.hosting import ROOT, host
from trader.settings import SettingsError, canonical_text, load
from trader.strategies import Module, ModuleSource, StrategyError
from trader.strategies.module import Answer
from trader.strategy_files import loaded, module_source

HALVES = """\
from dataclasses import dataclass
import os

@dataclass
class Half:
    of: float

def decide(book, bars, settings):
    print("thinking")
    book.positions.clear()
    names = [book.contracts[con_id].symbol for con_id in bars.series]
    return {name: (Half(1 / len(names)).of * float(settings["share"]), settings["leverage"]) for name in names}

def environment(book, bars, settings):
    raise RuntimeError(f"{sorted(os.environ)} {os.getcwd()}")
"""


def written(home: Path, text: str = HALVES, function: str = "mine:decide", seconds: int = 60) -> Module:
    (home / "mine.py").write_text(text, encoding="utf-8")
    return Module(function, {"share": D("0.8"), "leverage": D("1.5")}, seconds)


def refused(home: Path, text: str, seconds: int = 60) -> str:
    with pytest.raises(StrategyError) as error:
        loaded(written(home, text, seconds=seconds), home)(book(), stocks(2))
    return str(error.value)


def test_a_function_of_the_home_says_what_to_hold(tmp_path: Path) -> None:
    before = book().positions

    rows = loaded(written(tmp_path), tmp_path)(book(), stocks(5))

    assert set(exposures(rows).values()) == {D("0.3")}
    assert {row.leverage for row in rows} == {D("1.5")}
    assert book().positions == before


def test_its_text_is_kept_and_runs_again_when_the_file_is_another(tmp_path: Path) -> None:
    strategy = written(tmp_path)
    [computed] = forecast(fed(tmp_path), tmp_path, alone(strategy), UNIVERSE)
    (tmp_path / "mine.py").write_text("decide = None\n")

    assert isinstance(computed, TargetsComputed)
    kept = ModuleSource.kept(get(tmp_path, computed.inputs[-1], ".json"))
    assert (kept.text, kept.sha256) == (HALVES, computed.strategy_sha256)
    again = Module(strategy.function, strategy.settings, source=kept, host=host)(book(), stocks(5))
    assert {row.weight for row in again} == {D("0.2")}


def test_what_it_raises_fails_the_step_and_names_the_line(tmp_path: Path) -> None:
    strategy = written(tmp_path, "def decide(book, bars, settings):\n    return {}[1]\n")

    [failed] = forecast(fed(tmp_path), tmp_path, alone(strategy), UNIVERSE)

    assert failed == StepFailed(step="forecast", reason="strategy module: mine:decide: KeyError: 1 (mine.py, line 2)")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(
            "bars.frame(); open(__file__)", "PermissionError: /mine.py: a function is given all", id="a file to read"
        ),
        pytest.param("raise SystemExit(0)", "expected 1 answers, found 0; it ended itself", id="the end"),
        pytest.param("while True: print('x' * 1000000)", "at most 10000000 bytes of what it prints", id="a flood"),
        pytest.param(
            "raise ValueError('x' * 1000)", "ValueError: " + "x" * 488 + " (mine.py, line 2)", id="a long reason"
        ),
        pytest.param("import time; time.sleep(60)", "expected an answer within 1 s, found none", id="a hang"),
    ],
)
def test_whatever_it_does_is_an_error_of_the_strategy(tmp_path: Path, body: str, reason: str) -> None:
    text = f"def decide(book, bars, settings):\n    {body}\n"

    assert reason in refused(tmp_path, text, seconds=1 if "sleep" in body else 60)


def test_it_sees_neither_environment_nor_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYBOOK_MAIL_PASSWORD", "geheim")
    strategy = loaded(written(tmp_path, function="mine:environment"), tmp_path)

    with pytest.raises(StrategyError, match="RuntimeError: ") as error:
        strategy(book(), stocks(2))

    assert "TALLYBOOK" not in str(error.value)
    assert "'PYTHONHASHSEED', 'PYTHONPATH'] / " in str(error.value)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param({"AAPL": 1}, "GOOG: expected its weight, found none", id="a ticker left out"),
        pytest.param(dict.fromkeys((*OLD, "XYZ"), 0), "XYZ: not of the universe", id="a stranger"),
        pytest.param(dict.fromkeys(OLD, nan), "AAPL: expected a finite number as its weight, found nan", id="NaN"),
        pytest.param(dict.fromkeys(OLD, Decimal("1e99")), "AAPL: expected a finite number", id="out of bounds"),
        pytest.param(dict.fromkeys(OLD, 0.3), "sum to at most 1, found 1.2", id="too much"),
        pytest.param(dict.fromkeys(OLD, (0.1, -1)), "AAPL: expected a leverage of at least 0", id="leverage below 0"),
    ],
)
def test_its_answer_is_checked_as_any_other(answer: dict[str, object], reason: str) -> None:
    def answering(strategy: Module, book: Book, cases: tuple[Bars, ...]) -> tuple[Answer, ...]:
        return (spelled(answer),)

    strategy = Module("mine:decide", source=ModuleSource("mine", "mine.py", ""), host=answering)

    with pytest.raises(StrategyError, match=reason):
        strategy(book(), stocks(2))


@pytest.mark.parametrize(
    "answer",
    [pytest.param(7, id="a number"), pytest.param({"AAPL": "1"}, id="text"), pytest.param({"AAPL": True}, id="yes")],
)
def test_what_is_no_weights_by_symbol_is_refused(answer: object) -> None:
    with pytest.raises(TypeError, match=r"expected (weights by symbol|a number as its weight)"):
        spelled(answer)


def test_a_module_is_found_in_the_home_first_and_then_where_it_is_installed(tmp_path: Path) -> None:
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "mine.py").write_text("# own\n")

    assert module_source(tmp_path, "strategies.mine:decide").text == "# own\n"
    assert "bisect_left" in module_source(tmp_path, "bisect:decide").text
    assert module_source(tmp_path, "email.message:decide").file == "message.py"
    with pytest.raises(StrategyError, match=r"expected yours\.py in the home, or an installed module; found none"):
        module_source(tmp_path, "yours:decide")


REACHES = """\
import ctypes, os, pathlib, shutil, socket, sqlite3, subprocess
from contextlib import suppress

HOME = {home!r}
ATTEMPTS = (
    lambda: open(f"/proc/{{os.getppid()}}/environ"),
    lambda: open(f"/proc/self/root{{HOME}}/secret"),
    lambda: pathlib.Path(HOME, "secret").read_text(),
    lambda: os.open(f"{{HOME}}/secret", os.O_RDONLY),
    lambda: open(os.__file__, "a"),
    lambda: os.open(os.__file__, os.O_RDWR),
    lambda: os.unlink(f"{{HOME}}/HALT"),
    lambda: os.rename(f"{{HOME}}/HALT", f"{{HOME}}/halt"),
    lambda: os.mkdir(f"{{HOME}}/folder"),
    lambda: os.symlink("/etc/passwd", f"{{HOME}}/link"),
    lambda: os.link(f"{{HOME}}/HALT", f"{{HOME}}/link"),
    lambda: os.truncate(f"{{HOME}}/secret", 0),
    lambda: os.chmod(f"{{HOME}}/secret", 0o644),
    lambda: os.utime(f"{{HOME}}/secret"),
    lambda: shutil.rmtree(HOME),
    lambda: sqlite3.connect(f"{{HOME}}/database"),
    lambda: os.kill(os.getppid(), 0),
    lambda: os.fork(),
    lambda: os.execv("/bin/true", ["true"]),
    lambda: os.posix_spawn("/bin/true", ["true"], {{}}),
    lambda: subprocess.run(["true"]),
    lambda: socket.socket().connect(("127.0.0.1", 1)),
    lambda: ctypes.CDLL(None),
    lambda: ctypes.pythonapi.unlink,
)

def decide(book, bars, settings):
    bars.frame().mean()
    reached = []
    for place, attempt in enumerate(ATTEMPTS):
        with suppress(PermissionError):
            attempt()
            reached.append(place)
    open(os.devnull, "w").close()
    raise RuntimeError(f"of {{len(ATTEMPTS)}} it reached {{reached}}")
"""


def test_neither_secrets_nor_files_nor_the_cycle_are_within_its_reach(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("TOKEN")
    (tmp_path / "HALT").write_text("stop")

    reason = refused(tmp_path, REACHES.format(home=str(tmp_path)))

    assert "RuntimeError: of 24 it reached []" in reason
    assert sorted(it.name for it in tmp_path.iterdir()) == ["HALT", "mine.py", "secret"]
    assert (tmp_path / "secret").read_text() == "TOKEN"


@pytest.mark.parametrize(
    ("event", "argument"),
    [
        ("socket.connect", "1.2.3.4"), ("subprocess.Popen", "ls"), ("os.system", "ls"), ("os.remove", "/usr/lib/x"),
        ("open", "/home/me/signals.csv"), ("open", "/proc/cpuinfo"), ("open", "/libsecrets/x"),
        ("open", f"{sys.prefix}-live/mail.password"),
        ("open", str(ROOT / "pyproject.toml")), ("open", str(ROOT / "var" / "lock")), ("open", b"/etc/passwd"),
    ],
)  # fmt: skip
def test_nothing_is_within_its_reach(event: str, argument: object) -> None:
    with pytest.raises(PermissionError, match="a function is given all that it may see; let a source bring it"):
        shut_off(event, (argument, "r", 0))


@pytest.mark.parametrize("path", [pandas.__file__, str(ROOT / "trader" / "bars.py"), "/dev/null", 3])
def test_what_is_installed_may_be_imported(path: object) -> None:
    shut_off("open", (path, "r", 0))

    assert pandas.__file__.startswith(sys.prefix)


@pytest.mark.parametrize(("mode", "flags"), [("w", 0), ("r+", 0), (None, os.O_WRONLY), (None, os.O_CREAT)])
def test_not_even_what_is_installed_may_be_written(mode: str | None, flags: int) -> None:
    with pytest.raises(PermissionError, match="a function writes nothing; its answer is what it returns"):
        shut_off("open", (pandas.__file__, mode, flags))


def test_a_home_among_what_is_installed_is_out_of_its_reach(tmp_path: Path) -> None:
    home = tmp_path / "app" / "home"
    (home / "var").mkdir(parents=True)
    (home / "tallybook.toml").touch()
    asked = "import sys\nsys.path.insert(0, sys.argv[1])\nfrom trader.hosted import shut_off\n"
    asked += "for path in sys.argv[2:]:\n    shut_off('open', (path, 'r', 0))\n    print(path)\n"
    paths = [str(tmp_path / "app" / "library.py"), str(home / "var" / "lock")]

    ran = subprocess.run(
        [sys.executable, "-c", asked, str(tmp_path / "app"), *paths], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip

    assert ran.stdout.split() == paths[:1]
    assert f"PermissionError: {paths[1]}: a function is given all that it may see" in ran.stderr


def test_a_ticker_that_is_named_twice_is_no_answer() -> None:
    with pytest.raises(ValueError, match="AAPL: expected one weight, found two"):
        spelled(pandas.Series([0.9, 0.1], index=["AAPL", "AAPL"]))


def test_a_text_that_changes_while_a_cycle_runs_is_refused(tmp_path: Path) -> None:
    strategy = replace(written(tmp_path), text_sha256=module_source(tmp_path, "mine:decide").sha256)
    assert isinstance(loaded(strategy, tmp_path), Module)
    written(tmp_path, "decide = None\n")

    with pytest.raises(StrategyError, match="mine:decide: its text has changed since the cycle began"):
        loaded(strategy, tmp_path)


def test_the_hash_of_its_text_is_a_setting_and_may_be_pinned(tmp_path: Path) -> None:
    own = SETTINGS.replace('kind = "fixed"', 'kind = "module"\nfunction = "mine:decide"').replace("weights", "#")
    write_settings(tmp_path, own)
    assert '"text_sha256":""' in canonical_text(load(tmp_path))
    written(tmp_path)
    found = module_source(tmp_path, "mine:decide").sha256
    assert f'"text_sha256":"{found}"' in canonical_text(load(tmp_path))

    write_settings(tmp_path, own.replace("#", f'text_sha256 = "{found}" #'))
    assert load(tmp_path).strategy[0].kind == "module"
    written(tmp_path, "decide = None\n")
    with pytest.raises(SettingsError, match=r"strategy\.text_sha256: expected the text of mine:decide, found another"):
        load(tmp_path)


def test_a_strategy_itself_reads_nothing() -> None:
    with pytest.raises(StrategyError, match="mine:decide: expected its source to be loaded first"):
        Module("mine:decide")(book(), stocks(2))
