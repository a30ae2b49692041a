"""Mails over STARTTLS and TLS, with a login: to a server whose certificate is known, and to none other."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from ledger.events import NoticeFailed, NoticeSent
from tests.queries.history import TUESDAY
from tests.trader.homes import SETTINGS, write_settings
from tests.trader.mailbox import AnyPort, Mailbox
from tests.trader.notices.sessions import NAMES, finished
from trader.notices import send, session_letter
from trader.settings import load

pytestmark = [
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate"),
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of this machine, with its key in the same file."""
    folder = tmp_path_factory.mktemp("certificate")
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost "
        f"-addext subjectAltName=IP:127.0.0.1 -keyout {folder}/key.pem -out {folder}/certificate.pem"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "certificate.pem").read_text())
    return both


def may_enter(_server: object, _session: object, _envelope: object, _mechanism: str, told: object) -> AuthResult:
    assert isinstance(told, LoginPassword)
    return AuthResult(success=(told.login, told.password) == (b"me", b"sesame"), handled=False)


@contextmanager
def guarded(certificate: Path, tls: str) -> Iterator[Mailbox]:
    box = Mailbox()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    controller: Controller
    if tls == "tls":
        controller = AnyPort(
            box, hostname="127.0.0.1", port=0, ssl_context=context, authenticator=may_enter, auth_require_tls=False
        )  # it is: from the first byte on
    else:
        controller = AnyPort(
            box, hostname="127.0.0.1", port=0, tls_context=context, require_starttls=True, authenticator=may_enter,
            auth_required=True,
        )  # fmt: skip
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()


def mailed(home: Path, box: Mailbox, tls: str) -> NoticeSent | NoticeFailed:
    section = f'host = "127.0.0.1"\nport = {box.port}\ntls = "{tls}"\nuser = "me"\nfrom = "me@example.com"\n'
    write_settings(home, f'{SETTINGS}\n[mail]\n{section}to = "owner@example.com"\n')
    world = finished(home, "09:35")
    return send(load(home).mail, home, session_letter(world.ledger.book, "start", TUESDAY, NAMES))


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_mail_is_handed_over_protected_and_with_a_login(
    tmp_path: Path, certificate: Path, tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("TALLYBOOK_MAIL_PASSWORD", "sesame")
    with guarded(certificate, tls) as box:
        fact = mailed(tmp_path, box, tls)

    assert isinstance(fact, NoticeSent)
    assert len(box.received) == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_a_server_whose_certificate_nobody_knows_gets_neither_mail_nor_password(
    tmp_path: Path, certificate: Path, tls: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLYBOOK_MAIL_PASSWORD", "sesame")
    with guarded(certificate, tls) as box:
        fact = mailed(tmp_path, box, tls)

    assert isinstance(fact, NoticeFailed)
    assert "certificate verify failed" in fact.reason
    assert box.received == []


def test_a_wrong_password_is_a_fact_that_does_not_repeat_it(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("TALLYBOOK_MAIL_PASSWORD", "open-sesame")
    with guarded(certificate, "tls") as box:
        fact = mailed(tmp_path, box, "tls")

    assert isinstance(fact, NoticeFailed)
    assert "535" in fact.reason
    assert "sesame" not in fact.reason
