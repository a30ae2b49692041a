"""Positions and their lots at the statement's end."""

from __future__ import annotations

from datetime import date

from ledger.events import OpeningLot
from reconcile.statements.reading import Reading
from reconcile.statements.rows import ZERO, Row, words
from reconcile.statements.sections import Section
from reconcile.statements.securities import READS, contract_of
from reconcile.statements.statement import Held

SUMMARY, LOT = ("SUMMARY", "CONTRACT", ""), ("LOT",)
LEVELS = (*SUMMARY, *LOT)


def take_positions(rows: list[Row], reading: Reading) -> None:
    """Observe each contract once, whatever levels of detail the file lists; lots only where all are listed."""
    rows = [row for row in _latest(rows) if not _is_currency(row)]
    for row in rows:
        if row.text("levelOfDetail").upper() not in LEVELS:
            raise row.error("SUMMARY or LOT", repr(row.text("levelOfDetail")), "levelOfDetail")
    lots = [row for row in rows if row.text("levelOfDetail").upper() in LOT]
    sums = [row for row in rows if row.text("levelOfDetail").upper() in SUMMARY]
    held = _held(sums or lots, reading)
    reading.observed["positions"] = held
    listed = dict[int, list[OpeningLot]]()
    for row in lots:
        contract = contract_of(row, reading)
        opened, basis = row.moment("openDateTime", "holdingPeriodDateTime"), row.money("costBasisMoney")
        if opened is not None and basis is not None:
            lot = OpeningLot(opened_at=opened, quantity=row.required("position"), basis=basis)
            listed.setdefault(contract.con_id, []).append(lot)
    if lots:
        reading.observed["lots"] = {
            con_id: tuple(sorted(found, key=lambda lot: (lot.opened_at, lot.quantity, lot.basis)))
            for con_id, found in sorted(listed.items())
            if con_id in held and sum((lot.quantity for lot in found), ZERO) == held[con_id].quantity
        }


def _is_currency(row: Row) -> bool:
    """Tell whether this is a virtual position of a currency pair, which is no position."""
    return row.text("assetCategory") in {"CASH", "Forex"}


def _latest(rows: list[Row]) -> list[Row]:
    """Keep the last day alone, where a query lists every day."""
    days = [row.day("reportDate") or date.min for row in rows]
    return [row for row, day in zip(rows, days, strict=True) if day == max(days)]


def _held(rows: list[Row], reading: Reading) -> dict[int, Held]:
    """Add up what is held of each contract: models of one account are one position."""
    held = dict[int, Held]()
    for row in rows:
        contract = contract_of(row, reading)
        found = Held(
            row.required("position"), row.money("costBasisMoney"), row.money("markPrice"), row.money("positionValue")
        )
        before = held.get(contract.con_id)
        held[contract.con_id] = found if before is None else _sum(before, found)
    return held


def _sum(first: Held, second: Held) -> Held:
    basis = None if first.basis is None or second.basis is None else first.basis + second.basis
    value = None if first.value is None or second.value is None else first.value + second.value
    return Held(first.quantity + second.quantity, basis, first.mark if first.mark is not None else second.mark, value)


POSITIONS: tuple[Section, ...] = (
    Section(
        "OpenPositions", ("OpenPosition",), take_positions,
        READS | words("position markPrice positionValue costBasisMoney openDateTime holdingPeriodDateTime"),
        words(
            "openPrice costBasisPrice percentOfNAV fifoPnlUnrealized side originatingOrderID originatingTransactionID "
            "accruedInt positionValueInBase unrealizedCapitalGainsPnl unrealizedlFxPnl unrealizedFxPnl vestingDate "
            "costBasisMoneyInBase fifoPnlUnrealizedInBase"
        ),
    ),
)  # fmt: skip
