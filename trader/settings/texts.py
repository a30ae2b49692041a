"""The texts of the owner's modules, as part of the settings: whoever changes what decides changes a setting."""

from pathlib import Path

from trader.schedule import SettingsError
from trader.settings.deciding import Module, Strategy
from trader.settings.sections import Settings


def with_texts(settings: Settings, home: Path, path: Path) -> Settings:
    """Fill in the hash of each module's text; one that cannot be read has none, and fails its step later."""
    if not any(isinstance(strategy, Module) for strategy in settings.strategy):
        return settings
    strategies = tuple(_with_text(strategy, home, path) for strategy in settings.strategy)
    return settings.model_copy(update={"strategy": strategies})


def _with_text(strategy: Strategy, home: Path, path: Path) -> Strategy:
    if not isinstance(strategy, Module):
        return strategy
    from trader.strategies import StrategyError  # slow, and few have a module
    from trader.strategy_files import module_source

    try:
        found = module_source(home, strategy.function).sha256
    except StrategyError:
        return strategy
    if strategy.text_sha256 not in ("", found):
        raise SettingsError(
            f"{path}: strategy.text_sha256: expected the text of {strategy.function}, found another one's hash; "
            f"its text has {found}: write that, once you have read it"
        )
    return strategy.model_copy(update={"text_sha256": found})
