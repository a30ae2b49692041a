"""What a cycle decides, each from the recorded output of the one before.

A stage knows its batches by the facts in them, and decides one anew from the book as it was before it. To add one:
write `_decided_…`, name it in `STAGES`, and in `REQUIRED` if no finished cycle is without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple

from ledger.book import Book
from ledger.events import (
    BookReconciled,
    DataFaultFound,
    DataIngested,
    DistributionDeclared,
    Fact,
    LotMethodSet,
    OrderDeferred,
    OrderModifyAttempted,
    OrderPlanned,
    OrderSendAttempted,
    SafeguardsEvaluated,
    SeriesRow,
    SettingsApproved,
    SettingsChanged,
    SnapshotTaken,
    SplitDeclared,
    StepFailed,
    StrategiesCrossed,
    TargetsComputed,
    TargetsScaled,
)
from ledger.nav import Unvalued
from reconcile import reconcile
from trader import forecast, ingest, sizing
from trader.accounting import lot_methods
from trader.approval import approval_of
from trader.audit.inputs import Inputs
from trader.bars import Series, read_series
from trader.broker import change_of, intent_of, universe_of
from trader.evidence import EvidenceError, get
from trader.fitness import judge_of, judged
from trader.projection import running_cycle
from trader.safeguards import SAFEGUARDS, check_safeguards
from trader.snapshot import snapshot
from trader.strategies import Allocation, Module, TargetsFile
from trader.strategy_files import as_kept

Facts = Sequence[Fact]


class Stage(NamedTuple):
    """One kind of decision."""

    name: str
    of: tuple[type[Fact], ...]  # what its batches hold
    step: str  # what a StepFailed calls it, "" for none
    decided: Callable[[Inputs, Book, Facts], Facts]  # anew; the recorded facts say only what was given

    def made(self, batch: Facts) -> bool:
        """Tell whether a batch is this stage's."""
        return any(
            isinstance(fact, self.of) or (isinstance(fact, StepFailed) and fact.step == self.step != "")
            for fact in batch
        )


def universe(inputs: Inputs, book: Book) -> tuple[int, ...]:
    """Return the contracts that the cycle could order."""
    return universe_of(book, inputs.instruments)


def _decided_approval(inputs: Inputs, book: Book, _: Facts) -> Facts:
    return approval_of(book, inputs.home, running_cycle(book).started.settings_sha256)


def _decided_lot_methods(inputs: Inputs, book: Book, _: Facts) -> Facts:
    chosen = inputs.accounting
    return tuple(lot_methods(book, chosen.lot_method, chosen.contracts, universe(inputs, book)))


def _decided_data(inputs: Inputs, book: Book, recorded: Facts) -> Facts:
    """Read every kept series again, and judge them; what no source told, or told unfit to be kept, cannot be."""
    told = tuple(fact for fact in recorded if isinstance(fact, DataIngested | DistributionDeclared | SplitDeclared))
    contracts = tuple(book.contracts[con_id] for con_id in universe(inputs, book))
    fetched, rows = {}, {}
    for fact in told:
        if isinstance(fact, DataIngested) and fact.series:
            series = {row.con_id: read_series(get(inputs.home, row.sha256)) for row in fact.series}
            fetched[fact.source] = series
            rows[fact.source] = tuple(
                ingest.series_row(book.contracts[row.con_id], series[row.con_id], row.sha256) for row in fact.series
            )
    rules, day = inputs.bar_rules, running_cycle(book).started.session_day
    judge = judge_of(book, told, inputs.calendar, day, rules.close_difference_max, rules.calendars)
    found = tuple(judged(judge, fetched, contracts, skip=rules.skips))
    again = [_with_rows(fact, rows) for fact in recorded if fact in found or not _is_of(fact, fetched)]
    return (*again, *(fact for fact in found if fact not in again))


def _is_of(fact: Fact, fetched: Mapping[str, Mapping[int, Series]]) -> bool:
    """Tell whether a fact is the fault of a series that was kept, and so can be judged again."""
    return isinstance(fact, DataFaultFound) and fact.con_id in fetched.get(fact.source, {})


def _with_rows(fact: Fact, rows: Mapping[str, tuple[SeriesRow, ...]]) -> Fact:
    if isinstance(fact, DataIngested) and fact.source in rows:
        return fact.model_copy(update={"series": rows[fact.source]})
    return fact


def _decided_reconciliation(inputs: Inputs, book: Book, _: Facts) -> Facts:
    return reconcile(book, inputs.tolerances)


def _decided_targets(inputs: Inputs, book: Book, recorded: Facts) -> Facts:
    told = {fact.strategy: fact for fact in recorded if isinstance(fact, TargetsComputed)}
    failed = {fact.reason: fact for fact in recorded if isinstance(fact, StepFailed)}
    return tuple(_targets(inputs, book, each, told.get(each.name), failed) for each in inputs.allocations)


