"""What may be traded, by whose word, and from what data.

To add a setting: a field with its description (unit included); `settings --all` and the kept evidence show it at once,
and something must read it.
"""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from trader.settings.fetching import HttpSource
from trader.settings.values import Days, Number, Positive, Seconds, Section, Share, listed


def _instruments(value: object) -> object:
    """Take a bare symbol as a table that has only a symbol."""
    if not isinstance(value, tuple):
        return value
    return tuple({"symbol": entry} if isinstance(entry, str) else entry for entry in value)


class Instrument(Section):
    """One contract, as it is looked up at the broker."""

    symbol: str = Field(min_length=1, description="ticker")
    currency: str = Field(default="USD", description="currency that it trades in")
    exchange: str = Field(default="SMART", description="where orders are routed to")
    primary_exchange: str = Field(default="", description="its home exchange, where the ticker alone is ambiguous")
    con_id: int | None = Field(default=None, description="IB's contract id; checked against what the broker says")
    calendar: str = Field(default="", description="its exchange, as 'XLON'; empty: it trades at the home exchange")


class Universe(Section):
    """What may be traded; anything else that the account holds counts, and is never sold."""

    symbols: Annotated[tuple[Instrument, ...], BeforeValidator(_instruments)] = Field(
        min_length=1,
        description="tickers, or tables with symbol, currency, exchange, primary_exchange, con_id, calendar",
    )

    @property
    def tickers(self) -> tuple[str, ...]:
        """The symbols alone."""
        return tuple(instrument.symbol for instrument in self.symbols)


class Deciding(Section):
    """What every strategy's section has."""

    kind: str
    name: Annotated[str, Field(pattern="^[a-z0-9_-]{0,32}$")] = Field(
        default="", description="what it is called in mails, files and overrides; empty: its kind"
    )
    capital: Annotated[Share, Field(gt=0)] = Field(
        default=Decimal(1), description="fraction of NAV that it decides about; together at most 1"
    )

    @property
    def called(self) -> str:
        """Its name, or its kind."""
        return self.name or self.kind

    @property
    def closes_min(self) -> int:
        """How many closes it needs of a contract; 0 where it looks at none."""
        return 0


class FixedWeights(Deciding):
    """The same weights every day."""

    kind: Literal["fixed"] = Field(default="fixed", description="fixed weights")
    leverage: Positive = Field(default=Decimal(1), description="multiplies every weight")
    weights: dict[str, Number] = Field(description="signed fraction of NAV a ticker; magnitudes add up to 1 at most")


class Momentum(Deciding):
    """Long what rose, sized by its volatility."""

    kind: Literal["momentum"] = Field(default="momentum", description="volatility-targeted momentum")
    leverage: Positive = Field(default=Decimal(1), description="multiplies every weight")
    lookback_days: Annotated[tuple[Days, ...], BeforeValidator(listed)] = Field(
        default=(60, 120, 250), min_length=1, description="trading days that the signal looks back, one or several"
    )
    volatility_days: Days = Field(
        default=36, description="span in trading days of the mean that volatility is measured by"
    )
    volatility_target: Positive = Field(default=Decimal("0.10"), description="yearly volatility wanted, as a fraction")
    short_allowed: bool = Field(default=False, description="sell short what fell")

    @property
    def closes_min(self) -> int:
        """Those of the shortest look-back: a young share is judged by it."""
        return max(min(self.lookback_days), self.volatility_days) + 1


class Trend(Deciding):
    """Trend at several speeds, each position sized by its volatility."""

    kind: Literal["trend"] = Field(default="trend", description="volatility-targeted trend at several speeds")
    speeds: Annotated[tuple[Literal[2, 4, 8, 16, 32, 64], ...], BeforeValidator(listed)] = Field(
        default=(8, 16, 32, 64), min_length=1, description="span in trading days of each rule's fast mean; slow is 4 x"
    )
    volatility_days: Days = Field(default=32, description="span in trading days of the deviation of returns")
    volatility_target: Positive = Field(default=Decimal("0.10"), description="yearly volatility wanted, as a fraction")
    leverage_max: Positive = Field(default=Decimal(1), description="multiple of NAV that all positions amount to")
    short_allowed: bool = Field(default=False, description="sell short what trends down")

    @property
    def closes_min(self) -> int:
        """Those of the slowest rule: a speed that never counts is a mistake."""
        return max(4 * max(self.speeds), self.volatility_days) + 1


