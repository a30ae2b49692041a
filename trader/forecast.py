"""The forecast: weights and leverage of every ticker, as a file that is read back before anything rests on it.

The strategy decides from the evidence that the log names, so that an audit can let it decide again. Whatever fails here
fails the step, and with it the orders of the whole cycle.
"""

from __future__ import annotations

import csv
import inspect
import io
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError

from ledger.book import Book
from ledger.events import Fact, StepFailed, TargetRow, TargetsComputed, decimal_text
from trader.bars import BarsError
from trader.evidence import EvidenceError, put, write_whole
from trader.files import slot_path
from trader.ingest import ingested_bars
from trader.projection import running_cycle
from trader.strategies import Allocation, Module, Strategy, StrategyError
from trader.strategies.strategy import check_weights
from trader.strategy_files import loaded

STEP = "forecast"
COLUMNS = ("symbol", "con_id", "weight", "leverage", "reference_price", "reference_day")
# What a strategy's code may raise over its inputs. Exhausted memory, interrupts and a library's own kinds of failure
# are not among them: they end the cycle, which is mailed.
STRATEGY_FAILURES = (
    ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, ImportError, LookupError, NameError,
    OSError, ReferenceError, RuntimeError, StopIteration, SyntaxError, TypeError, ValueError,
)  # fmt: skip


def forecast(
    book: Book, home: Path, allocations: tuple[Allocation, ...], universe: tuple[int, ...]
) -> tuple[Fact, ...]:
    """Return each strategy's targets as read back from their file, or what failed; a closing cycle decides nothing."""
    if running_cycle(book).started.kind == "close":
        return ()
    return tuple(_told(book, home, each, universe, f"-{each.name}" * (len(allocations) > 1)) for each in allocations)


def _told(book: Book, home: Path, allocated: Allocation, universe: tuple[int, ...], ending: str) -> Fact:
    try:
        return _computed(book, home, allocated, universe, ending)
    except STRATEGY_FAILURES as error:
        return failed(allocated.name, error)


def failed(strategy: str, error: Exception) -> StepFailed:
    """Say that a strategy could not decide, and why."""
    return StepFailed(step=STEP, reason=f"strategy {strategy}: {_on_one_line(error)}")


def source_sha256(strategy: Strategy) -> str:
    """Return the hash of the text that the strategy's code stands in."""
    if isinstance(strategy, Module) and strategy.source is not None:
        return strategy.source.sha256
    source = inspect.getsourcefile(type(strategy))
    if source is None:
        raise StrategyError(f"{type(strategy).__name__}: expected its source in a file, found none")
    return sha256(Path(source).read_bytes()).hexdigest()


def _computed(book: Book, home: Path, allocated: Allocation, universe: tuple[int, ...], ending: str) -> TargetsComputed:
    strategy = loaded(allocated.strategy, home)
    rows, hashes = decided(book, home, strategy, universe)
    inputs = (*hashes, *(put(home, content, ".json") for content in strategy.evidence))
    path = slot_path(home, "targets", running_cycle(book).started.slot, f"{ending}.csv")
    write_whole(path, targets_bytes(rows))
    content = path.read_bytes()
    read_back = read_targets(content)
    check_targets(book, universe, read_back)
    return TargetsComputed(
        strategy=allocated.name,
        strategy_sha256=source_sha256(strategy),
        rows=read_back,
        inputs=inputs,
        file=str(path.relative_to(home / "var")),
        file_sha256=sha256(content).hexdigest(),
        moves=strategy.MOVES,
        capital=allocated.capital,
    )


def decided(
    book: Book, home: Path, strategy: Strategy, universe: tuple[int, ...]
) -> tuple[tuple[TargetRow, ...], tuple[str, ...]]:
    """Let a strategy decide on the cycle's kept bars; return its rows, and the hashes of the bars. Writes nothing."""
    ingested, hashes = ingested_bars(book, home)
    bars = ingested.before(running_cycle(book).started.session_day)  # whatever a source told: no hindsight
    if missing := [con_id for con_id in universe if con_id not in bars.series and con_id not in bars.left_out]:
        raise StrategyError(f"{_symbol(book, missing[0])}: expected its bars, found none; a source failed before")
    if not bars.series:
        raise StrategyError("every ticker: expected bars that are fit to decide on, found none")
    rows = (*strategy(book, bars), *(_left_out(book, con_id) for con_id in universe if con_id in bars.left_out))
    check_targets(book, universe, rows)
    return rows, hashes


def _left_out(book: Book, con_id: int) -> TargetRow:
    """Want nothing of a contract whose data are faulty; the plan leaves what is held of it alone."""
    return TargetRow(con_id=con_id, symbol=_symbol(book, con_id), weight=Decimal(0), leverage=Decimal(1))


def _on_one_line(error: Exception) -> str:
    match error:
        case ValidationError():
            first = error.errors(include_url=False)[0]
            return f"{error.title}: {'.'.join(map(str, first['loc']))}: {first['msg']}, found {first['input']}"
        case StrategyError() | BarsError() | EvidenceError():
            return str(error)
        case _:
            return f"{type(error).__name__}: {' '.join(str(error).split())}"


def check_targets(book: Book, universe: tuple[int, ...], rows: tuple[TargetRow, ...]) -> None:
    """Raise StrategyError unless each contract of the universe has one row, and the weights add up."""
    named = [row.con_id for row in rows]
    if unknown := [row for row in rows if row.con_id not in universe]:
        raise StrategyError(f"{unknown[0].symbol} ({unknown[0].con_id}): not of the universe")
    if missing := [con_id for con_id in universe if con_id not in named]:
        raise StrategyError(f"{_symbol(book, missing[0])}: expected a target, found none; weight 0 means none is held")
    if len(named) > len(universe):
        twice = next(con_id for con_id in named if named.count(con_id) > 1)
        raise StrategyError(f"{_symbol(book, twice)}: expected one target, found {named.count(twice)}")
    check_weights({row.symbol: row.weight for row in rows}, {row.symbol: row.leverage for row in rows})


def targets_bytes(rows: tuple[TargetRow, ...]) -> bytes:
    """Spell targets as the CSV that a person may read."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        price = "" if row.reference_price is None else decimal_text(row.reference_price)
        day = "" if row.reference_day is None else row.reference_day.isoformat()
        writer.writerow([row.symbol, row.con_id, decimal_text(row.weight), decimal_text(row.leverage), price, day])
    return text.getvalue().encode()


def read_targets(content: bytes) -> tuple[TargetRow, ...]:
    """Read targets back from their file."""
    header, *rows = csv.reader(content.decode().splitlines())
    if tuple(header) != COLUMNS:
        raise StrategyError(f"targets: expected the columns {','.join(COLUMNS)}, found {','.join(header)}")
    return tuple(
        TargetRow(
            con_id=int(con_id),
            symbol=symbol,
            weight=Decimal(weight),
            leverage=Decimal(leverage),
            reference_price=Decimal(price) if price else None,
            reference_day=date.fromisoformat(day) if day else None,
        )
        for symbol, con_id, weight, leverage, price, day in rows
    )


def _symbol(book: Book, con_id: int) -> str:
    return book.contracts[con_id].symbol if con_id in book.contracts else str(con_id)
