"""The limits of the account: what the plan is shaped by, and what vetoes it.

Every field says its unit. To add a limit: give it a field with a default, read it in `trader/sizing/` or in
`trader/safeguards/`, and test both sides: a limit that nothing reads fails the build.
"""

from __future__ import annotations

import re
from datetime import time
from decimal import Decimal
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ledger.events import decimal_text


def _exact(number: Any) -> Any:
    """Take whole numbers and texts as Decimals; floats stay what they are, and are refused."""
    if isinstance(number, bool) or not isinstance(number, int | str):
        return number
    try:
        return Decimal(number)
    except ArithmeticError:
        raise ValueError(f"expected a number, found {number!r}") from None


Number = Annotated[Decimal, BeforeValidator(_exact)]
Positive = Annotated[Number, Field(gt=0)]
NotNegative = Annotated[Number, Field(ge=0)]
Count = Annotated[int, Field(gt=0)]
Names = Annotated[tuple[str, ...], BeforeValidator(lambda names: (names,) if isinstance(names, str) else names)]
Minutes = Annotated[int, Field(ge=0)]
WINDOW = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d) (\S+)")


def parse_window(text: str) -> tuple[time, time, str] | None:
    """Read hours of the day and their zone, as '23:45-00:45 America/New_York'; None for an empty text."""
    if not text:
        return None
    found = WINDOW.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        begins, ends, zone = found.groups()
        ZoneInfo(zone)
        return time.fromisoformat(begins), time.fromisoformat(ends), zone
    except (ValueError, ZoneInfoNotFoundError):
        raise ValueError(f"expected hours as '23:45-00:45 America/New_York', found {text!r}") from None


# Fractions of a whole that nothing exceeds: at 1 or above they would never bind.
BELOW_ONE = (
    "price_collar", "delayed_collar", "close_collar", "excess_liquidity_min", "no_trade_band", "min_drift",
    "daily_loss_max", "drawdown_max", "cushion_min", "spread_max",
)  # fmt: skip

# Multiples of NAV: no account of a broker comes near this many, so more is a slip of the keyboard.
MULTIPLES = (
    "gross_leverage_max", "net_leverage_max", "name_share_max", "order_share_max", "nav_jump_max", "currency_share_max",
    "turnover_per_cycle_max", "turnover_per_day_max", "order_volume_share_max", "sector_share_max",
    "target_leverage_max", "target_jump_max",
)  # fmt: skip
MULTIPLE_MAX = 100


