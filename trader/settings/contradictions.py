"""Settings that may not stand together.

A contradiction yields its complaints: key, what was expected, what was found, what to do. To add one: write the
function and name it in `CONTRADICTIONS`.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from difflib import get_close_matches

from ledger.events import decimal_text
from trader.settings.deciding import FixedWeights, Strategy, Trend
from trader.settings.hours import closing_after_midnight, hours_that_do_not_meet, unknown_calendar
from trader.settings.sections import Settings


def half_live(settings: Settings) -> Iterator[str]:
    """Refuse one of the two keys to real money without the other."""
    account = settings.account
    if account.mode == "live" and not account.live:
        yield "account.live: expected true with mode = 'live', found false; set live = true, or mode = 'paper'"
    if account.mode == "paper" and account.live:
        yield "account.live: expected false with mode = 'paper', found true; set live = false, or mode = 'live'"


def live_and_simulated(settings: Settings) -> Iterator[str]:
    """Refuse a simulated clock with real money."""
    if settings.account.mode == "live" and settings.simulator.control is not None:
        yield f"simulator.control: expected none with a live account, found {settings.simulator.control!r}; remove it"


def repeated_ticker(settings: Settings) -> Iterator[str]:
    """Refuse a ticker that stands twice in the universe."""
    tickers = settings.universe.tickers
    for ticker in sorted({ticker for ticker in tickers if tickers.count(ticker) > 1}):
        yield f"universe.symbols: expected each ticker once, found {ticker} {tickers.count(ticker)} times; remove one"


def _named(settings: Settings) -> Iterator[tuple[str, Strategy]]:
    """Yield every strategy with the name of its section: its own only where there are several."""
    for strategy in settings.strategy:
        yield "strategy" if len(settings.strategy) == 1 else f"strategy {strategy.called}", strategy


def _fixed(settings: Settings) -> Iterator[tuple[str, FixedWeights]]:
    return ((key, strategy) for key, strategy in _named(settings) if isinstance(strategy, FixedWeights))


def repeated_strategy(settings: Settings) -> Iterator[str]:
    """Refuse two strategies of one name: whose is what is held?"""
    names = [strategy.called for strategy in settings.strategy]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"strategy: expected a name of its own for each, found {name} {names.count(name)} times; name one"


def capital_beyond_one(settings: Settings) -> Iterator[str]:
    """Refuse shares of capital that add up to more than all of it."""
    total = sum((strategy.capital for strategy in settings.strategy), Decimal(0))
    if total > 1:
        yield f"strategy: expected capital that adds up to 1 at most, found {decimal_text(total)}; lower one"


def unknown_ticker(settings: Settings) -> Iterator[str]:
    """Refuse a weight of what may not be traded."""
    for key, strategy in _fixed(settings):
        for ticker in strategy.weights:
            if ticker not in settings.universe.tickers:
                known = ", ".join(settings.universe.tickers)
                yield (
                    f"{key}.weights.{ticker}: expected a ticker of the universe ({known}), found {ticker}; "
                    "add it to universe.symbols, or remove the weight"
                )


def unknown_contract(settings: Settings) -> Iterator[str]:
    """Refuse a lot method of what may not be traded."""
    for ticker in settings.accounting.contracts:
        if ticker not in settings.universe.tickers:
            known = ", ".join(settings.universe.tickers)
            yield f"accounting.contracts.{ticker}: expected a ticker of the universe ({known}); correct or remove it"


def missing_weight(settings: Settings) -> Iterator[str]:
    """Refuse a ticker of the universe that has no weight: silence would sell it."""
    for key, strategy in _fixed(settings):
        for ticker in settings.universe.tickers:
            if ticker not in strategy.weights:
                yield (
                    f"{key}.weights.{ticker}: expected a weight for every ticker of the universe, found none; "
                    f"write {ticker} = 0 if it is not wanted"
                )


def weights_beyond_one(settings: Settings) -> Iterator[str]:
    """Refuse weights whose magnitudes add up to more than 1; the rest to 1 is cash."""
    for key, strategy in _fixed(settings):
        total = sum((abs(weight) for weight in strategy.weights.values()), Decimal(0))
        if total > 1:
            yield (
                f"{key}.weights: expected magnitudes that add up to 1 at most, found {decimal_text(total)}; "
                f"lower them, and use {key}.leverage for more exposure"
            )


def leverage_beyond_cap(settings: Settings) -> Iterator[str]:
    """Refuse a strategy that wants more than the limits allow."""
    cap = settings.limits.gross_leverage_max
    for section, strategy in _named(settings):
        key = "leverage" if "leverage" in type(strategy).model_fields else "leverage_max"
        wanted = getattr(strategy, key, None)  # what another program writes has none here
        if wanted is not None and wanted * strategy.capital > cap:
            yield (
                f"{section}.{key}: expected at most limits.gross_leverage_max = {decimal_text(cap)}, "
                f"found {decimal_text(wanted)}; lower it, or raise the limit"
            )


def misspelt_limit(settings: Settings) -> Iterator[str]:
    """Refuse a symbol of a limit that is nearly one of the universe: misspelt, it protects nothing."""
    limits, known = settings.limits, [instrument.symbol for instrument in settings.universe.symbols]
    sections = {"restricted": limits.restricted, "short_banned": limits.short_banned}
    sections |= {f"sectors.{name}": symbols for name, symbols in limits.sectors.items()}
    for section, symbols in sections.items():
        for symbol in symbols:
            near = get_close_matches(symbol.upper(), known, n=1, cutoff=0.7)
            if symbol not in known and near:
                yield f"limits.{section}: expected a symbol of the universe, found {symbol}; did you mean {near[0]}?"


def repeated_speed(settings: Settings) -> Iterator[str]:
    """Refuse a speed that stands twice: it would count twice."""
    for key, strategy in _named(settings):
        speeds = strategy.speeds if isinstance(strategy, Trend) else ()
        for speed in sorted({speed for speed in speeds if speeds.count(speed) > 1}):
            yield f"{key}.speeds: expected each speed once, found {speed} {speeds.count(speed)} times; remove one"


def too_few_data(settings: Settings) -> Iterator[str]:
    """Refuse a forecast without data, or with a shorter history than it looks back."""
    sources = settings.sources
    needed, kind = max((strategy.closes_min, strategy.kind) for strategy in settings.strategy)
    if needed:
        if not (sources.broker or sources.folder is not None or sources.http or sources.yahoo):
            yield f"sources: expected a source for strategy {kind!r}, found none; set folder, or broker = true"
        if sources.history_days < needed:
            yield f"sources.history_days: expected at least {needed}, found {sources.history_days}; raise it"


def repeated_source(settings: Settings) -> Iterator[str]:
    """Refuse two sources of one name: what one of them announces would be taken back by the other."""
    names = ["broker", "folder", "yahoo", "ecb", *(server.name for server in settings.sources.http)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"sources.http: expected a name of its own for each source, found {name} twice; rename it"


def unordered_tolerances(settings: Settings) -> Iterator[str]:
    """Refuse tolerances of which the milder one begins later."""
    bounds = settings.reconcile
    shares = (bounds.cash_note_share, bounds.cash_reduce_share, bounds.cash_halt_share)
    if list(shares) != sorted(shares):
        yield (
            "reconcile: expected cash_note_share <= cash_reduce_share <= cash_halt_share, found "
            f"{', '.join(map(decimal_text, shares))}; put them in order"
        )


CONTRADICTIONS: tuple[Callable[[Settings], Iterator[str]], ...] = (
    repeated_strategy,
    capital_beyond_one,
    half_live,
    live_and_simulated,
    unknown_calendar,
    hours_that_do_not_meet,
    closing_after_midnight,
    repeated_ticker,
    unknown_ticker,
    unknown_contract,
    missing_weight,
    weights_beyond_one,
    leverage_beyond_cap,
    misspelt_limit,
    repeated_speed,
    too_few_data,
    repeated_source,
    unordered_tolerances,
)
