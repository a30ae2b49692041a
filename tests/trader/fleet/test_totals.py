"""Where accounts stand, beside each other."""

from __future__ import annotations

import json
from pathlib import Path

from trader import exits
from trader.fleet.accounts import Member
from trader.fleet.asking import Said
from trader.fleet.totals import standing, table


def said(name: str, status: int, drawdown: str = "0", waiting: tuple[str, ...] = ()) -> Said:
    told = {"nav": "100", "base_currency": "USD", "today": "0", "drawdown": drawdown, "waiting": waiting}
    return Said(Member(name, Path(name)), status, "" if status == exits.COULD_NOT else json.dumps(told), "", 1.0)


def test_who_could_not_answer_stands_first_then_for_whom_most_waits_then_the_deepest_drawdown() -> None:
    asked = (
        said("well", exits.FINE),
        said("deep", exits.FINE, "-0.4"),
        said("one", exits.BAD_NEWS, "-0.3", ("a break",)),
        said("two", exits.BAD_NEWS, "-0.1", ("halted", "a break")),
        said("silent", exits.COULD_NOT),
    )

    rows = table([standing(one) for one in asked], "USD").rows

    assert [row[0] for row in rows] == ["silent", "two", "one", "deep", "well", "TOTAL"]
