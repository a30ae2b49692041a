"""NAV and leverage as a picture in the END mail: drawn by a process of its own, where matplotlib is there to draw it.

A cycle never imports what draws. Without the extra, or if the picture does not come in time, the mail goes without.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

DRAWN_SECONDS_MAX = 60.0
SESSIONS = 20  # that the picture shows


def chart_of(home: Path, leverage_max: Decimal | None) -> bytes:
    """Return the last sessions as a PNG; nothing where it cannot be drawn."""
    if find_spec("matplotlib") is None:
        return b""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nav.png"
        cap = [] if leverage_max is None else [str(leverage_max)]
        command = [sys.executable, "-m", "trader.notices.chart", str(home), str(path), *cap]
        try:
            subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                timeout=DRAWN_SECONDS_MAX, check=True,
            )  # fmt: skip
            return path.read_bytes()
        except (subprocess.SubprocessError, OSError):
            return b""


def main(arguments: list[str]) -> int:
    """Draw a home's last sessions into a file."""
    from queries.charts import NothingToDraw, nav_chart

    home, path, *cap = arguments
    try:
        nav_chart(Path(home), Path(path), leverage_max=Decimal(cap[0]) if cap else None, sessions=SESSIONS)
    except NothingToDraw:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
