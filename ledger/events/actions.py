"""Corporate actions, exercises and transfers: what changes a position without a trade.

Quantities and cash are what the broker moved, and count; ratios are kept as the integers that the broker states. To add
one: write the model here, and give it its effect, with its postings, in `ledger/effects/actions.py`.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from ledger.events.fact import Exact, Fact, Row
from ledger.events.opening import OpeningLot


class PositionAction(Fact):
    """A change of one contract's position under a reference of the broker's."""

    FROM_BROKER: ClassVar[bool] = True
    con_id: int
    source: str
    reference: str
    note: str = ""
    provisional: bool = False  # inferred; the broker's own word replaces it
    replaces: str | None = None  # key of the provisional fact that this takes the place of

    @property
    def key(self) -> str:
        """The broker's own id for the action on this contract."""
        return f"action/{self.source}/{self.reference}/{self.con_id}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """All that it states, but for its note."""
        left_out = {"note", "occurred_at", "trade_date", "report_date", "provisional", "replaces"}
        return tuple(_plain(value) for name, value in self if name not in left_out)


def _plain(value: object) -> object:
    """Return rows as tuples, so that an identity is made of plain values."""
    if isinstance(value, tuple):
        return tuple(_plain(each) for each in value)
    return tuple(each for _, each in value) if isinstance(value, Row) else value


class SplitApplied(PositionAction):
    """Units times numerator/denominator, basis and dates unchanged; below 1 it is a reverse split."""

    type: Literal["split_applied"] = "split_applied"
    numerator: int
    denominator: int
    quantity_change: Exact  # the broker's; the ratio explains it
    successor_con_id: int | None = None  # where the split units carry another id, the whole position goes there


class StockDividendApplied(SplitApplied):
    """More units of the same contract for those held: booked as a split is."""

    type: Literal["stock_dividend_applied"] = "stock_dividend_applied"  # type: ignore[assignment]


class SpinOffApplied(PositionAction):
    """Units of a child received for those of the parent, with the parent's dates.

    Without a fraction the child's basis is zero until BasisAllocated says more; rights are issued with fraction 0.
    """

    type: Literal["spin_off_applied"] = "spin_off_applied"
    child_con_id: int
    child_quantity: Exact
    basis_fraction: Exact | None = None  # share of the parent's basis that goes to the child, 0 to 1


class BasisAllocated(PositionAction):
    """The share of the parent's basis that a spin-off's child has, known later: it counts from the spin-off on."""

    type: Literal["basis_allocated"] = "basis_allocated"
    spin_off: str  # key of the SpinOffApplied
    fraction: Exact


class MergerApplied(PositionAction):
    """Units exchanged for cash, for another contract, or both. `con_id` is what is given."""

    type: Literal["merger_applied"] = "merger_applied"
    quantity_change: Exact  # of what is given: negative for a long position
    cash: Exact  # + received
    currency: str
    successor_con_id: int | None = None
    successor_quantity: Exact | None = None
    basis_to_cash: Exact | None = None  # for both: how much of the basis the cash settles; cash less it is realised


class TenderApplied(MergerApplied):
    """Units set aside for an offer, under another contract id; basis and dates go along."""

    type: Literal["tender_applied"] = "tender_applied"  # type: ignore[assignment]


class ContractRenamed(PositionAction):
    """The same position under another contract id, symbol or ISIN."""

    type: Literal["contract_renamed"] = "contract_renamed"
    successor_con_id: int


class ContractDelisted(PositionAction):
    """Units removed as worthless: their basis is lost."""

    type: Literal["contract_delisted"] = "contract_delisted"
    quantity_change: Exact


class OptionExercised(PositionAction):
    """A long option turned into its underlying at the strike: its premium goes into the underlying, it realises 0."""

    type: Literal["option_exercised"] = "option_exercised"
    quantity: Exact  # change of the option's position
    underlying_con_id: int | None = None  # None: settled in cash, which the option then realises
    underlying_quantity: Exact  # + received, - delivered
    strike: Exact
    amount: Exact | None = None  # cash moved, + received; None: minus quantity x strike x multiplier of the underlying
    commission: Exact | None = None  # of both legs together; - paid


class OptionAssigned(OptionExercised):
    """A short option turned into its underlying at the strike; the premium goes into the underlying."""

    type: Literal["option_assigned"] = "option_assigned"  # type: ignore[assignment]


class OptionExpired(PositionAction):
    """An option ended worthless: a long one loses its basis, a short one keeps its proceeds."""

    type: Literal["option_expired"] = "option_expired"
    quantity: Exact  # change of the position


class CostAdjusted(PositionAction):
    """A change of basis without a trade or cash (a return of capital reclassified); realised P&L stays as it was."""

    type: Literal["cost_adjusted"] = "cost_adjusted"
    amount: Exact  # change of the basis of the units held, shared by quantity
    currency: str


class PositionTransferred(PositionAction):
    """Units moved in (+) or out (-) of the account with their basis."""

    type: Literal["position_transferred"] = "position_transferred"
    quantity: Exact
    basis: Exact  # signed as the quantity; for units that leave, what the broker says: the book's own lots count
    currency: str
    value: Exact | None = None  # market value when it moved, signed as the quantity: what it is as a flow
    lots: tuple[OpeningLot, ...] = ()  # of units that come in, where they are told


class ActionPending(PositionAction):
    """An action that the broker announces or did, and that needs the operator's choice: it locks the contract.

    What is given and received is stated where it is known: for cash and another contract, what is missing is how much
    of the basis the cash settles.
    """

    type: Literal["action_pending"] = "action_pending"
    description: str
    quantity_change: Exact | None = None
    cash: Exact | None = None
    currency: str | None = None
    successor_con_id: int | None = None
    successor_quantity: Exact | None = None
