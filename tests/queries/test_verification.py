from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from ledger.book import Book, replay
from ledger.checkpoints import rebuild
from ledger.errors import LogMissing
from ledger.events import EVENT_TYPES, BrokerLost, CycleFinished, NoticeSent, Row, type_name
from ledger.line import Event, decode, draft_lines
from ledger.log import read_events
from ledger.log.head import Head, write_first_head
from queries.parquet import FOLDER, MANIFEST, update
from queries.verification import CHECKS, Report, Subject, Witness, verify
from queries.verification.telling import lines_of
from queries.verification.walk import EVIDENCE, Walked
from queries.verification.walk_in_two import middle_of, same_book, walk
from tests.queries.history import WEDNESDAY, World, closed, two_sessions
from tests.queries.test_parquet import seven_days

# Hashes in the vocabulary that name no file under var/data.
NAME_NO_EVIDENCE = {
    "day_sealed.file_sha256", "tail_truncated.sha256",  # checks of their own
    "targets_computed.strategy_sha256",  # the program's own source
    "targets_computed.file_sha256",  # a file for a person; what it said stands in the fact
}  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with sealed days, copies and checkpoints."""
    home = closed(seven_days(tmp_path_factory.mktemp("seven") / "home"))
    update(home)
    rebuild(home)
    return home


@pytest.fixture
def home(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "home"))


def damage(report: Report) -> list[str]:
    return [f"{outcome.check}: {finding}" for outcome in report.outcomes for finding in outcome.damage]


def notes(report: Report) -> list[str]:
    return [f"{o.check}: {finding}" for o in report.outcomes for finding in o.findings if finding.harmless]


def verdicts(report: Report) -> dict[str, str]:
    return {outcome.check: outcome.verdict for outcome in report.outcomes}


def day(home: Path, name: str) -> Path:
    return home / "var/events" / f"2005-{name}.jsonl"


def rewrite(path: Path, content: bytes) -> None:
    path.chmod(0o600)
    path.write_bytes(content)


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    rewrite(path, bytes(content))


def end(home: Path) -> Event:
    return list(read_events(home))[-1]


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


# What is damaged, and where


def bit_in_sealed_day(home: Path) -> None:
    lines = day(home, "04-01").read_bytes().splitlines(keepends=True)
    flip(day(home, "04-01"), len(lines[0]) + 200)


def bit_in_open_day(home: Path) -> None:
    flip(day(home, "04-04"), 100)


def line_of_sealed_day_deleted(home: Path) -> None:
    lines = day(home, "04-01").read_bytes().splitlines(keepends=True)
    rewrite(day(home, "04-01"), b"".join(lines[:3] + lines[4:]))


def sealed_day_cut_short(home: Path) -> None:
    lines = day(home, "04-01").read_bytes().splitlines(keepends=True)
    rewrite(day(home, "04-01"), b"".join(lines[:-2]))


def sealed_day_removed(home: Path) -> None:
    day(home, "04-01").unlink()


def first_day_removed(home: Path) -> None:
    day(home, "03-01").unlink()


def open_day_removed(home: Path) -> None:
    day(home, "04-04").unlink()


def evidence_changed(home: Path) -> None:
    flip(next((home / "var/data").glob("*/*.json")), 0)


def evidence_removed(home: Path) -> None:
    next((home / "var/data").glob("*/*.json")).unlink()


def copy_changed(home: Path) -> None:
    flip(home / FOLDER / "months/2005-03/order_filled.parquet", 300)


def copy_removed(home: Path) -> None:
    (home / FOLDER / "months/2005-03/order_filled.parquet").unlink()


def manifest_changed(home: Path) -> None:
    flip(home / FOLDER / MANIFEST, 100)


def one_head_changed(home: Path) -> None:
    flip(home / "var/HEAD.1", 5)


def one_head_removed(home: Path) -> None:
    (home / "var/HEAD.0").unlink()


def both_heads_changed(home: Path) -> None:
    flip(home / "var/HEAD.0", 5)
    flip(home / "var/HEAD.1", 5)


def both_heads_removed(home: Path) -> None:
    (home / "var/HEAD.0").unlink()
    (home / "var/HEAD.1").unlink()


def head_of_another_history(home: Path) -> None:
    write_first_head(home / "var", Head(140, "f" * 64))


def head_beyond_the_log(home: Path) -> None:
    write_first_head(home / "var", Head(999_999, "f" * 64))


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (bit_in_sealed_day, "sealed files: 2005-04-01.jsonl, line 2, seq 106: the hash does not fit the line"),
        (bit_in_open_day, "chain: 2005-04-04.jsonl, line 1, seq 141: the hash does not fit the line; HEAD vouches"),
        (line_of_sealed_day_deleted, "sealed files: 2005-04-01.jsonl, line 4, seq 108: expected seq 108, found 109"),
        (sealed_day_cut_short, "sealed files: 2005-04-01.jsonl, line 10, seq 115: expected lines up to seq 116"),
        (sealed_day_removed, "sealed files: 2005-04-02.jsonl, line 1: expected the seal of 2005-03-31.jsonl, found"),
        (
            first_day_removed,
            "chain: 2005-03-02.jsonl, line 1, seq 0: the day file before it is missing: expected seq 0,",
        ),
        (open_day_removed, "HEAD: HEAD, seq 152: expected lines up to here, found them up to seq 140"),
        (evidence_changed, "evidence: var/data/ca/ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356.j"),
        (evidence_removed, "evidence: 2005-03-01.jsonl, line 6, seq 5: names evidence ca3d163bab055381…, found no"),
        (both_heads_removed, "HEAD: HEAD.0: expected a slot that fits its own checksum, found no such file; neither"),
        (both_heads_changed, "HEAD: HEAD.1: expected a slot that fits its own checksum, found a slot that does not"),
        (head_of_another_history, "HEAD: HEAD, seq 140: expected hash ffff"),
        (head_beyond_the_log, "HEAD: HEAD, seq 999999: expected lines up to here, found them up to seq 152"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_damage_is_found_where_it_is(home: Path, harm: Callable[[Path], None], said: str) -> None:
    harm(home)

    found = damage(verify(Subject(home)))

    assert [text for text in found if text.startswith(said)], found


def test_every_damaged_file_is_named_not_only_the_first(home: Path) -> None:
    flip(day(home, "04-01"), 700)
    flip(day(home, "04-03"), 700)
    evidence_changed(home)
    copy_removed(home)

    report = verify(Subject(home))

    assert {finding.file for finding in report.damage} >= {"2005-04-01.jsonl", "2005-04-03.jsonl"}
    assert verdicts(report)["chain"] == "damaged"
    assert verdicts(report)["evidence"] == "damaged"


def test_a_day_rewritten_from_its_first_line_on_is_known_by_its_seal(home: Path) -> None:
    path = day(home, "04-01")
    first, *rest = map(decode, path.read_bytes().splitlines(keepends=True))
    lines = [path.read_bytes().splitlines(keepends=True)[0]]
    prev = first.hash
    for event in rest:
        facts = (BrokerLost(reason="nothing"),)
        (line,) = draft_lines(
            facts, seq=event.seq, log=event.log, recorded_at=event.recorded_at, cycle=event.cycle, prev=prev
        )
        lines.append(line.raw)
        prev = line.event.hash
    rewrite(path, b"".join(lines))

    found = damage(verify(Subject(home)))

    assert "sealed files: 2005-04-01.jsonl: rewritten: its lines fit each other" in found[0]


def test_another_accounts_log_is_bad_news(home: Path) -> None:
    found = damage(verify(Subject(home, account=("U7654321", "live"))))

    assert found == [
        "genesis: expected the log of U7654321 live as the settings say, found that of another account or mode"
    ]


def test_a_book_hash_that_the_lines_do_not_imply_is_bad_news(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    world.begin(WEDNESDAY, "10:35")
    world.record(CycleFinished(slot=f"{WEDNESDAY}/1035", book_hash="1:" + "0" * 64))
    seq = world.ledger.book.seq

    found = damage(verify(Subject(closed(world))))

    assert len(found) == 1
    line = len(day(tmp_path, "03-02").read_bytes().splitlines())
    assert found[0].startswith(
        f"book hashes: 2005-03-02.jsonl, line {line}, seq {seq}: cycle 2005-03-02/1035: expected"
    )


def test_a_torn_tail_that_was_kept_aside_must_still_be_there(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    home = closed(world)
    with day(home, "03-02").open("ab") as file:
        file.write(b'{"seq":')
    world.ledger = type(world.ledger).open(home, world.ledger.log._clock)
    world.ledger.close()
    kept = next((home / "var/events").glob("torn-*.bin"))
    sound = damage(verify(Subject(home)))

    rewrite(kept, b'{"seq":9')
    changed = damage(verify(Subject(home)))
    kept.unlink()
    removed = damage(verify(Subject(home)))

    assert sound == []
    assert [text.partition(": changed since")[0] for text in changed] == [f"torn tails: {kept.name}"]
    assert len(removed) == 1
    assert f"expected {kept.name} beside the log, found it gone" in removed[0]


def test_a_log_that_is_gone_altogether_is_damage_where_head_remembers_it(home: Path) -> None:
    shutil.rmtree(home / "var/events")

    assert "expected lines up to seq 152 as HEAD says, found no day file" in damage(verify(Subject(home)))[0]


def test_a_log_whose_only_file_was_emptied_is_damage(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    world.ledger.close()
    for path in (tmp_path / "var/events").iterdir():
        rewrite(path, b"")

    found = damage(verify(Subject(tmp_path)))

    assert [text.partition(":")[0] for text in found] == ["genesis", "HEAD"]


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

    def write(world: World) -> None:
        while not stop.is_set():
            world.record(NoticeSent(kind="start", subject="x" * 5_000))
            world.ledger.log.barrier()

    writer = threading.Thread(target=write, args=(world,))
    writer.start()
    try:
        reports = [verify(Subject(world.home)) for _ in range(5)]
    finally:
        stop.set()
        writer.join()
    closed(world)

    assert [damage(report) for report in reports] == [[]] * 5


# Deep


def test_deep_finds_a_copy_whose_rows_are_not_the_lines(home: Path) -> None:
    from tests.queries.test_parquet import parquet_files

    source = next(path for path in parquet_files(home) if "2005-04-02" in str(path) and "cash_deposited" in path.name)
    target = home / FOLDER / "days/2005-04-03/cash_deposited.parquet"
    before, after = digest(target), digest(source)
    shutil.copy(source, target)
    rewrite_manifest(home, before, after)

    shallow, deep = verify(Subject(home)), verify(Subject(home, deep=True))

    assert damage(shallow) == []
    assert [text.partition("; it is")[0] for text in damage(deep)] == [
        "parquet rows: var/parquet/days/2005-04-03: cash_deposited: its rows are not those of the sealed lines"
    ]


def digest(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def rewrite_manifest(home: Path, old: str, new: str) -> None:
    import hashlib

    path = home / FOLDER / MANIFEST
    content = json.dumps(json.loads(path.read_text())["content"], sort_keys=True, separators=(",", ":"))
    changed = content.replace(old, new)
    path.write_text(
        json.dumps({"sha256": hashlib.sha256(changed.encode()).hexdigest(), "content": json.loads(changed)})
    )


def test_deep_finds_a_checkpoint_that_holds_another_book(home: Path) -> None:
    from ledger import checkpoints

    kept = checkpoints.latest(home, before="2005-04-03.jsonl")
    assert kept is not None
    kept.book.order_id_high += 1
    checkpoints.write(home, kept.book, kept.seal)

    shallow, deep = verify(Subject(home)), verify(Subject(home, deep=True))

    assert damage(shallow) == []
    assert damage(deep) == [
        "checkpoints: 2005-04-02.jsonl: the checkpoint after it holds another book than the lines imply; "
        "delete it, report it"
    ]


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

    assert [line.split("  ")[0] for line in told if line.startswith("–")] == ["– witness", "– parquet rows"]
    assert any(line.startswith(f"clean · {len(CHECKS) - 2} checks") for line in told)


@pytest.mark.parametrize(
    "text", ["", "Witness:", "5", "5:", "5:abc", "x:" + "a" * 64, "5:" + "a" * 65, "5:ghijklmn", "-1:abcdefab"]
)
def test_what_is_no_witness_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected SEQ:HASH"):
        Witness.parse(text)


# Two processes


def in_one(home: Path) -> Walked:
    subject = Subject(home, deep=True)
    return subject.walked


def test_two_processes_see_what_one_sees(home: Path) -> None:
    subject = Subject(home)
    one, two = in_one(home), walk(home, subject.files, frozenset({120, 152}), 152, worth_it_bytes=0)

    assert (one.processes, two.processes) == (1, 2)
    for name in (
        "lines",
        "size",
        "flaw",
        "whole",
        "genesis",
        "evidence",
        "cuts",
        "cycles",
        "wrong_hashes",
        "currencies",
    ):
        assert getattr(two, name) == getattr(one, name), name
    assert set(two.hash_at) == {120, 152}


@pytest.mark.parametrize("name", ["03-01", "04-03"], ids=["in the first half", "in the second"])
def test_two_processes_find_the_flaw_that_one_finds(home: Path, name: str) -> None:
    flip(day(home, name), 1_000)
    files = Subject(home).files

    assert walk(home, files, frozenset(), 152, worth_it_bytes=0).flaw == in_one(home).flaw


def test_a_checkpoint_of_another_book_is_not_believed(home: Path) -> None:
    from ledger import checkpoints

    files = Subject(home).files
    kept = middle_of(home, files, 0)
    assert kept is not None
    kept.book.order_id_high += 1
    checkpoints.write(home, kept.book, kept.seal)

    seen = walk(home, files, frozenset(), 152, worth_it_bytes=0)

    assert seen.processes == 1
    assert seen.wrong_hashes == []


def test_books_are_compared_whatever_their_order(home: Path) -> None:
    book = replay(list(read_events(home)))
    other = replay(list(read_events(home)))
    other.contracts = dict(reversed(list(other.contracts.items())))
    less: Book = replay(list(read_events(home, until_seq=150)))

    assert same_book(book, other)
    assert not same_book(book, less)


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
