"""Several statements of one account as one: a query that is broken out by day yields one a day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar

from ledger.events import ContractDefined, Fact
from ledger.lots import exactly
from reconcile.statements.statement import Observed, Statement

K = TypeVar("K")
V = TypeVar("V")


def joined(statements: tuple[Statement, ...]) -> Statement:
    """Join statements of one account in the order of their periods; what happened twice in them happened once."""
    with exactly():
        return _joined(statements)


def _joined(statements: tuple[Statement, ...]) -> Statement:
    ordered = sorted(statements, key=lambda each: (each.first_day, each.last_day))
    if len(ordered) == 1:
        return ordered[0]
    first, last = ordered[0], max(ordered, key=lambda each: (each.last_day, each.first_day))
    facts, lines = dict[str, Fact](), dict[str, int]()
    contracts = dict[int, ContractDefined]()
    for statement in ordered:
        contracts |= {contract.con_id: contract for contract in statement.contracts}
        lines = {**(statement.lines or {}), **lines}
        for fact in statement.facts:
            facts.setdefault(fact.key or repr(fact), fact)
    notes = {note: None for statement in ordered for note in statement.notes}
    whole = all(after.first_day > before.last_day for before, after in pairwise(ordered))
    if not whole:
        notes["the periods of the statements overlap: sums of the whole are not compared"] = None
    return replace(
        last, first_day=first.first_day, base_currency=next((s.base_currency for s in ordered if s.base_currency), ""),
        contracts=tuple(contracts[con_id] for con_id in sorted(contracts)),
        facts=tuple(sorted(facts.values(), key=_time)),
        observed=_observed(first.observed, last.observed, [each.observed for each in ordered], whole),
        notes=tuple(notes), lines=lines,
    )  # fmt: skip


def _time(fact: Fact) -> datetime:
    assert fact.occurred_at is not None
    return fact.occurred_at


def _observed(first: Observed, last: Observed, each: list[Observed], whole: bool) -> Observed:
    """Take the beginning of the first, the end of the last, and the sum of what lies between."""
    return replace(
        last,
        cash_start=first.cash_start,
        nav_start=first.nav_start,
        accruals_start=first.accruals_start,
        cash_lines=_sum(each, lambda told: told.cash_lines, whole),
        realised=_sum(each, lambda told: told.realised, whole),
        realised_by_execution=_all(each, lambda told: told.realised_by_execution),
        commissions=_sum(each, lambda told: told.commissions, whole),
        nav_lines=_sum(each, lambda told: told.nav_lines, whole),
        opening=frozenset().union(*(told.opening for told in each)),
        closing=frozenset().union(*(told.closing for told in each)),
        closed_lots=_chained(told.closed_lots for told in each),
        funds=_chained(told.funds for told in each),
        rates_by_day=_all(each, lambda told: told.rates_by_day),
    )


def _sum(
    each: list[Observed], of: Callable[[Observed], Mapping[K, Decimal] | None], whole: bool
) -> Mapping[K, Decimal] | None:
    tables = [table for told in each if (table := of(told)) is not None]
    if not tables or not whole:
        return None
    keys = dict.fromkeys(key for table in tables for key in table)
    return {key: sum((table.get(key, Decimal(0)) for table in tables), Decimal(0)) for key in keys}


def _all(each: list[Observed], of: Callable[[Observed], Mapping[K, V] | None]) -> Mapping[K, V] | None:
    tables = [table for told in each if (table := of(told)) is not None]
    return {key: amount for table in tables for key, amount in table.items()} if tables else None


T = TypeVar("T")


def _chained(each: Iterable[tuple[T, ...] | None]) -> tuple[T, ...] | None:
    told = [found for found in each if found is not None]
    return tuple(dict.fromkeys(item for found in told for item in found)) if told else None
