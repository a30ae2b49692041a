"""Why the halves differ: the smallest and likeliest set of candidates that, on a copy of the book, closes a break."""

from __future__ import annotations

from ledger.book import Book
from ledger.state import Impossible
from reconcile.candidates import Candidate, Case, Origin
from reconcile.causes import CAUSES
from reconcile.comparisons import COMPARISONS, Finding
from reconcile.tolerances import Tolerances


def explained(book: Book, finding: Finding, tolerances: Tolerances, origin: Origin) -> Candidate | None:
    """Return the first candidate that makes a finding vanish when it is applied to a copy of the book."""
    case = Case(book, (finding,), origin, tolerances)
    for cause in CAUSES:
        for candidate in cause(case):
            if _vanishes(book, finding, candidate, tolerances):
                return candidate
    return None


def _vanishes(book: Book, finding: Finding, candidate: Candidate, tolerances: Tolerances) -> bool:
    compare = dict(COMPARISONS)[finding.kind]
    try:
        left = tuple(compare(book.supposing(candidate.facts), tolerances))
    except Impossible:
        return False
    return finding.subject not in {other.subject for other in left}