class RiskParity(Deciding):
    """Every contract carries the same part of the risk; long only."""

    kind: Literal["risk_parity"] = Field(default="risk_parity", description="equal contributions to the risk")
    covariance_days: Days = Field(default=250, description="trading days of returns that risk is measured by")
    shrinkage: Share = Field(
        default=Decimal("0.2"), description="fraction by which correlations are brought nearer to their mean"
    )
    volatility_target: Positive | None = Field(
        default=None, description="yearly volatility wanted, as a fraction; none: be invested up to leverage_max"
    )
    leverage_max: Positive = Field(default=Decimal(1), description="multiple of NAV that all positions amount to")

    @property
    def closes_min(self) -> int:
        """One more than there are returns."""
        return self.covariance_days + 1


class FromFile(Deciding):
    """Weights and leverage that another program wrote."""

    kind: Literal["file"] = Field(default="file", description="weights from a file")
    path: str = Field(min_length=1, description="the file, relative to the home")
    age_hours_max: Annotated[int, Field(ge=1, le=8760)] = Field(
        default=26, description="hours after which the file is too old to use"
    )


Plain = bool | int | Decimal | str


class Module(Deciding):
    """A function that the owner wrote: docs/strategies.md."""

    kind: Literal["module"] = Field(default="module", description="a function of your own")
    function: str = Field(
        pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$",
        description="module:function; the module is a file of the home, or installed",
    )
    settings: dict[str, Plain | tuple[Plain, ...]] = Field(default={}, description="what the function is given")
    closes_needed: Annotated[int, Field(ge=0)] = Field(default=0, description="closes a contract that it looks back")
    timeout_seconds: Seconds = Field(default=60, description="seconds that it may take")
    text_sha256: str = Field(
        default="", description="hash of the module's text; filled in, or written by hand: then any other is refused"
    )

    @property
    def closes_min(self) -> int:
        """What its owner says."""
        return self.closes_needed


Strategy = Annotated[FixedWeights | Momentum | Trend | RiskParity | FromFile | Module, Field(discriminator="kind")]


class Sources(Section):
    """Where the forecast's data come from."""

    broker: bool = Field(default=True, description="use the broker's historical daily bars")
    folder: str | None = Field(
        default=None,
        description="folder of CSV or Parquet bars, relative to the home; announcements.csv in it: dividends, splits",
    )
    http: tuple[HttpSource, ...] = Field(
        default=(), description="servers of CSV or JSON, each a table [[sources.http]]: docs/sources.md"
    )
    yahoo: bool = Field(default=False, description="use Yahoo's daily bars (extra yahoo)")
    yahoo_tickers: dict[str, str] = Field(default={}, description="what Yahoo calls a ticker, where not as we do")
    ecb: bool = Field(
        default=False, description="hold the broker's exchange rates against the ECB's (extra ecb); apart: no order"
    )
    rate_difference_max: Share = Field(
        default=Decimal("0.05"), description="fraction that a rate may differ from the ECB's of the last business day"
    )
    history_days: Annotated[int, Field(ge=2, le=10_000)] = Field(
        default=260, description="trading days of history that are asked for"
    )
    bars_age_sessions_max: Annotated[int, Field(ge=1, le=250)] = Field(
        default=1, description="sessions since the last bar; 1 is the day before"
    )
    close_difference_max: Share = Field(
        default=Decimal("0.01"), description="fraction that two sources' closes of a day may differ"
    )
    on_error: Literal["stop", "skip"] = Field(
        default="stop",
        description="a faulty series stops the cycle's orders, or its ticker is skipped: what is held of it stays",
    )
