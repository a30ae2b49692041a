"""Beside beancount and hledger: 100,000 trades booked first in first out, and every balance at the end.

Each program is a process of its own, its imports included, and prints its balances, which must be equal. Ours reads the
log, checks its chain, validates every fact and matches every lot again whenever a correction asks for it; the others
read the same trades as text. To change what is traded, change `trades`; `BEANCOUNT` and `HLEDGER` spell a trade.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.measuring import verdict
from benchmarks.world import GENESIS, START, Metronome, contract
from ledger.events import CommissionCharged, Fact, OrderFilled
from ledger.ledger import Ledger

TRADES, CONTRACTS, A_DAY, RUNS = 100_000, 50, 200, 3
BEANCOUNT_LIMIT, HLEDGER_LIMIT, MEMORY_LIMIT = 0.1, 0.25, 1.0
Balances = dict[str, Decimal]

OURS = """
import json, sys
from pathlib import Path
from ledger.book import replay
from ledger.collecting import uncollected
from ledger.log import read_events
home = Path(sys.argv[1])
with uncollected():
    book = replay(read_events(home), retain=True)
found = {f"T{number}": holding.quantity for number, holding in book.holdings.items()}
found |= {account: amount for (account, _), amount in book.journal.items() if not account.startswith("position:")}
print(json.dumps({name: str(amount) for name, amount in found.items() if amount}))
"""
IN_SQL = """
import json, sys
from pathlib import Path
from queries.second_books import second_books
books = second_books(Path(sys.argv[1]))
found = {f"T{number}": quantity for number, quantity in books.positions.items()}
found["cash"], found["commissions"] = books.cash["USD"], books.commissions["USD"]
found["realised"] = -sum(contract.realised_gross for contract in books.contracts.values())
assert sum(len(contract.lots) for contract in books.contracts.values())
assert not books.unknown_positions and not books.unknown_lots and not books.unknown_cash
print(json.dumps({name: str(amount) for name, amount in found.items() if amount}))
"""
BEANCOUNT = """
import json, sys
from collections import defaultdict
from decimal import Decimal
from beancount import loader
from beancount.core.data import Transaction
entries, errors, _ = loader.load_file(sys.argv[1])
assert not errors, errors[:3]
found = defaultdict(Decimal)
for entry in entries:
    if isinstance(entry, Transaction):
        for posting in entry.postings:
            found[posting.account, posting.units.currency] += posting.units.number
