"""Why an archive refuses. To add one: subclass, give it a code, and write its line in docs/runbook.md."""

from __future__ import annotations

from ledger.errors import Refusal


class ArchiveNotInstalled(Refusal):
    """What reads and writes archives is not installed."""

    code = "archive-not-installed"


class ArchiveUnreachable(Refusal):
    """The folder or the store cannot be read or written."""

    code = "archive-unreachable"


class ArchiveMissing(Refusal):
    """There is no archive here, or the account is not in it."""

    code = "archive-missing"


class ArchiveDamaged(Refusal):
    """The archive does not hold what was sealed."""

    code = "archive-damaged"


class ArchiveForked(Refusal):
    """The archive holds days of this account that are not this log's."""

    code = "archive-forked"
