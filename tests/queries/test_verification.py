"""What verification finds sound, what it only notes, and what it does with a witness."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from ledger.errors import LogMissing
from ledger.events import EVENT_TYPES, BrokerLost, NoticeSent, Row, type_name
from ledger.line import decode, draft_lines
from ledger.log import read_events
from ledger.log.head import Head, write_first_head
from queries.parquet import FOLDER, update
from queries.verification import CHECKS, Subject, Witness, verify
from queries.verification.telling import lines_of
from queries.verification.walk import EVIDENCE
from tests.queries.harm import (
    copy_changed,
    copy_removed,
    damage,
    day,
    end,
    flip,
    manifest_changed,
    notes,
    one_head_changed,
    one_head_removed,
    rewrite,
    rewrite_manifest,
    verdicts,
    written_home,
)
from tests.queries.history import World, closed, two_sessions

# Hashes in the vocabulary that name no file under var/data.
NAME_NO_EVIDENCE = {
    "day_sealed.file_sha256", "tail_truncated.sha256",  # checks of their own
    "targets_computed.strategy_sha256",  # the program's own source
    "targets_computed.file_sha256",  # a file for a person; what it said stands in the fact
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_home(tmp_path_factory.mktemp("seven"))


@pytest.fixture
def home(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "home"))


# What is sound


@pytest.mark.parametrize("deep", [False, True], ids=["shallow", "deep"])
def test_a_sound_home_is_clean_and_ends_with_its_witness(home: Path, deep: bool) -> None:
    report = verify(Subject(home, deep))

    assert damage(report) == []
    assert notes(report) == []
    assert report.witness == f"{end(home).seq}:{end(home).hash}"
    assert list(verdicts(report)) == [name for name, _ in CHECKS]


def test_nothing_is_changed_by_looking(home: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_mode) for path in home.rglob("*")}

    verify(Subject(home, deep=True))

    assert {path: (path.stat().st_mtime_ns, path.stat().st_mode) for path in home.rglob("*")} == before


def test_a_new_home_is_clean_before_its_first_seal(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    world.ledger.close()
    day(tmp_path, "03-02").unlink()
    last = decode(day(tmp_path, "03-01").read_bytes().splitlines(keepends=True)[-1])
    write_first_head(tmp_path / "var", Head(last.seq, last.hash))

    assert damage(verify(Subject(tmp_path))) == []


def test_figures_say_how_much_was_looked_at(home: Path) -> None:
    figures = {outcome.check: " ".join(outcome.figures) for outcome in verify(Subject(home)).outcomes}

    assert figures["sealed files"].startswith("6 files")
    assert figures["chain"].startswith(f"{end(home).seq + 1} lines")
    assert figures["book hashes"] == "12 cycles"
    assert figures["trial balance"] == "USD 0"


def test_a_home_without_a_log_cannot_be_verified(tmp_path: Path) -> None:
    with pytest.raises(LogMissing):
        verify(Subject(tmp_path))


# What is no damage


def test_half_a_line_beyond_head_is_a_note(home: Path) -> None:
    with day(home, "04-04").open("ab") as file:
        file.write(b'{"seq":153,"type":"broker_')

    report = verify(Subject(home))

    assert damage(report) == []
    assert "a torn write that nothing depends on" in notes(report)[0]


def test_half_a_batch_beyond_head_is_a_note_and_no_part_of_the_witness(home: Path) -> None:
    last = end(home)
    facts = (BrokerLost(reason="one"), BrokerLost(reason="two"))
    drafted = draft_lines(
        facts, seq=last.seq + 1, log=last.log, recorded_at=last.recorded_at.replace(microsecond=999), cycle=None,
        prev=last.hash,
    )  # fmt: skip
    with day(home, "04-04").open("ab") as file:
        file.write(drafted[0].raw)

    report = verify(Subject(home))

    assert damage(report) == []
    assert notes(report) == ["chain: 1 line of a batch that is not finished; nothing depends on that"]
    assert report.witness == f"{last.seq}:{last.hash}"


def test_whole_lines_beyond_head_are_sound(home: Path) -> None:
    lines = day(home, "04-04").read_bytes().splitlines(keepends=True)
    seventh = decode(lines[6])
    write_first_head(home / "var", Head(seventh.seq, seventh.hash))

    report = verify(Subject(home))

    assert damage(report) == []
    assert report.witness.startswith("152:")


def test_valid_lines_behind_a_flaw_beyond_head_are_damage(home: Path) -> None:
    lines = day(home, "04-04").read_bytes().splitlines(keepends=True)
    third = decode(lines[2])
    write_first_head(home / "var", Head(third.seq, third.hash))
    rewrite(day(home, "04-04"), b"".join([*lines[:4], b"x" * len(lines[4]), *lines[5:]]))

    assert damage(verify(Subject(home)))[0].startswith("chain: 2005-04-04.jsonl, line 5, seq 145: ")


def test_an_empty_file_of_a_new_day_is_nothing(home: Path) -> None:
    day(home, "04-05").touch()

    assert damage(verify(Subject(home))) == []
    assert update(home).written == ()


def test_a_sealed_file_that_may_be_written_to_is_a_note(home: Path) -> None:
    day(home, "04-01").chmod(0o600)

    report = verify(Subject(home))

    assert damage(report) == []
    assert notes(report) == ["sealed files: 2005-04-01.jsonl: sealed, yet it may be written to; chmod 0400"]


@pytest.mark.parametrize(("mode", "expected"), [(0o440, []), (0o660, []), (0o644, []), (0o666, ["0440"])])
def test_a_shared_home_lets_the_other_user_in(home: Path, mode: int, expected: list[str]) -> None:
    (home / "var/events").chmod(0o2770)
    for path in (home / "var/events").iterdir():
        path.chmod(0o440)
    day(home, "04-01").chmod(mode)

    report = verify(Subject(home))

    assert damage(report) == []
    assert [text.partition("chmod ")[2] for text in notes(report)] == expected


@pytest.mark.parametrize(
    ("harm", "named", "cure"),
    [
        (copy_changed, "parquet: var/parquet/months/2005-03/order_filled.parquet: expected SHA-256", "commit"),
        (copy_removed, "parquet: var/parquet/months/2005-03/order_filled.parquet: expected the Parquet", "commit"),
        (manifest_changed, "parquet: var/parquet/manifest.json: ", "commit"),
        (one_head_changed, "HEAD: HEAD.1: expected a slot that fits its own checksum, found a slot", "next barrier"),
        (one_head_removed, "HEAD: HEAD.0: expected a slot that fits its own checksum, found no such", "next barrier"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_what_is_made_again_is_a_note_that_names_it(
    home: Path, harm: Callable[[Path], None], named: str, cure: str
) -> None:
    harm(home)

    report = verify(Subject(home))

    assert damage(report) == []
    (note,) = notes(report)
    assert note.startswith(named)
    assert note.endswith(cure)


def test_a_damaged_checkpoint_is_a_note(home: Path) -> None:
    flip(home / "var/checkpoints/2005-04-02.ckpt", 500)

    report = verify(Subject(home))

    assert damage(report) == []
    assert [text.partition(": its hash")[0] for text in notes(report)] == [
        "checkpoints: var/checkpoints/2005-04-02.ckpt"
    ]


def test_copies_of_another_log_are_a_note(home: Path, tmp_path: Path) -> None:
    other = two_sessions(tmp_path / "other")
    shutil.rmtree(home / FOLDER)
    foreign = closed(other)
    update(foreign)
    shutil.copytree(foreign / FOLDER, home / FOLDER)

    report = verify(Subject(home))

    assert damage(report) == []
    assert [text.partition("; it is")[0] for text in notes(report)] == [
        "parquet: days/2005-03-01 was made from another 2005-03-01.jsonl"
    ]


def test_copies_of_another_version_are_one_note(home: Path) -> None:
    rewrite_manifest(home, '"schema_fingerprint":"', '"schema_fingerprint":"older ')

    report = verify(Subject(home))

    assert damage(report) == []
    assert [text.partition(";")[0] for text in notes(report)] == [
        "parquet: var/parquet: 4 of 4 units made by another version"
    ]


def test_a_writer_at_work_is_no_damage(home: Path, tmp_path: Path) -> None:
    world = two_sessions(tmp_path / "busy")
    stop = threading.Event()
    first = world.ledger.log.head

    def write(world: World) -> None:
        for _ in range(5_000):  # bounded: where a barrier costs nothing, a writer without an end outruns its readers
            if stop.is_set():
                return
            world.record(NoticeSent(kind="start", subject="x" * 5_000))
            world.ledger.log.barrier()

    writer = threading.Thread(target=write, args=(world,))
    writer.start()
    try:
        reports = [verify(Subject(world.home)) for _ in range(5)]
        last = world.ledger.log.head
    finally:
        stop.set()
        writer.join()
    closed(world)

    assert [damage(report) for report in reports] == [[]] * 5
    assert last != first  # it did write meanwhile


# The witness


@pytest.mark.parametrize(
    ("seq", "spelt", "expected"),
    [
        (120, "{hash}", None),
        (120, "{hash:.8}", None),
        (120, "{hash:.4}…{end}", None),
        (120, "{hash:.6}...{end}", None),
        (120, "0123456789abcdef", "this is another history"),
        (120, "{hash:.8}…0000", "this is another history"),
        (9_999, "{hash}", "this is an old copy"),
    ],
    ids=["whole", "eight digits", "as the picture has it", "three dots", "another", "another end", "further"],
)
def test_a_witness_is_looked_up(home: Path, seq: int, spelt: str, expected: str | None) -> None:
    found = next(event for event in read_events(home) if event.seq == 120).hash
    witness = Witness.parse(f"{seq}:{spelt.format(hash=found, end=found[-4:])}")

    said = damage(verify(Subject(home, witness=witness)))

    assert (expected is None and said == []) or (expected is not None and expected in said[0])


def test_a_witness_may_be_pasted_with_the_word_before_it() -> None:
    spelt = {Witness.parse(f"{word}120:9c1e55ad") for word in ("", "Witness: ", "witness:", " Witness   ")}

    assert spelt == {Witness(120, "9c1e55ad")}


def test_a_wrong_witness_of_a_sound_log_is_no_damage(home: Path) -> None:
    told = list(lines_of(verify(Subject(home, witness=Witness.parse("120:0123456789")))))

    assert any(line.startswith("NOT THE LOG THAT WAS EXPECTED · 1 finding") for line in told)
    assert any(line.endswith("says under 'A forked log, or an old copy'") for line in told)
    assert not any("DAMAGED" in line for line in told)


def test_a_damaged_log_has_no_witness_only_a_place_that_was_reached(home: Path) -> None:
    flip(day(home, "04-01"), 700)

    told = list(lines_of(verify(Subject(home))))

    assert told[-1].startswith("readable up to seq ")
    assert not any("Witness" in line for line in told)


def test_what_nobody_asked_for_is_no_check(home: Path) -> None:
    told = list(lines_of(verify(Subject(home))))

    assert [line.split("  ")[0] for line in told if line.startswith("–")] == ["– witness", "– parquet rows", "– bars"]
    assert any(line.startswith(f"clean · {len(CHECKS) - 3} checks") for line in told)


@pytest.mark.parametrize(
    "text", ["", "Witness:", "5", "5:", "5:abc", "x:" + "a" * 64, "5:" + "a" * 65, "5:ghijklmn", "-1:abcdefab"]
)
def test_what_is_no_witness_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected SEQ:HASH"):
        Witness.parse(text)


# The registry, and how it is told


def hashes_in(model: type[Row], prefix: str) -> Iterator[str]:
    for name, spec in model.model_fields.items():
        if "sha256" in name:
            yield f"{prefix}.{name}"
        for part in parts_of(spec.annotation):
            if isinstance(part, type) and issubclass(part, Row):
                yield from hashes_in(part, f"{prefix}.{name}")


def parts_of(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from parts_of(part)


def test_every_hash_of_the_vocabulary_is_looked_up_or_named_as_one_that_is_not() -> None:
    looked_up = {type_name(event_type) for event_type, _ in EVIDENCE}
    named = {name for event_type in EVENT_TYPES for name in hashes_in(event_type, type_name(event_type))}

    assert named >= NAME_NO_EVIDENCE
    assert {name for name in named - NAME_NO_EVIDENCE if name.partition(".")[0] not in looked_up} == set()


def test_a_report_is_told_with_a_line_a_check(home: Path) -> None:
    flip(day(home, "04-01"), 700)

    told = list(lines_of(verify(Subject(home))))

    assert [name for name, _ in CHECKS if not any(name in line for line in told)] == []
    assert any(line.startswith("✗ sealed files") for line in told)
    assert any(line.startswith("DAMAGED · ") for line in told)


def test_a_report_as_json_says_where(home: Path) -> None:
    flip(day(home, "04-01"), 700)

    told = json.loads(json.dumps(verify(Subject(home)).as_json()))

    sealed = next(check for check in told["checks"] if check["check"] == "sealed files")
    assert (told["clean"], sealed["verdict"]) == (False, "damaged")
    assert sealed["findings"][0]["file"] == "2005-04-01.jsonl"
    assert (sealed["findings"][0]["line"], sealed["findings"][0]["seq"]) == (2, 106)
