"""Golden vectors from real statements, each told as facts: options that end, and corporate actions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from ledger.book import Book
from ledger.events import (
    BasisAllocated,
    ContractDefined,
    Fact,
    MergerApplied,
    OptionAssigned,
    OptionExpired,
    ProceedsSettled,
    SpinOffApplied,
    SplitApplied,
    TenderApplied,
)
from ledger.journal import balance
from ledger.lots import disposals
from tests.facts import START, bought, busted, commission, contract, minutes, opened, replay, sold, told
from tests.ledger.acting import basis, realised

D = Decimal
TOLD = {"source": "statement", "reference": "1", "occurred_at": minutes(600)}
STOCK, OTHER, THIRD = contract(801, "OLD"), contract(802, "NEW"), contract(803, "THIRD")
OPTION = contract(804, "PUT", kind="OPT", multiplier=100)


def nothing_between(book: Book) -> bool:
    """Whether everything that left a contract arrived."""
    return all(account != "exchange" for account, _ in book.journal)


def assigned(option: ContractDefined, quantity: str, underlying: ContractDefined, units: str, strike: str) -> Fact:
    return OptionAssigned.model_validate(
        {**TOLD, "con_id": option.con_id, "quantity": D(quantity), "underlying_con_id": underlying.con_id,
         "underlying_quantity": D(units), "strike": D(strike)}
    )  # fmt: skip


def split(what: ContractDefined, ratio: tuple[int, int], change: str, successor: ContractDefined | None = None) -> Fact:
    return SplitApplied.model_validate(
        {**TOLD, "con_id": what.con_id, "numerator": ratio[0], "denominator": ratio[1], "quantity_change": D(change),
         "successor_con_id": successor and successor.con_id}
    )  # fmt: skip


# Options


def test_gv13_the_premium_of_an_assigned_put_goes_into_the_stock_and_the_option_realises_nothing() -> None:
    short = replay([STOCK, OPTION, sold(OPTION, "1", "0.53", execution="a.01"), commission("a.01", "-3.5")])

    book = told(short, assigned(OPTION, "1", STOCK, "100", "50"))

    assert (basis(book, STOCK), realised(book, OPTION)) == (D("4950.50"), D(0))
    assert book.positions == {STOCK.con_id: 100}
    assert book.cash == {"USD": D("49.5") - 5000}
    assert nothing_between(book)


def test_gv14_the_premium_of_an_assigned_call_is_part_of_the_proceeds_of_the_stock() -> None:
    held = replay([STOCK, OPTION, opened(STOCK, "300", "9000"), opened(OPTION, "-3", "-8398.81122")])

    book = told(held, assigned(OPTION, "3", STOCK, "-300", "5"))

    (closed,) = disposals(book.holdings[STOCK.con_id])
    assert (closed.proceeds, closed.realised) == (D("9898.81122"), D("898.81122"))
    assert (realised(book, OPTION), book.positions, book.cash) == (D(0), {}, {"USD": D(1500)})
    assert nothing_between(book)


def test_the_premium_of_an_option_on_a_future_goes_into_the_future() -> None:
    option, future = contract(805, "FOP", kind="FOP", multiplier=100), contract(806, "FUT", kind="FUT", multiplier=100)
    short = replay([option, future, sold(option, "1", "2", execution="a.01"), commission("a.01", "-2.47")])
    fee = assigned(option, "1", future, "1", "100").model_copy(update={"commission": D("-2.47")})

    held = told(short, fee)
    book = told(held, sold(future, "1", "98.5", execution="b.01", at=minutes(900)))

    assert (basis(held, future), realised(book, future)) == (D("9804.94"), D("45.06"))
    assert held.cash == {"USD": D("197.53") - D("2.47")}
    assert balance(book.journal, "variation:806", "USD") == -150  # the loss that will be settled
    assert nothing_between(book)


@pytest.mark.parametrize(("quantity", "cost", "gain"), [("2", "300", "-300"), ("-2", "-300", "300")])
def test_an_option_that_expires_loses_its_basis_or_keeps_its_proceeds(quantity: str, cost: str, gain: str) -> None:
    expired = OptionExpired.model_validate({**TOLD, "con_id": OPTION.con_id, "quantity": -D(quantity)})

    book = replay([OPTION, opened(OPTION, quantity, cost), expired])

    assert (book.positions, realised(book, OPTION)) == ({}, D(gain))


# Splits


def test_gv15_a_reverse_split_into_another_contract_keeps_the_basis_and_the_dates() -> None:
    fills = [
        bought(STOCK, "5000", "0.27135", execution="a.01"),
        bought(STOCK, "6000", "0.27135", execution="b.01", at=minutes(1)),
        bought(STOCK, "1000", "0.27135", execution="c.01", at=minutes(2)),
    ]

    book = replay([STOCK, OTHER, *fills, split(STOCK, (1, 25), "-11520", OTHER)])

    assert book.positions == {OTHER.con_id: 480}
    assert (basis(book, OTHER), realised(book, STOCK)) == (D("3256.20"), D(0))
    assert basis(book, OTHER) / 480 == D("6.78375")
    lots = [(lot.execution, lot.quantity, lot.gross, lot.opened_at) for lot in book.holdings[OTHER.con_id].lots]
    assert lots == [
        ("a", D(200), D("1356.75"), START),
        ("b", D(240), D("1628.10"), minutes(1)),
        ("c", D(40), D("271.35"), minutes(2)),
    ]
    assert nothing_between(book)


@pytest.mark.parametrize(
    ("held", "ratio", "after"),
    [
        pytest.param("350", (100000, 102918), "340.0765658", id="SLG 100000 for 102918"),
        pytest.param("240", (10416666667, 10000000000), "250", id="TEF 416666667 for 10000000000 on top"),
        pytest.param("1000", (1, 8), "125", id="1 for 8"),
    ],
)
def test_gv16_of_an_odd_ratio_the_units_that_the_broker_moved_count(
    held: str, ratio: tuple[int, int], after: str
) -> None:
    change = D(after) - D(held)

    book = replay([STOCK, opened(STOCK, held, "1234.56"), split(STOCK, ratio, f"{change}")])

    assert abs(Fraction(D(held)) * Fraction(*ratio) - Fraction(D(after))) < Fraction(1, 10_000_000)
    assert (book.positions, basis(book, STOCK)) == ({STOCK.con_id: D(after)}, D("1234.56"))


def test_gv17_a_fraction_that_the_broker_sells_again_and_again_realises_what_it_does_in_sum() -> None:
    fraction = replay([STOCK, opened(STOCK, "0.276942", "449.712074")])
    prices = ("0.00001", "203.698646", "5334.4")
    amounts = ("0.000002769", "56.412710421", "1477.3194048")
    printed = (D("-449.712071"), D("-449.712071") + D("56.412708"), D("1027.607331"))

    book, cumulated = fraction, list[Decimal]()
    for place, (price, amount) in enumerate(zip(prices, amounts, strict=True)):
        again = sold(STOCK, "0.276942", price, execution=f"s{place}.01", at=minutes(60))
        before = () if not place else (busted(f"s{place - 1}.01"),)
        settled = ProceedsSettled(execution_id=f"s{place}.01", amount=D(amount), currency="USD")
        book = told(book, *before, again, settled)
        cumulated.append(realised(book, STOCK))

    assert cumulated == [D("-449.712071231"), D("-393.299363579"), D("1027.6073308")]
    assert all(abs(ours - theirs) < D("0.000001") for ours, theirs in zip(cumulated, printed, strict=True))
    assert (book.positions, book.cash) == ({}, {"USD": D("1477.3194048")})


# Mergers


def test_gv18_the_basis_goes_through_a_tender_into_a_merger_for_cash() -> None:
    old, set_aside = contract(811, "UUU", "CAD"), contract(812, "UUU.TEN2", "CAD")
    fills = [
        bought(old, "900", "2.32", execution="a.01"),
        bought(old, "1100", "2.34", execution="b.01"),
        bought(old, "10000", "2.73", execution="c.01"),
    ]
    tender = TenderApplied.model_validate(
        {**TOLD, "con_id": 811, "quantity_change": D(-12000), "cash": D(0), "currency": "CAD",
         "successor_con_id": 812, "successor_quantity": D(12000)}
    )  # fmt: skip
    merger = MergerApplied.model_validate(
        {**TOLD, "reference": "2", "con_id": 812, "quantity_change": D(-12000), "cash": D(34320), "currency": "CAD"}
    )

    tendered = replay([old, set_aside, *fills, tender])
    book = told(tendered, merger)

    assert (basis(tendered, set_aside), realised(tendered, old)) == (D(31962), D(0))
    assert (realised(book, set_aside), book.positions) == (D(2358), {})
    assert book.cash == {"CAD": D(2358)}
    assert [each.opened_by for each in disposals(book.holdings[812])] == ["a", "b", "c"]
    assert nothing_between(book)


@pytest.mark.parametrize(
    ("units", "cost", "cash", "gain"),
    [
        pytest.param("1000", "20285", "30600", "10315", id="gv19 NILSY.TEN at 30.6"),
        pytest.param("367", "407.37", "405.4249", "-1.9451", id="gv20 JMLP, against its value of the day before"),
    ],
)
def test_gv19_and_gv20_a_merger_for_cash_is_a_sale(units: str, cost: str, cash: str, gain: str) -> None:
    merger = MergerApplied.model_validate(
        {**TOLD, "con_id": STOCK.con_id, "quantity_change": -D(units), "cash": D(cash), "currency": "USD"}
    )

    book = replay([STOCK, opened(STOCK, units, cost), merger])

    assert (realised(book, STOCK), book.cash) == (D(gain), {"USD": D(cash)})


# Spin-offs


def spun_off(quantity: str) -> SpinOffApplied:
    return SpinOffApplied.model_validate(
        {**TOLD, "con_id": STOCK.con_id, "child_con_id": OTHER.con_id, "child_quantity": D(quantity)}
    )


def allocated(fraction: str) -> BasisAllocated:
    return BasisAllocated.model_validate(
        {**TOLD, "reference": "2", "con_id": STOCK.con_id, "spin_off": spun_off("1").key, "fraction": D(fraction)}
    )


def test_gv21_a_spin_off_has_no_basis_until_its_share_is_known_and_then_from_its_day_on() -> None:
    child = D("124.079") * D("17.86")
    fraction = (child / (child + 1000 * D("35.86"))).quantize(D("1e-20"))
    parent = [STOCK, OTHER, bought(STOCK, "1000", "36.01", execution="a.01"), spun_off("124.079")]
    cash_in_lieu = sold(OTHER, "0.079", "17.86", execution="b.01", at=minutes(700))

    pending = replay([*parent, cash_in_lieu])
    book = told(pending, allocated(f"{fraction}"))

    assert Fraction(1000 * 124079, 1000000) == Fraction(D("124.079"))
    assert (basis(pending, OTHER), realised(pending, OTHER)) == (D(0), D("1.41094"))
    assert f"{fraction:.8f}" == "0.05820065"
    (closed,) = disposals(book.holdings[OTHER.con_id])
    assert (f"{closed.basis:.5f}", closed.opened_at) == ("1.33438", START)
    assert f"{basis(book, OTHER) + closed.basis:.3f}" == "2095.805"
    assert basis(book, STOCK) + basis(book, OTHER) + closed.basis == D("36010")
    assert nothing_between(book)


def test_the_tax_office_s_own_example_of_a_spin_off() -> None:
    book = replay([STOCK, OTHER, opened(STOCK, "75", "5400"), spun_off("7.5"), allocated("0.109624")])

    assert (basis(book, OTHER), basis(book, STOCK)) == (D("591.9696"), D("4808.0304"))
