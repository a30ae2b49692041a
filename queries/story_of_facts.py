"""Facts that stand for themselves in a day's story: foreign trades, money, the operator, the log.

To tell another fact, add a case to the function of its group; what a cycle's own line tells has no case here.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from decimal import Decimal

from ledger.events import (
    AcceptanceTakenBack,
    AccountAdopted,
    BreakAccepted,
    CashAdjusted,
    CashDeposited,
    CashWithdrawn,
    DayCommitted,
    DividendPaid,
    Fact,
    FactRefused,
    FeeCharged,
    FillBusted,
    FlowCancelled,
    FlowExpected,
    GoneLive,
    HeadAdvanced,
    IncidentEnded,
    IncidentOpened,
    InterestPaid,
    LogStarted,
    NoticeFailed,
    NoticeSent,
    OpeningBalanceRecorded,
    OrderFilled,
    OverrideSet,
    PaymentInLieuPaid,
    PingAnswered,
    PingFailed,
    PositionAdjusted,
    PreflightFinished,
    RecoveryEnded,
    RecoveryStarted,
    SettingsApproved,
    SettingsChanged,
    StartRefused,
    StatementReconciled,
    TailTruncated,
    TaxWithheld,
    TradingHalted,
    TradingResumed,
    WallClockRegressed,
    WitnessDropped,
    WitnessFailed,
)
from ledger.overriding import override_words
from queries.figures import change, money, price, quantity
from queries.witness_words import is_news, statement_lines


def told(fact: Fact, sent: Container[str], commissions: Mapping[str, Decimal], symbol: Callable[[int], str]) -> str:
    """Return the line of a fact that stands for itself; empty for one that its cycle's line tells."""
    if isinstance(fact, OrderFilled) and fact.order_ref not in sent:
        return _foreign(fact, commissions, symbol)
    return (
        _by_operator(fact)
        or _allowed_by_operator(fact)
        or _of_money(fact, symbol)
        or _of_the_log(fact)
        or _of_copies(fact)
    )


def _foreign(fill: OrderFilled, commissions: Mapping[str, Decimal], symbol: Callable[[int], str]) -> str:
    side = "BUY" if fill.quantity > 0 else "SELL"
    cost = commissions.get(fill.execution_id)
    commission = "commission pending" if cost is None else f"commission {money(-cost)}"
    return f"not ours: {side} {quantity(abs(fill.quantity))} {symbol(fill.con_id)} @ {price(fill.price)}, {commission}"


def _allowed_by_operator(fact: Fact) -> str:
    match fact:
        case GoneLive():
            return f"{fact.account} went live after {fact.paper_sessions} clean sessions on paper"
        case SettingsChanged():
            told = "; ".join(f"{change.name} {change.before} -> {change.after}" for change in fact.changes)
            return f"changed settings wait for approval: {told}"
        case SettingsApproved(by="operator"):
            return f'you approved the settings: "{fact.why}"'
        case SettingsApproved():
            return f"changed settings hold at once: {fact.why}"
        case OverrideSet():
            return f'you overrode {fact.subject}: {override_words(fact)}: "{fact.why}"'
        case _:
            return ""


def _by_operator(fact: Fact) -> str:
    match fact:
        case BreakAccepted():
            number = f" by explanation {fact.explanation}" if fact.explanation else ""
            return f'you accepted {fact.break_id}{number}: "{fact.why}"'
        case AcceptanceTakenBack():
            return f'you took back that {fact.break_id} was accepted: "{fact.why}"'
        case TradingHalted():
            return f"HALTED: {fact.reason}"
        case TradingResumed():
            return f'you resumed trading: "{fact.why}"'
        case FlowExpected():
            return f"you announced {change(fact.amount)} {fact.currency} until {fact.until}"
        case FlowCancelled():
            return f'{fact.flow_id} will not come: "{fact.why}"'
        case AccountAdopted():
            return f"you adopted {fact.account}"
        case _:
            return ""


