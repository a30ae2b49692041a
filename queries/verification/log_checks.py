"""Checks of the log itself: its sealed files, its chain, HEAD, the witness, and what its own book hashes say."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

from ledger.errors import LogDamaged, LogForeign, LogForked
from ledger.events import DaySealed
from ledger.line import LINE_BYTES_MAX, LineBroken, header_of, moment
from ledger.log.chain import ChainBroken
from ledger.log.head import SLOT, SLOTS
from ledger.log.recovery import Tail, check_tail
from ledger.log.storage import events_folder, is_shared, var_folder
from queries.sealed import seal_in
from queries.verification.findings import Figure, Finding, Section, counted
from queries.verification.subject import Subject, digest_of
from queries.verification.walk import Flaw, Wrong

FORKED: Section = "A forked log, or an old copy"
Said = Iterator[Finding | Figure]


def sealed_files(subject: Subject) -> Said:
    """Compare each day file as a whole with the seal that the file after it begins with."""
    size, folder = 0, events_folder(subject.home)
    shared = folder.is_dir() and is_shared(folder)
    sealed = 0o440 if shared else 0o400
    # The other user of a shared home cannot take the right to write from a file that is not his.
    writable = stat.S_IWOTH if shared else stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
    for path, after in pairwise(subject.files):
        seal = seal_in(after)
        if seal is None and after == subject.files[-1]:
            continue  # it may be torn, and the day before it not sealed yet: the chain tells
        if seal is None:
            yield Finding(f"expected the seal of {path.name}, found none that can be read", after.name, 1)
            continue
        if seal.file != path.name:
            missing = f"expected the seal of {path.name}, found that of {seal.file}, which is missing"
            yield Finding(missing, after.name, 1)
            continue
        size += path.stat().st_size
        if digest_of(path) != seal.file_sha256:
            yield _first_flaw(path, seal)
        if path.stat().st_mode & writable:
            yield Finding(f"sealed, yet it may be written to; chmod {sealed:04o}", path.name, harmless=True)
    yield Figure(f"{counted(max(0, len(subject.files) - 1), 'file')}, {_megabytes(size)}")


def _first_flaw(path: Path, seal: DaySealed) -> Finding:
    """Name the first line that does not fit its own hash or the line before it."""
    expected, prev = seal.first_seq, ""
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(LINE_BYTES_MAX + 1):
            number += 1
            try:
                header = header_of(raw)
            except LineBroken as broken:
                return Finding(str(broken), path.name, number, expected)
            if header.seq != expected:
                return Finding(f"expected seq {expected}, found {header.seq}", path.name, number, expected)
            if prev and header.prev != prev:
                return Finding("expected the hash of the line before it, found another", path.name, number, expected)
            expected, prev = expected + 1, header.hash
    if expected <= seal.last_seq:
        return Finding(f"expected lines up to seq {seal.last_seq}, found the file's end", path.name, number, expected)
    return Finding("rewritten: its lines fit each other, and not the seal in the file after it", path.name)


def genesis(subject: Subject) -> Said:
    """Read whose log it is, and compare that with the settings where these can be read."""
    found = subject.walked.genesis
    if found is None:
        first = subject.files[0].name if subject.files else ""
        yield Finding("expected a log_started, found none that can be read", first, 1, 0)
        return
    yield Figure(f"account {found.account} {found.mode}, {found.clock} clock, {found.base_currency}")
    if subject.account is not None and subject.account != (found.account, found.mode):
        expected = " ".join(subject.account)
        yield Finding(f"expected the log of {expected} as the settings say, found that of another account or mode")


def chain(subject: Subject) -> Said:
    """Follow the chain line by line: its own hash, the line before it, its batch, its moment, its log."""
    seen = subject.walked
    yield Figure(f"{counted(seen.lines, 'line')}, {_megabytes(seen.size)}")
    if seen.processes > 1:
        yield Figure(f"{seen.processes} processes")
    if seen.flaw is None:
        left = seen.chain.seq - seen.whole[0]
        if left:
            yield Finding(
                f"{counted(left, 'line')} of a batch that is not finished; nothing depends on that", harmless=True
            )
        return
    if missing := _missing_before(seen.flaw):
        yield Finding(missing, *seen.flaw.place)
        return
    damage = _what_the_rest_means(subject, seen.flaw)
    if damage is None:
        yield Finding(
            f"{seen.flaw.reason}; a torn write that nothing depends on: the next start cuts it off",
            seen.flaw.place.file, seen.flaw.place.line, harmless=True,
        )  # fmt: skip
    else:
        yield Finding(damage, *seen.flaw.place)


def _missing_before(flaw: Flaw) -> str:
    """Say that the log begins too late; "" if it begins where it should."""
    if (flaw.place.line, flaw.place.seq) != (1, 0):
        return ""
    with flaw.path.open("rb") as file:
        try:
            first = header_of(file.readline(LINE_BYTES_MAX + 1)).seq
        except LineBroken:
            return ""
    return f"the day file before it is missing: expected seq 0, found {first}" if first else ""


def _what_the_rest_means(subject: Subject, flaw: Flaw) -> str | None:
    """Return why what follows the good lines is damage; None if it is a tail that a start would cut off."""
    seen, head = subject.walked, subject.head
    if head is not None and seen.whole[0] < head.seq:
        return f"{flaw.reason}; HEAD vouches for lines up to seq {head.seq}"
    broken = ChainBroken(flaw.path, flaw.offset, flaw.reason)
    head_hash = "" if head is None else seen.hash_at.get(head.seq, "")
    try:
        check_tail(events_folder(subject.home), Tail(seen.chain, head_hash, broken), head)
    except LogForked:
        return None  # said by the check of HEAD
    except LogForeign as foreign:
        return str(foreign)
    except LogDamaged:
        return f"{flaw.reason}; valid lines follow"
    return None


def head(subject: Subject) -> Said:
    """Read both slots of HEAD, and look for the line that they vouch for."""
    if subject.head_given_up and subject.head is None:
        yield Figure("given up", skipped=True)
        return
    var = var_folder(subject.home)
    for name in SLOTS:
        if not _slot_is_whole(var / name):
            there = "a slot that does not fit its own checksum" if (var / name).exists() else "no such file"
            what = f"expected a slot that fits its own checksum, found {there}"
            if subject.head is None:
                yield Finding(f"{what}; neither vouches for the log", name)
            else:
                yield Finding(f"{what}; {ANEW}", name, harmless=True)
    if subject.head is None:
        return
    seq, digest = subject.head.seq, subject.head.hash
    yield Figure(f"vouches for seq {seq:,}")
    found = subject.walked.hash_at.get(seq)
    if found is not None and found != digest:
        text = f"expected hash {digest}, found {found}: another history, or an old copy"
        yield Finding(text, "HEAD", seq=seq, section=FORKED)
    elif found is None and subject.walked.flaw is None:
        last = subject.walked.whole[0]
        text = f"expected lines up to here, found them up to seq {last}: cut off, or an old copy"
        yield Finding(text, "HEAD", seq=seq)


ANEW = "the other vouches for the log, and this one is written anew at the next barrier"


def _slot_is_whole(path: Path) -> bool:
    for _ in range(2):  # a writer may be at it
        try:
            content = path.read_bytes()
        except OSError:
            return False
        match = SLOT.fullmatch(content)
        if match is not None and sha256(content[:85]).hexdigest().encode() == match[3]:
            return True
    return False


def witness(subject: Subject) -> Said:
    """Look for the line that the mailbox, or another place outside, vouches for."""
    given = subject.witness
    if given is None:
        yield Figure("none given", skipped=True)
        return
    found = subject.walked.hash_at.get(given.seq)
    if found is None:
        last = subject.walked.whole[0]
        text = f"expected {given}, found lines up to seq {last} only: this is an old copy"
        yield Finding(text, seq=given.seq, section=FORKED)
    elif not given.fits(found):
        text = f"expected {given}, found hash {found}: this is another history"
        yield Finding(text, seq=given.seq, section=FORKED)
    else:
        yield Figure(f"seq {given.seq:,} is there")


def book_hashes(subject: Subject) -> Said:
    """Compare the book, folded anew, with the hash that each finished cycle recorded."""
    seen = subject.walked
    yield Figure(counted(seen.cycles, "cycle"))
    yield from _as_findings(seen.wrong_hashes)
    if seen.impossible is not None:
        yield from _as_findings([seen.impossible])


def trial_balance(subject: Subject) -> Said:
    """Add up every currency's postings after each finished cycle, and at the end: zero, if nothing is wrong."""
    seen = subject.walked
    yield Figure(", ".join(f"{currency} 0" for currency in seen.currencies) or "nothing posted")
    yield from _as_findings(seen.unbalanced)


def _as_findings(wrong: list[Wrong]) -> Said:
    for place, text in wrong:
        yield Finding(text, place.file, place.line or None, place.seq)


def end_of(subject: Subject) -> tuple[str, str]:
    """Return SEQ:HASH of the last line of the last whole batch, and when it was recorded."""
    seq, digest, recorded_at = subject.walked.whole
    return ("", "") if seq < 0 else (f"{seq}:{digest}", f"{moment(recorded_at):%Y-%m-%d %H:%M:%S} UTC")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
