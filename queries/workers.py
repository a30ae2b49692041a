"""Processes that share the work of one command: they end with it, however it ends, and start none of their own."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread


def is_one_of_several() -> bool:
    """Tell whether this process itself was started to share work: more of them would only be in each other's way."""
    return parent_process() is not None


def several(processes: int) -> ProcessPoolExecutor:
    """Return processes to give work to. Spawned: a fork would take threads' locks along."""
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=end_with_parent)


def end_with_parent() -> None:
    """Let this process end when the one that started it does: it would wait for more work forever."""
    Thread(target=_end_after_parent, daemon=True).start()


def _end_after_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
