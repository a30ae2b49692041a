"""A function of the owner's: `module:function`, called with the book, the bars and its own settings.

It returns weights by symbol, each alone or with its leverage: `{"AAPL": 0.4, "IBM": (0.3, 1.5)}`. What runs is the text
of its one file, kept as evidence; it runs where nothing that it does can reach the cycle. Pure:
`trader/strategy_files.py` finds the text, `trader/hosting.py` runs it; docs/strategies.md says how to write one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from hashlib import sha256
from typing import ClassVar, Protocol

from ledger.book import Book
from ledger.events import TargetRow
from trader.bars import Bars
from trader.strategies.strategy import StrategyError, check_names, check_weights, left_out, symbols, target_row

NOISE = Decimal("1e-9")  # below it a float is noise: 0.25 does not leave as 0.249999
Answer = Mapping[str, tuple[str, str]]  # weight and leverage by symbol, as they were spelled


@dataclass(frozen=True)
class ModuleSource:
    """The text of a module as it was found."""

    module: str
    file: str
    text: str

    @property
    def sha256(self) -> str:
        """The hash of the text: the strategy's, in the log."""
        return sha256(self.text.encode()).hexdigest()

    @property
    def canonical(self) -> bytes:
        """The bytes under which it is kept as evidence."""
        parts = {"file": self.file, "module": self.module, "text": self.text}
        return json.dumps(parts, ensure_ascii=False, sort_keys=True).encode()

    @classmethod
    def kept(cls, content: bytes) -> ModuleSource:
        """Return what was kept, to be run again."""
        return cls(**json.loads(content))


class Host(Protocol):
    """Where a function runs."""

    def __call__(self, strategy: Module, book: Book, cases: tuple[Bars, ...]) -> tuple[Answer, ...]:
        """Return an answer for each set of bars; raise StrategyError alone."""
        ...


@dataclass(frozen=True)
class Module:
    """Asks the owner's function, and checks its answer as any other."""

    NAME: ClassVar[str] = "module"
    MOVES: ClassVar[bool] = False
    function: str  # "module:function"
    settings: Mapping[str, object] = field(default_factory=dict)  # the function's third argument
    timeout_seconds: int = 60
    text_sha256: str = ""  # of the text that the settings were approved with
    source: ModuleSource | None = None  # as found by the forecast; a strategy itself reads nothing
    host: Host | None = None

    @property
    def evidence(self) -> tuple[bytes, ...]:
        """The source as it was found."""
        return () if self.source is None else (self.source.canonical,)

    def __call__(self, book: Book, bars: Bars) -> tuple[TargetRow, ...]:
        """Return one row for each contract of the bars."""
        return self.decide(book, (bars,))[0]

    def decide(self, book: Book, cases: tuple[Bars, ...]) -> tuple[tuple[TargetRow, ...], ...]:
        """Return the rows for each of several sets of bars; the function is started once."""
        if self.source is None or self.host is None:
            raise StrategyError(f"{self.function}: expected its source to be loaded first")
        answers = self.host(self, book, cases)
        return tuple(self._rows(book, bars, answer) for bars, answer in zip(cases, answers, strict=True))

    def _rows(self, book: Book, bars: Bars, answer: Answer) -> tuple[TargetRow, ...]:
        weights = {symbol: _number(symbol, "weight", weight) for symbol, (weight, _) in answer.items()}
        leverages = {symbol: _number(symbol, "leverage", leverage) for symbol, (_, leverage) in answer.items()}
        known = symbols(book, bars)
        check_names(weights, known, left_out(book, bars))
        check_weights(weights, leverages)
        return tuple(target_row(book, bars, known[name], weights[name], leverages[name]) for name in known)


def _number(symbol: str, kind: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise StrategyError(f"{symbol}: expected a number as its {kind}, found {text!r}") from None
    if not number.is_finite() or abs(number) >= 1_000_000:
        raise StrategyError(f"{symbol}: expected a finite number as its {kind}, found {text}")
    return number.quantize(NOISE, ROUND_HALF_EVEN)
