"""A simulator with a made-up market on real sockets, the real client library, and a client of bare fields.

ACME stands still at 50.00 (ask 50.01), THIN too but with little volume, MOVE falls from 30.00 to 27.00 on Tuesday.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Self

from ib_insync import IB, LimitOrder, MarketOrder, Order, Stock, Trade

from trader.simulator.sessions import NEW_YORK
from trader.simulator.simulator import Simulator
from trader.simulator.wire import frame, split_fields, take_frames

MONDAY, TUESDAY, WEDNESDAY = date(2005, 2, 28), date(2005, 3, 1), date(2005, 3, 2)
ACCOUNT = "DU1000001"
Library = Any  # ib_insync's IB, most of whose methods bear no types
STEPS_MAX = 2000  # turns of the client's event loop before a condition counts as failed
ROWS = "Date,Open,High,Low,Close,Volume\n"


def at(clock: str, day: date = TUESDAY) -> datetime:
    """Return a time on a clock in New York, in UTC."""
    return datetime.combine(day, time.fromisoformat(clock), NEW_YORK).astimezone(UTC)


def write_bars(folder: Path) -> Path:
    """Write the market's files."""
    folder.mkdir(exist_ok=True)
    for ticker, volume in (("ACME", 39_000_000), ("THIN", 3_900)):
        rows = (f"{day},50.00,50.00,50.00,50.00,{volume}\n" for day in (MONDAY, TUESDAY, WEDNESDAY))
        (folder / f"{ticker}.csv").write_text(ROWS + "".join(rows))
    moving = f"{MONDAY},30.00,30.00,30.00,30.00,39000000\n{TUESDAY},30.00,30.00,27.00,27.00,39000000\n"
    (folder / "MOVE.csv").write_text(f"{ROWS}{moving}{WEDNESDAY},27.00,27.00,27.00,27.00,39000000\n")
    return folder


@contextmanager
def running(folder: Path, start: datetime | None = None, **setup: Any) -> Iterator[Simulator]:
    """Run a simulator from Tuesday 09:35 on, or another moment."""
    with Simulator(data=write_bars(folder / "bars"), start=start or at("09:35"), **setup) as simulator:
        yield simulator


@contextmanager
def event_loop() -> Iterator[None]:
    """Give the client library an event loop of its own in this thread."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        loop.close()
        asyncio.set_event_loop(None)


def connect(simulator: Simulator | int, client_id: int = 7, seconds: float = 10) -> Library:
    """Connect the real client library to a simulator, or to a port."""
    port = simulator if isinstance(simulator, int) else simulator.port
    ib: Library = IB()  # type: ignore[no-untyped-call]
    ib.client.MaxRequests = 0
    ib.RequestTimeout = 10
    ib.connect("127.0.0.1", port, clientId=client_id, timeout=seconds)
    return ib


def caught_up(ib: Library) -> None:
    """Return when everything sent so far has been read: an answer overtakes nothing."""
    ib.reqCurrentTime()


def wait_until(ib: Library, holds: Callable[[], object]) -> None:
    """Turn the client's event loop until something holds."""
    for _ in range(STEPS_MAX):
        if holds():
            return
        ib.sleep(0.002)
    raise AssertionError("the condition was not reached")


def wait_for_the_end(ib: Library) -> None:
    """Turn the client's event loop until it has noticed that its socket is closed."""
    with suppress(ConnectionError):  # which is how the library says so to whoever waits
        wait_until(ib, lambda: not ib.isConnected())


def stock(ib: Library, symbol: str = "ACME") -> Stock:
    """Return a qualified contract."""
    contract = Stock(symbol, "SMART", "USD")
    ib.qualifyContracts(contract)
    return contract


def limit(action: str, quantity: int, price: float, **terms: Any) -> Order:
    """Return a limit order as a careful client sends it."""
    return LimitOrder(action, quantity, price, **{"tif": "DAY", "account": ACCOUNT, **terms})


def at_market(action: str, quantity: int, **terms: Any) -> Order:
    """Return a market order as a careful client sends it."""
    return MarketOrder(action, quantity, **{"tif": "DAY", "account": ACCOUNT, **terms})


def place(ib: Library, order: Order, symbol: str = "ACME") -> Trade:
    """Place an order, and return when the gateway has answered."""
    trade: Trade = ib.placeOrder(stock(ib, symbol), order)
    caught_up(ib)
    return trade


def errors_of(ib: Library) -> list[tuple[int, int, str]]:
    """Return the list that the client's errors will be gathered in: id, code, text."""
    errors: list[tuple[int, int, str]] = []
    ib.errorEvent += lambda request_id, code, text, _contract: errors.append((request_id, code, text))
    return errors


def decoder_errors(records: list[logging.LogRecord]) -> list[str]:
    """Return what the client library could not decode or place."""
    lost = ("Unknown reqId", "No order found")
    return [
        record.getMessage()
        for record in records
        if record.name == "ib_insync.Decoder" or any(words in record.getMessage() for words in lost)
    ]


class BareClient:
    """A client that sends and reads fields, and knows nothing of their meaning."""

    def __init__(self, port: int, offer: str = "v157..176") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._received = bytearray()
        self._messages: list[list[str]] = []
        payload = offer.encode()
        self._socket.sendall(b"API\0" + len(payload).to_bytes(4, "big") + payload)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def start(self, client_id: int = 5) -> Self:
        """Shake hands, start, and read the greeting."""
        self.read()
        self.send(71, 2, client_id, "")
        self.until("9")
        return self

    def send(self, *fields: object) -> None:
        """Send one message."""
        self._socket.sendall(frame(str(field) for field in fields))

    def read(self) -> list[str]:
        """Read one message; EOFError when the gateway has closed."""
        while not self._messages:
            received = self._socket.recv(65536)
            if not received:
                raise EOFError
            self._received += received
            self._messages += [split_fields(payload) for payload in take_frames(self._received)]
        return self._messages.pop(0)

    def until(self, number: str) -> list[list[str]]:
        """Read up to and including the first message of a number."""
        messages = [self.read()]
        while messages[-1][0] != number:
            messages.append(self.read())
        return messages

    def error(self) -> list[str]:
        """Read up to the next error that is no notice, and return its id, code and text."""
        while True:
            message = self.read()
            if message[0] == "4" and not message[3].startswith("21"):
                return message[2:5]
