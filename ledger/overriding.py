"""What overrides leave of a contract: what may be done with it, and how much of it is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from ledger.events import OverrideSet, decimal_text
from ledger.lots import EXACT, ONE
from ledger.state import State

ACCOUNT = "account"
STRICTNESS = ("all", "reduce_only", "none")
WORDS = {"all": "trade", "reduce_only": "reduce only", "none": "no orders"}


class Allowed(NamedTuple):
    """All overrides of one contract together: the strictest word, the product of all scales."""

    allow: str = "all"
    scale: Decimal = ONE
    why: str = ""


def allowed(book: State, symbol: str, strategy: str) -> Allowed:
    """Return what holds of a contract that a strategy wants something of."""
    found = Allowed()
    for override in _standing(book, symbol, strategy):
        allow = max(found.allow, override.allow, key=STRICTNESS.index)
        why = f"override of {override.subject}: {override_words(override)}: {override.why}"
        found = Allowed(allow, EXACT.multiply(found.scale, override.scale), found.why or why)
    return found


def allowed_to_strategy(book: State, strategy: str) -> str:
    """Return what the override of a strategy itself lets it do, whatever holds of the contract or the account."""
    subject = f"strategy {strategy}"
    return next((it.allow for it in _standing(book, "", strategy) if it.subject == subject), "all")


def override_words(override: OverrideSet) -> str:
    """Say in a few words what an override says."""
    scale = f", scale {decimal_text(override.scale)}" if override.scale != ONE else ""
    until = f", until {override.until}" if override.until is not None else ""
    return f"{WORDS[override.allow]}{scale}{until}"


def _standing(book: State, symbol: str, strategy: str) -> Iterator[OverrideSet]:
    for subject in (symbol, f"strategy {strategy}", ACCOUNT):
        override = book.overrides.get(subject)
        if override is not None and (override.until is None or book.now.date() <= override.until):
            yield override
