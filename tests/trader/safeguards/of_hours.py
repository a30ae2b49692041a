"""When it may trade: the cases of `trader/safeguards/hours.py`."""

from __future__ import annotations

from datetime import timedelta

from tests.trader.decisions import CLOSED, OPENED
from tests.trader.safeguards.situations import Case

CASES: tuple[Case, ...] = (
    Case("market_is_open", "pass", "at the open", world={"now": OPENED}),
    Case("market_is_open", "pass", "before the close", world={"now": CLOSED - timedelta(seconds=1)}),
    Case("market_is_open", "veto", "before the open", world={"now": OPENED - timedelta(seconds=1)}),
    Case("market_is_open", "veto", "at the close", world={"now": CLOSED}),
    Case("the_open_is_over", "pass", "just", world={"now": OPENED + timedelta(minutes=5)}),
    Case("the_open_is_over", "veto", "a second early", world={"now": OPENED + timedelta(minutes=5, seconds=-1)}),
    Case("the_close_is_not_near", "pass", "just", world={"now": CLOSED - timedelta(minutes=5, seconds=1)}),
    Case("the_close_is_not_near", "veto", "just not", world={"now": CLOSED - timedelta(minutes=5)}),
    Case("gateway_does_not_restart", "pass", "not now"),
    Case("gateway_does_not_restart", "pass", "never", limits={"gateway_restart": ""}),
    Case("gateway_does_not_restart", "pass", "over", limits={"gateway_restart": "15:05-15:35 UTC"}),
    Case("gateway_does_not_restart", "veto", "now", limits={"gateway_restart": "15:35-16:05 UTC"}),
    Case("gateway_does_not_restart", "veto", "over midnight", limits={"gateway_restart": "15:30-01:00 UTC"}),
)
