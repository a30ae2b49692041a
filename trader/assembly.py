"""What the settings name, put together: broker, strategy, sources, tolerances and desk."""

from __future__ import annotations

import platform
from datetime import timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ledger.clock import Clock
from reconcile import Tolerances
from trader.broker import Broker, BrokerSettings, ContractSpec
from trader.calendar import Calendar, Slot
from trader.desk import Desk
from trader.evidence import put
from trader.ingest import BarRules
from trader.limits import Limits
from trader.settings import FixedWeights as FixedSettings
from trader.settings import FromFile, Settings, canonical_text
from trader.settings import Module as ModuleSettings
from trader.settings import Momentum as MomentumSettings
from trader.settings import RiskParity as RiskParitySettings
from trader.settings import Strategy as StrategySettings
from trader.settings import Trend as TrendSettings
from trader.sizing import Sizing
from trader.sources.broker import BrokerBars
from trader.sources.ecb import EcbRates
from trader.sources.endpoint import EndpointBars
from trader.sources.folder import FolderBars
from trader.sources.recent import RecentBars
from trader.sources.source import SecondRates, Source
from trader.sources.yahoo import YahooBars
from trader.strategies import Allocation, FixedWeights, Module, Momentum, RiskParity, Strategy, TargetsFile, Trend
from trader.witness import places_of

NOT_ITS_OWN = {"kind", "name", "capital"}  # of a strategy's section: what is said of it, not to it
DESK_COLLAR = Decimal("0.02")  # between two sources of one close
VERSIONED = ("tallybook", "ib_insync", "pydantic", "duckdb")


def broker_of(settings: Settings, clock: Clock, *, dry_run: bool = True) -> Broker:
    """Return the broker of the settings; its client library is imported only here."""
    from trader.ib import InteractiveBrokers

    section = settings.broker.model_dump()
    throttle = section.pop("requests_per_second_max")
    converts = settings.orders.currency_policy != "leave"
    wanted = BrokerSettings(
        settings.account.id, instruments_of(settings), dry_run=dry_run, throttle=throttle, converts=converts,
        open_orders=settings.orders.open_orders, **section,
    )  # fmt: skip
    return InteractiveBrokers(wanted, clock)


def instruments_of(settings: Settings) -> tuple[ContractSpec, ...]:
    """Return the universe as it is looked up at the broker."""
    return tuple(
        ContractSpec(**instrument.model_dump(exclude={"calendar"})) for instrument in settings.universe.symbols
    )


def allocations_of(settings: Settings) -> tuple[Allocation, ...]:
    """Return the strategies of the settings, each with its name and its share of the capital."""
    return tuple(Allocation(section.called, _strategy_of(section), section.capital) for section in settings.strategy)


def _strategy_of(section: StrategySettings) -> Strategy:
    match section:
        case FixedSettings() as fixed:
            return FixedWeights(fixed.weights, fixed.leverage)
        case MomentumSettings() as momentum:
            return Momentum(**momentum.model_dump(exclude=NOT_ITS_OWN))
        case TrendSettings() as trend:
            return Trend(**trend.model_dump(exclude=NOT_ITS_OWN))
        case RiskParitySettings() as parity:
            return RiskParity(**parity.model_dump(exclude=NOT_ITS_OWN))
        case ModuleSettings() as own:
            return Module(own.function, own.settings, own.timeout_seconds, own.text_sha256)
        case FromFile() as stated:
            return TargetsFile(stated.path, timedelta(hours=stated.age_hours_max))


def own_calendars_of(settings: Settings) -> dict[str, Calendar]:
    """Return the calendar of each symbol that does not follow the home calendar."""
    home = settings.schedule.calendar
    named = {each.symbol: each.calendar for each in settings.universe.symbols if each.calendar not in ("", home)}
    loaded = {name: Calendar.load(name) for name in sorted(set(named.values()))}
    return {symbol: loaded[name] for symbol, name in named.items()}