names = {"Assets:Cash": "cash", "Income:Realised": "realised", "Expenses:Commissions": "commissions"}
told = {names.get(account, commodity): str(amount) for (account, commodity), amount in found.items() if amount}
print(json.dumps(told))
"""


class Trade(NamedTuple):
    """One trade of the account."""

    number: int
    con_id: int
    quantity: int
    price: Decimal
    held: int  # before it


class Run(NamedTuple):
    """What one process took."""

    seconds: float  # of CPU, its own and the system's
    peak_bytes: int
    said: bytes


def run() -> Iterator[str]:
    """Book 100,000 trades of 50 contracts first in first out, with their commissions, and print every balance.

    Ours replays the log: chain checked, facts validated, lots matched, all of it kept. beancount books the same trades
    of a file (its cache is off, its own FIFO does the matching; it merges lots of one date and cost, so that balances
    are compared, not lots); hledger adds up their postings at what was paid, and matches no lots. Processes of their
    own, in turns, imports included; medians of their seconds of CPU, all threads together, and of their peak memory.
    Ours does it twice: by the replay, which makes the whole book, and in SQL, which keeps balances, open lots and what
    was realised, and checks sealed days by one hash each.
    """
    with tempfile.TemporaryDirectory() as folder:
        home, beancount, hledger = Path(folder) / "home", Path(folder) / "a.beancount", Path(folder) / "a.journal"
        _record(home)
        beancount.write_text("".join(_beancount()), encoding="utf-8")
        hledger.write_text("".join(_hledger()), encoding="utf-8")
        commands: dict[str, tuple[str, ...]] = {
            "ours": (sys.executable, "-c", OURS, str(home)),
            "in sql": (sys.executable, "-c", IN_SQL, str(home)),
            "beancount": (sys.executable, "-c", BEANCOUNT, str(beancount)),
        }
        if shutil.which("hledger"):
            commands["hledger"] = ("hledger", "-f", str(hledger), "balance", "--flat", "-O", "json", "-N")
        runs = _in_turns(commands)
    yield f"{TRADES:,} trades, {RUNS} runs of each; balances are equal, and so is what beancount realised"
    yield from _lines(runs, "beancount", f"beancount {version('beancount')}", BEANCOUNT_LIMIT)
    if "hledger" in runs:
        told = subprocess.run(("hledger", "--version"), capture_output=True, check=True, text=True).stdout
        yield from _lines(runs, "hledger", told.strip().partition(",")[0], HLEDGER_LIMIT)
    else:
        yield "hledger is not installed: not measured"


def _lines(runs: dict[str, list[Run]], peer: str, name: str, limit: float) -> Iterator[str]:
    yield from _compared(runs["ours"], runs[peer], "tallybook, replay of the log", name, limit)
    yield from _compared(runs["in sql"], runs[peer], "tallybook, in SQL from the log", name, limit)


def _compared(ours: list[Run], theirs: list[Run], own: str, name: str, limit: float) -> Iterator[str]:
    ratio = median(our.seconds / their.seconds for our, their in zip(ours, theirs, strict=True))
    memory = median(our.peak_bytes / their.peak_bytes for our, their in zip(ours, theirs, strict=True))
    taken, others = (median(each.seconds for each in side) for side in (ours, theirs))
    kept, other = (median(each.peak_bytes for each in side) / 1e6 for side in (ours, theirs))
    yield f"{own:34} {taken:8.2f} s   {name:34} {others:8.2f} s   ratio {ratio:6.2f}  " + (verdict(ratio, limit))
    yield f"{'its peak memory':34} {kept:8.0f} MB  {name:34} {other:8.0f} MB  ratio {memory:6.2f}  " + (
        verdict(memory, MEMORY_LIMIT)
    )


def _in_turns(commands: dict[str, tuple[str, ...]]) -> dict[str, list[Run]]:
    """Run every program in turns, and hold their balances together."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for _ in range(RUNS):
        for name, command in commands.items():
            runs[name].append(_measured(command))
    ours, beancount = (_balances(runs[name][-1].said) for name in ("ours", "beancount"))
    _require_equal("beancount", ours, beancount)
    _require_equal("in SQL", ours, _balances(runs["in sql"][-1].said))
    if "hledger" in runs:
        # at what was paid, nothing is realised: cash, commissions and units are what it knows
        _require_equal("hledger", {name: ours[name] for name in ours if name != "realised"}, _told(runs["hledger"][-1]))
    return runs


def _measured(command: tuple[str, ...]) -> Run:
    environment = {**os.environ, "BEANCOUNT_DISABLE_LOAD_CACHE": "1"}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, stdout=output, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise ValueError(f"{command[0]}: expected exit status 0, found {process.returncode}")
        output.seek(0)
        return Run(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, output.read())


def _balances(said: bytes) -> Balances:
    return {name: Decimal(amount) for name, amount in json.loads(said).items()}


def _told(ended: Run) -> Balances:
    """Read hledger's JSON: a row is an account with its amounts, one for each price; a quantity is exact."""
    found: Balances = defaultdict(Decimal)
    names = {"assets:cash": "cash", "expenses:commissions": "commissions"}
    rows: list[Any] = json.loads(ended.said)[0]
    for account, _, _, amounts in rows:
        for amount in amounts:
            quantity = amount["aquantity"]
            exact = Decimal(quantity["decimalMantissa"]).scaleb(-quantity["decimalPlaces"])
            found[names.get(account, amount["acommodity"])] += exact
    return {name: amount for name, amount in found.items() if amount}


def _require_equal(peer: str, ours: Balances, theirs: Balances) -> None:
    if ours != theirs:
        differing = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
        name = differing[0]
        raise ValueError(f"{peer}: {name}: expected {ours.get(name)}, found {theirs.get(name)}")


