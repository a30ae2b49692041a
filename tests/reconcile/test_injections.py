"""Every cause injected at the venue, alone, in pairs and in triples: what does the reconciler say of it?"""

from __future__ import annotations

from pathlib import Path

from tests.reconcile.injections.cases import Case, cases, run
from tests.reconcile.injections.grading import Graded, graded
from tests.reconcile.injections.kinds import KINDS

SEEDED, CLEAN = 150, 25


def in_home_of_its_own(case: Case, folder: Path) -> Graded:
    home = folder / str(case.seed)
    home.mkdir()
    return graded(run(case, home))


def test_every_injection_is_detected_nothing_else_breaks_and_what_is_explained_adds_up(tmp_path: Path) -> None:
    results = [in_home_of_its_own(case, tmp_path) for case in cases(SEEDED)]

    assert {grade.kind for result in results for grade in result.grades} == {kind.name for kind in KINDS}
    assert [str(result.run.case) for result in results for grade in result.grades if not grade.detected] == []
    assert [text for result in results for text in result.false_breaks] == []
    assert [text for result in results for text in result.residuals] == []


def test_an_account_to_which_nothing_happens_has_no_break(tmp_path: Path) -> None:
    results = [in_home_of_its_own(Case(7_000 + number, ()), tmp_path) for number in range(CLEAN)]

    assert [text for result in results for text in result.false_breaks] == []
