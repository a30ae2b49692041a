"""Everything that the owner of a home may decide, put together; each part stands in the file of its family.

`connecting.py` the account and its broker, `deciding.py` universe, strategy and sources, `trading.py` orders, schedule
and lots, `telling.py` mail, other notices and witness, `secrets.py` what must not stand here, `reconciling.py`
tolerances and caps, `trader/limits.py` the limits.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from trader.limits import Limits
from trader.settings.connecting import Account, Broker, Flex, Simulator
from trader.settings.deciding import Sources, Strategy, Universe
from trader.settings.reconciling import Reconcile
from trader.settings.telling import Benchmark, Mail, Notices, Witness
from trader.settings.trading import Accounting, Orders, Schedule
from trader.settings.values import Section


def _several(value: Any) -> Any:
    """Take one table as the only one of several."""
    return (value,) if isinstance(value, dict) else value


class Settings(Section):
    """Everything that a home's owner may decide."""

    dry_run: bool = Field(default=True, description="plan and record, but never place or cancel an order")
    approval: Literal["wait", "none"] = Field(
        default="wait", description="wait: changed settings trade nothing until `tallybook approve`; none: at once"
    )
    on_error: str = Field(default="stop", pattern="^stop$", description="a failed step stops every order of the cycle")
    account: Account
    broker: Broker = Broker()
    universe: Universe
    strategy: Annotated[tuple[Strategy, ...], BeforeValidator(_several)] = Field(
        min_length=1, description="how it is decided: one table [strategy], or several [[strategy]] with a capital each"
    )
    sources: Sources = Sources()
    orders: Orders = Orders()
    limits: Limits = Limits()
    schedule: Schedule = Schedule()
    mail: Mail = Mail()
    notices: Notices = Notices()
    witness: Witness = Witness()
    reconcile: Reconcile = Reconcile()
    flex: Flex = Flex()
    accounting: Accounting = Accounting()
    benchmark: Benchmark = Benchmark()
    simulator: Simulator = Simulator()
