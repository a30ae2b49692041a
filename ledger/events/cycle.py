"""The log itself, the cycles that write it, and the sessions with the broker."""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from ledger.events.fact import Fact, Instant, Row


class LogStarted(Fact):
    """Genesis, seq 0: what may enter this log. Another account's or another mode's facts never do."""

    type: Literal["log_started"] = "log_started"
    account: str
    mode: Literal["paper", "live"]
    clock: Literal["system", "simulated"]
    base_currency: str  # the ledger currency whose exchange rate is 1


class TailTruncated(Fact):
    """A torn tail that nothing depended on was cut off at a start; its bytes lie beside the log."""

    type: Literal["tail_truncated"] = "tail_truncated"
    file: str
    offset: int
    byte_count: int
    sha256: str
    kept_as: str


class HeadAdvanced(Fact):
    """A crash came between the data and HEAD: whole, valid lines beyond HEAD were adopted at a start."""

    type: Literal["head_advanced"] = "head_advanced"
    from_seq: int
    to_seq: int


class WallClockRegressed(Fact):
    """The clock stood before the last recorded moment; recorded_at goes on from there."""

    type: Literal["wall_clock_regressed"] = "wall_clock_regressed"
    clock_showed: Instant
    last_recorded_at: Instant


class StartRefused(Fact):
    """Another start found the lock held and went away; the holder of the lock records it."""

    type: Literal["start_refused"] = "start_refused"
    pid: int
    slot: str
    refused_at: Instant
    note: str = ""  # the file that told of it: recorded once, though the recorder may die before it removes the file

    @property
    def key(self) -> str | None:
        """The note that told of it, where one is named."""
        return f"start-refused/{self.note}" if self.note else None

    @property
    def economic_part(self) -> tuple[object, ...]:
        """The note: what it says may have become unreadable."""
        return (self.note,)


class FactRefused(Fact):
    """The broker said something that cannot be, given what is recorded: kept raw, beside a break."""

    type: Literal["fact_refused"] = "fact_refused"
    fact_type: str
    raw: str
    reason: str


class HoursRow(Row):
    """Today's session of the exchange of a contract that does not follow the home calendar; absent: closed today."""

    symbol: str
    calendar: str
    open: Instant | None = None
    close: Instant | None = None
    pause_from: Instant | None = None  # at noon, in Tokyo and Hong Kong
    pause_until: Instant | None = None


class CycleStarted(Fact):
    """A cycle begins; any earlier TradingAllowed is revoked."""

    type: Literal["cycle_started"] = "cycle_started"
    kind: Literal["trade", "close"]
    dry_run: bool
    slot: str  # "2005-03-01/0935", "2005-03-01/close"; "…/now" for a start by hand off-slot
    attempt: int
    session_day: date
    session_open: Instant
    session_close: Instant
    settings_sha256: str  # the complete non-secret settings, kept under var/data
    versions: dict[str, str]
    hours: tuple[HoursRow, ...] = ()  # of contracts with a calendar of their own; the others follow the session
    disk_free_megabytes: int | None = None  # where the home lies; None: not told

    @property
    def key(self) -> str:
        """One start of one attempt of one slot."""
        return f"cycle/{self.slot}/{self.attempt}"


class StepFailed(Fact):
    """A line of the cycle could not do its work: the error flag. No order leaves in this cycle."""

    type: Literal["step_failed"] = "step_failed"
    step: str
    reason: str


class CycleSkipped(Fact):
    """A slot passed without a finished cycle; written by the next cycle."""

    type: Literal["cycle_skipped"] = "cycle_skipped"
    slot: str
    reason: str


class CycleFinished(Fact):
    """A cycle ended as it should. The hash is that of the book before this line."""

    type: Literal["cycle_finished"] = "cycle_finished"
    slot: str
    book_hash: str  # "VERSION:SHA256" of Book.statement(VERSION)


class CycleFailed(Fact):
    """A cycle was aborted or died."""

    type: Literal["cycle_failed"] = "cycle_failed"
    slot: str
    code: str  # stands in docs/runbook.md
    reason: str
    exit_status: int | None = None
    signal: str | None = None
    peak_memory_bytes: int | None = None


class PreflightRow(Row):
    """One thing that was looked at before the open."""

    name: str  # session, contracts, market data
    passed: bool
    found: str


class PreflightFinished(Fact):
    """The look at the broker before the open: nothing is traded. It is told at once only where somebody has to act."""

    type: Literal["preflight_finished"] = "preflight_finished"
    slot: str  # "2005-03-01/preflight"
    passed: bool
    rows: tuple[PreflightRow, ...]
    code: str = ""  # of what stopped it; stands in docs/runbook.md


class BrokerConnected(Fact):
    """A session with the broker: account and mode were asserted, the clocks compared."""

    type: Literal["broker_connected"] = "broker_connected"
    account: str
    client_id: int
    server_version: int
    broker_time: Instant
    clock_difference_seconds: int  # broker's clock minus ours


class BrokerLost(Fact):
    """The connection broke, or the broker's own connection did."""

    type: Literal["broker_lost"] = "broker_lost"
    reason: str


class BrokerDisconnected(Fact):
    """The session ended as it should."""

    type: Literal["broker_disconnected"] = "broker_disconnected"
    FROM_BROKER: ClassVar[bool] = False
    client_id: int
