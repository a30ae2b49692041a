"""What the book holds: plain state, and what can be read off it. Every value is immutable, so that a copy is cheap.

The book holds both halves of the tally: what our facts imply, and what the broker last reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from ledger.booked import Booked, Passage, Provisional, Tax
from ledger.breaks import Break as Break  # noqa: PLC0414 - told on: part of what the book holds
from ledger.events import (
    ActionPending,
    BookReconciled,
    BrokerConnected,
    ContractDefined,
    CycleFailed,
    CycleStarted,
    DataFaultFound,
    DataIngested,
    DistributionDeclared,
    DividendAccrued,
    FlowExpected,
    MarginObserved,
    NavObserved,
    OpenOrderRow,
    OrderDeferred,
    OrderPlanned,
    OrderPreviewed,
    OverrideSet,
    PositionRow,
    PreflightFinished,
    QuoteRow,
    SettingsChanged,
    SnapshotTaken,
    SplitDeclared,
    StatementReconciled,
    StepFailed,
    TargetsComputed,
    TargetsScaled,
    VerdictRow,
)
from ledger.growth import Growth
from ledger.hours import last_moment
from ledger.incidents import Incident
from ledger.journal import Journal
from ledger.lots import Holding, Named, new
from ledger.orders import Fill as Fill  # noqa: PLC0414 - the same
from ledger.orders import Order as Order  # noqa: PLC0414 - the same
from ledger.sending import kept_back, next_planned
from ledger.wanting import Wanted

ONE = Decimal(1)
ZERO = Decimal(0)
ALLOWED_FOR = timedelta(minutes=10)  # a permission rests on quotes of its minute: a machine that slept gets a new one
NOTHING: Mapping[str, Any] = MappingProxyType({})
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


N = TypeVar("N", bound=NamedTuple)


def changed(value: N, **changes: object) -> N:
    """Return a named tuple with some values changed, as its own `_replace` does at several times the cost."""
    values, fields = list(value), value._fields
    for name, changed_to in changes.items():
        values[fields.index(name)] = changed_to
    return new(type(value), values)


class Impossible(Exception):
    """A fact that cannot be, given what is recorded. Nothing of it was applied."""


class Forgotten(Impossible):
    """A fact that may need what the book has forgotten: only a fold that forgets nothing can tell."""


class SlotState(NamedTuple):
    """What became of one slot."""

    attempts: int = 0
    acted: bool = False
    finished: bool = False
    rehearsed: bool = False  # only dry runs finished it
    skipped: bool = False


class Reported(NamedTuple):
    """The broker's half, each part None until it was reported completely."""

    nav: NavObserved | None = None
    nav_at: datetime | None = None
    margin: MarginObserved | None = None
    margin_at: datetime | None = None
    cash: dict[str, Decimal] | None = None
    cash_at: datetime | None = None
    positions: dict[int, PositionRow] | None = None
    positions_at: datetime | None = None
    open_orders: tuple[OpenOrderRow, ...] | None = None
    open_orders_at: datetime | None = None
    rates_at: datetime | None = None
    executions: tuple[str, ...] | None = None
    executions_at: datetime | None = None

    def with_part(self, place: int, part: object, at: datetime) -> Reported:
        """Return it with a part and its moment; by position, for every cycle comes through here several times."""
        return new(Reported, (*self[:place], part, at, *self[place + 2 :]))


class Cycle(NamedTuple):
    """The cycle that runs, or the last one that ran."""

    seq: int
    hash: str
    started: CycleStarted
    at: datetime
    failures: tuple[StepFailed, ...] = ()
    reconciled: BookReconciled | None = None
    data: Mapping[str, DataIngested] = NOTHING
    data_faults: tuple[DataFaultFound, ...] = ()
    targets: tuple[TargetsComputed, ...] = ()
    scaled: tuple[TargetsScaled, ...] = ()
    plan: tuple[OrderPlanned, ...] = ()
    previews: Mapping[str, OrderPreviewed] = NOTHING
    verdicts: tuple[VerdictRow, ...] | None = None
    quoted: bool = False
    allowed: bool = False
    allowed_at: datetime | None = None
    vetoed: tuple[str, ...] = ()
    deferred: tuple[OrderDeferred, ...] = ()
    waited: tuple[int, ...] = ()  # con_ids that the cycle before bought nothing of, for want of proceeds
    connected: BrokerConnected | None = None
    settings_changed: SettingsChanged | None = None
    ended: str = ""  # "", finished, failed
    kept: tuple[str, ...] = ()  # orders that worked already and were left, by reference
    changed: tuple[str, ...] = ()  # of these, those of which a change was attempted


