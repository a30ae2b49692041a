"""Folding without the garbage collector: what a fold makes, it keeps, or drops itself.

Left on, the collector would look at every kept object again and again, and cost as much as the fold.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Hold the garbage collector; what has no circles is freed all the same."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
