"""How and when it is traded, and which lots a sale closes.

To add a setting: a field with its description (unit included); `settings --all` and the kept evidence show it at once,
and something must read it.
"""

from datetime import time
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from ledger.events.executions import LotMethod
from trader import schedule
from trader.settings.values import NotNegative, Seconds, Section

WIRE_TYPES: dict[str, Literal["LMT", "MKT", "MOC"]] = {"adaptive": "LMT", "limit": "LMT", "market": "MKT", "moc": "MOC"}


class Orders(Section):
    """How an order is priced and routed."""

    type: Literal["adaptive", "limit", "market", "moc"] = Field(
        default="adaptive",
        description="adaptive: a limit order worked by IB's algorithm; limit; market: no limit; moc: at the close",
    )
    offset_ticks: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=2, description="ticks beyond the touch at which the limit stands"
    )
    cash_reserve: NotNegative = Field(
        default=Decimal(0), description="base currency: of NAV, what weights are not taken of"
    )
    currency_policy: Literal["leave", "cover_debits", "convert_all"] = Field(
        default="leave",
        description="cash in other currencies: left, debts bought back, or all brought to the base currency",
    )
    currency_min: NotNegative = Field(
        default=Decimal(100), description="base currency: a smaller balance in another currency is left"
    )
    algo: Literal["Adaptive", ""] = Field(
        default="Adaptive", description="IB's algorithm of an adaptive order; empty: as type = 'limit'"
    )
    algo_priority: Literal["Urgent", "Normal", "Patient"] = Field(
        default="Normal", description="how eagerly an adaptive order fills"
    )
    moc_cutoff_minutes: Annotated[int, Field(ge=10, le=390)] = Field(
        default=15, description="minutes before the close after which no moc order is placed; venues stop at ten"
    )

    open_orders: Literal["cancel", "modify"] = Field(
        default="cancel",
        description="a cycle cancels what still works; or modify: it keeps and reprices what the plan still wants",
    )

    @property
    def algorithm(self) -> str:
        """IB's name of the algorithm that works an order; empty for none."""
        return self.algo if self.type == "adaptive" else ""

    @property
    def wire_type(self) -> Literal["LMT", "MKT", "MOC"]:
        """IB's name of the order's type."""
        return WIRE_TYPES[self.type]


class Schedule(Section):
    """When a start has work, and how long and large it may grow."""

    calendar: str = Field(default=schedule.CALENDAR, description="home calendar, by market identifier code")
    close_not_before: str | None = Field(
        default=None, description="earliest hour of the closing, as '05:00 Asia/Singapore'"
    )
    timeout_seconds: Seconds = Field(default=schedule.TIMEOUT_SECONDS, description="real seconds that a cycle may take")
    memory_megabytes: Annotated[int, Field(ge=256, le=1_000_000)] = Field(
        default=schedule.MEMORY_MEGABYTES, description="megabytes of address space that a cycle may use"
    )

    preflight_minutes: Annotated[int, Field(ge=0, le=240)] = Field(
        default=schedule.PREFLIGHT_MINUTES, description="minutes before the open of a look at the broker; 0 for none"
    )

    @model_validator(mode="after")
    def _readable(self) -> "Schedule":
        if self.close_not_before is not None:
            schedule.parse_not_before(self.close_not_before)
        return self

    @property
    def not_before(self) -> tuple[time, ZoneInfo] | None:
        """The hour before which a day is not closed, and its zone."""
        return None if self.close_not_before is None else schedule.parse_not_before(self.close_not_before)


class Accounting(Section):
    """Which lots a sale closes; a change counts from the next cycle on."""

    lot_method: LotMethod = Field(
        default="fifo",
        description="fifo, lifo, hifo, average, or specific: the lots that a statement names, else the oldest",
    )
    contracts: dict[str, LotMethod] = Field(
        default_factory=dict, description='another method for a symbol of the universe: { IBM = "hifo" }'
    )
