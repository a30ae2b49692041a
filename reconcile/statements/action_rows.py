"""The rows of one corporate action together: what was given, what was received, and the cash.

An action is told in one row or in several, in any order, and sometimes twice with different times. Rows belong together
by the broker's id of the action, or by their words and day.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from typing import Any

from ledger.lots import EXACT
from reconcile.statements.descriptions import Described, described, kind_of
from reconcile.statements.reading import Reading
from reconcile.statements.rows import ZERO, Row
from reconcile.statements.securities import contract_of

NEAR = timedelta(days=4)  # how far apart the same action may be dated when it is told twice


@dataclass(frozen=True)
class Moved:
    """What an action did to one contract."""

    row: Row
    con_id: int
    symbol: str
    isin: str
    currency: str
    quantity: Decimal
    proceeds: Decimal  # + received
    realised: Decimal | None


@dataclass
class Action:
    """All rows of one action."""

    reading: Reading
    code: str
    told: Described
    description: str
    reference: str
    moved: tuple[Moved, ...]
    cancelled: bool = False
    common: dict[str, Any] = field(default_factory=dict)

    @property
    def row(self) -> Row:
        """Return the first row of it."""
        return self.moved[0].row

    @property
    def ratio(self) -> tuple[int, int] | None:
        """Return the ratio as stated."""
        return self.told.ratio

    @property
    def factor(self) -> Fraction | None:
        """Return the factor that some files tell instead of a ratio."""
        number = self.row.number("principalAdjustFactor")
        return Fraction(number) if number and number > 0 else None

    @property
    def moves(self) -> bool:
        """Whether it moved anything at all."""
        return any(moved.quantity or moved.proceeds for moved in self.moved)

    @cached_property
    def given(self) -> tuple[Moved, ...]:
        """Return what left: of a long position what is negative, of a short one what is positive."""
        return tuple(moved for moved in self.moved if moved.quantity * self._sign < 0)

    @cached_property
    def received(self) -> tuple[Moved, ...]:
        """Return what came."""
        return tuple(moved for moved in self.moved if moved.quantity * self._sign > 0)

    @cached_property
    def changed(self) -> tuple[Moved, ...]:
        """Return what came or left: units that a short position owes are negative."""
        return tuple(moved for moved in self.moved if moved.quantity)

    @property
    def proceeds(self) -> Decimal:
        """Return the cash that came, or went (-)."""
        return sum((moved.proceeds for moved in self.moved), ZERO)

    @property
    def realised(self) -> Decimal:
        """Return what the broker says that it realised."""
        return sum((moved.realised or ZERO for moved in self.moved), ZERO)

    @cached_property
    def _sign(self) -> int:
        """Return the way of the position: where two contracts change, the one that the action is of tells it."""
        signs = {moved.quantity > 0 for moved in self.moved if moved.quantity}
        own = [moved for moved in self.moved if moved.quantity and not self.is_of_another(moved)]
        return -1 if len(signs) == 2 and len(own) == 1 and own[0].quantity > 0 and self.told.isin else 1

    def is_of_another(self, moved: Moved) -> bool:
        """Tell whether a row is of another contract than the one that the action is of."""
        if self.told.isin and moved.isin:
            return self.told.isin != moved.isin
        return bool(self.told.symbol) and moved.symbol.removesuffix(".OLD") != self.told.symbol

    def parent(self, child: Moved, reading: Reading) -> int | None:
        """Return the contract that a child comes from, where the file tells it somewhere."""
        known = {**reading.mentioned, **reading.contracts}
        fits = [
            contract.con_id for contract in known.values()
            if contract.con_id != child.con_id and self._is_named(contract.isin, contract.symbol)
        ]  # fmt: skip
        return max(fits, default=None)

    def _is_named(self, isin: str | None, symbol: str) -> bool:
        if self.told.isin and isin:
            return isin == self.told.isin
        return bool(self.told.symbol) and symbol == self.told.symbol


def actions_of(rows: list[Row], reading: Reading) -> list[Action]:
    """Join rows into actions."""
    groups = dict[tuple[str, ...], list[Row]]()
    kept = _without_cancelled(_distinct(sorted(rows, key=_order)))
    for row in kept:
        groups.setdefault(_group(row), []).append(row)
    return [_action(group, reading) for _, group in sorted(groups.items())]


def _words(row: Row) -> str:
    return row.text("description", "actionDescription")


def _order(row: Row) -> tuple[str, ...]:
    names = ("reportDate", "dateTime", "conid", "symbol", "quantity", "proceeds", "amount", "transactionID")
    return (_words(row), *(row.text(name) for name in names))


def _day(row: Row) -> date | None:
    return row.day("reportDate", "dateTime", "date")


def _group(row: Row) -> tuple[str, ...]:
    action = row.text("actionID")
    if action and action != "0":
        return (action,)
    return (described(_words(row)).stem, row.text("type"), str(_day(row)))


def _is_same(row: Row, other: Row) -> bool:
    """Tell whether two rows tell the same: the time may differ, and stand without its clock in one of them."""
    for name in ("conid", "symbol", "quantity", "proceeds", "type", "code"):
        if row.text(name) != other.text(name):
            return False
    first, second = _day(row), _day(other)
    near = first is not None and second is not None and abs(first - second) <= NEAR
    actions = {row.text("actionID"), other.text("actionID")} - {"", "0"}
    transactions = {row.text("transactionID"), other.text("transactionID")} - {"", "0"}
    return (
        near
        and described(_words(row)).stem == described(_words(other)).stem
        and len(actions) <= 1
        and (len(transactions) <= 1 or row.text("dateTime") != other.text("dateTime"))
    )


def _distinct(rows: list[Row]) -> list[Row]:
    kept = list[Row]()
    for row in rows:
        twin = next((place for place, other in enumerate(kept) if _is_same(row, other)), None)
        if twin is None:
            kept.append(row)
        elif len(row.text("dateTime")) > len(kept[twin].text("dateTime")):
            kept[twin] = row
    return kept


def _without_cancelled(rows: list[Row]) -> list[Row]:
    """Leave out what the broker took back, with what takes it back, where both are told."""
    kept = [row for row in rows if "Ca" not in row.codes("code")]
    for cancel in (row for row in rows if "Ca" in row.codes("code")):
        taken = next((row for row in kept if _reverses(cancel, row)), None)
        if taken is None:
            kept.append(cancel)
        else:
            kept.remove(taken)
    return kept


def _reverses(cancel: Row, row: Row) -> bool:
    same = (cancel.text("conid"), cancel.text("symbol"), described(_words(cancel)).stem)
    return same == (row.text("conid"), row.text("symbol"), described(_words(row)).stem) and (
        cancel.number("quantity") or ZERO
    ) == -(row.number("quantity") or ZERO)


def _action(rows: list[Row], reading: Reading) -> Action:
    row, words = rows[0], _words(rows[0])
    told = described(words)
    known = row.text("actionID")
    stable = sha256(f"{told.stem}|{row.text('type')}|{_day(row)}".encode()).hexdigest()[:16]
    reference = known if known and known != "0" else stable
    moments = [moment for each in rows if (moment := each.moment("dateTime", "date", "reportDate")) is not None]
    if not moments:
        raise row.error("a dateTime or a reportDate", "none")
    code = row.text("type", "actionType") or kind_of(told.stem)
    action = Action(
        reading, code, told, words, reference, _moved(rows, reading), any("Ca" in each.codes("code") for each in rows),
    )  # fmt: skip
    action.common = {
        "source": "statement", "reference": reference, "note": words, "occurred_at": max(moments),
        "report_date": _day(row),
    }  # fmt: skip
    return action


def _moved(rows: list[Row], reading: Reading) -> tuple[Moved, ...]:
    """Add up what the rows do to each contract."""
    found = dict[int, Moved]()
    for row in rows:
        contract = contract_of(row, reading)
        amount = row.money("amount")
        proceeds = row.money("proceeds") if row.text("proceeds") else -amount if amount else ZERO
        moved = Moved(
            row, contract.con_id, contract.symbol, contract.isin or "", row.currency or contract.currency,
            row.number("quantity") or ZERO, proceeds or ZERO, row.money("fifoPnlRealized"),
        )  # fmt: skip
        found[contract.con_id] = _sum(found[contract.con_id], moved) if contract.con_id in found else moved
    return tuple(found.values())


def _sum(first: Moved, second: Moved) -> Moved:
    realised = None
    if first.realised is not None or second.realised is not None:
        realised = EXACT.add(first.realised or ZERO, second.realised or ZERO)
    return Moved(
        first.row, first.con_id, first.symbol, first.isin, first.currency,
        EXACT.add(first.quantity, second.quantity), EXACT.add(first.proceeds, second.proceeds), realised,
    )  # fmt: skip
