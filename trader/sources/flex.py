"""The broker's statements over its Flex Web Service: ask for a statement, wait, and fetch it.

Two steps: SendRequest with the token and the number of a query gives a reference code and an address; GetStatement
there gives the statement, or "try again". Every answer is bounded in time and size, and is well-formed XML to its end.
The token travels only to the host of the settings, or within its domain, and stands in no error.

To say what another code of the broker's means: `TRY_AGAIN` for what passes by itself, `REMEDIES` for what does not.
"""

from __future__ import annotations

import os
import stat
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse
from io import BytesIO
from pathlib import Path
from time import monotonic
from typing import IO, ClassVar
from urllib.parse import SplitResult, urlencode, urljoin, urlsplit
from xml.etree import ElementTree

from ledger.clock import Clock
from ledger.errors import Refusal
from trader.settings import Flex

TOKEN_VARIABLE = "TALLYBOOK_FLEX_TOKEN"
VERSION = "3"
BYTES_MAX = 200_000_000
CHUNK = 1 << 16
WAITS_SECONDS = (1, 2, 5, 10, 20, 30, 30)  # the service takes ten requests a minute of one token
FAILURES_MAX = 3  # of the network, within one fetch
SERVER_BUSY = frozenset({429, 500, 502, 503, 504})

TRY_AGAIN: frozenset[str] = frozenset({
    "1001",  # could not be generated at this time
    "1004",  # incomplete at this time
    "1005", "1006", "1007", "1008",  # settlement, FIFO, mark-to-market data are not ready
    "1009",  # heavy load
    "1018",  # too many requests
    "1019",  # generation in progress
    "1021",  # could not be retrieved at this time
})  # fmt: skip
NEW_TOKEN = f"make a new token in the broker's Client Portal, and put it into {TOKEN_VARIABLE} or flex.token_file"
REMEDIES: dict[str, str] = {
    "1003": "the query has no statement for its period: wait for the broker's night, or change its period",
    "1010": "make a new query of the kind Activity Flex, and put its number into flex.query_id",
    "1011": "activate the Flex Web Service in the broker's Client Portal",
    "1012": NEW_TOKEN,
    "1013": "allow this machine's address for the token in the broker's Client Portal",
    "1014": "correct flex.query_id: the number beside the query in the broker's Client Portal",
    "1015": NEW_TOKEN,
    "1016": "correct the accounts of the query in the broker's Client Portal",
    "1017": "run it again: the broker forgot what it had prepared",
    "1020": "correct flex.query_id and flex.base_url",
}


class FlexProblem(Refusal):
    """The statement did not come; nothing was read of it."""

    code: ClassVar[str] = "flex-failed"


class FlexTokenMissing(FlexProblem):
    """There is no token, or none that may be used."""

    code = "flex-token"


class FlexRefused(FlexProblem):
    """The service says no, and will say so again."""

    code = "flex-refused"


class FlexUnavailable(FlexProblem):
    """The service does not answer, or has no statement yet: later it may."""

    code = "flex-unavailable"


class FlexAnswerWrong(FlexProblem):
    """An answer that may not be used: cut off, too long, no XML, or one that leads elsewhere."""

    code = "flex-answer"


class _Busy(Exception):
    """The network or the server failed, which may pass."""


class _NotYet(Exception):
    """The service asks to try again."""


def token_of(flex: Flex, home: Path) -> str:
    """Return the token from the environment or its file; raise FlexTokenMissing if neither can be used."""
    told = os.environ.get(TOKEN_VARIABLE)
    if told is not None:
        return _usable(told.strip(), TOKEN_VARIABLE)
    if flex.token_file is None:
        raise FlexTokenMissing(
            f"flex: expected a token, found none; set {TOKEN_VARIABLE}, or flex.token_file to a file of mode 0600"
        )
    path = home / flex.token_file
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise FlexTokenMissing(
                f"{path}: expected a file that only its owner reads, found mode {mode:o}; run: chmod 600 {path}"
            )
        return _usable(path.read_text(encoding="utf-8", errors="replace").strip(), str(path))
    except OSError as error:
        raise FlexTokenMissing(
            f"{path}: expected the Flex token, found: {error.strerror}; correct flex.token_file"
        ) from None


def _usable(token: str, where: str) -> str:
    if not token.isalnum() or not token.isascii():
        raise FlexTokenMissing(f"{where}: expected a token of letters and digits, found something else; copy it again")
    return token


def fetch(flex: Flex, token: str, clock: Clock, *, waits: tuple[int, ...] = WAITS_SECONDS) -> bytes:
    """Return the statement of the query, whole; raise FlexProblem."""
    return _Conversation(flex, token, clock, list(waits)).statement()


