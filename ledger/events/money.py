"""What moves cash or positions. Every amount is signed from the account's side: + received, - paid.

To add one: write the model here, and give it its effect, with its postings, in `ledger/effects/money.py`.
"""

from __future__ import annotations

from datetime import date
from typing import ClassVar, Literal

from ledger.events.fact import Exact, Fact, execution_base


class OrderFilled(Fact):
    """One execution, or IB's correction of one: id `x.02` replaces `x.01`."""

    type: Literal["order_filled"] = "order_filled"
    FROM_BROKER: ClassVar[bool] = True
    account: str
    execution_id: str
    con_id: int
    quantity: Exact  # + bought, - sold
    price: Exact  # per unit, in the contract's currency, without commission
    currency: str
    order_ref: str = ""  # empty or unknown to the log: not ours, a foreign trade
    perm_id: int = 0
    order_id: int = 0
    client_id: int = 0
    venue: str = ""
    source: str = "api"

    @property
    def key(self) -> str:
        """Execution base and revision: told by API and by statement it is one fact."""
        base, revision = execution_base(self.execution_id)
        return f"fill/{self.account}/{base}/{revision}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Account, contract, signed quantity, price, currency."""
        return (self.account, self.con_id, self.quantity, self.price, self.currency)


class CommissionCharged(Fact):
    """The commission of one execution; it may come much later than the fill."""

    type: Literal["commission_charged"] = "commission_charged"
    FROM_BROKER: ClassVar[bool] = True
    execution_id: str
    amount: Exact  # - paid, + a rebate
    currency: str
    realised_reported: Exact | None = None  # IB's own realised P&L, after commissions; absent on opening trades

    @property
    def key(self) -> str:
        """One a revision of an execution."""
        base, revision = execution_base(self.execution_id)
        return f"commission/{base}/{revision}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Amount and currency."""
        return (self.amount, self.currency)


class FillBusted(Fact):
    """The exchange took an execution back; its commission stays until the broker refunds it."""

    type: Literal["fill_busted"] = "fill_busted"
    FROM_BROKER: ClassVar[bool] = True
    account: str
    execution_id: str
    reason: str

    @property
    def key(self) -> str:
        """An execution is busted once."""
        base, _ = execution_base(self.execution_id)
        return f"bust/{self.account}/{base}"


class BrokerCash(Fact):
    """A cash movement that the broker evidences under an id of its own."""

    FROM_BROKER: ClassVar[bool] = True
    source: str  # api, statement, operator
    reference: str  # unique within the source
    amount: Exact
    currency: str
    note: str = ""

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
    """Interest on cash: + credit, - debit."""

    type: Literal["interest_paid"] = "interest_paid"


class FeeCharged(BrokerCash):
    """Market data, borrow and other fees; + a refund."""

    type: Literal["fee_charged"] = "fee_charged"
    kind: str = "other"


class CashDeposited(BrokerCash):
    """Money that the owner put in."""

    type: Literal["cash_deposited"] = "cash_deposited"


class CashWithdrawn(BrokerCash):
    """Money that the owner took out: a negative amount."""

    type: Literal["cash_withdrawn"] = "cash_withdrawn"


class VariationSettled(BrokerCash):
    """The daily gain or loss of a future, settled into cash."""

    type: Literal["variation_settled"] = "variation_settled"
    con_id: int


class CurrencyConverted(Fact):
    """One currency given for another, at the amounts that the broker moved."""

    type: Literal["currency_converted"] = "currency_converted"
    FROM_BROKER: ClassVar[bool] = True
    source: str
    reference: str
    sold: Exact  # magnitude, > 0
    sold_currency: str
    bought: Exact  # magnitude, > 0
    bought_currency: str

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


class OpeningBalanceRecorded(Fact):
    """What the account held when it was adopted: cash, or one position as one provisional lot."""

    type: Literal["opening_balance_recorded"] = "opening_balance_recorded"
    currency: str
    amount: Exact  # cash held, or the position's basis: average cost x quantity, to 1e-10
    con_id: int | None = None
    quantity: Exact | None = None

    @property
    def key(self) -> str:
        """One a currency and one a contract."""
        return f"opening/{self.currency if self.con_id is None else self.con_id}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """All of it."""
        return (self.currency, self.amount, self.con_id, self.quantity)


class PositionAdjusted(Fact):
    """A quantity and its basis, corrected by the operator's acceptance of a break."""

    type: Literal["position_adjusted"] = "position_adjusted"
    break_id: str
    con_id: int
    quantity: Exact  # change, signed
    amount: Exact  # change of basis, in the contract's currency, against suspense
    currency: str
    why: str


class CashAdjusted(Fact):
    """A cash balance, corrected by the operator's acceptance of a break."""

    type: Literal["cash_adjusted"] = "cash_adjusted"
    break_id: str
    amount: Exact
    currency: str
    why: str
