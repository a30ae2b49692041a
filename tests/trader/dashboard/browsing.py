"""Asking the site without a socket: one request, its answer whole."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message

LINK = re.compile(r'href="([^"#]*)"')


class Seen(NamedTuple):
    """What was answered."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def links(self) -> set[str]:
        """Where the page leads, on this site."""
        return {place.replace("&amp;", "&") for place in LINK.findall(self.text) if place.startswith("/")}


def ask(site: ASGIApp, address: str, *, method: str = "GET", host: str = "127.0.0.1:8765", **headers: str) -> Seen:
    path, _, query = address.partition("?")
    said = {"host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
    scope: dict[str, Any] = {
        "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": unquote(path),
        "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "server": ("127.0.0.1", 8765),
        "client": ("127.0.0.1", 50000),
        "headers": [(name.encode(), value.encode()) for name, value in said.items() if value],
    }  # fmt: skip
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    async def asked() -> None:
        await site(scope, receive, send)

    asyncio.run(asked())
    answered = {name.decode(): value.decode() for name, value in told[0]["headers"]}
    return Seen(told[0]["status"], answered, b"".join(part.get("body", b"") for part in told[1:]).decode())
