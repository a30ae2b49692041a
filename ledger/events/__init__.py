"""Every fact there is.

A fact is noun + past participle. To add one: write its model in the file of its group, add it to `EVENT_TYPES`, give
it an effect in `ledger/effects/` (or name it in `ledger/book.py` as one without), and run the tests: they name what is
missing. A field that is added later needs a default; anything else needs a new type and a pure upcaster.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from ledger.events.actions import (
    ActionPending,
    BasisAllocated,
    ContractDelisted,
    ContractRenamed,
    CostAdjusted,
    MergerApplied,
    OptionAssigned,
    OptionExercised,
    OptionExpired,
    PositionAction,
    PositionTransferred,
    SpinOffApplied,
    SplitApplied,
    StockDividendApplied,
    TenderApplied,
)
from ledger.events.announcements import DistributionDeclared, SplitDeclared
from ledger.events.cash import (
    BrokerCash,
    CashDeposited,
    CashWithdrawn,
    CommissionAdjusted,
    CurrencyConverted,
    DividendAccrualReversed,
    DividendAccrued,
    DividendPaid,
    FeeCharged,
    InterestAccrued,
    InterestPaid,
    PaymentInLieuPaid,
    ReturnOfCapitalPaid,
    TaxWithheld,
    VariationSettled,
)
from ledger.events.continuity import RecoveryEnded, RecoveryStarted, WitnessDropped, WitnessFailed, WitnessKept
from ledger.events.cycle import (
    BrokerConnected,
    BrokerDisconnected,
    BrokerLost,
    CycleFailed,
    CycleFinished,
    CycleSkipped,
    CycleStarted,
    FactRefused,
    HeadAdvanced,
    HoursRow,
    LogStarted,
    PreflightFinished,
    PreflightRow,
    StartRefused,
    StepFailed,
    TailTruncated,
    WallClockRegressed,
)
from ledger.events.day import (
    DayCommitted,
    DaySealed,
    SnapshotCash,
    SnapshotRow,
    SnapshotTaken,
)
from ledger.events.decisions import (
    DataFaultFound,
    DataIngested,
    SafeguardsEvaluated,
    SeriesRow,
    TargetRow,
    TargetsComputed,
    TradingAllowed,
    TradingVetoed,
    VerdictRow,
)
from ledger.events.executions import (
    CommissionCharged,
    FillBusted,
    LotMethod,
    LotMethodSet,
    LotRow,
    LotsSpecified,
    OrderFilled,
    ProceedsSettled,
    TransactionTaxCharged,
    WashSaleObserved,
)
from ledger.events.fact import Fact, Row, decimal_text, execution_base, instant_text, payload_bytes
from ledger.events.incidents import IncidentEnded, IncidentOpened, NoticeFailed, NoticeSent, PingAnswered, PingFailed
from ledger.events.observations import (
    CashObserved,
    CashRow,
    ContractDefined,
    ExecutionsObserved,
    MarginObserved,
    NavObserved,
    OpenOrderRow,
    OpenOrdersObserved,
    PositionRow,
    PositionsObserved,
    PriceIncrement,
    QuoteRow,
    QuotesObserved,
    RateRow,
    RatesObserved,
)
from ledger.events.opening import (
    CashAdjusted,
    OpeningBalanceRecorded,
    OpeningLot,
    OpeningLotsRecorded,
    PositionAdjusted,
    StatementImported,
    StatementMissed,
)
from ledger.events.operator import (
    AccountAdopted,
    FlowCancelled,
    FlowExpected,
    GoneLive,
    OverrideSet,
    SettingChange,
    SettingsApproved,
    SettingsChanged,
    TradingHalted,
    TradingResumed,
)
from ledger.events.orders import (
    CrossRow,
    OrderAcknowledged,
    OrderCancelAttempted,
    OrderCancelled,
    OrderDeferred,
    OrderExpired,
    OrderKept,
    OrderModified,
    OrderModifyAttempted,
    OrderModifyRefused,
    OrderPlanned,
    OrderPreviewed,
    OrderRejected,
    OrderResolved,
    OrderSendAttempted,
    PartRow,
    StrategiesCrossed,
    TargetsScaled,
)
from ledger.events.reconciliation import (
    AcceptanceTakenBack,
    BookReconciled,
    BreakAccepted,
    BreakClosed,
    BreakExplained,
    BreakFound,
    StatementFact,
    StatementReconciled,
    WitnessCount,
    WitnessRow,
)

EVENT_TYPES: tuple[type[Fact], ...] = (
    # the log and its cycles
    LogStarted, TailTruncated, HeadAdvanced, WallClockRegressed, StartRefused, FactRefused,
    CycleStarted, StepFailed, CycleSkipped, CycleFinished, CycleFailed, PreflightFinished,
    BrokerConnected, BrokerLost, BrokerDisconnected,
    # orders
    TargetsScaled, OrderPlanned, StrategiesCrossed, OrderPreviewed, OrderSendAttempted, OrderAcknowledged,
    OrderRejected, OrderCancelAttempted, OrderCancelled, OrderDeferred, OrderExpired, OrderKept, OrderModifyAttempted,
    OrderModified, OrderModifyRefused, OrderResolved,
    # executions
    OrderFilled, CommissionCharged, FillBusted, ProceedsSettled, TransactionTaxCharged, LotMethodSet, LotsSpecified,
    WashSaleObserved,
    # cash
    DividendAccrued, DividendAccrualReversed, DividendPaid, PaymentInLieuPaid, TaxWithheld, InterestAccrued,
    InterestPaid, FeeCharged, CommissionAdjusted, ReturnOfCapitalPaid, CashDeposited, CashWithdrawn, CurrencyConverted,
    VariationSettled,
    # the beginning, statements, acceptances
    OpeningBalanceRecorded, OpeningLotsRecorded, StatementImported, StatementMissed, PositionAdjusted, CashAdjusted,
    # corporate actions, exercises, transfers
    PositionTransferred, SplitApplied, StockDividendApplied, SpinOffApplied, BasisAllocated, MergerApplied,
    TenderApplied, ContractRenamed, ContractDelisted, OptionExercised, OptionAssigned, OptionExpired, CostAdjusted,
    ActionPending,
    # announcements
    DistributionDeclared, SplitDeclared,
    # observations
    ContractDefined, NavObserved, MarginObserved, CashObserved, PositionsObserved, OpenOrdersObserved,
    ExecutionsObserved,
    QuotesObserved, RatesObserved,
    # decisions
    DataIngested, DataFaultFound, TargetsComputed, SafeguardsEvaluated, TradingAllowed, TradingVetoed,
    # reconciliation
    BookReconciled, BreakFound, BreakExplained, BreakAccepted, AcceptanceTakenBack, BreakClosed,
    StatementReconciled,
    # operator
    AccountAdopted, TradingHalted, TradingResumed, OverrideSet, SettingsChanged, SettingsApproved,
    GoneLive, FlowExpected, FlowCancelled,
    # is this log the newest?
    RecoveryStarted, RecoveryEnded, WitnessKept, WitnessFailed, WitnessDropped,
    # what the owner is told
    IncidentOpened, IncidentEnded, NoticeSent, NoticeFailed, PingFailed, PingAnswered,
    # day
    SnapshotTaken, DaySealed, DayCommitted,
)  # fmt: skip


def type_name(event_type: type[Fact]) -> str:
    """Return the stable literal under which a type stands in the log."""
    return str(event_type.model_fields["type"].default)


BY_NAME: dict[str, type[Fact]] = {type_name(event_type): event_type for event_type in EVENT_TYPES}


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the discriminated union of every fact, as it is serialised."""
    union: Any = reduce(or_, EVENT_TYPES)
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[union, Field(discriminator="type")])
    return adapter.json_schema(mode="serialization")


