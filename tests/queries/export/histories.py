"""Generated histories of everything that moves money or lots: flips, corrections, busts, three currencies, futures,
splits, renames, spin-offs, returns of capital, transfers, other lot methods, dividends, conversions."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ledger.book import Book
from ledger.events import (
    BasisAllocated,
    CashDeposited,
    ContractDefined,
    ContractRenamed,
    CostAdjusted,
    CurrencyConverted,
    DividendAccrued,
    DividendPaid,
    Fact,
    FeeCharged,
    InterestPaid,
    LotMethodSet,
    OptionAssigned,
    PositionTransferred,
    ProceedsSettled,
    ReturnOfCapitalPaid,
    SpinOffApplied,
    SplitApplied,
    TaxWithheld,
    TransactionTaxCharged,
    VariationSettled,
    decimal_text,
)
from ledger.state import Impossible
from tests.facts import CONTRACTS, ES, GENESIS, SAP, SPY, START, bought, busted, commission, contract, events

NESTLE, CHILD, RENAMED = contract(88, "NESN", "CHF"), contract(89, "SPN.A"), contract(-90, "3D SYS")
PUT, EUR_USD = contract(91, "SPY", kind="OPT", multiplier=100), contract(92, "EUR", kind="CASH")
DEFINED = (NESTLE, CHILD, RENAMED, PUT, EUR_USD)
TRADED = (SPY, SPY, SPY, SAP, NESTLE, ES, PUT, EUR_USD)
CURRENCIES = ("USD", "EUR", "CHF")

amounts = st.decimals("-500", "500", places=2).filter(bool)
prices = st.decimals("1", "500", places=2)
units = st.integers(-30, 30).filter(bool).map(Decimal)


class Telling:
    """One history while it is made: what cannot be is left out."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.facts: list[Fact] = list(DEFINED)
        self.executions: list[tuple[str, ContractDefined, datetime]] = []
        self._book = Book()
        self._tell(GENESIS, *CONTRACTS, *DEFINED)

    def _tell(self, *facts: Fact) -> None:
        fork = self._book.fork()
        for event in events(facts, fork.seq + 1, fork.now if fork.seq >= 0 else START - timedelta(hours=1)):
            fork.apply(event)
        self._book = fork

    def tell(self, *facts: Fact) -> None:
        for fact in facts:
            try:
                self._tell(fact)
            except Impossible:
                continue
            self.facts.append(fact)

    def made(self, kind: type[Fact], name: str, at: datetime, **told: Any) -> None:
        text = json.dumps(
            {**told, "source": "statement", "reference": name, "occurred_at": at.isoformat()}, default=decimal_text
        )
        self.tell(kind.model_validate_json(text))


def _traded(telling: Telling, name: str, at: datetime) -> None:
    held, draw = draw_from(telling, TRADED), telling.draw
    telling.tell(bought(held, str(draw(units)), str(draw(prices)), execution=f"{name}.01", at=at))
    telling.executions.append((name, held, at))
    if draw(st.booleans()):
        currency = "USD" if held is EUR_USD else draw(st.sampled_from((held.currency, "USD")))
        telling.tell(commission(f"{name}.01", str(draw(amounts)), currency))


def _corrected(telling: Telling, name: str, at: datetime) -> None:
    if not telling.executions:
        return
    base, held, then = draw_from(telling, telling.executions)
    if telling.draw(st.integers(0, 3)):
        again = bought(held, str(telling.draw(units)), str(telling.draw(prices)), execution=f"{base}.02", at=then)
        telling.tell(again)
    else:
        telling.tell(busted(f"{base}.01"))


def _settled_otherwise(telling: Telling, name: str, at: datetime) -> None:
    """The broker's own amount for an execution, or a tax on it."""
    if not telling.executions:
        return
    base, held, _ = draw_from(telling, telling.executions)
    amount, execution = telling.draw(amounts), f"{base}.{draw_from(telling, ('01', '02'))}"
    if telling.draw(st.booleans()):
        telling.tell(ProceedsSettled(execution_id=execution, amount=amount, currency=held.currency))
    else:
        currency = draw_from(telling, (held.currency, "USD"))
        telling.tell(TransactionTaxCharged(execution_id=execution, name=name, amount=amount, currency=currency))


