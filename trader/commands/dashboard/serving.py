"""The server: one socket on loopback, asked by this user alone."""

from __future__ import annotations

import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path

from trader.commands.dashboard.neighbours import can_be_told, of_this_user
from trader.commands.dashboard.site import application

OTHERS = "this machine does not tell who asks: its other users can look at the site too"


def listening(address: str, port: int) -> socket.socket:
    """Bind a port and listen: who asks before the server runs waits until it does."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # else asyncio leaves delays on
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        bound.listen()
    except OSError:
        bound.close()
        raise
    return bound


def serve_on(home: Path, bound: socket.socket, *, browser: str = "", warn: Callable[[str], None]) -> None:
    """Serve until it is interrupted; with an address for the browser, open that once it can be answered."""
    import uvicorn

    reasons = (of_this_user(bound.getsockname()[1]),) if can_be_told() else ()
    if not reasons:
        warn(OTHERS)
    settings = uvicorn.Config(
        application(home, reasons=reasons, is_served=True), log_level="warning", access_log=False, server_header=False,
        proxy_headers=False, date_header=False, ws="none", lifespan="off", timeout_graceful_shutdown=2,
    )  # fmt: skip
    if browser:
        webbrowser.open(browser)
    uvicorn.Server(settings).run(sockets=[bound])
