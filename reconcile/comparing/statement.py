"""Does the book agree with a statement? Every figure that the statement gives, beside our own. Pure.

Positions, basis, cash and NAV stand at the statement's end; the rest is of its period. A section that the statement
lacks is not reported, never zero; what the book cannot know is unknown. To compare something else: a
function that yields rows, its kind in `KINDS`, and its name in `COMPARISONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ledger.book import Book, Impossible, replay
from ledger.events import (
    AccountAdopted,
    ContractDefined,
    DividendAccrualReversed,
    DividendAccrued,
    Fact,
    FillBusted,
    InterestAccrued,
    OrderFilled,
    PositionRow,
    PositionsObserved,
    RateRow,
    RatesObserved,
    StatementImported,
    VariationSettled,
    execution_base,
)
from ledger.line import Event
from ledger.lots import EXACT, ONE, ZERO, exactly
from ledger.nav import Unvalued, accruals, own_nav
from reconcile.cash_lines import cash_lines
from reconcile.comparing.names import INFERRED, UNNAMED
from reconcile.comparing.names import name_of as named
from reconcile.comparing.rows import ALLOWED, NOT_REPORTED, UNKNOWN, Row, paired
from reconcile.periods import ONE_DAY, booked_on, broker_day, period_of, until, within
from reconcile.statements import Statement
from reconcile.tolerances import CENT

HALF = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Own:
    """Our side: the book at the statement's end, the one before its first day, and the facts between them."""

    end: Book
    start: Book
    facts: tuple[Fact, ...]  # booked within the period
    whole: bool  # whether the log reaches back to the statement's first day
    events: tuple[Event, ...] = ()  # all that is known

    @property
    def contracts(self) -> Mapping[int, ContractDefined]:
        """Contracts by id."""
        return self.end.contracts


def own_side(events: tuple[Event, ...], statement: Statement) -> Own:
    """Fold our side of a statement's period out of a log: all that is known now, booked up to its last day."""
    day_before = statement.first_day - ONE_DAY
    return Own(
        replay(tuple(until(events, statement.last_day)), retain=True),
        replay(tuple(until(events, day_before)), retain=True),
        tuple(within(events, statement.first_day, statement.last_day)),
        reaches_back(events, statement.first_day),
        events,
    )


def reaches_back(events: Iterable[Event], first_day: date) -> bool:
    """Whether the log holds all of a period that begins on a day, not a part of it alone."""
    imported = list[str]()
    for event in events:
        if isinstance(event.fact, AccountAdopted) and not imported:
            return broker_day(event.at) < first_day
        if isinstance(event.fact, StatementImported):
            imported.append(event.fact.first_day)
    return not imported or min(imported) <= first_day.isoformat()


Comparison = Callable[[Own, Statement], Iterator[Row]]


def compared(own: Own, statement: Statement) -> tuple[Row, ...]:
    """Return every figure of a statement beside ours, over the union of what both sides know."""
    return tuple(row for compare in COMPARISONS for row in compare(own, statement))


def name_of(own: Own, con_id: int) -> str:
    """Name a contract as a person does, with its id."""
    return named(own.end, con_id)


def positions(own: Own, statement: Statement) -> Iterator[Row]:
    """Compare units."""
    told = statement.observed.positions
    ours = {name_of(own, con_id): units for con_id, units in own.end.positions.items()}
    theirs = None if told is None else {name_of(own, con_id): held.quantity for con_id, held in told.items()}
    yield from paired("position", ours, theirs)


def basis(own: Own, statement: Statement) -> Iterator[Row]:
    """Compare what positions cost, commissions netted."""
    told = statement.observed.positions
    ours = {name_of(own, con_id): own.end.holdings[con_id].basis for con_id in own.end.positions}
    if told is None:
        yield from paired("basis", ours, None)
        return
    silent = {name_of(own, con_id) for con_id, held in told.items() if held.basis is None}
    theirs = {name_of(own, con_id): held.basis for con_id, held in told.items() if held.basis is not None}
    yield from paired("basis", {key: amount for key, amount in ours.items() if key not in silent}, theirs)
    for key in sorted(silent):
        yield Row("basis", key, ours.get(key, ZERO), NOT_REPORTED, ALLOWED["basis"])


def cash(own: Own, statement: Statement) -> Iterator[Row]:
    """Compare each currency's balance."""
    ours = {currency: amount for currency, amount in own.end.cash.items() if amount}
    yield from paired("cash", ours, statement.observed.cash)


