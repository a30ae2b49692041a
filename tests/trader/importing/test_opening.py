"""What was held before a statement's first day, from what the statement says of its period."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ledger.events import (
    CommissionCharged,
    ContractRenamed,
    Fact,
    MergerApplied,
    OpeningBalanceRecorded,
    OpeningLotsRecorded,
    OptionExpired,
    OrderFilled,
    SplitApplied,
)
from tests.facts import contract
from trader.importing.opening import Opening, Said, opening

BEGINNING = datetime(2026, 1, 1, 5, tzinfo=UTC)
ACME, NEXT = 1, 2


CONTRACTS = {con_id: contract(con_id, f"S{con_id}") for con_id in (ACME, NEXT)}


def fill(number: int, quantity: str, price: str, con_id: int = ACME, commission: str = "-1") -> tuple[Fact, ...]:
    execution = f"e{number}.01"
    return (
        OrderFilled(
            account="U1", execution_id=execution, con_id=con_id, quantity=Decimal(quantity), price=Decimal(price),
            currency="USD", occurred_at=BEGINNING + timedelta(days=number), source="statement",
        ),
        CommissionCharged(execution_id=execution, amount=Decimal(commission), currency="USD"),
    )  # fmt: skip


def said(*facts: Fact, closing: str = "", opening: str = "", **told: object) -> Said:
    return Said(
        BEGINNING, CONTRACTS, facts, frozenset(closing.split()), frozenset(opening.split()), **told,  # type: ignore[arg-type]
    )  # fmt: skip


def realised(**amounts: str) -> dict[str, Decimal]:
    return {f"{name}.01": Decimal(amount) for name, amount in amounts.items()}


def positions(**held: tuple[str, str | None]) -> dict[int, tuple[Decimal, Decimal | None]]:
    ids = {"acme": ACME, "next": NEXT}
    return {ids[name]: (Decimal(q), None if b is None else Decimal(b)) for name, (q, b) in held.items()}


def lots(found: Opening, con_id: int = ACME) -> list[tuple[Decimal, Decimal]]:
    told = [fact for fact in found.facts if isinstance(fact, OpeningLotsRecorded) and fact.con_id == con_id]
    if told:
        return [(lot.quantity, lot.basis) for lot in told[0].lots]
    return [
        (fact.quantity or Decimal(0), fact.amount)
        for fact in found.facts
        if isinstance(fact, OpeningBalanceRecorded) and fact.con_id == con_id
    ]


def pairs(*texts: tuple[str, str]) -> list[tuple[Decimal, Decimal]]:
    return [(Decimal(quantity), Decimal(basis)) for quantity, basis in texts]


def test_a_period_that_begins_with_nothing_has_no_opening() -> None:
    found = opening(said(*fill(1, "10", "5"), *fill(2, "-10", "6"), closing="e2.01", cash_start={"USD": Decimal(0)}))

    assert found == Opening((), ())


def test_cash_is_what_the_statement_began_with() -> None:
    found = opening(said(cash_start={"USD": Decimal("12.5"), "EUR": Decimal(0)}))

    assert [(fact.currency, fact.amount) for fact in found.facts] == [("USD", Decimal("12.5"))]  # type: ignore[attr-defined]


def test_a_statement_without_cash_says_that_it_is_unknown() -> None:
    assert "does not say what cash it began with" in opening(said()).notes[0]


def test_units_are_those_at_the_end_less_what_moved() -> None:
    held = positions(acme=("25", "230"))
    found = opening(said(*fill(1, "10", "10"), positions=held, cash_start={}))

    assert lots(found) == pairs(("15", "129"))  # 230 less the bought 10 x 10 and their commission of 1
    assert found.notes == ()


def test_a_contract_that_is_not_listed_ended_flat() -> None:
    told = said(*fill(1, "-15", "10"), positions={}, realised=realised(e1="20"), closing="e1.01", cash_start={})

    assert lots(opening(told)) == pairs(("15", "129"))  # 150 - 1 received, of which 20 gained


def test_what_was_closed_and_never_opened_was_held() -> None:
    told = said(*fill(1, "-15", "10"), closing="e1.01", realised=realised(e1="20"), cash_start={})

    assert lots(opening(told)) == pairs(("15", "129"))


def test_a_short_position_is_found_with_its_proceeds() -> None:
    told = said(*fill(1, "5", "8"), closing="e1.01", realised=realised(e1="9"), cash_start={})

    assert lots(opening(told)) == pairs(("-5", "-50"))  # 50 were received: 50 - 40 - 1 = 9


def test_each_closing_tells_the_basis_of_its_own_units() -> None:
    told = said(
        *fill(1, "-10", "10"),
        *fill(2, "-10", "10"),
        positions=positions(acme=("5", "60")),
        realised=realised(e1="19", e2="-1"),
        closing="e1.01 e2.01",
        cash_start={},
    )

    assert lots(opening(told)) == pairs(("10", "80"), ("10", "100"), ("5", "60"))


def test_a_closing_takes_what_the_period_opened_last() -> None:
    told = said(
        *fill(1, "10", "20"),
        *fill(2, "-15", "30"),
        closing="e2.01",
        realised=realised(e2="200"),
        positions=positions(acme=("5", "100.5")),
        cash_start={},
    )

    assert lots(opening(told)) == pairs(("10", "148.5"))  # 449 - 200 = 249, of which 5 x 20.1 are known


def test_a_split_counts_units_as_they_were() -> None:
    split = SplitApplied(
        con_id=ACME, source="statement", reference="1", numerator=4, denominator=1, quantity_change=Decimal(30)
    )
    told = said(split, *fill(2, "-20", "5"), closing="e2.01", realised=realised(e2="29"), cash_start={})

    assert lots(opening(told))[0] == (Decimal(5), Decimal(70))
    assert sum(quantity for quantity, _ in lots(opening(told))) == 10


def test_a_renamed_position_was_held_under_its_old_id() -> None:
    renamed = ContractRenamed(con_id=ACME, source="statement", reference="1", successor_con_id=NEXT)
    told = said(renamed, positions=positions(next=("7", "70")), cash_start={})

    assert lots(opening(told)) == pairs(("7", "70"))
    assert lots(opening(told), NEXT) == []


def test_a_merger_for_cash_tells_the_basis_by_its_gain() -> None:
    merger = MergerApplied(
        con_id=ACME, source="statement", reference="1", quantity_change=Decimal(-10), cash=Decimal(300), currency="USD"
    )
    told = said(merger, realised_of={ACME: Decimal(50)}, cash_start={})

    assert lots(opening(told)) == pairs(("10", "250"))


def test_a_merger_for_another_contract_carries_the_basis_back() -> None:
    merger = MergerApplied(
        con_id=ACME, source="statement", reference="1", quantity_change=Decimal(-10), cash=Decimal(0), currency="USD",
        successor_con_id=NEXT, successor_quantity=Decimal(5),
    )  # fmt: skip
    told = said(merger, positions=positions(next=("5", "123")), cash_start={})

    assert lots(opening(told)) == pairs(("10", "123"))


def test_an_option_that_expired_lost_its_basis() -> None:
    expired = OptionExpired(con_id=ACME, source="statement", reference="1", quantity=Decimal(-2))

    assert lots(opening(said(expired, realised_of={ACME: Decimal(-90)}, cash_start={}))) == pairs(("2", "90"))


def test_a_basis_that_nothing_tells_is_said_to_be_unknown() -> None:
    found = opening(said(positions=positions(acme=("3", None)), cash_start={}))

    assert lots(found) == pairs(("3", "0"))
    assert found.notes == ("S1: the basis of what was held before is not told; taken as 0",)


def test_lots_keep_the_days_on_which_they_were_opened() -> None:
    first, second = datetime(2024, 5, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)
    told = said(
        *fill(1, "-10", "10"),
        positions=positions(acme=("5", "60")),
        realised=realised(e1="19"),
        closing="e1.01",
        cash_start={},
        opened_at={ACME: ((first, Decimal(10)), (second, Decimal(5)))},
    )

    recorded = next(fact for fact in opening(told).facts if isinstance(fact, OpeningLotsRecorded))
    assert [lot.opened_at for lot in recorded.lots] == [first, second]


@pytest.mark.parametrize(("only_opens", "expected"), [("", pairs(("-10", "0"))), ("e1.01", [])], ids=["silent", "says"])
def test_a_statement_that_contradicts_itself_is_not_mended(
    only_opens: str, expected: list[tuple[Decimal, Decimal]]
) -> None:
    found = opening(said(*fill(1, "10", "10"), positions={}, opening=only_opens, cash_start={}))

    assert lots(found) == expected


def test_what_was_closed_was_there_whatever_the_end_says() -> None:
    split = SplitApplied(
        con_id=ACME, source="statement", reference="1", numerator=2, denominator=1, quantity_change=Decimal(100)
    )

    assert lots(opening(said(split, positions={}, cash_start={}))) == pairs(("100", "0"))


def test_a_correction_and_its_original_count_once() -> None:
    told = said(
        *fill(1, "-15", "10"),
        OrderFilled(
            account="U1", execution_id="e1.02", con_id=ACME, quantity=Decimal(-14), price=Decimal(10), currency="USD",
            occurred_at=BEGINNING + timedelta(days=1), source="statement",
        ),
        closing="e1.01 e1.02",
        realised={"e1.02": Decimal(20)},
        cash_start={},
    )  # fmt: skip

    assert lots(opening(told)) == pairs(("14", "119"))
