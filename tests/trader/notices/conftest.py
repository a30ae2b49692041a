"""A mail server, and a home that has something to tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.queries.history import TUESDAY, closed, two_sessions
from tests.trader.mailbox import Mailbox, mailbox
from tests.trader.notices.incidents import settings_of


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


@pytest.fixture
def home(tmp_path: Path, box: Mailbox) -> Path:
    """A home that holds 100 IBM and an order that works, with a second source of prices."""
    bars = tmp_path / "bars"
    bars.mkdir()
    rows = "".join(f"{day},90,99,89,{close},1000\n" for day, close in ((date(2005, 2, 28), 95), (TUESDAY, 97)))
    (bars / "IBM.csv").write_text(f"Date,Open,High,Low,Close,Volume\n{rows}")
    (bars / "AAPL.csv").write_text(f"Date,Open,High,Low,Close,Volume\n{rows}")
    settings_of(tmp_path, box, '\n[sources]\nfolder = "bars"\nbroker = false\n')
    return closed(two_sessions(tmp_path))