def realised(own: Own, statement: Statement) -> Iterator[Row]:
    """Compare what each contract realised in the period, commissions netted."""
    ours = dict[str, Decimal]()
    for con_id, holding in own.end.holdings.items():
        before = own.start.holdings.get(con_id)
        gained = holding.realised if before is None else EXACT.subtract(holding.realised, before.realised)
        if gained:
            ours[name_of(own, con_id)] = gained
    told = statement.observed.realised
    theirs = None if told is None else {name_of(own, con_id): amount for con_id, amount in told.items()}
    yield from paired("realised", ours if own.whole else None, theirs)


def executions(own: Own, statement: Statement) -> Iterator[Row]:
    """Compare units execution by execution, revision by revision, where the statement names them as the API does."""
    first, last = statement.first_day, statement.last_day
    told = _valid(f for f in statement.facts if (day := booked_on(f)) is not None and first <= day <= last)
    theirs = {name: units for name, units in told.items() if not name.startswith(UNNAMED)}
    if told and not theirs:
        yield Row("execution", "", UNKNOWN, NOT_REPORTED, ALLOWED["execution"])
        return
    booked = (own.end.fills.get(execution_base(name)[0]) for name in _valid(own.facts))
    ours = {
        fill.execution_id: fill.quantity
        for fill in booked
        if fill is not None and not fill.busted and not fill.execution_id.startswith((UNNAMED, INFERRED))
    }
    yield from paired("execution", ours if own.whole else None, theirs)


def _valid(facts: Iterable[Fact]) -> dict[str, Decimal]:
    """Return the units of the last revision of each execution that was not taken back, by its id."""
    last, gone = dict[str, OrderFilled](), set[str]()
    for fact in facts:
        if isinstance(fact, OrderFilled):
            last[execution_base(fact.execution_id)[0]] = fact
        elif isinstance(fact, FillBusted):
            gone.add(execution_base(fact.execution_id)[0])
    return {fill.execution_id: fill.quantity for base, fill in last.items() if base not in gone}


LINE_KINDS: Mapping[str, str] = {
    "dividends": "dividend",
    "paymentInLieu": "dividend",
    "withholdingTax": "tax",
    "transactionTax": "tax",
    "brokerInterest": "interest",
    "bondInterest": "interest",
    "otherFees": "fee",
    "brokerFees": "fee",
    "advisorFees": "fee",
    "clientFees": "fee",
    "commissions": "commission",
}


def lines(own: Own, statement: Statement) -> Iterator[Row]:
    """Compare each line of the cash report, per currency."""
    ours = cash_lines(own.facts, own.contracts) if own.whole else None
    told, apart = statement.observed.cash_lines, _apart(own, statement, VariationSettled)
    if told is None:
        for kind in ("commission", "dividend", "tax", "interest", "fee", "cash line"):
            yield Row(kind, "", UNKNOWN, NOT_REPORTED, ALLOWED[kind])
        return
    for currency, line in sorted(told.keys() | (ours or {}).keys()):
        kind = LINE_KINDS.get(line, "cash line")
        known = ours is not None and not (line == "cashSettlingMtm" and apart)
        amount: Decimal | str = (ours or {}).get((currency, line), ZERO) if known else UNKNOWN
        theirs: Decimal | str = told.get((currency, line), NOT_REPORTED)
        yield Row(kind, f"{currency} {line}", amount, theirs, ALLOWED[kind])


def _apart(own: Own, statement: Statement, kind: type[Fact]) -> bool:
    """Whether a sum of the log's is of days within the statement's period and without."""
    periods = (period_of(event.fact) for event in own.events if type(event.fact) is kind)
    return any(
        period.first <= statement.last_day
        and statement.first_day <= period.last
        and (period.first < statement.first_day or statement.last_day < period.last)
        for period in periods
        if period is not None
    )


def nav(own: Own, statement: Statement) -> Iterator[Row]:
    """Compare the account's value, at the statement's own marks and rates."""
    told = statement.observed
    if told.nav is None:
        yield Row("nav", "", UNKNOWN, NOT_REPORTED, ALLOWED["nav"])
        return
    currency = own.end.base_currency
    try:
        valued = own.end.supposing(_marked(own, statement))
        ours: Decimal | str = EXACT.add(own_nav(valued), accruals(valued))
    except (Unvalued, Impossible):
        ours = UNKNOWN  # a mark or a rate that the statement does not tell
    yield Row("nav", currency, ours, told.nav, _bound(own, statement))


def _marked(own: Own, statement: Statement) -> tuple[Fact, ...]:
    """Return the statement's marks and rates as what was observed."""
    told = statement.observed
    rates = tuple(
        RateRow(currency=currency, rate=rate)
        for currency, rate in sorted((told.rates or {}).items())
        if currency != own.end.base_currency
    )
    rows = tuple(
        PositionRow(
            con_id=con_id, symbol=own.contracts[con_id].symbol, quantity=held.quantity, average_cost=ZERO,
            currency=own.contracts[con_id].currency, mark=held.mark,
        )
        for con_id, held in sorted((told.positions or {}).items())
        if con_id in own.contracts
    )  # fmt: skip
    observed = RatesObserved(base_currency=own.end.base_currency, rows=rates, source="supposed")
    return (observed, PositionsObserved(rows=rows, source="statement"))


