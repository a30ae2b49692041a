"""Which kind of file this is, by how it begins. To read another kind, add its sign and its reader to `read`."""

from __future__ import annotations

from decimal import Inexact

from ledger.lots import exactly
from reconcile.statements.activity_csv import read_csv
from reconcile.statements.flex import read_flex
from reconcile.statements.statement import Statement, StatementError, UnknownStatement

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(content: bytes, name: str) -> tuple[Statement, ...]:
    """Read a file's statements, one a period and account; raises StatementError, and then nothing was read."""
    try:
        with exactly():
            return _read(content, name)
    except Inexact as error:
        raise StatementError(
            name, 1, "amounts that are no money", "numbers whose sums have sixty digits at most"
        ) from error


def _read(content: bytes, name: str) -> tuple[Statement, ...]:
    beginning = content.removeprefix(BYTE_ORDER_MARK).lstrip()[:200]
    if beginning.startswith(b"<"):
        return read_flex(content, name)
    if beginning.startswith((b'"BOF"', b"BOF,", b'"BOS"', b"BOS,", b'"ClientAccountID"', b"ClientAccountID,")):
        raise UnknownStatement(
            name, 1, "a Flex query delivered as CSV", "the same query as XML: choose XML as its format"
        )
    if b",Header," in beginning.split(b"\n", 1)[0]:
        return read_csv(content, name)
    raise UnknownStatement(
        name, 1, _shown(beginning), "a Flex statement as XML, or an activity statement as CSV in English"
    )


def _shown(beginning: bytes) -> str:
    if not beginning:
        return "an empty file"
    try:
        text = beginning[:40].decode()
    except UnicodeDecodeError:
        return "what is no text"
    return repr(text) if text.replace("\n", "").isprintable() else "what is no text"
