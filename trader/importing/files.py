"""A file that holds statements of one account, read whole."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar

from ledger.errors import Refusal
from ledger.events import Fact
from reconcile.statements import Statement, joined, read


class StatementRefused(Refusal):
    """A statement that does not fit this home; nothing of its file was recorded."""

    code: ClassVar[str] = "statement-refused"


@dataclass(frozen=True, slots=True)
class File:
    """One file, and all of it as one statement."""

    name: str
    content: bytes
    statement: Statement

    @property
    def sha256(self) -> str:
        """Name the file by what is in it."""
        return sha256(self.content).hexdigest()

    @property
    def suffix(self) -> str:
        """End its name as what it is."""
        return ".csv" if self.source == "csv" else ".xml"

    @property
    def source(self) -> str:
        """Say what kind of file it is, as the log does."""
        return "csv" if "csv" in self.statement.kind else "flex"

    def place_of(self, fact: Fact) -> str:
        """Say where in the file a fact stands, as far as it is known."""
        line = (self.statement.lines or {}).get(fact.key or "")
        return self.name if line is None else f"{self.name}, line {line}"


def read_file(content: bytes, name: str) -> File:
    """Read a file; raises StatementError, with its line, and StatementRefused for several accounts in one file."""
    statements = read(content, name)
    accounts = sorted({statement.account for statement in statements})
    if len(accounts) != 1:
        raise StatementRefused(
            f"{name}: expected statements of one account, found {', '.join(accounts) or 'none'}; "
            "one home is one account: make a query for each"
        )
    return File(name, content, joined(statements))
