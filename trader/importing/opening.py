"""What an account held before the first day of a statement, derived from what the statement says of its period. Pure.

Cash is what the statement began with. Units are what it ends with, less what its facts moved; without a list of
positions, what its facts closed and had not opened. Their basis is what the broker's own realised gains took of it, and
for the units that are left, the basis that the statement ends with. Nothing is presumed where the statement is silent:
it is said in a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from ledger.events import (
    CommissionCharged,
    ContractDefined,
    DividendAccrualReversed,
    DividendAccrued,
    Fact,
    FillBusted,
    InterestAccrued,
    MergerApplied,
    OpeningBalanceRecorded,
    OpeningLot,
    OpeningLotsRecorded,
    OptionExercised,
    OrderFilled,
    ProceedsSettled,
    TransactionTaxCharged,
    execution_base,
)
from ledger.lots import BASIS_UNIT, EXACT, ROUNDING, ZERO, exactly
from trader.importing.pieces import NONE, Closed, Pieces, Traded
from trader.importing.units import Units, units_of


@dataclass(frozen=True, slots=True)
class Said:
    """What a statement says, as far as the beginning can be read off it. None: it does not say."""

    beginning: datetime
    contracts: Mapping[int, ContractDefined]
    facts: tuple[Fact, ...]  # in economic order
    closing: frozenset[str] = frozenset()  # executions that only close
    opening: frozenset[str] = frozenset()  # executions that only open
    realised: Mapping[str, Decimal] = field(default_factory=dict)  # by execution, commissions netted
    realised_of: Mapping[int, Decimal] | None = None  # by contract
    positions: Mapping[int, tuple[Decimal, Decimal | None]] | None = None  # units and basis at its end
    cash_start: Mapping[str, Decimal] | None = None
    cash_ends: bool = False  # whether it says what cash it ends with
    accruals_start: Mapping[str, Decimal] | None = None  # interest to come, by currency
    lots: Mapping[int, tuple[OpeningLot, ...]] = field(default_factory=dict)  # from before, still open at its end
    opened_at: Mapping[int, tuple[tuple[datetime, Decimal], ...]] = field(default_factory=dict)  # of lots from before


@dataclass(frozen=True, slots=True)
class Opening:
    """The facts that the log begins with, and what could not be known."""

    facts: tuple[Fact, ...]
    notes: tuple[str, ...]


def opening(said: Said) -> Opening:
    """Return the opening balances that a statement implies."""
    units = before(said)
    pieces, notes = _pieces(said, units), list[str]()
    facts: list[Fact] = [
        OpeningBalanceRecorded(currency=currency, amount=amount, occurred_at=said.beginning)
        for currency, amount in sorted((said.cash_start or {}).items())
        if amount
    ]
    if said.cash_start is None and not said.cash_ends:
        notes.append("the statement does not say what cash it began with: the book's cash is what moved since")
    facts += accrued_before(said)
    for con_id, quantity in sorted(units.items()):
        lots, known = _lots(said, pieces, con_id, quantity)
        if not known:
            notes.append(f"{said.contracts[con_id].symbol}: the basis of what was held before is not told; taken as 0")
        facts += _recorded(said, con_id, lots)
    return Opening(tuple(facts), tuple(notes))


def accrued_before(said: Said) -> Iterator[Fact]:
    """Yield what had accrued: interest as it is told, and dividends that are taken back and were never announced."""
    earlier = said.beginning - timedelta(seconds=1)  # of no day of the period
    for currency, amount in sorted((said.accruals_start or {}).items()):
        if amount:
            yield InterestAccrued(
                source="statement", reference=f"opening/{currency}", amount=amount, currency=currency,
                occurred_at=earlier,
            )  # fmt: skip
    announced = {fact.reference for fact in said.facts if type(fact) is DividendAccrued}
    for fact in said.facts:
        if isinstance(fact, DividendAccrualReversed) and fact.reference not in announced:
            announced.add(fact.reference)
            told = {name: value for name, value in fact if name not in ("type", "report_date", "trade_date")}
            yield DividendAccrued.model_validate({**told, "occurred_at": earlier})


def before(said: Said) -> dict[int, Decimal]:
    """Return how many units of each contract were held before the first day."""
    told = units_of(said.facts, said.contracts, said.closing)
    held = dict(told.needed)
    if said.positions is not None:
        for con_id in sorted(set(told.moved) | set(said.positions)):
            ends_with = said.positions.get(con_id, (ZERO, None))[0]
            there = EXACT.add(told.moved.get(con_id, ZERO), told.needed.get(con_id, ZERO))
            if ends_with != there:
                root = _root(told, con_id)
                held[root] = EXACT.add(held.get(root, ZERO), EXACT.subtract(ends_with, there))
    for con_id, needed in told.needed.items():
        if held[con_id] * needed <= 0:
            held[con_id] = needed  # the end contradicts what was closed, or split
    return {con_id: units for con_id, units in held.items() if units and not _contradicted(said, con_id, units)}


def _root(told: Units, con_id: int) -> int:
    while con_id in told.came_from:
        con_id = told.came_from[con_id]
    return con_id


def _contradicted(said: Said, con_id: int, units: Decimal) -> bool:
    """Whether the first execution only opens, by the broker's word, where it would have closed what was there."""
    for fact in said.facts:
        if isinstance(fact, OrderFilled) and fact.con_id == con_id:
            return fact.execution_id in said.opening and fact.quantity * units < 0
    return False


