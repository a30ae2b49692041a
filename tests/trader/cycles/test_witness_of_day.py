"""The statement of the last session as a witness: what was wrongly inferred is undone, and the report says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ledger.events import CashWithdrawn, FeeCharged, StatementReconciled
from queries.second_books.summing import second_books
from tests.trader.cycles.world import THURSDAY, TUESDAY, WEDNESDAY, World
from tests.trader.cycles.world import world as at_venue
from trader import exits
from trader.commands.app import run
from trader.notices import session_letter
from trader.simulator.terms import Terms
from trader.sources.flex import TOKEN_VARIABLE

FEE = Decimal("-16.25")


@pytest.fixture
def charged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A session in which a fee was taken, and the operator took it for a withdrawal of his own."""
    monkeypatch.setenv(TOKEN_VARIABLE, "simulated")
    with at_venue(tmp_path, terms=Terms(statements=True)) as made:
        asked = {"query_id": "1", "base_url": f"http://127.0.0.1:{made.simulator.statement_port}/FlexWebService"}
        made.set(flex=asked)
        made.advance_to(TUESDAY, 0)
        assert made.trade() == exits.FINE
        made.close(TUESDAY)
        made.advance_to(WEDNESDAY, 0)
        assert made.trade() == exits.FINE
        made.control.cash(FEE, kind="Other Fees", description="data")
        made.advance_to(WEDNESDAY, 1)
        made.trade()
        yield made


def accept_withdrawal(world: World) -> None:
    (known,) = world.book().open_breaks
    told = known.explanation
    assert told is not None
    causes = [told.cause, *(row.cause for row in told.rivals)]
    number = causes.index("withdrawal") + 1
    done = world.command("accept", known.found.break_id, "--explanation", str(number), "--why", "mine")
    assert done.status == exits.FINE, done


def test_what_was_taken_for_a_withdrawal_is_undone_when_the_statement_tells_a_fee(
    charged: World, capsys: pytest.CaptureFixture[str]
) -> None:
    accept_withdrawal(charged)
    (inferred,) = charged.facts(CashWithdrawn)
    assert inferred.provisional
    charged.close(WEDNESDAY)
    charged.advance_to(THURSDAY, 0)

    assert charged.trade() == exits.FINE

    (fee,) = charged.facts(FeeCharged)
    looked_at = charged.facts(StatementReconciled)[-1]
    assert (fee.amount, looked_at.last_day) == (FEE, WEDNESDAY)
    assert [(each.key, each.amount) for each in looked_at.reversed] == [(inferred.key, FEE)]
    assert [(each.key, each.occurred_on) for each in looked_at.only_told if each.type == "fee_charged"] == [
        (fee.key, WEDNESDAY)
    ]
    assert charged.book().provisional == {}
    assert charged.book().open_breaks == ()
    assert charged.apart() == ()

    letter = session_letter(charged.book(), "start", THURSDAY, tuple(slot.name for slot in charged.slots(THURSDAY)))
    (told,) = (part.lines for part in letter.parts if part.heading == "Book and broker")
    assert told[0].startswith("Book = broker: 2 positions, cash, NAV apart by 0.00")
    assert told[-1] == "Inferred, and undone: the statement lacks it: 2005-03-02 cash withdrawn -16.25 USD."
    audit = charged.command("audit", str(THURSDAY))
    assert audit.status == exits.FINE
    assert told[-1].rstrip(".") in audit.out

    sums = second_books(charged.home)
    assert sums.cash == {currency: amount for currency, amount in charged.book().cash.items() if amount}

    capsys.readouterr()
    assert run(["--home", str(charged.home), "report", "reconciliation", str(WEDNESDAY)]) == exits.FINE
    text = capsys.readouterr().out
    assert text.splitlines()[1:3] == [
        "BOOK = BROKER · 1 break, settled",
        "Book and statement agree; 4 figures differed before the statement was read.",
    ]
    assert "withdrawal (-16.25); unexplained 0.00 ← accepted" in text
    assert "cash withdrawn -16.25 USD; undone: the statement lacks it" in text
    assert max(map(len, text.splitlines())) <= 100
    assert "Inferred, and undone: the statement lacks it" in text
    assert run(["--home", str(charged.home), "report", "reconciliation", str(WEDNESDAY), "--format", "json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["statement"]["reversed"][0]["amount"] == str(FEE)
    assert plain["statement"]["differs_still"] == []
    assert run(["--home", str(charged.home), "report", "reconciliation", str(WEDNESDAY), "--format", "html"]) == 0
    page = capsys.readouterr().out
    assert "-16.25" in page
    assert linked(page) == []


def test_an_import_by_hand_tells_what_the_mail_would(charged: World) -> None:
    accept_withdrawal(charged)
    charged.close(WEDNESDAY)
    charged.advance_to(THURSDAY, 0)

    done = charged.command("import", "--flex")

    assert done.status == exits.FINE, done
    told = " ".join(done.out.split())
    letter = session_letter(charged.book(), "start", THURSDAY, tuple(slot.name for slot in charged.slots(THURSDAY)))
    (mailed,) = (part.lines for part in letter.parts if part.heading == "Book and broker")
    assert mailed[-1] == "Inferred, and undone: the statement lacks it: 2005-03-02 cash withdrawn -16.25 USD."
    assert mailed[-1] in told
    assert "Book and statement agree; 4 figures differed before the statement was read." in told
    assert "Only the statement knew: " in told
    assert max(map(len, done.out.splitlines())) <= 100


def linked(page: str) -> list[str]:
    """Return what a page would fetch from elsewhere."""
    found = list[str]()

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.extend(str(value) for name, value in attrs if name in ("src", "href"))

    Links().feed(page)
    return found
