"""Lots matched the slow way, from the first entry on, over a plain list of fractions: to hold beside ledger/lots.

It shares no code with the book. Whoever changes a rule there has to change it here too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from ledger.lots import BringIn, CarveOut, Entry, Recost, Scale, TakeOut, Trade

Row = list[Fraction]  # units, gross, commission
NIL = Fraction(0)


def rounded(exact: Fraction) -> Fraction:
    """To ten places, half to even: `round` of a fraction does that."""
    return Fraction(round(exact * 10**10), 10**10)


def share(total: Fraction, part: Fraction, whole: Fraction) -> Fraction:
    return total if part == whole else rounded(total * part / whole)


def shares(total: Fraction, weights: Sequence[Fraction]) -> list[Fraction]:
    """Each share is the difference of two rounded running shares."""
    whole = sum(weights, NIL)
    until = [share(total, sum(weights[: place + 1], NIL), whole) for place in range(len(weights))]
    return [now - before for now, before in zip(until, [NIL, *until], strict=False)]


@dataclass
class Held:
    """One open lot."""

    name: str
    since: datetime
    units: Fraction
    gross: Fraction
    commission: Fraction

    def cut(self, units: Fraction) -> Held:
        """Cut units off; this one keeps the rest."""
        gross, commission = share(self.gross, units, self.units), share(self.commission, units, self.units)
        self.units, self.gross, self.commission = self.units - units, self.gross - gross, self.commission - commission
        return Held(self.name, self.since, units, gross, commission)

    @property
    def told(self) -> tuple[object, ...]:
        return self.name, self.since, self.units, self.gross, self.commission


@dataclass
class Matcher:
    """One contract."""

    lots: list[Held] = field(default_factory=list)
    realised_gross: Fraction = NIL
    realised_commission: Fraction = NIL
    left: dict[str, list[Held]] = field(default_factory=dict)  # what each action took out

    @property
    def units(self) -> Fraction:
        return sum((lot.units for lot in self.lots), NIL)

    def add(self, lot: Held) -> None:
        older = [one for one in self.lots if one.since <= lot.since]
        self.lots = [*older, lot, *(one for one in self.lots if one.since > lot.since)]

    def pool(self) -> None:
        whole = Held(self.lots[0].name, self.lots[0].since, self.units, NIL, NIL)
        whole.gross = sum((lot.gross for lot in self.lots), NIL)
        whole.commission = sum((lot.commission for lot in self.lots), NIL)
        self.lots = [whole]

    def in_order(self, method: str) -> list[Held]:
        """Every lot, in the order in which they go."""
        if method == "lifo":
            return self.lots[::-1]
        if method == "hifo":
            side = -1 if self.units > 0 else 1
            return sorted(self.lots, key=lambda lot: side * (lot.gross - lot.commission) / lot.units)
        return self.lots

    def take(self, units: Fraction, method: str = "fifo", named: Sequence[tuple[str, Decimal]] = ()) -> list[Held]:
        """Take units (magnitude), never more than are held: first what is named, then by the method."""
        if not units:
            return []
        if method == "average":
            self.pool()
        wishes = [
            (lot, Fraction(most)) for name, most in named for lot in self.lots
            if lot.name == name and method == "specific"
        ]  # fmt: skip
        wanted = {id(lot): NIL for lot in self.lots}
        for lot, most in [*wishes, *((lot, abs(lot.units)) for lot in self.in_order(method))]:
            part = min(most, units, abs(lot.units) - wanted[id(lot)])
            wanted[id(lot)], units = wanted[id(lot)] + part, units - part
        gone = [lot.cut(wanted[id(lot)] * (1 if lot.units > 0 else -1)) for lot in self.lots if wanted[id(lot)]]
        self.lots = [lot for lot in self.lots if lot.units]
        return gone

    def covered(self, change: Fraction) -> Fraction:
        if self.units * change >= 0:
            return NIL
        return min(abs(change), abs(self.units))

    def trade(self, entry: Trade) -> None:
        lot = Held(entry.execution, entry.at, *map(Fraction, (entry.quantity, entry.gross, entry.commission)))
        self.close_and_open(lot, entry.method, entry.named)

    def close_and_open(self, lot: Held, method: str = "fifo", named: Sequence[tuple[str, Decimal]] = ()) -> None:
        units = self.covered(lot.units)
        if units:
            closing = lot.cut(units if lot.units > 0 else -units)
            for gone in self.take(units, method, named):
                self.realise(gone.gross, gone.commission)
            self.realise(closing.gross, closing.commission)
        if lot.units:
            self.add(lot)

    def realise(self, gross: Fraction, commission: Fraction) -> None:
        self.realised_gross -= gross
        self.realised_commission += commission

    def resize(self, lots: list[Held], units: Fraction) -> list[Held]:
        kept, gross, commission = list[Held](), NIL, NIL
        for lot, now in zip(lots, shares(units, [lot.units for lot in lots]), strict=True):
            gross, commission = gross + lot.gross, commission + lot.commission
            if now:
                kept.append(Held(lot.name, lot.since, now, gross, commission))
                gross = commission = NIL
        kept[-1].gross += gross
        kept[-1].commission += commission
        return kept

    def scale(self, entry: Scale) -> None:
        change = Fraction(entry.quantity_change)
        if self.units * (self.units + change) > 0:
            self.lots = self.resize(self.lots, self.units + change)
        else:
            self.close_and_open(Held(entry.id, entry.at, change, NIL, NIL))

    def take_out(self, entry: TakeOut) -> None:
        change = -self.units if entry.quantity is None else Fraction(entry.quantity)
        units = self.covered(change)
        gone = self.take(units, entry.method, entry.named)
        settled = Fraction(entry.settled) if gone else NIL
        self.realise(settled - Fraction(entry.proceeds), NIL)
        for lot, part in zip(gone, shares(settled, [lot.units for lot in gone]), strict=True):
            lot.gross -= part
        self.left[entry.id] = gone
        if rest := change - (units if change > 0 else -units):
            self.add(Held(entry.id, entry.at, rest, NIL, NIL))

    def carve_out(self, entry: CarveOut) -> None:
        self.left[entry.id] = []
        for lot in self.lots:
            fraction = Fraction(entry.fraction)
            part = [share(total, fraction, Fraction(1)) for total in (lot.gross, lot.commission)]
            self.left[entry.id].append(Held(lot.name, lot.since, lot.units, *part))
            lot.gross, lot.commission = lot.gross - part[0], lot.commission - part[1]

    def bring_in(self, entry: BringIn) -> None:
        lots = [
            Held(lot.execution, lot.opened_at, *map(Fraction, (lot.quantity, lot.gross, lot.commission)))
            for lot in entry.lots
        ]
        if entry.quantity is not None:
            units = Fraction(entry.quantity)
            if not lots:
                lots = [Held(entry.id, entry.at, units, NIL, NIL)]
            elif not units:
                for lot in lots:
                    self.realise(lot.gross, lot.commission)
                return
            elif units != sum((lot.units for lot in lots), NIL):
                lots = self.resize(lots, units)
        for lot in lots:
            self.close_and_open(lot)

    def recost(self, entry: Recost) -> None:
        amount = Fraction(entry.amount) * (1 if entry.kind == "spread" else -1)
        if not self.lots:
            self.realise(amount, NIL)
        for lot, part in zip(self.lots, shares(amount, [lot.units for lot in self.lots]), strict=True):
            before, lot.gross = lot.gross, lot.gross + part
            carried_past = lot.gross * lot.units < 0 and part * lot.units < 0
            if entry.kind != "spread" and carried_past:
                kept = NIL if before * lot.units > 0 else before
                self.realise(lot.gross - kept, NIL)
                lot.gross = kept


def matched(entries: Iterable[Entry]) -> Matcher:
    """Match a contract's entries, told in any order."""
    matcher = Matcher()
    for entry in sorted(entries, key=lambda entry: entry[:3]):
        match entry:
            case Trade():
                matcher.trade(entry)
            case Scale():
                matcher.scale(entry)
            case TakeOut():
                matcher.take_out(entry)
            case CarveOut():
                matcher.carve_out(entry)
            case BringIn():
                matcher.bring_in(entry)
            case Recost():
                matcher.recost(entry)
    return matcher
