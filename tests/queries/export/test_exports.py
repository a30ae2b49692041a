"""The books as other programs read them, and that these programs find the same balances."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings

from ledger.events import Fact
from tests.queries.export.histories import histories
from tests.queries.export.reading import (
    beancount_balances,
    beancount_text,
    hledger_balances,
    hledger_text,
    own_balances,
)


@given(histories())
@settings(max_examples=60, deadline=None)
def test_beancount_books_every_history_without_an_error_and_finds_our_balances(facts: tuple[Fact, ...]) -> None:
    assert beancount_balances(beancount_text(facts)) == own_balances(facts)


@given(histories())
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hledger_checks_every_history_strictly_and_finds_our_balances(tmp_path: Path, facts: tuple[Fact, ...]) -> None:
    assert hledger_balances(hledger_text(facts), tmp_path / "a.journal") == own_balances(facts)
