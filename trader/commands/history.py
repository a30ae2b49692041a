"""History: what happened, asked in SQL; the commands stand in `asking.py`, which starts light."""

from __future__ import annotations

from trader.commands.asking import COMMANDS, TAKES_MORE

__all__ = ["COMMANDS", "TAKES_MORE"]
