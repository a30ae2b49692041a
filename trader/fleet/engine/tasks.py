"""What may be asked of one account's sealed history, whichever engine asks: a home in, canonical JSON out.

A task reads the home and nothing else: no clock, no network, no other account. To add one: write the function, name it
in `TASKS`, say whether it reads evidence, and give `tests/trader/fleet/engine/` an answer to expect.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from ledger.book import book_hash, replay
from ledger.collecting import uncollected
from ledger.errors import Refusal
from ledger.line import Event
from ledger.log import read_events
from queries.tables import UnknownDay
from trader import exits
from trader.fleet.engine.terms import Terms

Found = dict[str, Any]  # JSON values; numbers with places as text


class Answer(NamedTuple):
    """What a task found, and the exit status that it means."""

    found: Found
    status: int = exits.FINE


class Task(NamedTuple):
    """One thing that may be asked."""

    about: str
    ask: Callable[[Path, Terms], Answer]
    reads_evidence: bool


def _replay(home: Path, _: Terms) -> Answer:
    read = list[tuple[int, str]]([(0, "")])

    def events() -> Iterator[Event]:
        for count, event in enumerate(read_events(home), start=1):
            read[0] = count, event.hash
            yield event

    with uncollected():
        book = replay(events)
    return Answer({"book": book_hash(book), "events": read[0][0], "head": read[0][1]})


def _verify(home: Path, _: Terms) -> Answer:
    from queries.verification import Subject, verify

    report = verify(Subject(home))
    found: Found = {
        # A note is of files here (who may write them): an archive has none to say of the same history.
        "checks": {each.check: "ok" if each.verdict == "note" else each.verdict for each in report.outcomes},
        "damage": [str(finding) for finding in report.damage],
        "witness": report.witness,
    }
    return Answer(found, exits.FINE if report.clean else exits.BAD_NEWS)


def _returns(home: Path, terms: Terms) -> Answer:
    from queries.bridge import days_of
    from queries.performance import COLUMNS, period_row, periods

    days = tuple(told for told in days_of(home) if terms.hold(told.day))
    if not days:
        raise UnknownDay("expected a trading day of the range, found none")
    found = tuple(periods(days))
    names = [column.name for column in COLUMNS]
    rows = [dict(zip(names, map(_plain, period_row(period)), strict=True)) for period in found]
    return Answer({"periods": rows}, exits.BAD_NEWS if found[-1].unknown else exits.FINE)


def _plain(value: object) -> str | None:
    match value:
        case None:
            return None
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


def _audit(home: Path, terms: Terms) -> Answer:
    from trader.fleet.engine.deciding import audit

    return Answer(*audit(home, terms))


def _reconcile(home: Path, terms: Terms) -> Answer:
    from trader.fleet.engine.deciding import reconcile

    return Answer(*reconcile(home, terms))


def _limits(home: Path, terms: Terms) -> Answer:
    from trader.fleet.engine.deciding import otherwise

    return Answer(*otherwise(home, terms))


TASKS: Mapping[str, Task] = {
    "replay": Task("fold every event: the book's hash", _replay, reads_evidence=False),
    "verify": Task("check every file against its hash, and the book against the log", _verify, reads_evidence=True),
    "audit": Task("decide every cycle again", _audit, reads_evidence=True),
    "reconcile": Task("compare both halves again, at every reconciliation", _reconcile, reads_evidence=True),
    "returns": Task("what each month and all of them returned", _returns, reads_evidence=False),
    "limits": Task("the same history under other settings (--with)", _limits, reads_evidence=True),
}

ASIDE = "tallybook-engine-"  # and the process's id: a folder that is left tells whose it was
Bring = Callable[[Path], Path]  # makes the home of an account's sealed days in a folder that is not there yet


def answer(name: str, account: str, bring: Bring, terms: Terms) -> str:
    """Ask a task of one account; return its line. Whatever goes wrong is what the line tells: others go on."""
    with TemporaryDirectory(prefix=f"{ASIDE}{os.getpid()}-") as folder:
        try:
            found, status = TASKS[name].ask(bring(Path(folder) / account), terms)
        except (Refusal, UnknownDay, OSError) as error:
            found, status = _failed(getattr(error, "code", type(error).__name__), error), exits.COULD_NOT
        except Exception as error:  # noqa: BLE001 - whatever one account does, the others go on
            found, status = _failed(f"failed: {type(error).__name__}", error), exits.COULD_NOT
    worked_in = json.dumps(f"{folder}/", ensure_ascii=False)[1:-1]
    return line(name, account, found, status).replace(worked_in, "")  # a folder of this moment says nothing


def _failed(code: str, error: Exception) -> Found:
    return {"error": f"{code}: {' '.join(str(error).split())}"}


def died(name: str, account: str) -> str:
    """Return the line of an account whose process died whenever it was tried, on whichever engine."""
    why = "died: expected an end, found its process ended each time that it was tried; look at it alone: --account"
    return line(name, account, {"error": why}, exits.COULD_NOT)


def line(name: str, account: str, found: Found, status: int) -> str:
    """Return an account's line: canonical JSON."""
    told = {"account": account, "exit": status, "found": found, "task": name}
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
