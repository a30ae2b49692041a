"""What folding the book gives for each sealed day, and what SQL shows of it.

`KEPT` lies in Parquet, a file a table (`keeping.py`), and `RELATIONS` are made of that and of the book of the last line
(`showing.py`). To add a column: here, and where its rows are made (`following.py`).
"""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256

PLACES, DIGITS = 12, 38
MONEY = "DECIMAL"  # given its places where a table is made
Columns = tuple[tuple[str, str], ...]

JOURNAL, DISPOSED, FLOWS, BRIDGES = "journal_lines", "lots_closed", "strategy_flows", "bridge_lines"
KEPT: dict[str, Columns] = {
    # Each leg of each entry, as it was posted.
    JOURNAL: (
        ("seq", "BIGINT"),
        ("recorded_at", "TIMESTAMPTZ"),
        ("occurred_at", "TIMESTAMPTZ"),
        ("type", "VARCHAR"),
        ("account", "VARCHAR"),
        ("currency", "VARCHAR"),
        ("amount", MONEY),
    ),
    # A part of a lot that was closed (`times` 1), or that is as if it never had been (-1): a late fact matches anew.
    DISPOSED: (
        ("times", "BIGINT"),
        ("con_id", "BIGINT"),
        ("currency", "VARCHAR"),
        ("opened_by", "VARCHAR"),
        ("opened_at", "TIMESTAMPTZ"),
        ("closed_by", "VARCHAR"),
        ("closed_at", "TIMESTAMPTZ"),
        ("method", "VARCHAR"),
        ("quantity", MONEY),
        ("gross_basis", MONEY),
        ("gross_proceeds", MONEY),
        ("opening_commission", MONEY),
        ("closing_commission", MONEY),
    ),
    # Money that moved for a strategy; con_id is NULL where it was of no contract.
    FLOWS: (("strategy", "VARCHAR"), ("con_id", "BIGINT"), ("currency", "VARCHAR"), ("amount", MONEY)),
    # A session's bridge, line by line; `note` says what is missing where there is none.
    BRIDGES: (
        ("session_day", "DATE"),
        ("place", "BIGINT"),
        ("line", "VARCHAR"),
        ("amount", MONEY),
        ("currency", "VARCHAR"),
        ("note", "VARCHAR"),
    ),
}
RELATIONS: dict[str, tuple[str, ...]] = {  # what each is made of, beside the book of the last line
    "journal": (JOURNAL,),
    "lots": (),
    "realised": (DISPOSED,),
    "nav_bridge": (BRIDGES,),
    "strategy_books": (FLOWS,),
}


@cache
def fingerprint(table: str) -> str:
    """Return what changes when a column does, or anything that folds."""
    from ledger.checkpoints import state_version  # slow to import

    return sha256(json.dumps([KEPT[table], state_version()]).encode()).hexdigest()[:16]
