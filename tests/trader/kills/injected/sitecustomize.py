"""Kills its own process at an exact call, or breaks the call: Python imports this file by itself at every start.

It is put into `PYTHONPATH` of a cycle, and acts in its process (`KILLS_CHILD_…`) or in its parent's (`KILLS_PARENT_…`).
There every call that writes, syncs, renames or sends is counted by its name: `write order_send_attempted`, `sync HEAD`,
`send placeOrder`. `…_TRACE` names a file that each call is noted in, `…_AT` a call, `…_NTH` which of that name, and
`…_SIDE` whether SIGKILL comes before it, after it, or `torn`: with half of its bytes gone out.

    …_VICTIMS  self, parent (of the process, which goes on), both
    …_ACTION   kill; full: from the call on the disk is full
    …_LIE      late-intent: the intent of an order reaches the disk only after the order was sent

Standard library only, and nothing of ours but the names of the wire's requests. To watch another call: a line in
`_watch`.
"""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import WeakSet

TYPE = re.compile(rb'"type":"([a-z_]+)"')
COMMAND = re.compile(rb'"command": "([a-z-]+)"')
NUMBERED = re.compile(r"[0-9a-f]{8,}|\d+")  # process ids, hashes and dates in names of files
INTENT = "order_send_attempted"
ROLES = {"CHILD": {"trader.child"}, "PARENT": {"trader.commands", "cycle"}}
ROLE = next((role for role, words in ROLES.items() if words <= set(sys.orig_argv)), "")

_counts: dict[str, int] = {}
_lines: dict[int, str] = {}  # descriptor -> the event that was written to it last
_gateways: WeakSet[socket.socket] = WeakSet()  # sockets that speak to the gateway
_held: list[tuple[int, bytes]] = []  # an intent that a broken client keeps back
_state = {"intended": False, "full": False}
_write, _kill = os.write, os.kill
_trace = -1


def _asked(name: str, usual: str = "") -> str:
    return os.environ.get(f"KILLS_{ROLE}_{name}", usual)


def _file(descriptor: int) -> str:
    return _plain(Path(f"/proc/self/fd/{descriptor}").readlink())


def _plain(path: os.PathLike[str] | str) -> str:
    name = Path(path).name
    if re.fullmatch(r"[0-9a-f]{2}", name):
        return "folder of a hash"
    return "HEAD" if name.startswith("HEAD.") else NUMBERED.sub("N", name)


def _written(descriptor: int, content: Any) -> str:
    """Name what is written: the event, or the file."""
    found = TYPE.search(bytes(content))
    name = _file(descriptor)
    if found is None or not name.endswith(".jsonl"):
        return name
    _lines[descriptor] = found[1].decode()
    _state["intended"] = _lines[descriptor] == INTENT
    return _lines[descriptor]


def _synced(descriptor: int) -> str:
    return _lines.get(descriptor) or _file(descriptor)


def _sent(sender: socket.socket, content: Any) -> str:
    """Name what is sent: the request to the gateway, the command to its control port, or a mail."""
    start = bytes(content)
    if start.startswith(b"API\0"):
        _gateways.add(sender)
        return "handshake"
    if sender in _gateways:
        from trader.simulator.registry import REQUEST_OF_NUMBER

        request = REQUEST_OF_NUMBER.get(int(start[4:].partition(b"\0")[0]))
        name = request.name if request is not None else "unknown"
        return "whatIf" if name == "placeOrder" and not _state["intended"] else name
    command = COMMAND.search(start)
    return f"control {command[1].decode()}" if command is not None else "mail"


def _reached(call: str) -> str | None:
    """Count a call, and return the side on which something is to happen to it."""
    nth = _counts[call] = _counts.get(call, 0) + 1
    if _trace >= 0:
        _write(_trace, (json.dumps([call, nth]) + "\n").encode())
    is_meant = call == _asked("AT") and nth == int(_asked("NTH", "1"))
    return _asked("SIDE", "before") if is_meant else None


def _strike() -> None:
    """Do at the point what was asked for."""
    action = _asked("ACTION", "kill")
    if action == "full":
        _state["full"] = True
        return
    victims = _asked("VICTIMS", "self")
    if victims in ("parent", "both"):
        _kill(os.getppid(), signal.SIGKILL)
    if victims in ("self", "both"):
        _kill(os.getpid(), signal.SIGKILL)


def _watched(kind: str, name_of: Callable[..., str], real: Callable[..., Any], *, bytes_at: int = -1) -> Any:
    """Wrap a call; `bytes_at` says which argument holds the bytes that half of may go out."""

    def call(*arguments: Any, **named: Any) -> Any:
        side = _reached(f"{kind} {name_of(*arguments[:2])}")
        if side == "before":
            _strike()
        elif side == "torn":
            half = list(arguments)
            half[bytes_at] = bytes(half[bytes_at])[: len(half[bytes_at]) // 2]
            real(*half, **named)
            _strike()
        result = _lie(kind, arguments) if _asked("LIE") else None
        if result is None:
            if _state["full"] and kind == "write":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            result = real(*arguments, **named)
        if side == "after":
            _strike()
        if _held and kind == "send" and _state["intended"]:
            _write(*_held.pop())
        return result

    return call


def _lie(kind: str, arguments: tuple[Any, ...]) -> int | None:
    """Say that an intent is on the disk while it is kept back."""
    if kind != "write" or _held or not _state["intended"]:
        return len(arguments[1]) if kind == "write" and _held else None
    if TYPE.search(bytes(arguments[1])) is None:
        return None
    _held.append((arguments[0], bytes(arguments[1])))
    return len(arguments[1])


def _watch() -> None:
    os.write = _watched("write", _written, os.write, bytes_at=1)
    os.pwrite = _watched("write", lambda descriptor, _: _file(descriptor), os.pwrite, bytes_at=1)
    os.fsync = _watched("sync", _synced, os.fsync)
    os.fdatasync = _watched("sync", _synced, os.fdatasync)
    os.ftruncate = _watched("truncate", lambda descriptor, _: _file(descriptor), os.ftruncate)
    for name in ("replace", "rename"):
        setattr(os, name, _watched("rename", lambda _, path: _plain(path), getattr(os, name)))
    os.unlink = _watched("unlink", _plain_first, os.unlink)
    socket.socket.send = _watched("send", _sent, socket.socket.send, bytes_at=1)  # type: ignore[method-assign]
    socket.socket.sendall = _watched("send", _sent, socket.socket.sendall, bytes_at=1)  # type: ignore[method-assign]


def _plain_first(path: os.PathLike[str] | str, *_: object) -> str:
    return _plain(path)


if ROLE and any(name.startswith(f"KILLS_{ROLE}_") for name in os.environ):
    if _asked("TRACE"):
        _trace = os.open(_asked("TRACE"), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    _watch()
