"""Corporate actions, exercises and transfers: what changes a position without a trade.

The vocabulary stands, so that a log can hold them; the book refuses, by name, those it cannot apply yet.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from ledger.events.fact import Exact, Fact


class PositionAction(Fact):
    """A change of one contract's position under a reference of the broker's."""

    FROM_BROKER: ClassVar[bool] = True
    con_id: int
    source: str
    reference: str

    @property
    def key(self) -> str:
        """The broker's own id for the action on this contract."""
        return f"action/{self.source}/{self.reference}/{self.con_id}"

    @property
    def economic_part(self) -> tuple[object, ...]:
        """Type and contract."""
        return (self.type, self.con_id)


class SplitApplied(PositionAction):
    """Units times numerator/denominator, basis unchanged; the quantity row is the truth."""

    type: Literal["split_applied"] = "split_applied"
    numerator: int
    denominator: int
    quantity_change: Exact
    successor_con_id: int | None = None


class SpinOffApplied(PositionAction):
    """A child received; its share of the basis may become known later."""

    type: Literal["spin_off_applied"] = "spin_off_applied"
    child_con_id: int
    child_quantity: Exact
    basis_fraction: Exact | None = None


class MergerApplied(PositionAction):
    """A position exchanged for cash, for another contract, or both."""

    type: Literal["merger_applied"] = "merger_applied"
    quantity_change: Exact
    cash: Exact
    currency: str
    successor_con_id: int | None = None
    successor_quantity: Exact | None = None


class ContractRenamed(PositionAction):
    """The same position under another contract id, symbol or ISIN."""

    type: Literal["contract_renamed"] = "contract_renamed"
    successor_con_id: int


class OptionExercised(PositionAction):
    """A long option turned into its underlying at the strike."""

    type: Literal["option_exercised"] = "option_exercised"
    quantity: Exact
    underlying_con_id: int
    underlying_quantity: Exact
    strike: Exact


class OptionAssigned(PositionAction):
    """A short option turned into its underlying at the strike; the premium goes into the underlying's basis."""

    type: Literal["option_assigned"] = "option_assigned"
    quantity: Exact
    underlying_con_id: int
    underlying_quantity: Exact
    strike: Exact


class OptionExpired(PositionAction):
    """An option ended worthless."""

    type: Literal["option_expired"] = "option_expired"
    quantity: Exact


class CostAdjusted(PositionAction):
    """A change of basis without a trade, such as a return of capital reclassified."""

    type: Literal["cost_adjusted"] = "cost_adjusted"
    amount: Exact
    currency: str


class PositionTransferred(PositionAction):
    """Units moved in or out of the account with their basis."""

    type: Literal["position_transferred"] = "position_transferred"
    quantity: Exact
    basis: Exact
    currency: str
