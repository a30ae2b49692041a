"""What a command says on standard error while it works: a bar on a terminal, and why it takes long.

Nothing is said of what takes less than two seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING

from ledger.errors import LogError

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE_SECONDS = 2.0
EVERY = 256  # steps between two looks at the clock


@contextmanager
def bar(what: str, total: int | Callable[[], int], every: int = EVERY) -> Iterator[Callable[[int], None]]:
    """Yield a function that is told how far it is, from 0 to the total; it looks at the clock `every` so many steps.

    A total that takes time to find out is a function.
    """
    began, shown = monotonic(), list["Progress"]()

    def tell(done: int) -> None:
        if done % every or not sys.stderr.isatty():
            return
        if not shown and monotonic() - began > PATIENCE_SECONDS:
            shown.append(_begun(what, total if isinstance(total, int) else total()))
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


@contextmanager
def explained(cause: Callable[[], str]) -> Iterator[None]:
    """Say in a line why something takes long, once it does, where there is a cause."""

    def say() -> None:
        with suppress(OSError, LogError):  # whoever reads the log says what is wrong
            if text := cause():
                sys.stderr.write(f"{text}\n")

    timer = Timer(PATIENCE_SECONDS, say)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
