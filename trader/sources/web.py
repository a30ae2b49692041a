"""One answer of a server: whole, within bounds of time and size, asked again where the failure may pass.

Only reads come through here, so that asking twice does no harm. A redirection is followed on the same host alone: the
request may bear a secret. No error holds the address, in which a person may have written one.
To let another status pass with time: name it in `MAY_PASS`.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse
from time import monotonic
from typing import IO
from urllib.parse import urljoin, urlsplit

BYTES_MAX = 100_000_000
CHUNK = 1 << 16
MAY_PASS = frozenset({408, 425, 429, 500, 502, 503, 504})
WAIT_MAX_SECONDS = 60  # who wants us to wait longer is asked again in the next slot
AGENT = "tallybook"  # some servers answer nothing to Python's own


class WebError(Exception):
    """No answer that can be used: what was found instead."""


class _MayPass(Exception):
    """A failure that may pass by itself."""

    def __init__(self, found: str, wait_seconds: float | None = None) -> None:
        super().__init__(found)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True)
class Patience:
    """How long one answer may take, and how often it is asked for."""

    timeout_seconds: float = 20
    attempts: int = 3


def get(url: str, headers: Mapping[str, str], patience: Patience) -> bytes:
    """Return the whole body of an answer; raise WebError."""
    import stamina  # slow: only who asks a server pays for it

    try:
        for attempt in stamina.retry_context(
            on=_worth_another, attempts=patience.attempts, timeout=None, wait_initial=0.5, wait_max=10
        ):
            with attempt:
                return _got(url, headers, patience.timeout_seconds)
    except _MayPass as failure:
        raise WebError(f"{failure}, {patience.attempts} times") from None
    raise AssertionError("expected an answer or a failure")


def _worth_another(failure: Exception) -> bool | float:
    """Say whether to ask again, and after how many seconds if the server said so."""
    if not isinstance(failure, _MayPass):
        return False
    wait = failure.wait_seconds
    return True if wait is None else wait if wait <= WAIT_MAX_SECONDS else False


class _SameHost(urllib.request.HTTPRedirectHandler):
    """Follows within one host, never from https to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        here, there = urlsplit(req.full_url), urlsplit(urljoin(req.full_url, newurl))
        if there.hostname != here.hostname or there.scheme not in {here.scheme, "https"}:
            raise WebError(f"found a redirection to {there.scheme}://{there.hostname}; nothing was sent there")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _got(url: str, headers: Mapping[str, str], timeout_seconds: float) -> bytes:
    local = urlsplit(url).scheme == "http"  # on this machine: no proxy can reach it
    proxies = (urllib.request.ProxyHandler({}),) if local else ()
    opener = urllib.request.build_opener(_SameHost(), *proxies)
    request = urllib.request.Request(url, headers={"User-Agent": AGENT, **headers})
    deadline = monotonic() + timeout_seconds
    try:
        with opener.open(request, timeout=timeout_seconds) as response:
            return _read(response, deadline)
    except urllib.error.HTTPError as error:
        status, after = error.code, error.headers.get("Retry-After", "")
        error.close()
        if status in MAY_PASS:
            raise _MayPass(f"found HTTP status {status}", float(after) if after.isdecimal() else None) from None
        raise WebError(f"found HTTP status {status}") from None
    except urllib.error.URLError as error:
        raise _MayPass(f"found no connection ({type(error.reason).__name__})") from None
    except (OSError, HTTPException) as error:
        raise _MayPass(f"found a broken answer ({type(error).__name__})") from None


def _read(response: HTTPResponse, deadline: float) -> bytes:
    """Read to the end; a sender that drips is as late as one that is silent."""
    whole = bytearray()
    while chunk := response.read1(CHUNK):
        whole += chunk
        if len(whole) > BYTES_MAX:
            raise WebError(f"found more than {BYTES_MAX} bytes")
        if monotonic() > deadline:
            raise _MayPass("found an answer that did not end in time")
    promised = response.headers.get("Content-Length", "")
    if promised.isdigit() and len(whole) != int(promised):
        raise _MayPass(f"found {len(whole)} of {promised} bytes")
    return bytes(whole)
