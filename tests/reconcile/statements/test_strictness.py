"""A file is read whole or not at all, always in the same way, and never ends in another error than its own."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconcile.statements import StatementError, UnknownStatement, read
from tests.reconcile.statements.csv_text import ACTIVITY
from tests.reconcile.statements.flex_text import ACME, ES, PUT, action, cash, flex, row, section, trade

TRADES = (
    trade(1, "100", "10", openCloseIndicator="O"), trade(2, "60", "11"), trade(3, "-130", "12", fifoPnlRealized="190"),
    trade(4, "2", "5000", ES), trade(5, "1", "0", PUT, notes="Ep", transactionType="BookTrade"),
    trade(6, "5", "10", ibExecID="", tradeID="", transactionID=""),
    trade(7, "5", "10", dateTime="20260114;100006", ibExecID="", tradeID="", transactionID=""),
    trade(8, "9", "10"),
    trade(8, "-9", "10", buySell="BUY (Ca.)", notes="Ca", ibExecID="", tradeID="", transactionID=99,
          origTransactionID=8008),
)  # fmt: skip
CASH = (
    cash("Dividends", "1", ACME), cash("Dividends", "1", ACME), cash("Other Fees", "-1"),
    cash("Deposits/Withdrawals", "1000", dateTime="20260114"),
)  # fmt: skip
ACTIONS = (
    action("RS", "4", "ACME(US1) SPLIT 1 FOR 25 (ACME, ACME INC, US2)", {**ACME, "conid": "102", "isin": "US2"}),
    action("RS", "-100", "ACME(US1) SPLIT 1 FOR 25 (ACME.OLD, ACME INC, US1)", {**ACME, "isin": "US1"}),
    action("GV", "1", "ACME(US1) VOLUNTARY"),
)
POSITIONS = (row("OpenPosition", ACME, position="35", costBasisMoney="385", levelOfDetail="SUMMARY"),)
GROUPS = (("Trades", TRADES), ("CashTransactions", CASH), ("CorporateActions", ACTIONS), ("OpenPositions", POSITIONS))
WHOLE = flex(*(section(name, *rows) for name, rows in GROUPS))


def test_reading_twice_tells_the_same() -> None:
    assert read(WHOLE, "day.xml") == read(WHOLE, "day.xml")


@given(st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_rows_changes_nothing(chance: random.Random) -> None:
    groups = [(name, chance.sample(rows, len(rows))) for name, rows in GROUPS]
    chance.shuffle(groups)
    (shuffled,) = read(flex(*(section(name, *rows) for name, rows in groups)), "day.xml")
    (straight,) = read(WHOLE, "day.xml")

    assert shuffled.facts == straight.facts
    assert shuffled.contracts == straight.contracts
    assert shuffled.observed == straight.observed


def test_facts_stand_in_economic_order() -> None:
    (statement,) = read(WHOLE, "day.xml")
    times = [fact.occurred_at for fact in statement.facts]

    assert times == sorted(times, key=str)
    assert all(statement.lines is not None and statement.lines[fact.key or ""] > 3 for fact in statement.facts)


def mutated(content: bytes, place: int, length: int, by: bytes) -> bytes:
    place %= len(content)
    return content[:place] + by + content[place + length :]


@given(
    st.sampled_from((WHOLE, ACTIVITY)), st.integers(0, 10**6), st.integers(0, 40),
    st.binary(max_size=6) | st.sampled_from((b'"', b"<", b"&x;", b"-", b"9" * 30, b"1e99", b"NaN", b",", b"\n")),
)  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_a_damaged_file_ends_in_no_other_error(content: bytes, place: int, length: int, by: bytes) -> None:
    refused = refusal(mutated(content, place, length, by))

    assert refused is None or (refused.line >= 1 and str(refused).startswith("day, line "))


def refusal(content: bytes) -> StatementError | None:
    """Return why a file is not read; None if it is."""
    try:
        read(content, "day")
    except StatementError as error:
        return error
    return None


@given(st.integers(0, 10**6))
@settings(max_examples=80, deadline=None)
def test_a_flex_file_that_was_cut_off_is_not_half_read(place: int) -> None:
    assert refusal(WHOLE[: place % len(WHOLE.rstrip())]) is not None


@given(st.integers(0, 10**6))
@settings(max_examples=80, deadline=None)
def test_a_csv_file_that_was_cut_off_ends_in_no_other_error(place: int) -> None:
    refused = refusal(ACTIVITY[: place % len(ACTIVITY)])

    assert refused is None or refused.line >= 1


@given(st.binary(max_size=200))
@settings(max_examples=150, deadline=None)
def test_bytes_that_are_no_statement_are_refused(content: bytes) -> None:
    with pytest.raises(StatementError):
        read(content, "day")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"", "an empty file", id="empty"),
        pytest.param(b"hello", "Flex statement as XML", id="text"),
        pytest.param(b'"BOF","U1","q"\n"BOA","U1"\n', "as XML", id="Flex as CSV"),
        pytest.param(b'"ClientAccountID","Symbol"\n"U1","A"\n', "as XML", id="Flex as CSV without its frame"),
        pytest.param(b"Statement,Header,Feldname,Feldwert\n", "in English", id="German"),
        pytest.param("Relevé,Header,Nom,Valeur\n".encode(), "in English", id="French"),
        pytest.param(
            b"<FlexStatementResponse><Status>Fail</Status></FlexStatementResponse>", "that it announces", id="an answer"
        ),
    ],
)
def test_a_file_of_another_kind_is_refused_by_name(content: bytes, expected: str) -> None:
    with pytest.raises(UnknownStatement, match=expected):
        read(content, "file")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY x "1">]>\n<FlexQueryResponse/>', "document type", id="document type and entity"
        ),
        pytest.param(WHOLE.replace(b'count="1"', b'count="2"'), "2 statements", id="wrong count"),
        pytest.param(WHOLE.replace(b"<Trades>", b"<Trades>text"), "elements alone", id="text between"),
        pytest.param(WHOLE.replace(b'accountId="U1" from', b'accountId="" from'), "an account", id="no account"),
        pytest.param(WHOLE.replace(b'toDate="20260131"', b'toDate="20251231"'), "a period", id="backward period"),
        pytest.param(
            WHOLE.replace(b"<Trades>", b'<Moons><Moon rent="5" /></Moons><Trades>'), "a section", id="section"
        ),
        pytest.param(WHOLE.replace(b"</Trades>", b'<Moon a="5" /></Trades>'), "rows Trade", id="row"),
    ],
)
def test_what_is_malformed_or_unknown_is_refused(content: bytes, expected: str) -> None:
    with pytest.raises(StatementError, match=expected):
        read(content, "file")


def test_an_unknown_section_without_rows_is_noted() -> None:
    (statement,) = read(flex("<Moons />"), "file")

    assert any("Moons" in note for note in statement.notes)


def test_an_error_names_file_line_section_and_attribute() -> None:
    with pytest.raises(StatementError) as refused:
        read(flex(section("Trades", *TRADES[:2], trade(9, "1", "1", rent="5"))), str(Path("a") / "b.xml"))

    text = f"{Path('a') / 'b.xml'}, line 7: expected attributes that are known, for a number may be money, found '5'"
    assert str(refused.value) == f"{text} in Trades/Trade as rent; nothing of it was read"


def test_a_byte_order_mark_is_no_content() -> None:
    assert read(b"\xef\xbb\xbf" + WHOLE, "day.xml") == read(WHOLE, "day.xml")
    assert read(b"\xef\xbb\xbf" + ACTIVITY, "day.csv") == read(ACTIVITY, "day.csv")
