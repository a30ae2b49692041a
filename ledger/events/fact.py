"""What every fact has in common: exact numbers, UTC instants, an identity.

A fact is a frozen, strict pydantic model. On disk its money and quantities are JSON strings in one canonical spelling
(no exponent, no trailing zeros, never -0), so that equal facts have equal bytes; a JSON number is refused.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, ClassVar

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import core_schema

CANONICAL_DECIMAL = r"^(-?[1-9][0-9]*(\.[0-9]*[1-9])?|0|-?0\.[0-9]*[1-9])$"
_is_canonical = re.compile(CANONICAL_DECIMAL[1:-1]).fullmatch


def decimal_text(number: Decimal) -> str:
    """Spell a finite number without exponent, trailing zeros or a negative zero.

    >>> decimal_text(Decimal("1E+2")), decimal_text(Decimal("-0.00")), decimal_text(Decimal("1.50"))
    ('100', '0', '1.5')
    """
    text = str(number)
    if "E" in text:
        text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "0", "") else text


# Quantities, prices and rates repeat; a text that is known is not looked at again. Decimals are immutable.
@lru_cache(maxsize=4096)
def _number(text: str) -> Decimal:
    """Read a canonical decimal."""
    if not _is_canonical(text):
        raise ValueError(f"a decimal should match pattern {CANONICAL_DECIMAL}, found {text[:80]!r}")
    return Decimal(text)


class _ExactDecimal:
    """A Decimal in Python and a canonical string in JSON; floats, NaN and infinities are refused in both."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        text = core_schema.str_schema(strict=True)
        return core_schema.json_or_python_schema(
            json_schema=core_schema.no_info_after_validator_function(_number, text),
            python_schema=core_schema.decimal_schema(strict=True, allow_inf_nan=False),
            serialization=core_schema.plain_serializer_function_ser_schema(
                decimal_text, return_schema=core_schema.str_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": CANONICAL_DECIMAL}


Exact = Annotated[Decimal, _ExactDecimal]  # money, quantities, prices, rates, weights


def instant_text(moment: datetime) -> str:
    """Spell an aware moment in UTC with six decimals and a Z; raise ValueError for a naive one."""
    if moment.tzinfo is None:
        raise ValueError(f"expected a moment with a time zone, found {moment!r}")
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat("T", "microseconds")[:-6] + "Z"


Instant = Annotated[
    AwareDatetime,
    PlainSerializer(instant_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Row(BaseModel):
    """A part of a fact: frozen and strict like the fact itself."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)


class Fact(Row):
    """Something that happened. Never changed, never deleted; a later fact may correct it.

    `occurred_at` is the source's time (absent where the source gives none), `trade_date` and `report_date` the broker's
    dates; they travel in the line's envelope, not in its payload.
    """

    type: str
    occurred_at: Instant | None = None
    trade_date: date | None = None
    report_date: date | None = None

    VERSION: ClassVar[int] = 1
    ACTS: ClassVar[bool] = False  # an intent: what follows it touches the outside world, so HEAD is synced first
    FROM_BROKER: ClassVar[bool] = False  # the broker's word: if impossible, it becomes a break, never an exception

    @property
    def key(self) -> str | None:
        """The economic identity under which this fact may stand in the log only once; None for observations."""
        return None

    @property
    def economic_part(self) -> tuple[object, ...]:
        """What must be equal for two facts of one key to be the same fact; other differences are observations."""
        return ()


ENVELOPE_FIELDS = frozenset({"type", "occurred_at", "trade_date", "report_date"})


def payload_bytes(fact: Fact) -> bytes:
    """Return the fact as compact JSON, without what the envelope carries and without absent values."""
    return fact.__pydantic_serializer__.to_json(fact, exclude=set(ENVELOPE_FIELDS), exclude_none=True)


@lru_cache(maxsize=4096)  # a fill, its commission and their keys ask for the same one several times
def execution_base(execution_id: str) -> tuple[str, int]:
    """Split IB's execution id into its base and its revision: a correction differs only after the last dot.

    Source: IB's TWS API on execDetails. Raises ValueError for an id without a numeric last part.
    """
    base, dot, revision = execution_id.rpartition(".")
    if not dot or not base or not revision.isdigit():
        raise ValueError(f"execution id {execution_id!r}: expected BASE.REVISION with a numeric revision")
    return base, int(revision)
