"""Values of the book as JSON, and back, exactly: what a checkpoint is made of.

The spelling follows from the types of the fields. A number keeps its exponent, a moment its microseconds, a dict its
order; a dataclass or a named tuple is the list of its fields' values, a fact or a row the text of its own JSON. What
would not do that way says so in `OTHERWISE`. A type that nothing here can spell exactly raises TypeError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from ledger.lots import (
    BringIn,
    CarveOut,
    Entry,
    Floor,
    Holding,
    Lot,
    Matched,
    Recost,
    Scale,
    TakeOut,
    Trade,
    holding_of,
    matched_of,
)

Turn = Callable[[Any], Any]
Spelling = tuple[Turn | None, Turn | None]  # to JSON values and back; None: it is a JSON value


def _spell_any(value: object) -> object:
    if type(value) is Decimal:
        return [str(value)]
    if type(value) is date:
        return {"date": value.isoformat()}
    if type(value) is datetime:
        return {"moment": value.isoformat()}
    if type(value) is tuple:
        return {"row": [_spell_any(each) for each in value]}
    if value is None or type(value) in (str, int, bool):
        return value
    raise TypeError(f"{value!r}: expected text, a number, a date, a moment, none or a row of these")


def _read_any(told: Any) -> object:
    if type(told) is list:
        return Decimal(told[0])
    if type(told) is not dict:
        return told
    if "row" in told:
        return tuple(map(_read_any, told["row"]))
    return date.fromisoformat(told["date"]) if "date" in told else datetime.fromisoformat(told["moment"])


SIMPLE: dict[Any, Spelling] = {
    str: (None, None),
    int: (None, None),
    bool: (None, None),
    Decimal: (str, Decimal),
    datetime: (datetime.isoformat, datetime.fromisoformat),
    date: (date.isoformat, date.fromisoformat),
    object: (_spell_any, _read_any),  # a part of an economic identity
}
KINDS = (Trade, Scale, TakeOut, CarveOut, BringIn, Recost)


def _entries_by_kind(holding: Holding) -> Iterator[tuple[Entry, ...]]:
    """Part the entries of a holding, so that each kind is spelt by its fields; `holding_of` orders them again."""
    entries = holding.entries
    return (tuple(entry for entry in entries if type(entry) is kind) for kind in KINDS)


# What shares its parts, or would be spelt many times over: its parts, and how it is made of them again.
OTHERWISE: dict[Any, tuple[Turn, Callable[..., Any], Any]] = {
    Matched: (
        lambda m: (m.lots, m.quantity, m.gross, m.commission, m.realised_gross, m.realised_commission),
        matched_of,
        tuple[tuple[Lot, ...], Decimal, Decimal, Decimal, Decimal, Decimal],
    ),
    Holding: (
        lambda h: (h.con_id, h.currency, h.multiplier, h.floor, *_entries_by_kind(h)),
        holding_of,
        tuple[
            int,
            str,
            Decimal,
            Floor | None,
            tuple[Trade, ...],
            tuple[Scale, ...],
            tuple[TakeOut, ...],
            tuple[CarveOut, ...],
            tuple[BringIn, ...],
            tuple[Recost, ...],
        ],
    ),
}


@cache
def spelling(kind: Any) -> Spelling:
    """Return how values of a type are spelt and read."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind in SIMPLE:
        return SIMPLE[kind]
    if kind in OTHERWISE:
        return _otherwise(*OTHERWISE[kind])
    if origin in (Union, UnionType) and len(parts) == 2 and NoneType in parts:
        return _optional(*spelling(parts[0] if parts[1] is NoneType else parts[1]))
    if origin is tuple and len(parts) == 2 and parts[1] is Ellipsis:
        return _series(*spelling(parts[0]), tuple)
    if origin is tuple:
        return _row(tuple(map(spelling, parts)), lambda *values: values, lambda row: row)
    if origin is frozenset:
        return _series(*spelling(parts[0]), frozenset)
    if origin in (dict, Mapping):
        return _dict(spelling(parts[0]), spelling(parts[1]))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _model(kind)
    if is_dataclass(kind):
        return _record(kind, tuple(field.name for field in fields(kind)))
    if hasattr(kind, "_fields"):
        return _record(kind, kind._fields)
    raise TypeError(f"{kind}: expected a type that can be spelt exactly, found none; see OTHERWISE")


def _otherwise(apart: Turn, together: Callable[..., Any], kind: Any) -> Spelling:
    spell, read = _turns(spelling(kind))
    return lambda value: spell(apart(value)), lambda told: together(*read(told))


def _turns(spelled: Spelling) -> tuple[Turn, Turn]:
    spell, read = spelled
    return spell or _same, read or _same


def _same(value: Any) -> Any:
    return value


def _optional(spell: Turn | None, read: Turn | None) -> Spelling:
    if spell is None or read is None:
        return None, None
    return lambda value: None if value is None else spell(value), lambda told: None if told is None else read(told)


def _series(spell: Turn | None, read: Turn | None, kind: type[Any]) -> Spelling:
    order: Callable[[Any], Any] = sorted if kind is frozenset else list
    if spell is None or read is None:
        return order, kind
    return lambda values: [spell(value) for value in order(values)], lambda told: kind(map(read, told))


def _row(columns: tuple[Spelling, ...], together: Callable[..., Any], apart: Turn) -> Spelling:
    spells = [(place, turn) for place, (turn, _) in enumerate(columns) if turn is not None]
    reads = [(place, turn) for place, (_, turn) in enumerate(columns) if turn is not None]

    def spell(value: Any) -> list[Any]:
        row = list(apart(value))
        for place, turn in spells:
            row[place] = turn(row[place])
        return row

    def read(row: list[Any]) -> Any:
        if len(row) != len(columns):
            raise ValueError(f"expected {len(columns)} values, found {len(row)}")
        for place, turn in reads:
            row[place] = turn(row[place])
        return together(*row)

    return spell, read


def _record(kind: Any, names: tuple[str, ...]) -> Spelling:
    hints = get_type_hints(kind)
    return _row(
        tuple(spelling(hints[name]) for name in names), kind, lambda value: [getattr(value, name) for name in names]
    )


def _dict(key: Spelling, value: Spelling) -> Spelling:
    """Spell pairs, not an object: a key may be anything, and the order counts."""
    spell, read = _turns(_row((key, value), lambda *both: both, lambda both: both))
    return lambda held: [spell(both) for both in held.items()], lambda told: dict(map(read, told))


def _model(kind: type[BaseModel]) -> Spelling:
    """Spell its own JSON: only that does a fact's validator read at full speed, and strictly."""
    return lambda fact: fact.model_dump_json(exclude_none=True), kind.model_validate_json