def _bound(own: Own, statement: Statement) -> Decimal:
    """Add up what the rounding of each mark and each rate may do to the whole, and a cent."""
    told, bound = statement.observed, CENT
    rates = told.rates or {}
    with exactly():
        for con_id, held in (told.positions or {}).items():
            contract = own.contracts.get(con_id)
            if contract is None or held.mark is None:
                continue
            rate = rates.get(contract.currency, ONE)
            value = held.quantity * held.mark * contract.multiplier
            bound += abs(held.quantity * contract.multiplier) * _half_digit(held.mark) * rate
            bound += abs(value) * _half_rate(rate)
        for currency, amount in (told.cash or {}).items():
            bound += abs(amount) * _half_rate(rates.get(currency, ONE))
        return bound


def _half_digit(number: Decimal) -> Decimal:
    """Return half of a number's last digit."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return HALF.scaleb(min(exponent, 0))


def _half_rate(rate: Decimal) -> Decimal:
    return ZERO if rate == ONE else _half_digit(rate)


# Lines of the change in NAV, and the lines of the cash report that each is made of.
NAV_LINES: Mapping[str, tuple[str, ...]] = {
    "dividends": ("dividends", "paymentInLieu"),
    "withholdingTax": ("withholdingTax",),
    "interest": ("brokerInterest", "bondInterest"),
    "commissions": ("commissions",),
    "transactionTax": ("transactionTax",),
    "otherFees": ("otherFees",),
    "brokerFees": ("brokerFees",),
    "advisorFees": ("advisorFees",),
    "clientFees": ("clientFees",),
    "depositsWithdrawals": ("depositWithdrawals",),
}


def nav_lines(own: Own, statement: Statement) -> Iterator[Row]:
    """Compare the lines of the change in NAV, in the base currency.

    The broker converts each booking at the rate of its day: a line of other currencies is unknown for several days.
    """
    told = statement.observed.nav_lines
    if told is None:
        yield Row("nav line", "", UNKNOWN, NOT_REPORTED, ALLOWED["nav line"])
        return
    ours = dict(_own_nav_lines(own, statement)) if own.whole else {}
    for line, amount in sorted(told.items()):
        theirs = amount + told.get("forexCommissions", ZERO) if line == "commissions" else amount
        mine: Decimal | str = ours.get(line, UNKNOWN)
        if theirs or mine not in (ZERO, UNKNOWN):
            yield Row("nav line", line, mine, theirs, ALLOWED["nav line"])


def _own_nav_lines(own: Own, statement: Statement) -> Iterator[tuple[str, Decimal]]:
    moved = cash_lines(own.facts, own.contracts)
    amounts: Mapping[str, tuple[tuple[str, Decimal], ...]] = {
        name: tuple((currency, amount) for (currency, line), amount in moved.items() if line in parts)
        for name, parts in NAV_LINES.items()
    }
    accrued = tuple(_accrued(own.facts, "dividends")), tuple(_accrued(own.facts, "interest"))
    every = {**amounts, "changeInDividendAccruals": accrued[0], "changeInInterestAccruals": accrued[1]}
    if _apart(own, statement, InterestAccrued):
        del every["changeInInterestAccruals"]
    for name, parts in every.items():
        total = _in_base(own, statement, parts)
        if total is not None:
            yield name, total


def _accrued(facts: Iterable[Fact], what: str) -> Iterator[tuple[str, Decimal]]:
    for fact in facts:
        if what == "interest" and isinstance(fact, InterestAccrued):
            yield fact.currency, fact.amount
        elif what == "dividends" and isinstance(fact, DividendAccrued):
            sign = -1 if isinstance(fact, DividendAccrualReversed) else 1
            yield fact.currency, sign * EXACT.add(fact.gross, fact.tax)


def _in_base(own: Own, statement: Statement, parts: Iterable[tuple[str, Decimal]]) -> Decimal | None:
    """Return a sum in the base currency; None where the rates of its days are not told."""
    rates = (statement.observed.rates or {}) if statement.first_day == statement.last_day else {}
    total = ZERO
    with exactly():
        for currency, amount in parts:
            rate = ONE if currency == own.end.base_currency else rates.get(currency)
            if rate is None and amount:
                return None
            total += amount * (rate or ONE)
    return total


COMPARISONS: tuple[Comparison, ...] = (
    positions, basis, cash, executions, realised, lines, nav, nav_lines,
)  # fmt: skip
