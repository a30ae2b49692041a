"""The European Central Bank's reference rates: a second opinion on the exchange rates that the broker reports.

They are no market's prices but one word a business day, good enough to find a rate that is upside down, stale or of
another currency. The file that comes with currencyconverter serves for its days; for later ones the bank is asked, once
a day. To ask another place for the same file: `url`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Context, Decimal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zipfile import BadZipFile

from ledger.clock import Clock
from trader.sources.recent import FOLDER
from trader.sources.source import Provenance, SourceError
from trader.sources.web import Patience, WebError, get

if TYPE_CHECKING:
    from currency_converter import CurrencyConverter

URL = "https://www.ecb.europa.eu/stats/eurofxref/eurofxref-hist.zip"
DAYS_BACK = 7  # the longest run of days without a reference rate, around Easter and the new year, is shorter
EXACT_ENOUGH = Context(prec=28)
PATIENCE = Patience(timeout_seconds=30, attempts=3)
REMEDY = "the next slot asks again; or set sources.ecb = false"


@dataclass
class EcbRates:
    """Holds exchange rates against the bank's of the last business day."""

    home: Path
    clock: Clock
    difference_max: Decimal = Decimal("0.05")
    url: str = URL
    name: str = "ecb"
    patience: Patience = PATIENCE
    provenance: Provenance | None = None

    def differences(self, base: str, rates: Mapping[str, Decimal], last_day: date) -> tuple[str, ...]:
        """Say which rates (of the base currency for one unit) are too far apart; raise SourceError without an answer.

        A currency for which the bank has no rate of the last days is passed over.
        """
        foreign = sorted(currency for currency in rates if currency != base)
        if not foreign:
            return ()
        known = self._known(last_day)
        try:
            if self._rate(known, base, base, last_day) is None:
                raise SourceError(self.name, base, f"expected its rate of the days to {last_day}, found none", REMEDY)
            told = ((currency, self._rate(known, currency, base, last_day)) for currency in foreign)
            return tuple(self._apart(base, rates, told))
        except ArithmeticError:
            raise SourceError(self.name, "rates", "expected rates above zero, found one that is not", REMEDY) from None

    def _apart(
        self, base: str, rates: Mapping[str, Decimal], told: Iterator[tuple[str, tuple[date, Decimal] | None]]
    ) -> Iterator[str]:
        for currency, found in told:
            if found is None:
                continue
            day, theirs = found
            ours = rates[currency]
            difference = EXACT_ENOUGH.divide(abs(ours - theirs), min(ours, theirs))
            if difference > self.difference_max:
                yield (
                    f"{currency}: expected the broker's rate within {self.difference_max:.2%} of the ECB's, found "
                    f"{ours} and {theirs:.6f} {base} of {day}, apart by {difference:.2%}; see which is right"
                )

    def _rate(self, known: CurrencyConverter, currency: str, base: str, last_day: date) -> tuple[date, Decimal] | None:
        """Return the last rate of the days before, and its day."""
        from currency_converter import RateNotFoundError

        if not {currency, base} <= set(known.currencies):
            return None
        for day in (last_day - timedelta(days=back) for back in range(DAYS_BACK)):
            try:
                rate: Decimal = known.convert(Decimal(1), currency, base, day)
            except RateNotFoundError:
                continue
            return (day, rate)
        return None

    def _known(self, last_day: date) -> CurrencyConverter:
        try:
            from currency_converter import CurrencyConverter  # slow, and an extra: only who wants it pays for it
        except ImportError:
            problem = "expected the package currencyconverter, found none"
            raise SourceError(self.name, "rates", problem, "run: pip install 'tallybook[ecb]'") from None
        packaged = CurrencyConverter(decimal=True)
        if packaged.bounds["USD"].last_date >= last_day:
            self.provenance = Provenance(None, self.clock.now())
            return packaged
        path = self.home / FOLDER / f"ecb-{last_day}.zip"
        try:
            if not path.exists():
                self._fetch(path)
            return CurrencyConverter(str(path), decimal=True)
        except WebError as error:
            raise SourceError(self.name, "rates", str(error), REMEDY) from None
        except (OSError, BadZipFile, ValueError, ArithmeticError, LookupError, StopIteration) as error:
            path.unlink(missing_ok=True)
            problem = f"expected the file of reference rates, found something else ({type(error).__name__})"
            raise SourceError(self.name, "rates", problem, REMEDY) from None

    def _fetch(self, path: Path) -> None:
        answer = get(self.url, {}, self.patience)
        parts = urlsplit(self.url)
        self.provenance = Provenance(f"{parts.scheme}://{parts.netloc}{parts.path}", self.clock.now())
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in path.parent.glob("ecb-*.zip"):
            old.unlink(missing_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        aside.write_bytes(answer)
        aside.replace(path)
