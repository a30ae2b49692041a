"""Events on their way into tables: each a flat JSON text, and each column's type as the model has it.

Numbers are DECIMAL(38,12). Where a home holds finer ones (IB's average costs are quotients), that column alone gets as
many places as its finest value needs; a value that does not fit into 38 digits is an error. Nothing is ever rounded.
To let a new kind of field in, give it its DuckDB type in `SCALARS` or `_sql_type`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from hashlib import sha256
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime

from ledger.events import BY_NAME, Fact, Row, instant_text, type_name
from ledger.events.fact import ENVELOPE_FIELDS
from ledger.line import Event
from ledger.upcasters import UPCASTERS

EXCLUDED = set(ENVELOPE_FIELDS)  # from the payload: they stand before it
PLACES = 12
DIGITS = 38
Places = Mapping[tuple[str, str], int]  # (type, column) -> decimal places, where above PLACES

ENVELOPE: tuple[tuple[str, str], ...] = (
    ("seq", "BIGINT"),
    ("recorded_at", "TIMESTAMPTZ"),
    ("occurred_at", "TIMESTAMPTZ"),
    ("cycle", "BIGINT"),
    ("key", "VARCHAR"),
    ("trade_date", "DATE"),
    ("report_date", "DATE"),
    ("hash", "VARCHAR"),
)
EVENTS = "events"  # every event once, without its payload
EVENT_COLUMNS: tuple[tuple[str, str], ...] = (ENVELOPE[0], ("type", "VARCHAR"), *ENVELOPE[1:])
FINER_THAN_USUAL = re.compile(rb'"-?[0-9]+\.[0-9]{%d,}"' % (PLACES + 1))


class TableError(Exception):
    """The events cannot be shown as tables without losing something."""


@dataclass(slots=True)
class Staged:
    """One JSON text an event, by type, and the places that finer columns need."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    places: dict[tuple[str, str], int] = field(default_factory=dict)


def stage(events: Iterable[Event], tables: Collection[str] | None = None) -> Staged:
    """Spell every event as one flat JSON object, absent values as null, so that DuckDB may read it strictly.

    Those of some tables only, if any are named; `EVENTS` has every envelope.
    """
    staged = Staged()
    envelopes = tables is None or EVENTS in tables
    for event in events:
        if envelopes:
            envelope = f'{_envelope_text(event)}"type":"{event.type}"}}'
            staged.lines.setdefault(EVENTS, []).append(envelope)
        if tables is not None and event.type not in tables:
            continue
        staged.lines.setdefault(event.type, []).append(flat_text(event, staged.places))
    return staged


def flat_text(event: Event, places: dict[tuple[str, str], int]) -> str:
    """Spell one event as a flat JSON object, and note the places of columns that are finer than usual."""
    payload = event.fact.__pydantic_serializer__.to_json(event.fact, exclude=EXCLUDED)
    if FINER_THAN_USUAL.search(payload):
        _note_places(places, event)
    return _envelope_text(event) + payload[1:].decode()


def columns_named(table: str, places: Places | None = None) -> tuple[tuple[str, str], ...]:
    """Name every column of a table: of an event type's, or of `EVENTS`."""
    return EVENT_COLUMNS if table == EVENTS else columns_of(BY_NAME[table], places)


def columns_of(event_type: type[Fact], places: Places | None = None) -> tuple[tuple[str, str], ...]:
    """Name every column of an event type's table with its DuckDB type: the envelope first, then the payload."""
    table, wider = type_name(event_type), places or {}
    payload = tuple(
        (name, _sql_type(spec.annotation, wider.get((table, name), PLACES)))
        for name, spec in event_type.model_fields.items()
        if name not in ENVELOPE_FIELDS
    )
    return ENVELOPE + payload


@cache
def fingerprint(table: str) -> str:
    """Return what changes when a column comes, goes or gets another type, or when old lines are read another way."""
    upcast = [(upcaster.type, upcaster.version) for upcaster in UPCASTERS]
    version = 1 if table == EVENTS else BY_NAME[table].VERSION
    return sha256(json.dumps([columns_named(table), version, upcast]).encode()).hexdigest()[:16]


def _envelope_text(event: Event) -> str:
    """Return the envelope as an open JSON object, to be continued by the payload."""
    return (
        f'{{"seq":{event.seq},"recorded_at":"{instant_text(event.recorded_at)}",'
        f'"occurred_at":{_quoted(event.occurred_at)},"cycle":{"null" if event.cycle is None else event.cycle},'
        f'"key":{json.dumps(event.key)},"trade_date":{_quoted(event.trade_date)},'
        f'"report_date":{_quoted(event.report_date)},"hash":"{event.hash}",'
    )


def _quoted(moment: datetime | date | None) -> str:
    if moment is None:
        return "null"
    return f'"{instant_text(moment)}"' if isinstance(moment, datetime) else f'"{moment.isoformat()}"'


def _note_places(places: dict[tuple[str, str], int], event: Event) -> None:
    for name in type(event.fact).model_fields:
        needed = _places(getattr(event.fact, name))
        if needed > places.get((event.type, name), PLACES):
            places[event.type, name] = needed


def _places(value: object) -> int:
    match value:
        case Decimal():
            exponent = value.as_tuple().exponent
            return -exponent if isinstance(exponent, int) else 0
        case Row():
            return max((_places(getattr(value, name)) for name in type(value).model_fields), default=0)
        case tuple():
            return max(map(_places, value), default=0)
        case _:
            return 0


SCALARS: dict[object, str] = {
    str: "VARCHAR", int: "BIGINT", bool: "BOOLEAN", date: "DATE", datetime: "TIMESTAMPTZ", AwareDatetime: "TIMESTAMPTZ",
}  # fmt: skip


def _sql_type(annotation: Any, places: int) -> str:
    """Return the DuckDB type of a field; raise TypeError for one that nobody has decided yet."""
    if annotation is Decimal:
        return f"DECIMAL({DIGITS},{places})"
    if annotation in SCALARS:
        return SCALARS[annotation]
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _sql_type(parts[0], places)
    if origin in (Union, UnionType):
        (wanted,) = (part for part in parts if part is not type(None))
        return _sql_type(wanted, places)
    if origin is Literal:
        return "VARCHAR"
    if origin is tuple and parts[1:] == (...,):
        return f"{_sql_type(parts[0], places)}[]"
    if origin is dict:
        return f"MAP({_sql_type(parts[0], places)}, {_sql_type(parts[1], places)})"
    if isinstance(annotation, type) and issubclass(annotation, Row):
        fields = (f'"{name}" {_sql_type(spec.annotation, places)}' for name, spec in annotation.model_fields.items())
        return f"STRUCT({', '.join(fields)})"
    raise TypeError(f"no DuckDB type is known for a field of {annotation!r}: add one to queries/staging.py")