class Limits(BaseModel):
    """All limits; NAV is the smaller of our own and the broker's, money is in the base currency."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)

    gross_leverage_max: Positive = Field(
        default=Decimal("1.5"), description="multiple of NAV: all positions, those outside the universe included"
    )
    net_leverage_max: Positive = Field(
        default=Decimal("1.5"), description="multiple of NAV: what is long less what is short, either sign"
    )
    name_share_max: Positive = Field(
        default=Decimal("0.30"), description="share of NAV in one contract of the universe"
    )
    order_notional_max: Positive = Field(
        default=Decimal(50_000), description="base currency, one order at its limit price"
    )
    order_share_max: Positive = Field(default=Decimal("0.30"), description="share of NAV, one order at its limit price")
    price_collar: Positive = Field(
        default=Decimal("0.05"), description="fraction of the last price, either side, for a limit price"
    )
    delayed_collar: Positive = Field(
        default=Decimal("0.08"), description="fraction of the last price, either side, where prices are delayed"
    )
    delayed_data_allowed: bool = Field(default=False, description="true or false: trade by prices 15 minutes old")
    second_source_collar: Positive | None = Field(
        default=None,
        description="fraction that the quote's last close may differ from a second source; absent: 0.02 for a desk",
    )
    close_collar: Positive = Field(
        default=Decimal("0.25"), description="fraction of the previous close, either side: a split or a wrong price"
    )
    quote_age_seconds_max: Count = Field(default=900, description="seconds since the quote and its last trade")
    spread_max: Positive = Field(default=Decimal("0.02"), description="ask minus bid, fraction of the bid")
    excess_liquidity_min: NotNegative = Field(
        default=Decimal("0.05"), description="share of NAV that stays free after all orders"
    )
    cushion_min: NotNegative = Field(
        default=Decimal("0.05"), description="share of IB's NAV that is excess liquidity; IB liquidates at 0"
    )
    nav_jump_max: Positive = Field(
        default=Decimal("0.15"), description="share of NAV that it may move from one cycle to the next, flows taken out"
    )
    daily_loss_max: Positive = Field(
        default=Decimal("0.08"), description="share of the last session's NAV that a session may lose, flows taken out"
    )
    drawdown_max: Positive = Field(
        default=Decimal("0.30"), description="fraction below the high-water mark of NAV, flows taken out"
    )
    currency_share_max: Positive = Field(
        default=Decimal(1), description="multiple of NAV that cash and positions in one foreign currency may amount to"
    )
    clock_seconds_max: Count = Field(default=30, description="seconds that the broker's clock may differ from ours")
    disk_free_megabytes_min: Count = Field(default=200, description="megabytes that must be free where the home lies")
    mail_hours_max: Count = Field(default=24, description="hours that mails may fail before nothing is sent any more")
    minutes_after_open_min: Minutes = Field(default=5, description="minutes after the open before anything is sent")
    minutes_before_close_min: Minutes = Field(default=5, description="minutes before the close when sending ends")
    gateway_restart: str = Field(
        default="23:45-00:45 America/New_York",
        description="when the gateway restarts each night, as 'HH:MM-HH:MM ZONE'; empty: never",
    )
    orders_per_cycle_max: Count = Field(default=50, description="orders: more are a bug, not an opportunity")
    orders_per_day_max: Count = Field(default=200, description="orders a session, those of this cycle included")
    turnover_per_cycle_max: Positive = Field(
        default=Decimal(3), description="multiple of NAV that all orders of a cycle may amount to"
    )
    turnover_per_day_max: Positive = Field(
        default=Decimal(4), description="multiple of NAV that a session may trade, this cycle's orders included"
    )
    order_volume_share_max: Positive = Field(
        default=Decimal("0.05"), description="fraction of a contract's average volume a day, one order"
    )
    restricted: Names = Field(default=(), description="symbols whose positions may only shrink")
    short_banned: Names = Field(default=(), description="symbols that may not be sold short; '*': none may")
    sector_share_max: Positive = Field(
        default=Decimal(1), description="multiple of NAV in one sector, signs ignored, after all orders"
    )
    sectors: dict[str, Names] = Field(
        default_factory=dict,
        description='symbols by sector: { banks = ["JPM", "BAC"] }; the others count to none',
    )
    target_leverage_max: Positive = Field(
        default=Decimal(4), description="multiple of NAV that all targets together may want; above it nothing is scaled"
    )
    target_jump_max: Positive = Field(
        default=Decimal(2), description="multiple of NAV by which a strategy's targets may change at once"
    )
    target_unchanged_sessions_max: Count = Field(
        default=20, description="sessions that targets computed from prices may stay the same to the last digit"
    )
    target_age_days_max: Count = Field(
        default=7, description="days, by the calendar, since the close that a target rests on"
    )
    no_trade_band: NotNegative = Field(
        default=Decimal("0.01"), description="share of NAV: a smaller drift is left alone"
    )
    settled_cash_only: bool = Field(
        default=False, description="true or false: buy with settled cash alone, as a cash account must"
    )
    min_drift: NotNegative = Field(
        default=Decimal(0), description="fraction of the position wanted: a smaller drift of it is left alone"
    )
    min_order_notional: NotNegative = Field(
        default=Decimal(100), description="base currency: a smaller order is not worth its commission"
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        parse_window(self.gateway_restart)
        named = [symbol for symbols in self.sectors.values() for symbol in symbols]
        if twice := sorted({symbol for symbol in named if named.count(symbol) > 1}):
            raise ValueError(f"sectors: {twice[0]}: expected one sector, found {named.count(twice[0])}")
        if self.name_share_max > self.gross_leverage_max:
            raise ValueError(
                f"name_share_max {self.name_share_max}: expected at most gross_leverage_max {self.gross_leverage_max}"
            )
        if self.min_order_notional > self.order_notional_max:
            raise ValueError(
                f"min_order_notional {self.min_order_notional}: expected at most order_notional_max "
                f"{self.order_notional_max}"
            )
        for name in BELOW_ONE:
            if getattr(self, name) >= 1:
                raise ValueError(f"{name}: expected below 1, found {decimal_text(getattr(self, name))[:40]}")
        for name in MULTIPLES:
            if getattr(self, name) > MULTIPLE_MAX:
                found = decimal_text(getattr(self, name))[:40]
                raise ValueError(f"{name}: expected at most {MULTIPLE_MAX}, found {found}")
        return self

    def collar_of(self, data_type: int) -> Decimal:
        """Return how far a price may be from the last one, by the type of its market data."""
        return self.price_collar if data_type == 1 else self.delayed_collar

    def bans_short(self, symbol: str) -> bool:
        """Tell whether a symbol may not be sold short."""
        return symbol in self.short_banned or "*" in self.short_banned

    def sector_of(self, symbol: str) -> str:
        """Return the sector that the settings give a symbol, or nothing."""
        return next((sector for sector, symbols in self.sectors.items() if symbol in symbols), "")
