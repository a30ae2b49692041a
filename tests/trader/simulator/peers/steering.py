"""The simulator's control port for a program that has nothing of ours beside it."""

from __future__ import annotations

import json
import socket


def steer(port: int, command: str, **arguments: object) -> None:
    """Send one command, and wait for its answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as control:
        control.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
        answer = json.loads(control.makefile().readline())
    if not answer["ok"]:
        raise RuntimeError(answer["error"])
