"""Money that moves without a trade, as the history tells it: announced, accrued, paid, converted, imported."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ledger.events import (
    CashDeposited,
    CashWithdrawn,
    CurrencyConverted,
    DistributionDeclared,
    DividendAccrualReversed,
    DividendAccrued,
    DividendPaid,
    Fact,
    FeeCharged,
    FlowCancelled,
    FlowExpected,
    InterestPaid,
    PaymentInLieuPaid,
    SplitDeclared,
    StatementFact,
    StatementImported,
    StatementMissed,
    StatementReconciled,
    TaxWithheld,
    WashSaleObserved,
    WitnessCount,
    WitnessRow,
)
from ledger.ledger import Ledger
from tests.facts import ACCOUNT, SPY


def move_money(ledger: Ledger, now: datetime, statement_sha256: str, days: tuple[date, ...]) -> None:
    """Tell every fact of money that needs no order."""
    con_id, usd = SPY.con_id, "USD"
    ledger.record((FlowExpected(amount=Decimal(1000), currency=usd, until=days[2]),))
    ledger.record((FlowExpected(amount=Decimal(-70), currency=usd, until=days[2], note="rent"),))
    ledger.record((FlowCancelled(flow_id="F-2", why="paid from elsewhere"),))
    declared: Any = {"con_id": con_id, "ex_date": days[2], "source": "folder"}
    ledger.record(
        (
            DistributionDeclared(**declared, amount=Decimal("0.55"), currency=usd),
            SplitDeclared(**declared, numerator=3, denominator=2),
        )
    )
    amounts = {"gross": Decimal("5.5"), "tax": Decimal("-0.83")}
    accrual = {"con_id": con_id, "reference": "d1", "currency": usd, **amounts}
    ledger.record((DividendAccrued.model_validate(accrual), DividendAccrualReversed.model_validate(accrual)))
    told: Any = {"source": "statement", "currency": usd}
    ledger.record(
        (
            DividendPaid(**told, reference="1", amount=Decimal("5.5"), con_id=con_id, trade_date=days[0]),
            TaxWithheld(**told, reference="2", amount=Decimal("-0.83"), con_id=con_id, report_date=days[1]),
            PaymentInLieuPaid(**told, reference="3", amount=Decimal("0.4"), con_id=con_id),
            InterestPaid(**told, reference="4", amount=Decimal("-2.13")),
            FeeCharged(**told, reference="5", amount=Decimal("-4.5"), kind="market data"),
            CashDeposited(**told, reference="6", amount=Decimal(1000), occurred_at=now),
            CashWithdrawn(**told, reference="7", amount=Decimal(-250)),
            CurrencyConverted(
                source="statement", reference="8", sold=Decimal(1300), sold_currency=usd, bought=Decimal(1000),
                bought_currency="EUR",
            ),
            WashSaleObserved(**told, reference="9", amount=Decimal("1.5"), con_id=con_id),
            StatementImported(
                source="flex", account=ACCOUNT, first_day="2005-03-01", last_day="2005-03-01",
                file_sha256=statement_sha256, facts=9, facts_new=9,
            ),
            StatementMissed(day=days[0], code="flex-unavailable", reason="try again later"),
        )
    )  # fmt: skip
    ledger.record(_witnessed(ledger, statement_sha256, days[0]))


def _witnessed(ledger: Ledger, statement_sha256: str, day: date) -> tuple[Fact, ...]:
    """Infer a fee that the statement lacks, and undo it."""
    fee = FeeCharged(source="rule", reference="f1", amount=Decimal(-3), currency="USD", kind="other", provisional=True)
    ledger.record((fee,))
    row = WitnessRow(
        kind="cash", subject="USD", tolerance=Decimal("0.005"), verdict="own differs",
        own_before=Decimal(97), api=Decimal(100), statement=Decimal(100), own=Decimal(100),
    )  # fmt: skip
    undone = StatementFact(key=fee.key, type=fee.type, occurred_on=day, currency="USD", amount=fee.amount)
    counts = (WitnessCount(kind="position", agreeing=1),)
    return (
        StatementReconciled(
            account=ACCOUNT, first_day=day, last_day=day, file_sha256=statement_sha256, agreeing=counts, rows=(row,),
            reversed=(undone,),
        ),
    )  # fmt: skip
