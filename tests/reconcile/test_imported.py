"""What a statement told of the time before tallybook is history: nobody is asked about it."""

from __future__ import annotations

from ledger.events import AccountAdopted, OrderFilled
from reconcile import reconcile
from tests.facts import ACCOUNT, SPY, bought, commission, told
from tests.reconcile.worlds import RETAIL, found, look, quiet_book

ADOPTED = AccountAdopted(account=ACCOUNT, execution_ids=(), open_order_perm_ids=())


def by_statement(execution: str) -> OrderFilled:
    return bought(SPY, "1", "400", execution=execution).model_copy(update={"source": "statement"})


def kinds_after(*facts: object) -> list[str]:
    book = look(told(quiet_book(), *facts))  # type: ignore[arg-type]
    return [fact.kind for fact in found(reconcile(book, RETAIL)) if fact.kind == "foreign_trade"]


def test_a_trade_of_before_the_adoption_is_no_break() -> None:
    assert kinds_after(by_statement("s.01"), commission("s.01", "0"), ADOPTED) == []


def test_one_that_a_statement_tells_later_is() -> None:
    assert kinds_after(ADOPTED, by_statement("s.01"), commission("s.01", "0")) == ["foreign_trade"]


def test_one_that_the_session_tells_is_at_any_time() -> None:
    assert kinds_after(bought(SPY, "1", "400", execution="s.01"), commission("s.01", "0"), ADOPTED) == ["foreign_trade"]
