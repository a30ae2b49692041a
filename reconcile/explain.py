"""Why the halves differ: the smallest and likeliest sets of candidates that, on a copy of the book, close the breaks.

The candidates of every cause are measured; those that share subjects, and so may only be judged together, are searched
together (`reconcile/searching.py`); what is found is tried on a copy of the book with the very comparisons that found
the differences: they must be gone, and nothing new may be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import islice, pairwise

from ledger.book import Book
from ledger.nav import Unvalued
from ledger.state import ZERO, State
from reconcile.candidates import Candidate, Case, Cause, Subject, combined
from reconcile.causes import CAUSES
from reconcile.comparing.finding import Finding
from reconcile.comparing.findings import COMPARISONS
from reconcile.comparing.judging import nav
from reconcile.explanations import Explanation, rounding_terms, terms_of, worth_telling
from reconcile.measuring import added, measured, moved_between, trial
from reconcile.searching import Effects, Option, Partial, Search, sets
from reconcile.tolerances import CENT, Tolerances

TRIALS_MAX = 12  # sets that are tried on a copy, for one difference

Explanations = Mapping[Subject, tuple[Explanation, ...]]


def explain(case: Case, causes: tuple[Cause, ...] = CAUSES) -> Explanations:
    """Return what explains each difference: the likeliest first, and at most two rivals.

    A difference that nothing closes has no explanation, or one that leaves something of it (`Explanation.left`).
    """
    differing = (((f.kind, f.subject), f.difference) for f in case.findings if not f.certain)
    targets = {subject: amount for subject, amount in differing if amount}
    if not targets:
        return {}
    engine = _Engine(case, causes, targets)
    found: dict[Subject, tuple[Explanation, ...]] = {}
    for subjects, options in _components(engine.options(case), engine.targets):
        found |= engine.explained(subjects, options)
    return found


def allowed(tolerances: Tolerances) -> Callable[[Subject], Decimal]:
    """Say what may be left of a difference: rounding of amounts, never of units."""
    near: dict[str, Decimal] = {"cash": tolerances.cash_rounding, "nav": CENT, "realised": CENT, "exposure": CENT}
    return lambda subject: near.get(subject[0], ZERO)


def compared(book: State, tolerances: Tolerances) -> tuple[tuple[Finding, ...], dict[str, str]]:
    """Return what differs, and why which kinds could not be compared."""
    findings: list[Finding] = []
    unknown: dict[str, str] = {}
    for kind, compare in COMPARISONS:
        try:
            findings.extend(tuple(compare(book, tolerances)))
        except Unvalued as unvalued:
            unknown[kind] = str(unvalued)
    return tuple(findings), unknown


@dataclass
class _Engine:
    """One case, and what was measured and tried of it."""

    case: Case
    causes: tuple[Cause, ...]
    targets: dict[Subject, Decimal]
    places: dict[tuple[object, ...], int] = field(default_factory=dict)
    measured: dict[tuple[int, str, str, str], list[Option]] = field(default_factory=dict)
    tried: dict[frozenset[int], Explanation | None] = field(default_factory=dict)

    def options(self, case: Case) -> tuple[Option, ...]:
        """Measure what every cause proposes to a case; one that is proposed twice counts once."""
        options: dict[int, Option] = {}
        for number, cause in enumerate(self.causes):
            for candidate in cause(case):
                option = self._measured(case.book, number, candidate)
                if option.effects:
                    options.setdefault(option.place, option)
        return tuple(options[place] for place in sorted(options))

    def _measured(self, book: Book, number: int, candidate: Candidate) -> Option:
        """Measure a candidate; what is proposed again as it was is not, for a trial of the whole set follows."""
        said = (number, candidate.certainty, candidate.cause, candidate.text)
        for option in self.measured.get(said, ()):
            if option.candidate.facts == candidate.facts and option.candidate.amounts == candidate.amounts:
                return option._replace(candidate=candidate)
        effects = {} if self._shows_more(book, candidate) else measured(book, candidate, self.targets) or {}
        name = (*said, tuple(sorted(effects.items())))
        place = self.places.setdefault(name, number * 100_000 + len(self.places))
        option = Option(place, candidate, effects)
        self.measured.setdefault(said, []).append(option)
        return option

    def _shows_more(self, book: Book, candidate: Candidate) -> bool:
        """Tell whether NAV, unknown as things are, would be known with a candidate's facts, and another than told."""
        after = trial(book, candidate.facts) if self.hides_nav and candidate.facts else None
        try:
            return after is not None and any(True for _ in nav(after, self.case.tolerances))
        except Unvalued:
            return False

    @cached_property
    def hides_nav(self) -> bool:
        """Tell whether NAV cannot be compared: a position has no mark."""
        try:
            tuple(nav(self.case.book, self.case.tolerances))
        except Unvalued:
            return True
        return False

    def look(self, chosen: tuple[Candidate, ...], left: Effects) -> tuple[Option, ...]:
        """Show the causes what is left when candidates are chosen."""
        book = trial(self.case.book, tuple(fact for candidate in chosen for fact in candidate.facts))
        return () if book is None else self.options(self.case.after(chosen, book, left))

    def explained(self, subjects: set[Subject], options: tuple[Option, ...]) -> dict[Subject, tuple[Explanation, ...]]:
        """Explain the differences of one component."""
        targets = {subject: self.targets[subject] for subject in sorted(subjects) if subject in self.targets}
        due = frozenset(name for option in options for name in option.candidate.due)
        found = sets(Search(options, targets, allowed(self.case.tolerances), self.look, due, {}))
        return {subject: told for subject in targets if (told := tuple(self._of(subject, found)))}

    def _of(self, subject: Subject, found: tuple[Partial, ...]) -> Iterator[Explanation]:
        """Return what holds of the sets' parts that touch one difference; partly, only where nothing closes it."""
        for groups in ((_group(each, subject) for each in found if not each.given_up), self._partly(subject, found)):
            varied = _each_story_first(groups, subject)
            told = worth_telling(filter(None, map(self._tried, islice(varied, TRIALS_MAX))), subject)
            yield from told
            if told:
                return

    def _partly(self, subject: Subject, found: tuple[Partial, ...]) -> Iterator[tuple[Option, ...]]:
        """Yield what closes one difference while others of its component stay open, then the best that does not."""
        open_ones = [each for each in found if each.given_up]
        yield from (_group(each, subject) for each in open_ones if subject not in each.given_up)
        parts = [each for each in open_ones if subject in each.given_up and _group(each, subject)]
        parts.sort(key=lambda each: (len(each.given_up), abs(each.left.get(subject, ZERO))))
        yield from (_group(each, subject) for each in parts[:1])

    def _tried(self, group: tuple[Option, ...]) -> Explanation | None:
        name = frozenset(option.place for option in group)
        if name not in self.tried:
            self.tried[name] = self._try(tuple(option.candidate for option in group)) if group else None
        return self.tried[name]

    def _try(self, candidates: tuple[Candidate, ...]) -> Explanation | None:
        """Apply a set to a copy of the book: what it touches is closed, or smaller, and nothing else is different."""
        case, near, candidates = self.case, allowed(self.case.tolerances), combined(candidates)
        book = trial(case.book, tuple(fact for candidate in candidates for fact in candidate.facts))
        if book is None:
            return None
        moved = moved_between(case.book, book, self.targets)
        stated = _stated(candidates, moved)
        effects = added(moved, stated)
        left = {s: self.targets.get(s, ZERO) - effects.get(s, ZERO) for s in effects}
        if any(abs(rest) > near(s) and s not in self.targets for s, rest in left.items()):
            return None
        rest = {s: amount for s, amount in left.items() if abs(amount) > near(s)}
        if not self._nothing_new(book, frozenset(effects) - rest.keys() - stated.keys()):
            return None
        rounded = {s: amount for s, amount in left.items() if amount and s not in rest}
        terms = (*terms_of(case.book, candidates, tuple(self.targets)), *rounding_terms(rounded))
        return Explanation(candidates, terms, rest)

    def _nothing_new(self, book: Book, gone: frozenset[Subject]) -> bool:
        """Tell whether the comparisons find on a copy only what they found before, and not what is to be gone."""
        before = {(finding.kind, finding.subject) for finding in self.case.findings}
        after = {(finding.kind, finding.subject) for finding in compared(book, self.case.tolerances)[0]}
        return after <= before - gone


