"""Where the account stands: what `tallybook status` and `tallybook breaks` say, beside how it came there."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from queries.sql import Answer
from queries.status import PositionLine
from trader.commands.breaks import break_lines
from trader.commands.dashboard.edition import Edition
from trader.commands.dashboard.links import question
from trader.commands.dashboard.page import Asked, Page, Route

FEW_SESSIONS = 20  # of fewer, every cycle is a point of the picture
SESSIONS_SHOWN = 250

LATEST = """
SELECT
    (SELECT max(seq) FROM snapshot_taken) AS snapshot,
    (SELECT max(seq) FROM book_reconciled) AS reconciled,
    (SELECT max(seq) FROM targets_computed) AS targets,
    (SELECT max(seq) FROM trading_halted) AS halted,
    (SELECT count(DISTINCT session_day) FROM snapshot_taken) AS sessions
"""
BY_CYCLE = "SELECT recorded_at AS taken_at, nav, leverage_gross FROM snapshot_taken ORDER BY seq"
BY_SESSION = f"""
SELECT session_day, arg_max(nav, seq) AS nav, arg_max(leverage_gross, seq) AS leverage_gross
FROM snapshot_taken GROUP BY session_day ORDER BY session_day DESC LIMIT {SESSIONS_SHOWN}
"""
CYCLES = """
SELECT seq AS cycle, slot, kind, attempt, dry_run, recorded_at AS started_at
FROM cycle_started WHERE session_day = (SELECT max(session_day) FROM cycle_started) ORDER BY seq
"""
ENDS = """
SELECT cycle, seq, 'finished' AS outcome FROM cycle_finished WHERE cycle >= {first}
UNION ALL SELECT cycle, seq, code FROM cycle_failed WHERE seq >= {first}
UNION ALL SELECT cycle, seq, 'vetoed' FROM trading_vetoed WHERE cycle >= {first}
ORDER BY seq
"""


def now(edition: Edition, _: Asked) -> Page:
    """Show the account: verdict, NAV, holdings beside their targets, breaks, the session's cycles."""
    shown, book = edition.status, edition.book
    ((snapshot, reconciled, targets, halted, sessions),) = edition.answer(LATEST).rows
    return Page(
        "now",
        shown.verdict,
        {
            "status": shown,
            "snapshot": snapshot,
            "reconciled": reconciled,
            "targets": targets,
            "halted": halted if book.halted else None,
            "course": edition.answer(BY_CYCLE if isinstance(sessions, int) and sessions < FEW_SESSIONS else BY_SESSION),
            "rows": [_row(line) for line in shown.positions],
            "breaks": [
                (known.seq, known.found.break_id, break_lines(book, known, edition.zone)) for known in book.open_breaks
            ],
            "cycles": _cycles(edition),
            "cash_question": cash_question,
            "drawdown_question": question("SELECT seq, taken_at, nav, below_peak FROM nav ORDER BY seq DESC"),
        },
        tab="/",
        follows=True,
    )


def cash_question(currency: str) -> str:
    """Return the address of a currency's way, snapshot by snapshot."""
    spelt = currency.replace("'", "''")
    return question(f"SELECT seq, taken_at, amount FROM cash_history WHERE currency = '{spelt}' ORDER BY seq DESC")


def _row(line: PositionLine) -> dict[str, Any]:
    """Put a position beside its target: how long its bar is, and where the target's mark stands, in percent of NAV."""
    share, target = abs(line.share or Decimal(0)) * 100, abs(line.target or Decimal(0)) * 100
    scale = max(Decimal(100), share, target)
    return {
        "line": line,
        "bar": round(share * 100 / scale, 1),
        "mark": None if line.target is None else round(target * 100 / scale, 1),
    }


def _cycles(edition: Edition) -> list[tuple[dict[str, object], list[str]]]:
    """Return the last session's cycles, each with what became of it."""
    cycles = records(edition.answer(CYCLES))
    if not cycles:
        return []
    ends: dict[object, list[str]] = {}
    for row in records(edition.answer(ENDS.format(first=cycles[0]["cycle"]))):
        ends.setdefault(row["cycle"], []).append(str(row["outcome"]))
    return [(cycle, ends.get(cycle["cycle"], [])) for cycle in cycles]


def records(answer: Answer) -> list[dict[str, object]]:
    """Return rows by the names of their columns."""
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


ROUTES: tuple[Route, ...] = (("/", now),)
