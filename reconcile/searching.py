"""Which candidates together make the differences: a search that is wide enough for a few causes, and bounded for fifty.

The subjects are closed one after the other, positions before cash, and after each the likeliest sets are kept. Exact
sums alone count: a set closes a subject, or leaves it. What the causes say to what is left comes in through `look`.
Everything is in a fixed order, and bounded by counts, never by a clock: the same case gives the same answer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from ledger.events.reconciliation import Certainty
from ledger.state import ZERO
from reconcile.candidates import Candidate, Subject, combined

PICKS_MAX = 3  # of candidates that close one subject together; more come as one candidate of their cause
OPTIONS_MAX = 48  # looked at for one subject
KEPT = 24  # sets after each subject …
KEPT_ALIKE = 8  # … of which so many leave the same, while there is something left
KEPT_OF_UNITS = 2  # sets that say the same of a contract's units, before those come that say nothing new of any
GROWING = 256  # sets that have not closed the subject yet, of all that are looked at together …
GROWING_MIN = 12  # … and of each at least
BEGUN_MAX = 4  # sets that begin with one likely movement of cash
LOOKS_A_SUBJECT, LOOKS_A_SUBJECT_MIN = 8, 1  # times that the causes see what is left of one subject …
LOOKS_MAX = 48  # … and of all of a search
FEW = 8  # subjects; of more that hang together fewer sets are kept, and the causes see of cash alone what is left
CERTAINTIES: dict[Certainty, int] = {"certain": 0, "likely": 1, "possible": 2, "unexplained": 3}

Effects = Mapping[Subject, Decimal]


class Option(NamedTuple):
    """A candidate as the search sees it: what it was measured to move."""

    place: int  # in the order of CAUSES, and of what each proposes
    candidate: Candidate
    effects: Effects


class Partial(NamedTuple):
    """Candidates that are chosen, and what they leave."""

    chosen: tuple[Option, ...]
    left: dict[Subject, Decimal]
    given_up: frozenset[Subject] = frozenset()
    places: frozenset[int] = frozenset()  # of what is chosen …
    things: frozenset[str] = frozenset()  # … and what that was to have come, each but once

    def with_option(self, option: Option) -> Partial:
        """Return it with one candidate more."""
        left = dict(self.left)
        for subject, amount in option.effects.items():
            rest = left.get(subject, ZERO) - amount
            if rest:
                left[subject] = rest
            else:
                left.pop(subject, None)
        things = self.things.union(option.candidate.due) if option.candidate.due else self.things
        return Partial((*self.chosen, option), left, self.given_up, self.places | {option.place}, things)


Look = Callable[[tuple[Candidate, ...], Effects], tuple[Option, ...]]  # chosen, what is left -> what closes it
Rank = tuple[object, ...]


class Search(NamedTuple):
    """What is to be closed, by what, and how near is near enough."""

    options: tuple[Option, ...]
    targets: Effects
    allowed: Callable[[Subject], Decimal]
    look: Look
    due: frozenset[str]  # everything that was to have come by now
    ranks: dict[tuple[frozenset[int], frozenset[Subject]], Rank]  # of the sets that were looked at

    def is_closed(self, left: Effects, subject: Subject) -> bool:
        """Tell whether nothing but rounding is left of a subject."""
        return abs(left.get(subject, ZERO)) <= self.allowed(subject)

    def rank(self, partial: Partial) -> Rank:
        """Order sets, each worked out once."""
        name = (partial.places, partial.given_up)
        found = self.ranks.get(name)
        if found is None:
            found = self.ranks[name] = self._rank(partial)
        return found

    def _rank(self, partial: Partial) -> Rank:
        """Put first what closes more, what is surer, what leaves nothing out that was due, what needs less.

        Of sets that guess as often, one whose guesses are parts of the differences comes before one that makes up for
        its guesses by others, and one that something speaks for in part before a guess at the whole.
        """
        candidates: Sequence[Candidate] = [option.candidate for option in partial.chosen]
        if any(candidate.presumes is not None for candidate in candidates):
            left = [s for s in partial.left if s not in partial.given_up and not self.is_closed(partial.left, s)]
            candidates = combined(candidates, left)
        worst = max((CERTAINTIES[candidate.certainty] for candidate in candidates), default=0)
        left_out = len(self.due - partial.things)
        unsure = sum(CERTAINTIES[candidate.certainty] for candidate in candidates)
        evidence = sum(len(candidate.evidence) for candidate in candidates)
        order = tuple(sorted((option.place, option.candidate.text) for option in partial.chosen))
        guesses = sum(candidate.certainty == "possible" for candidate in candidates)
        beyond = sum(self._is_beyond(option) for option in partial.chosen if option.candidate.certainty == "possible")
        likely = (guesses, beyond, not self._is_sure_in_part(partial.chosen))
        return (len(partial.given_up), worst, left_out, *likely, len(candidates), unsure, -evidence, order)

    def _is_beyond(self, option: Option) -> bool:
        """Tell whether a candidate moves more than is different."""
        return any(abs(amount) > abs(self.targets.get(s, ZERO)) for s, amount in option.effects.items())

    def _is_sure_in_part(self, chosen: tuple[Option, ...]) -> bool:
        """Tell whether what is likely makes a part of each difference that it touches, and never the opposite of it."""
        sure = [option.effects for option in chosen if CERTAINTIES[option.candidate.certainty] < 2]
        if not sure:
            return False
        parts: dict[Subject, Decimal] = {}
        for effects in sure:
            for subject, amount in effects.items():
                parts[subject] = parts[subject] + amount if subject in parts else amount
        targets = self.targets
        return any(parts.values()) and all(
            not part or (abs(part) <= abs(target) and (part > 0) == (target > 0))
            for part, target in ((part, targets.get(subject, ZERO)) for subject, part in parts.items())
        )


def sets(search: Search) -> tuple[Partial, ...]:
    """Return sets of candidates, the best first: those that close every subject, then those that leave some."""
    subjects = sorted({*search.targets, *(s for option in search.options for s in option.effects)}, key=_order)
    few = len(subjects) <= FEW
    looked_at = [s for s in subjects if few or s[0] != "position"]
    kept, alike = (KEPT, KEPT_ALIKE) if few else (KEPT // 3, KEPT_ALIKE // 2)
    looks = min(LOOKS_A_SUBJECT, max(LOOKS_A_SUBJECT_MIN, LOOKS_MAX // max(1, len(subjects))))
    states: tuple[Partial, ...] = (Partial((), dict(search.targets)), *_begun(search))
    done: set[Subject] = set()
    for subject in subjects:
        touching = [option for option in search.options if subject in option.effects][:OPTIONS_MAX]
        shown = frozenset(looked_at) if subject in looked_at else frozenset()
        width = max(GROWING_MIN, GROWING // len(states) if few else 0)
        layer = _Layer(search, subject, touching, frozenset(done), shown, width)
        closed: list[Partial] = []
        growing: list[Partial] = []
        for state in states:
            layer.close(state, closed, growing)
        unfinished = (partial for partial in growing if partial.chosen and shown)
        for partial in _best(search, unfinished, looks, alike=1):
            closed.extend(layer.looked(partial))
        closed.extend(layer.given_up(growing))
        states = _best(search, closed, kept, kept if subject == subjects[-1] else alike)
        done.add(subject)
    return states


def _told_apart(search: Search, partials: Iterable[Partial]) -> Iterator[Partial]:
    """Order sets so that what is guessed elsewhere does not hide what else may be true of a contract's units."""
    told: dict[tuple[Subject, frozenset[int]], int] = {}
    later: list[Partial] = []
    for partial in sorted(partials, key=search.rank):
        stories = tuple(_stories(partial))
        if not stories or any(told.get(story, 0) < KEPT_OF_UNITS for story in stories):
            yield partial
            for story in stories:
                told[story] = told.get(story, 0) + 1
        else:
            later.append(partial)
    yield from later