def _targets(
    inputs: Inputs, book: Book, allocated: Allocation, told: TargetsComputed | None, failed: dict[str, StepFailed]
) -> Fact:
    """Let one strategy decide again; what it was given beside bars is evidence, if it did not fail before."""
    strategy = allocated.strategy
    try:
        if isinstance(strategy, Module | TargetsFile):
            if told is None:
                return _as_failed(allocated, failed)
            strategy = as_kept(strategy, get(inputs.home, told.inputs[-1], ".json"))
        rows, hashes = forecast.decided(book, inputs.home, strategy, universe(inputs, book))
    except EvidenceError:
        raise  # lost since then: a strategy that failed over it then had no targets, and no evidence
    except forecast.STRATEGY_FAILURES as error:
        return forecast.failed(allocated.name, error)
    given = tuple(sha256(content).hexdigest() for content in strategy.evidence)
    content = forecast.targets_bytes(rows)
    return TargetsComputed(
        strategy=allocated.name,
        strategy_sha256=forecast.source_sha256(strategy),
        rows=forecast.read_targets(content),
        inputs=(*hashes, *given),
        file="" if told is None else told.file,
        file_sha256=sha256(content).hexdigest(),
        moves=strategy.MOVES,
        capital=allocated.capital,
    )


def _as_failed(allocated: Allocation, failed: Mapping[str, StepFailed]) -> StepFailed:
    """Return the failure as it was recorded: what a strategy was given is kept only with its targets."""
    named = f"strategy {allocated.name}: "
    return next((it for why, it in failed.items() if why.startswith(named)), StepFailed(step="forecast", reason=named))


def _decided_plan(inputs: Inputs, book: Book, _: Facts) -> Facts:
    return sizing.plan_orders(book, orders_by(inputs, book))


def orders_by(inputs: Inputs, book: Book) -> sizing.Sizing:
    """Return what a plan is made by, the universe included."""
    return replace(inputs.orders, universe=universe(inputs, book))


def _decided_safeguards(inputs: Inputs, book: Book, _: Facts) -> Facts:
    return check_safeguards(book, inputs.limits)


def _decided_crosses(_inputs: Inputs, book: Book, _: Facts) -> Facts:
    return sizing.cross_strategies(book)


def _decided_intents(_inputs: Inputs, book: Book, recorded: Facts) -> Facts:
    """Return the intent that is next; only the number that the client library gives an order is not decided."""
    planned = book.next_order
    given = [fact.order_id for fact in recorded if isinstance(fact, OrderSendAttempted)]
    if planned is None or book.account is None:
        return ()
    if not given:
        return (change_of(planned, book.orders[str(planned.order_ref)]),)
    return (intent_of(planned, book.account, given[0]),)


def _decided_deferrals(_inputs: Inputs, book: Book, _: Facts) -> Facts:
    return sizing.defer_orders(book)


def _decided_snapshot(_inputs: Inputs, book: Book, _: Facts) -> Facts:
    try:
        return (snapshot(book),)
    except Unvalued as unvalued:
        return (StepFailed(step="snapshot", reason=str(unvalued)),)


STAGES: tuple[Stage, ...] = (
    Stage("settings", (SettingsApproved, SettingsChanged), "", _decided_approval),
    Stage("lot methods", (LotMethodSet,), "", _decided_lot_methods),
    Stage("reconciliation", (BookReconciled,), "reconcile", _decided_reconciliation),
    Stage("data", (DataIngested, DataFaultFound), ingest.STEP, _decided_data),
    Stage("forecast", (TargetsComputed,), forecast.STEP, _decided_targets),
    Stage("plan", (OrderPlanned, TargetsScaled), sizing.STEP, _decided_plan),
    Stage("safeguards", (SafeguardsEvaluated,), "", _decided_safeguards),
    Stage("crosses", (StrategiesCrossed,), "", _decided_crosses),
    Stage("intents", (OrderSendAttempted, OrderModifyAttempted), "", _decided_intents),
    Stage("deferrals", (OrderDeferred,), "", _decided_deferrals),
    Stage("snapshot", (SnapshotTaken,), "snapshot", _decided_snapshot),
)
REQUIRED = frozenset({"reconciliation", "forecast", "plan", "safeguards"})  # of every finished cycle that trades


def without_safeguard(stage: Stage, name: str) -> Stage:
    """Return the stage as it would be without one safeguard."""
    if stage.name != "safeguards":
        return stage
    others = tuple(each for each in SAFEGUARDS if getattr(each, "__name__", "") != name)
    return stage._replace(decided=lambda inputs, book, _: check_safeguards(book, inputs.limits, others))
