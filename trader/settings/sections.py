"""Every setting there is: its section, type, default and meaning.

A setting has a default where a default is safe; money, shares and limits are exact decimals, written in the file as
text or as a number. To add one: a field with its description (unit included) in its section; `settings --all` and the
kept evidence show it at once, and something must read it.
"""

from datetime import time
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, model_validator

from ledger.events.executions import LotMethod
from trader import schedule
from trader.limits import Limits
from trader.settings.reconciling import Reconcile
from trader.settings.values import Days, Number, Port, Positive, Seconds, Section, Share


def _listed(value: object) -> object:
    """Take one text or number as a list of one."""
    return (value,) if isinstance(value, str | int) else value


def _instruments(value: object) -> object:
    """Take a bare symbol as a table that has only a symbol."""
    if not isinstance(value, tuple):
        return value
    return tuple({"symbol": entry} if isinstance(entry, str) else entry for entry in value)


class Account(Section):
    """Whose money it is."""

    id: str = Field(min_length=1, description="the broker's account number; no other account is ever touched")
    mode: Literal["paper", "live"] = Field(default="paper", description="paper, or live with real money")
    live: bool = Field(default=False, description="the second key: must be true for mode = 'live'")


class Broker(Section):
    """Where the gateway listens."""

    host: str = Field(default="127.0.0.1", description="host of IB Gateway or TWS")
    port: Port = Field(default=4002, description="its API port: Gateway 4002 paper, 4001 live; TWS 7497, 7496")
    client_id: Annotated[int, Field(ge=1)] = Field(
        default=17, description="API client id, used by nothing else (never 0)"
    )
    request_timeout_seconds: Seconds = Field(
        default=15, description="real seconds to wait for a complete answer; late is an error"
    )
    request_attempts: Annotated[int, Field(ge=1)] = Field(
        default=2, description="how often a read is asked; nothing that acts is repeated"
    )
    acknowledge_timeout_seconds: Seconds = Field(
        default=10, description="real seconds to wait for the word on an order; later it is in doubt"
    )
    fill_wait_seconds: Seconds = Field(
        default=120, description="seconds of market time to wait for fills; what is unfilled keeps working"
    )
    fill_step_seconds: Seconds = Field(default=10, description="seconds between two looks at fills")
    resolve_wait_seconds: Seconds = Field(
        default=60, description="seconds before an order that is nowhere may count as never sent"
    )
    resolve_step_seconds: Seconds = Field(default=20, description="seconds between two looks for it")
    looks_max: Annotated[int, Field(ge=2)] = Field(default=4, description="looks until two agree")
    look_step_seconds: Seconds = Field(default=5, description="seconds between two looks")
    clock_difference_max_seconds: Seconds = Field(
        default=60, description="seconds that the broker's clock may differ from ours"
    )
    market_data_type: Literal[1, 2, 3, 4] = Field(
        default=1, description="1 live, 2 frozen, 3 delayed, 4 delayed and frozen"
    )
    requests_per_second_max: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="messages a second; absent: the client library's 45, 0: no limit"
    )


class Instrument(Section):
    """One contract, as it is looked up at the broker."""

    symbol: str = Field(min_length=1, description="ticker")
    currency: str = Field(default="USD", description="currency that it trades in")
    exchange: str = Field(default="SMART", description="where orders are routed to")
    primary_exchange: str = Field(default="", description="its home exchange, where the ticker alone is ambiguous")
    con_id: int | None = Field(default=None, description="IB's contract id; checked against what the broker says")


class Universe(Section):
    """What may be traded; anything else that the account holds counts, and is never sold."""

    symbols: Annotated[tuple[Instrument, ...], BeforeValidator(_instruments)] = Field(
        min_length=1, description="tickers, or tables with symbol, currency, exchange, primary_exchange, con_id"
    )

    @property
    def tickers(self) -> tuple[str, ...]:
        """The symbols alone."""
        return tuple(instrument.symbol for instrument in self.symbols)


class FixedWeights(Section):
    """The same weights every day."""

    kind: Literal["fixed"] = Field(default="fixed", description="fixed weights")
    leverage: Positive = Field(default=Decimal(1), description="multiplies every weight")
    weights: dict[str, Number] = Field(description="signed fraction of NAV a ticker; magnitudes add up to 1 at most")


