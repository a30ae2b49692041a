"""Executions, what they cost, and by which lots they close. Amounts are signed as cash: + received, - paid.

To add one: write the model here, and give it its effect, with its postings, in `ledger/effects/`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from ledger.events.fact import Exact, Fact, Row, execution_base

LotMethod = Literal["fifo", "lifo", "hifo", "average", "specific"]


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
    liquidation: bool = False  # the broker closed the position of its own accord

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
    """The exchange took an execution back; its commission stays until the broker refunds it.

    It speaks of that revision and those before it: a cancellation and a later revision are together a correction.
    """

    type: Literal["fill_busted"] = "fill_busted"
    FROM_BROKER: ClassVar[bool] = True
    account: str
    execution_id: str
    reason: str

    @property
    def key(self) -> str:
        """A revision of an execution is busted once."""
        base, revision = execution_base(self.execution_id)
        return f"bust/{self.account}/{base}/{revision}"


class ProceedsSettled(Fact):
    """What the broker moved for an execution, where that is not quantity x price x multiplier: it rounds, so it counts.

    Example: 3 x 455.5054 = 1366.5162, and 1366.52 were paid.
    """

    type: Literal["proceeds_settled"] = "proceeds_settled"
    FROM_BROKER: ClassVar[bool] = True
    execution_id: str
    amount: Exact  # signed as cash, without commission and tax
    currency: str
    source: str = "statement"

    @property
    def key(self) -> str:
        """One a revision of an execution."""
        base, revision = execution_base(self.execution_id)
        return f"proceeds/{base}/{revision}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Amount and currency."""
        return (self.amount, self.currency)


class TransactionTaxCharged(Fact):
    """A tax on one execution, such as a stamp duty: part of the basis, as a commission is."""

    type: Literal["transaction_tax_charged"] = "transaction_tax_charged"
    FROM_BROKER: ClassVar[bool] = True
    execution_id: str
    name: str = ""  # where one execution pays several
    amount: Exact
    currency: str
    source: str = "statement"

    @property
    def key(self) -> str:
        """One a tax and a revision of an execution."""
        base, revision = execution_base(self.execution_id)
        return f"transaction-tax/{base}/{revision}/{self.name}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Amount and currency."""
        return (self.amount, self.currency)


class LotMethodSet(Fact):
    """Which lots a closing trade takes, from `occurred_at` on: of the account, or of one contract, which wins."""

    type: Literal["lot_method_set"] = "lot_method_set"
    method: LotMethod  # specific: what LotsSpecified names, and first in, first out where nothing is named
    con_id: int | None = None


class LotRow(Row):
    """So many units of the lot that an execution opened."""

    execution: str  # base of the execution id; "opening" for what was adopted
    quantity: Exact  # magnitude, > 0


class LotsSpecified(Fact):
    """The lots that one execution closes, by the broker's or the operator's word."""

    type: Literal["lots_specified"] = "lots_specified"
    FROM_BROKER: ClassVar[bool] = True
    execution_id: str
    lots: tuple[LotRow, ...]
    source: str = "statement"

    @property
    def key(self) -> str:
        """One an execution."""
        return f"lots/{execution_base(self.execution_id)[0]}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """The lots."""
        return tuple((row.execution, row.quantity) for row in self.lots)


class WashSaleObserved(Fact):
    """A loss that the broker disallowed for the tax office: it explains a difference, and moves nothing."""

    type: Literal["wash_sale_observed"] = "wash_sale_observed"
    FROM_BROKER: ClassVar[bool] = True
    con_id: int
    source: str
    reference: str
    amount: Exact  # loss disallowed, > 0
    currency: str

    @property
    def key(self) -> str:
        """The broker's own id."""
        return f"wash-sale/{self.source}/{self.reference}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Contract, amount and currency."""
        return (self.con_id, self.amount, self.currency)
