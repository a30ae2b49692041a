"""Sealed days into the archive: each once, and nothing that was not sealed so."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from shutil import copytree, rmtree

import pytest

from ledger.clock import SimulatedClock
from ledger.errors import LogDamaged
from ledger.events import FeeCharged
from ledger.ledger import Ledger
from ledger.line import decode
from ledger.log.storage import day_files, events_folder
from queries.archive.errors import ArchiveDamaged, ArchiveForked, ArchiveMissing, ArchiveUnreachable
from queries.archive.reading import accounts, lines, parquet_files, rebuilt
from queries.archive.stores import store_of
from queries.archive.table import COLUMNS, PARTITIONS, files_of, open_table, schema
from queries.archive.writing import export
from queries.sealed import seals
from tests.queries.archive.homes import (
    ACCOUNT,
    EVERY_DAY,
    OTHER_ACCOUNT,
    another,
    archived_seqs,
    sealed_lines,
)


def without_last_days(home: Path, copy: Path, days: int) -> Path:
    """An older copy of a home."""
    copytree(home, copy)
    for path in day_files(events_folder(copy))[-days:]:
        path.unlink()
    return copy


def meanwhile(home: Path, uri: Path) -> Callable[[str], None]:
    """Let another exporter do all of its work when ours is about to commit."""

    def at(point: str) -> None:
        if point == "compared":
            export(home, str(uri))

    return at


def evidence_in(uri: Path) -> list[Path]:
    return sorted(path for path in (uri / "evidence").rglob("*") if path.is_file())


def test_every_sealed_day_is_there_once_and_the_open_one_is_not(home: Path, uri: Path) -> None:
    told = export(home, str(uri))

    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)
    assert (told.days, told.events) == (len(seals(home)), len(sealed_lines(home)))
    assert told.last_day == seals(home)[-1].file[:10] == "2005-04-04"


def test_a_month_is_a_file_and_a_commit_takes_many_days(home: Path, uri: Path) -> None:
    told = export(home, str(uri))

    months = [file.month for file in files_of(open_table(store_of(str(uri))), ACCOUNT)]
    assert (told.commits, months) == (1, ["2005-03", "2005-04"])


def test_what_is_there_is_not_written_again(home: Path, uri: Path) -> None:
    export(home, str(uri))
    before = parquet_files(str(uri))

    told = export(home, str(uri))

    assert (told.days, told.evidence) == (0, 0)
    assert parquet_files(str(uri)) == before


def test_a_commit_ends_with_a_month_where_it_holds_one(home: Path, uri: Path) -> None:
    first_four = sum((events_folder(home) / seal.file).stat().st_size for seal in seals(home)[:4])

    told = export(home, str(uri), bytes_a_commit=first_four)

    assert (told.commits, told.joined) == (2, 0)
    assert [(file.month, file.first_seq) for file in files_of(open_table(store_of(str(uri))), ACCOUNT)] == [
        (seal.file[:7], seal.first_seq) for seal in (seals(home)[0], seals(home)[3])
    ]


def test_a_month_that_is_over_becomes_one_file(home: Path, uri: Path) -> None:
    told = export(home, str(uri), bytes_a_commit=EVERY_DAY)

    months = [file.month for file in files_of(open_table(store_of(str(uri))), ACCOUNT)]
    assert (told.joined, months) == (1, ["2005-03", *["2005-04"] * 4])
    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)
    assert export(home, str(uri)).joined == 0


def test_a_month_that_was_joined_is_told_as_no_new_rows(home: Path, uri: Path) -> None:
    export(home, str(uri), bytes_a_commit=EVERY_DAY)

    log = sorted((uri / "events" / "_delta_log").glob("*.json"))[-1].read_text(encoding="utf-8")
    actions = [json.loads(line) for line in log.splitlines()]
    changed = [action[kind]["dataChange"] for action in actions for kind in ("add", "remove") if kind in action]
    assert changed == [False] * 4  # one comes, three go


def test_what_is_written_again_is_the_same_file(home: Path, uri: Path) -> None:
    export(home, str(uri))
    before = parquet_files(str(uri))

    export(home, str(uri), anew=True)

    assert parquet_files(str(uri)) == before
    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


def test_later_days_follow(home: Path, uri: Path, tmp_path: Path) -> None:
    export(without_last_days(home, tmp_path / "older", 3), str(uri))

    told = export(home, str(uri))

    assert told.days == 3
    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


def test_a_day_a_commit_is_the_same_archive(home: Path, uri: Path) -> None:
    told = export(home, str(uri), bytes_a_commit=EVERY_DAY)

    assert told.commits == len(seals(home))
    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


def test_a_home_whose_first_day_goes_on_has_nothing_to_archive(home: Path, uri: Path, tmp_path: Path) -> None:
    told = export(without_last_days(home, tmp_path / "young", len(seals(home))), str(uri))

    assert (told.days, told.last_day) == (0, "")
    assert accounts(str(uri)) == ()


def test_accounts_share_a_table_and_the_evidence_that_both_name(home: Path, other: Path, uri: Path) -> None:
    first, second = export(home, str(uri)), export(other, str(uri))

    assert accounts(str(uri)) == (ACCOUNT, OTHER_ACCOUNT)
    assert list(lines(str(uri), OTHER_ACCOUNT)) == sealed_lines(other)
    assert (first.evidence, second.evidence) == (1, 0)
    assert len(evidence_in(uri)) == 1


def test_of_two_exporters_the_second_looks_again_and_finds_the_days_there(home: Path, uri: Path) -> None:
    told = export(home, str(uri), at=meanwhile(home, uri))

    assert (told.lost, told.days) == (1, 0)
    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


def test_an_exporter_that_was_overtaken_for_a_while_goes_on_where_the_other_stopped(
    home: Path, uri: Path, tmp_path: Path
) -> None:
    older = without_last_days(home, tmp_path / "older", 3)

    told = export(home, str(uri), at=meanwhile(older, uri))

    assert (told.lost, told.days) == (1, 3)
    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


def test_other_accounts_commits_hinder_nobody(home: Path, other: Path, uri: Path) -> None:
    told = export(home, str(uri), at=meanwhile(other, uri))

    assert (told.lost, told.days) == (0, len(seals(home)))
    assert list(lines(str(uri), OTHER_ACCOUNT)) == sealed_lines(other)


@pytest.mark.parametrize("anew", [False, True])
def test_another_log_of_the_same_account_is_refused(
    home: Path, other: Path, uri: Path, tmp_path: Path, anew: bool
) -> None:
    export(home, str(uri))
    began_anew = another(other, tmp_path / "anew", ACCOUNT)

    with pytest.raises(ArchiveForked, match="found those of another log of this account"):
        export(began_anew, str(uri), anew=anew)

    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


@pytest.mark.parametrize("anew", [False, True])
def test_an_older_copy_of_the_home_is_refused(home: Path, uri: Path, tmp_path: Path, anew: bool) -> None:
    export(home, str(uri))

    with pytest.raises(ArchiveForked, match="is this an old copy of the home"):
        export(without_last_days(home, tmp_path / "older", 2), str(uri), anew=anew)

    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


@pytest.mark.parametrize("anew", [False, True])
def test_a_copy_that_went_on_by_itself_is_refused(home: Path, uri: Path, tmp_path: Path, anew: bool) -> None:
    older = tmp_path / "older archive"
    export(without_last_days(home, tmp_path / "older", 2), str(older))
    copy = rebuilt(str(older), ACCOUNT, tmp_path / "copy")
    export(home, str(uri))
    table = open_table(store_of(str(uri)))
    wanted = table.transaction_version(f"tallybook/{ACCOUNT}")
    assert wanted is not None
    went_on_alone(copy, wanted)

    with pytest.raises(ArchiveForked, match="is this a copy of the home that went on by itself"):
        export(copy, str(uri), anew=anew)


def last_moment(home: Path) -> datetime:
    return decode(day_files(events_folder(home))[-1].read_bytes().splitlines(keepends=True)[-1]).recorded_at


def went_on_alone(home: Path, until: int) -> None:
    """Record something else up to a seq, and seal it there."""
    moments = [last_moment(home)]
    ledger = Ledger.open(home, SimulatedClock(lambda: moments[-1], lambda _: None), account=ACCOUNT, mode="paper")
    number = 0
    while ledger.book.seq < until:
        number += 1
        ledger.record((FeeCharged(source="statement", reference=f"{number}", amount=Decimal(-number), currency="USD"),))
    moments.append(moments[-1] + timedelta(days=1))
    ledger.record((FeeCharged(source="statement", reference="later", amount=Decimal(-1), currency="USD"),))
    ledger.close()


def test_a_damaged_home_adds_nothing(home: Path, uri: Path) -> None:
    day = day_files(events_folder(home))[1]
    day.chmod(0o600)
    day.write_bytes(day.read_bytes().replace(b"IBM", b"IBN", 1))

    with pytest.raises(LogDamaged):
        export(home, str(uri))

    assert accounts(str(uri)) == ()


def test_evidence_that_the_home_lacks_is_told_and_the_rows_are_there(home: Path, uri: Path) -> None:
    rmtree(home / "var" / "data")

    told = export(home, str(uri))

    assert len(told.missing) == 1
    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


def test_evidence_that_was_changed_is_refused_before_a_row_is_there(home: Path, uri: Path) -> None:
    (kept,) = (home / "var" / "data").glob("*/*")
    kept.write_bytes(b"{ }\n")

    with pytest.raises(ArchiveDamaged, match="move it away, restore a backup"):
        export(home, str(uri))

    assert accounts(str(uri)) == ()


def test_with_anew_the_account_is_written_again_and_no_other(home: Path, other: Path, uri: Path) -> None:
    export(home, str(uri))
    export(other, str(uri))
    before = parquet_files(str(uri), ACCOUNT), parquet_files(str(uri), OTHER_ACCOUNT)

    told = export(home, str(uri), anew=True, bytes_a_commit=EVERY_DAY)

    assert told.days == len(seals(home))
    assert set(before[0]) != set(parquet_files(str(uri), ACCOUNT))
    assert parquet_files(str(uri), OTHER_ACCOUNT) == before[1]
    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


def test_with_anew_what_is_there_counts_until_all_of_it_is_written(home: Path, uri: Path) -> None:
    export(home, str(uri))
    before = sealed_lines(home)
    day = day_files(events_folder(home))[1]
    day.chmod(0o600)
    day.write_bytes(day.read_bytes().replace(b"IBM", b"IBN", 1))

    with pytest.raises(LogDamaged):
        export(home, str(uri), anew=True, bytes_a_commit=EVERY_DAY)

    assert list(lines(str(uri), ACCOUNT)) == before


def test_with_anew_another_exporter_that_was_faster_stays(home: Path, uri: Path, tmp_path: Path) -> None:
    older = without_last_days(home, tmp_path / "older", 3)
    export(older, str(uri))

    with pytest.raises(ArchiveUnreachable, match="another exporter did so meanwhile; export again"):
        export(older, str(uri), anew=True, at=meanwhile(home, uri))

    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


def test_a_column_that_came_later_is_taken_up(home: Path, uri: Path, tmp_path: Path) -> None:
    from deltalake import DeltaTable

    older = [kind for kind in schema() if kind.name != "places"]
    DeltaTable.create(f"{uri}/events", schema().empty_table().select([kind.name for kind in older]).schema,
                      partition_by=list(PARTITIONS))  # fmt: skip

    export(home, str(uri))

    table = open_table(store_of(str(uri)))
    assert {field.name for field in table.schema().fields} == {name for name, _ in COLUMNS}
    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


def test_a_column_of_a_later_version_stays(home: Path, uri: Path, tmp_path: Path) -> None:
    from deltalake import Field
    from deltalake.schema import PrimitiveType

    export(without_last_days(home, tmp_path / "older", 3), str(uri))
    open_table(store_of(str(uri))).alter.add_columns([Field("later", PrimitiveType("string"))])

    export(home, str(uri))

    assert "later" in {field.name for field in open_table(store_of(str(uri))).schema().fields}
    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


def modes(folder: Path) -> set[tuple[bool, int]]:
    ours = [path for path in folder.rglob("*") if "_delta_log" not in path.parts and path.name != "events"]
    return {(path.is_dir(), path.stat().st_mode & 0o7777) for path in ours}


def test_its_files_are_nobody_else_s(home: Path, uri: Path) -> None:
    export(home, str(uri))

    assert modes(uri) == {(True, 0o700), (False, 0o600)}
    assert uri.stat().st_mode & 0o7777 == 0o700


def test_in_a_folder_that_a_group_shares_they_are_the_group_s(home: Path, uri: Path) -> None:
    uri.mkdir()
    uri.chmod(0o2770)

    export(home, str(uri))

    assert {mode for is_folder, mode in modes(uri / "evidence") if is_folder} == {0o2770}
    assert {mode for is_folder, mode in modes(uri / "evidence") if not is_folder} == {0o660}


@pytest.mark.parametrize("wrong", ["gs://bucket/archive", "http://somewhere/archive"])
def test_a_place_that_is_neither_a_folder_nor_s3_is_refused(home: Path, wrong: str) -> None:
    with pytest.raises(ArchiveUnreachable, match="expected a folder or s3://BUCKET/PATH"):
        export(home, wrong)


def test_a_folder_that_cannot_be_written_is_told_in_a_line(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")

    with pytest.raises(ArchiveUnreachable, match="expected a folder or store that can be used"):
        export(home, str(tmp_path / "file" / "archive"))


def test_where_nothing_was_archived_nothing_is_read(uri: Path) -> None:
    with pytest.raises(ArchiveMissing, match="tallybook export delta"):
        accounts(str(uri))


def test_seqs_are_those_of_the_log(home: Path, uri: Path) -> None:
    export(home, str(uri), bytes_a_commit=EVERY_DAY)

    assert archived_seqs(uri) == list(range(seals(home)[-1].last_seq + 1))
