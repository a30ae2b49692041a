"""What was recorded beside what is decided again: the first value that differs, and where it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from ledger.events import Fact
from ledger.line import Event

NOTHING = "nothing"
SHOWN_MAX = 200  # characters of a value, on a line that is to be read


class Apart(NamedTuple):
    """One value that differs."""

    seq: int
    where: str  # type, subject and field
    recorded: str
    decided: str


def first_difference(
    batch: Sequence[Event], decided: Sequence[Fact], known: frozenset[str], *, grown: bool
) -> Apart | None:
    """Compare a batch with the same decision made again; `known` are keys of which the log had a fact already.

    `grown`: the code is another now, and facts gain fields: what the recorded one does not say is passed over.
    """
    told = [fact for fact in decided if fact.key is None or fact.key not in known]
    for event, fact in zip_longest(batch, told):
        if event is None:
            return Apart(batch[-1].seq, _named(fact), NOTHING, _short(_plain(fact)))
        if fact is None:
            return Apart(event.seq, _named(event.fact), _short(_plain(event.fact)), NOTHING)
        if type(event.fact) is not type(fact):
            return Apart(event.seq, "the fact", _named(event.fact), _named(fact))
        was, anew = _plain(event.fact), _plain(fact)
        if was == anew:
            continue  # nearly always: no need to walk through every value
        for path, recorded, again in _apart(was, anew):
            if grown and recorded == NOTHING:
                continue
            return Apart(event.seq, f"{_named(event.fact)}: {path}", recorded, again)
    return None


def _plain(fact: Fact) -> Any:
    return fact.model_dump(mode="json", exclude_none=True)


def _named(fact: Fact) -> str:
    """Name a fact by its type and by what it is about."""
    for field in ("symbol", "strategy", "break_id", "source", "step"):
        if told := getattr(fact, field, None):
            return f"{fact.type} {told}"
    return str(fact.type)


def _apart(recorded: Any, decided: Any, path: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield every value that differs, with the path to it; rows are named by what they are about."""
    match recorded, decided:
        case dict(), dict():
            for name in dict.fromkeys((*recorded, *decided)):
                yield from _apart(recorded.get(name), decided.get(name), f"{path}.{name}" if path else name)
        case list(), list():
            for place, (one, other) in enumerate(zip_longest(recorded, decided)):
                yield from _apart(one, other, f"{path}[{_row_name(one, other, place)}]")
        case _ if recorded != decided:
            yield path, _short(recorded), _short(decided)


def _row_name(one: Any, other: Any, place: int) -> str:
    row = one if isinstance(one, dict) else other
    names = (
        [row[name] for name in ("safeguard", "strategy", "symbol") if row.get(name)] if isinstance(row, dict) else []
    )
    return " ".join(names) or str(place)


def _short(value: Any) -> str:
    if value is None:
        return NOTHING
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"
