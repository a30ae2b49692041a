"""What settings are made of: exact numbers, shares, ports, spans; and what every section has in common."""

from decimal import Decimal, InvalidOperation
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _exact(value: object) -> object:
    """Take a TOML number, or a text of one, as an exact decimal."""
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str):
        try:
            return Decimal(value)
        except InvalidOperation:
            raise ValueError(f"expected a decimal number, found {value!r}") from None
    return value


Number = Annotated[Decimal, BeforeValidator(_exact), Field(allow_inf_nan=False)]
Positive = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Number, Field(ge=0)]
Share = Annotated[Number, Field(ge=0, le=1)]
Port = Annotated[int, Field(gt=0, lt=65536)]
Seconds = Annotated[int, Field(gt=0, le=86_400)]
Days = Annotated[int, Field(ge=2)]


def listed(value: object) -> object:
    """Take one text or number as a list of one."""
    return (value,) if isinstance(value, str | int) else value


class Section(BaseModel):
    """A part of the settings: strict, frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", validate_by_name=True, validate_by_alias=True)
