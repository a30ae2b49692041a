"""A day's statement beside the book and the API's reports of that day, and what becomes of what was inferred. Pure.

Each figure is told three ways: what the book held before the statement came, what the API had reported of that day, and
what the statement says. What was inferred is confirmed (told alike), replaced (told otherwise), reversed (the statement
lacks it, and is only right without it), or waits. To compare something else three ways, add it to `_api_figures`, or
a comparison to `comparing/statement.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ledger.book import Book
from ledger.events import (
    BrokerCash,
    CashObserved,
    CommissionCharged,
    DividendAccrued,
    Fact,
    NavObserved,
    OrderFilled,
    PositionsObserved,
    RatesObserved,
    StatementReconciled,
    WitnessCount,
    WitnessRow,
    execution_base,
)
from ledger.events.reconciliation import WitnessVerdict
from ledger.line import Event
from ledger.lots import ONE, ZERO, exactly
from reconcile.comparing.rows import Row
from reconcile.comparing.statement import Own, compared, name_of
from reconcile.periods import broker_day, days_of
from reconcile.statements import Statement
from reconcile.tolerances import CENT

Figures = dict[tuple[str, str], Decimal]
ALWAYS_SHOWN = ("cash", "nav")
TRADED: Mapping[str, Decimal] = {"units traded": ZERO, "commissions": CENT}  # by contract; how far both may be apart


@dataclass(frozen=True, slots=True)
class Reports:
    """What the API told of a statement's last day: its last complete answers."""

    positions: PositionsObserved | None = None
    cash: CashObserved | None = None
    nav: NavObserved | None = None
    rates: RatesObserved | None = None


def reports_of(events: Iterable[Event], day: date) -> Reports:
    """Find the last answers of a day; what was not asked on it stays absent."""
    last: dict[type[Fact], Fact] = {}
    for event in events:
        fact = event.fact
        if not isinstance(fact, PositionsObserved | CashObserved | NavObserved | RatesObserved):
            continue
        if fact.source == "api" and broker_day(event.recorded_at) == day:
            last[type(fact)] = fact
    found = {kind: last.get(kind) for kind in (PositionsObserved, CashObserved, NavObserved, RatesObserved)}
    return Reports(*found.values())  # type: ignore[arg-type]


def three_ways(before: Own, after: Own, statement: Statement, reports: Reports) -> tuple[WitnessRow, ...]:
    """Return every figure as the book held it, the API reported it, the statement tells it, and the book holds it."""
    known = {(row.kind, row.key): row for row in compared(before, statement)}
    now = {(row.kind, row.key): row for row in compared(after, statement)}
    api = _api_figures(after, reports)
    rows = list[WitnessRow]()
    for place in (*now, *(place for place in known if place not in now)):
        stands = now.get(place) or known[place]._replace(own=ZERO)  # a line by which nothing moves is left out
        told = api.get(place)
        if told is None and stands.kind in _told_whole(reports):
            told = ZERO
        earlier = known.get(place)
        own_before = _number(earlier.own) if earlier is not None else ZERO
        more = _apart_by_marks(after, statement, reports) if stands.kind == "nav" else ZERO
        rows.append(_row(stands, own_before, told, more))
    return (*rows, *_traded(before, after, statement))


def _told_whole(reports: Reports) -> tuple[str, ...]:
    """Name the kinds of which the API told everything, so that what it did not name is zero."""
    told = (("position", reports.positions), ("cash", reports.cash))
    return tuple(kind for kind, report in told if report is not None)


def _row(stands: Row, own_before: Decimal | None, api: Decimal | None, more: Decimal) -> WitnessRow:
    statement = _number(stands.broker)
    own = own_before is None or statement is None or abs(own_before - statement) <= stands.tolerance
    heard = api is None or statement is None or abs(api - statement) <= stands.tolerance + more
    verdict: WitnessVerdict = "agree"
    if statement is None or own_before is None:
        verdict = "unknown"
    elif not own or not heard:
        verdict = "api differs" if own else "own differs" if heard else "both differ"
    return WitnessRow(
        kind=stands.kind, subject=stands.key, own_before=own_before, api=api, statement=statement,
        own=_number(stands.own), tolerance=stands.tolerance, verdict=verdict,
    )  # fmt: skip


def _number(side: Decimal | str) -> Decimal | None:
    return side if isinstance(side, Decimal) else None


def _api_figures(own: Own, reports: Reports) -> Figures:
    figures: Figures = {}
    for held in reports.positions.rows if reports.positions is not None else ():
        figures["position", name_of(own, held.con_id)] = held.quantity
    for balance in reports.cash.rows if reports.cash is not None else ():
        figures["cash", balance.currency] = balance.amount
    if reports.nav is not None:
        figures["nav", reports.nav.currency] = reports.nav.net_liquidation
    return figures


