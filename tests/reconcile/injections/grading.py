"""What the reconciler said, held against what happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, product

from ledger.events import BreakClosed, BreakExplained, BreakFound, Fact, StepFailed
from ledger.events.reconciliation import TermRow
from tests.reconcile.injections.cases import Run
from tests.reconcile.injections.kinds import KINDS
from tests.reconcile.injections.kinds.kind import Kind
from tests.reconcile.injections.world import CENT, ZERO, Subject, Truth

SHOWN_MAX = 3  # explanations of one break
KIND_OF = {kind.name: kind for kind in KINDS}
TERMS_MAX = 8  # of one explanation that are held against what happened
ROUNDING = "rounding"
UNEXPLAINED = "unexplained"
FOLLOWING = frozenset({"nav", "exposure", "order", "execution", "commission", "realised"})  # of what differs already
TRADED = frozenset({"missed fill", "corrected fill"})  # units gone for an unknown sum may also be merged, or sent away
UNDONE = frozenset({"busted fill", "duplicated fill"})
SAME: dict[str, str] = {  # one thing by two names
    "hand trade": "foreign trade",
    "foreign trade (hand)": "foreign trade",
}


@dataclass(frozen=True)
class Explanation:
    """Causes that together make a difference, with their amounts where they are told."""

    causes: tuple[str, ...]
    terms: tuple[tuple[str, Decimal], ...]
    certainty: str
    unexplained: Decimal | None


@dataclass
class Told:
    """One break, as it was told."""

    found: BreakFound
    explanations: tuple[Explanation, ...] = ()
    closed: BreakClosed | None = None

    @property
    def shown(self) -> tuple[Explanation, ...]:
        return self.explanations[:SHOWN_MAX]

    @property
    def subject(self) -> Subject:
        return (self.found.kind, self.found.subject)


@dataclass(frozen=True)
class Grade:
    """How one injection fared."""

    kind: str
    cause: str
    detected: bool
    tellable: bool  # by the API alone
    by_api: bool  # its class and amount among the explanations shown
    first_by_api: str  # the causes that were told first
    with_statement: bool  # told first once the statement is there
    first_with_statement: str


@dataclass(frozen=True)
class Graded:
    """How a case fared."""

    run: Run
    grades: tuple[Grade, ...]
    false_breaks: tuple[str, ...]  # of what nobody touched
    residuals: tuple[str, ...]  # said to be explained, and not to the cent


def graded(run: Run) -> Graded:
    """Grade every injection of a case."""
    told = breaks_of(run.by_api)
    later = breaks_of((*run.by_api, *run.with_statement))
    unknown = any(isinstance(fact, StepFailed) for fact in run.by_api)
    grades = tuple(_grade(truth, run.truths, told, later, unknown=unknown) for truth in run.truths)
    touched = {subject for truth in run.truths for subject in truth.effects}
    false = tuple(each.found.text for each in later.values() if each.subject not in touched and _is_own(each, run))
    return Graded(run, grades, false, tuple(_residuals(told.values())))


def _is_own(told: Told, run: Run) -> bool:
    """Tell whether a break can only be of its own making: what is injected shows in sums and in orders, too."""
    return not run.truths or told.found.kind not in FOLLOWING


def breaks_of(facts: Iterable[Fact]) -> dict[str, Told]:
    """Return every break by its id, as it was told last."""
    told = dict[str, Told]()
    for fact in facts:
        match fact:
            case BreakFound():
                told[fact.break_id] = Told(fact)
            case BreakExplained():
                told[fact.break_id].explanations = tuple(_explanations(fact, told[fact.break_id].subject))
            case BreakClosed():
                told[fact.break_id].closed = fact
            case _:
                pass
    return told


def _explanations(fact: BreakExplained, subject: Subject) -> Iterator[Explanation]:
    first = tuple(part for part in fact.cause.split(" + ") if part)
    yield Explanation(tuple(map(_name, first)), _terms(fact.terms, subject), fact.certainty, fact.unexplained)
    for row in fact.rivals:
        terms = _terms(row.terms, subject)
        yield Explanation(tuple(map(_name, row.causes)), terms, row.certainty, row.unexplained)


def _terms(rows: Iterable[TermRow], subject: Subject) -> tuple[tuple[str, Decimal], ...]:
    return tuple((_name(row.cause), row.amount) for row in rows if (row.kind, row.subject) == subject)


def _name(cause: str) -> str:
    return SAME.get(cause, cause)


def _grade(
    truth: Truth, truths: tuple[Truth, ...], told: dict[str, Told], later: dict[str, Told], *, unknown: bool
) -> Grade:
    """Grade one injection; where a mark is missing, totals are unknown: no order leaves, nothing is told of them."""
    hidden = unknown and any(KIND_OF[each.kind].totals for each in truths)
    subjects = [subject for subject in truth.effects if _shows(subject, truths)]
    found = [_break_of(subject, told) for subject in subjects]
    is_nav = any(subject[0] == "nav" for subject in truth.effects)
    is_part = sum(KIND_OF[each.kind].totals for each in truths) > 1  # of one sum, which may come to nothing
    detected = (is_nav and (hidden or is_part)) or all(each is not None for each in found)
    mixed = [subject for subject in subjects if _is_one_sum(subject, truths)]
    kind, blurred = KIND_OF[truth.kind], _is_blurred(KIND_OF[truth.kind], [KIND_OF[each.kind] for each in truths])
    units = [subject for subject in subjects if subject[0] == "position" and truth.cause in TRADED]
    summed = bool(kind.free and mixed)
    asked = units if summed and units else subjects  # of a sum, the units are seen by themselves
    by_api = detected and all(
        any(_fits(each, subject, truths, truth if subject in mixed else None) for each in known.shown)
        for known, subject in zip(found, subjects, strict=True) if known is not None and subject in asked
    )  # fmt: skip
    last = [_words(subject, later) for subject in subjects]
    stated = all(_told_first(words, subject, truths) for words, subject in zip(last, subjects, strict=True))
    unseen = kind.api or hidden or blurred or (summed and not units)
    return Grade(
        truth.kind, truth.cause, detected, not unseen, by_api,
        "; ".join(" + ".join(each.explanations[0].causes) if each and each.explanations else "-" for each in found),
        stated, "; ".join(" + ".join(words) or "-" for words in last),
    )  # fmt: skip


def _is_one_sum(subject: Subject, truths: Iterable[Truth]) -> bool:
    """Tell whether only a sum can be seen: several show as what is left, or one is there that the API never tells."""
    there = [KIND_OF[truth.kind] for truth in truths if subject in truth.effects]
    one_sum = sum(kind.free for kind in there) > 1 or any(kind.api for kind in there) or _is_undecided(there)
    return subject[0] == "cash" and one_sum


def _is_undecided(kinds: Iterable[Kind]) -> bool:
    """Tell whether fills are missing from one report for two reasons: of two, each may be late, and each undone."""
    causes = [kind.cause for kind in kinds]
    return "stale snapshot" in causes and any(cause in UNDONE for cause in causes)


def _is_blurred(kind: Kind, kinds: list[Kind]) -> bool:
    """Tell whether two things make one sum: units apart from cash (or a trade and a rest), or two in the totals."""
    in_totals = kind.totals and sum(each.totals for each in kinds) > 1
    apart = any(each.cashless for each in kinds) and any(each.free or each.api for each in kinds)
    undecided = _is_undecided(kinds) and kind.cause in ("stale snapshot", *UNDONE)
    return in_totals or undecided or (apart and (kind.cashless or kind.free))


def _shows(subject: Subject, truths: Iterable[Truth]) -> bool:
    """Tell whether what happened to a subject adds up to anything that a comparison can see."""
    amounts = [truth.effects[subject] for truth in truths if subject in truth.effects]
    known = [amount for amount in amounts if amount is not None]
    return len(known) < len(amounts) or abs(sum(known, ZERO)) > (CENT if subject[0] == "cash" else ZERO)


def _break_of(subject: Subject, told: dict[str, Told]) -> Told | None:
    return next((each for each in reversed(told.values()) if each.subject == subject), None)


def _fits(explanation: Explanation, subject: Subject, truths: Iterable[Truth], alone: Truth | None = None) -> bool:
    """Tell whether an explanation tells what happened to a subject: the same causes, each with its amount.

    What else happened does not matter where one truth is asked for alone.
    """
    if alone is not None:
        return _names(explanation, subject, alone)
    there, said = _merged(subject, truths), explanation.terms
    if not any(cause == ROUNDING for cause, _, _ in there):  # what the wire rounds is told as a term, up to a cent
        said = tuple(term for term in said if term[0] != ROUNDING or abs(term[1]) > CENT)
    if any(amount is None for _, _, amount in there):
        return {cause for cause, _, _ in there} <= set(explanation.causes)
    if len(there) == 1 and not said:
        return explanation.causes == (there[0][0],) and explanation.unexplained in (None, ZERO)
    if len(said) > TERMS_MAX or len(said) < len(there):
        return False
    return any(_is_told(said, places, there) for places in product(range(len(there)), repeat=len(said)))


def _names(explanation: Explanation, subject: Subject, truth: Truth) -> bool:
    """Tell whether some terms of an explanation are one truth, with its amount."""
    allowed, amount = {_name(truth.cause)} | truth.with_it, truth.effects[subject]
    own = [term for term in explanation.terms if term[0] in allowed][:TERMS_MAX]
    return any(
        amount is not None and _is_told(some, (0,) * size, [(_name(truth.cause), truth.with_it, amount)])
        for size in range(1, len(own) + 1)
        for some in combinations(own, size)
    )


def _merged(subject: Subject, truths: Iterable[Truth]) -> list[tuple[str, frozenset[str], Decimal | None]]:
    """Return cause, what may go with it, and amount; what two injections of one cause did is one."""
    merged = dict[str, tuple[str, frozenset[str], Decimal | None]]()
    for truth in truths:
        if subject in truth.effects:
            amount, known = truth.effects[subject], merged.get(truth.cause)
            if known is not None and known[2] is not None and amount is not None:
                amount += known[2]
            merged[truth.cause] = (_name(truth.cause), truth.with_it | (known[1] if known else frozenset()), amount)
    return list(merged.values())


def _is_told(
    terms: tuple[tuple[str, Decimal], ...],
    places: tuple[int, ...],
    there: list[tuple[str, frozenset[str], Decimal | None]],
) -> bool:
    """Tell whether terms, each given to one thing that happened, name it and add up to it."""
    for place, (cause, with_it, amount) in enumerate(there):
        own = [term for term, to in zip(terms, places, strict=True) if to == place]
        names = {name for name, _ in own}
        total = sum((each for _, each in own), ZERO)
        if cause not in names or not names <= {cause} | with_it or amount is None:
            return False
        if abs(total - amount) > CENT * len(there):
            return False
    return True


def _told_first(words: tuple[str, ...], subject: Subject, truths: Iterable[Truth]) -> bool:
    """Tell whether the last words on what differed name what happened, and nothing else."""
    truths = tuple(truths)
    wanted = _merged(subject, [truth for truth in truths if not KIND_OF[truth.kind].statement])
    known = _merged(subject, truths)
    allowed = {cause for cause, _, _ in known}.union(*(with_it for _, with_it, _ in known))
    return {cause for cause, _, _ in wanted} <= set(words) <= allowed


def _words(subject: Subject, told: dict[str, Told]) -> tuple[str, ...]:
    """Return what was named in the end: what closed the breaks of a subject, and what explains the one still open."""
    words: list[str] = []
    for each in told.values():
        if each.subject == subject and each.closed is not None:
            words += each.closed.cause.split(" + ") if each.closed.cause else ()
        elif each.subject == subject and each.explanations:
            words += each.explanations[0].causes
    return tuple(dict.fromkeys(_name(word) for word in words if word != ROUNDING or len(words) == 1))


def _residuals(told: Iterable[Told]) -> Iterator[str]:
    """Name what is said to be explained, and does not add up."""
    for each in told:
        difference = each.found.difference
        for explanation in each.explanations:
            if explanation.certainty == UNEXPLAINED or difference is None or explanation.unexplained:
                continue
            total = sum((amount for _, amount in explanation.terms), ZERO)
            if explanation.terms and abs(total - difference) > CENT:
                yield f"{each.found.text}: explained by {explanation.terms}, apart by {difference - total}"
