"""Is the log, and what hangs on it, as it was written? `tallybook verify`.

A check is a function that yields findings and figures about its subject. Nothing is changed and no lock is taken, so
that a cycle may run meanwhile: what lies beyond HEAD and is not whole is no damage. The log is walked once, by
whichever check asks first. To add a check: write the function in `log_checks.py`, `book_checks.py`, `file_checks.py`
or `derived_checks.py`, name it in `CHECKS`, and give `tests/queries/test_verification_of_damage.py` a damage that it
must find.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from ledger.errors import LogDamaged
from queries.verification import book_checks, derived_checks, file_checks, log_checks
from queries.verification.findings import Figure, Finding, Outcome, Report
from queries.verification.subject import Subject, Witness

__all__ = ["CHECKS", "Figure", "Finding", "Outcome", "Report", "Subject", "Witness", "verify"]

Check = Callable[[Subject], Iterator[Finding | Figure]]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("sealed files", log_checks.sealed_files),
    ("chain", log_checks.chain),
    ("genesis", log_checks.genesis),
    ("HEAD", log_checks.head),
    ("witness", log_checks.witness),
    ("book hashes", log_checks.book_hashes),
    ("trial balance", log_checks.trial_balance),
    ("second books", book_checks.second_bookkeeping),
    ("evidence", file_checks.evidence),
    ("torn tails", file_checks.torn_tails),
    ("checkpoints", derived_checks.checkpoints),
    ("parquet", derived_checks.parquet_copies),
    ("parquet rows", derived_checks.parquet_rows),
    ("bars", derived_checks.bars),
)


def verify(subject: Subject, starting: Callable[[str], None] = lambda _: None, looks: int = 3) -> Report:
    """Run every check; LogError or OSError if the home cannot be read at all. `starting` is told each check's name."""
    began = perf_counter()
    try:
        before = subject.head
    except LogDamaged as gone:  # HEAD vouches for lines, and there is no file at all
        return Report((Outcome("chain", (Finding(str(gone)),), (), 0.0),), "", "", 0.0)
    outcomes = []
    for name, check in CHECKS:
        starting(name)
        outcomes.append(_outcome(name, check, subject))
    report = Report(tuple(outcomes), *log_checks.end_of(subject), seconds=perf_counter() - began)
    again = replace(subject, compared=[])
    if not report.clean and looks > 1 and again.head != before:
        return verify(again, starting, looks - 1)  # a writer was at work: what was seen may have been half of it
    return report


def _outcome(name: str, check: Check, subject: Subject) -> Outcome:
    began = perf_counter()
    said = tuple(check(subject))
    findings = tuple(item for item in said if isinstance(item, Finding))
    figures = tuple(item.text for item in said if isinstance(item, Figure))
    skipped = any(isinstance(item, Figure) and item.skipped for item in said)
    return Outcome(name, findings, figures, perf_counter() - began, skipped)


def home_bytes(home: Path) -> int:
    """Return how many bytes the walk will read."""
    return sum(path.stat().st_size for path in Subject(home).files)
