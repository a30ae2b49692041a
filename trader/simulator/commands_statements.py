"""Commands of the control port that concern the statement service.

To add one: the function, its row in `STATEMENT_COMMANDS`, and a method of `control.Control`.
"""

from __future__ import annotations

from datetime import date

from trader.simulator.desk import Answer, Arguments, Command, CommandError, Desk
from trader.simulator.statement_service import FAULTS, Fault, StatementService


def statements(desk: Desk, arguments: Arguments) -> Answer:
    """Tell where statements are served, with which token, and of which days there are any."""
    arguments.end()
    service = _service(desk)
    first, last = service.served
    return {
        "port": service.port,
        "url": service.url,
        "token": service.token,
        "days": [day.isoformat() for day in service.archive.days],
        "served": [day.isoformat() if day else None for day in (first, last)],
    }


def serve_statement(desk: Desk, arguments: Arguments) -> Answer:
    """Choose what any query number is answered with: a day, a period, or again the last day closed."""
    last, first = _day(arguments, "day"), _day(arguments, "first_day")
    arguments.end()
    service = _service(desk)
    if first and not last:
        raise CommandError("first_day needs a day, the last one of the period")
    if last:
        service.archive.period(last, first)  # refused if there is no such day
    service.served = (first or last, last)
    return {}


def statement_fault(desk: Desk, arguments: Arguments) -> Answer:
    """Let the service fail."""
    kind = arguments.one_of("kind", FAULTS)
    times, seconds = arguments.optional_integer("times"), arguments.optional_decimal("seconds")
    arguments.end()
    if (kind == "slow") != (seconds is not None):
        raise CommandError("seconds should be given with slow, and with nothing else")
    _service(desk).faults.append(Fault(kind, times, float(seconds or 0)))
    return {}


def _service(desk: Desk) -> StatementService:
    if desk.statements is None:
        raise CommandError("this simulator serves no statements; start it with --statements")
    return desk.statements


def _day(arguments: Arguments, name: str) -> date | None:
    text = arguments.optional_text(name)
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{name} should be a date like 2005-02-14, found {text!r}") from None


STATEMENT_COMMANDS: tuple[tuple[str, Command], ...] = (
    ("statements", statements),
    ("serve-statement", serve_statement),
    ("statement-fault", statement_fault),
)
