"""On what terms the venue keeps the account: what it pays, charges and applies by itself.

Everything is off at first, so that a test of something else has plain figures.
To add a term: a field here, its argument in `process.py`, and what it does in `settlement.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Terms:
    """What happens to an account without anybody's trading."""

    dividends: bool = False  # accrued the evening before the ex-date, paid on it
    splits: bool = False  # applied before the open; off: time refuses to pass one of what is held or on order
    statements: bool = False  # the books are closed every evening, and a statement service tells of it
    withholding: Decimal = Decimal("0.30")  # of a dividend on shares held long
    credit_rate: Decimal = Decimal(0)  # a year, on cash held; accrued daily, paid monthly
    debit_rate: Decimal = Decimal(0)  # a year, on cash owed
    borrow_rate: Decimal = Decimal(0)  # a year, on the value of shares sold short

    @property
    def any_is_on(self) -> bool:
        """Whether anything may happen overnight."""
        return self.dividends or self.splits or self.statements or self.bears_interest

    @property
    def bears_interest(self) -> bool:
        """Whether cash or short shares cost or bring anything."""
        return any((self.credit_rate, self.debit_rate, self.borrow_rate))

    def __post_init__(self) -> None:
        if not 0 <= self.withholding <= 1:
            raise ValueError(f"withholding: expected a share from 0 to 1, found {self.withholding}")
        for name in ("credit_rate", "debit_rate", "borrow_rate"):
            rate = getattr(self, name)
            if not (rate.is_finite() and rate >= 0):
                raise ValueError(f"{name}: expected a rate of 0 or more a year, found {rate}")
