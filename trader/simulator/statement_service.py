"""The statement service: two steps over HTTP, as IB's Flex Web Service has them.

    GET /FlexWebService/SendRequest?t=TOKEN&q=QUERY&v=3      -> a reference code and an address
    GET /FlexWebService/GetStatement?t=TOKEN&q=REFERENCE&v=3 -> the statement

Any query number gives the day that is served now: the last one closed, or the one that the control port names. A number
of eight digits that is a day (20050214) gives that day, one of sixteen all from one to another.
It runs in threads of its own, and reads what does not change any more: closings and bookings.
To let something else go wrong: a word in `FAULTS`, and what it does in `_Handler`.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from trader.simulator.statement import write_statement
from trader.simulator.statements import Archive, NoStatementError

TOKEN = "simulated"
PATH = "/FlexWebService"
FIRST_REFERENCE = 1_000_000_001
ERRORS = {
    "1003": "Statement is not available.",
    "1012": "Token has expired.",
    "1014": "Query is invalid.",
    "1015": "Token is invalid.",
    "1017": "Reference code is invalid.",
    "1019": "Statement generation in progress. Please try again shortly.",
    "1020": "Invalid request or unable to validate request.",
}
REFUSALS = {"bad-token": "1015", "expired": "1012", "no-statement": "1003"}  # at the first step
FAULTS = frozenset({*REFUSALS, "try-again", "garbage", "truncated", "cut-off", "slow", "unavailable"})


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong, so many times (None: for ever)."""

    kind: str
    times: int | None = None
    seconds: float = 0.0


@dataclass
class StatementService:
    """Serves the statements of an archive."""

    archive: Archive
    token: str = TOKEN
    port: int = 0
    served: tuple[date | None, date | None] = (None, None)  # first and last day; None: the last one closed
    faults: list[Fault] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    _references: dict[str, tuple[date | None, date | None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None

    def open(self, host: str, port: int) -> int:
        """Listen, and return the port."""
        service = self

        class Handler(_Handler):
            of = service

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        self.host, self.port = host, int(self._server.server_address[1])
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="statements", daemon=True
        ).start()
        return self.port

    def close(self) -> None:
        """Stop listening."""
        self.stopped.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        """Where a client begins: the setting `base_url` of one that knows the real service."""
        return f"http://{self.host}:{self.port}{PATH}"

    def fault(self, kind: str) -> Fault | None:
        """Return the fault of a kind that is due, and count it."""
        with self._lock:
            for fault in self.faults:
                if fault.kind == kind and fault.times != 0:
                    if fault.times is not None:
                        fault.times -= 1
                    return fault
        return None

    def refer(self, query: str) -> str:
        """Return a reference code for a query; NoStatementError where there is no such day."""
        first, last = days_of(query) or self.served
        period = self.archive.period(last, first)
        with self._lock:
            reference = str(FIRST_REFERENCE + len(self._references))
            self._references[reference] = (period.closings[0].date, period.end.date)
        return reference

    def statement(self, reference: str) -> bytes | None:
        """Write the statement of a reference code; None if it is not known."""
        known = self._references.get(reference)
        if known is None:
            return None
        first, last = known
        return write_statement(self.archive.period(last, first))


def days_of(query: str) -> tuple[date, date] | None:
    """Return the days that a query number names: eight digits for one, sixteen for the first and the last."""
    with suppress(ValueError):
        if len(query) in (8, 16):
            return date.fromisoformat(query[:8]), date.fromisoformat(query[-8:])
    return None


class _Handler(BaseHTTPRequestHandler):
    of: ClassVar[StatementService]

    def do_GET(self) -> None:
        """Answer one request."""
        parts = urlsplit(self.path)
        given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        step = parts.path.rsplit("/", 1)[-1]
        if slow := self.of.fault("slow"):
            self.of.stopped.wait(slow.seconds)
        if self.of.fault("unavailable"):
            self._send(b"busy", status=503)
        elif self.of.fault("garbage"):
            self._send(b"<html><body>Something went wrong<br></html>")
        elif step == "SendRequest":
            self._first_step(given)
        elif step == "GetStatement":
            self._second_step(given)
        else:
            self._send(b"not found", status=404)

    def _first_step(self, given: dict[str, str]) -> None:
        refused = self._refusal(given) or next((code for kind, code in REFUSALS.items() if self.of.fault(kind)), None)
        query = given.get("q", "")
        if refused or not query.isdecimal():
            self._fail(refused or "1014")
            return
        try:
            reference = self.of.refer(query)
        except NoStatementError:
            self._fail("1003")
            return
        self._send(
            _response(
                f"<Status>Success</Status>\n<ReferenceCode>{reference}</ReferenceCode>\n"
                f"<Url>{escape(self.of.url)}/GetStatement</Url>"
            )
        )

    def _second_step(self, given: dict[str, str]) -> None:
        if refused := self._refusal(given):
            self._fail(refused)
            return
        if self.of.fault("try-again"):
            self._fail("1019", "Warn")
            return
        statement = self.of.statement(given.get("q", ""))
        if statement is None:
            self._fail("1017")
        elif self.of.fault("truncated"):
            self._send(statement[: len(statement) // 2])
        elif self.of.fault("cut-off"):
            self._send(statement[: len(statement) // 2], length=len(statement))
        else:
            self._send(statement)

    def _refusal(self, given: dict[str, str]) -> str | None:
        if given.get("t") != self.of.token:
            return "1015"
        return None if given.get("v") == "3" else "1020"

    def _fail(self, code: str, status: str = "Fail") -> None:
        said = f"<ErrorCode>{code}</ErrorCode>\n<ErrorMessage>{ERRORS[code]}</ErrorMessage>"
        self._send(_response(f"<Status>{status}</Status>\n{said}"))

    def _send(self, body: bytes, status: int = 200, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml;charset=UTF-8")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        with suppress(ConnectionError):  # a client that has lost patience
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the request line holds the token."""


def _response(inside: str) -> bytes:
    return f"<FlexStatementResponse timestamp=''>\n{inside}\n</FlexStatementResponse>\n".encode()
