"""What to hold: a strategy turns the book and the bars into weights.

To add one: write a frozen dataclass with the `Strategy` protocol in a file of its own, add it to `STRATEGIES`, and give
it its section of the settings. It must be pure: what it reads besides book and bars comes in as evidence.
"""

from __future__ import annotations

from trader.strategies.file import StatedTargets, TargetsFile
from trader.strategies.fixed import FixedWeights
from trader.strategies.module import Module, ModuleSource
from trader.strategies.momentum import Momentum
from trader.strategies.risk_parity import RiskParity
from trader.strategies.strategy import Allocation, Strategy, StrategyError
from trader.strategies.trend import Trend

STRATEGIES: tuple[type[Strategy], ...] = (FixedWeights, Momentum, Trend, RiskParity, TargetsFile, Module)

__all__ = [
    "STRATEGIES",
    "Allocation",
    "FixedWeights",
    "Module",
    "ModuleSource",
    "Momentum",
    "RiskParity",
    "StatedTargets",
    "Strategy",
    "StrategyError",
    "TargetsFile",
    "Trend",
]