class Momentum(Section):
    """Long what rose, sized by its volatility."""

    kind: Literal["momentum"] = Field(default="momentum", description="volatility-targeted momentum")
    leverage: Positive = Field(default=Decimal(1), description="multiplies every weight")
    lookback_days: Annotated[tuple[Days, ...], BeforeValidator(_listed)] = Field(
        default=(60, 120, 250), min_length=1, description="trading days that the signal looks back, one or several"
    )
    volatility_days: Days = Field(
        default=36, description="span in trading days of the mean that volatility is measured by"
    )
    volatility_target: Positive = Field(default=Decimal("0.10"), description="yearly volatility wanted, as a fraction")
    short_allowed: bool = Field(default=False, description="sell short what fell")


class FromFile(Section):
    """Weights and leverage that another program wrote."""

    kind: Literal["file"] = Field(default="file", description="weights from a file")
    path: str = Field(min_length=1, description="the file, relative to the home")
    age_hours_max: Annotated[int, Field(ge=1)] = Field(
        default=26, description="hours after which the file is too old to use"
    )


Strategy = Annotated[FixedWeights | Momentum | FromFile, Field(discriminator="kind")]


class Sources(Section):
    """Where the forecast's data come from."""

    broker: bool = Field(default=True, description="use the broker's historical daily bars")
    folder: str | None = Field(
        default=None,
        description="folder of CSV or Parquet bars, relative to the home; announcements.csv in it: dividends, splits",
    )
    history_days: Annotated[int, Field(ge=2)] = Field(
        default=260, description="trading days of history that are asked for"
    )
    bars_age_sessions_max: Annotated[int, Field(ge=1)] = Field(
        default=1, description="sessions since the last bar; 1 is the day before"
    )
    close_difference_max: Share = Field(
        default=Decimal("0.01"), description="fraction that two sources' closes of a day may differ"
    )


class Orders(Section):
    """How an order is priced and routed."""

    offset_ticks: Annotated[int, Field(ge=0)] = Field(
        default=2, description="ticks beyond the touch at which the limit stands"
    )
    algo: Literal["Adaptive", ""] = Field(default="Adaptive", description="IB's algorithm; empty: a plain limit order")
    algo_priority: Literal["Urgent", "Normal", "Patient"] = Field(default="Normal", description="how eagerly it fills")


class Schedule(Section):
    """When a start has work, and how long and large it may grow."""

    calendar: str = Field(default=schedule.CALENDAR, description="home calendar, by market identifier code")
    close_not_before: str | None = Field(
        default=None, description="earliest hour of the closing, as '05:00 Asia/Singapore'"
    )
    timeout_seconds: Seconds = Field(default=schedule.TIMEOUT_SECONDS, description="real seconds that a cycle may take")
    memory_megabytes: Annotated[int, Field(ge=256)] = Field(
        default=schedule.MEMORY_MEGABYTES, description="megabytes of address space that a cycle may use"
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


GMAIL: dict[str, Any] = {"host": "smtp.gmail.com", "port": 587, "tls": "starttls"}
PRESETS: dict[str, dict[str, Any]] = {"gmail": GMAIL}


class Mail(Section):
    """Who is told, and how. The password comes from TALLYBOOK_MAIL_PASSWORD or from a file, never from here."""

    preset: Literal["", "gmail"] = Field(
        default="", description="'gmail' fills in host, port and tls; use an app password"
    )
    host: str = Field(default="", description="mail server; empty: no mail is sent")
    port: Port = Field(default=587, description="its port")
    tls: Literal["starttls", "tls", "none"] = Field(default="starttls", description="how the connection is protected")
    user: str = Field(default="", description="user name; empty: no login")
    password_file: str | None = Field(
        default=None, description="file that holds the password, mode 0600, relative to the home"
    )
    sender: str = Field(default="", alias="from", description="address that mails come from; empty: the user name")
    to: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(), description="addresses that mails go to"
    )
    timeout_seconds: Seconds = Field(default=20, description="seconds to wait for the mail server")

    @model_validator(mode="before")
    @classmethod
    def _preset(cls, section: Any) -> Any:
        if isinstance(section, dict):
            return {**PRESETS.get(str(section.get("preset", "")), {}), **section}
        return section

    @model_validator(mode="after")
    def _deliverable(self) -> "Mail":
        if self.host and not self.to:
            raise ValueError("expected at least one address in mail.to, since mail.host is set, found none")
        if self.host and not self.from_address:
            raise ValueError("expected mail.from or mail.user, since mail.host is set, found neither")
        addresses = [text for text in (*self.to, self.from_address) if text]
        wrong = [text for text in addresses if not all(text.partition("@")) or not text.isprintable()]
        if wrong:
            raise ValueError(f"expected mail addresses, found {wrong[0]!r}")
        if not self.user.isascii():
            raise ValueError(f"expected a mail.user of ASCII characters, found {self.user!r}")
        return self

    @property
    def from_address(self) -> str:
        """The address that mails come from."""
        return self.sender or self.user

    @property
    def wanted(self) -> bool:
        """Whether mails are to be sent at all."""
        return bool(self.host)


