"""Checks of the files beside the log that cannot be made again: evidence, and torn tails."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ledger.log.storage import events_folder, var_folder
from queries.verification.findings import Figure, Finding, counted
from queries.verification.subject import Subject, digest_of

Said = Iterator[Finding | Figure]
HASH_DIGITS = 64


def evidence(subject: Subject) -> Said:
    """Look for what decisions were made from: each file that a fact names is there, and has the hash that it named."""
    kept = _kept(var_folder(subject.home) / "data")
    size = 0
    for digest, place in subject.walked.evidence.items():
        paths = kept.get(digest, ())
        if not paths:
            yield Finding(f"names evidence {digest[:16]}…, found no such file under var/data", *place)
        for path in paths:
            size += path.stat().st_size
            if (found := digest_of(path)) != digest:
                yield Finding(
                    f"changed: its bytes hash to {found[:16]}…; named by {place.file}, line {place.line}",
                    subject.named(path), seq=place.seq,
                )  # fmt: skip
    yield Figure(f"{counted(len(subject.walked.evidence), 'file')}, {size / 1e6:,.1f} MB")


def _kept(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Return the kept files by the hash that they are named by."""
    kept: dict[str, tuple[Path, ...]] = {}
    for path in folder.glob("[0-9a-f][0-9a-f]/*"):
        digest = path.name[:HASH_DIGITS]
        if not path.name.startswith("."):
            kept[digest] = (*kept.get(digest, ()), path)
    return kept


def torn_tails(subject: Subject) -> Said:
    """Compare what was cut off the log and kept aside with what the log recorded of it."""
    for place, cut in subject.walked.cuts:
        path = events_folder(subject.home) / cut.kept_as
        if not path.is_file():
            yield Finding(f"expected {cut.kept_as} beside the log, found it gone", *place)
        elif digest_of(path) != cut.sha256:
            yield Finding(f"changed since it was cut off, as line {place.line} of {place.file} says", cut.kept_as)
    yield Figure(counted(len(subject.walked.cuts), "file"))
