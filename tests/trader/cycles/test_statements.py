"""The statement of the last session, read by the first cycle of the next: what is inferred until then, and after."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import (
    BreakClosed,
    DividendPaid,
    StatementImported,
    StatementMissed,
    StatementReconciled,
    TaxWithheld,
)
from tests.trader.cycles.world import THURSDAY, TUESDAY, WEDNESDAY, World
from tests.trader.cycles.world import world as at_venue
from trader import exits
from trader.simulator.terms import Terms
from trader.sources.flex import TOKEN_VARIABLE

TOKEN = "simulated"
NET = Decimal("0.14")  # of a dividend of 0.20, after 30 % tax


@pytest.fixture
def paying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A venue that pays dividends and writes statements, once a session in which ACME was bought is over."""
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    with at_venue(tmp_path, terms=Terms(dividends=True, statements=True)) as made:
        asked = {"query_id": "1", "base_url": f"http://127.0.0.1:{made.simulator.statement_port}/FlexWebService"}
        made.set(flex=asked)
        made.advance_to(TUESDAY, 0)
        assert made.trade() == exits.FINE
        made.close(TUESDAY)
        yield made


def test_an_announced_dividend_is_booked_by_rule_and_the_next_statement_confirms_it(paying: World) -> None:
    paying.advance_to(WEDNESDAY, 0)
    assert paying.trade() == exits.FINE

    shares = paying.held()["ACME"]
    paid, taxed = paying.facts(DividendPaid), paying.facts(TaxWithheld)
    assert [(fact.source, fact.amount, fact.provisional) for fact in paid] == [("rule", shares / 5, True)]
    assert [(fact.source, fact.amount) for fact in taxed] == [("rule", -shares * Decimal("0.06"))]
    assert "by rule" in paying.facts(BreakClosed)[-1].reason
    assert paying.book().provisional.keys() == {paid[0].key, taxed[0].key}
    assert paying.apart() == ()

    paying.close(WEDNESDAY)
    paying.advance_to(THURSDAY, 0)
    assert paying.trade() == exits.FINE

    told = paying.facts(DividendPaid)[-1]
    assert (told.source, told.amount, told.replaces) == ("statement", shares / 5, paid[0].key)
    book = paying.book()
    assert book.provisional == {}
    assert book.journal[("dividends", "USD")] + book.journal[("taxes", "USD")] == -shares * NET
    assert [fact.last_day for fact in paying.facts(StatementImported)] == [str(TUESDAY), str(WEDNESDAY)]
    assert paying.facts(StatementMissed) == []
    assert paying.apart() == ()

    looked_at = paying.facts(StatementReconciled)
    assert [(fact.first_day, fact.last_day) for fact in looked_at] == [(TUESDAY, TUESDAY), (WEDNESDAY, WEDNESDAY)]
    last = looked_at[-1]
    assert {each.key: each.by for each in last.confirmed} == {
        paid[0].key: told.key, taxed[0].key: paying.facts(TaxWithheld)[-1].key,
    }  # fmt: skip
    assert (last.replaced, last.reversed, last.waiting) == ((), (), ())
    (cash,) = (row for row in last.rows if row.kind == "cash")
    assert cash.own_before == cash.api == cash.statement == cash.own == paying.book().cash["USD"]
    assert [row for row in last.rows if row.verdict not in ("agree", "unknown")] == []


@pytest.mark.parametrize("fault", ["unavailable", "bad-token", "garbage", "cut-off", "no-statement"])
def test_a_statement_that_cannot_be_had_is_told_and_stops_nothing(paying: World, fault: str) -> None:
    paying.set(flex={"timeout_seconds": 2})
    paying.control.statement_fault(fault)
    paying.want(ACME="0.3", WAVE="0.25")
    paying.advance_to(WEDNESDAY, 0)

    paying.trade()

    (missed,) = paying.facts(StatementMissed)
    assert missed.day == TUESDAY
    assert missed.code.startswith(("flex-", "statement-"))
    assert {order.session_day for order in paying.orders()} == {TUESDAY, WEDNESDAY}
    assert TOKEN.encode() not in paying.log().replace(b"simulated_clock", b"").replace(b'"clock":"simulated"', b"")


def test_what_was_missed_is_made_up_for_by_the_next_cycle(paying: World) -> None:
    paying.control.statement_fault("bad-token", times=1)
    paying.advance_to(WEDNESDAY, 0)
    assert paying.trade() == exits.BAD_NEWS  # cash came that nobody announced

    paying.advance_to(WEDNESDAY, 1)
    assert paying.trade() == exits.FINE

    assert len(paying.facts(StatementMissed)) == 1
    assert [known.status for known in paying.book().breaks.values()] == ["closed"]
    assert paying.apart() == ()


def test_without_a_query_nothing_is_asked(paying: World) -> None:
    paying.set(flex={"query_id": ""})
    paying.advance_to(WEDNESDAY, 0)

    assert paying.trade() == exits.BAD_NEWS

    assert paying.facts(StatementMissed) == []
    assert [known.found.kind for known in paying.book().open_breaks] == ["cash"]
