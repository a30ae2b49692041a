"""What only the broker's statement knows: fetched once a session, and taken in before anything is compared.

Without a query in the settings nothing is asked, and everything works: what is inferred stays provisional. A statement
that cannot be had, or not be read, is told, and stops nothing: the cycle knows no less than without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from ledger.book import Book, Forgotten
from ledger.clock import Clock
from ledger.events import Fact, StatementMissed
from reconcile.statements import StatementError
from trader.importing import StatementRefused, batches_of, read_file
from trader.settings import Flex
from trader.sources.flex import FlexProblem, fetch, token_of

WAITS_SECONDS = (1, 2, 5)  # a cycle has more to do; the next one asks again


def statements(book: Book, home: Path, flex: Flex, clock: Clock, day: date) -> Iterator[Fact | tuple[Fact, ...]]:
    """Take in the statement that reaches to a day, unless the log has it."""
    if not flex.wanted or (book.statement_until or date.min) >= day:
        return
    try:
        file = read_file(fetch(flex, token_of(flex, home), clock, waits=WAITS_SECONDS), "the Flex statement")
        if file.statement.last_day < day:
            reason = f"the Flex statement ends with {file.statement.last_day}"
            yield StatementMissed(day=day, code=FlexProblem.code, reason=reason)
        yield from batches_of(book, home, file)
    except (FlexProblem, StatementError, StatementRefused) as problem:
        yield StatementMissed(day=day, code=problem.code, reason=str(problem))
    except Forgotten as old:
        reason = f"it tells of a time that the book keeps no more ({old}); type: tallybook import --flex"
        yield StatementMissed(day=day, code=StatementRefused.code, reason=reason)