def _paid(telling: Telling, name: str, at: datetime) -> None:
    kind = draw_from(telling, (DividendPaid, TaxWithheld, InterestPaid, FeeCharged, CashDeposited))
    told: dict[str, Any] = {"amount": telling.draw(amounts), "currency": draw_from(telling, CURRENCIES)}
    if kind in (DividendPaid, TaxWithheld):
        told |= {"con_id": SAP.con_id, "currency": "EUR"}
    telling.made(kind, name, at, **told)


def _accrued(telling: Telling, name: str, at: datetime) -> None:
    gross, tax = telling.draw(amounts), telling.draw(amounts)
    telling.tell(DividendAccrued(con_id=SPY.con_id, reference=name, gross=gross, tax=tax, currency="USD"))


def _converted(telling: Telling, name: str, at: datetime) -> None:
    sold, got = abs(telling.draw(amounts)), abs(telling.draw(amounts))
    telling.made(CurrencyConverted, name, at, sold=sold, sold_currency="USD", bought=got, bought_currency="EUR")


def _settled(telling: Telling, name: str, at: datetime) -> None:
    telling.made(VariationSettled, name, at, con_id=ES.con_id, currency="USD", amount=telling.draw(amounts))


def _split(telling: Telling, name: str, at: datetime) -> None:
    change = abs(telling.draw(units)) / 3 if telling.draw(st.booleans()) else telling.draw(units)
    change = change.quantize(Decimal("0.0001"))
    telling.made(SplitApplied, name, at, con_id=SPY.con_id, numerator=2, denominator=1, quantity_change=change)


def _renamed(telling: Telling, name: str, at: datetime) -> None:
    one, other = (CHILD, RENAMED) if telling.draw(st.booleans()) else (RENAMED, CHILD)
    telling.made(ContractRenamed, name, at, con_id=one.con_id, successor_con_id=other.con_id)


def _spun_off(telling: Telling, name: str, at: datetime) -> None:
    telling.made(
        SpinOffApplied, name, at, con_id=SPY.con_id, child_con_id=CHILD.con_id, child_quantity=telling.draw(units)
    )
    spin_off = telling.facts[-1].key
    if telling.draw(st.booleans()):
        telling.made(BasisAllocated, f"{name}b", at, con_id=SPY.con_id, spin_off=spin_off, fraction="0.137")


def _returned(telling: Telling, name: str, at: datetime) -> None:
    kind, con = draw_from(telling, (ReturnOfCapitalPaid, CostAdjusted)), draw_from(telling, (SPY, SAP))
    telling.made(kind, name, at, con_id=con.con_id, currency=con.currency, amount=telling.draw(amounts) * 10)


def _transferred(telling: Telling, name: str, at: datetime) -> None:
    change, con = telling.draw(units), draw_from(telling, (SPY, NESTLE, ES))
    basis, value = (change * telling.draw(prices) for _ in range(2))
    telling.made(
        PositionTransferred, name, at, con_id=con.con_id, quantity=change, basis=basis, currency=con.currency,
        value=value,
    )  # fmt: skip


def _assigned(telling: Telling, name: str, at: datetime) -> None:
    contracts, strike = telling.draw(units), telling.draw(prices)
    telling.made(
        OptionAssigned, name, at, con_id=PUT.con_id, quantity=contracts, underlying_con_id=SPY.con_id,
        underlying_quantity=contracts * 100, strike=strike, commission=telling.draw(amounts),
    )  # fmt: skip


def _method(telling: Telling, name: str, at: datetime) -> None:
    method = draw_from(telling, ("fifo", "lifo", "hifo", "average"))
    telling.tell(LotMethodSet(con_id=draw_from(telling, (None, SPY.con_id)), method=method, occurred_at=at))


KINDS: tuple[Callable[[Telling, str, datetime], None], ...] = (
    *(_traded,) * 12, *(_corrected,) * 2, _settled_otherwise, _paid, _paid, _accrued, _converted, _settled, _split,
    _split, _renamed, _spun_off, _returned, _transferred, _assigned, _method,
)  # fmt: skip


def draw_from(telling: Telling, choices: Any) -> Any:
    return telling.draw(st.sampled_from(choices))


@st.composite
def histories(draw: st.DrawFn, length: int = 25) -> tuple[Fact, ...]:
    """Facts of some days, some of them told late."""
    telling = Telling(draw)
    for number in range(draw(st.integers(1, length))):
        late = timedelta(days=draw(st.sampled_from((0, 0, 0, 0, 2))))
        draw_from(telling, KINDS)(telling, f"f{number:02}", START + timedelta(hours=9 * number) - late)
    return tuple(telling.facts)
