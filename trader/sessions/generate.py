"""Write the packaged session tables: `python -m trader.sessions.generate`, which needs the extra `calendar`.

To lengthen a table: set `LAST_DAY`, run the script, read the difference, commit both.
To add an exchange: add its code to `EXCHANGES` and its time zone to `trader.calendar.ZONES`.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import exchange_calendars

EXCHANGES = ("XNYS", "XTSE", "XLON", "XETR", "XPAR", "XTKS", "XHKG", "XASX")
FIRST_DAY = date(2000, 1, 1)  # of New York; of the others:
FIRST_DAY_ELSEWHERE = date(2005, 1, 1)
LAST_DAY = date(2030, 12, 31)
HEADER = "day,open,close\n"


def rows(exchange: str, first: date, last: date) -> str:
    """Return one line a session from `first` to `last`: its day, open and close, the times in UTC.

    All lines are equally long: trader.calendar searches the text without splitting it.
    """
    # The first day is passed on: left to itself the library starts twenty years ago.
    schedule = exchange_calendars.get_calendar(exchange, start=first, end=last).schedule
    return "".join(
        f"{day.date().isoformat()},{_minute(opening)},{_minute(closing)}\n"
        for day, opening, closing in zip(schedule.index, schedule["open"], schedule["close"], strict=True)
    )


def main() -> None:
    """Write every table beside this script."""
    for exchange in EXCHANGES:
        table = Path(__file__).with_name(f"{exchange}.csv")
        first = FIRST_DAY if exchange == "XNYS" else FIRST_DAY_ELSEWHERE
        table.write_text(HEADER + rows(exchange, first, LAST_DAY), encoding="ascii", newline="\n")


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%MZ}"


if __name__ == "__main__":
    main()