def _stories(partial: Partial) -> Iterator[tuple[Subject, frozenset[int]]]:
    """Yield of each contract which candidates make its units, and of what is given up that nothing does."""
    places: dict[Subject, set[int]] = {subject: set() for subject in partial.given_up}
    for option in partial.chosen:
        for subject in option.effects:
            if subject[0] == "position":
                places.setdefault(subject, set()).add(option.place)
    return ((subject, frozenset(own)) for subject, own in places.items())


def _begun(search: Search) -> Iterator[Partial]:
    """Begin with cash that something speaks for: what is left may look like something else then."""
    sure = (
        option for option in search.options
        if all(kind in ("cash", "nav") for kind, _ in option.effects) and CERTAINTIES[option.candidate.certainty] < 2
    )  # fmt: skip
    return (Partial((), dict(search.targets)).with_option(option) for option in islice(sure, BEGUN_MAX))


def _order(subject: Subject) -> tuple[int, str, str]:
    kind, name = subject
    first = {"position": 0, "cash": 2, "nav": 3}.get(kind, 1)
    return (first, kind, name)


class _Layer:
    """One subject, and what may close it."""

    def __init__(
        self,
        search: Search,
        subject: Subject,
        options: list[Option],
        done: frozenset[Subject],
        shown: frozenset[Subject],
        width: int,
    ) -> None:
        """Order what may close the subject by its amount, so that what is left finds its like at once."""
        self.search, self.subject, self.options = search, subject, options
        self.done, self.shown, self.width = done, shown, width
        self.by_amount = sorted(options, key=lambda option: (option.effects[subject], option.place))
        self.amounts = [option.effects[subject] for option in self.by_amount]

    def close(self, state: Partial, closed: list[Partial], growing: list[Partial]) -> None:
        """Choose up to PICKS_MAX candidates until the subject is closed."""
        if self.search.is_closed(state.left, self.subject):
            closed.append(state)
            return
        frontier = [(state, 0)]
        for pick in range(1, PICKS_MAX + 1):
            growing.extend(partial for partial, _ in frontier)
            for partial, _ in frontier:
                closed.extend(self._closing(partial))
            if pick < PICKS_MAX:
                frontier = sorted(self._grown(frontier), key=lambda each: self.search.rank(each[0]))[: self.width]

    def _closing(self, state: Partial) -> Iterator[Partial]:
        """Choose each candidate that closes the subject alone."""
        rest, allowed = state.left.get(self.subject, ZERO), self.search.allowed(self.subject)
        first, last = bisect_left(self.amounts, rest - allowed), bisect_right(self.amounts, rest + allowed)
        for option in self.by_amount[first:last]:
            after = self.chosen(state, option)
            if after is not None:
                yield after

    def _grown(self, frontier: list[tuple[Partial, int]]) -> Iterator[tuple[Partial, int]]:
        """Choose each candidate that does not close it, in their order: no set comes twice."""
        for partial, start in frontier:
            for number in range(start, len(self.options)):
                after = self.chosen(partial, self.options[number])
                if after is not None and not self.search.is_closed(after.left, self.subject):
                    yield after, number + 1

    def chosen(self, state: Partial, option: Option) -> Partial | None:
        """Choose one more; None where that opens again what was closed before, or chooses a thing twice."""
        if option.place in state.places or not state.things.isdisjoint(option.candidate.due):
            return None
        after = state.with_option(option)
        again = (s for s in option.effects if s in self.done and s not in state.given_up)
        return None if any(not self.search.is_closed(after.left, s) for s in again) else after

    def looked(self, state: Partial) -> Iterator[Partial]:
        """Let the causes see what is left, and choose what of theirs closes it."""
        left = {subject: amount for subject, amount in state.left.items() if subject in self.shown}
        for option in self.search.look(tuple(option.candidate for option in state.chosen), left):
            after = self.chosen(state, option) if self.subject in option.effects else None
            if after is not None and self.search.is_closed(after.left, self.subject):
                yield after

    def given_up(self, growing: Iterable[Partial]) -> Iterator[Partial]:
        """Leave the subject open: with what is sure of it, as far as that makes the difference smaller."""
        target = self.search.targets.get(self.subject, ZERO)
        for partial in growing:
            mine = [option for option in partial.chosen if self.subject in option.effects]
            is_sure = all(option.candidate.certainty in ("certain", "likely") for option in mine)
            left = partial.left.get(self.subject, ZERO)
            is_part = left * target > 0 and abs(left) < abs(target)
            if not mine or (is_sure and is_part):
                yield partial._replace(given_up=partial.given_up | {self.subject})


def _best(search: Search, partials: Iterable[Partial], most: int, alike: int) -> tuple[Partial, ...]:
    """Keep the likeliest, of those that leave the same a few, and none twice."""
    kept: list[Partial] = []
    before: set[tuple[frozenset[int], frozenset[Subject]]] = set()
    same: dict[object, int] = {}
    for partial in _told_apart(search, partials):
        name = (partial.places, partial.given_up)
        leaves = (tuple(sorted(partial.left.items())), partial.given_up)
        if name in before or same.get(leaves, 0) >= alike:
            continue
        before.add(name)
        same[leaves] = same.get(leaves, 0) + 1
        kept.append(partial)
        if len(kept) == most:
            break
    return tuple(sorted(kept, key=search.rank))
