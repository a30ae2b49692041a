"""Whose process asks: on loopback every user of the machine can connect, and what an account holds is nobody else's.

Linux tells the user behind each end of a connection in /proc/net/tcp. Where it does not, `serve` says that other users
of the machine can look too.
"""

from __future__ import annotations

import os
from pathlib import Path

from trader.commands.dashboard.guard import Asking, Reason, Refused

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LOOPBACK = ("0100007F", "0000000000000000FFFF00000100007F")  # 127.0.0.1, as each table spells it
ROOT = 0


def of_this_user(port: int, tables: tuple[Path, ...] = TABLES, user: int | None = None) -> Reason:
    """Return a reason to refuse another user's process; root may read every file anyway."""
    ours = os.getuid() if user is None else user

    def reason(asking: Asking) -> Refused | None:
        found = None if asking.peer is None else user_behind(asking.peer[1], port, tables)
        if found in {ours, ROOT}:
            return None
        whose = "an unknown user" if found is None else f"user {found}"
        return Refused(403, f"asked by {whose}: expected user {ours}, whose home this is")

    return reason


def can_be_told(tables: tuple[Path, ...] = TABLES) -> bool:
    """Tell whether the machine knows who asks."""
    return os.access(tables[0], os.R_OK)


def user_behind(there: int, here: int, tables: tuple[Path, ...] = TABLES) -> int | None:
    """Return the user of the process that is connected from one port of loopback to another."""
    wanted = {(f"{address}:{there:04X}", f"{address}:{here:04X}") for address in LOOPBACK}
    for table in tables:
        for line in table.read_text(encoding="ascii").splitlines()[1:] if table.exists() else ():
            _, local, remote, _, _, _, _, user, *_ = line.split()
            if (local, remote) in wanted:
                return int(user)
    return None
