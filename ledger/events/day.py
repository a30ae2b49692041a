"""The end of a cycle and of a day."""

from __future__ import annotations

from datetime import date
from typing import Literal

from ledger.events.fact import Exact, Fact, Row


class SnapshotRow(Row):
    """One position as the snapshot found it; amounts in the contract's currency."""

    con_id: int
    symbol: str
    quantity: Exact
    mark: Exact
    value: Exact  # quantity x mark x multiplier
    basis: Exact  # before commissions
    unrealised: Exact  # value minus basis, before commissions
    currency: str
    target_weight: Exact | None = None


class SnapshotCash(Row):
    """One currency's own cash, and its rate to the base currency."""

    currency: str
    amount: Exact
    rate: Exact


class SnapshotTaken(Fact):
    """Where the account stands at the end of a cycle. Totals run since the adoption, in the base currency."""

    type: Literal["snapshot_taken"] = "snapshot_taken"
    session_day: date
    kind: Literal["trade", "close"]
    nav: Exact  # own, at the broker's marks
    nav_reported: Exact
    cash: tuple[SnapshotCash, ...]
    positions: tuple[SnapshotRow, ...]
    leverage_gross: Exact  # rounded to 1e-6; for display, never for a decision
    leverage_net: Exact
    realised: Exact  # before commissions
    unrealised: Exact  # before commissions
    commissions: Exact  # negative
    dividends: Exact
    taxes: Exact
    interest: Exact
    fees: Exact
    flows: Exact  # deposits and withdrawals, adopted balances included
    adjustments: Exact  # accepted against suspense
    margin_initial: Exact | None = None
    margin_maintenance: Exact | None = None
    excess_liquidity: Exact | None = None


class DaySealed(Fact):
    """A day's file is complete and never changes again."""

    type: Literal["day_sealed"] = "day_sealed"
    file: str
    first_seq: int
    last_seq: int
    events: int
    head_hash: str  # of the file's last line
    file_sha256: str

    @property
    def key(self) -> str:
        """A file is sealed once."""
        return f"day/{self.file.removesuffix('.jsonl')}/sealed"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """The file's hash."""
        return (self.file_sha256,)


class DayCommitted(Fact):
    """The session's snapshots and trades stand in the database."""

    type: Literal["day_committed"] = "day_committed"
    session_day: date
    snapshots: int
    fills: int

    @property
    def key(self) -> str:
        """A session is committed once."""
        return f"day/{self.session_day.isoformat()}/committed"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """The session."""
        return (self.session_day,)
