"""One API connection: its handshake, its frames in both directions, and what it subscribed to.

A `Client` reads frames and hands their fields to the gateway; what the gateway sends passes through the faults, and is
written in one go when the request or the command that caused it is done. Nothing but the handshake is written before
startApi was read. To keep something per connection (a new subscription): a field here.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Sequence
from typing import Protocol, cast

from trader.simulator.faults import Faults
from trader.simulator.messages import Message
from trader.simulator.wire import MalformedError, frame, split_fields, take_frames

GREETING = b"API\0"
VERSIONS = re.compile(r"^v(\d{1,6})\.\.(\d{1,6})(?: .*)?$", re.DOTALL)
VERSIONS_SPOKEN = (178, 176, 157)  # newest first; of those between, clients themselves disagree about the layouts
DRAIN_SECONDS_MAX = 10.0  # a client that reads nothing for so long is disconnected, as TWS does


def negotiate(offer: str) -> int | None:
    """Choose the version for a client's 'v<min>..<max>'; None where none fits."""
    match = VERSIONS.match(offer)
    if not match:
        return None
    lowest, highest = (int(number) for number in match.groups())
    version = next((spoken for spoken in VERSIONS_SPOKEN if spoken <= highest), None)
    return version if version is not None and lowest <= version else None


class Server(Protocol):
    """What a connection reports to, and what it asks: the gateway that accepted it."""

    faults: Faults

    def opened(self, client: Client) -> None:
        """Note a new connection."""

    def received(self, client: Client, raw: list[str]) -> None:
        """Answer one request."""

    def garbled(self, client: Client, cause: str) -> None:
        """Note why a connection is closed."""

    def gone(self, client: Client) -> None:
        """Forget a connection."""

    def handshake_time(self) -> str:
        """Write the time as the handshake does."""
        ...

    def log(self, client: Client, direction: str, fields: Sequence[str]) -> None:
        """Write one line of the wire log."""


class Client(asyncio.Protocol):
    """One socket, from its acceptance to its end."""

    def __init__(self, server: Server) -> None:
        self.client_id: int | None = None  # known, and the client started, from startApi on
        self.version = 0  # known from the handshake on
        self.closed = False
        self.held = False
        self.follows_account = ""  # its number; none
        self.follows_positions = False
        self.market_lines: dict[int, int] = {}  # request id -> con_id
        self.market_data_type = 1
        self.figures_sent: dict[tuple[str, str], str] = {}
        self.portfolio_sent: set[int] = set()
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._greeted = False
        self._silent = False
        self._outgoing: list[Message] = []
        self._withheld: list[Message] = []
        self._flush_is_due = False
        self._drained = asyncio.Event()
        self._drained.set()

    @property
    def address(self) -> str:
        """Name the other end."""
        peer = self._transport.get_extra_info("peername") if self._transport else None
        return f"{peer[0]}:{peer[1]}" if peer else ""

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport.set_write_buffer_limits(high=0)  # so that 'resume' means that all is written
        self._silent = self._server.faults.silent_after == "connect"
        self._server.opened(self)

    def data_received(self, data: bytes) -> None:
        """Read the complete frames and hand them on."""
        if self._silent:
            return
        self._received += data
        try:
            self._read()
        except MalformedError as error:
            self._server.garbled(self, str(error))
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        """Forget the socket; orders stay."""
        self.closed = True
        self._drained.set()
        self._server.gone(self)

    def pause_writing(self) -> None:
        """Note that not everything is written."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """Note that everything is written."""
        self._drained.set()

    # Reading

    def _read(self) -> None:
        if not self._greeted:
            if len(self._received) < len(GREETING):
                return
            if not self._received.startswith(GREETING):
                raise MalformedError(f"a connection starts with {GREETING!r}, found {bytes(self._received[:4])!r}")
            del self._received[: len(GREETING)]
            self._greeted = True
        for payload in take_frames(self._received):
            if self.closed:
                return
            if self.version:
                self._server.received(self, split_fields(payload))
            else:
                self._shake_hands(payload.decode(errors="replace"))

    def _shake_hands(self, offer: str) -> None:
        version = negotiate(offer)
        if version is None:
            spoken = ", ".join(map(str, VERSIONS_SPOKEN))
            raise MalformedError(f"no version in common with {offer!r}: {spoken} are spoken here")
        self.version = version
        self._server.log(self, "in", [offer])
        answer = (str(version), self._server.handshake_time())
        self._server.log(self, "out", answer)
        if self._transport:
            self._transport.write(frame(answer))

    # Writing

    def send(self, message: Message) -> None:
        """Send one message, as far as the faults let it."""
        for late, copy in self._server.faults.deliveries(message):
            if late:
                asyncio.get_running_loop().call_later(late, self._put, copy)
            else:
                self._put(copy)

    def _put(self, message: Message) -> None:
        if self.closed:
            return
        (self._withheld if self.held else self._outgoing).append(message)
        if not self._flush_is_due:
            self._flush_is_due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Write what has gathered."""
        self._flush_is_due = False
        if self.closed or not self._outgoing or self._transport is None:
            return
        for message in self._outgoing:
            self._server.log(self, "out", message)
        self._transport.write(b"".join(map(frame, self._outgoing)))
        self._outgoing.clear()

    async def drain(self) -> None:
        """Write what has gathered, and wait until the operating system has taken it."""
        self.flush()
        try:
            await asyncio.wait_for(self._drained.wait(), DRAIN_SECONDS_MAX)
        except TimeoutError:
            self._server.garbled(self, f"the client has read nothing for {DRAIN_SECONDS_MAX:g} seconds")
            self.close()

    def mark(self) -> int:
        """Return a mark for `withhold`: what is sent from now on."""
        return len(self._outgoing)

    def withhold(self, mark: int) -> None:
        """Keep back what was sent since the mark, and everything from now on."""
        self._withheld += self._outgoing[mark:]
        del self._outgoing[mark:]
        self.held = True

    def release(self) -> None:
        """Send what was kept back."""
        self.held = False
        withheld, self._withheld = self._withheld, []
        for message in withheld:
            self._put(message)

    def close(self) -> None:
        """Write what has gathered, unless it is withheld, and close the socket."""
        self.flush()
        self.closed = True
        if self._transport:
            self._transport.close()
