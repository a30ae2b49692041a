"""Signatures first: daily bars."""

from __future__ import annotations

from pathlib import Path


class DailyBars:
    tickers: tuple[str, ...]


def packaged_bars() -> DailyBars:
    raise NotImplementedError


def read_bars(folder: Path) -> DailyBars:
    raise NotImplementedError
