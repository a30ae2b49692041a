"""What the history says of the books alone: corporate actions, options, futures, currencies, taxes, lots.

Each fact is of contracts of its own, so that what a cycle trades stays as it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ledger.events import (
    ActionPending,
    BasisAllocated,
    CommissionAdjusted,
    ContractDelisted,
    ContractRenamed,
    CostAdjusted,
    Fact,
    InterestAccrued,
    LotMethodSet,
    LotRow,
    LotsSpecified,
    MergerApplied,
    OpeningLot,
    OpeningLotsRecorded,
    OptionAssigned,
    OptionExercised,
    OptionExpired,
    PositionTransferred,
    ProceedsSettled,
    ReturnOfCapitalPaid,
    SpinOffApplied,
    SplitApplied,
    StockDividendApplied,
    TenderApplied,
    TransactionTaxCharged,
    VariationSettled,
)
from tests.facts import bought, commission, contract, opened, sold

D = Decimal
OLD, NEW, CHILD, OFFERED, GONE = (contract(7000 + n, name) for n, name in enumerate(("OLD", "NEW", "KID", "T", "R")))
CALL, PUT, LOST = (contract(7100 + n, name, kind="OPT", multiplier=100) for n, name in enumerate(("C", "P", "X")))
FUTURE = contract(7200, "ES", kind="FUT", multiplier=50)
PAIR = contract(7300, "EUR", kind="CASH")
BOND = contract(7400, "B")
WORLD = (OLD, NEW, CHILD, OFFERED, GONE, CALL, PUT, LOST, FUTURE, PAIR, BOND)


def accounting(start: datetime) -> tuple[Fact, ...]:
    """Return facts of the hours from a moment on."""
    return (*WORLD, *_executions(start), *_actions(start + timedelta(hours=1)), *_replaced(start + timedelta(hours=2)))


def _executions(at: datetime) -> tuple[Fact, ...]:
    later = at + timedelta(minutes=5)
    lots = (OpeningLot(opened_at=at - timedelta(days=9), quantity=D(4), basis=D(44)),)
    return (
        opened(BOND, "4", "40").model_copy(update={"occurred_at": at}),
        OpeningLotsRecorded(con_id=BOND.con_id, currency="USD", lots=lots),
        LotMethodSet(method="lifo", occurred_at=at),
        LotMethodSet(method="hifo", con_id=BOND.con_id, occurred_at=at),
        bought(OLD, "30", "4.0001", execution="p1.01", at=at),
        ProceedsSettled(execution_id="p1.01", amount=D("-120.01"), currency="USD"),
        TransactionTaxCharged(execution_id="p1.01", name="stamp", amount=D("-0.6"), currency="USD"),
        bought(OLD, "10", "5", execution="p2.01", at=later),
        sold(OLD, "5", "6", execution="p3.01", at=later + timedelta(minutes=1)),
        LotsSpecified(execution_id="p3.01", lots=(LotRow(execution="p1", quantity=D(5)),)),
        bought(GONE, "3", "2", execution="g1.01", at=at),
        bought(PAIR, "100", "1.3", execution="fx1.01", at=at),
        commission("fx1.01", "-2"),
        bought(FUTURE, "1", "1200", execution="es1.01", at=at),
        bought(CALL, "1", "2", execution="c1.01", at=at),
        sold(PUT, "1", "3", execution="pt1.01", at=at),
        bought(LOST, "1", "0.5", execution="l1.01", at=at),
        *(commission(f"{name}.01", "-1") for name in ("p1", "p2", "p3", "g1", "es1", "c1", "pt1", "l1")),
    )


def _actions(at: datetime) -> tuple[Fact, ...]:
    def action(kind: type[Any], con_id: int, minute: int, **rest: Any) -> Any:
        return kind.model_validate(
            {"con_id": con_id, "source": "statement", "reference": f"a{minute}",
             "occurred_at": at + timedelta(minutes=minute), **rest}
        )  # fmt: skip

    spun = action(SpinOffApplied, OLD.con_id, 3, child_con_id=CHILD.con_id, child_quantity=D("3.5"))
    tender = {"quantity_change": D(-10), "cash": D(0), "currency": "USD", "successor_con_id": OFFERED.con_id}
    delivered = {"underlying_con_id": NEW.con_id, "underlying_quantity": D(100), "strike": D(7)}
    told: dict[str, Any] = {"source": "statement", "currency": "USD"}
    return (
        action(SplitApplied, OLD.con_id, 1, numerator=3, denominator=2, quantity_change=D("17.5")),
        action(StockDividendApplied, OLD.con_id, 2, numerator=11, denominator=10, quantity_change=D("5.25")),
        spun,
        action(BasisAllocated, OLD.con_id, 4, spin_off=spun.key, fraction=D("0.0582")),
        action(TenderApplied, OLD.con_id, 5, successor_quantity=D(10), **tender),
        action(
            MergerApplied, OFFERED.con_id, 6, quantity_change=D(-10), cash=D("20.5"), currency="USD",
            successor_con_id=NEW.con_id, successor_quantity=D(2), basis_to_cash=D(9),
        ),
        action(ContractRenamed, OLD.con_id, 7, successor_con_id=NEW.con_id),
        action(ContractDelisted, GONE.con_id, 8, quantity_change=D(-3)),
        action(OptionExercised, CALL.con_id, 9, quantity=D(-1), commission=D("-0.5"), **delivered),
        action(OptionAssigned, PUT.con_id, 10, quantity=D(1), amount=D(-700), **delivered),
        action(OptionExpired, LOST.con_id, 11, quantity=D(-1)),
        action(CostAdjusted, NEW.con_id, 12, amount=D("-3.25"), currency="USD"),
        action(ReturnOfCapitalPaid, NEW.con_id, 13, amount=D("12.5"), currency="USD"),
        action(PositionTransferred, NEW.con_id, 14, quantity=D(-7), basis=D(0), currency="USD", value=D(-50)),
        action(VariationSettled, FUTURE.con_id, 15, amount=D("-37.5"), currency="USD"),
        InterestAccrued(**told, reference="a16", amount=D("0.75")),
        CommissionAdjusted(**told, reference="a17", amount=D("0.25")),
    )  # fmt: skip


def _replaced(at: datetime) -> tuple[Fact, ...]:
    """An action that waited for a choice, and a settlement that the statement tells otherwise."""
    settled = VariationSettled(
        source="rule", reference="v1", amount=D(10), currency="USD", con_id=FUTURE.con_id, provisional=True
    )
    pending = ActionPending(con_id=NEW.con_id, source="statement", reference="c1", description="cash or shares")
    chosen = MergerApplied(
        con_id=NEW.con_id, source="operator", reference="c1", quantity_change=D(-1), cash=D(8), currency="USD",
        occurred_at=at, replaces=pending.key,
    )  # fmt: skip
    waits = ActionPending(con_id=CHILD.con_id, source="statement", reference="c2", description="a right")
    word = settled.model_copy(
        update={"source": "statement", "amount": D("12.5"), "provisional": False, "replaces": settled.key}
    )
    return (settled, pending, chosen, waits, word)
