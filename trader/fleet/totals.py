"""Where the accounts of a fleet stand, a line each, and what they come to in one currency.

An account in another currency is converted at its own last known rate. Where it knows none the total is unknown, and
names the account: it is never a sum that leaves something out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from queries.figures import percent
from queries.formats import Answer
from trader import exits
from trader.fleet.asking import Said

CENT = Decimal("0.01")
RATES = "SELECT rows FROM rates_observed ORDER BY seq DESC LIMIT 1"
COLUMNS = ("account", "state", "NAV", "currency", "today", "drawdown", "leverage", "waits", "what waits, or is wrong")
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Standing:
    """One account's status, as `tallybook status --format json` tells it; None where it could not."""

    said: Said
    told: dict[str, Any] | None
    rate: Decimal | None = None  # units of the fleet's currency for one of the account's; None: not known

    @property
    def nav(self) -> Decimal | None:
        """Net asset value in the account's currency; None before the first snapshot, or where nothing was told."""
        return self._amount("nav")

    @property
    def today(self) -> Decimal | None:
        """What the day brought, in the account's currency."""
        return self._amount("today")

    def converted(self, amount: Decimal | None) -> Decimal | None:
        """Return an amount in the fleet's currency: its own to the last digit, another's to the cent."""
        if amount is None or self.rate is None:
            return None
        return amount if self.rate == 1 else (amount * self.rate).quantize(CENT, ROUND_HALF_EVEN)

    def _amount(self, name: str) -> Decimal | None:
        value = None if self.told is None else self.told.get(name)
        return None if value is None else Decimal(value)


def standing(said: Said) -> Standing:
    """Read what the status said."""
    try:
        told = json.loads(said.out)
    except ValueError:
        return Standing(said, None)
    return Standing(said, told if isinstance(told, dict) else None)


def rate_of(said: Said, wanted: str) -> Decimal | None:
    """Return units of a currency for one of an account's own, by its last report of rates; None for none."""
    try:
        (answer,) = json.loads(said.out)
        known = {row["currency"]: Decimal(row["rate"]) for row in answer["rows"]}
    except (ValueError, KeyError, TypeError):
        return None
    return 1 / known[wanted] if known.get(wanted) else None


def table(standings: Sequence[Standing], currency: str) -> Answer:
    """Return a line an account, the worst first, and their total: who answers worst, then for whom most waits."""
    ordered = sorted(standings, key=_badness)
    return Answer(COLUMNS, (*map(_line, ordered), _total(standings, currency)))


def _badness(one: Standing) -> tuple[object, ...]:
    told = one.told or {}
    waits, drawdown = len(told.get("waiting") or ()), Decimal(told.get("drawdown") or 0)
    return one.said.status == exits.FINE, -one.said.status, -waits, drawdown, one.said.member.name


def _line(one: Standing) -> tuple[object, ...]:
    if one.told is None:
        nothing = (UNKNOWN, None, None, None, None, None)
        return one.said.member.name, "COULD NOT BE ASKED", *nothing, one.said.last_error or "no answer"
    waiting = one.told.get("waiting") or []
    return (
        one.said.member.name, one.told.get("verdict") or "fine", one.nav, one.told.get("base_currency"), one.today,
        _percent(one.told.get("drawdown")), one.told.get("leverage"), len(waiting), waiting[0] if waiting else "",
    )  # fmt: skip


def _percent(share: str | None) -> str | None:
    return None if share is None else percent(Decimal(share))


def _total(standings: Sequence[Standing], currency: str) -> tuple[object, ...]:
    nav = _sum(one.converted(one.nav) for one in standings)
    today = _sum(one.converted(one.today) for one in standings)
    missing = sorted(one.said.member.name for one in standings if one.converted(one.nav) is None)
    told = f"{len(missing)} of {len(standings)} not known in {currency}: {', '.join(missing[:3])}" if missing else ""
    bad = sum(one.said.status != exits.FINE for one in standings)
    state = f"{len(standings)} accounts, {bad} with bad news" if bad else f"{len(standings)} accounts"
    return (
        "TOTAL",
        state,
        UNKNOWN if nav is None else nav,
        currency,
        UNKNOWN if today is None else today,
        *[None] * 3,
        told,
    )


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return a sum; None if one of its amounts is not known."""
    total = Decimal(0)
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total
