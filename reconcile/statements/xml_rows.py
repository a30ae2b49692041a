"""Flex XML into rows with their lines, and nothing else: no entities, no document types, no text between the elements.

What the rows mean is said in `flex.py` and in the files of its sections.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from reconcile.statements.rows import Row
from reconcile.statements.statement import StatementError, UnknownStatement

if TYPE_CHECKING:
    from pyexpat import XMLParserType

OUTER = ("FlexQueryResponse", "FlexStatements", "FlexStatement")


@dataclass(slots=True)
class Sections:
    """One FlexStatement: its own attributes, and the rows of each of its sections, in the file's order."""

    head: Row
    rows: dict[str, list[Row]] = field(default_factory=dict)


@dataclass(slots=True)
class FlexDocument:
    """A whole file."""

    query_type: str = ""  # AF: activity, TCF: trade confirmations
    declared: str | None = None  # how many statements it says that it holds
    line: int = 1
    statements: list[Sections] = field(default_factory=list)


def parse(content: bytes, file: str) -> FlexDocument:
    """Parse a file; raises StatementError with the line for what is not well-formed."""
    reader = _Reader(file)
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as error:
        raise StatementError(
            file, error.lineno, expat.ErrorString(error.code), "well-formed XML (download it again)"
        ) from error
    except (ValueError, LookupError) as error:
        raise StatementError(file, 1, str(error), "an encoding that is known, as UTF-8") from error
    found = reader.document
    if found.declared is not None and found.declared.strip() != str(len(found.statements)):
        raise StatementError(
            file, found.line, f"{len(found.statements)}", f"{found.declared} statements, as FlexStatements/count says"
        )
    if not found.statements:
        raise StatementError(file, found.line, "none", "a FlexStatement")
    return found


class _Reader:
    def __init__(self, file: str) -> None:
        self.file, self.document, self.path = file, FlexDocument(), list[str]()
        self.parser: XMLParserType = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._document_type
        self.parser.EntityDeclHandler = self._entity

    def _error(self, found: str, expected: str) -> StatementError:
        return StatementError(self.file, self.parser.CurrentLineNumber, found, expected)

    def _document_type(self, *_: object) -> None:
        raise self._error("a document type declaration", "a Flex file, which has none")

    def _entity(self, *_: object) -> None:
        raise self._error("an entity declaration", "a Flex file, which has none")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        depth = len(self.path)
        self.path.append(tag)
        if depth < len(OUTER):
            self._outer(depth, tag, attributes)
            return
        section = self.path[len(OUTER)]
        rows = self.document.statements[-1].rows.setdefault(section, [])
        if attributes:
            rows.append(Row(self.file, self.parser.CurrentLineNumber, section, tag, attributes))

    def _outer(self, depth: int, tag: str, attributes: dict[str, str]) -> None:
        if tag == "FlexStatementResponse" and depth == 0:
            raise UnknownStatement(self.file, 1, "an answer of the Flex service", "the statement that it announces")
        if tag != OUTER[depth]:
            raise self._error(f"<{tag}>", f"<{OUTER[depth]}>")
        if depth == 0:
            self.document.query_type = attributes.get("type", "")
        elif depth == 1:
            self.document.declared, self.document.line = attributes.get("count"), self.parser.CurrentLineNumber
        else:
            head = Row(self.file, self.parser.CurrentLineNumber, tag, tag, attributes)
            self.document.statements.append(Sections(head))

    def _end(self, _: str) -> None:
        self.path.pop()

    def _text(self, text: str) -> None:
        if text.strip():
            raise self._error(f"the text {text.strip()[:40]!r}", "elements alone")
