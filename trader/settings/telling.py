"""Who is told, and who vouches for the log.

To add a setting: a field with its description (unit included); `settings --all` and the kept evidence show it at once,
and something must read it.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from trader.settings.values import Port, Seconds, Section, listed

GMAIL: dict[str, Any] = {"host": "smtp.gmail.com", "port": 587, "tls": "starttls"}


PRESETS: dict[str, dict[str, Any]] = {"gmail": GMAIL}


class Mail(Section):
    """Who is told, and how. The password comes from TALLYBOOK_MAIL_PASSWORD or from a file, never from here."""

    preset: Literal["", "gmail"] = Field(
        default="", description="'gmail' fills in host, port and tls; use an app password"
    )
    host: str = Field(default="", description="mail server; empty: no mail is sent")
    port: Port = Field(default=587, description="its port")
    tls: Literal["starttls", "tls", "none"] = Field(default="starttls", description="how the connection is protected")
    user: str = Field(default="", description="user name; empty: no login")
    password_file: str | None = Field(
        default=None, description="file that holds the password, mode 0600, relative to the home"
    )
    sender: str = Field(default="", alias="from", description="address that mails come from; empty: the user name")
    to: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        default=(), description="addresses that mails go to"
    )
    timeout_seconds: Seconds = Field(default=20, description="seconds to wait for the mail server")
    charts: bool = Field(default=True, description="draw NAV and leverage into the END mail, where matplotlib is there")

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, section: Any) -> Any:
        if isinstance(section, dict):
            return {**PRESETS.get(str(section.get("preset", "")), {}), **section}
        return section

    @model_validator(mode="after")
    def _deliverable(self) -> "Mail":
        if self.host and not self.to:
            raise ValueError("expected at least one address in mail.to, since mail.host is set, found none")
        if self.host and not self.from_address:
            raise ValueError("expected mail.from or mail.user, since mail.host is set, found neither")
        if not _is_host(self.host):
            raise ValueError(f"expected the name of a mail server in mail.host, found {self.host!r}")
        addresses = [text for text in (*self.to, self.from_address) if text]
        wrong = [text for text in addresses if not _is_address(text)]
        if wrong:
            raise ValueError(f"expected mail addresses, found {wrong[0]!r}")
        if not self.user.isascii():
            raise ValueError(f"expected a mail.user of ASCII characters, found {self.user!r}")
        return self

    @property
    def from_address(self) -> str:
        """The address that mails come from."""
        return self.sender or self.user

    @property
    def wanted(self) -> bool:
        """Whether mails are to be sent at all."""
        return bool(self.host)


def _is_host(text: str) -> bool:
    """Whether the resolver can be asked for it: it raises of a label that is empty or too long."""
    try:
        text.encode("idna")
    except UnicodeError:
        return False
    return text.isprintable() and " " not in text


def _is_address(text: str) -> bool:
    """Whether a mail can bear it, read by what will write it: that raises of some texts, and finds none in others.

    Newer Pythons complete a domain that is cut off, and say so beside it: what was not written is no address.
    """
    from email.policy import SMTP  # late: who has set up no mail needs none of it

    if not text.isprintable() or not all(text.partition("@")):
        return False
    try:
        addresses = SMTP.header_factory("To", text).addresses
    except (AttributeError, LookupError, ValueError):
        return False
    return bool(addresses) and all(it.username and it.domain and it.domain in text for it in addresses)


class Notices(Section):
    """Who is told besides by mail. The addresses are keys: they come from the environment or from a file."""

    ping_url_file: str | None = Field(
        default=None,
        description="file with the address of a watch that waits for a sign of life, mode 0600, relative to the home",
    )
    apprise_file: str | None = Field(
        default=None,
        description="file with addresses that alerts go to by apprise, one a line, mode 0600, relative to the home",
    )
    timeout_seconds: Seconds = Field(default=10, description="seconds to wait for the watch")


class Witness(Section):
    """A second place outside the home that vouches for the log: `SEQ:HASH` is written there with each session mail."""

    file: str = Field(default="", description="a file, best on another disk; it is read back; empty: none")
    git: str = Field(default="", description="folder of a git repository; a commit each; it is read back; empty: none")
    command: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(
        default=(), description="a program and its arguments; SEQ:HASH is added as the last one"
    )
    timeout_seconds: Seconds = Field(default=20, description="seconds that git or the command may take")


class Benchmark(Section):
    """What reports hold the account against; it decides nothing."""

    ticker: str = Field(
        default="", description="ticker; its kept bars, or else those of sources.folder, are compared with; empty: none"
    )
