"""`tallybook import` and `tallybook reconcile --statement`, as a person runs them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import Book, replay
from ledger.clock import SystemClock
from ledger.events import (
    AccountAdopted,
    ContractDefined,
    DividendPaid,
    LogStarted,
    OpeningBalanceRecorded,
    OrderFilled,
)
from ledger.ledger import Ledger
from ledger.line import Event
from ledger.log import read_events
from tests.trader.homes import SETTINGS, write_settings
from tests.trader.importing.flex_files import ACCOUNT, IDS, Happening, Moved, Traded, statement, write
from tests.trader.test_flex import TOKEN, refers, says, serving
from trader import exits
from trader.commands.app import run
from trader.importing import StatementRefused, batches_of, read_file
from trader.sources.flex import TOKEN_VARIABLE

ACME, BOLT = IDS["ACME"], IDS["BOLT"]


def traded(day: str, symbol: str, quantity: str, price: str) -> Traded:
    return Traded(date.fromisoformat(day), symbol, Decimal(quantity), Decimal(price))


def moved(day: str, kind: str, amount: str, symbol: str = "") -> Moved:
    return Moved(date.fromisoformat(day), kind, Decimal(amount), symbol)


HISTORY: tuple[Happening, ...] = (
    moved("2025-12-01", "Deposits/Withdrawals", "10000"),
    traded("2025-12-02", "ACME", "20", "10"),
    traded("2025-12-03", "ACME", "20", "11"),
    traded("2026-01-05", "ACME", "-25", "12"),
    traded("2026-01-06", "BOLT", "-5", "40"),
    moved("2026-01-20", "Other Fees", "-4.5"),
    traded("2026-02-05", "ACME", "-20", "13"),  # a flip: 15 are closed, 5 sold short
    moved("2026-02-06", "Dividends", "7", "ACME"),
    moved("2026-02-06", "Withholding Tax", "-2.1", "ACME"),
    traded("2026-02-10", "BOLT", "5", "39"),
)
JANUARY, FEBRUARY = (date(2026, 1, 1), date(2026, 1, 31)), (date(2026, 2, 1), date(2026, 2, 28))
OVERLAPPING = (date(2026, 1, 6), date(2026, 2, 28))

Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def say(home: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """Run the command; return its status, and what it said on both streams."""

    def run_it(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = run(["--home", str(home), *map(str, arguments)])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run_it


def part(folder: Path, name: str, period: tuple[date, date], account: str = ACCOUNT) -> Path:
    return write(folder, name, statement(HISTORY, *period, account=account))


def book_of(home: Path) -> Book:
    return replay(tuple(read_events(home)))


def differing(say: Say, path: Path) -> list[dict[str, str | None]]:
    _, out, _ = say("reconcile", "--statement", path, "--format", "json")
    rows: list[dict[str, str | None]] = json.loads(out)
    told = [row for row in rows if row["difference"] is not None]
    assert told, "nothing was compared"
    return [row for row in told if abs(Decimal(row["difference"] or 0)) > Decimal(row["tolerance"] or 0)]


def test_a_fresh_home_begins_with_what_was_held_before(tmp_path: Path, home: Path, say: Say) -> None:
    path = part(tmp_path, "january.xml", JANUARY)

    status, out, _ = say("import", path)

    assert (status, out.splitlines()[0]) == (
        exits.FINE,
        f"january.xml: {ACCOUNT}, 2026-01-01 to 2026-01-31: 5 new of 5 facts",
    )
    book = book_of(home)
    assert (book.account, book.mode, book.base_currency) == (ACCOUNT, "paper", "USD")
    assert book.positions == {ACME: Decimal(15), BOLT: Decimal(-5)}
    assert (book.holdings[ACME].quantity, book.holdings[ACME].basis) == (Decimal(15), Decimal("165.75"))
    assert differing(say, path) == []


def test_a_home_of_statements_alone_is_well_as_it_is(tmp_path: Path, home: Path, say: Say) -> None:
    path = part(tmp_path, "january.xml", JANUARY)
    say("import", path)

    status, out, err = say("status")

    _, second, third = out.splitlines()[:3]
    assert (status, err) == (0, "")
    assert second.startswith(f"STATEMENTS ONLY, up to {JANUARY[1]} (to trade: tallybook init, then tallybook adopt)")
    assert second.endswith("nothing waits for you")
    assert third.startswith("NAV unknown")


def test_a_file_that_tells_its_last_cash_alone_tells_its_first_too(tmp_path: Path, home: Path, say: Say) -> None:
    text = re.sub(r' startingCash="[^"]*"', "", statement(HISTORY, *JANUARY))
    path = write(tmp_path, "january.xml", text)

    say("import", path)

    assert differing(say, path) == []
    opening = next(
        e.fact for e in read_events(home) if isinstance(e.fact, OpeningBalanceRecorded) and not e.fact.con_id
    )
    assert opening.amount == Decimal("9578")  # 10,000 less two purchases and their commissions


def test_the_last_statement_is_fetched_from_the_service(
    tmp_path: Path, home: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving() as service:
        service.answers = [refers(service), says(statement(HISTORY, *JANUARY).encode())]
        section = f'\n[flex]\nquery_id = "123456"\nbase_url = "{service.base_url}"\n'
        write_settings(home, SETTINGS.replace("DU1000001", ACCOUNT) + section)
        monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)

        status, out, err = say("import", "--flex")

    assert (status, err) == (exits.FINE, "")
    assert out.startswith(f"flex: {ACCOUNT}, 2026-01-01 to 2026-01-31: 5 new of 5 facts")
    assert book_of(home).positions == {ACME: Decimal(15), BOLT: Decimal(-5)}


def test_without_a_query_the_service_is_not_asked(home: Path, say: Say) -> None:
    status, _, err = say("import", "--flex")

    assert status == exits.COULD_NOT
    assert "flex.query_id: expected the number of a Flex query, found none" in err


def test_the_same_file_twice_adds_nothing(tmp_path: Path, home: Path, say: Say) -> None:
    path = part(tmp_path, "january.xml", JANUARY)
    say("import", path)
    before = book_of(home).seq

    status, out, _ = say("import", path)

    assert status == exits.FINE
    assert "imported before, nothing new" in out
    assert book_of(home).seq == before


@pytest.mark.parametrize("later", [FEBRUARY, OVERLAPPING], ids=["adjacent", "overlapping"])
def test_the_next_file_adds_what_is_new(tmp_path: Path, home: Path, say: Say, later: tuple[date, date]) -> None:
    first, second = part(tmp_path, "first.xml", JANUARY), part(tmp_path, "second.xml", later)
    say("import", first)
    status, _, _ = say("import", second)

    assert status == exits.FINE
    assert differing(say, second) == []
    assert differing(say, first) == []
    whole = part(tmp_path, "whole.xml", (JANUARY[0], FEBRUARY[1]))
    assert differing(say, whole) == []


def test_files_named_together_are_taken_in_their_order(tmp_path: Path, home: Path, say: Say) -> None:
    first, second = part(tmp_path, "b.xml", JANUARY), part(tmp_path, "a.xml", FEBRUARY)

    status, out, _ = say("import", second, first)

    assert status == exits.FINE
    assert [line.partition(":")[0] for line in out.splitlines()] == ["b.xml", "a.xml"]
    assert differing(say, second) == []


def test_what_happened_before_the_log_began_is_in_its_opening(tmp_path: Path, home: Path, say: Say) -> None:
    earlier, later = part(tmp_path, "earlier.xml", JANUARY), part(tmp_path, "later.xml", FEBRUARY)
    say("import", later)
    _, out, _ = say("import", earlier)

    assert "5 facts from before the log's beginning are left out" in out
    assert differing(say, later) == []


def test_the_whole_history_in_one_file_or_in_many_is_the_same_book(tmp_path: Path, home: Path, say: Say) -> None:
    for name, period in (("1.xml", JANUARY), ("2.xml", OVERLAPPING)):
        say("import", part(tmp_path, name, period))
    told = book_of(home)

    other = tmp_path / "other"
    assert run(["--home", str(other), "import", str(part(tmp_path, "w.xml", (JANUARY[0], FEBRUARY[1])))]) == exits.FINE
    whole = book_of(other)
    assert whole.cash == told.cash
    assert {c: (h.quantity, h.basis, h.realised) for c, h in whole.holdings.items()} == {
        c: (h.quantity, h.basis, h.realised) for c, h in told.holdings.items()
    }


def test_another_account_is_refused(tmp_path: Path, home: Path, say: Say) -> None:
    say("import", part(tmp_path, "mine.xml", JANUARY))
    before = book_of(home).seq

    status, _, err = say("import", part(tmp_path, "theirs.xml", FEBRUARY, account="DU1111111"))

    assert status == exits.COULD_NOT
    assert "DU1111111" in err
    assert book_of(home).seq == before


def test_an_account_that_the_settings_do_not_name_is_refused(tmp_path: Path, home: Path, say: Say) -> None:
    write_settings(home)

    status, _, err = say("import", part(tmp_path, "january.xml", JANUARY))

    assert status == exits.COULD_NOT
    assert err.startswith("statement-refused: january.xml: expected a statement of account DU1000001")
    assert not (home / "var").exists()


def test_of_a_file_with_an_impossible_fact_nothing_is_imported(tmp_path: Path, home: Path, say: Say) -> None:
    text = statement(HISTORY, *JANUARY).replace('levelOfDetail="EXECUTION"', 'levelOfDetail="EXECUTION" taxes_=""')
    wrong = text.replace('taxes_=""', "").replace('tradePrice="40"', 'tradePrice="-40"')

    status, _, err = say("import", write(tmp_path, "wrong.xml", wrong))

    assert status == exits.COULD_NOT
    assert "wrong.xml" in err
    assert err.count("\n") == 1
    assert not home.exists()


def test_a_file_that_is_no_statement_is_refused(tmp_path: Path, home: Path, say: Say) -> None:
    status, _, err = say("import", write(tmp_path, "page.xml", "<html><body>Log in</body></html>"))

    assert status == exits.COULD_NOT
    assert "page.xml" in err
    assert not home.exists()


def test_a_file_of_balances_without_facts_says_what_is_missing(tmp_path: Path, home: Path, say: Say) -> None:
    funds = (
        f'<FlexQueryResponse queryName="x" type="AF"><FlexStatements count="1"><FlexStatement accountId="{ACCOUNT}" '
        'fromDate="20260101" toDate="20260131" period="" whenGenerated="20260201;120000"><StmtFunds>'
        f'<StatementOfFundsLine accountId="{ACCOUNT}" currency="USD" levelOfDetail="Currency" date="20260105" '
        'activityDescription="Cash Transfer" debit="" credit="100" amount="100" balance="100" />'
        "</StmtFunds></FlexStatement></FlexStatements></FlexQueryResponse>"
    )
    path = tmp_path / "funds.xml"
    path.write_text(funds, encoding="utf-8")

    status, out, _ = say("import", path, "--base-currency", "USD")

    assert status == 0
    assert "0 new of 0 facts" in out
    assert "the statement of funds alone tells no facts" in out
    assert "add Trades, Cash Transactions and Open Positions" in out
    with pytest.raises(StatementRefused, match="the statement of funds alone"):  # a cycle would take its day as told
        list(batches_of(book_of(home), home, read_file(path.read_bytes(), path.name)))


def test_a_picture_is_not_shown_on_the_terminal(tmp_path: Path, say: Say) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")

    status, _, err = say("import", path)

    assert status == 2
    assert "found what is no text" in err


def test_a_name_without_a_file_asks_to_check_the_name(tmp_path: Path, say: Say) -> None:
    status, _, err = say("import", tmp_path / "missing.xml")

    assert status == 2
    assert err.endswith("missing.xml: No such file or directory; check the name\n")


def test_a_home_of_statements_alone_can_be_asked_and_mended_without_settings(
    tmp_path: Path, home: Path, say: Say
) -> None:
    say("import", part(tmp_path, "january.xml", JANUARY))

    assert say("reconcile")[0] in (0, 1)
    assert say("allocate")[0] == 0
    status, _, err = say("adjust-cost", "NONE", "--by", "1", "--why", "a test")

    assert status == 2
    assert "expected one contract that is held" in err


def test_no_file_is_a_mistake(say: Say) -> None:
    status, _, err = say("import")

    assert status == exits.COULD_NOT
    assert err.startswith("usage: ")


def test_a_statement_that_differs_is_bad_news(tmp_path: Path, home: Path, say: Say) -> None:
    say("import", part(tmp_path, "january.xml", JANUARY))
    other = statement(HISTORY, *JANUARY).replace('endingCash="', 'endingCash="1')

    status, out, _ = say("reconcile", "--statement", write(tmp_path, "other.xml", other))

    assert status == exits.BAD_NEWS
    said = [" ".join(line.split()) for line in out.splitlines()]
    assert "cash 1 differ" in said
    assert "nav not reported" in said


def test_an_adopted_account_takes_what_is_new_and_its_lots(tmp_path: Path, home: Path, say: Say) -> None:
    adopted_at = datetime(2026, 1, 5, 20, tzinfo=UTC)  # after the sale of that day
    adopt(home, adopted_at, {"USD": "9874"}, {ACME: ("15", "165")})
    path = write(tmp_path, "january.xml", statement(HISTORY, *JANUARY))

    status, out, _ = say("import", path)

    assert status == exits.FINE
    assert "facts from before the log's beginning are left out" in out
    book = book_of(home)
    assert book.positions == {ACME: Decimal(15), BOLT: Decimal(-5)}


def test_the_broker_s_word_replaces_what_was_inferred(tmp_path: Path, home: Path, say: Say) -> None:
    say("import", part(tmp_path, "january.xml", JANUARY))
    with Ledger.open(home, SystemClock()) as ledger:
        guess = DividendPaid(
            source="rule", reference="guess", amount=Decimal("6.99"), currency="USD", con_id=ACME, provisional=True,
            occurred_at=datetime(2026, 2, 6, 15, tzinfo=UTC),
        )  # fmt: skip
        ledger.record((guess,))

    path = part(tmp_path, "february.xml", FEBRUARY)
    assert say("import", path)[0] == exits.FINE

    assert differing(say, path) == []
    assert book_of(home).provisional == {}


def test_an_execution_that_the_broker_told_already_is_one(tmp_path: Path, home: Path, say: Say) -> None:
    say("import", part(tmp_path, "january.xml", JANUARY))
    fill = next(
        event.fact for event in tell(tmp_path / "x", FEBRUARY) if isinstance(event.fact, OrderFilled)
    ).model_copy(update={"source": "api", "order_ref": ""})
    with Ledger.open(home, SystemClock()) as ledger:
        ledger.record((fill,))

    path = part(tmp_path, "february.xml", FEBRUARY)
    say("import", path)

    assert differing(say, path) == []


def test_an_execution_that_the_statement_contradicts_is_a_break(tmp_path: Path, home: Path, say: Say) -> None:
    say("import", part(tmp_path, "january.xml", JANUARY))
    fill = next(
        event.fact for event in tell(tmp_path / "x", FEBRUARY) if isinstance(event.fact, OrderFilled)
    ).model_copy(update={"price": Decimal("12.9")})
    with Ledger.open(home, SystemClock()) as ledger:
        ledger.record((fill,))

    status, out, _ = say("import", part(tmp_path, "february.xml", FEBRUARY))

    assert status == exits.BAD_NEWS
    assert "see: tallybook breaks" in out
    assert [known.found.kind for known in book_of(home).open_breaks] == ["refused_fact"]


def test_the_file_is_kept_as_evidence(tmp_path: Path, home: Path, say: Say) -> None:
    path = part(tmp_path, "january.xml", JANUARY)
    say("import", path)

    kept = list((home / "var" / "data").rglob("*.xml"))

    assert [file.read_bytes() for file in kept] == [path.read_bytes()]
    assert say("verify")[0] == exits.FINE
    kept[0].chmod(0o600)
    kept[0].write_bytes(b"changed")
    status, out, _ = say("verify")
    assert status == exits.BAD_NEWS
    assert kept[0].name in out


def tell(home: Path, period: tuple[date, date]) -> list[Event]:
    """Import a part into a home of its own, and return its events."""
    home.parent.mkdir(exist_ok=True, parents=True)
    path = part(home.parent, "told.xml", period)
    assert run(["--home", str(home), "import", str(path)]) == exits.FINE
    return list(read_events(home))


def adopt(home: Path, at: datetime, cash: dict[str, str], held: dict[int, tuple[str, str]]) -> None:
    """Begin a log as `adopt` does."""
    home.mkdir(parents=True)
    genesis = LogStarted(account=ACCOUNT, mode="paper", clock="system", base_currency="USD")
    with Ledger.create(home, SystemClock(), genesis) as ledger:
        ledger.record(
            (
                ContractDefined(
                    con_id=ACME, symbol="ACME", security_type="STK", currency="USD", exchange="SMART",
                    primary_exchange="NYSE", multiplier=Decimal(1), min_tick=Decimal("0.01"),
                ),
                AccountAdopted(account=ACCOUNT, execution_ids=(), open_order_perm_ids=(), occurred_at=at),
                *(OpeningBalanceRecorded(currency=c, amount=Decimal(a), occurred_at=at) for c, a in cash.items()),
                *(
                    OpeningBalanceRecorded(
                        currency="USD", amount=Decimal(basis), con_id=con_id, quantity=Decimal(quantity), occurred_at=at
                    )
                    for con_id, (quantity, basis) in held.items()
                ),
            )
        )  # fmt: skip
