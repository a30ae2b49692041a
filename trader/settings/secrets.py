"""What must not stand in the settings: passwords and addresses that are keys.

Each comes from the environment, or from a file that only its owner reads. No error says what it holds.
To add one: a variable, the setting that names its file, and a function.
"""

import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

from trader.schedule import FILE_NAME, SettingsError
from trader.settings.telling import Mail, Notices

PASSWORD_VARIABLE = "TALLYBOOK_MAIL_PASSWORD"
PING_VARIABLE = "TALLYBOOK_PING_URL"
APPRISE_VARIABLE = "TALLYBOOK_APPRISE_URLS"


def mail_password(mail: Mail, home: Path) -> str:
    """Return the mail password from the environment or its file; raise SettingsError if neither can be used."""
    if (password := os.environ.get(PASSWORD_VARIABLE)) is not None:
        return _sendable(password, PASSWORD_VARIABLE)
    if mail.password_file is None:
        raise SettingsError(
            f"{home / FILE_NAME}: mail.user: expected a password, found none; "
            f"set {PASSWORD_VARIABLE} or mail.password_file"
        )
    path = home / mail.password_file
    return _sendable(_secret(path, "the mail password", "mail.password_file"), str(path))


def ping_url(notices: Notices, home: Path) -> str | None:
    """Return the address of the watch that waits for our sign of life; None where there is none."""
    found = _told(PING_VARIABLE, notices.ping_url_file, home, "the watch's address", "notices.ping_url_file")
    if found is None:
        return None
    text, where = found
    url = text.strip()
    if not _is_address(url):
        raise SettingsError(f"{where}: expected one address that begins with https://, found another text; correct it")
    return url


def _is_address(url: str) -> bool:
    """Whether it can be asked for: what no request could carry is refused here, not raised after a cycle."""
    try:
        split = urlsplit(url)
        host = split.hostname or ""
        is_host = bool(host and host.encode("idna")) and split.port != 0  # each raises of what it cannot read
    except ValueError:
        return False
    return is_host and split.scheme in ("http", "https") and url.isascii() and url.isprintable() and " " not in url


def apprise_urls(notices: Notices, home: Path) -> tuple[str, ...]:
    """Return the addresses that alerts go to by apprise; none where it is not set up."""
    found = _told(APPRISE_VARIABLE, notices.apprise_file, home, "addresses for apprise", "notices.apprise_file")
    if found is None:
        return ()
    text, where = found
    lines = (line.strip() for line in text.splitlines())
    urls = tuple(url for line in lines if not line.startswith("#") for url in line.split())
    if not urls:
        raise SettingsError(f"{where}: expected an address for apprise, found none; write one a line")
    return urls


def _told(variable: str, file: str | None, home: Path, what: str, setting: str) -> tuple[str, str] | None:
    """Return a secret and where it was found, the environment first; None where neither is set."""
    if (text := os.environ.get(variable)) is not None:
        return text, variable
    if file is None:
        return None
    path = home / file
    return _secret(path, what, setting), str(path)


def _secret(path: Path, what: str, setting: str) -> str:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise SettingsError(
                f"{path}: expected a file that only its owner reads, found mode {mode:o}; run: chmod 600 {path}"
            )
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError as error:
        raise SettingsError(f"{path}: expected {what}, found: {error.strerror}; correct {setting}") from None
    except ValueError:
        raise SettingsError(f"{setting}: expected the name of a file, found {str(path)!r}; correct it") from None


def _sendable(password: str, where: str) -> str:
    """Refuse what no login can carry, such as the wide spaces of a password that was copied from a web page."""
    if not password or not password.isascii():
        found = "found another character" if password else "found none"
        raise SettingsError(f"{where}: expected a mail password of ASCII characters, {found}; type it in by hand")
    return password
