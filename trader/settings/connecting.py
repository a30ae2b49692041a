"""Where the account is, and how it is reached.

To add a setting: a field with its description (unit included); `settings --all` and the kept evidence show it at once,
and something must read it.
"""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from trader import schedule
from trader.settings.values import Port, Seconds, Section


class Account(Section):
    """Whose money it is."""

    id: str = Field(min_length=1, description="the broker's account number; no other account is ever touched")
    mode: Literal["paper", "live"] = Field(default="paper", description="paper, or live with real money")
    live: bool = Field(default=False, description="the second key: must be true for mode = 'live'")


class Broker(Section):
    """Where the gateway listens."""

    host: str = Field(default="127.0.0.1", description="host of IB Gateway or TWS")
    port: Port = Field(default=4002, description="its API port: Gateway 4002 paper, 4001 live; TWS 7497, 7496")
    client_id: Annotated[int, Field(ge=1, le=2**31 - 1)] = Field(
        default=17, description="API client id, used by nothing else (never 0)"
    )
    request_timeout_seconds: Seconds = Field(
        default=15, description="real seconds to wait for a complete answer; late is an error"
    )
    request_attempts: Annotated[int, Field(ge=1, le=10)] = Field(
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
    looks_max: Annotated[int, Field(ge=2, le=100)] = Field(default=4, description="looks until two agree")
    look_step_seconds: Seconds = Field(default=5, description="seconds between two looks")
    clock_difference_max_seconds: Seconds = Field(
        default=60, description="seconds that the broker's clock may differ from ours"
    )
    market_data_type: Annotated[int, Field(ge=1, le=4)] = Field(
        default=1, description="1 live, 2 frozen, 3 delayed, 4 delayed and frozen"
    )
    requests_per_second_max: Annotated[int, Field(ge=0, le=1000)] | None = Field(
        default=None, description="messages a second; absent: the client library's 45, 0: no limit"
    )


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
