"""What a command of the control port is given: what it acts on (`Desk`), and its arguments by name and type.

To support another type of argument: a method like `integer`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from trader.simulator.gateway import Gateway
from trader.simulator.statement_service import StatementService

Answer = dict[str, object]


class CommandError(Exception):
    """A command that cannot be carried out; the text says what was expected."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What commands act on."""

    gateway: Gateway
    stopped: asyncio.Event
    statements: StatementService | None = None


class Arguments:
    """The arguments of one command, taken by name and type."""

    def __init__(self, given: dict[str, object]) -> None:
        self._given = given

    def text(self, name: str, default: str | None = None) -> str:
        """Take a text."""
        value = self._take(name, default)
        if not isinstance(value, str):
            raise CommandError(f"{name} should be a text, found {value!r}")
        return value

    def optional_text(self, name: str) -> str | None:
        """Take a text or nothing."""
        return self.text(name) if self._is_given(name) else None

    def integer(self, name: str, default: int | None = None) -> int:
        """Take a whole number."""
        value = self._take(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise CommandError(f"{name} should be a whole number, found {value!r}")
        return value

    def optional_integer(self, name: str) -> int | None:
        """Take a whole number or nothing."""
        return self.integer(name) if self._is_given(name) else None

    def decimal(self, name: str, default: Decimal | None = None) -> Decimal:
        """Take an amount, as a text or as a JSON number."""
        value = self._take(name, default)
        try:
            number = Decimal(value) if isinstance(value, str | int | Decimal) else Decimal("NaN")
        except InvalidOperation:
            number = Decimal("NaN")
        if isinstance(value, bool) or not number.is_finite():
            raise CommandError(f"{name} should be a decimal number as a text, found {value!r}")
        return number

    def optional_decimal(self, name: str) -> Decimal | None:
        """Take an amount or nothing."""
        return self.decimal(name) if self._is_given(name) else None

    def flag(self, name: str, default: bool | None = None) -> bool:
        """Take true or false."""
        value = self._take(name, default)
        if not isinstance(value, bool):
            raise CommandError(f"{name} should be true or false, found {value!r}")
        return value

    def one_of(self, name: str, choices: frozenset[str], default: str | None = None) -> str:
        """Take one of several texts."""
        value = self.text(name, default)
        if value not in choices:
            raise CommandError(f"{name} should be one of {', '.join(sorted(choices))}; found {value!r}")
        return value

    def end(self) -> None:
        """Refuse what no one took."""
        if self._given:
            raise CommandError(f"unknown arguments: {', '.join(sorted(self._given))}")

    def _take(self, name: str, default: object) -> object:
        value = self._given.pop(name, default)
        if value is None:
            raise CommandError(f"{name} is missing")
        return value

    def _is_given(self, name: str) -> bool:
        """Say whether there is a value, and forget a null."""
        if self._given.get(name) is None:
            self._given.pop(name, None)
        return name in self._given


Command = Callable[[Desk, Arguments], Answer | Awaitable[Answer]]
