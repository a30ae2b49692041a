"""What the person whose money it is said."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

from ledger.events.fact import Exact, Fact, Row


class AccountAdopted(Fact):
    """The account as found was accepted as the beginning. What these lists name is never booked again."""

    type: Literal["account_adopted"] = "account_adopted"
    account: str
    execution_ids: tuple[str, ...]  # of the day so far
    open_order_perm_ids: tuple[int, ...]

    @property
    def key(self) -> str:
        """An account is adopted once a log."""
        return "adopted"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """The account."""
        return (self.account,)


class TradingHalted(Fact):
    """No order leaves until TradingResumed. A halt never liquidates."""

    type: Literal["trading_halted"] = "trading_halted"
    reason: str
    code: str | None = None  # stands in docs/runbook.md; absent when the operator halts


class TradingResumed(Fact):
    """The operator lifted the halt."""

    type: Literal["trading_resumed"] = "trading_resumed"
    why: str


class OverrideSet(Fact):
    """What may be done with a contract, by a strategy or in the account, beside all limits; the last word counts.

    `allow="all", scale=1` lifts it. With `until`, it lapses after that day.
    """

    type: Literal["override_set"] = "override_set"
    subject: str  # a symbol, "strategy NAME", or "account"
    allow: Literal["all", "reduce_only", "none"] = "all"
    scale: Exact = Decimal(1)  # 0 to 1, multiplies every weight of the subject
    until: date | None = None
    why: str


class SettingChange(Row):
    """One setting that decides, and differs: by its name, as it is kept."""

    name: str
    before: str
    after: str


class SettingsChanged(Fact):
    """The settings of this cycle are not those that were approved: nothing trades by them yet."""

    type: Literal["settings_changed"] = "settings_changed"
    settings_sha256: str
    since: str  # the settings that are approved
    changes: tuple[SettingChange, ...]


class SettingsApproved(Fact):
    """Orders may leave by these settings."""

    type: Literal["settings_approved"] = "settings_approved"
    settings_sha256: str
    by: Literal["operator", "rule"]
    why: str


class GoneLive(Fact):
    """A live home may trade from here on."""

    type: Literal["gone_live"] = "gone_live"
    account: str
    paper_sessions: int  # clean ones, that it was shown
    why: str

    @property
    def key(self) -> str:
        """A home goes live once."""
        return "gone-live"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """The account."""
        return (self.account,)


class FlowExpected(Fact):
    """A deposit (+) or withdrawal (-) announced before it is seen. The log's first is F-1, the next F-2, …"""

    type: Literal["flow_expected"] = "flow_expected"
    amount: Exact
    currency: str
    until: date
    note: str = ""


class FlowCancelled(Fact):
    """An announced flow will not come."""

    type: Literal["flow_cancelled"] = "flow_cancelled"
    flow_id: str
    why: str