class Witness(Section):
    """A second place outside the home that vouches for the log: `SEQ:HASH` is written there with each session mail."""

    file: str = Field(default="", description="a file, best on another disk; it is read back; empty: none")
    git: str = Field(default="", description="folder of a git repository; a commit each; it is read back; empty: none")
    command: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(), description="a program and its arguments; SEQ:HASH is added as the last one"
    )
    timeout_seconds: Seconds = Field(default=20, description="seconds that git or the command may take")


class Flex(Section):
    """The broker's statement service. The token comes from TALLYBOOK_FLEX_TOKEN or from a file, never from here."""

    query_id: str = Field(default="", description="number of the activity Flex query; empty: the service is not asked")
    base_url: str = Field(
        default="https://ndcdyn.interactivebrokers.com/AccountManagement/FlexWebService",
        description="where it is asked; plain http on this machine alone",
    )
    token_file: str | None = Field(
        default=None, description="file that holds the token, mode 0600, relative to the home"
    )
    timeout_seconds: Seconds = Field(default=30, description="real seconds that one answer may take")

    @model_validator(mode="after")
    def _usable(self) -> "Flex":
        if self.query_id and not self.query_id.isdecimal():
            raise ValueError(f"expected a query_id of digits, found {self.query_id!r}")
        parts = urlsplit(self.base_url)
        if parts.username or parts.query or not parts.hostname:
            raise ValueError("expected a base_url of a host and a path alone")
        if parts.scheme != "https" and (parts.scheme, parts.hostname) not in (("http", "127.0.0.1"), ("http", "::1")):
            raise ValueError(f"expected a base_url of https, found {parts.scheme}://{parts.hostname}")
        return self

    @property
    def wanted(self) -> bool:
        """Whether the service is to be asked at all."""
        return bool(self.query_id)


class Accounting(Section):
    """Which lots a sale closes; a change counts from the next cycle on."""

    lot_method: LotMethod = Field(
        default="fifo",
        description="fifo, lifo, hifo, average, or specific: the lots that a statement names, else the oldest",
    )
    contracts: dict[str, LotMethod] = Field(
        default_factory=dict, description='another method for a symbol of the universe: { IBM = "hifo" }'
    )


class Simulator(Section):
    """The simulated venue whose clock this home follows. Never with a live account."""

    control: str | None = Field(
        default=None, description="its control port, as '127.0.0.1:4003'; absent: the system's clock"
    )

    @model_validator(mode="after")
    def _readable(self) -> "Simulator":
        if self.control is not None:
            schedule.parse_address(self.control)
        return self

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port of the control port."""
        return None if self.control is None else schedule.parse_address(self.control)


class Settings(Section):
    """Everything that a home's owner may decide."""

    dry_run: bool = Field(default=True, description="plan and record, but never place or cancel an order")
    on_error: str = Field(default="stop", pattern="^stop$", description="a failed step stops every order of the cycle")
    account: Account
    broker: Broker = Broker()
    universe: Universe
    strategy: Strategy
    sources: Sources = Sources()
    orders: Orders = Orders()
    limits: Limits = Limits()
    schedule: Schedule = Schedule()
    mail: Mail = Mail()
    witness: Witness = Witness()
    reconcile: Reconcile = Reconcile()
    flex: Flex = Flex()
    accounting: Accounting = Accounting()
    simulator: Simulator = Simulator()
