"""Old lines, brought up to date as they are read: a line is never rewritten, its bytes and its hash stay what they are.

A field that is added with a default needs nothing of this. Anything else (a field renamed, split or made to mean
something else, a type renamed or retired) is a new version or a new type, and an upcaster from the old one:

1. Change the model in `ledger/events/`; if it keeps its name, raise its `VERSION` by one.
2. Write a pure function from the old payload to the new type, version and payload, and add it to `UPCASTERS`. It goes
   one step; upcasters are chained until none fits, so that older ones need no change.
3. Keep what the fact's `key` is made of: a fact that is told again must still be recognised as the one in the log.
4. Run the tests: every frozen log under tests/history/ must still replay to the hashes recorded with it.

The payload is parsed JSON: money and quantities are strings. `occurred_at`, `trade_date` and `report_date` stand in it
where the line has them. What has no upcaster and is not known was written by a later version of the code: it halts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Payload = dict[str, Any]


class Upcaster(NamedTuple):
    """One step from a version of a type that is written no more."""

    type: str
    version: int
    step: Callable[[Payload], tuple[str, int, Payload]]


UPCASTERS: tuple[Upcaster, ...] = ()


def has_upcaster(name: str, version: int, upcasters: tuple[Upcaster, ...] = UPCASTERS) -> bool:
    """Tell whether a version of a type is an old one."""
    return any((known.type, known.version) == (name, version) for known in upcasters)


def upcast(
    name: str, version: int, payload: Payload, upcasters: tuple[Upcaster, ...] = UPCASTERS
) -> tuple[str, int, Payload]:
    """Go step by step until no upcaster fits; the given payload stays as it is."""
    steps = {(known.type, known.version): known.step for known in upcasters}
    for _ in range(len(upcasters)):
        step = steps.get((name, version))
        if step is None:
            break
        name, version, payload = step(dict(payload))
    return name, version, payload
