"""Cash that moves without a trade, and what accrues. Every amount is signed from the account: + received, - paid.

To add one: write the model here, and give it its effect, with its postings, in `ledger/effects/`.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from ledger.events.fact import Exact, Fact


class BrokerCash(Fact):
    """A cash movement that the broker evidences under an id of its own."""

    FROM_BROKER: ClassVar[bool] = True
    source: str  # api, statement, operator
    reference: str  # unique within the source
    amount: Exact
    currency: str
    note: str = ""
    provisional: bool = False  # inferred; the broker's own word replaces it
    replaces: str | None = None  # key of the provisional fact, or of the reversed one, that this takes the place of

    @property
    def key(self) -> str:
        """The broker's own id for the movement."""
        return f"broker-cash/{self.source}/{self.reference}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Type, amount and currency."""
        return (self.type, self.amount, self.currency)


class DividendPaid(BrokerCash):
    """A dividend, gross of tax."""

    type: Literal["dividend_paid"] = "dividend_paid"
    con_id: int


class PaymentInLieuPaid(BrokerCash):
    """What replaces a dividend on lent (+) or borrowed (-) shares."""

    type: Literal["payment_in_lieu_paid"] = "payment_in_lieu_paid"
    con_id: int


class TaxWithheld(BrokerCash):
    """A withholding tax, or its refund (+)."""

    type: Literal["tax_withheld"] = "tax_withheld"
    con_id: int | None = None


class InterestPaid(BrokerCash):
    """Interest on cash or of a bond: + credit, - debit."""

    type: Literal["interest_paid"] = "interest_paid"
    con_id: int | None = None


class FeeCharged(BrokerCash):
    """Market data, borrow and other fees; + a refund."""

    type: Literal["fee_charged"] = "fee_charged"
    kind: str = "other"  # market_data, borrow, adr, advisor, …
    con_id: int | None = None


class CommissionAdjusted(BrokerCash):
    """A commission given back (+) or charged later (-), without an execution of its own; in no lot's basis."""

    type: Literal["commission_adjusted"] = "commission_adjusted"
    con_id: int | None = None


class ReturnOfCapitalPaid(BrokerCash):
    """Cash that reduces the basis of what is held; what exceeds it is realised."""

    type: Literal["return_of_capital_paid"] = "return_of_capital_paid"
    con_id: int


class CashDeposited(BrokerCash):
    """Money that the owner put in."""

    type: Literal["cash_deposited"] = "cash_deposited"


class CashWithdrawn(BrokerCash):
    """Money that the owner took out: a negative amount."""

    type: Literal["cash_withdrawn"] = "cash_withdrawn"


class VariationSettled(BrokerCash):
    """The daily gain or loss of a future or a CFD, settled into cash."""

    type: Literal["variation_settled"] = "variation_settled"
    con_id: int


class CurrencyConverted(Fact):
    """One currency given for another, at the amounts that the broker moved."""

    type: Literal["currency_converted"] = "currency_converted"
    FROM_BROKER: ClassVar[bool] = True
    source: str
    reference: str
    sold: Exact  # magnitude, > 0; both 0 where it only ends the one that it replaces
    sold_currency: str
    bought: Exact  # magnitude, > 0
    bought_currency: str
    note: str = ""
    provisional: bool = False  # inferred; the broker's own word replaces it
    replaces: str | None = None  # key of the provisional fact that this takes the place of

    @property
    def key(self) -> str:
        """The broker's own id for the conversion."""
        return f"broker-cash/{self.source}/{self.reference}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Both legs."""
        return (self.type, self.sold, self.sold_currency, self.bought, self.bought_currency)


class DividendAccrued(Fact):
    """A dividend announced for shares held on the ex-date: in NAV, not in cash."""

    type: Literal["dividend_accrued"] = "dividend_accrued"
    FROM_BROKER: ClassVar[bool] = True
    con_id: int
    reference: str
    gross: Exact
    tax: Exact  # negative
    currency: str
    pay_date: date | None = None
    resumes: str | None = None  # key of a reversal that was inferred, and is undone by this

    @property
    def key(self) -> str:
        """The broker's own id for the accrual."""
        return f"accrual/{self.reference}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Gross, tax and currency."""
        return (self.con_id, self.gross, self.tax, self.currency)


class DividendAccrualReversed(DividendAccrued):
    """The accrual is taken back, as a rule because the dividend was paid."""

    type: Literal["dividend_accrual_reversed"] = "dividend_accrual_reversed"  # type: ignore[assignment]

    @property
    def key(self) -> str:
        """The accrual's id."""
        return f"accrual-reversed/{self.reference}"


class InterestAccrued(Fact):
    """A change of the interest to come: in NAV, not in cash. What is paid is accrued again with the other sign."""

    type: Literal["interest_accrued"] = "interest_accrued"
    FROM_BROKER: ClassVar[bool] = True
    source: str
    reference: str
    amount: Exact  # + to be received
    currency: str

    @property
    def key(self) -> str:
        """The broker's own id for the change."""
        return f"interest-accrual/{self.source}/{self.reference}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Amount and currency."""
        return (self.amount, self.currency)
