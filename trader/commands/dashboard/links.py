"""From a figure to the events behind it.

Whatever bears one of these names, in a fact or in an answer in SQL, leads to the page of what it names. To let
something else lead somewhere, add its name to `LEADS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import quote, urlencode

LEADS: Mapping[str, str] = {
    "seq": "/event/{}",
    "first_seq": "/event/{}",
    "last_seq": "/event/{}",
    "until_seq": "/event/{}",
    "cycle": "/cycle/{}",
    "con_id": "/trail/con_id/{}",
    "order_ref": "/trail/order_ref/{}",
    "execution_id": "/trail/execution_id/{}",
    "execution": "/trail/execution_id/{}",
    "break_id": "/trail/break_id/{}",
    "session_day": "/day/{}",
}


def lead(name: str, value: object) -> str | None:
    """Return where a value of this name leads; None where nothing is known of it."""
    place = LEADS.get(name if name in LEADS else _last_word(name))
    if place is None or value is None or value == "":
        return None
    return place.format(quote(value.isoformat() if isinstance(value, date) else str(value), safe=""))


def _last_word(name: str) -> str:
    """`opened_seq` names a seq too."""
    return "seq" if name.endswith("_seq") else ""


def question(statement: str) -> str:
    """Return the address of an answer in SQL."""
    return f"/sql?{urlencode({'q': statement})}"
