"""What a statement is held against is folded from a checkpoint only where that says what is known now."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from ledger.book import Forgotten
from ledger.events import FeeCharged
from tests.facts import DAY, events, minutes, opened_cash, replay
from trader.importing.witnessing import _require_untouched

GUESS = FeeCharged(source="rule", reference="1", amount=Decimal(-7), currency="USD", provisional=True)
WORD = FeeCharged(
    source="statement", reference="2", amount=Decimal(-7), currency="USD", replaces=GUESS.key,
    occurred_at=minutes(60) + timedelta(days=1),
)  # fmt: skip


def test_a_checkpoint_is_of_no_use_once_what_it_holds_was_told_of_a_later_day() -> None:
    start = replay([opened_cash("100"), GUESS])

    with pytest.raises(Forgotten, match="it takes the place of what the checkpoint holds"):
        _require_untouched(start, tuple(events([WORD])), DAY)


@pytest.mark.parametrize(
    ("facts", "last_day"),
    [
        pytest.param([GUESS], DAY + timedelta(days=1), id="within the statement"),
        pytest.param([], DAY, id="not in the checkpoint"),
    ],
)
def test_otherwise_it_saves_the_fold(facts: list[FeeCharged], last_day: date) -> None:
    start = replay([opened_cash("100"), *facts])

    _require_untouched(start, tuple(events([WORD])), last_day)

    assert start.cash["USD"] == 100 - 7 * len(facts)
