"""The year's summary, as a section of docs/soak.md, and its chart, docs/year.png."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.year.course import Year
from benchmarks.year.faults import KINDS

DOCS = Path(__file__).parents[2] / "docs"
REPORT, CHART = DOCS / "soak.md", DOCS / "year.png"
HEADING = (
    "mode", "seed", "sessions", "cycles", "decided again", "equal", "closings equal", "orders", "fills", "lost",
    "doubled", "two live orders",
    "faults", "told right", "told on clean days", "mails", "final positions", "s",
)  # fmt: skip


def line_of(year: Year, mode: str, seed: int, seconds: float) -> str:
    """Return a run as a row of the table."""
    book, lost, doubled = year.ends()
    happened = [fault for fault in year.faults if fault.happened]
    right = sum(not fault.complaint for fault in happened)
    held = sorted((book.contracts[con_id].symbol, quantity) for con_id, quantity in book.positions.items())
    cells = (
        mode, seed, year.sessions, year.cycles, year.decided, year.decided_equal, f"{year.equal} of {year.sessions}",
        len(book.orders), year.fills(),
        lost, doubled, year.live_twice, len(happened), right, year.clean_told, len(year.world.box.received),
        ", ".join(f"{quantity} {symbol}" for symbol, quantity in held), f"{seconds:.0f}",
    )  # fmt: skip
    return f"| {' | '.join(map(str, cells))} |"


def by_kind(year: Year) -> Iterator[str]:
    """Yield a table of the faults: how often each was injected and happened, and what was told of it."""
    injected = Counter(fault.kind.name for fault in year.faults)
    happened = Counter(fault.kind.name for fault in year.faults if fault.happened)
    right = Counter(fault.kind.name for fault in year.faults if fault.happened and not fault.complaint)
    yield "| fault | injected | happened | told | as it should be |"
    yield "|---|---|---|---|---|"
    for kind in KINDS:
        name = kind.name
        yield f"| {name} | {injected[name]} | {happened[name]} | {kind.told} | {right[name]} |"


def complaints(year: Year) -> Iterator[str]:
    """Yield everything that was not as it should be."""
    if (lost_and_doubled := year.ends()[1:]) != (0, 0):
        yield f"{lost_and_doubled[0]} orders lost, {lost_and_doubled[1]} doubled"
    if year.live_twice:
        yield f"{year.live_twice} times a contract had two live orders"
    if not year.replays():
        yield "a replay of the whole log is another book"
    yield from year.complaints
