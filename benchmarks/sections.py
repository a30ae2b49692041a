"""Sections of a report that several programs write, each its own: `## HEADING` up to the next one."""

from __future__ import annotations

from pathlib import Path


def write_section(report: Path, heading: str, lines: list[str]) -> None:
    """Put the lines under `## heading`, in the place of what stood there; the rest of the file stays."""
    text = report.read_text(encoding="utf-8") if report.exists() else "# Soak\n"
    first, *others = text.split("\n## ")
    sections = {section.partition("\n")[0]: section.partition("\n")[2].strip("\n") for section in others}
    sections[heading] = "\n".join(lines).strip("\n")
    body = "".join(f"\n\n## {name}\n\n{content}" for name, content in sections.items())
    report.write_text(first.rstrip("\n") + body + "\n", encoding="utf-8")