def _pieces(said: Said, units: Mapping[int, Decimal]) -> Pieces:
    multipliers = {con_id: contract.multiplier for con_id, contract in said.contracts.items()}
    pieces, trades = Pieces(units, multipliers), _trades(said)
    for fact in said.facts:
        if not isinstance(fact, OrderFilled):
            pieces.take(fact)
        elif fact.execution_id in trades:
            pieces.trade(trades[fact.execution_id])
    return pieces


def _trades(said: Said) -> dict[str, Traded]:
    """Return what each execution that counts moved, with all that it cost."""
    fills = dict[str, OrderFilled]()
    for fact in said.facts:
        if isinstance(fact, OrderFilled) and said.contracts[fact.con_id].security_type != "CASH":
            base, revision = execution_base(fact.execution_id)
            if base not in fills or execution_base(fills[base].execution_id)[1] < revision:
                fills[base] = fact
        elif isinstance(fact, FillBusted):
            fills.pop(execution_base(fact.execution_id)[0], None)
    moved = {base: -_gross(said, fill) for base, fill in fills.items()}
    for fact in said.facts:
        if isinstance(fact, ProceedsSettled) and (base := execution_base(fact.execution_id)[0]) in fills:
            moved[base] += Fraction(fact.amount) + _gross(said, fills[base])
        elif isinstance(fact, CommissionCharged | TransactionTaxCharged):
            base = execution_base(fact.execution_id)[0]
            if base in fills and fact.currency == fills[base].currency:
                moved[base] += Fraction(fact.amount)
    return {
        fill.execution_id: Traded(
            fill.con_id, Fraction(fill.quantity), -moved[base], _fraction(said.realised.get(fill.execution_id))
        )
        for base, fill in fills.items()
    }


def _gross(said: Said, fill: OrderFilled) -> Fraction:
    return Fraction(fill.quantity) * Fraction(fill.price) * Fraction(said.contracts[fill.con_id].multiplier)


def _lots(said: Said, pieces: Pieces, con_id: int, quantity: Decimal) -> tuple[tuple[OpeningLot, ...], bool]:
    """Return the lots of what was held, oldest first, and whether all of their basis is known."""
    closed = _with_realised(said, con_id, [part for part in pieces.closed if part.root == con_id])
    parts = [*closed, *_left(said, pieces, con_id)]
    lots, taken = list[OpeningLot](), ZERO
    for place, part in enumerate(parts, start=1):
        units = EXACT.subtract(quantity, taken) if place == len(parts) else _decimal(part.units)
        if units:
            opened_at = _opened_at(said, con_id, abs(taken))
            lots.append(OpeningLot(opened_at=opened_at, quantity=units, basis=_decimal(part.basis or NONE)))
        taken = EXACT.add(taken, units)
    return tuple(lots), all(part.basis is not None for part in parts)