@dataclass
class _Conversation:
    """One statement asked for; its waits are used up by both steps together."""

    flex: Flex
    token: str
    clock: Clock
    waits: list[int]
    failures: int = 0

    def statement(self) -> bytes:
        """Go both steps."""
        base = self.flex.base_url.rstrip("/")
        said = self._asked(f"{base}/SendRequest", self.flex.query_id)
        told = _root(said)
        reference, where = told.findtext("ReferenceCode", "").strip(), told.findtext("Url", "").strip()
        if told.tag != "FlexStatementResponse" or not reference.isalnum():
            raise FlexAnswerWrong("flex SendRequest: expected a reference code, found none; try again later")
        where = where or f"{base}/GetStatement"
        if not _trusted(urlsplit(where), urlsplit(base)):
            raise FlexAnswerWrong(
                f"flex: expected an address at {urlsplit(base).hostname}, was led to {urlsplit(where).hostname}; "
                "nothing was sent there; correct flex.base_url if the broker moved"
            )
        return self._asked(where, reference)

    def _asked(self, address: str, query: str) -> bytes:
        """Ask until there is an answer that is no "try again"."""
        while True:
            try:
                answer = _got(self._request(address, query), self.flex)
                _require_ready(answer, self.token)
            except _NotYet as not_yet:
                reason = f"the broker says: {not_yet}"
            except _Busy as busy:
                self.failures += 1
                reason = str(busy)
                if self.failures >= FAILURES_MAX:
                    raise self._unavailable(reason) from None
            else:
                return answer
            if not self.waits:
                raise self._unavailable(reason)
            self.clock.sleep(self.waits.pop(0))

    def _request(self, address: str, query: str) -> urllib.request.Request:
        sent = urlencode({"t": self.token, "q": query, "v": VERSION})
        agent = f"Python/{sys.version_info.major}.{sys.version_info.minor}"  # without one the service answers nothing
        return urllib.request.Request(f"{address}?{sent}", headers={"User-Agent": agent, "Accept": "application/xml"})

    def _unavailable(self, reason: str) -> FlexUnavailable:
        host = urlsplit(self.flex.base_url).hostname
        return FlexUnavailable(f"flex at {host}: expected a statement, {_without(self.token, reason)}; try again later")


def _require_ready(answer: bytes, token: str) -> None:
    """Raise what the service says instead of a statement or a reference."""
    root = _root(answer)
    if root.tag == "FlexQueryResponse":
        return
    if root.tag != "FlexStatementResponse":
        raise FlexAnswerWrong(f"flex: expected a statement or a status, found <{root.tag[:40]}>; try again later")
    if root.findtext("Status", "").strip() == "Success" and root.find("ErrorCode") is None:
        return
    code = root.findtext("ErrorCode", "").strip()
    words = _without(token, " ".join(root.findtext("ErrorMessage", "").split())[:200])
    if code in TRY_AGAIN:
        raise _NotYet(f"{code} {words}")
    remedy = REMEDIES.get(code, "look the code up in the broker's description of its Flex Web Service")
    said = f"{code or 'no code'}: {words or 'no words'}"
    raise FlexRefused(f"flex: expected a statement, the broker says {said}; {remedy}")


def _root(answer: bytes) -> ElementTree.Element:
    """Return the first element of a well-formed answer, without the body of a statement."""
    if b"<!DOCTYPE" in answer[:1000] or b"<!ENTITY" in answer[:1000]:
        raise FlexAnswerWrong("flex: expected an answer without definitions of its own, found some; it was not read")
    root: ElementTree.Element | None = None
    try:
        for event, element in ElementTree.iterparse(BytesIO(answer), ("start", "end")):
            root = element if root is None else root
            if event == "end" and root.tag == "FlexQueryResponse":
                element.clear()  # a statement is only held against the rules of XML here
    except ElementTree.ParseError as error:
        raise _Busy(f"found XML that is cut off or damaged ({error})") from None
    if root is None:
        raise _Busy("found an empty answer")
    return root


class _Redirect(urllib.request.HTTPRedirectHandler):
    """Follows the service within its own domain only: the token goes along."""

    def __init__(self, base: str) -> None:
        self.base = urlsplit(base)

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        target = urlsplit(urljoin(req.full_url, newurl))
        if not _trusted(target, self.base):
            raise FlexAnswerWrong(
                f"flex: expected an answer of {self.base.hostname}, was redirected to {target.hostname}; "
                "nothing was sent there; correct flex.base_url if the broker moved"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _trusted(target: SplitResult, base: SplitResult) -> bool:
    """Whether the token may go there: the same host, or over https another one of the same domain."""
    if (target.scheme, target.hostname, target.port) == (base.scheme, base.hostname, base.port):
        return True
    domain = ".".join((base.hostname or "").split(".")[-2:])
    named = not (base.hostname or "").replace(".", "").isdigit() and "." in domain
    return target.scheme == "https" == base.scheme and named and (target.hostname or "").endswith(f".{domain}")


def _got(request: urllib.request.Request, flex: Flex) -> bytes:
    """Return one answer, whole; raises _Busy for what may pass."""
    own = urlsplit(flex.base_url).scheme == "http"  # on this machine: no proxy can reach it
    proxies = (urllib.request.ProxyHandler({}),) if own else ()
    opener = urllib.request.build_opener(_Redirect(flex.base_url), *proxies)
    deadline = monotonic() + flex.timeout_seconds
    try:
        with opener.open(request, timeout=flex.timeout_seconds) as response:
            return _read(response, deadline)
    except urllib.error.HTTPError as error:
        status = error.code
        error.close()
        if status in SERVER_BUSY:
            raise _Busy(f"found HTTP status {status}") from None
        raise FlexRefused(f"flex: expected an answer, found HTTP status {status}; correct flex.base_url") from None
    except urllib.error.URLError as error:
        raise _Busy(f"found no connection ({error.reason})") from None
    except (OSError, HTTPException) as error:  # their words may hold the address, and with it the token
        raise _Busy(f"found a broken answer ({type(error).__name__})") from None


def _read(response: HTTPResponse, deadline: float) -> bytes:
    """Read to the end; a sender that drips is as late as one that is silent."""
    whole = bytearray()
    while chunk := response.read1(CHUNK):
        whole += chunk
        if len(whole) > BYTES_MAX:
            raise FlexAnswerWrong(f"flex: expected at most {BYTES_MAX} bytes, found more; shorten the query's period")
        if monotonic() > deadline:
            raise _Busy("found an answer that did not end in time")
    promised = response.headers.get("Content-Length", "")
    if promised.isdigit() and len(whole) != int(promised):
        raise _Busy(f"found {len(whole)} of {promised} bytes")
    return bytes(whole)


def _without(token: str, text: str) -> str:
    return text.replace(token, "…")