def _of_money(fact: Fact, symbol: Callable[[int], str]) -> str:
    match fact:
        case OpeningBalanceRecorded(con_id=int(con_id), quantity=Decimal() as units):
            return f"opening {quantity(units)} {symbol(con_id)}, basis {money(fact.amount)} {fact.currency}"
        case OpeningBalanceRecorded():
            return f"opening cash {money(fact.amount)} {fact.currency}"
        case DividendPaid() | PaymentInLieuPaid() | TaxWithheld() | InterestPaid() | FeeCharged():
            return f"{fact.type.replace('_', ' ')}: {change(fact.amount)} {fact.currency}"
        case CashDeposited() | CashWithdrawn():
            return f"{fact.type.replace('_', ' ')}: {change(fact.amount)} {fact.currency}"
        case PositionAdjusted():
            return (
                f"{fact.break_id}: {symbol(fact.con_id)} changed by {quantity(fact.quantity)}, booked against suspense"
            )
        case CashAdjusted():
            return f"{fact.break_id}: cash changed by {change(fact.amount)} {fact.currency}, booked against suspense"
        case StatementReconciled():
            return " ".join(statement_lines(fact, symbol)) if is_news(fact) else ""
        case FillBusted():
            return f"execution {fact.execution_id} was busted: {fact.reason}"
        case _:
            return ""


def _of_copies(fact: Fact) -> str:
    match fact:
        case RecoveryStarted():
            return f"IN RECOVERY, no order leaves: {fact.reason}"
        case RecoveryEnded(why=str(why)):
            return f'you ended the recovery: "{why}"'
        case RecoveryEnded():
            return f"recovered: {'; '.join(fact.evidence)}"
        case WitnessFailed():
            return f"witness {fact.place} could not be used, {fact.doing}: {fact.reason}"
        case WitnessDropped():
            return f"witness {fact.place}, which could not be used, is no longer in the settings"
        case _:
            return ""


def _of_notices(
    fact: NoticeFailed | NoticeSent | IncidentOpened | IncidentEnded | PingFailed | PingAnswered,
) -> str:
    match fact:
        case NoticeFailed():
            return f"{'mail' if fact.by == 'mail' else 'message'} failed ({fact.subject}): {fact.reason}"
        case NoticeSent(refused=str()):
            return f"{'mailed' if fact.by == 'mail' else 'told'} you ({fact.subject}), but not all: {fact.refused}"
        case NoticeSent(kind="alarm" | "ended"):
            return f"{'mailed' if fact.by == 'mail' else 'told'} you: {fact.subject}"
        case IncidentOpened():
            return f"incident {fact.incident}: {fact.headline}"
        case IncidentEnded():
            return f"incident {fact.incident} ended"
        case PingFailed():
            return f"the watch was not reached: {fact.reason}"
        case PingAnswered():
            return "the watch is reached again"
        case _:
            return ""


def _of_the_log(fact: Fact) -> str:
    match fact:
        case LogStarted():
            return f"a new log for {fact.account} ({fact.mode})"
        case FactRefused():
            return f"REFUSED {fact.fact_type}: {fact.reason}"
        case NoticeFailed() | NoticeSent() | IncidentOpened() | IncidentEnded() | PingFailed() | PingAnswered():
            return _of_notices(fact)
        case DayCommitted():
            return f"committed: {fact.snapshots} snapshots, {fact.fills} fills"
        case PreflightFinished():
            rows = " · ".join(f"{row.name}: {row.found}" for row in fact.rows)
            return f"before the open, the broker {'was ready' if fact.passed else 'was not ready'}: {rows}"
        case StartRefused():
            return f"a second start went away: another held the log (pid {fact.pid})"
        case TailTruncated():
            return f"a torn tail of {fact.byte_count} bytes was cut off, kept as {fact.kept_as}"
        case HeadAdvanced():
            return f"after a crash, {fact.from_seq + 1}-{fact.to_seq} were found whole and adopted"
        case WallClockRegressed():
            return f"the clock stood at {fact.clock_showed:%H:%M:%S} UTC, before the last recorded moment"
        case _:
            return ""