def _left(said: Said, pieces: Pieces, con_id: int) -> Iterator[Closed]:
    """Return the units from before that are still held at the end; their basis is what nothing else explains."""
    for now_id, queue in pieces.left().items():
        old = [piece for piece in queue if piece.root == con_id]
        if not old:
            continue
        known = [piece.basis for piece in queue if piece.root is None]
        ends_with = (said.positions or {}).get(now_id, (ZERO, None))[1]
        units = sum((piece.units for piece in queue if piece.root is not None), NONE)
        rest = None if ends_with is None or None in known else Fraction(ends_with) - sum(filter(None, known), NONE)
        listed = said.lots.get(now_id, ())
        if len(old) == 1 and old[0].units == units == sum((Fraction(lot.quantity) for lot in listed), NONE):
            yield from (Closed(con_id, Fraction(lot.quantity) / old[0].scale, Fraction(lot.basis)) for lot in listed)
            continue
        for piece in old:
            yield Closed(con_id, piece.units / piece.scale, None if rest is None else rest * piece.units / units)


def _with_realised(said: Said, con_id: int, closed: list[Closed]) -> list[Closed]:
    """Give the one part whose basis is unknown what the realised gain of the contract as a whole took."""
    unknown = [place for place, part in enumerate(closed) if part.basis is None]
    total = (said.realised_of or {}).get(con_id)
    exercised = any(
        isinstance(fact, OptionExercised) and fact.con_id == con_id and fact.underlying_con_id is not None
        for fact in said.facts
    )
    if len(unknown) != 1 or total is None or exercised:  # an exercise realises nothing, whatever was paid
        return closed
    executions = {fact.execution_id for fact in said.facts if isinstance(fact, OrderFilled) and fact.con_id == con_id}
    rest = total - sum((amount for name, amount in said.realised.items() if name in executions), ZERO)
    got = sum((fact.cash for fact in said.facts if isinstance(fact, MergerApplied) and fact.con_id == con_id), ZERO)
    place, part = unknown[0], closed[unknown[0]]
    return [*closed[:place], Closed(part.root, part.units, Fraction(got - rest)), *closed[place + 1 :]]


def _opened_at(said: Said, con_id: int, units: Decimal) -> datetime:
    """Return when the lot began that holds the unit after so many, as far as the statement lists its lots."""
    passed = ZERO
    for moment, quantity in said.opened_at.get(con_id, ()):
        passed = EXACT.add(passed, abs(quantity))
        if units < passed:
            return min(moment, said.beginning)  # what the file lacks the purchase of was there all the same
    return said.beginning


def _recorded(said: Said, con_id: int, lots: tuple[OpeningLot, ...]) -> Iterator[Fact]:
    """Tell the position as a whole, and then its lots where there is more to say than that."""
    contract = said.contracts[con_id]
    with exactly():
        quantity, basis = sum((lot.quantity for lot in lots), ZERO), sum((lot.basis for lot in lots), ZERO)
    common = {"currency": contract.currency, "con_id": con_id, "occurred_at": said.beginning}
    yield OpeningBalanceRecorded.model_validate({**common, "amount": basis, "quantity": quantity})
    if len(lots) > 1 or any(lot.opened_at != said.beginning for lot in lots):
        yield OpeningLotsRecorded.model_validate({**common, "lots": lots})


def _decimal(number: Fraction) -> Decimal:
    """Return a fraction to the unit of a basis."""
    return ROUNDING.quantize(ROUNDING.divide(Decimal(number.numerator), Decimal(number.denominator)), BASIS_UNIT)


def _fraction(number: Decimal | None) -> Fraction | None:
    return None if number is None else Fraction(number)
