"""A cycle with 50 contracts, beside the bare client library asking the same gateway the same questions."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from trader.calendar import Calendar, Slot
from trader.demo.setting import ACCOUNT, FIRST_DAY, control_of, venue
from trader.simulator.control import Control

CONTRACTS = 50
HISTORY_DAYS = 300
RUNS = 3
SECONDS_MAX, CPU_SECONDS_MAX, MEGABYTES_MAX = 3.0, 1.5, 400.0

SETTINGS = """\
dry_run = false
[account]
id = "{account}"
[broker]
port = {port}
requests_per_second_max = 0
[universe]
symbols = [{symbols}]
[strategy]
kind = "momentum"
[sources]
folder = "bars"
[limits]
min_order_notional = "1"
no_trade_band = "0"
[simulator]
control = "127.0.0.1:{control_port}"
"""


def run() -> Iterator[str]:
    """One whole cycle of 50 contracts in a process of its own: 100 series of bars, quotes, previews, up to 50 orders.

    The CPU time is the process's own after its imports; the bare library connects and asks for the same bars, quotes,
    what-ifs and account, records nothing and sends nothing. The simulator runs on the other core.
    """
    with trading() as (home, control, slots):
        for slot in slots:
            control.advance(slot.at)
            bare = measured("bare", home, slot.name)
            ours = measured("cycle", home, slot.name)
            yield from _lines(slot.name, ours, bare)


@contextmanager
def trading(contracts: int = CONTRACTS) -> Iterator[tuple[Path, Control, tuple[Slot, ...]]]:
    """Adopt a home of so many contracts beside a running simulator; yield it with the session's first slots."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        tickers = _bars(home / "bars", contracts)
        with venue(home, 1, "--data", str(home / "bars")) as ports, control_of(ports) as control:
            symbols = ", ".join(f'"{ticker}"' for ticker in tickers)
            text = SETTINGS.format(account=ACCOUNT, symbols=symbols, **ports)
            (home / "tallybook.toml").write_text(text, encoding="utf-8")
            calendar = Calendar.load()
            session = calendar.sessions(FIRST_DAY, FIRST_DAY)[0]
            control.advance(session.open - timedelta(minutes=30))
            adopt = [sys.executable, "-m", "trader.commands", "--home", folder, "adopt", "--yes"]
            subprocess.run(adopt, check=True, stdout=subprocess.DEVNULL)
            yield home, control, tuple(calendar.slots(session))[:RUNS]


def measured(what: str, home: Path, slot: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.one_cycle", what, str(home), slot],
        check=True,
        capture_output=True,
        text=True,
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _lines(slot: str, ours: dict[str, Any], bare: dict[str, Any]) -> Iterator[str]:
    verdict = "within" if _within(ours) else "BEYOND"
    yield (
        f"{slot}  {ours['orders']} orders  {ours['wall']:.2f} s with imports ({SECONDS_MAX} allowed)  "
        f"{ours['cpu']:.2f} s CPU after imports ({CPU_SECONDS_MAX} allowed)  {ours['megabytes']:.0f} MB  {verdict}"
    )
    yield (
        f"{'':15}  bare library: {bare['wall']:.2f} s, {bare['cpu']:.2f} s CPU; "
        f"ratio {ours['wall'] / bare['wall']:.1f} of wall, {ours['cpu'] / bare['cpu']:.1f} of CPU"
    )


def _within(ours: dict[str, Any]) -> bool:
    bounds = ((ours["wall"], SECONDS_MAX), (ours["cpu"], CPU_SECONDS_MAX), (ours["megabytes"], MEGABYTES_MAX))
    return all(found < most for found, most in bounds)


def _bars(folder: Path, contracts: int) -> tuple[str, ...]:
    """Write seeded random walks, one file a ticker."""
    folder.mkdir()
    sessions = Calendar.load().sessions(FIRST_DAY - timedelta(days=500), FIRST_DAY + timedelta(days=10))
    tickers = tuple(f"T{number:02d}" for number in range(contracts))
    for ticker in tickers:
        with (folder / f"{ticker}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("date", "open", "high", "low", "close", "volume", "adj close"))
            writer.writerows(_walk(ticker, [session.day for session in sessions]))
    return tickers


def _walk(ticker: str, days: list[date]) -> Iterator[tuple[object, ...]]:
    chance, close, cent = random.Random(ticker), Decimal(50), Decimal("0.01")
    for day in days:
        opened = close
        close = max(Decimal(5), (close * Decimal(str(1 + chance.gauss(0.0006, 0.012)))).quantize(cent))
        high, low = max(opened, close) + cent * chance.randint(1, 30), min(opened, close) - cent * chance.randint(1, 30)
        yield day, opened, high, low, close, chance.randint(10**6, 10**7), close
