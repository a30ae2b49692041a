"""The command, its socket, and a real browser before it."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

pytest.importorskip("uvicorn", reason="tallybook serve needs the extra `serve`")

from ledger.events import StepFailed
from tests.queries.history import WEDNESDAY, contract, two_sessions
from tests.trader.homes import ROOT, SETTINGS, SIMULATED, command, write_settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "<script>document.body.id='taken'</script><img src=x onerror=\"document.body.id='taken'\">"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A home that holds hostile text, served by the command."""
    home = tmp_path_factory.mktemp("served") / "home"
    write_settings(home, SETTINGS + SIMULATED)
    world = two_sessions(home)
    world.begin(WEDNESDAY, "10:35")
    world.record(
        contract(8314).model_copy(update={"symbol": HOSTILE}), StepFailed(step="forecast", reason=HOSTILE)
    )  # fmt: skip
    world.finish()
    world.ledger.close()
    program = [sys.executable, "-m", "trader.commands", "--home", str(home), "serve", "--port", "0"]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        told = server.stdout.readline()
        yield int(told.partition("http://127.0.0.1:")[2].partition("/")[0])
        server.send_signal(signal.SIGINT)  # as Ctrl-C does
        assert server.wait(timeout=30) == 0


def browse(address: str, *options: str) -> str:
    """Open an address in Chromium; return the page as its scripts left it."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    words = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", *options]
    found = subprocess.run([*words, "--dump-dom", address], capture_output=True, text=True, timeout=60, check=False)
    return found.stdout


def test_the_command_answers_on_loopback_this_user_alone_and_nothing_but_reading(port: int) -> None:
    answered = []
    for method, host in (("GET", f"127.0.0.1:{port}"), ("HEAD", "localhost"), ("POST", "localhost"), ("GET", "evil")):
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request(method, "/", headers={"Host": host})
        response = connection.getresponse()
        answered.append((response.status, "server" in response.headers, bool(response.read())))
        connection.close()

    assert answered == [(200, False, True), (200, False, False), (405, False, True), (421, False, True)]
    with pytest.raises((ConnectionRefusedError, TimeoutError)):  # another address of this machine
        socket.create_connection(("127.0.0.2", port), timeout=5)


def test_a_port_that_is_taken_is_said_with_what_to_do(port: int, tmp_path: Path) -> None:
    found = command("serve", "--port", str(port), home=two_sessions_at(tmp_path))

    assert found.returncode == 2
    assert found.stderr == f"serve: port {port} of 127.0.0.1: Address already in use; choose another: --port 0\n"


def test_the_command_imports_what_it_serves_with_only_when_it_serves() -> None:
    program = "import sys, trader.commands.serve, trader.commands.dashboard.site; print(sorted({s} & set(sys.modules)))"
    slow = {"duckdb", "exchange_calendars", "jinja2", "matplotlib", "pandas", "starlette", "uvicorn"}

    found = subprocess.run(
        [sys.executable, "-c", program.replace("{s}", repr(slow))], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert found.stdout == "[]\n"


def test_without_its_libraries_it_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)

    found = command("serve", home=two_sessions_at(tmp_path))

    assert found.returncode == 2
    assert found.stderr == "serve: uvicorn: expected to be installed; type: pip install 'tallybook[serve]'\n"


def two_sessions_at(path: Path) -> Path:
    world = two_sessions(path / "home")
    world.ledger.close()
    return world.home


def test_a_browser_shows_an_answer_with_our_style_and_script_and_hostile_text_as_text(port: int) -> None:
    asked = urlencode({"q": "SELECT symbol, sum(quantity) AS held FROM fills GROUP BY ALL"})

    dom = browse(f"http://127.0.0.1:{port}/sql?{asked}")

    assert 'data-heard="yes"' in dom  # our script ran, and asked for the version
    assert "&lt;img src=x" in dom
    assert "<img" not in dom
    assert 'id="taken"' not in dom
    assert ">150<" in dom


def test_a_browser_is_refused_under_another_name_and_from_another_site(port: int, tmp_path: Path) -> None:
    evil = tmp_path / "evil.html"
    evil.write_text(
        f"<body><script src='http://127.0.0.1:{port}/version' onerror=\"document.body.id='refused'\""
        f" onload=\"document.body.id='read'\"></script><iframe src='http://127.0.0.1:{port}/'></iframe>",
        encoding="utf-8",
    )

    renamed = browse(f"http://evil.example:{port}/", "--host-resolver-rules=MAP evil.example 127.0.0.1")
    elsewhere = browse(evil.as_uri())

    assert "expected 127.0.0.1 or localhost" in renamed
    assert "NAV" not in renamed
    assert 'id="refused"' in elsewhere
