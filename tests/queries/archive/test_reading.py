"""What an archive gives back: lines to the byte, a home that verifies, and a word on whatever is damaged."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.log.head import read_head
from ledger.log.storage import day_files, events_folder, var_folder
from queries.archive.errors import ArchiveDamaged, ArchiveForked, ArchiveMissing
from queries.archive.evidence import evidence_of
from queries.archive.reading import accounts, lines, parquet_files, rebuild, rebuilt, rows
from queries.archive.rows import Row
from queries.archive.settings_text import settings_text
from queries.archive.writing import export
from queries.sealed import seals
from queries.verification import Subject, verify
from tests.queries.archive.homes import ACCOUNT, EVERY_DAY, OTHER_ACCOUNT, sealed_lines
from tests.trader.homes import SETTINGS, SIMULATED, write_settings
from trader.evidence import put
from trader.settings import canonical_text, load


@pytest.fixture
def archive(home: Path, uri: Path) -> str:
    export(home, str(uri))
    return str(uri)


def test_a_home_comes_back_byte_for_byte(home: Path, archive: str, tmp_path: Path) -> None:
    again = rebuilt(archive, ACCOUNT, tmp_path / "again")

    sealed = [seal.file for seal in seals(home)]
    assert list(day_files(events_folder(again)).names) == sealed
    assert all((events_folder(again) / name).read_bytes() == (events_folder(home) / name).read_bytes()
               for name in sealed)  # fmt: skip


def test_a_home_that_came_back_verifies(home: Path, archive: str, tmp_path: Path) -> None:
    again = rebuilt(archive, ACCOUNT, tmp_path / "again")

    assert verify(Subject(again)).clean
    head = read_head(var_folder(again))
    assert head is not None
    assert (head.seq, head.hash) == (seals(home)[-1].last_seq, seals(home)[-1].head_hash)


def test_it_comes_back_from_many_small_files_too(home: Path, uri: Path, tmp_path: Path) -> None:
    export(home, str(uri), bytes_a_commit=EVERY_DAY)

    assert verify(Subject(rebuilt(str(uri), ACCOUNT, tmp_path / "again"))).clean
    assert len(parquet_files(str(uri))) == 1 + 4


def test_files_that_another_tool_put_together_are_read_in_the_log_s_order(home: Path, uri: Path) -> None:
    from deltalake import DeltaTable

    export(home, str(uri), bytes_a_commit=EVERY_DAY)
    DeltaTable(f"{uri}/events").optimize.compact()

    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


def test_what_another_tool_swept_away_was_of_no_account(home: Path, uri: Path) -> None:
    from deltalake import DeltaTable

    export(home, str(uri), bytes_a_commit=EVERY_DAY)
    export(home, str(uri), anew=True)
    swept = DeltaTable(f"{uri}/events").vacuum(0, dry_run=False, enforce_retention_duration=False)

    assert swept
    assert list(lines(str(uri), ACCOUNT)) == sealed_lines(home)


def test_an_account_that_is_not_there_is_told(archive: str, tmp_path: Path) -> None:
    assert accounts(archive) == (ACCOUNT,)
    with pytest.raises(ArchiveMissing, match=OTHER_ACCOUNT):
        rebuilt(archive, OTHER_ACCOUNT, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_folder_that_holds_anything_is_left_alone(home: Path, archive: str) -> None:
    with pytest.raises(ArchiveForked, match="expected a new or an empty folder"):
        rebuilt(archive, ACCOUNT, home)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 1
    file.write_bytes(content)


def say_something_else(file: Path) -> None:
    """Change a word in a line, and write the whole file anew: no Parquet reader can tell."""
    from pyarrow import Table, parquet

    table = parquet.read_table(file, partitioning=None)
    told = [line.replace("IBM", "IBN") for line in table.column("line").to_pylist()]
    place = table.schema.get_field_index("line")
    parquet.write_table(Table.from_arrays(
        [*table.columns[:place], told, *table.columns[place + 1 :]], schema=table.schema,
    ), file)  # fmt: skip


DAMAGES: dict[str, Callable[[Path], None]] = {
    "gone": Path.unlink, "cut short": cut_short, "a bit": flip_a_bit, "a word": say_something_else,
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_found_by_whoever_reads_it_and_by_the_next_export(
    home: Path, archive: str, tmp_path: Path, damage: str
) -> None:
    DAMAGES[damage](Path(parquet_files(archive)[-1]))

    with pytest.raises(ArchiveDamaged):
        rebuilt(archive, ACCOUNT, tmp_path / "again")
    with pytest.raises(ArchiveDamaged, match="--anew"):
        export(home, archive)
    assert not (tmp_path / "again").exists()

    export(home, archive, anew=True)
    assert list(lines(archive, ACCOUNT)) == sealed_lines(home)


def test_evidence_that_was_changed_is_no_evidence(home: Path, archive: str, tmp_path: Path) -> None:
    (kept,) = (path for path in (Path(archive) / "evidence").rglob("*") if path.is_file())
    kept.write_bytes(b"{ }")

    with pytest.raises(ArchiveDamaged, match="expected bytes that hash to"):
        rebuilt(archive, ACCOUNT, tmp_path / "again")


def test_rows_that_lack_a_line_make_no_home(archive: str, tmp_path: Path) -> None:
    told = [row for row in rows(archive, ACCOUNT) if row.seq != 7]

    with pytest.raises(ArchiveDamaged, match="expected SHA-256"):
        rebuild(told, tmp_path / "again", evidence_of(archive))


def test_a_day_that_vouches_for_itself_must_still_be_the_one_that_was_sealed(archive: str, tmp_path: Path) -> None:
    told = list(rows(archive, ACCOUNT))
    first_day = [row for row in told if row.day == told[0].day]
    shortened = [Row(*row[:4], sealed_as(first_day[:-1])) for row in first_day[:-1]]

    with pytest.raises(ArchiveDamaged, match=r"expected the seal of 2005-03-01\.jsonl first"):
        rebuild([*shortened, *told[len(first_day) :]], tmp_path / "again", evidence_of(archive))


def sealed_as(told: list[Row]) -> str:
    from hashlib import sha256

    return sha256(b"".join(row.line for row in told)).hexdigest()


def test_settings_come_back_as_those_that_were_kept(tmp_path: Path) -> None:
    home, again = tmp_path / "home", tmp_path / "again"
    write_settings(home, f"{SETTINGS}{SIMULATED}\n[limits]\nprice_collar = 0.0123\n")
    kept = canonical_text(load(home))

    write_settings(again, settings_text(kept.encode()))

    assert canonical_text(load(again)) == kept
    assert put(home, kept.encode()) == put(again, canonical_text(load(again)).encode())


def test_whatever_a_setting_says_is_spelt_so_that_toml_reads_it() -> None:
    said = {
        "plain": 'é\x7f"\n\U0001f600',
        "section": {"a b": [1, "2", True], "inner": {"é": {"deep": "x"}}, "none": None},
        "several": [{"name": "one"}, {"name": "two"}],
        "nothing": [],
        "left out": None,
    }

    read = tomllib.loads(settings_text(json.dumps(said).encode()))

    assert read == {
        **{name: said[name] for name in ("plain", "several", "nothing")},
        "section": {"a b": [1, "2", True], "inner": {"é": {"deep": "x"}}},
    }
