from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.errors import LogDamaged
from ledger.events import CashDeposited
from ledger.log import read_events
from queries import connect
from queries.commit import commit
from queries.parquet import FOLDER, MANIFEST, Unit, read_manifest, sealed_history, update
from queries.sealed import seals
from queries.sql import StatementError, ask
from queries.tables import VIEWS, load, unfenced
from tests.queries.history import World, closed, new_world, two_sessions

ROOT = Path(__file__).parents[2]
THURSDAY = date(2005, 3, 31)
SEEDS = range(4)


def seven_days(home: Path) -> World:
    """Two sessions, the last of March, and four days of April; the last one is open."""
    world = two_sessions(home)
    for number in range(5):
        world.quiet_cycle(THURSDAY + timedelta(days=number), "09:35", f"93.{number}")
        world.record(deposit(number, "0.1"))
    return world


def deposit(number: int, amount: str) -> CashDeposited:
    return CashDeposited(source="api", reference=f"r{number}", amount=Decimal(amount), currency="USD")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose sealed days are copied."""
    home = closed(seven_days(tmp_path_factory.mktemp("seven") / "home"))
    update(home)
    return home


@pytest.fixture
def home(written: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    return Path(shutil.copytree(written, tmp_path / "home"))


def answers(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table and view, by the copies and the lines together."""
    con = connect(home)
    names = [str(row[0]) for row in ask(con, "SHOW TABLES").rows]
    assert {*VIEWS, "events", "order_filled"} <= set(names)
    return {name: sorted(ask(con, f"FROM {name}").rows, key=repr) for name in names}