def _apart_by_marks(own: Own, statement: Statement, reports: Reports) -> Decimal:
    """Return by how much other marks and rates than the statement's may move the API's NAV; a cent is its rounding."""
    told, apart = statement.observed, CENT
    rates = told.rates or {}
    heard = {row.currency: row.rate for row in reports.rates.rows} if reports.rates is not None else {}
    with exactly():
        for row in reports.positions.rows if reports.positions is not None else ():
            contract, held = own.contracts.get(row.con_id), (told.positions or {}).get(row.con_id)
            if contract is None or held is None or held.mark is None or row.mark is None:
                continue
            rate = rates.get(contract.currency, ONE)
            apart += abs(row.quantity * contract.multiplier * (row.mark - held.mark)) * rate
            value = row.quantity * contract.multiplier * row.mark
            apart += abs(value * (heard.get(contract.currency, rate) - rate))
        for currency, amount in (told.cash or {}).items():
            rate = rates.get(currency, ONE)
            apart += abs(amount * (heard.get(currency, rate) - rate))
        return apart


def _traded(before: Own, after: Own, statement: Statement) -> Iterable[WitnessRow]:
    """Compare by contract what was traded, and what that cost: names of executions differ, contracts do not."""
    if not any(isinstance(fact, OrderFilled) for fact in (*after.facts, *before.facts, *statement.facts)):
        return
    said = _sums(statement.facts, after)
    heard = _sums((fact for fact in before.facts if _is_heard(fact)), after)
    held, holds = _sums(before.facts, after), _sums(after.facts, after)
    for kind, name in sorted(said.keys() | held.keys() | holds.keys()):
        row = Row(kind, name, holds.get((kind, name), ZERO), said.get((kind, name), ZERO), TRADED[kind])
        yield _row(row, held.get((kind, name), ZERO), heard.get((kind, name), ZERO), ZERO)


def _is_heard(fact: Fact) -> bool:
    return not isinstance(fact, OrderFilled) or fact.source == "api"


def _sums(facts: Iterable[Fact], own: Own) -> Figures:
    """Add up the valid revision of every execution, and of its commission."""
    fills, charged, sums = dict[str, OrderFilled](), dict[str, CommissionCharged](), Figures()
    for fact in facts:
        if isinstance(fact, OrderFilled):
            fills[execution_base(fact.execution_id)[0]] = fact
        elif isinstance(fact, CommissionCharged):
            charged[execution_base(fact.execution_id)[0]] = fact
    with exactly():
        for base, fill in fills.items():
            booked = own.end.fills.get(base)
            if booked is not None and booked.busted:
                continue
            name = name_of(own, fill.con_id)
            sums["units traded", name] = sums.get(("units traded", name), ZERO) + abs(fill.quantity)
            if base in charged:
                cost = charged[base].amount
                sums["commissions", name] = sums.get(("commissions", name), ZERO) + cost
    return sums


def shown(rows: Iterable[WitnessRow]) -> tuple[WitnessRow, ...]:
    """Return what the event keeps of the rows: cash and NAV, and whatever does not agree."""
    return tuple(row for row in rows if row.kind in ALWAYS_SHOWN or row.verdict != "agree" or is_open(row))


def agreeing(rows: Iterable[WitnessRow]) -> tuple[WitnessCount, ...]:
    """Count by kind what agrees three ways."""
    counts = dict[str, int]()
    for row in rows:
        counts[row.kind] = counts.get(row.kind, 0) + (row.verdict == "agree" and not is_open(row))
    return tuple(WitnessCount(kind=kind, agreeing=count) for kind, count in counts.items() if count)


def is_open(row: WitnessRow) -> bool:
    """Tell whether book and statement differ still, with all that was imported and reversed."""
    known = row.own is not None and row.statement is not None
    return known and abs((row.own or ZERO) - (row.statement or ZERO)) > row.tolerance


def occurred_on(events: Iterable[Event]) -> dict[str, date]:
    """Return the broker's day of each booking, by its key."""
    told = tuple(events)
    days = days_of(told)
    return {event.key: days[event.seq] for event in told if event.key is not None and event.seq in days}


def is_alike(book: Book, inferred: str, told: str) -> bool:
    """Tell whether the fact that took another's place says the same of it."""
    first, second = book.keys.get(inferred), book.keys.get(told)
    if first is None or second is None or first[1] is None or second[1] is None:
        return False
    is_cash = inferred.startswith("broker-cash/")
    return first[1] == second[1] if is_cash else first[1][:1] == second[1][:1]


def telling(fact: Fact) -> str:
    """Say in a few words what a fact is."""
    words, units = fact.type.replace("_", " "), getattr(fact, "quantity", None)
    words += f" {units:+,f}" if isinstance(units, Decimal) else ""
    note = getattr(fact, "note", "") or getattr(fact, "description", "") or getattr(fact, "reason", "")
    return f"{words}: {note}" if note else words


def amount_of(fact: Fact) -> tuple[str | None, Decimal | None]:
    """Return what a fact moved or costs, where one number says it."""
    if isinstance(fact, OrderFilled):
        return fact.currency, -fact.quantity * fact.price
    if isinstance(fact, DividendAccrued):
        return fact.currency, fact.gross + fact.tax
    amount = getattr(fact, "amount", None)
    if isinstance(fact, BrokerCash) or isinstance(amount, Decimal):
        return getattr(fact, "currency", None), amount
    return None, None


def is_settled(found: StatementReconciled) -> bool:
    """Tell whether nothing differs any more between book and statement."""
    return not any(map(is_open, found.rows))
