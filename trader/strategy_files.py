"""What a strategy takes from files, read once for a cycle: another program's targets, the text of the owner's module.

To add one: a case in `loaded` and in `as_kept`; the strategy itself stays pure, and what was read is its evidence.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from trader.hosting import host
from trader.strategies import Module, ModuleSource, StatedTargets, Strategy, StrategyError, TargetsFile


def loaded(strategy: Strategy, home: Path) -> Strategy:
    """Return the strategy with its files read; StrategyError where one cannot be."""
    match strategy:
        case TargetsFile():
            return replace(strategy, stated=_stated(home / strategy.path))
        case Module():
            source = module_source(home, strategy.function)
            if strategy.text_sha256 not in ("", source.sha256):
                raise StrategyError(f"{strategy.function}: its text has changed since the cycle began; run another one")
            return replace(strategy, source=source, host=host)
        case _:
            return strategy


def as_kept(strategy: Strategy, content: bytes) -> Strategy:
    """Return the strategy with what it was given then, from its evidence."""
    match strategy:
        case TargetsFile():
            return replace(strategy, stated=StatedTargets.kept(content))
        case Module():
            return replace(strategy, source=ModuleSource.kept(content), host=host)
        case _:
            return strategy


def _stated(path: Path) -> StatedTargets:
    try:
        modified_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return StatedTargets(path.name, modified_at, path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise StrategyError(f"targets file {path.name}: {error}; see the program that writes it") from error


def module_source(home: Path, function: str) -> ModuleSource:
    """Return the text of the module that a function stands in: the home's own, else an installed one.

    Nothing is imported: what a module does when it is imported, it does where it is hosted.
    """
    module = function.partition(":")[0]
    top, *below = module.split(".")
    own = home.joinpath(top, *below)
    try:
        spec = find_spec(top)
    except (ImportError, ValueError) as error:
        raise StrategyError(f"{function}: {error}; correct strategy.function") from error
    folders = [] if spec is None else [Path(folder) for folder in spec.submodule_search_locations or ()]
    installed = [folder.joinpath(*below) for folder in folders]
    single = [] if spec is None or spec.origin is None or below else [Path(spec.origin).with_suffix("")]
    for place in (own, *single, *installed):
        for file in (place.with_suffix(".py"), place / "__init__.py"):
            if file.is_file():
                return _read(module, file, function)
    raise StrategyError(
        f"{function}: expected {own.relative_to(home)}.py in the home, or an installed module; found none"
    )


def _read(module: str, file: Path, function: str) -> ModuleSource:
    try:
        return ModuleSource(module, file.name, file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise StrategyError(f"{function}: {error}; see the file") from error
