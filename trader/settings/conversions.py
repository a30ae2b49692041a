"""What the settings mean to those who act on them.

The sections of the file are words for people; brokers, sources and the reconciler take values of their own types.
"""

from reconcile import Tolerances
from trader.broker import BrokerSettings, ContractSpec
from trader.ingest import BarRules
from trader.settings.sections import Settings


def broker_settings(settings: Settings, *, dry_run: bool) -> BrokerSettings:
    """Return where the broker is, what may be traded, and how long to wait."""
    given = settings.broker.model_dump(exclude={"requests_per_second_max"})
    return BrokerSettings(
        account=settings.account.id,
        universe=tuple(ContractSpec(**instrument.model_dump()) for instrument in settings.universe.symbols),
        dry_run=dry_run,
        throttle=settings.broker.requests_per_second_max,
        **given,
    )


def tolerances(settings: Settings) -> Tolerances:
    """Return how far both halves may be apart."""
    return Tolerances(**settings.reconcile.model_dump(exclude={"profile"}))


def bar_rules(settings: Settings) -> BarRules:
    """Return what is demanded of bars."""
    sources = settings.sources
    return BarRules(sources.bars_age_sessions_max, sources.close_difference_max)