__all__ = [
    "BY_NAME",
    "EVENT_TYPES",
    "AcceptanceTakenBack",
    "AccountAdopted",
    "ActionPending",
    "BasisAllocated",
    "BookReconciled",
    "BreakAccepted",
    "BreakClosed",
    "BreakExplained",
    "BreakFound",
    "BrokerCash",
    "BrokerConnected",
    "BrokerDisconnected",
    "BrokerLost",
    "CashAdjusted",
    "CashDeposited",
    "CashObserved",
    "CashRow",
    "CashWithdrawn",
    "CommissionAdjusted",
    "CommissionCharged",
    "ContractDefined",
    "ContractDelisted",
    "ContractRenamed",
    "CostAdjusted",
    "CrossRow",
    "CurrencyConverted",
    "CycleFailed",
    "CycleFinished",
    "CycleSkipped",
    "CycleStarted",
    "DataFaultFound",
    "DataIngested",
    "DayCommitted",
    "DaySealed",
    "DistributionDeclared",
    "DividendAccrualReversed",
    "DividendAccrued",
    "DividendPaid",
    "ExecutionsObserved",
    "Fact",
    "FactRefused",
    "FeeCharged",
    "FillBusted",
    "FlowCancelled",
    "FlowExpected",
    "GoneLive",
    "HeadAdvanced",
    "HoursRow",
    "IncidentEnded",
    "IncidentOpened",
    "InterestAccrued",
    "InterestPaid",
    "LogStarted",
    "LotMethod",
    "LotMethodSet",
    "LotRow",
    "LotsSpecified",
    "MarginObserved",
    "MergerApplied",
    "NavObserved",
    "NoticeFailed",
    "NoticeSent",
    "OpenOrderRow",
    "OpenOrdersObserved",
    "OpeningBalanceRecorded",
    "OpeningLot",
    "OpeningLotsRecorded",
    "OptionAssigned",
    "OptionExercised",
    "OptionExpired",
    "OrderAcknowledged",
    "OrderCancelAttempted",
    "OrderCancelled",
    "OrderDeferred",
    "OrderExpired",
    "OrderFilled",
    "OrderKept",
    "OrderModified",
    "OrderModifyAttempted",
    "OrderModifyRefused",
    "OrderPlanned",
    "OrderPreviewed",
    "OrderRejected",
    "OrderResolved",
    "OrderSendAttempted",
    "OverrideSet",
    "PartRow",
    "PaymentInLieuPaid",
    "PingAnswered",
    "PingFailed",
    "PositionAction",
    "PositionAdjusted",
    "PositionRow",
    "PositionTransferred",
    "PositionsObserved",
    "PreflightFinished",
    "PreflightRow",
    "PriceIncrement",
    "ProceedsSettled",
    "QuoteRow",
    "QuotesObserved",
    "RateRow",
    "RatesObserved",
    "RecoveryEnded",
    "RecoveryStarted",
    "ReturnOfCapitalPaid",
    "Row",
    "SafeguardsEvaluated",
    "SeriesRow",
    "SettingChange",
    "SettingsApproved",
    "SettingsChanged",
    "SnapshotCash",
    "SnapshotRow",
    "SnapshotTaken",
    "SpinOffApplied",
    "SplitApplied",
    "SplitDeclared",
    "StartRefused",
    "StatementFact",
    "StatementImported",
    "StatementMissed",
    "StatementReconciled",
    "StepFailed",
    "StockDividendApplied",
    "StrategiesCrossed",
    "TailTruncated",
    "TargetRow",
    "TargetsComputed",
    "TargetsScaled",
    "TaxWithheld",
    "TenderApplied",
    "TradingAllowed",
    "TradingHalted",
    "TradingResumed",
    "TradingVetoed",
    "TransactionTaxCharged",
    "VariationSettled",
    "VerdictRow",
    "WallClockRegressed",
    "WashSaleObserved",
    "WitnessCount",
    "WitnessDropped",
    "WitnessFailed",
    "WitnessKept",
    "WitnessRow",
    "decimal_text",
    "execution_base",
    "instant_text",
    "json_schema",
    "payload_bytes",
    "type_name",
]
