"""What was wrong with the data of the last cycle that trades, in words: the status and the mails say it alike."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.state import State

FAULTS_MAX = 5  # that are told; the others are counted
ALL = 'tallybook sql "SELECT * FROM data_fault_found ORDER BY seq DESC LIMIT 20"'


def fault_lines(book: State) -> Iterator[str]:
    """Tell what was wrong with the data, and what followed."""
    for fault in book.data_faults[:FAULTS_MAX]:
        days = f"{fault.first}" if fault.first == fault.last else f"{fault.first} to {fault.last}"
        follows = f"{fault.symbol} was left alone" if fault.skipped else "no order left"
        yield f"Data of {fault.symbol} ({fault.source}), {fault.kind} {days}: {fault.text}; {follows}."
    if (more := len(book.data_faults) - FAULTS_MAX) > 0:
        yield f"{more} more faults of the data: {ALL}"
