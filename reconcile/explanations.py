"""An explanation: candidates that together make differences vanish, and how it is told, term by term."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from ledger.book import Book
from ledger.events import (
    BrokerCash,
    CommissionCharged,
    Fact,
    FeeCharged,
    FillBusted,
    OrderFilled,
    SplitApplied,
    decimal_text,
)
from ledger.events.reconciliation import BreakExplained, BreakFound, BreakKind, Certainty, ExplanationRow, TermRow
from ledger.state import ZERO, Break
from reconcile.candidates import Candidate, Subject
from reconcile.comparing.finding import Finding
from reconcile.comparing.names import symbol
from reconcile.measuring import moved_between
from reconcile.searching import CERTAINTIES

ROUNDING = "rounding"
SEEN: tuple[BreakKind, ...] = ("foreign_trade", "foreign_order", "refused_fact", "corporate_action")
TOTALS: tuple[BreakKind, ...] = ("nav", "exposure")  # their amounts move with every mark; nothing is booked for them
RIVALS_MAX = 2  # beside the likeliest: who has to choose among more looks into the statement

ALIKE_MAX = 2  # explanations that differ only in what the rest is guessed to be, where there are others
SPARE_MAX = 4  # others like them, before one stops to look for what differs more
ANYTHING: frozenset[str] = frozenset({"deposit", "withdrawal", "fee", "borrow fee", "withholding tax"})  # of any amount

CASH_WORDS: dict[str, str] = {
    "dividend_paid": "dividend",
    "payment_in_lieu_paid": "payment in lieu",
    "tax_withheld": "tax",
    "interest_paid": "interest",
    "fee_charged": "fee",
    "commission_adjusted": "commission adjusted",
    "return_of_capital_paid": "return of capital",
    "cash_deposited": "deposit",
    "cash_withdrawn": "withdrawal",
    "variation_settled": "variation margin",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Candidates that were tried together on a copy of the book."""

    candidates: tuple[Candidate, ...]
    terms: tuple[TermRow, ...]  # of every difference that they touch
    left: Mapping[Subject, Decimal]  # what of these differences nothing explains

    @property
    def known(self) -> frozenset[tuple[str, str]]:
        """Return what of it is more than a guess at what the rest may be."""
        guessed = (each for each in self.candidates if each.certainty == "possible" and each.cause in ANYTHING)
        left_out = frozenset((each.cause, each.text) for each in guessed)
        return frozenset((each.cause, each.text) for each in self.candidates) - left_out

    @property
    def causes(self) -> tuple[str, ...]:
        """Name the causes, each once."""
        return tuple(dict.fromkeys(candidate.cause for candidate in self.candidates))

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What would be recorded."""
        return tuple(fact for candidate in self.candidates for fact in candidate.facts)

    @property
    def certainty(self) -> Certainty:
        """As sure as its least sure candidate; where something is left, it is not explained."""
        if self.left:
            return "unexplained"
        return max((candidate.certainty for candidate in self.candidates), key=CERTAINTIES.__getitem__)

    @property
    def subjects(self) -> frozenset[Subject]:
        """Return the differences that it touches."""
        return frozenset((term.kind, term.subject) for term in self.terms)

    @property
    def text(self) -> str:
        """Say it in a line."""
        return "; ".join(candidate.text for candidate in self.candidates)

    @property
    def evidence(self) -> tuple[str, ...]:
        """Return what speaks for it."""
        return tuple(dict.fromkeys(told for candidate in self.candidates for told in candidate.evidence))

    def amounts_of(self, subject: Subject) -> tuple[tuple[str, Decimal], ...]:
        """Return how much of a difference each cause makes, term by term."""
        return tuple((term.cause, term.amount) for term in self.terms if (term.kind, term.subject) == subject)

    def of(self, finding: Finding) -> tuple[tuple[TermRow, ...], Decimal | None]:
        """Return the terms of one difference, and what is left of it."""
        mine = tuple(term for term in self.terms if (term.kind, term.subject) == (finding.kind, finding.subject))
        return mine, None if finding.difference is None else self.left.get((finding.kind, finding.subject), ZERO)


def told(
    break_id: str, finding: Finding, explanations: tuple[Explanation, ...], ids: Mapping[Subject, str]
) -> BreakExplained:
    """Tell why: by the comparison itself, which saw the cause, or by what makes the finding vanish.

    `ids` are the breaks of the other differences.
    """
    if not explanations:
        certainty: Certainty = "certain" if finding.certain else "unexplained"
        left = None if finding.certain else finding.difference
        return BreakExplained(
            break_id=break_id, cause=finding.cause, certainty=certainty, text=finding.text, evidence=finding.evidence,
            unexplained=left,
        )  # fmt: skip
    first, *rivals = (_row(finding, explanation, ids) for explanation in explanations[: RIVALS_MAX + 1])
    return BreakExplained(
        break_id=break_id, cause=" + ".join(first.causes), certainty=first.certainty, text=first.text,
        evidence=first.evidence, terms=first.terms, unexplained=first.unexplained, also=first.also,
        rivals=tuple(rivals),
    )  # fmt: skip


def _row(finding: Finding, explanation: Explanation, ids: Mapping[Subject, str]) -> ExplanationRow:
    terms, left = explanation.of(finding)
    touched = dict.fromkeys((term.kind, term.subject) for term in explanation.terms)
    also = (ids[s] for s in touched if s in ids and s != (finding.kind, finding.subject))
    causes = (*explanation.causes, "unexplained") if left else explanation.causes
    return ExplanationRow(
        causes=causes, certainty=explanation.certainty, text=explanation.text, terms=terms, unexplained=left,
        evidence=explanation.evidence, also=tuple(also),
    )  # fmt: skip


def explanations_of(known: Break) -> tuple[ExplanationRow, ...]:
    """Return what may be accepted of a break, as it was told: 1 is the likeliest.

    None where nothing explains it, and where the comparison itself saw the cause: that is recorded already.
    """
    told_of = known.explanation
    if told_of is None or told_of.certainty == "unexplained" or known.found.kind in SEEN:
        return ()
    return (first_of(told_of), *told_of.rivals)


def first_of(told_of: BreakExplained) -> ExplanationRow:
    """Return the likeliest explanation as a row like its rivals."""
    return ExplanationRow(
        causes=tuple(told_of.cause.split(" + ")), certainty=told_of.certainty, text=told_of.text, terms=told_of.terms,
        unexplained=told_of.unexplained, evidence=told_of.evidence, also=told_of.also,
    )  # fmt: skip


def is_same(row: ExplanationRow, explanation: Explanation, found: BreakFound) -> bool:
    """Tell whether an explanation says what a row said; one of an older log told no terms."""
    if row.causes != explanation.causes:
        return False
    mine = tuple(t for t in explanation.terms if (t.kind, t.subject) == (found.kind, found.subject))
    said = [tuple((t.cause, t.amount) for t in terms if t.cause != ROUNDING) for terms in (row.terms, mine)]
    return not row.terms or said[0] == said[1]


def terms_of(book: Book, candidates: tuple[Candidate, ...], looked_at: tuple[Subject, ...]) -> tuple[TermRow, ...]:
    """Spell what candidates move, fact by fact, each on the book as the ones before it leave it."""
    terms: list[TermRow] = []
    for candidate in candidates:
        moved: set[Subject] = set()
        for fact in candidate.facts:
            after = book.supposing((fact,))
            effects = moved_between(book, after, looked_at)
            terms.extend(
                _term(candidate, subject, effects[subject], spelt(book, fact, candidate)) for subject in effects
            )
            moved |= effects.keys()
            book = after
        stated = ((s, amount) for s, amount in (candidate.amounts or {}).items() if amount and s not in moved)
        terms.extend(_term(candidate, subject, amount, candidate.text) for subject, amount in stated)
    return tuple(terms)


def _term(candidate: Candidate, subject: Subject, amount: Decimal, text: str) -> TermRow:
    return TermRow(cause=candidate.cause, kind=subject[0], subject=subject[1], amount=amount, text=text)


def rounding_terms(left: Mapping[Subject, Decimal]) -> Iterator[TermRow]:
    """Name what is left within the tolerance."""
    for (kind, subject), amount in left.items():
        yield TermRow(cause=ROUNDING, kind=kind, subject=subject, amount=amount, text=ROUNDING)


def spelt(book: Book, fact: Fact, candidate: Candidate) -> str:
    """Name one fact as a term of a sum."""
    match fact:
        case OrderFilled():
            return f"{decimal_text(fact.quantity)} {symbol(book, fact.con_id)} × {fact.price:,f}"
        case CommissionCharged():
            return "commission"
        case FillBusted():
            return f"{fact.execution_id} taken back"
        case BrokerCash():
            con_id = getattr(fact, "con_id", None)
            word = CASH_WORDS.get(fact.type, candidate.cause)
            if isinstance(fact, FeeCharged) and fact.kind != "other":
                word = f"{fact.kind.replace('_', ' ')} {word}"
            return f"{word} {symbol(book, con_id)}" if con_id is not None else word
        case SplitApplied():
            return f"{candidate.cause} {fact.numerator}:{fact.denominator} {symbol(book, fact.con_id)}"
        case _:
            con_id = getattr(fact, "con_id", None)
            return candidate.cause if con_id is None else f"{candidate.cause} {symbol(book, con_id)}"


def worth_telling(explanations: Iterable[Explanation], subject: Subject) -> tuple[Explanation, ...]:
    """Return the likeliest and its rivals: not all alike but for what the rest is guessed to be, if others fit."""
    told: list[Explanation] = []
    spare: list[Explanation] = []
    for explanation in explanations:
        is_partial = bool(explanation.left) and any(not other.left for other in told)
        if is_partial or any(_says_no_more(explanation, other, subject) for other in (*told, *spare)):
            continue
        alike = sum(explanation.known == other.known for other in told)
        # Of units, each story is told once before another is: what else is guessed of cash, cash itself tells.
        is_told = subject[0] == "position" and any(_moves_alike(explanation, other, subject) for other in told)
        (spare if alike >= ALIKE_MAX or is_told else told).append(explanation)
        if len(told) > RIVALS_MAX or len(spare) > SPARE_MAX:
            break
    return tuple((*told, *spare)[: RIVALS_MAX + 1])


def _moves_alike(one: Explanation, other: Explanation, subject: Subject) -> bool:
    return one.amounts_of(subject) == other.amounts_of(subject)


def _says_no_more(explanation: Explanation, told: Explanation, subject: Subject) -> bool:
    """Tell whether it says of a difference what was told, perhaps with more that comes to nothing."""
    parts, known = ({(each.cause, each.text) for each in one.candidates} for one in (explanation, told))
    said, before = ((one.causes, one.amounts_of(subject)) for one in (explanation, told))
    return said == before or (known < parts and not told.left)
