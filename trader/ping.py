"""A sign of life: after each cycle an address is asked for, which a watch elsewhere waits for.

The watch (healthchecks.io and its like) tells the owner when no sign came: of a machine that is down nobody else could.
After a cycle that failed, `/fail` is added to the address. The address is a key, and stands in no fact and no error.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ledger.book import Book
from ledger.events import PingAnswered, PingFailed
from trader.schedule import SettingsError
from trader.settings import Notices, ping_url

FAILED = "/fail"
ATTEMPTS = 2


def ping(book: Book, notices: Notices, home: Path, *, finished: bool) -> Iterator[PingFailed | PingAnswered]:
    """Give a sign of life; a failure is a fact, and so is the first answer after one."""
    return pinged(book, given(notices, home, finished=finished))


def pinged(book: Book, reason: str | None) -> Iterator[PingFailed | PingAnswered]:
    """Say what became of a sign of life, as far as it is news."""
    if reason:
        yield PingFailed(reason=reason)
    elif reason is not None and book.ping_failure is not None:
        yield PingAnswered()


def given(notices: Notices, home: Path, *, finished: bool) -> str | None:
    """Give a sign of life; return why it did not arrive, "" if it did, None where nobody waits for one."""
    from trader.sources.web import Patience, WebError, get  # late: only who has a watch pays for it

    try:
        url = ping_url(notices, home)
        if url is None:
            return None
        get(url if finished else _failing(url), {}, Patience(notices.timeout_seconds, ATTEMPTS))
    except (SettingsError, WebError) as error:
        return " ".join(str(error).split())
    except (OSError, ValueError) as error:  # its words may show the address; and nothing after it may be stopped
        return f"expected an answer of the watch, found {type(error).__name__}"
    return ""


def _failing(url: str) -> str:
    split = urlsplit(url)
    return split._replace(path=split.path.rstrip("/") + FAILED).geturl()
