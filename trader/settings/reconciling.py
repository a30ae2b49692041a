"""The section `[reconcile]`: every tolerance and every rule's cap, by profile, and each overridable.

To add one: a field here, read into `Tolerances` by its name; the cap of a rule is named after its cause.
"""

from dataclasses import fields
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ledger.forgetting import SESSIONS_MIN
from reconcile.tolerances import PROFILES, RETAIL_RULES, Tolerances
from trader.settings.values import Number, Section, Share


def _rules(tolerances: Tolerances) -> dict[str, Decimal]:
    """Return the cap of every rule by the name of its setting; 0 where a profile has none."""
    caps = dict(tolerances.rules)
    return {setting_of(cause): caps.get(cause, Decimal(0)) for cause, _ in RETAIL_RULES}


def setting_of(cause: str) -> str:
    """Return the name of the setting that caps the rule of a cause."""
    return f"rule_{cause.replace(' ', '_')}"


class Reconcile(Section):
    """How far both halves may be apart, and what follows. Shares are fractions of NAV.

    A rule's cap is what it may book at once, until the statement confirms it; 0: never without asking.
    """

    profile: Literal["retail", "desk"] = Field(
        default="retail", description="the defaults of this section: retail, or desk, which is stricter"
    )
    foreign_orders: Literal["lock", "leave"] = Field(
        default="lock", description="what an order that is not ours does to its contract"
    )
    cash_rounding: Annotated[Number, Field(ge=0, le=1)] = Field(
        default=Decimal("0.01"), description="cash apart by this much is equal: the broker rounds to cents"
    )
    cash_note_share: Share = Field(default=Decimal("0.0005"), description="unexplained cash up to this: trade on")
    cash_note_min: Annotated[Number, Field(ge=0)] = Field(
        default=Decimal(25), description="the same, at least this much in base currency: market data for a month"
    )
    cash_reduce_share: Share = Field(default=Decimal("0.005"), description="unexplained cash above this: reduce only")
    cash_halt_share: Share = Field(default=Decimal("0.02"), description="unexplained cash above this: halt")
    cash_sessions_max: Annotated[int, Field(ge=1, le=SESSIONS_MIN)] = Field(
        default=3, description="sessions after which unexplained cash reduces only: statements may be late"
    )
    rule_share: Share = Field(
        default=Decimal("0.0025"), description="all that rules book at once, up to this; announced flows do not count"
    )
    rule_dividend: Share = Field(default=Decimal("0.0025"), description="dividends that accrued or were declared")
    rule_withholding_tax: Share = Field(
        default=Decimal("0.0025"), description="dividends less another tax than was announced, at a usual rate"
    )
    rule_payment_in_lieu: Share = Field(
        default=Decimal("0.0025"), description="what accrued on short positions instead of a dividend"
    )
    rule_interest: Share = Field(default=Decimal("0.0025"), description="interest, as it accrued")
    rule_borrow_fee: Share = Field(default=Decimal("0.0025"), description="what borrowed shares cost, where it is sure")
    rule_fee: Share = Field(default=Decimal("0.0025"), description="fees that were charged before, to the cent")
    rule_deposit: Share = Field(default=Decimal(1), description="deposits that you announced (expect), to the cent")
    rule_withdrawal: Share = Field(default=Decimal(1), description="withdrawals that you announced, to the cent")
    nav_share: Share = Field(
        default=Decimal("0.0005"), description="difference of NAV above this: reduce only; marks move meanwhile"
    )
    pending_commission_share: Share = Field(
        default=Decimal("0.01"), description="of a trade: what a commission that has not come may be; the broker's cap"
    )
    pending_commission_min: Annotated[Number, Field(ge=0)] = Field(
        default=Decimal(1), description="the same, at least this much"
    )

    @model_validator(mode="before")
    @classmethod
    def _profile(cls, section: Any) -> Any:
        if not isinstance(section, dict) or section.get("profile", "retail") == "retail":
            return section
        profile = PROFILES.get(str(section["profile"]))
        if profile is None:
            return section  # which names what is wrong
        lines = {name: getattr(profile, name) for name in cls.model_fields if hasattr(profile, name)}
        return {**lines, **_rules(profile), **section}

    @property
    def tolerances(self) -> Tolerances:
        """The section as what the reconciliation takes."""
        caps = ((cause, getattr(self, setting_of(cause))) for cause, _ in RETAIL_RULES)
        rules = tuple((cause, cap) for cause, cap in caps if cap)
        lines = {field.name: getattr(self, field.name) for field in fields(Tolerances) if field.name != "rules"}
        return Tolerances(**lines, rules=rules)
