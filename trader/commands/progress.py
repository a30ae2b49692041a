"""A bar on the terminal for what takes longer than two seconds; nothing for what is quicker, or not looked at."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE_SECONDS = 2.0
EVERY = 256  # steps between two looks at the clock


@contextmanager
def bar(what: str, total: int, every: int = EVERY) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told how far it is, from 0 to the total; it looks at the clock `every` so many steps."""
    began, shown = monotonic(), list["Progress"]()

    def tell(done: int) -> None:
        if done % every or not sys.stderr.isatty():
            return
        if not shown and monotonic() - began > PATIENCE_SECONDS:
            shown.append(_begun(what, total))
        for progress in shown:
            progress.update(progress.task_ids[0], completed=done)

    try:
        yield tell
    finally:
        for progress in shown:
            progress.stop()


def _begun(what: str, total: int) -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    progress = Progress(console=Console(stderr=True), transient=True)
    progress.add_task(what, total=total)
    progress.start()
    return progress
