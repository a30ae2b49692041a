"""Servers that bars are fetched from: how each is asked, and how its answer is read.

To describe more of an answer: a field with its description here, read in `trader/sources/endpoint.py`.
"""

from string import Formatter
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from trader.settings.values import Seconds, Section

PLACES = frozenset({"ticker", "start", "end"})  # what an address may ask to have filled in
OURSELVES = frozenset({"127.0.0.1", "::1", "localhost"})


class Columns(Section):
    """What the server calls each column; of objects in JSON the key, of lists the place, from "0" on."""

    date: str = Field(default="Date", description="the day of a bar; of a dividend or split its ex-date")
    open: str | None = Field(default=None, description="raw; absent: the close")
    high: str | None = Field(default=None, description="raw; absent: the higher of open and close")
    low: str | None = Field(default=None, description="raw; absent: the lower of open and close")
    close: str = Field(default="Close", description="raw: no dividend taken out")
    volume: str | None = Field(default=None, description="in units; absent: 0, so that nothing is sized by it")
    adjusted_close: str | None = Field(default=None, description="splits and dividends taken out")
    dividend: str | None = Field(default=None, description="per unit, on its ex-date; empty or 0 on all others")
    split: str | None = Field(default=None, description="units for one, as 2 or 2:1; empty, 0 or 1 on all others")


class HttpSource(Section):
    """Daily bars of any server that answers with CSV or JSON, one ticker at a time."""

    name: str = Field(pattern="^[a-z][a-z0-9_-]*$", description="its name in the log")
    url: str = Field(description="address with {ticker}, and {start} and {end} where it takes them; no secret")
    format: Literal["csv", "json"] = Field(default="csv", description="what it answers with")
    rows: str = Field(default="", description="JSON: keys to the rows, as 'chart.prices'; empty: the answer itself")
    columns: Columns = Field(default=Columns(), description="what the server calls each column")
    date_format: str = Field(default="%Y-%m-%d", description="of its days; also 'epoch' and 'epoch_ms', in UTC")
    url_date_format: str = Field(default="%Y-%m-%d", description="of {start} and {end}")
    missing: str | None = Field(default=None, description="the close of a day without a price; its row is passed over")
    tickers: dict[str, str] = Field(default={}, description="what the server calls a ticker, where not as we do")
    secret_header: str | None = Field(default=None, description="header that a secret is sent in, as Authorization")
    secret_variable: str | None = Field(default=None, description="environment variable that holds the secret")
    secret_file: str | None = Field(
        default=None, description="file that holds it instead, mode 0600, relative to the home"
    )
    timeout_seconds: Seconds = Field(default=20, description="real seconds that one answer may take")
    attempts: Annotated[int, Field(ge=1, le=10)] = Field(default=3, description="how often a failed request is sent")
    requests_per_minute_max: Annotated[int, Field(ge=1)] = Field(default=60, description="requests in any minute")

    @model_validator(mode="after")
    def _usable(self) -> "HttpSource":
        parts = urlsplit(self.url)
        if not parts.hostname or parts.username:
            raise ValueError("expected a url with a host, and no user in it")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in OURSELVES):
            raise ValueError(f"expected a url of https, found {parts.scheme}://{parts.hostname}")
        if "{" in f"{parts.scheme}{parts.netloc}":
            raise ValueError("expected a url whose host is fixed")
        named = {name for _, name, _, _ in Formatter().parse(self.url) if name is not None}
        if "ticker" not in named or named - PLACES:
            raise ValueError(f"expected a url with {{ticker}} and at most {{start}} and {{end}}, found {sorted(named)}")
        if (self.secret_header is None) != (self.secret_variable is None and self.secret_file is None):
            raise ValueError("expected secret_header together with secret_variable or secret_file")
        return self
