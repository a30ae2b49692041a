"""Where bars come from.

A source answers for the whole universe or raises `SourceError`. To add one: write a class with the `Source` protocol in
a file of its own; the settings choose among them by their kind.
"""

from __future__ import annotations

from trader.sources.broker import BrokerBars
from trader.sources.endpoint import EndpointBars
from trader.sources.folder import FolderBars
from trader.sources.source import Source, SourceError

__all__ = ["BrokerBars", "EndpointBars", "FolderBars", "Source", "SourceError"]
