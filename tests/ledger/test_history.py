from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from ledger.book import Book, replay
from ledger.daybook import entries
from ledger.events import (
    CurrencyConverted,
    DividendPaid,
    Fact,
    FeeCharged,
    StatementFact,
    StatementReconciled,
    TaxWithheld,
)
from ledger.history import as_known_at, as_of
from ledger.journal import trial_balance
from ledger.line import Event
from tests.facts import CONTRACTS, GENESIS, SPY, bought, busted, commission, events, minutes, opened_cash, sold

D = Decimal
DAY = timedelta(days=1)
PAID_AT, KNOWN_AT = minutes(60), minutes(60) + 300 * DAY


def tax(reference: str, amount: str) -> TaxWithheld:
    """A tax on the dividend, dated to the dividend's day."""
    return TaxWithheld(
        source="statement", reference=reference, amount=D(amount), currency="USD", con_id=SPY.con_id,
        occurred_at=PAID_AT,
    )  # fmt: skip


def re_dated() -> list[Event]:
    """A dividend and its tax; ten months later the tax is given back and charged anew, both as of the dividend."""
    dividend = DividendPaid(
        source="statement", reference="1", amount=D(100), currency="USD", con_id=SPY.con_id, occurred_at=PAID_AT
    )
    before: list[Fact] = [GENESIS, *CONTRACTS, opened_cash("1000"), dividend, tax("2", "-30")]
    told = list(events(before))
    return [*told, *events([tax("3", "30"), tax("4", "-15")], first_seq=len(told), after=KNOWN_AT)]


def cash(told: list[Event]) -> Decimal:
    return folded(told).cash["USD"]


def folded(told: list[Event]) -> Book:
    return replay(told, retain=True)


def test_a_re_dated_tax_stands_in_its_year_as_of_it_and_was_not_known_then() -> None:
    told, year_end = re_dated(), PAID_AT + 100 * DAY

    assert cash(list(as_known_at(told, year_end))) == 1070
    assert cash(list(as_of(lambda: told, year_end))) == 1085
    assert cash(told) == cash(list(as_known_at(told, KNOWN_AT + DAY))) == 1085
    assert cash(list(as_of(lambda: told, PAID_AT - timedelta(minutes=1)))) == 1000


def test_what_is_told_late_of_an_execution_belongs_to_its_time() -> None:
    told = [GENESIS, *CONTRACTS, bought(SPY, "10", execution="a.01"), sold(SPY, "4", execution="b.01", at=minutes(60))]
    told += [commission("a.01", "-1"), commission("b.01", "-2"), bought(SPY, "9", execution="a.02")]

    book = folded(list(as_of(lambda: events(told, after=minutes(-60)), minutes(30))))

    assert book.positions == {SPY.con_id: 9}
    assert book.cash == {"USD": -3601}


def test_an_execution_that_was_taken_back_never_happened_as_of_its_day() -> None:
    told = [
        GENESIS,
        *CONTRACTS,
        bought(SPY, "10", execution="a.01"),
        bought(SPY, "1", execution="b.01"),
        busted("b.01"),
    ]
    late = list(events(told, after=minutes(-60)))
    late[-1] = late[-1]._replace(recorded_at=minutes(1000))

    assert folded(list(as_of(lambda: late, minutes(30)))).positions == {SPY.con_id: 10}


def test_what_was_inferred_did_not_happen_as_of_its_day_once_the_broker_tells_a_later_one() -> None:
    common = {"currency": "USD", "con_id": SPY.con_id}
    inferred = DividendPaid.model_validate(
        {**common, "source": "rule", "reference": "1", "amount": D(9), "provisional": True, "occurred_at": PAID_AT}
    )
    paid = DividendPaid.model_validate(
        {**common, "source": "statement", "reference": "2", "amount": D(10), "replaces": inferred.key,
         "occurred_at": PAID_AT + DAY}
    )  # fmt: skip
    told = list(events([GENESIS, *CONTRACTS, opened_cash("1000"), inferred, paid]))

    assert cash(list(as_of(lambda: told, PAID_AT - timedelta(minutes=1)))) == 1000
    assert cash(list(as_of(lambda: told, PAID_AT))) == 1000
    assert cash(list(as_of(lambda: told, PAID_AT + DAY))) == 1010
    assert cash(list(as_known_at(told, PAID_AT))) == 1009


