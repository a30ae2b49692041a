"""The watch that waits for a sign of life, and messages by apprise: over real connections, their addresses unseen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ledger.events import BreakAccepted, BreakFound, NoticeFailed, NoticeSent, PingAnswered, PingFailed
from ledger.log import read_events
from tests.queries.history import IBM, TUESDAY, WEDNESDAY, World, closed, new_world, two_sessions
from tests.trader.homes import SETTINGS, SIMULATED, mail_section, write_settings
from tests.trader.mailbox import Mailbox, mailbox
from tests.trader.sources.replaying import Server, replaying, says
from trader import exits
from trader.aftermath import tell
from trader.settings import SettingsError, apprise_urls, load, ping_url
from trader.supervision import Ending
from trader.telling import tell_of_cycle

SECRET = "7f3c-secret"
LOCKED = BreakFound(break_id="B-1", kind="position", subject=str(IBM), consequence="lock", con_id=IBM)


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@pytest.fixture
def watch() -> Iterator[Server]:
    with replaying() as watch:
        yield watch


def secret_file(home: Path, name: str, text: str, mode: int = 0o600) -> str:
    (home / name).write_text(text)
    (home / name).chmod(mode)
    return name


def world_of(home: Path, box: Mailbox, **notices: str) -> World:
    section = "\n".join(f'{name} = "{value}"' for name, value in notices.items())
    write_settings(home, f"{SETTINGS}{SIMULATED}{mail_section(box.port)}\n[notices]\n{section}\n")
    world = new_world(home)
    world.quiet_cycle(TUESDAY, "09:35", "92")
    return world


def told(world: World) -> None:
    tell_of_cycle(world.ledger, load(world.home), world.home)


def log_of(home: Path) -> str:
    return "".join(path.read_text() for path in sorted((home / "var" / "events").iterdir()))


# The watch


def test_a_sign_of_life_after_each_cycle_leaves_no_trace(tmp_path: Path, box: Mailbox, watch: Server) -> None:
    world = world_of(tmp_path, box, ping_url_file=secret_file(tmp_path, "ping", f"{watch.address}/{SECRET}\n"))
    watch.answers = [says("OK")] * 2

    told(world)
    told(world)

    assert watch.asked == [f"/{SECRET}"] * 2
    assert "ping" not in log_of(tmp_path)


def test_after_a_cycle_that_failed_the_watch_is_told_so(
    tmp_path: Path, box: Mailbox, watch: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_settings(tmp_path, SETTINGS + SIMULATED + mail_section(box.port))
    monkeypatch.setenv("TALLYBOOK_PING_URL", f"{watch.address}/{SECRET}?rid=1")
    watch.answers = [says("OK")]
    home = closed(two_sessions(tmp_path))

    words = Ending(exits.COULD_NOT, None, timed_out=False, peak_memory_bytes=0, last_words="gateway-down: nobody")
    tell(home, f"{WEDNESDAY}/1035", words, "cycle")

    assert watch.asked == [f"/{SECRET}/fail?rid=1"]


def test_after_a_failure_the_mail_leaves_before_the_watch_is_asked(
    tmp_path: Path, box: Mailbox, watch: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_settings(tmp_path, SETTINGS + SIMULATED + mail_section(box.port))
    monkeypatch.setenv("TALLYBOOK_PING_URL", f"{watch.address}/{SECRET}")
    mailed: list[int] = []

    def count(server: Server, request: BaseHTTPRequestHandler) -> None:
        mailed.append(len(box.received))
        says("OK")(server, request)

    watch.answers = [count, count]
    for status, home in ((exits.COULD_NOT, closed(two_sessions(tmp_path))), (exits.LOCKED, tmp_path)):
        code = "log-locked" if status == exits.LOCKED else "gateway-down"
        words = Ending(status, None, timed_out=False, peak_memory_bytes=0, last_words=f"{code}: nobody")
        tell(home, f"{WEDNESDAY}/1035", words, "cycle")

    assert mailed == [1, 2]


def test_a_watch_that_is_not_reached_is_recorded_told_once_and_its_return_too(
    tmp_path: Path, box: Mailbox, watch: Server
) -> None:
    world = world_of(tmp_path, box, ping_url_file=secret_file(tmp_path, "ping", f"{watch.address}/{SECRET}"))
    watch.answers = [says("gone", status=404), says("gone", status=404), says("OK"), says("OK")]

    for _ in range(4):
        told(world)

    events = [event.fact for event in read_events(closed(world))]
    assert [type(fact) for fact in events if isinstance(fact, PingFailed | PingAnswered)] == [
        PingFailed, PingFailed, PingAnswered,
    ]  # fmt: skip
    assert [subject.split()[1] for subject in box.subjects] == ["ALARM", "ENDED"]
    assert "found HTTP status 404" in box.body("plain", 0)
    assert SECRET not in log_of(tmp_path) + box.body("plain", 0) + box.body("html", 0)


# Messages


@contextmanager
def taking_messages(status: int = 200) -> Iterator[tuple[int, list[dict[str, str]]]]:
    taken: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1], taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_incident_is_told_by_apprise_too_once_at_each_end(
    tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise")
    with taking_messages() as (port, taken):
        monkeypatch.setenv("TALLYBOOK_APPRISE_URLS", f"json://127.0.0.1:{port}/{SECRET}")
        world = world_of(tmp_path, box)
        world.record(LOCKED)
        told(world)
        told(world)
        world.record(BreakAccepted(break_id="B-1", why="my own"))
        told(world)

    assert [message["title"].split()[1] for message in taken] == ["ALARM", "ENDED"]
    assert taken[0]["message"].splitlines()[0] == "Book and broker differ."
    assert taken[0]["message"].endswith("type: tallybook breaks B-1")
    assert [subject.split()[1] for subject in box.subjects] == ["ALARM", "ENDED"]
    by = [event.fact.by for event in read_events(closed(world)) if isinstance(event.fact, NoticeSent)]
    assert sorted(by) == ["apprise", "apprise", "mail", "mail"]
    assert SECRET not in log_of(tmp_path)


def test_a_message_that_is_refused_is_recorded_without_its_address_and_tried_again(
    tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("apprise")
    with taking_messages(status=500) as (port, _):
        monkeypatch.setenv("TALLYBOOK_APPRISE_URLS", f"json://127.0.0.1:{port}/{SECRET}\nnothing-that-is-known")
        world = world_of(tmp_path, box)
        world.record(LOCKED)
        told(world)
        told(world)

    failed = [event.fact for event in read_events(closed(world)) if isinstance(event.fact, NoticeFailed)]
    reason = "the service at address 1 did not take it; address 2 is none that apprise understands"
    assert [(fact.by, fact.reason) for fact in failed] == [("apprise", reason)] * 2
    assert [subject.split()[1] for subject in box.subjects] == ["ALARM"]
    assert world.ledger.book.mail_fails_since is None
    captured = capfd.readouterr()
    assert SECRET not in log_of(tmp_path) + captured.out + captured.err


def test_a_message_that_one_of_its_addresses_took_is_not_sent_again(
    tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise")
    with taking_messages() as (port, taken):
        monkeypatch.setenv("TALLYBOOK_APPRISE_URLS", f"nothing-that-is-known\njson://127.0.0.1:{port}/{SECRET}")
        world = world_of(tmp_path, box)
        world.record(LOCKED)
        told(world)
        told(world)

    assert [message["title"].split()[1] for message in taken] == ["ALARM"]
    sent = [event.fact for event in read_events(closed(world)) if isinstance(event.fact, NoticeSent)]
    reasons = [(fact.by, fact.refused) for fact in sent]
    assert reasons == [("mail", None), ("apprise", "address 1 is none that apprise understands")]


def test_that_no_mail_leaves_is_told_by_apprise_while_it_lasts(
    tmp_path: Path, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise")
    box.refuses = True
    with taking_messages() as (port, taken):
        monkeypatch.setenv("TALLYBOOK_APPRISE_URLS", f"json://127.0.0.1:{port}/{SECRET}")
        world = world_of(tmp_path, box)
        world.record(LOCKED)
        for time in ("10:35", "11:35", "12:35"):
            told(world)
            world.quiet_cycle(TUESDAY, time, "92")

    assert [message["title"].split("  ")[1] for message in taken] == ["break-open", "mail-fails"]
    assert taken[1]["message"].splitlines()[0] == "No mail leaves."


# Their addresses


@pytest.mark.parametrize(
    ("text", "mode", "complaint"),
    [
        pytest.param("https://hc-ping.com/secret", 0o644, "found mode 644; run: chmod 600", id="others may read it"),
        pytest.param("hc-ping.com/secret", 0o600, "expected one address that begins with https://", id="no scheme"),
        pytest.param("https://a.example/secret b", 0o600, "expected one address", id="two words"),
        pytest.param("", 0o600, "expected one address", id="empty"),
        pytest.param("https://[a.example/secret", 0o600, "expected one address", id="an open bracket"),
        pytest.param("https://a.example/secr\u00e9t-secret", 0o600, "expected one address", id="no ASCII"),
        pytest.param("https://a..example/secret", 0o600, "expected one address", id="no host"),
        pytest.param("https://a.example:65536/secret", 0o600, "expected one address", id="no port"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_and_not_shown(
    tmp_path: Path, box: Mailbox, text: str, mode: int, complaint: str
) -> None:
    world_of(tmp_path, box, ping_url_file=secret_file(tmp_path, "ping", text, mode))

    with pytest.raises(SettingsError) as refused:
        ping_url(load(tmp_path).notices, tmp_path)

    assert complaint in str(refused.value)
    assert "secret" not in str(refused.value)


def test_an_address_that_no_request_could_carry_silences_no_alarm(tmp_path: Path, box: Mailbox) -> None:
    world = world_of(tmp_path, box, ping_url_file=secret_file(tmp_path, "ping", f"https://[a.example/{SECRET}"))
    world.record(LOCKED)

    told(world)
    words = Ending(exits.COULD_NOT, None, timed_out=False, peak_memory_bytes=0, last_words="gateway-down: nobody")
    tell(closed(world), f"{TUESDAY}/1035", words, "cycle")

    codes = [subject.split("  ")[1] for subject in box.subjects]
    assert codes == ["break-open", "ping-failed", "gateway-down"]
    assert SECRET not in log_of(tmp_path)


def test_an_answer_that_breaks_the_reader_is_a_failure_of_the_watch(
    tmp_path: Path, box: Mailbox, watch: Server
) -> None:
    world = world_of(tmp_path, box, ping_url_file=secret_file(tmp_path, "ping", f"{watch.address}/{SECRET}"))
    watch.answers = [says("there", status=302, Location="http://[there")]

    told(world)

    assert world.ledger.book.ping_failure == "expected an answer of the watch, found ValueError"


def test_a_name_of_a_file_that_no_folder_could_hold_is_told_too(tmp_path: Path, box: Mailbox) -> None:
    world = world_of(tmp_path, box, ping_url_file="a\\u0000b")

    told(world)

    assert world.ledger.book.ping_failure is not None
    assert "notices.ping_url_file: expected the name of a file" in world.ledger.book.ping_failure


def test_an_address_that_cannot_be_used_stops_no_cycle_and_is_told(tmp_path: Path, box: Mailbox) -> None:
    world = world_of(tmp_path, box, ping_url_file="nowhere", apprise_file="nowhere-either")

    told(world)

    assert world.ledger.book.ping_failure is not None
    assert "expected the watch's address, found: No such file or directory" in world.ledger.book.ping_failure
    assert [subject.split()[1] for subject in box.subjects] == ["ALARM"]


def test_addresses_of_messages_stand_one_a_line_beside_remarks(tmp_path: Path, box: Mailbox) -> None:
    told_in = secret_file(tmp_path, "urls", "# my telephone\ntgram://a/b\n\nntfy://c\n")
    world_of(tmp_path, box, apprise_file=told_in)

    assert apprise_urls(load(tmp_path).notices, tmp_path) == ("tgram://a/b", "ntfy://c")