def _stated(candidates: Iterable[Candidate], moved: Effects) -> dict[Subject, Decimal]:
    """Return the amounts that candidates state, where their facts move nothing."""
    amounts = (
        {s: amount for s, amount in (candidate.amounts or {}).items() if not candidate.facts or s not in moved}
        for candidate in candidates
    )
    return added(*amounts)


def _components(options: tuple[Option, ...], targets: Effects) -> Iterator[tuple[set[Subject], tuple[Option, ...]]]:
    """Part what has nothing to do with each other: subjects belong together that one candidate moves.

    So do currencies and NAV: that one was given for another, or is counted in the total alone, may show only when more
    is chosen.
    """
    cash = pairwise([subject for subject in targets if subject[0] in ("cash", "nav", "exposure")])
    joined = _joined((*(option.effects.keys() for option in options), *cash))
    parts: dict[Subject, list[Option]] = {}
    for option in options:
        parts.setdefault(joined[next(iter(option.effects))], []).append(option)
    for root, mine in parts.items():
        subjects = {subject for subject in joined if joined[subject] == root}
        if not subjects.isdisjoint(targets):
            yield subjects, tuple(mine)


def _group(partial: Partial, subject: Subject) -> tuple[Option, ...]:
    """Return the candidates of a set that a difference has to do with, by whatever they move together."""
    joined = _joined(option.effects.keys() for option in partial.chosen)
    mine = joined.get(subject)
    group = (option for option in partial.chosen if mine is not None and joined[next(iter(option.effects))] == mine)
    return tuple(sorted(group, key=lambda option: option.place))


def _each_story_first(groups: Iterable[tuple[Option, ...]], subject: Subject) -> Iterator[tuple[Option, ...]]:
    """Order what is to be tried so that each story of a contract's units comes before what differs in cash alone."""
    told: set[frozenset[int]] = set()
    later: list[tuple[Option, ...]] = []
    for group in groups:
        story = frozenset(option.place for option in group if subject in option.effects)
        if subject[0] != "position" or story not in told:
            told.add(story)
            yield group
        else:
            later.append(group)
    yield from later


def _joined(groups: Iterable[Iterable[Subject]]) -> dict[Subject, Subject]:
    """Join groups that overlap: each member with the one that stands for all of its group."""
    parent: dict[Subject, Subject] = {}

    def root(subject: Subject) -> Subject:
        while parent.setdefault(subject, subject) != subject:
            subject = parent[subject]
        return subject

    for group in groups:
        first, *others = group
        for other in others:
            parent[root(other)] = root(first)
        root(first)
    return {subject: root(subject) for subject in parent}