def sources_of(settings: Settings, home: Path, broker: Broker, clock: Clock) -> tuple[Source, ...]:
    """Return the sources of bars, the broker's last: adjusted closes are preferred where a source has them."""
    section = settings.sources
    own = BrokerBars(broker, section.history_days, recent=RecentBars(home, "broker"), clock=clock)
    return (*second_sources_of(settings, home, clock), *((own,) if section.broker else ()))


def second_sources_of(settings: Settings, home: Path, clock: Clock) -> tuple[Source, ...]:
    """Return the sources of bars that need no broker."""
    section = settings.sources
    folder = (FolderBars(home / section.folder, section.history_days),) if section.folder is not None else ()
    servers = (EndpointBars(server, home, clock, section.history_days) for server in section.http)
    yahoo = YahooBars(home, clock, section.history_days, section.yahoo_tickers)
    return (*folder, *servers, *((yahoo,) if section.yahoo else ()))


def tolerances_of(settings: Settings) -> Tolerances:
    """Return how far the halves may be apart."""
    return settings.reconcile.tolerances


def limits_of(settings: Settings) -> Limits:
    """Return the limits; a desk wants a second source for its prices, unless its settings say how near."""
    limits, is_desk = settings.limits, settings.reconcile.profile == "desk"
    if limits.second_source_collar is None and is_desk:
        return limits.model_copy(update={"second_source_collar": DESK_COLLAR})
    return limits


def sizing_of(settings: Settings) -> Sizing:
    """Return what every plan is made by; its universe comes with the book."""
    orders = settings.orders
    return Sizing(
        universe=(),
        limits=limits_of(settings),
        offset_ticks=orders.offset_ticks,
        algo=orders.algorithm,
        algo_priority=orders.algo_priority,
        cash_reserve=orders.cash_reserve,
        currency_policy=orders.currency_policy,
        currency_min=orders.currency_min,
        order_type=orders.wire_type,
        moc_cutoff=timedelta(minutes=orders.moc_cutoff_minutes),
    )


def bar_rules_of(settings: Settings) -> BarRules:
    """Return what is demanded of bars."""
    section = settings.sources
    return BarRules(
        section.bars_age_sessions_max, section.close_difference_max, section.on_error, own_calendars_of(settings)
    )


def second_rates_of(settings: Settings, home: Path, clock: Clock) -> SecondRates | None:
    """Return the second opinion on exchange rates, where one is asked for."""
    section = settings.sources
    return EcbRates(home, clock, section.rate_difference_max) if section.ecb else None


def desk_of(
    settings: Settings, home: Path, clock: Clock, broker: Broker, slot: Slot, slot_name: str, *, dry_run: bool
) -> Desk:
    """Return the desk for one slot; the complete non-secret settings are kept by hash."""
    return Desk(
        home=home,
        clock=clock,
        calendar=Calendar.load(settings.schedule.calendar),
        slot=slot,
        slot_name=slot_name,
        dry_run=dry_run,
        settings_sha256=put(home, canonical_text(settings).encode(), ".json"),
        versions=versions(),
        instruments=instruments_of(settings),
        allocations=allocations_of(settings),
        sources=sources_of(settings, home, broker, clock),
        own_calendars=own_calendars_of(settings),
        bar_rules=bar_rules_of(settings),
        limits=limits_of(settings),
        orders=sizing_of(settings),
        tolerances=tolerances_of(settings),
        witnesses=places_of(settings, home),
        accounting=settings.accounting,
        flex=settings.flex,
        second_rates=second_rates_of(settings, home, clock),
    )


def versions() -> dict[str, str]:
    """Return the versions of the code and of what it decides with."""
    return {"python": platform.python_version(), "code": code_sha256()} | {name: _version(name) for name in VERSIONED}


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


@cache
def code_sha256() -> str:
    """Return the hash of what decides, read once: an audit tells changed code from a divergence by it."""
    root = Path(__file__).parents[1]
    files = [path for package in ("ledger", "reconcile", "trader") for path in sorted((root / package).rglob("*.py"))]
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
