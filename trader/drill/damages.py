"""Every way to damage a log, each as a function that does it to a copy and says what it did.

To add one: write the function, and name it in `DAMAGES` with what must come of it: `found` by verify, `refused` by the
next start too, `noted` by name for what is made again, `repaired` for what is no damage at all. The drill then
plays it on every user's own log, and `tests/trader/test_drill.py` on a small one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ledger.events import BrokerLost
from ledger.line import decode, draft_lines, header_of
from ledger.log.head import SLOTS
from ledger.log.storage import var_folder
from trader.drill.copies import Copy, NotHere

Outcome = Literal["found", "refused", "noted", "repaired"]
SECTOR = 512


@dataclass(frozen=True, slots=True)
class Damage:
    """One way to damage a log."""

    name: str
    harm: Callable[[Copy], str]  # says what it did
    expected: Outcome
    by_witness: bool = False  # found only if somebody outside remembers how the log ended


def bit_in_first_day(copy: Copy) -> str:
    """Flip one bit in the oldest sealed day."""
    return copy.flip(copy.sealed_day(lambda _: 0))


def bit_in_middle_day(copy: Copy) -> str:
    """Flip one bit in a sealed day of the middle."""
    return copy.flip(copy.sealed_day(lambda count: count // 2))


def bit_in_last_day(copy: Copy) -> str:
    """Flip one bit in the newest sealed day."""
    return copy.flip(copy.sealed_day(lambda count: count - 1))


def bit_in_open_day(copy: Copy) -> str:
    """Flip one bit in the day that is still written to."""
    return copy.flip(copy.open_day)


def _some_line(copy: Copy, *, from_the_end: int = 1) -> tuple[list[bytes], int]:
    lines = copy.lines(copy.open_day)
    if len(lines) < from_the_end + 1:
        raise NotHere("too few lines in the open day")
    return lines, copy.chance.randrange(0, len(lines) - from_the_end)


def line_deleted(copy: Copy) -> str:
    """Delete a line, as an editor does."""
    lines, place = _some_line(copy)
    copy.rewrite(copy.open_day, b"".join(lines[:place] + lines[place + 1 :]))
    return f"{copy.named(copy.open_day)}: line {place + 1} deleted"


def lines_swapped(copy: Copy) -> str:
    """Swap two neighbours."""
    lines, place = _some_line(copy)
    lines[place : place + 2] = lines[place + 1], lines[place]
    copy.rewrite(copy.open_day, b"".join(lines))
    return f"{copy.named(copy.open_day)}: lines {place + 1} and {place + 2} swapped"


def line_duplicated(copy: Copy) -> str:
    """Write a line twice."""
    lines, place = _some_line(copy)
    copy.rewrite(copy.open_day, b"".join([*lines[: place + 1], *lines[place:]]))
    return f"{copy.named(copy.open_day)}: line {place + 1} stands twice"


def line_inserted(copy: Copy) -> str:
    """Insert a line that was made with care: its hash and the one before it fit."""
    lines, place = _some_line(copy)
    before = decode(lines[place])
    drafted = draft_lines(
        (BrokerLost(reason="never happened"),),
        seq=before.seq + 1, log=before.log, recorded_at=before.recorded_at, cycle=before.cycle, prev=before.hash,
    )  # fmt: skip
    copy.rewrite(copy.open_day, b"".join([*lines[: place + 1], drafted[0].raw, *lines[place + 1 :]]))
    return f"{copy.named(copy.open_day)}: a forged line after line {place + 1}"


def cut_below_head(copy: Copy) -> str:
    """Lose the end of what HEAD vouches for."""
    content = copy.open_day.read_bytes()
    end = sum(len(raw) for raw in copy.lines(copy.open_day) if header_of(raw).seq <= copy.head.seq)
    if not end:
        raise NotHere("HEAD vouches for nothing in the open day")
    lost = copy.chance.randrange(1, min(end, 2_000) + 1)
    copy.rewrite(copy.open_day, content[: end - lost])
    return f"{copy.named(copy.open_day)}: its last {lost:,} bytes lost"


def sector_zeroed(copy: Copy) -> str:
    """Read zeros where a sector was."""
    path = copy.chance.choice(copy.days)
    content = bytearray(path.read_bytes())
    start = copy.chance.randrange(0, max(1, len(content) // SECTOR)) * SECTOR
    content[start : start + SECTOR] = bytes(len(content[start : start + SECTOR]))
    copy.rewrite(path, bytes(content))
    return f"{copy.named(path)}: bytes {start:,} to {min(start + SECTOR, len(content)):,} are zeros"


def day_removed(copy: Copy) -> str:
    """Lose a whole day file."""
    path = copy.chance.choice(copy.days)
    copy.rewrite(path, None)
    return f"{copy.named(path)} removed"


def older_copy(copy: Copy) -> str:
    """Put back everything as it was at the end of the day before: sound in itself, and old."""
    kept = copy.sealed_day(lambda count: count - 1)
    last = list(copy.headers(kept))[-1]
    copy.rewrite(copy.open_day, None)
    copy.vouch(last.seq, last.hash)
    return f"yesterday's backup: the log ends with seq {last.seq}, and HEAD says so"


def _forged_tail(copy: Copy) -> tuple[int, str]:
    """Put something else in place of the last batch, with a chain that fits."""
    kept, batch = copy.last_batch()
    facts = tuple(BrokerLost(reason="nothing happened") for _ in batch)
    first = batch[0]
    drafted = draft_lines(
        facts, seq=first.seq, log=first.log, recorded_at=first.recorded_at, cycle=first.cycle, prev=first.prev
    )
    copy.rewrite(copy.open_day, b"".join([*kept, *(line.raw for line in drafted)]))
    return drafted[-1].event.seq, drafted[-1].event.hash


def tail_rewritten(copy: Copy) -> str:
    """Rewrite the end, and every hash after it."""
    seq, _ = _forged_tail(copy)
    return f"{copy.named(copy.open_day)}: the batch up to seq {seq} rewritten, its hashes made to fit"


def tail_and_head_rewritten(copy: Copy) -> str:
    """Rewrite the end, every hash after it, and HEAD too: only somebody outside can tell."""
    copy.vouch(*_forged_tail(copy))
    return f"{copy.named(copy.open_day)} and HEAD: the last batch rewritten, everything made to fit"


def one_head_flipped(copy: Copy) -> str:
    """Flip a bit in one slot of HEAD."""
    return copy.flip(var_folder(copy.home) / copy.chance.choice(SLOTS))


def both_heads_flipped(copy: Copy) -> str:
    """Flip a bit in each slot of HEAD."""
    return ", ".join(copy.flip(var_folder(copy.home) / name) for name in SLOTS)


def evidence_changed(copy: Copy) -> str:
    """Flip a bit in what a decision was made from."""
    return copy.flip(copy.named_evidence())


def evidence_removed(copy: Copy) -> str:
    """Lose what a decision was made from."""
    path = copy.named_evidence()
    copy.rewrite(path, None)
    return f"{copy.named(path)} removed"


def parquet_flipped(copy: Copy) -> str:
    """Flip a bit in a Parquet copy."""
    return copy.flip(copy.parquet_copy())


def manifest_flipped(copy: Copy) -> str:
    """Flip a bit in the list of the Parquet copies."""
    return copy.flip(copy.derived("parquet", "manifest.json"))


def checkpoint_flipped(copy: Copy) -> str:
    """Flip a bit in a checkpoint."""
    return copy.flip(copy.derived("checkpoints", "*.ckpt"))


def torn_tail(copy: Copy) -> str:
    """Die in the middle of a write that nothing depended on yet."""
    last = decode(copy.lines(copy.open_day)[-1])
    drafted = draft_lines(
        (BrokerLost(reason="died while writing this"),),
        seq=last.seq + 1, log=last.log, recorded_at=last.recorded_at, cycle=last.cycle, prev=last.hash,
    )  # fmt: skip
    torn = drafted[0].raw[: copy.chance.randrange(1, len(drafted[0].raw) - 1)]
    copy.rewrite(copy.open_day, copy.open_day.read_bytes() + torn)
    return f"{copy.named(copy.open_day)}: {len(torn)} bytes of half a line at its end"


DAMAGES: tuple[Damage, ...] = (
    Damage("a bit flipped in the first sealed day", bit_in_first_day, "found"),
    Damage("a bit flipped in a day of the middle", bit_in_middle_day, "found"),
    Damage("a bit flipped in the last sealed day", bit_in_last_day, "found"),
    Damage("a bit flipped in the open day", bit_in_open_day, "refused"),
    Damage("a line deleted", line_deleted, "refused"),
    Damage("two lines swapped", lines_swapped, "refused"),
    Damage("a line written twice", line_duplicated, "refused"),
    Damage("a line forged and inserted", line_inserted, "refused"),
    Damage("the end lost, below HEAD", cut_below_head, "refused"),
    Damage("a sector read as zeros", sector_zeroed, "found"),
    Damage("a day file removed", day_removed, "found"),
    Damage("yesterday's backup put back", older_copy, "found", by_witness=True),
    Damage("the end rewritten, chain and all", tail_rewritten, "refused"),
    Damage("the end rewritten, HEAD too", tail_and_head_rewritten, "found", by_witness=True),
    Damage("one HEAD file flipped", one_head_flipped, "noted"),
    Damage("both HEAD files flipped", both_heads_flipped, "refused"),
    Damage("evidence changed", evidence_changed, "found"),
    Damage("evidence removed", evidence_removed, "found"),
    Damage("a Parquet copy flipped", parquet_flipped, "noted"),
    Damage("the Parquet manifest flipped", manifest_flipped, "noted"),
    Damage("a checkpoint flipped", checkpoint_flipped, "noted"),
    Damage("a torn write that nothing depended on", torn_tail, "repaired"),
)
