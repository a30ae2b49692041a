"""One typed DuckDB table an event type, made from the models; the analysis views on top.

Nothing here knows an event by name: a new type or field appears by itself. To add a view, write `views/NAME.sql`, whose
first line is a comment with the question it answers, and add NAME to `VIEWS`, after the views that it reads.

Numbers are DECIMAL(38,12). Where a home holds finer ones (IB's average costs are quotients), that column alone gets as
many places as its finest value needs; a value that does not fit into 38 digits is an error. Nothing is ever rounded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime

from ledger.events import EVENT_TYPES, Fact, Row, instant_text, type_name
from ledger.events.fact import ENVELOPE_FIELDS
from ledger.line import Event
from ledger.log import read_events

if TYPE_CHECKING:
    import duckdb

VIEWS: tuple[str, ...] = (
    "fills", "orders", "cycles", "nav", "positions_history", "positions", "cash_history", "cash", "days",
)  # fmt: skip
HOME_ZONE = "America/New_York"  # days and shown times are those of the account's home calendar
PLACES = 12
DIGITS = 38
MEMORY = "1GB"

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
FINER_THAN_USUAL = re.compile(rb'"-?[0-9]+\.[0-9]{%d,}"' % (PLACES + 1))


class TableError(Exception):
    """The events cannot be shown as tables without losing something."""


class UnknownDay(Exception):
    """A day of which the log knows nothing."""


def connect(home: Path, *, zone: str = HOME_ZONE) -> duckdb.DuckDBPyConnection:
    """Return the home's history as tables and views in memory, behind a fence: nothing outside it can be reached."""
    con = load(read_events(home), zone=zone)
    con.execute("SET python_enable_replacements = false")
    con.execute("SET enable_external_access = false")
    con.execute("SET lock_configuration = true")
    return con


def load(events: Iterable[Event], *, zone: str = HOME_ZONE) -> duckdb.DuckDBPyConnection:
    """Fill a new in-memory database with the events, views included, without the fence."""
    import duckdb

    staged = stage(events)
    con = duckdb.connect(":memory:", config=_settings())
    con.execute(f"SET TimeZone = '{zone}'")  # a day and a shown time are those of the home calendar
    con.begin()
    for event_type in EVENT_TYPES:
        _create_table(con, event_type, staged)
    con.execute(f"CREATE VIEW events AS {_union_of_all()}")
    for view in VIEWS:
        con.execute(f"CREATE VIEW {view} AS {view_text(view)}")
    con.commit()
    return con


def view_text(name: str) -> str:
    """Return the SQL of a view, as it stands in its file."""
    return files("queries").joinpath("views", f"{name}.sql").read_text(encoding="utf-8")


@dataclass(slots=True)
class Staged:
    """Events on their way into tables: one JSON text an event, by type, and the places that finer columns need."""

    lines: dict[str, list[str]] = field(default_factory=dict)
    places: dict[tuple[str, str], int] = field(default_factory=dict)  # (type, column) -> places, where above PLACES


def stage(events: Iterable[Event]) -> Staged:
    """Spell every event as one flat JSON object, absent values as null, so that DuckDB may read it strictly."""
    staged = Staged()
    excluded = set(ENVELOPE_FIELDS)
    for event in events:
        payload = event.fact.__pydantic_serializer__.to_json(event.fact, exclude=excluded)
        if FINER_THAN_USUAL.search(payload):
            _note_places(staged.places, event)
        line = _envelope_text(event) + payload[1:].decode()
        staged.lines.setdefault(event.type, []).append(line)
    return staged


def columns_of(
    event_type: type[Fact], places: Mapping[tuple[str, str], int] | None = None
) -> tuple[tuple[str, str], ...]:
    """Name every column of an event type's table with its DuckDB type: the envelope first, then the payload."""
    table, wider = type_name(event_type), places or {}
    payload = tuple(
        (name, _sql_type(spec.annotation, wider.get((table, name), PLACES)))
        for name, spec in event_type.model_fields.items()
        if name not in ENVELOPE_FIELDS
    )
    return ENVELOPE + payload


def _settings() -> dict[str, str | bool | int | float | list[str]]:
    return {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "memory_limit": MEMORY,
        "temp_directory": "",  # spill nowhere: a question that needs more memory fails
        "threads": "2",
    }


def _create_table(con: duckdb.DuckDBPyConnection, event_type: type[Fact], staged: Staged) -> None:
    import duckdb

    table, columns = type_name(event_type), columns_of(event_type, staged.places)
    lines = staged.lines.get(table)
    try:
        if lines is None:
            definition = ", ".join(f'"{name}" {kind}' for name, kind in columns)
            con.execute(f"CREATE TABLE {table} ({definition})")
        else:
            structure = json.dumps(dict(columns))
            con.execute(
                f"CREATE TABLE {table} AS "
                f"SELECT unnest(from_json_strict(line, '{structure}')) FROM (SELECT unnest($1::VARCHAR[]) AS line)",
                [lines],
            )
    except duckdb.Error as error:
        raise TableError(
            f"{table}: expected values that fit its columns exactly, found: {_first_line(error)}"
        ) from error


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
    raise TypeError(f"no DuckDB type is known for a field of {annotation!r}: add one to queries/tables.py")


def _union_of_all() -> str:
    names = ", ".join(name for name, _ in ENVELOPE)
    return " UNION ALL ".join(
        f"SELECT seq, '{type_name(event_type)}' AS type, {names.removeprefix('seq, ')} FROM {type_name(event_type)}"
        for event_type in EVENT_TYPES
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
