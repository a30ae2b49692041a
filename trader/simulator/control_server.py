"""The control port's server: lines of JSON in, lines of JSON out; what they mean stands in `control.py`."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

from trader.simulator.commands import carry_out
from trader.simulator.desk import CommandError, Desk

LINE_LENGTH_MAX = 1 << 20


class ControlServer:
    """Serves the commands on a port of their own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self, host: str, port: int) -> int:
        """Listen, and return the port."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=LINE_LENGTH_MAX)
        return int(self._server.sockets[0].getsockname()[1])

    def close(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._writers):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                answer = await answer_line(self._desk, line)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError, asyncio.CancelledError):
            pass  # the caller has gone, sends a line without end, or the simulator ends
        finally:
            self._writers.discard(writer)
            writer.close()


async def answer_line(desk: Desk, line: bytes) -> dict[str, object]:
    """Carry out one line."""
    try:
        given = json.loads(line, parse_float=Decimal)
        if not isinstance(given, dict) or not isinstance(given.get("command"), str):
            raise CommandError('expected a line like {"command": "now"}')
        return {"ok": True, **await carry_out(desk, given.pop("command"), given)}
    except json.JSONDecodeError as error:
        return {"ok": False, "error": f"the line is no JSON: {error}"}
    except CommandError as error:
        return {"ok": False, "error": str(error)}
