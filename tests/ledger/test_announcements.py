"""What is to come is kept until it has come, is cancelled, or is long over; none of it moves money."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from ledger.book import Impossible
from ledger.events import (
    CashDeposited,
    CashWithdrawn,
    CurrencyConverted,
    DistributionDeclared,
    FlowCancelled,
    FlowExpected,
    SplitDeclared,
    StatementFact,
    StatementReconciled,
)
from tests.facts import ACCOUNT, DAY, SPY, minutes, opened_cash, replay, told

D = Decimal
DEPOSIT = FlowExpected(amount=D(500), currency="USD", until=DAY)
WITHDRAWAL = FlowExpected(amount=D(-70), currency="USD", until=DAY, note="rent")


def declared(ex_date_in: int, amount: str = "1.23") -> DistributionDeclared:
    ex_date = DAY + timedelta(days=ex_date_in)
    return DistributionDeclared(
        con_id=SPY.con_id, ex_date=ex_date, amount=D(amount), currency="USD", source="folder", occurred_at=minutes(1)
    )


def test_flows_are_named_in_the_order_of_the_log_and_move_nothing() -> None:
    book = replay([opened_cash("1000"), DEPOSIT, WITHDRAWAL])

    assert book.flows == {"F-1": DEPOSIT, "F-2": WITHDRAWAL}
    assert book.cash == {"USD": D(1000)}


def test_a_name_is_never_given_again() -> None:
    book = replay([DEPOSIT, FlowCancelled(flow_id="F-1", why="no"), WITHDRAWAL])

    assert book.flows == {"F-2": WITHDRAWAL}


@pytest.mark.parametrize(
    ("came", "left"),
    [
        pytest.param(CashDeposited(source="s", reference="1", amount=D(500), currency="USD"), {"F-2"}, id="its amount"),
        pytest.param(CashWithdrawn(source="s", reference="1", amount=D(-70), currency="USD"), {"F-1"}, id="the other"),
        pytest.param(CashDeposited(source="s", reference="1", amount=D(500), currency="EUR"), {"F-1", "F-2"}, id="€"),
        pytest.param(
            CashDeposited(source="s", reference="1", amount=D(499), currency="USD"), {"F-1", "F-2"}, id="less"
        ),
        pytest.param(
            CashDeposited(source="rule", reference="B-1/F-1", amount=D(499), currency="USD"), {"F-2"}, id="its name"
        ),
    ],
)
def test_what_has_come_is_expected_no_longer(came: CashDeposited | CashWithdrawn, left: set[str]) -> None:
    assert set(replay([DEPOSIT, WITHDRAWAL, came]).flows) == left


def test_what_was_taken_for_its_arrival_and_is_undone_leaves_it_expected_as_before() -> None:
    guess = CashDeposited(source="operator", reference="B-1/F-1", amount=D(500), currency="USD", provisional=True)
    undone = StatementReconciled(
        account=ACCOUNT, first_day=DAY, last_day=DAY, file_sha256="00",
        reversed=(StatementFact(key=guess.key, type=guess.type),),
    )  # fmt: skip
    book = replay([opened_cash("1000"), DEPOSIT, WITHDRAWAL, guess])

    after = told(book, undone)

    assert (list(book.flows), book.cash) == (["F-2"], {"USD": D(1500)})
    assert (list(after.flows.items()), after.cash) == ([("F-1", DEPOSIT), ("F-2", WITHDRAWAL)], {"USD": D(1000)})
    came = CashDeposited(source="s", reference="1", amount=D(500), currency="USD")
    assert list(told(after, came).flows) == ["F-2"]


def test_the_brokers_own_word_on_an_arrival_leaves_it_come() -> None:
    guess = CashDeposited(source="operator", reference="B-1/F-1", amount=D(500), currency="USD", provisional=True)
    word = CashDeposited(source="s", reference="1", amount=D("499.50"), currency="USD", replaces=guess.key)

    after = replay([DEPOSIT, guess, word])

    assert (after.flows, after.cash) == ({}, {"USD": D("499.50")})


def test_what_is_not_expected_cannot_be_cancelled() -> None:
    with pytest.raises(Impossible, match="flow F-7: expected one that is still expected \\(F-1\\)"):
        replay([DEPOSIT, FlowCancelled(flow_id="F-7", why="no")])


def test_nothing_is_no_flow() -> None:
    with pytest.raises(Impossible, match="expected an amount, found 0"):
        replay([FlowExpected(amount=D(0), currency="USD", until=DAY)])


def test_the_last_word_on_an_ex_date_counts_and_what_is_long_over_goes() -> None:
    book = replay([declared(-150), declared(3), declared(3, "1.30")])

    assert {name: told_of.amount for name, told_of in book.distributions.items()} == {
        f"{SPY.con_id}/{DAY + timedelta(days=3)}": D("1.30")
    }


def test_splits_are_kept_in_the_same_way() -> None:
    split = SplitDeclared(con_id=SPY.con_id, ex_date=DAY, numerator=2, denominator=1, source="folder")

    assert replay([split, split]).splits == {f"{SPY.con_id}/{DAY}": split}


def test_a_conversion_that_was_inferred_gives_way_to_the_brokers_own() -> None:
    guess = CurrencyConverted(
        source="operator", reference="B-1", sold=D(1300), sold_currency="USD", bought=D(1000), bought_currency="EUR",
        provisional=True,
    )  # fmt: skip
    book = replay([opened_cash("5000"), guess])
    word = guess.model_copy(
        update={"source": "statement", "sold": D(1301), "provisional": False, "replaces": guess.key}
    )

    after = told(book, word)

    assert list(book.provisional) == [guess.key]
    assert (after.cash, dict(after.provisional)) == ({"USD": D(3699), "EUR": D(1000)}, {})
