"""A real mail server that keeps what it receives."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Mailbox:
    """What came in, and where to send it to."""

    port: int = 0
    refuses: bool = False
    strangers: tuple[str, ...] = ()  # addresses that nobody has here
    quits_in_anger: bool = False  # after a mail that it took
    received: list[EmailMessage] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if address in self.strangers:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        return "421 enough for today" if self.quits_in_anger else "221 bye"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refuses:
            return "554 no space left"
        self.received.append(message_from_bytes(envelope.original_content, policy=policy.default))
        return "250 kept"

    @property
    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.received]

    def bodies(self, first: int = 0) -> list[str]:
        """Return subject and text of every message from one on."""
        return [f"{self.subjects[place]}\n{self.body('plain', place)}" for place in range(first, len(self.received))]

    def body(self, kind: str, index: int = -1) -> str:
        part = self.received[index].get_body((kind,))
        assert part is not None
        return str(part.get_content())


class AnyPort(Controller):
    """A controller that takes whatever port is free, and then knows it."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def mailbox(*, refuses: bool = False) -> Iterator[Mailbox]:
    box = Mailbox(refuses=refuses)
    controller = AnyPort(box, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        box.port = controller.port
        yield box
    finally:
        controller.stop()