def trades() -> Iterator[Trade]:
    """Yield the trades: in each contract four bought for three sold and back, so that lots are split; some flip it."""
    held = dict.fromkeys(range(1, CONTRACTS + 1), 0)
    for number in range(TRADES):
        con_id, turn = number % CONTRACTS + 1, number // CONTRACTS
        buys = (turn % 7 < 4) if turn // 21 % 2 == 0 else (turn % 7 >= 4)
        quantity = (10 + turn % 3) * (1 if buys else -1)
        if turn % 20 == 19 and held[con_id]:
            quantity = -2 * held[con_id]
        yield Trade(number, con_id, quantity, Decimal(40_000 + number * 37 % 997).scaleb(-2), held[con_id])
        held[con_id] += quantity


def _record(home: Path) -> None:
    """Write the log, a file a day, as cycles would have."""
    home.mkdir()
    clock = Metronome()
    with Ledger.create(home, clock, GENESIS) as ledger:
        ledger.record(tuple(contract(con_id) for con_id in range(1, CONTRACTS + 1)))
        batch: list[Fact] = []
        for trade in trades():
            execution = f"0000e0d5.{trade.number:08x}.01.01"
            batch.append(OrderFilled(
                account="DU1", execution_id=execution, con_id=trade.con_id, quantity=Decimal(trade.quantity),
                price=trade.price, currency="USD",
                occurred_at=START + timedelta(days=trade.number // A_DAY, seconds=trade.number % A_DAY),
            ))  # fmt: skip
            batch.append(CommissionCharged(execution_id=execution, amount=Decimal("-1.00"), currency="USD"))
            if len(batch) == 2 * A_DAY:
                ledger.record(tuple(batch))
                batch.clear()
                clock.sleep(86_400)
        with suppress(StopIteration):
            ledger.record(tuple(batch))


def _beancount() -> Iterator[str]:
    """Spell the trades for beancount; a flip is a closing and an opening, for it crosses zero in no transaction."""
    yield "".join(f"2026-01-01 open {name}\n" for name in ("Assets:Cash", "Income:Realised", "Expenses:Commissions"))
    for con_id in range(1, CONTRACTS + 1):
        yield f'2026-01-01 open Assets:Positions:T{con_id} T{con_id} "FIFO"\n'
    for trade in trades():
        commission = "  Assets:Cash  -1.00 USD\n  Expenses:Commissions  1.00 USD\n"
        for quantity, closes in _parts(trade):
            day, paid = _day(trade), -quantity * trade.price
            cost = f"{{}} @ {trade.price} USD" if closes else f"{{{trade.price} USD}}"
            realised = "  Income:Realised\n" if closes else ""
            yield (
                f'{day} * "x{trade.number}"\n  Assets:Positions:T{trade.con_id}  {quantity} T{trade.con_id} {cost}\n'
                f"  Assets:Cash  {paid} USD\n{realised}{commission}"
            )
            commission = ""


def _parts(trade: Trade) -> Iterator[tuple[int, bool]]:
    """Yield what a trade closes, then what it opens."""
    opposite = trade.held * trade.quantity < 0
    closing = max(-abs(trade.held), -abs(trade.quantity)) * (1 if trade.held > 0 else -1) if opposite else 0
    if closing:
        yield closing, True
    if trade.quantity != closing:
        yield trade.quantity - closing, False


def _hledger() -> Iterator[str]:
    """Spell the trades for hledger: units at what was paid, cash, commission."""
    for trade in trades():
        paid = -trade.quantity * trade.price
        yield (
            f"{_day(trade)} * x{trade.number}\n"
            f'  assets:positions  {trade.quantity} "T{trade.con_id}" @ {trade.price} USD\n'
            f"  assets:cash  {paid - 1} USD\n  expenses:commissions  1.00 USD\n\n"
        )


def _day(trade: Trade) -> str:
    return f"{START + timedelta(days=trade.number // A_DAY):%Y-%m-%d}"