def from_lines(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row by the lines alone; the same lines are asked once."""
    return answered_by(tuple(path.read_bytes() for path in sorted((home / "var" / "events").glob("*.jsonl"))), home)


_answered: dict[tuple[bytes, ...], dict[str, list[tuple[object, ...]]]] = {}


def answered_by(lines: tuple[bytes, ...], home: Path) -> dict[str, list[tuple[object, ...]]]:
    if lines not in _answered:
        con = load(read_events(home))
        names = [str(row[0]) for row in ask(con, "SHOW TABLES").rows]
        _answered[lines] = {name: sorted(ask(con, f"FROM {name}").rows, key=repr) for name in names}
    return _answered[lines]


def units(home: Path) -> tuple[Unit, ...]:
    manifest = read_manifest(home)
    assert manifest is not None
    return manifest.units


def parquet_files(home: Path) -> list[Path]:
    return sorted((home / FOLDER).rglob("*.parquet"))


def used(home: Path) -> set[str]:
    return {path.parent.name for path in sealed_history(home).files}


# What is copied


def test_a_month_that_is_over_is_one_unit_and_a_sealed_day_since_is_another(home: Path) -> None:
    assert [unit.name for unit in units(home)] == [
        "months/2005-03", "days/2005-04-01", "days/2005-04-02", "days/2005-04-03",
    ]  # fmt: skip
    assert [day.file for day in units(home)[0].days] == ["2005-03-01.jsonl", "2005-03-02.jsonl", "2005-03-31.jsonl"]


def test_no_event_stands_in_two_units_and_none_is_left_out(home: Path) -> None:
    counted = sum(file.rows for unit in units(home) for file in unit.files if file.table != "events")

    assert counted == sum(seal.events for seal in seals(home))
    assert counted == sum(file.rows for unit in units(home) for file in unit.files if file.table == "events")


def test_every_table_and_view_answers_alike_with_the_copies_and_without(home: Path) -> None:
    assert used(home) == {"2005-03", "2005-04-01", "2005-04-02", "2005-04-03"}
    assert answers(home) == from_lines(home)


def test_columns_keep_their_types(home: Path) -> None:
    con, lines = connect(home), load(read_events(home))

    for table in ("order_filled", "snapshot_taken", "cycle_started", "positions_observed", "cash_deposited"):
        assert con.execute(f"DESCRIBE {table}").fetchall() == lines.execute(f"DESCRIBE {table}").fetchall()


def test_only_the_open_day_is_read_from_lines(home: Path) -> None:
    lines = list(sealed_history(home).lines)

    assert {event.recorded_at.date() for event in lines} == {date(2005, 4, 4)}


def test_days_become_a_month_when_a_later_month_begins(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    world.quiet_cycle(THURSDAY, "09:35", "93")
    update(tmp_path)
    before = [unit.name for unit in units(tmp_path)]
    world.quiet_cycle(THURSDAY + timedelta(days=1), "09:35", "93")

    updated = update(closed(world))

    assert before == ["days/2005-03-01", "days/2005-03-02"]
    assert [unit.name for unit in units(tmp_path)] == ["months/2005-03"]
    assert (updated.written, updated.kept) == (("months/2005-03",), 0)
    assert answers(tmp_path) == from_lines(tmp_path)


def test_what_a_month_replaced_goes_with_the_update_after_it(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    world.quiet_cycle(THURSDAY, "09:35", "93")
    update(tmp_path)
    world.quiet_cycle(THURSDAY + timedelta(days=1), "09:35", "93")
    home = closed(world)
    update(home)
    kept_for_readers = (home / FOLDER / "days/2005-03-01").exists()

    update(home)

    assert kept_for_readers
    assert [path.name for path in (home / FOLDER / "days").iterdir()] == []


def test_updating_again_writes_nothing(home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in parquet_files(home)}

    updated = update(home)

    assert (updated.written, updated.kept) == ((), 4)
    assert {path: path.stat().st_mtime_ns for path in parquet_files(home)} == before


def test_a_finer_number_of_one_day_widens_the_column_of_all(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    fine = ["1.5", "0.12345678901234567", "0.1234567890123", "-2"]
    for number, amount in enumerate(fine):
        world.at(date(2005, 3, 1) + timedelta(days=number), "10:00")
        world.record(deposit(number, amount))
    update(closed(world))

    rows = ask(connect(tmp_path), "SELECT amount, typeof(amount) FROM cash_deposited ORDER BY seq").rows

    assert rows == tuple((Decimal(amount), "DECIMAL(38,17)") for amount in fine)
    assert used(tmp_path) == {"2005-03-01", "2005-03-02", "2005-03-03"}


def test_a_number_that_does_not_fit_the_finer_scale_is_an_error_never_rounded(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    for number, amount in enumerate(["1" * 20, "0.1234567890123456789012345", "1"]):
        world.at(date(2005, 3, 1) + timedelta(days=number), "10:00")
        world.record(deposit(number, amount))
    update(closed(world))

    with pytest.raises(StatementError, match=r"(?i)out of range|could not cast|conversion"):
        ask(connect(tmp_path, wanted=["cash_deposited"]), "SELECT sum(amount) FROM cash_deposited")


def test_the_copies_of_a_shared_home_belong_to_its_group(tmp_path: Path) -> None:
    home = closed(two_sessions(tmp_path))
    (home / "var").chmod(0o2770)

    update(home)

    modes = {path.stat().st_mode & 0o7777 for path in (home / FOLDER).rglob("*") if path.is_file()}
    folders = {path.stat().st_mode & 0o7777 for path in (home / FOLDER, *(home / FOLDER).rglob("*")) if path.is_dir()}
    assert (modes, folders) == ({0o660}, {0o2770})


# Damage


@pytest.mark.parametrize("seed", SEEDS)
def test_a_flipped_bit_changes_no_answer(home: Path, seed: int) -> None:
    chance = random.Random(seed)
    expected = from_lines(home)
    path = chance.choice(parquet_files(home))
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)

    assert path.parent.name not in used(home)
    assert answers(home) == expected, f"seed {seed}: {path}"


@pytest.mark.parametrize("spoil", ["emptied", "removed", "cut short"])
def test_a_copy_that_is_gone_or_short_is_read_from_the_lines(home: Path, spoil: str) -> None:
    path = home / FOLDER / "months/2005-03/order_filled.parquet"
    content = path.read_bytes()
    if spoil == "removed":
        path.unlink()
    else:
        path.write_bytes(b"" if spoil == "emptied" else content[:-9])

    assert used(home) == {"2005-04-01", "2005-04-02", "2005-04-03"}
    assert answers(home) == from_lines(home)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b'{"sha256": "0", "content": {}}', b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "no content", "a list", "null", "another hash", "no text", "deep"],
)
def test_a_damaged_manifest_vouches_for_nothing_and_is_written_anew(home: Path, content: bytes) -> None:
    expected = from_lines(home)
    (home / FOLDER / MANIFEST).write_bytes(content)

    assert used(home) == set()
    assert answers(home) == expected
    assert len(update(home).written) == 4
    assert answers(home) == expected


def test_a_changed_manifest_is_known_by_its_own_hash(home: Path) -> None:
    path = home / FOLDER / MANIFEST
    path.write_text(path.read_text().replace('"rows": 1', '"rows": 2', 1))

    assert used(home) == set()


def test_a_damaged_copy_is_made_again_at_the_next_update(home: Path) -> None:
    (home / FOLDER / "days/2005-04-02/cash_deposited.parquet").write_bytes(b"PAR1 nonsense PAR1")

    assert update(home).written == ("days/2005-04-02",)
    assert "2005-04-02" in used(home)
    assert answers(home) == from_lines(home)


def test_copies_of_another_version_are_passed_over_and_made_again(home: Path) -> None:
    rewrite_manifest(home, '"schema_fingerprint":"', '"schema_fingerprint":"older ')

    assert used(home) == set()
    assert answers(home) == from_lines(home)
    assert len(update(home).written) == 4
    assert "2005-03" in used(home)


def rewrite_manifest(home: Path, old: str, new: str) -> None:
    """Change the manifest as one who knows how its hash is made."""
    path = home / FOLDER / MANIFEST
    content = json.dumps(json.loads(path.read_text())["content"], sort_keys=True, separators=(",", ":"))
    changed = content.replace(old, new)
    digest = hashlib.sha256(changed.encode()).hexdigest()
    path.write_text(json.dumps({"sha256": digest, "content": json.loads(changed)}))


def test_copies_of_another_log_are_passed_over_and_made_again(home: Path, tmp_path: Path) -> None:
    other = two_sessions(tmp_path / "other")
    other.quiet_cycle(THURSDAY, "09:35", "92")
    other.quiet_cycle(THURSDAY + timedelta(days=1), "09:35", "92")
    foreign = closed(other)
    shutil.copytree(home / FOLDER, foreign / FOLDER)

    assert used(foreign) == set()
    assert answers(foreign) == from_lines(foreign)
    update(foreign)
    assert answers(foreign) == from_lines(foreign)


def test_neither_a_copy_nor_its_lines_is_an_error(home: Path) -> None:
    (home / FOLDER / "days/2005-04-02/cash_deposited.parquet").unlink()
    path = home / "var/events/2005-04-02.jsonl"
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content.replace(b"0.1", b"0.2"))

    with pytest.raises(LogDamaged, match=r"2005-04-02\.jsonl"):
        connect(home)


def test_a_damaged_day_is_never_copied(tmp_path: Path) -> None:
    home = closed(seven_days(tmp_path))
    path = home / "var/events/2005-04-02.jsonl"
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"0.1"', b'"0.2"'))

    with pytest.raises(LogDamaged, match=r"2005-04-02\.jsonl: expected SHA-256"):
        update(home)

    assert read_manifest(home) is None


# The fence


@pytest.mark.parametrize(
    "statement",
    [
        "COPY (SELECT 1) TO '{copy}' (FORMAT parquet, USE_TMP_FILE false)",
        "EXPLAIN ANALYZE COPY (SELECT 1) TO '{copy}' (FORMAT parquet, USE_TMP_FILE false)",
        "EXPLAIN (ANALYZE) COPY (SELECT 1) TO '{copy}' (FORMAT parquet, USE_TMP_FILE false)",
        "/**/EXPLAIN/**/ANALYZE COPY (SELECT 1) TO '{copy}' (FORMAT parquet, USE_TMP_FILE false)",
        "EXPLAIN ANALYZE EXPLAIN ANALYZE COPY (SELECT 1) TO '{copy}' (FORMAT parquet, USE_TMP_FILE false)",
        "ATTACH '{copy}'",
        "ATTACH '{home}/other.db'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('{home}/var/events/2005-03-01.jsonl')",
        "SELECT * FROM read_text('{home}/var/parquet/manifest.json')",
        "SELECT * FROM read_blob('{home}/tallybook.toml')",
        "SELECT * FROM '{home}/var/tallybook.duckdb'",
        "SELECT * FROM glob('{home}/**')",
        "SET allowed_paths = ['/etc/passwd']",
        "SET enable_external_access = true",
    ],
)
def test_a_question_reaches_no_file_and_writes_none(home: Path, statement: str) -> None:
    copy = home / FOLDER / "months/2005-03/order_filled.parquet"
    before = copy.read_bytes()

    with pytest.raises(StatementError):
        ask(connect(home), statement.format(copy=copy, home=home))

    assert copy.read_bytes() == before
    assert not (home / "other.db").exists()


def test_a_home_whose_name_is_a_pattern_is_read_from_its_lines(home: Path, tmp_path: Path) -> None:
    strange = home.rename(tmp_path / "my [home]")

    assert used(strange) == set()
    assert answers(strange) == from_lines(strange)


# Commit


def test_a_commit_copies_and_its_database_is_that_of_the_lines(home: Path) -> None:
    shutil.rmtree(home / FOLDER)

    found = commit(home)

    assert len(units(home)) == 4
    con, lines = unfenced(home), load(read_events(home))
    con.execute(f"ATTACH '{found.path}' AS committed (READ_ONLY)")
    for table, view in (("snapshots", "nav"), ("fills", "fills"), ("cycles", "cycles"), ("days", "days")):
        kept = ask(con, f"FROM committed.{table}").rows
        assert sorted(kept, key=repr) == sorted(ask(lines, f"FROM {view}").rows, key=repr)


PROGRAM = """
import os, shutil, sys
from pathlib import Path
from queries.parquet import update
left = int(sys.argv[2])
def dying(function):
    def called(*arguments, **named):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), 9)
        return function(*arguments, **named)
    return called
