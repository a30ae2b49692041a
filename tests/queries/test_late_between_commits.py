"""What is told late, of days that were committed: the copies with what came since are the whole log."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path

from ledger.checkpoints import rebuild
from queries.book_tables.keeping import keep_books
from queries.parquet import update
from queries.tables import connect
from tests.queries.history import fill, two_sessions

TOLD = (
    "journal",
    "lots",
    "realised",
    "nav_bridge",
    "strategy_books",
    "trial_balance",
    "costs",
    "days",
    "returns",
    "trades",
)


def test_every_commit_tells_what_the_whole_log_does(tmp_path: Path) -> None:
    home = tmp_path / "home"
    world = two_sessions(home)
    for day in (3, 8):
        world.begin(date(2005, 3, day), "09:35")
        world.record(*fill(f"5{day}", "-3", f"9{day}", world.moment - timedelta(days=day - 2, minutes=day)))
        world.observe("95")
        world.agree()
        world.finish()
        update(home)
        keep_books(home)
        rebuild(home)

        bare = Path(shutil.copytree(home, tmp_path / f"bare{day}"))
        for derived in ("parquet", "checkpoints"):
            shutil.rmtree(bare / "var" / derived)
        assert everything(home) == everything(bare)


def everything(home: Path) -> dict[str, list[tuple[object, ...]]]:
    con = connect(home, wanted=TOLD)
    return {name: sorted(con.execute(f"FROM {name}").fetchall(), key=repr) for name in TOLD}
