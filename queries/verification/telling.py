"""How a report is printed: one line a check, its findings below it, the witness last."""

from __future__ import annotations

from collections.abc import Iterator

from queries.verification.findings import Finding, Outcome, Report, Section, counted

MARKS = {"ok": "✓", "note": "·", "damaged": "✗", "skipped": "–"}
FINDINGS_SHOWN = 20  # of one check
NAME_WIDTH, FIGURES_WIDTH = 15, 47


def lines_of(report: Report) -> Iterator[str]:
    """Yield the report as a person reads it."""
    for outcome in report.outcomes:
        yield from _told(outcome)
    yield ""
    yield _conclusion(report)
    if report.witness:
        yield f"ends {report.ends_at}   Witness: {report.witness}"
    elif report.readable_to:
        yield f"readable up to seq {report.readable_to}, recorded {report.ends_at}"


def _told(outcome: Outcome) -> Iterator[str]:
    figures = ", ".join(outcome.figures)
    line = f"{MARKS[outcome.verdict]} {outcome.check:<{NAME_WIDTH}}{figures:<{FIGURES_WIDTH}}"
    yield f"{line} {outcome.seconds:6.1f} s"
    shown = sorted(outcome.findings, key=lambda finding: finding.harmless)[:FINDINGS_SHOWN]
    yield from (f"    {_marked(finding)}" for finding in shown)
    if len(outcome.findings) > len(shown):
        yield f"    … and {len(outcome.findings) - len(shown)} more; all of them: --format json"


def _marked(finding: Finding) -> str:
    return f"note: {finding}" if finding.harmless else str(finding)


def _conclusion(report: Report) -> str:
    took = f"{report.seconds:.1f} s"
    notes = sum(len(outcome.findings) - len(outcome.damage) for outcome in report.outcomes)
    if report.clean:
        checks = counted(sum(outcome.verdict != "skipped" for outcome in report.outcomes), "check")
        return f"clean · {checks} in {took}" + (f" · {counted(notes, 'note')}" if notes else "")
    sections = {finding.section for finding in report.damage}
    section: Section = "A damaged log" if "A damaged log" in sections else "A forked log, or an old copy"
    found = f"{counted(len(report.damage), 'finding')} in {took}"
    verdict = "DAMAGED" if section == "A damaged log" else "NOT THE LOG THAT WAS EXPECTED"
    return f"{verdict} · {found} · change nothing, and go on as docs/runbook.md says under '{section}'"
