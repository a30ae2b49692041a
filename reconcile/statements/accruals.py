"""Dividends that are announced: accrued (Po), taken back (Re), and those open at the statement's end."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

from ledger.events import DividendAccrualReversed, DividendAccrued
from reconcile.statements.reading import ACCRUAL, Reading
from reconcile.statements.rows import ZERO, Row, words
from reconcile.statements.sections import Section
from reconcile.statements.securities import READS, con_id_of, mentioned


def reference_of(row: Row) -> str:
    """Return what names an announced dividend, the same when it is accrued and when it is taken back."""
    return f"{con_id_of(row)}/{row.day('exDate') or ''}/{row.day('payDate') or ''}"


def take_changes(rows: list[Row], reading: Reading) -> None:
    """Tell what accrued and what was taken back; an accrual that is told anew after that is one of its own."""
    posted, reversed_ = Counter[str](), Counter[str]()
    for row in sorted((row for row in rows if row.text("levelOfDetail").upper() != "SUMMARY"), key=_order):
        codes, reference = row.codes("code"), reference_of(row)
        if codes and not codes & {"Po", "Re"}:
            raise row.error("the code Po or Re", repr(row.text("code")), "code")
        if not codes:
            reading.note(f"{row.text('symbol')}: a change of a dividend accrual without a code is taken as accrued")
        backwards = "Re" in codes
        counted = reversed_ if backwards else posted
        counted[reference] += 1
        posted[reference] = max(posted[reference], reversed_[reference])  # what is taken back was announced before
        name = reference if counted[reference] == 1 else f"{reference}/{counted[reference]}"
        _tell(row, name, backwards, reading)


def _order(row: Row) -> tuple[object, ...]:
    amount = _gross(row)
    return (row.day("date", "reportDate") or date.min, "Re" not in row.codes("code"), reference_of(row), amount)


def _gross(row: Row) -> Decimal:
    gross = row.money("grossAmount")
    if gross is not None:
        return gross
    return (row.money("netAmount") or ZERO) + (row.money("tax") or ZERO) + (row.money("fee") or ZERO)


def _tell(row: Row, reference: str, backwards: bool, reading: Reading) -> None:
    moment = row.moment("date", "reportDate", "exDate")
    con_id, gross = mentioned(row, reading), _gross(row)
    if moment is None or con_id is None or not row.currency:
        raise row.error("a date, a contract and a currency", "less")
    net = row.money("netAmount")
    tax = -((row.money("tax") or ZERO) + (row.money("fee") or ZERO)) if net is None else net - gross
    kind = DividendAccrualReversed if backwards else DividendAccrued
    quantity = row.number("quantity")
    sign = -1 if backwards and (quantity is None or quantity * gross <= 0) else 1  # as a rule the other way round
    fact = kind(
        con_id=con_id, reference=reference, gross=gross * sign or ZERO, tax=tax * sign or ZERO, currency=row.currency,
        pay_date=row.day("payDate"), occurred_at=moment, report_date=row.day("reportDate", "date"),
    )  # fmt: skip
    reading.tell(row, fact, ACCRUAL, reference, int(not backwards))


def take_open(rows: list[Row], reading: Reading) -> None:
    """Observe what is announced and not paid at the end."""
    reading.observed.setdefault("dividend_accruals", {})
    for row in rows:
        mentioned(row, reading)
        net = row.money("netAmount")
        reading.add("dividend_accruals", reference_of(row), _gross(row) if net is None else net)


READ = READS | words("exDate payDate quantity tax fee grossAmount netAmount code date reportDate")
DESCRIBING = words("grossRate fromAcct toAcct actionID")

ACCRUALS: tuple[Section, ...] = (
    Section("ChangeInDividendAccruals", ("ChangeInDividendAccrual",), take_changes, READ, DESCRIBING),
    Section("OpenDividendAccruals", ("OpenDividendAccrual",), take_open, READ, DESCRIBING),
)