def test_what_a_statement_undid_never_happened_as_of_its_day() -> None:
    fee = FeeCharged(source="rule", reference="1", amount=D(-7), currency="USD", kind="other", provisional=True)
    told = list(events([GENESIS, *CONTRACTS, opened_cash("1000"), fee]))
    day = told[-1].recorded_at.date()
    undone = StatementReconciled(
        account="DU1000001", first_day=day, last_day=day, file_sha256="00",
        reversed=(StatementFact(key=fee.key, type=fee.type),),
    )  # fmt: skip
    whole = [*told, *events([undone], first_seq=len(told), after=KNOWN_AT)]

    assert cash(list(as_known_at(whole, KNOWN_AT - DAY))) == 993
    assert cash(list(as_of(lambda: whole, KNOWN_AT - DAY))) == cash(whole) == 1000


def test_a_conversion_that_was_inferred_did_not_happen_before_the_broker_told_it() -> None:
    guess = CurrencyConverted(
        source="operator", reference="B-1", sold=D(130), sold_currency="USD", bought=D(100), bought_currency="EUR",
        provisional=True, occurred_at=PAID_AT,
    )  # fmt: skip
    word = guess.model_copy(
        update={"source": "statement", "provisional": False, "replaces": guess.key, "occurred_at": PAID_AT + DAY}
    )
    told = list(events([GENESIS, *CONTRACTS, opened_cash("1000"), guess, word]))

    assert cash(list(as_of(lambda: told, PAID_AT))) == 1000
    assert cash(list(as_of(lambda: told, PAID_AT + DAY))) == 870
    assert cash(list(as_known_at(told, PAID_AT))) == 870


def test_what_was_booked_and_replaced_later_had_happened() -> None:
    paid, again = tax("1", "-30"), tax("2", "-15").model_copy(update={"occurred_at": PAID_AT + DAY})
    again = again.model_copy(update={"replaces": paid.key})
    told = list(events([GENESIS, *CONTRACTS, opened_cash("1000"), paid, again]))

    assert cash(list(as_of(lambda: told, PAID_AT))) == 970
    assert cash(list(as_of(lambda: told, PAID_AT + DAY))) == 985


def test_a_correction_may_move_an_execution_to_a_later_time() -> None:
    first, second = bought(SPY, "10", execution="a.01"), bought(SPY, "10", execution="a.02", at=minutes(60))
    told = list(events([GENESIS, *CONTRACTS, first, commission("a.01", "-1"), second], after=minutes(-60)))

    assert folded(list(as_of(lambda: told, minutes(30)))).cash == {}
    assert folded(list(as_of(lambda: told, minutes(60)))).positions == {SPY.con_id: 10}


def test_an_imported_history_is_older_than_its_log() -> None:
    told = list(events([GENESIS, *CONTRACTS, bought(SPY, "10", execution="a.01")], after=KNOWN_AT))

    assert folded(list(as_of(lambda: told, minutes(30)))).positions == {SPY.con_id: 10}
    assert list(as_known_at(told, minutes(30))) == []


def test_the_daybook_holds_an_entry_for_every_fact_that_moves_something_and_sums_to_the_balances() -> None:
    told = re_dated()

    written = list(entries(told))

    balances = dict[tuple[str, str], Decimal]()
    for entry in written:
        assert set(trial_balance(entry.postings).values()) == {D(0)}
        for account, currency, amount in entry.postings:
            balances[account, currency] = balances.get((account, currency), D(0)) + amount
    assert balances == dict(folded(told).journal)
    assert [entry.type for entry in written] == [
        "opening_balance_recorded", "dividend_paid", "tax_withheld", "tax_withheld", "tax_withheld",
    ]  # fmt: skip
    assert (written[-1].at, written[-1].recorded_at > KNOWN_AT) == (PAID_AT, True)
