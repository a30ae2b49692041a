"""The disk of this machine, and whose the files of a home are."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.errors import LogLocked, LogNotWritable
from ledger.log import Log, read_events
from ledger.log.disk import LOCAL, Disk
from tests.ledger.logs import GENESIS, StillClock, append, files, lost, started


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777], ids="umask {:o}".format)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def modes(home: Path) -> dict[str, int]:
    paths = (home / "var", *(home / "var").rglob("*"))
    return {str(path.relative_to(home)): stat.S_IMODE(path.stat().st_mode) for path in paths}


def worked_in(home: Path) -> None:
    """Two days, and a start that is refused."""
    clock = StillClock()
    with started(home, clock) as log:
        append(log, lost("a"))
        clock.sleep(86_400)
        append(log, lost("b"))
        with pytest.raises(LogLocked):
            Log.open(home, clock, slot="other")


def shared(var: Path) -> None:
    var.mkdir(parents=True)
    var.chmod(0o2770)


@pytest.mark.usefixtures("umask")
def test_a_home_of_one_user_is_closed_to_others_whatever_the_umask(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    worked_in(tmp_path)

    found = modes(tmp_path)
    (note,) = (name for name in found if name.endswith(".json"))
    assert found == {
        "var": 0o700, "var/events": 0o700, "var/refused": 0o700, "var/lock": 0o600, "var/HEAD.0": 0o600,
        "var/HEAD.1": 0o600, "var/events/2026-01-14.jsonl": 0o400, "var/events/2026-01-15.jsonl": 0o600, note: 0o600,
    }  # fmt: skip


@pytest.mark.usefixtures("umask")
def test_a_home_whose_var_is_shared_stays_so_whatever_the_umask(tmp_path: Path) -> None:
    shared(tmp_path / "var")
    worked_in(tmp_path)

    found = modes(tmp_path)
    (note,) = (name for name in found if name.endswith(".json"))
    assert found == {
        "var": 0o2770, "var/events": 0o2770, "var/refused": 0o2770, "var/lock": 0o660, "var/HEAD.0": 0o660,
        "var/HEAD.1": 0o660, "var/events/2026-01-14.jsonl": 0o440, "var/events/2026-01-15.jsonl": 0o660, note: 0o660,
    }  # fmt: skip
    Log.open(tmp_path, StillClock()).close()


@pytest.mark.parametrize(
    ("name", "mode", "cure"),
    [
        pytest.param("", 0o777, "chmod 700", id="var open to all"),
        pytest.param("", 0o770, "chmod 700", id="var shared by half"),
        pytest.param("HEAD.0", 0o666, "chmod 600", id="a HEAD that others may write"),
        pytest.param("lock", 0o620, "chmod 600", id="a lock that a group may write"),
        pytest.param("events/2026-01-14.jsonl", 0o606, "chmod 600", id="a day that others may write"),
    ],
)
def test_what_others_may_write_is_refused(tmp_path: Path, name: str, mode: int, cure: str) -> None:
    started(tmp_path).close()
    path = tmp_path / "var" / name
    path.chmod(mode)

    with pytest.raises(LogNotWritable, match=rf"expected permissions .* found {mode:o}; run: {cure} {path}"):
        Log.open(tmp_path, StillClock())


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        pytest.param("HEAD.1", 0o600, id="a HEAD of one user alone"),
        pytest.param("events", 0o700, id="a folder of one user alone"),
        pytest.param("events/2026-01-14.jsonl", 0o662, id="a day that others may write"),
    ],
)
def test_in_a_shared_home_what_is_not_shared_is_refused(tmp_path: Path, name: str, mode: int) -> None:
    shared(tmp_path / "var")
    started(tmp_path).close()
    path = tmp_path / "var" / name
    path.chmod(mode)

    with pytest.raises(LogNotWritable, match=f"found {mode:o}; run: chmod"):
        Log.open(tmp_path, StillClock())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another group")
def test_in_a_shared_home_a_file_of_another_group_is_refused(tmp_path: Path) -> None:
    shared(tmp_path / "var")
    started(tmp_path).close()
    os.chown(tmp_path / "var/HEAD.0", -1, 54_321)

    with pytest.raises(LogNotWritable, match=r"expected to belong to group \d+ as var does, found group 54321; run"):
        Log.open(tmp_path, StillClock())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_in_a_shared_home_it_does_not_matter_who_made_a_file(tmp_path: Path) -> None:
    shared(tmp_path / "var")
    clock = StillClock()
    started(tmp_path, clock).close()
    for path in (tmp_path / "var").rglob("*"):
        os.chown(path, 54_321, -1)

    clock.sleep(86_400)
    with Log.open(tmp_path, clock) as log:
        append(log, lost("a"))

    assert [stat.S_IMODE(path.stat().st_mode) for path in files(tmp_path)] == [0o660, 0o660], "not ours to seal"
    assert [event.seq for event in read_events(tmp_path)] == [0, 1, 2]


def test_only_plain_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()

    for name in ("pipe", "folder"):
        with pytest.raises(OSError, match="not a plain file"):
            LOCAL.reader(tmp_path / name)


def test_a_log_lies_on_the_disk_that_it_is_given(tmp_path: Path) -> None:
    class Counting(Disk):
        def __init__(self) -> None:
            self.calls = list[str]()

        def sync_content(self, handle: int) -> None:
            self.calls.append("sync_content")
            super().sync_content(handle)

        def sync(self, handle: int) -> None:
            self.calls.append("sync")
            super().sync(handle)

    disk = Counting()
    with Log.create(tmp_path, StillClock(), GENESIS, disk=disk) as log:
        disk.calls.clear()
        append(log, lost("a"), lost("b"))
        assert disk.calls == ["sync_content"], "one sync a batch"
        log.barrier()
        assert disk.calls == ["sync_content", "sync"], "one more where something may depend on it"
