"""What was decided, from what, and what allowed or forbade it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from ledger.events.fact import Exact, Fact, Instant, Row


class SeriesRow(Row):
    """One series of bars as it was used: its bytes are kept under var/data by content hash."""

    con_id: int
    symbol: str
    sha256: str
    bars: int
    first: date
    last: date
    last_close: Exact | None = None  # raw, in the contract's currency; None: not told
    average_volume: Exact | None = None  # units a day, of the last twenty bars, cut to whole ones; None: not told


class DataIngested(Fact):
    """The data of one source, complete for the universe but for tickers that a fault of their data lets be skipped."""

    type: Literal["data_ingested"] = "data_ingested"
    source: str
    series: tuple[SeriesRow, ...]
    origin: str | None = None  # the address that was asked, without its query; None: the source is no server
    fetched_at: Instant | None = None


class DataFaultFound(Fact):
    """Something wrong with a series, before anything was decided on it: a judgement, from the series as it came."""

    type: Literal["data_fault_found"] = "data_fault_found"
    source: str
    con_id: int
    symbol: str
    kind: str  # gap, duplicate, unit, split …: docs/data-quality.md tells every one
    first: date
    last: date
    field: str  # of the bars, or dividend or split
    observed: Exact | None = None
    expected: Exact | None = None
    text: str  # what is wrong, and what to do
    skipped: bool  # the contract is left alone in this cycle; else the cycle trades nothing


class TargetRow(Row):
    """A wanted weight: signed fraction of NAV before leverage."""

    con_id: int
    symbol: str
    weight: Exact  # quantised to 1e-6
    leverage: Exact  # multiplies the weight
    reference_price: Exact | None = None  # the last close that the forecast saw
    reference_day: date | None = None  # the session of that close


class TargetsComputed(Fact):
    """The forecast as it was read back from its file."""

    type: Literal["targets_computed"] = "targets_computed"
    strategy: str
    strategy_sha256: str  # the source of the strategy
    rows: tuple[TargetRow, ...]
    inputs: tuple[str, ...]  # content hashes of the data that it was computed from
    file: str  # below var/, as a person finds it
    file_sha256: str
    capital: Exact = Decimal(1)  # share of NAV that the strategy decides about; weights are fractions of it
    moves: bool = False  # computed from prices: the same to the last digit for long means that something is stuck


class VerdictRow(Row):
    """What one safeguard found."""

    safeguard: str
    outcome: Literal["pass", "veto", "unknown"]  # unknown vetoes too
    formula: str
    observed: str
    limit: str
    distance: str  # to the limit, in the observed value's unit; empty where it has no meaning
    age_seconds: int | None = None  # of the oldest input
    con_id: int | None = None


class SafeguardsEvaluated(Fact):
    """Every safeguard's verdict, passes included."""

    type: Literal["safeguards_evaluated"] = "safeguards_evaluated"
    verdicts: tuple[VerdictRow, ...]


class TradingAllowed(Fact):
    """The positive evidence without which no order leaves; good for this cycle alone."""

    type: Literal["trading_allowed"] = "trading_allowed"
    orders: int


class TradingVetoed(Fact):
    """No order leaves in this cycle, and why."""

    type: Literal["trading_vetoed"] = "trading_vetoed"
    reasons: tuple[str, ...]
