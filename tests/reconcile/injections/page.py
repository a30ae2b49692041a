"""What a run of many cases comes to, kind by kind and cause by cause, as the section that it writes for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.reconcile.injections.grading import Grade, Graded
from tests.reconcile.injections.kinds import KINDS

HEADING = "What injections showed"


@dataclass(frozen=True)
class Tally:
    """Counts of one kind, or of all."""

    injected: int
    detected: int
    by_api: int  # class and amount among the explanations shown
    with_statement: int  # told first with the statement


def tally(grades: Iterable[Grade]) -> Tally:
    """Count grades."""
    known = tuple(grades)
    return Tally(
        len(known), sum(each.detected for each in known), sum(each.by_api for each in known),
        sum(each.with_statement for each in known),
    )  # fmt: skip


def grades_of(run: Sequence[Graded], name: str = "") -> list[Grade]:
    """Return the grades of a kind, or all."""
    return [grade for graded in run for grade in graded.grades if name in ("", grade.kind)]


def told_by_api(run: Sequence[Graded], name: str = "") -> Tally:
    """Count what the API can tell."""
    return tally(grade for grade in grades_of(run, name) if grade.tellable)


def told_by_statements(run: Sequence[Graded]) -> Tally:
    """Count what statements can tell."""
    names = {kind.name for kind in KINDS if not kind.statement}
    return tally(grade for grade in grades_of(run) if grade.kind in names)


def lines_of(run: Sequence[Graded]) -> Iterator[str]:
    """Tell a run: all together, then every kind, then precision and recall of every cause."""
    every, api, stated = tally(grades_of(run)), told_by_api(run), told_by_statements(run)
    false = [text for graded in run for text in graded.false_breaks]
    residuals = [text for graded in run for text in graded.residuals]
    yield f"{len(run):,} cases, {every.injected:,} injections: detected {share(every.detected, every.injected)}; of"
    yield f"what the API can tell, class and amount among at most three explanations {share(api.by_api, api.injected)};"
    yield f"with the statement, the right cause first {share(stated.with_statement, stated.injected)}; breaks of what"
    yield f"nobody touched {len(false)}; explained with a residual {len(residuals)}."
    yield ""
    yield "| injected | cause | cases | detected | among three, by the API | first, with the statement | why not |"
    yield "|---|---|---|---|---|---|---|"
    for kind in KINDS:
        own, api = tally(grades_of(run, kind.name)), told_by_api(run, kind.name)
        if own.injected:
            by_api, stated_first = share(api.by_api, api.injected), share(own.with_statement, own.injected)
            why = "; ".join(part for part in (kind.api, kind.statement) if part)
            detected = share(own.detected, own.injected)
            yield f"| {kind.name} | {kind.cause} | {own.injected} | {detected} | {by_api} | {stated_first} | {why} |"
    yield ""
    yield "Precision: of the times that a cause was told first, how often it had happened. Recall: of the times that it"
    yield "had happened, how often it was told first."
    yield ""
    yield "| cause | precision, by the API | recall, by the API | precision, with the statement | recall |"
    yield "|---|---|---|---|---|"
    for cause in sorted({grade.cause for grade in grades_of(run)}):
        yield f"| {cause} | {' | '.join(_precision_and_recall(run, cause))} |"


def _precision_and_recall(run: Sequence[Graded], cause: str) -> Iterator[str]:
    for stage in ("first_by_api", "first_with_statement"):
        named = right = happened = recalled = 0
        for graded in run:
            there = {truth for grade in graded.grades for truth in (grade.cause,)}
            allowed = there.union(*(truth.with_it for truth in graded.run.truths))
            for grade in graded.grades:
                said = _causes(getattr(grade, stage))
                happened += grade.cause == cause
                recalled += grade.cause == cause and cause in said
            told = {name for grade in graded.grades for name in _causes(getattr(grade, stage))}
            named += cause in told
            right += cause in told and cause in allowed
        yield share(right, named)
        yield share(recalled, happened)


def _causes(told: str) -> set[str]:
    return {
        part.strip()
        for word in told.split("; ")
        for part in word.removeprefix("closed: ").split(" + ")
    }  # fmt: skip


def share(part: int, whole: int) -> str:
    """Write a share with its counts."""
    return f"{part / whole:.1%} ({part}/{whole})" if whole else "–"


def misses(run: Sequence[Graded]) -> Iterator[str]:
    """Name every injection that was not told as it should be, with the seed of its case: `--case` runs it again."""
    stated = {kind.name for kind in KINDS if not kind.statement}
    for graded in run:
        for grade in graded.grades:
            if grade.tellable and not grade.by_api:
                yield f"{graded.run.case}: by the API, of {grade.kind}: {grade.first_by_api}"
            if not grade.with_statement:
                late = "" if grade.kind in stated else " (the statement says nothing of it)"
                yield f"{graded.run.case}: with the statement, of {grade.kind}{late}: {grade.first_with_statement}"


API_MIN = 1
STATED_MIN, STATED_MIN_OF_A_KIND = 0.95, 0.90


def shortfalls(run: Sequence[Graded]) -> Iterator[str]:
    """Name everything in which a run falls short of what the reconciler has to do."""
    for graded in run:
        for text in graded.false_breaks:
            yield f"{graded.run.case}: a break of what nobody touched: {text}"
        for text in graded.residuals:
            yield f"{graded.run.case}: {text}"
        for grade in graded.grades:
            if not grade.detected:
                yield f"{graded.run.case}: {grade.kind} was not detected"
            elif grade.tellable and not grade.by_api and len(graded.run.case.kinds) == 1:
                yield f"{graded.run.case}: {grade.kind} is not among what the API tells: {grade.first_by_api}"
    api, stated = told_by_api(run), told_by_statements(run)
    if api.by_api < api.injected * API_MIN:
        yield f"by the API, among three: {share(api.by_api, api.injected)}"
    if stated.with_statement < stated.injected * STATED_MIN:
        yield f"with the statement, first: {share(stated.with_statement, stated.injected)}"
    for kind in KINDS:
        own = tally(grades_of(run, kind.name))
        if not kind.statement and own.with_statement < own.injected * STATED_MIN_OF_A_KIND:
            yield f"with the statement, first, of {kind.name}: {share(own.with_statement, own.injected)}"
