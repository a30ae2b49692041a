"""Write docs/cookbook.md: what people do with the history, with what a home of the demo answers.

    tallybook demo --home demo && python docs/generate_cookbook.py demo

The demo's days are the same for everybody (seed 1). To add a recipe, add it to `RECIPES`, and write the page anew;
`tests/queries/test_cookbook.py` runs every command of the page.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "cookbook.md"


class Recipe(NamedTuple):
    """What somebody wants to know, how to ask for it, and what to see in the answer."""

    title: str
    text: str
    command: tuple[str, ...]  # of tallybook


HEAD = """# Cookbook

Written by `docs/generate_cookbook.py`; the answers are those of the demo's home (`tallybook demo`), and a test runs
every command. What there is to ask about stands in [sql.md](sql.md), what each event means in [events.md](events.md).
`tallybook ask` lists the canned questions; each is a file in `queries/questions/`, to copy and change.

Everything here only reads. It may be asked while a cycle runs: neither waits for the other.
"""
RECIPES: tuple[Recipe, ...] = (
    Recipe(
        "See how the account did, day by day",
        "`days` is the shortest way in. Profit leaves deposits and withdrawals out.",
        ("sql", "SELECT session_day, nav, profit, leverage_gross, orders_sent, fills, foreign_fills FROM days"),
    ),
    Recipe(
        "Explain one day's change of NAV",
        "Line by line, and nothing is left over. On 15 February a dividend was paid, and its tax withheld.",
        ("ask", "nav-bridge", "--day", "2005-02-15"),
    ),
    Recipe(
        "Find out why nothing was traded",
        "`ask nothing-traded --day …` tells it for every slot and contract. Vetoes alone:",
        ("sql", "SELECT slot, unnest(vetoes) AS veto FROM cycles WHERE len(vetoes) > 0"),
    ),
    Recipe(
        "See which limits were nearest on a day",
        "`room_percent` is what was left of the limit; below 0 it was exceeded. That day began with a split that "
        "nobody had booked yet: half of AAPL seemed lost.",
        ("ask", "closest-limits", "--day", "2005-02-28", "--count", "5"),
    ),
    Recipe(
        "Follow breaks to their end",
        "",
        ("sql", "SELECT break_id, kind, difference, cause, certainty, ending, lasted_seconds FROM break_lives"),
    ),
    Recipe(
        "See what each contract gained",
        "Sold and held, costs and income included: the totals add up to the account's profit.",
        ("ask", "gains-and-losses"),
    ),
    Recipe(
        "See what trading cost",
        "`slippage` is counted from the price that the plan was made at: + is worse.",
        ("ask", "costs-by-contract"),
    ),
    Recipe(
        "Follow an order from plan to fill",
        "",
        (
            "sql",
            "SELECT symbol, quantity, limit_price, status, acknowledged_after_ms, filled_after_ms, commission "
            "FROM orders WHERE session_day = '2005-02-28' ORDER BY sent_at, symbol",
        ),
    ),
    Recipe(
        "Go from a figure to the lines behind it",
        "Every view carries `seq` or `cycle`. The line itself stands in `var/events/`, and `hash` is its last word.",
        (
            "sql",
            "SELECT seq, type, recorded_at, hash[:12] AS hash FROM events "
            "WHERE cycle = (SELECT cycle FROM cycles WHERE slot = '2005-02-17/1135') ORDER BY seq LIMIT 10",
        ),
    ),
    Recipe(
        "See what was known at a moment",
        "On 17 February somebody bought 50 IBM by hand, at 11:12; the cycle of 11:35 learned of it. At 11:30 it was:",
        ("sql", "SELECT symbol, quantity FROM positions WHERE symbol = 'IBM'", "--as-known-at", "2005-02-17T11:30:00"),
    ),
    Recipe(
        "See what is known now of that moment",
        "The same question, with what was learned since:",
        ("sql", "SELECT symbol, quantity FROM positions WHERE symbol = 'IBM'", "--as-of", "2005-02-17T11:30:00"),
    ),
    Recipe(
        "Look into a list of rows",
        "Quotes, targets, verdicts and positions come as lists. `unnest` makes rows of them, `max_depth := 2` columns.",
        (
            "sql",
            "SELECT symbol, bid, ask, \"last\", close "
            "FROM (SELECT cycle, unnest(rows, max_depth := 2) FROM quotes_observed) "
            "WHERE cycle = (SELECT min(seq) FROM cycle_started)",
        ),
    ),
    Recipe(
        "Prove what a decision was made from",
        "The bytes lie in `var/data/` by their hash; `tallybook audit` decides again from them.",
        (
            "sql",
            "SELECT strategy, symbol, source, sha256[:12] AS sha256, bars, last_day, last_close FROM data_provenance "
            "WHERE slot = '2005-02-28/1535' AND used",
        ),
    ),
    Recipe(
        "Compare wishes with what is held",
        "",
        (
            "sql",
            "SELECT symbol, strategy, weight, planned_weight, held, target, drift, action FROM targets_and_positions "
            "WHERE slot = '2005-02-18/0935'",
        ),
    ),
    Recipe(
        "Check that the books balance",
        "Assets are positive, income and equity negative; the sum of a currency is 0.",
        ("ask", "trial-balance"),
    ),
    Recipe(
        "Find the slow part of a cycle",
        "On the demo's clock only waiting takes time: for fills, and for the broker to agree with itself.",
        ("sql", "SELECT line, count(*) AS times, sum(duration_ms) AS total_ms FROM cycle_lines GROUP BY line "
                "HAVING total_ms > 0 ORDER BY total_ms DESC"),
    ),
    Recipe(
        "Divide once, at the end",
        "Sums of money are exact. A quotient is not: let it be the last thing, of sums.",
        (
            "sql",
            "SELECT sum(profit) AS profit, sum(profit) / first(base ORDER BY session_day) AS part FROM returns",
        ),
    ),
    Recipe(
        "Hand figures to a spreadsheet",
        "`csv` and `json` keep every digit; `parquet --out FILE` keeps types too; `markdown` is for notes.",
        ("ask", "income", "--format", "csv"),
    ),
)  # fmt: skip


def document(home: Path) -> str:
    """Return the whole page, every command answered by a home."""
    return "\n".join((HEAD, *(_section(recipe, home) for recipe in RECIPES)))


def _section(recipe: Recipe, home: Path) -> str:
    shown = f"tallybook {' '.join(map(_quoted, recipe.command))}"
    text = f"{recipe.text}\n\n" if recipe.text else ""
    return f"## {recipe.title}\n\n{text}```\n$ {shown}\n{_answer(recipe.command, home)}\n```\n"


def _quoted(word: str) -> str:
    if " " not in word:
        return shlex.quote(word)
    return '"' + word.replace('"', '\\"') + '"'


def _answer(command: tuple[str, ...], home: Path) -> str:
    """Run the command as a process, and return what it printed, without the air around a table."""
    program = Path(sys.executable).with_name("tallybook")
    ran = subprocess.run([program, "--home", home, *command], capture_output=True, text=True, check=True)
    return "\n".join(line.rstrip() for line in ran.stdout.splitlines() if line.strip())


if __name__ == "__main__":
    TARGET.write_text(document(Path(sys.argv[1])), encoding="utf-8")
