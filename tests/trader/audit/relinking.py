"""A log in which somebody changed something, and made the chain fit again: only deciding again can tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any

from ledger.line import GENESIS_PREV
from ledger.log.head import Head, write_first_head

Line = dict[str, Any]


def changed(home: Path, copy: Path, change: Callable[[Line], None]) -> Path:
    """Copy a home of one day, let every line be changed, and link the lines anew."""
    copytree(home, copy)
    (path,) = (copy / "var" / "events").glob("*.jsonl")
    prev, lines = GENESIS_PREV, list[bytes]()
    for raw in path.read_bytes().splitlines():
        line = json.loads(raw)
        change(line)
        line["prev"] = prev
        del line["hash"]
        text = json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode()[:-1]
        prev = sha256(text).hexdigest()
        lines.append(text + f',"hash":"{prev}"}}\n'.encode())
    path.chmod(0o600)
    path.write_bytes(b"".join(lines))
    for slot in ("HEAD.0", "HEAD.1"):
        (copy / "var" / slot).unlink(missing_ok=True)
    write_first_head(copy / "var", Head(len(lines) - 1, prev))
    return copy


def nth(kind: str, number: int, edit: Callable[[Line], None]) -> Callable[[Line], None]:
    """Change the nth line of a type, from 0, and no other."""
    seen = 0

    def change(line: Line) -> None:
        nonlocal seen
        if line["type"] == kind:
            if seen == number:
                edit(line["fact"])
            seen += 1

    return change


def digit(text: str) -> str:
    """Change the last digit of a number."""
    at = max(place for place, letter in enumerate(text) if letter.isdigit())
    return f"{text[:at]}{(int(text[at]) + 1) % 10}{text[at + 1 :]}"
