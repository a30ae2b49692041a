"""What the strategies want: whether it can be meant."""
# ruff: noqa: D401 - a safeguard says what it stands for

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from ledger.book import Book
from ledger.events import TargetsComputed
from ledger.lots import ZERO
from ledger.nav import Unvalued
from ledger.wanting import Wanted, exposures
from trader.limits import Limits
from trader.projection import running_cycle
from trader.safeguards.judging import shrinks
from trader.verdicts import Verdict, at_most, unknown

Judge = Callable[[TargetsComputed], Verdict]
NO_FORECAST = "no forecast in this cycle"


def targets_stay_within_leverage(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A plan is scaled down to its limits; targets far beyond them are a bug, and their proportions too."""
    formula, computed = "sum of |weight x leverage| of all strategies", running_cycle(book).targets
    if not computed:
        return (unknown(formula, NO_FORECAST),)
    total = sum((abs(exposure) for targets in computed for exposure in exposures(targets).values()), ZERO)
    return (at_most(total, limits.target_leverage_max, formula, reduction=shrinks(book)),)


def targets_do_not_jump(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """What turns the portfolio over at once is looked at by its owner first."""
    formula, most = "sum of |change of weight x leverage| since trading was last allowed", limits.target_jump_max

    def verdict(computed: TargetsComputed) -> Verdict:
        jump, told = _wanted(book, computed).jump, f"{formula}, {computed.strategy}"
        if jump is None:
            return Verdict("pass", told, "the first targets by these settings", "")
        return at_most(jump, most, told, reduction=shrinks(book))

    return _each(book, formula, verdict)


def targets_change(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A strategy that computes its weights from prices, and repeats them to the last digit, is stuck."""
    formula, most = "sessions in a row with the same targets", Decimal(limits.target_unchanged_sessions_max)

    def verdict(computed: TargetsComputed) -> Verdict:
        wanted, told = _wanted(book, computed), f"{formula}, {computed.strategy}"
        if not computed.moves or len(wanted.exposures) < 2:  # one alone may stand at its cap for long
            return Verdict("pass", told, "need not change", "")
        return at_most(Decimal(wanted.sessions), most, told, reduction=shrinks(book))

    return _each(book, formula, verdict)


def targets_are_fresh(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """Targets of old closes are wishes of another day."""
    formula, most = "days since the close that a target rests on", Decimal(limits.target_age_days_max)
    today = running_cycle(book).started.session_day

    def verdict(computed: TargetsComputed) -> Verdict:
        ages, told = [ZERO], f"{formula}, {computed.strategy}"
        for row in computed.rows:
            if row.weight and row.reference_day is None:
                raise Unvalued(f"{row.symbol}: the forecast tells no day of its close")
            if row.weight and row.reference_day is not None:
                ages.append(Decimal((today - row.reference_day).days))
        return at_most(max(ages), most, told, reduction=shrinks(book))

    return _each(book, formula, verdict)


def _each(book: Book, formula: str, verdict: Judge) -> tuple[Verdict, ...]:
    computed = running_cycle(book).targets
    return tuple(map(verdict, computed)) or (unknown(formula, NO_FORECAST),)


def _wanted(book: Book, computed: TargetsComputed) -> Wanted:
    return book.wanted[computed.strategy]
