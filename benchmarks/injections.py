"""The soak of the reconciler: every cause injected alone, in pairs and in triples over generated accounts, and graded.

`make soak` or `python -m benchmarks.injections [--cases 3000] [--clean 1000] [--seed 2]`; `--case SEED` runs one of
these cases alone and writes nothing. What was not told is printed with the seed of its case. Precision and recall of
every cause are written into docs/reconciliation.md. It ends with 1 if less was told than has to be: every break
detected; of what the API can tell, all of a cause alone among three explanations, and 99 % in all; with the statement
95 % first (90 % of every kind); no residual, no false break.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import monotonic

from benchmarks import our_tests  # noqa: F401 - before anything of tests
from benchmarks.sections import write_section
from tests.reconcile.injections.cases import Case, case_of, cases, run
from tests.reconcile.injections.grading import Graded, breaks_of, graded
from tests.reconcile.injections.page import HEADING, lines_of, misses, shortfalls

ROOT = Path(__file__).parents[1]

CHUNK = 20


def graded_case(case: Case) -> Graded:
    """Run a case in a home of its own, and grade it."""
    with tempfile.TemporaryDirectory() as folder:
        return graded(run(case, Path(folder)))


def soak(number: int, clean: int, seed: int, workers: int) -> Iterator[Graded]:
    """Yield every graded case, the clean ones last."""
    began = monotonic()
    drawn = (*cases(number, seed), *(Case(seed * 2_000_000 + place, ()) for place in range(clean)))
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for done, result in enumerate(pool.map(graded_case, drawn, chunksize=CHUNK), start=1):
            sys.stdout.write(f"\r {done}/{len(drawn)} cases  {monotonic() - began:.0f} s ")
            sys.stdout.flush()
            yield result


def report_of(results: Sequence[Graded], seed: int, seconds: float) -> Iterator[str]:
    """Tell the result."""
    clean = [graded for graded in results if not graded.run.truths]
    false = sum(len(graded.false_breaks) for graded in clean)
    yield f"`python -m benchmarks.injections --seed {seed}`: a generated account at the simulated venue; what is"
    yield "injected happens there and not in the book, and the reconciler is asked why. Amounts come from the seed,"
    yield f"never from the reconciler. {len(clean):,} cases in which nothing was injected: {false} false breaks."
    yield f"It took {seconds:.0f} s."
    yield ""
    yield from lines_of([graded for graded in results if graded.run.truths])


def tell_one(result: Graded) -> int:
    """Tell one case to whoever looks for what went wrong: what was said, and what had happened; 1 if it was missed."""
    for truth in result.run.truths:
        effects = ", ".join(f"{kind} {subject} {amount}" for (kind, subject), amount in truth.effects.items())
        sys.stdout.write(f"{truth.kind} ({truth.cause}): {effects}\n")
    for told in breaks_of(result.run.by_api).values():
        sys.stdout.write(f"{told.found.text}\n")
        for explanation in told.explanations:
            sys.stdout.write(f"    {explanation.certainty}: {explanation.terms}; left {explanation.unexplained}\n")
    missed = tuple(misses([result]))
    sys.stdout.write("\n".join((*missed, *result.false_breaks, *result.residuals, "")))
    return 1 if missed or result.false_breaks or result.residuals else 0


def main(arguments: list[str]) -> int:
    """Run every case, write the report; 1 if less was told than has to be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.injections")
    parser.add_argument("--cases", type=int, default=3_000)
    parser.add_argument("--clean", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--case", type=int, help="the seed of one case, as it was printed")
    asked = parser.parse_args(arguments)
    if asked.case is not None:
        return tell_one(graded_case(case_of(asked.case, asked.case // 1_000_000)))
    began = monotonic()
    results = tuple(soak(asked.cases, asked.clean, asked.seed, asked.workers))
    told = tuple(report_of(results, asked.seed, monotonic() - began))
    sys.stdout.write("\n" + "\n".join(told) + "\n")
    write_section(ROOT / "docs" / "reconciliation.md", HEADING, list(told))
    missing = tuple(shortfalls(results))
    sys.stdout.write("\n".join(("", "Not told:", *misses(results), "", "Short of:", *missing)) + "\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
