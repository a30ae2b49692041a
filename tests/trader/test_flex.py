"""The broker's statement service, by a server that replays recorded answers and faults."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from ledger.clock import SimulatedClock
from trader.settings import Flex
from trader.sources import flex as service
from trader.sources.flex import (
    FlexAnswerWrong,
    FlexProblem,
    FlexRefused,
    FlexTokenMissing,
    FlexUnavailable,
    fetch,
    token_of,
)

TOKEN = "4711secret0815"
STATEMENT = (
    b'<?xml version="1.0"?><FlexQueryResponse queryName="day" type="AF"><FlexStatements count="0"/></FlexQueryResponse>'
)
REFERENCE = b"""<FlexStatementResponse timestamp='22 November, 2026 10:37 AM EST'>
<Status>Success</Status><ReferenceCode>998877</ReferenceCode><Url>%s</Url></FlexStatementResponse>"""

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Service:
    """What it is to answer, one after the other, and what it was asked."""

    port: int = 0
    answers: list[Answer] = field(default_factory=list)
    asked: list[tuple[str, dict[str, list[str]], str]] = field(default_factory=list)
    released: Event = field(default_factory=Event)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/FlexWebService"

    def settings(self, **changes: object) -> Flex:
        plain = {"query_id": "123456", "base_url": self.base_url, "timeout_seconds": 5, **changes}
        return Flex.model_validate(plain)


@contextmanager
def serving() -> Iterator[Service]:
    known = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            known.asked.append((parts.path, parse_qs(parts.query), self.headers["User-Agent"]))
            known.answers.pop(0)(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield known
    finally:
        known.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server() -> Iterator[Service]:
    with serving() as known:
        yield known


@pytest.fixture
def clock() -> SimulatedClock:
    return stopped_clock([])


def stopped_clock(slept: list[float]) -> SimulatedClock:
    return SimulatedClock(lambda: datetime(2026, 11, 22, tzinfo=UTC), slept.append)


def says(body: bytes, *, status: int = 200, length: int | None = None, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body) if length is None else length))
        request.end_headers()
        request.wfile.write(body)

    return answer


def refers(known: Service, address: str | None = None) -> Answer:
    return says(REFERENCE % (address or f"{known.base_url}/GetStatement").encode())


def fails(code: int, words: str, status: str = "Fail") -> Answer:
    return says(
        f"<FlexStatementResponse><Status>{status}</Status><ErrorCode>{code}</ErrorCode>"
        f"<ErrorMessage>{words}</ErrorMessage></FlexStatementResponse>".encode()
    )


def test_a_statement_is_asked_for_and_fetched(server: Service, clock: SimulatedClock) -> None:
    server.answers = [refers(server), says(STATEMENT)]

    assert fetch(server.settings(), TOKEN, clock) == STATEMENT

    paths = [(path, query) for path, query, _ in server.asked]
    assert paths == [
        ("/FlexWebService/SendRequest", {"t": [TOKEN], "q": ["123456"], "v": ["3"]}),
        ("/FlexWebService/GetStatement", {"t": [TOKEN], "q": ["998877"], "v": ["3"]}),
    ]
    assert all(agent.startswith("Python/") for _, _, agent in server.asked)


@pytest.mark.parametrize("code", sorted(service.TRY_AGAIN))
def test_what_passes_by_itself_is_asked_again(server: Service, code: str) -> None:
    slept: list[float] = []
    server.answers = [
        fails(int(code), "Please try again shortly."),
        refers(server),
        fails(int(code), "Please try again shortly.", status="Warn"),
        says(STATEMENT),
    ]

    assert fetch(server.settings(), TOKEN, stopped_clock(slept)) == STATEMENT
    assert slept == [1, 2]


def test_waiting_has_an_end(server: Service) -> None:
    slept: list[float] = []
    server.answers = [refers(server), *(fails(1019, "Statement generation in progress.") for _ in range(4))]

    with pytest.raises(FlexUnavailable, match=r"the broker says: 1019 .*; try again later"):
        fetch(server.settings(), TOKEN, stopped_clock(slept), waits=(1, 2, 3))

    assert slept == [1, 2, 3]
    assert server.answers == []


@pytest.mark.parametrize("code", [*sorted(service.REMEDIES), "1099"])
def test_what_does_not_pass_is_refused_at_once(server: Service, clock: SimulatedClock, code: str) -> None:
    server.answers = [fails(int(code), f"Token {TOKEN} is invalid.")]

    with pytest.raises(FlexRefused) as refused:
        fetch(server.settings(), TOKEN, clock)

    assert f"the broker says {code}: Token … is invalid.; " in str(refused.value)
    assert len(server.asked) == 1


def test_a_code_is_told_in_the_second_step_too(server: Service, clock: SimulatedClock) -> None:
    server.answers = [refers(server), fails(1017, "Reference code is invalid.")]

    with pytest.raises(FlexRefused, match="1017"):
        fetch(server.settings(), TOKEN, clock)


def drops(request: BaseHTTPRequestHandler) -> None:
    request.connection.close()


FAULTS: tuple[tuple[str, Answer], ...] = (
    ("cut off", says(STATEMENT[:60], length=len(STATEMENT))),
    ("cut off without a length", says(STATEMENT[:60])),
    ("empty", says(b"")),
    ("busy", says(b"try later", status=503)),
    ("too many", says(b"", status=429)),
)


@pytest.mark.parametrize("fault", [fault for _, fault in FAULTS], ids=[name for name, _ in FAULTS])
def test_a_broken_answer_is_asked_for_again(server: Service, clock: SimulatedClock, fault: Answer) -> None:
    server.answers = [refers(server), fault, fault, says(STATEMENT)]

    assert fetch(server.settings(), TOKEN, clock) == STATEMENT


@pytest.mark.parametrize("fault", [fault for _, fault in FAULTS], ids=[name for name, _ in FAULTS])
def test_a_third_broken_answer_is_the_last(server: Service, clock: SimulatedClock, fault: Answer) -> None:
    server.answers = [refers(server), fault, fault, fault]

    with pytest.raises(FlexUnavailable) as told:
        fetch(server.settings(), TOKEN, clock)

    assert_token_unseen(told)


def test_nobody_there_is_no_statement(clock: SimulatedClock) -> None:
    with serving() as gone:
        settings = gone.settings()

    with pytest.raises(FlexUnavailable, match="no connection") as told:
        fetch(settings, TOKEN, clock)

    assert_token_unseen(told)


def test_silence_is_no_statement(server: Service, clock: SimulatedClock) -> None:
    def silent(request: BaseHTTPRequestHandler) -> None:
        server.released.wait(30)

    server.answers = [silent, silent, silent]

    with pytest.raises(FlexUnavailable) as told:
        fetch(server.settings(timeout_seconds=1), TOKEN, clock)

    assert_token_unseen(told)


def test_an_answer_that_drips_is_late(server: Service, clock: SimulatedClock) -> None:
    def dripping(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not server.released.wait(0.05):
            try:
                request.wfile.write(b" ")
            except OSError:
                return

    server.answers = [dripping, dripping, dripping]

    with pytest.raises(FlexUnavailable, match="did not end in time"):
        fetch(server.settings(timeout_seconds=1), TOKEN, clock)


def test_an_answer_that_is_too_long_is_refused(
    server: Service, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BYTES_MAX", 1000)
    server.answers = [refers(server), says(b"<a>" + b" " * 2000 + b"</a>")]

    with pytest.raises(FlexAnswerWrong, match="expected at most 1000 bytes"):
        fetch(server.settings(), TOKEN, clock)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html><body>Log in</body></html>", "found <html>"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "definitions"),
        (b"<FlexStatementResponse><Status>Success</Status></FlexStatementResponse>", "reference code"),
    ],
    ids=["a page", "definitions of its own", "no reference"],
)
def test_another_answer_is_refused(server: Service, clock: SimulatedClock, body: bytes, words: str) -> None:
    server.answers = [says(body)]

    with pytest.raises(FlexAnswerWrong, match=words):
        fetch(server.settings(), TOKEN, clock)


def test_a_page_that_is_not_there_says_which_setting(server: Service, clock: SimulatedClock) -> None:
    server.answers = [says(b"not here", status=404)]

    with pytest.raises(FlexRefused, match=r"404; correct flex\.base_url"):
        fetch(server.settings(), TOKEN, clock)


def test_the_token_goes_to_no_other_host(server: Service, clock: SimulatedClock) -> None:
    with serving() as stranger:
        server.answers = [refers(server, f"{stranger.base_url}/GetStatement")]
        with pytest.raises(FlexAnswerWrong, match="was led to"):
            fetch(server.settings(), TOKEN, clock)

        elsewhere = f"{stranger.base_url}/SendRequest?t={TOKEN}"
        server.answers = [says(b"", status=302, Location=elsewhere)]
        with pytest.raises(FlexAnswerWrong, match="was redirected") as told:
            fetch(server.settings(), TOKEN, clock)

        assert stranger.asked == []
        assert_token_unseen(told)


def test_a_redirect_at_the_same_host_is_followed(server: Service, clock: SimulatedClock) -> None:
    moved = f"{server.base_url}/Moved?t={TOKEN}&q=123456&v=3"
    server.answers = [says(b"", status=302, Location=moved), refers(server), says(STATEMENT)]

    assert fetch(server.settings(), TOKEN, clock) == STATEMENT


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("https://gdcdyn.interactivebrokers.com/x", True),
        ("https://ndcdyn.interactivebrokers.com/x", True),
        ("http://ndcdyn.interactivebrokers.com/x", False),
        ("https://interactivebrokers.com.evil.example/x", False),
        ("https://evilinteractivebrokers.com/x", False),
    ],
)
def test_the_broker_may_answer_from_another_host_of_its_domain(address: str, trusted: bool) -> None:
    assert service._trusted(urlsplit(address), urlsplit(Flex().base_url)) is trusted


def assert_token_unseen(told: pytest.ExceptionInfo[FlexProblem]) -> None:
    text = "".join(traceback.format_exception(told.value))
    assert TOKEN not in text
    assert "SendRequest?" not in text


def test_the_token_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(service.TOKEN_VARIABLE, f"{TOKEN}\n")

    assert token_of(Flex(token_file="absent"), tmp_path) == TOKEN


def test_the_token_comes_from_a_file_that_only_its_owner_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(service.TOKEN_VARIABLE, raising=False)
    kept = tmp_path / "flex-token"
    kept.write_text(f"{TOKEN}\n")

    kept.chmod(0o644)
    with pytest.raises(FlexTokenMissing, match="chmod 600"):
        token_of(Flex(token_file="flex-token"), tmp_path)
    kept.chmod(0o600)
    assert token_of(Flex(token_file="flex-token"), tmp_path) == TOKEN


@pytest.mark.parametrize(
    ("told", "settings", "words"),
    [
        (None, Flex(), "expected a token, found none"),
        (None, Flex(token_file="absent"), "No such file"),
        ("", Flex(), "letters and digits"),
        ("a&q=1", Flex(), "letters and digits"),
    ],
    ids=["nowhere", "no file", "empty", "more than a token"],
)
def test_without_a_usable_token_nothing_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str | None, settings: Flex, words: str
) -> None:
    monkeypatch.delenv(service.TOKEN_VARIABLE, raising=False)
    if told is not None:
        monkeypatch.setenv(service.TOKEN_VARIABLE, told)

    with pytest.raises(FlexTokenMissing, match=words):
        token_of(settings, tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://ndcdyn.interactivebrokers.com/x"},
        {"base_url": "https://user:word@example.com/x"},
        {"base_url": "https://example.com/x?t=1"},
        {"base_url": "ftp://127.0.0.1/x"},
        {"query_id": "12a"},
    ],
    ids=["plain http", "a user", "a query", "another scheme", "no number"],
)
def test_settings_that_would_lose_the_token_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Flex.model_validate(changes)