IN_CYCLE = {name: place for place, name in enumerate(Cycle._fields)}


@dataclass
class State:
    """Everything that the facts imply. A fork lays overlays over the dicts; their values never change."""

    account: str = ""
    mode: str = ""
    clock: str = ""
    base_currency: str = ""
    log_id: str = ""
    seq: int = -1
    head: str = ""
    now: datetime = LONG_AGO
    adopted: bool = False
    adopted_perm_ids: frozenset[int] = frozenset()  # orders that worked already when the account was adopted
    keys: dict[str, tuple[int, tuple[object, ...] | None]] = field(default_factory=dict)  # seq and economic part
    seals: tuple[tuple[datetime, int], ...] = ()  # when the days of the window were sealed, and the seals' seqs
    horizon: datetime | None = None  # what is older may be forgotten; None: nothing is
    horizon_seq: int = -1  # the last seq that lies beyond the horizon

    contracts: dict[int, ContractDefined] = field(default_factory=dict)
    cash: dict[str, Decimal] = field(default_factory=dict)
    holdings: dict[int, Holding] = field(default_factory=dict)
    journal: Journal = field(default_factory=dict)
    accruals: dict[str, DividendAccrued] = field(default_factory=dict)  # not reversed yet, by reference
    accruals_paid: dict[str, str] = field(default_factory=dict)  # paid, and not reversed yet -> key of the payment
    fills: dict[str, Fill] = field(default_factory=dict)
    proceeds: dict[str, tuple[tuple[int, Decimal], ...]] = field(default_factory=dict)  # base -> revision, cash moved
    taxes: dict[str, tuple[Tax, ...]] = field(default_factory=dict)  # by execution base
    lot_methods: dict[int | None, tuple[tuple[datetime, str], ...]] = field(default_factory=dict)  # None: the account's
    named_lots: dict[str, Named] = field(default_factory=dict)  # by the base of the execution that closes them
    passages: dict[int, tuple[Passage, ...]] = field(default_factory=dict)  # by the contract that they leave
    handed_over: dict[str, Decimal] = field(default_factory=dict)  # basis that left the account, by key
    allocations: dict[str, Decimal] = field(default_factory=dict)  # fraction of the basis, by key of the spin-off
    booked: dict[str, Booked] = field(default_factory=dict)  # by key
    replaced: dict[str, str] = field(default_factory=dict)  # key -> key of the fact that took its place
    provisional: dict[str, Provisional] = field(default_factory=dict)  # by key
    flows: dict[str, FlowExpected] = field(default_factory=dict)  # announced and not come, by name: F-1, F-2, …
    flows_expected: int = 0  # those that came or were cancelled included
    distributions: dict[str, DistributionDeclared] = field(default_factory=dict)  # told by a source, by CON_ID/EX_DATE
    splits: dict[str, SplitDeclared] = field(default_factory=dict)  # the same
    fees: dict[str, str] = field(default_factory=dict)  # CURRENCY/AMOUNT that the broker told -> key of the last one
    borrow_fees: dict[str, int] = field(default_factory=dict)  # fees for borrowed shares: key -> seq
    pending_actions: dict[str, ActionPending] = field(default_factory=dict)  # by key; they lock their contracts
    orders: dict[str, Order] = field(default_factory=dict)
    live_orders: dict[str, int] = field(default_factory=dict)  # those that have not ended, with their order ids
    order_id_high: int = 0
    sub_positions: dict[tuple[str, int], Decimal] = field(default_factory=dict)  # (strategy, con_id) -> units; no zeros

    interest_accrued: dict[date, Decimal] = field(default_factory=dict)  # the broker's last word of two sessions
    reported: Reported = field(default_factory=Reported)
    marks: dict[int, Decimal] = field(default_factory=dict)  # the last mark that IB reported of each contract
    rates: dict[str, Decimal] = field(default_factory=dict)
    quotes: dict[int, QuoteRow] = field(default_factory=dict)
    quotes_at: datetime | None = None

    statement_until: date | None = None  # the last day that an imported statement covers
    stated: StatementReconciled | None = None  # the last statement that was looked at three ways
    stated_at: datetime | None = None

    breaks: dict[str, Break] = field(default_factory=dict)
    live_breaks: dict[str, int] = field(default_factory=dict)  # those that are open, with their seqs
    breaks_found: int = 0  # those that were forgotten included
    halt: str | None = None  # the operator's
    gone_live: bool = False
    settings_approved: str = ""  # sha256 of the settings that orders may leave by; the first cycle's, at first
    wanted: dict[str, Wanted] = field(default_factory=dict)  # by strategy
    overrides: dict[str, OverrideSet] = field(default_factory=dict)  # by subject; lifted ones are gone
    halt_code: str | None = None  # why we halted ourselves, a code of docs/runbook.md; no later halt hides it

    recovery: str | None = None  # why this log may not be the newest; no order leaves until it is shown to be
    recovery_since: int = -1  # seq
    recovery_witness: str | None = None  # SEQ:HASH that the log must hold before the recovery ends
    witnessed: dict[str, str] = field(default_factory=dict)  # place -> the last DAY/PART that was kept there
    witness_failures: dict[str, str] = field(default_factory=dict)  # place -> why it could not be used last

    ingested: dict[str, DataIngested] = field(default_factory=dict)  # source -> what it told last, in whichever cycle
    data_faults: tuple[DataFaultFound, ...] = ()  # of the last cycle that trades
    verdicts: tuple[VerdictRow, ...] = ()  # of the last cycle that trades

    cycle: Cycle | None = None
    preflight: PreflightFinished | None = None  # the last one
    failed: CycleFailed | None = None  # how the last start ended; None if it did not fail
    reconciled: BookReconciled | None = None  # the last comparison, whichever cycle made it
    reconciled_at: datetime | None = None
    slots: dict[str, SlotState] = field(default_factory=dict)
    snapshot: SnapshotTaken | None = None  # the last one
    snapshot_at: datetime | None = None
    snapshots: dict[date, SnapshotTaken] = field(default_factory=dict)  # the last one of each session
    growth: Growth = field(default_factory=Growth)
    notices: dict[tuple[str, date], int] = field(default_factory=dict)  # (kind, session day) -> seq
    incidents: dict[str, Incident] = field(default_factory=dict)  # what is told at once, by name
    mailed: dict[str, int] = field(default_factory=dict)  # mails that left, by their incident -> seq
    ping_failure: str | None = None  # why the watch could not be reached last
    unsent: dict[str, datetime] = field(default_factory=dict)  # mail, as KIND/DAY or its incident -> failed first
    mail_fails_since: datetime | None = None  # the first failure after the last mail that left
    committed: dict[date, int] = field(default_factory=dict)

    @property
    def positions(self) -> dict[int, Decimal]:
        """Own quantities by contract; flat ones are left out."""
        held = ((con_id, holding.quantity) for con_id, holding in self.holdings.items())
        return {con_id: quantity for con_id, quantity in held if quantity}

    @property
    def pending_commissions(self) -> tuple[str, ...]:
        """Execution ids whose commission has not come: it is unknown, not zero."""
        return tuple(f.execution_id for f in self.fills.values() if f.commission is None and not f.busted)

    @property
    def working_orders(self) -> tuple[Order, ...]:
        """Orders of ours that may still fill, undecided ones included."""
        by_id = sorted(self.live_orders, key=self.live_orders.__getitem__)
        return tuple(self.orders[order_ref] for order_ref in by_id)

    @property
    def in_doubt(self) -> tuple[Order, ...]:
        """Orders that were attempted and of which nothing is known since."""
        return tuple(order for order in self.working_orders if order.status == "attempted")

    @property
    def open_breaks(self) -> tuple[Break, ...]:
        """Breaks that nobody accepted and that did not close, oldest first."""
        if not self.live_breaks:
            return ()
        by_seq = sorted(self.live_breaks, key=self.live_breaks.__getitem__)
        return tuple(self.breaks[break_id] for break_id in by_seq)

    @property
    def locked(self) -> frozenset[int]:
        """Contracts that an open break or a pending action locks."""
        locks = (b.found.con_id for b in self.open_breaks if b.found.consequence == "lock")
        pending = {action.con_id for action in self.pending_actions.values()}
        return frozenset(con_id for con_id in locks if con_id is not None) | pending

    @property
    def reduce_only(self) -> bool:
        """Only orders that shrink a position may leave."""
        return any(b.found.consequence == "reduce_only" for b in self.open_breaks)

    @property
    def halted(self) -> str | None:
        """Why no order may leave until somebody acts; None if nothing halts."""
        if self.halt is not None:
            return self.halt
        return next((f"break {b.found.break_id}" for b in self.open_breaks if b.found.consequence == "halt"), None)

    @property
    def next_break_id(self) -> str:
        """The name of the next break."""
        return f"B-{self.breaks_found + 1}"

    @property
    def previous_snapshot(self) -> SnapshotTaken | None:
        """The snapshot that ended the session before the last one."""
        last = self.snapshot
        earlier = [day for day in self.snapshots if last is not None and day < last.session_day]
        return self.snapshots[max(earlier)] if earlier else None

    @property
    def may_trade(self) -> bool:
        """Positive evidence of this very cycle, and nothing against it."""
        cycle = self.cycle
        if cycle is None or not cycle.allowed or cycle.ended or self.recovery is not None:
            return False
        return self.halted is None and not any(self.orders[ref].status == "attempted" for ref in self.live_orders)

    def lapsed(self, now: datetime) -> str | None:
        """Say why the permission to trade does not hold at a moment any more; None if it does, or never was."""
        cycle = self.cycle
        if cycle is None or cycle.allowed_at is None:
            return None
        ends = last_moment(cycle.started, (order.symbol for order in cycle.plan if order.order_ref))
        if now >= ends:
            return f"the session ended at {ends:%H:%M} UTC"
        if now - cycle.allowed_at > ALLOWED_FOR:
            return f"trading was allowed at {cycle.allowed_at:%H:%M:%S} UTC, more than {ALLOWED_FOR} ago"
        return None

    @property
    def next_order(self) -> OrderPlanned | None:
        """The next planned order to attempt; None if vetoed, halted, in doubt or done, or if the rest has to wait."""
        if not self.may_trade or self.cycle is None:
            return None
        once = set(self.cycle.kept).difference(self.cycle.changed)
        return next_planned(self.cycle.plan, self.orders, once)

    @property
    def kept_orders(self) -> tuple[Order, ...]:
        """Orders that worked before this cycle, that it left, and that may still fill."""
        refs = self.cycle.kept if self.cycle is not None else ()
        return tuple(order for ref in refs if not (order := self.orders[ref]).ended)

    @property
    def unwarranted(self) -> tuple[str, ...]:
        """Orders that this cycle left at the broker and did not allow in the end: by reference."""
        refs = tuple(order.order_ref for order in self.kept_orders)
        cycle = self.cycle
        if cycle is None or not refs:
            return ()
        if not cycle.allowed or self.halted is not None:
            return refs
        return kept_back(cycle.plan, self.orders, refs)

    @property
    def may_send(self) -> bool:
        """Whether an order may leave now."""
        return self.next_order is not None

    def keep_order(self, order: Order) -> None:
        """Take an order as it is now."""
        self.orders[order.order_ref] = order
        if order.ended:
            self.live_orders.pop(order.order_ref, None)
        else:
            self.live_orders[order.order_ref] = order.order_id

    def keep_break(self, known: Break) -> None:
        """Take a break as it is now."""
        break_id = known.found.break_id
        self.breaks[break_id] = known
        if known.status == "open":
            self.live_breaks[break_id] = known.seq
        else:
            self.live_breaks.pop(break_id, None)

    def update_cycle(self, **changes: Any) -> None:
        """Change the running cycle; outside any cycle there is nothing to change."""
        if self.cycle is not None:
            values = list(self.cycle)
            for name, changed_to in changes.items():
                values[IN_CYCLE[name]] = changed_to
            self.cycle = new(Cycle, values)