os.fsync = dying(os.fsync)
Path.replace = dying(Path.replace)
shutil.rmtree = dying(shutil.rmtree)
update(Path(sys.argv[1]))
"""


def killed_at(home: Path, moment: int) -> int:
    command = [sys.executable, "-c", PROGRAM, str(home), str(moment)]
    return subprocess.run(command, cwd=ROOT, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}).returncode


@pytest.mark.parametrize("moment", [0, 9, 34, 35, 60])
def test_a_kill_at_any_moment_leaves_a_home_that_answers(home: Path, moment: int) -> None:
    expected = from_lines(home)
    (home / FOLDER / "days/2005-04-02/cash_deposited.parquet").unlink()
    (home / FOLDER / "months/2005-03/order_filled.parquet").write_bytes(b"")

    ended = killed_at(home, moment)

    assert ended in (-signal.SIGKILL, 0)
    assert answers(home) == expected
    update(home)
    assert used(home) == {"2005-03", "2005-04-01", "2005-04-02", "2005-04-03"}
    assert answers(home) == expected
    assert leftovers(home) == []


def test_a_first_update_that_was_killed_goes_on_where_it_was(home: Path) -> None:
    expected = from_lines(home)
    shutil.rmtree(home / FOLDER)
    at_once = PROGRAM.replace("left = int", "parquet.SAVED_EVERY_SECONDS = -1\nleft = int").replace(
        "from queries.parquet import update", "from queries import parquet\nfrom queries.parquet import update"
    )

    ended = subprocess.run(
        [sys.executable, "-c", at_once, str(home), "140"], cwd=ROOT, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ).returncode  # fmt: skip
    kept = units(home)
    updated = update(home)

    assert ended == -signal.SIGKILL
    assert kept
    assert updated.kept == len(kept)
    assert answers(home) == expected


def leftovers(home: Path) -> list[str]:
    def found() -> Iterator[str]:
        named = {unit.path(home, file) for unit in units(home) for file in unit.files}
        yield from (str(path) for path in parquet_files(home) if path not in named)
        yield from (path.name for path in (home / FOLDER).glob(".new*"))

    return list(found())
