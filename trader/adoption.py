"""Taking an account over as it is found: what two equal looks at it become in the log. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, Inexact, localcontext
from typing import Literal, TypeVar

from ledger.clock import ClockKind
from ledger.effects.changes import MARGINED
from ledger.errors import Refusal
from ledger.events import (
    AccountAdopted,
    CashObserved,
    ContractDefined,
    Fact,
    LogStarted,
    OpeningBalanceRecorded,
    OpenOrdersObserved,
    OrderFilled,
    PositionRow,
    PositionsObserved,
    RatesObserved,
)
from ledger.lots import EXACT

F = TypeVar("F", bound=Fact)
BASIS_UNIT = Decimal("1e-10")


class AdoptionRefused(Refusal):
    """The account cannot be adopted as it was found."""

    code = "adoption-refused"


@dataclass(frozen=True)
class Found:
    """An account as two equal looks found it."""

    contracts: tuple[ContractDefined, ...]
    execution_ids: tuple[str, ...]  # of the day so far
    positions: PositionsObserved
    cash: CashObserved
    rates: RatesObserved
    open_orders: OpenOrdersObserved
    observations: tuple[Fact, ...]  # the second look, whole

    def genesis(self, account: str, mode: Literal["paper", "live"], clock: ClockKind) -> LogStarted:
        """Begin the log of this account."""
        return LogStarted(account=account, mode=mode, clock=clock, base_currency=self.rates.base_currency)

    def continuing(self, account: str) -> tuple[Fact, ...]:
        """Return the adoption of an account whose books were imported: what they lack of today, cycles will see."""
        return (self._adopted(account, ()),)

    def opening(self, account: str) -> tuple[Fact, ...]:
        """Return the adoption and the opening balances: one a currency, one provisional lot a position."""
        cash = tuple(OpeningBalanceRecorded(currency=r.currency, amount=r.amount) for r in self.cash.rows if r.amount)
        return (self._adopted(account, self.execution_ids), *cash, *self._lots())

    def _adopted(self, account: str, execution_ids: tuple[str, ...]) -> AccountAdopted:
        return AccountAdopted(
            account=account,
            execution_ids=execution_ids,
            open_order_perm_ids=tuple(order.perm_id for order in self.open_orders.rows),
        )

    def _lots(self) -> Iterable[OpeningBalanceRecorded]:
        for row in self.positions.rows:
            with localcontext(EXACT) as context:
                context.traps[Inexact] = False  # what the broker rounded is rounded once more, to the basis's unit
                basis = (row.average_cost * row.quantity).quantize(BASIS_UNIT)
            yield OpeningBalanceRecorded(
                currency=row.currency, amount=basis, con_id=row.con_id, quantity=row.quantity,
                settled=self._settled(row, basis),
            )  # fmt: skip

    def _settled(self, row: PositionRow, basis: Decimal) -> Decimal | None:
        """Return what the cash that is adopted holds already of a future's or a CFD's gain: all, up to its mark."""
        contract = next(contract for contract in self.contracts if contract.con_id == row.con_id)
        if contract.security_type not in MARGINED or row.mark is None:
            return None
        with localcontext(EXACT):
            return row.quantity * row.mark * contract.multiplier - basis


def found(first: tuple[Fact, ...], second: tuple[Fact, ...], defined: tuple[ContractDefined, ...]) -> Found:
    """Return what both looks agree on: positions, their cost, and cash; raise AdoptionRefused if they differ."""
    before, after = _still(first), _still(second)
    if before != after:
        raise AdoptionRefused(
            "account: expected two equal looks at positions, cost and cash, found a change; wait until nothing trades"
        )
    executions = (fact.execution_id for fact in (*first, *second) if isinstance(fact, OrderFilled))
    contracts = {c.con_id: c for c in (*defined, *first, *second) if isinstance(c, ContractDefined)}
    undefined = [row.symbol for row in _one(second, PositionsObserved).rows if row.con_id not in contracts]
    if undefined:
        raise AdoptionRefused(f"position {undefined[0]}: expected its definition by the broker, found none; try again")
    return Found(
        contracts=tuple(contracts.values()),
        execution_ids=tuple(dict.fromkeys(executions)),
        positions=_one(second, PositionsObserved),
        cash=_one(second, CashObserved),
        rates=_one(second, RatesObserved),
        open_orders=_one(second, OpenOrdersObserved),
        observations=tuple(fact for fact in second if fact.type.endswith("_observed")),
    )


def _still(look: tuple[Fact, ...]) -> tuple[object, ...]:
    positions, cash = _one(look, PositionsObserved), _one(look, CashObserved)
    return (
        sorted((row.con_id, row.quantity, row.average_cost) for row in positions.rows),
        sorted((row.currency, row.amount) for row in cash.rows),
    )


def _one(look: tuple[Fact, ...], kind: type[F]) -> F:
    return next(fact for fact in look if isinstance(fact, kind))
