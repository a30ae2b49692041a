"""What each strategy has, and that all parts together are the account's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.events import (
    ContractDefined,
    CrossRow,
    DividendPaid,
    Fact,
    OrderPlanned,
    PartRow,
    StrategiesCrossed,
    TaxWithheld,
)
from ledger.lots import ZERO, exactly
from ledger.nav import VARIATION
from ledger.subbooks import REST
from queries.strategies import Part, Strategies, print_strategies, strategies_of
from tests.facts import (
    AAPL,
    CONTRACTS,
    ES,
    GENESIS,
    SPY,
    acknowledged,
    attempted,
    bought,
    busted,
    commission,
    cycle_started,
    events,
    opened,
    opened_cash,
    positions_reported,
    row,
    trading_allowed,
)
from tests.ledger.acting import split

D = Decimal
FAST, SLOW = "fast", "slow"


def planned(order_ref: str, what: ContractDefined, quantity: str, parts: Sequence[tuple[str, str]]) -> OrderPlanned:
    """A row of the plan in which strategies have parts."""
    amount = D(quantity)
    return OrderPlanned(
        con_id=what.con_id, symbol=what.symbol, action="BUY" if amount > 0 else "SELL", quantity=amount, reason="drift",
        held=ZERO, target=amount, weight=ZERO, reference_price=D("400"), order_ref=order_ref,
        parts=tuple(PartRow(strategy=name, quantity=D(units)) for name, units in parts),
    )  # fmt: skip


def ordered(ref: str, what: ContractDefined, quantity: str, number: int, **parts: str) -> tuple[Fact, ...]:
    """An order of ours that works, in a cycle of its own."""
    plan = planned(ref, what, quantity, tuple(parts.items()))
    allowed = (cycle_started(attempt=number), plan, *trading_allowed())
    return (*allowed, attempted(ref, what, quantity, number), acknowledged(ref, number))


def crossed(what: ContractDefined, price: str, **units: str) -> StrategiesCrossed:
    return StrategiesCrossed(
        rows=tuple(
            CrossRow(
                con_id=what.con_id, symbol=what.symbol, strategy="" if name == "rest" else name, quantity=D(given),
                price=D(price),
            )
            for name, given in units.items()
        )
    )  # fmt: skip


def dividend(amount: str, number: int = 1) -> DividendPaid:
    return DividendPaid(source="api", reference=f"d{number}", amount=D(amount), currency="USD", con_id=SPY.con_id)


def withheld(amount: str) -> TaxWithheld:
    return TaxWithheld(source="api", reference="t1", amount=D(amount), currency="USD", con_id=SPY.con_id)


def folded(*facts: Fact) -> Strategies:
    return strategies_of(events((GENESIS, *CONTRACTS, opened_cash("100000"), *facts)))


def parts_of(*facts: Fact) -> dict[tuple[str, str], Part]:
    with exactly():
        return {(part.strategy, part.symbol): part for part in folded(*facts).parts()}


BOUGHT = (
    *ordered("A", SPY, "15", 1, fast="10", slow="5"),
    bought(SPY, "6", "400", execution="a.01", order_ref="A", perm_id=1),
    bought(SPY, "9", "401", execution="b.01", order_ref="A", perm_id=1),
    commission("a.01", "-3"),
)


def test_fills_and_their_commissions_are_shared_pro_rata() -> None:
    found = parts_of(*BOUGHT)

    assert {name: part.units for (name, _), part in found.items()} == {FAST: D(10), SLOW: D(5)}
    assert found[FAST, "SPY"].flows == -(4 * D(400) + 6 * D(401) + 2)
    assert found[SLOW, "SPY"].flows == -(2 * D(400) + 3 * D(401) + 1)


def test_what_a_bust_takes_back_is_taken_back_from_each() -> None:
    found = parts_of(*BOUGHT, busted("b.01"))

    assert {name: part.units for (name, _), part in found.items()} == {FAST: D(4), SLOW: D(2)}
    assert found[SLOW, "SPY"].flows == -(2 * D(400) + 1)


def test_a_correction_is_shared_out_anew() -> None:
    found = parts_of(*BOUGHT, bought(SPY, "9", "402", execution="b.02", order_ref="A", perm_id=1))

    assert found[FAST, "SPY"].units == D(10)
    assert found[FAST, "SPY"].flows == -(4 * D(400) + 6 * D(402) + 2)


def test_a_cross_moves_units_at_its_price_and_none_of_the_account_s_money() -> None:
    found = parts_of(*BOUGHT, crossed(SPY, "410", fast="-4", slow="4"))

    assert (found[FAST, "SPY"].units, found[SLOW, "SPY"].units) == (D(6), D(9))
    assert found[FAST, "SPY"].flows + found[SLOW, "SPY"].flows == -(6 * D(400) + 9 * D(401) + 3)
    assert found[SLOW, "SPY"].flows == -(2 * D(400) + 3 * D(401) + 1 + 4 * D(410))


def test_dividends_and_their_taxes_go_to_who_holds_the_units() -> None:
    traded = bought(SPY, "5", "400", execution="hand.01")
    found = parts_of(*BOUGHT, traded, dividend("20"), withheld("-4"))

    assert found[FAST, "SPY"].flows == -(4 * D(400) + 6 * D(401) + 2) + 8
    assert found[REST, "SPY"].flows == -2000 + D(4)


def test_profit_is_value_and_flows_and_without_a_mark_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    marked = positions_reported(row(SPY, "15", "402"))
    found = parts_of(*BOUGHT, marked)

    assert found[FAST, "SPY"].profit == 10 * D(402) - (4 * D(400) + 6 * D(401) + 2)
    assert parts_of(*BOUGHT)[FAST, "SPY"].profit is None

    assert print_strategies(tuple(found.values()), "table") == 0
    told = capsys.readouterr().out
    assert "fast: +12.00 USD" in told
    assert "together: +18.00 USD" in told


def test_a_split_multiplies_the_units_of_each() -> None:
    found = parts_of(*BOUGHT, split(SPY, "15"))

    assert {name: part.units for (name, _), part in found.items()} == {FAST: D(20), SLOW: D(10)}


def test_what_was_held_before_is_no_strategy_s(capsys: pytest.CaptureFixture[str]) -> None:
    found = parts_of(opened(AAPL, "30", "1200"), positions_reported(row(AAPL, "30", "45")))

    assert found == {(REST, "AAPL"): Part(REST, AAPL.con_id, "AAPL", "USD", D(30), D(1350), D(-1200))}
    assert print_strategies(tuple(found.values()), "table") == 0
    assert "no strategy: +150.00 USD" in capsys.readouterr().out


def random_facts(seed: int) -> Iterator[Fact]:
    """Orders of two strategies, their fills, and what happens to them and to the position."""
    chance, fills, spy = Random(seed), list[tuple[str, int]](), 30
    yield opened(SPY, "30", "9000")
    for number in range(1, 6):
        what, side = chance.choice((SPY, ES)), chance.choice((1, 1, -1))
        shares = chance.choice(({FAST: 7, SLOW: 3}, {FAST: 1, SLOW: 2, REST: 4}, {SLOW: 9}))
        total = sum(shares.values())
        plan = planned(f"O{number}", what, str(side * total), [(name, str(side * n)) for name, n in shares.items()])
        yield from (cycle_started(attempt=number), plan, *trading_allowed())
        yield from (attempted(f"O{number}", what, str(side * total), number), acknowledged(f"O{number}", number))
        for place in range(chance.randint(1, 3)):
            name, price = f"e{number}{place}", str(400 + D(chance.randint(0, 999)) / 100)
            yield bought(what, str(side), price, execution=f"{name}.01", order_ref=f"O{number}", perm_id=number)
            yield commission(f"{name}.01", f"-{D(chance.randint(1, 99)) / 7:.6f}")
            fills.append((name, side if what == SPY else 0))
            spy += fills[-1][1]
        if chance.random() < 0.4:
            name, units_of_spy = fills.pop()
            yield busted(f"{name}.01")
            spy -= units_of_spy
        if chance.random() < 0.4:
            units = D(chance.randint(1, 50)) / 7
            yield crossed(SPY, "405.55", fast=f"{units:.10f}", slow=f"-{units:.10f}")
        if chance.random() < 0.4:
            yield dividend(f"{D(chance.randint(1, 999)) / 13:.2f}", number)
    yield split(SPY, str(spy))


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_all_parts_together_are_the_account_s(seed: int) -> None:
    found = folded(*random_facts(seed))
    units, flows = dict[int, Decimal](), dict[str, Decimal]()
    with exactly():
        for part in found.parts():
            units[part.con_id] = units.get(part.con_id, ZERO) + part.units
        for account, amount in found.flows.items():
            flows[account.currency] = flows.get(account.currency, ZERO) + amount
        booked = found.book.journal
        cash = sum(
            (amount for (name, _), amount in booked.items() if name == "cash" or name.startswith(VARIATION)), ZERO
        )

    assert {con_id: held for con_id, held in units.items() if held} == found.book.positions
    assert flows == {"USD": cash - 9000}  # what was paid for the opening position is of before
