"""One command over many homes: each account by itself, a line each, the worst first."""

from __future__ import annotations

import csv
import io
import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from multiprocessing import active_children
from pathlib import Path
from resource import RLIMIT_AS, getrlimit
from shutil import copytree, rmtree
from time import monotonic, sleep

import pytest

from benchmarks.fleet_histories import fleet_histories
from queries import fence
from tests.trader.homes import command
from trader import exits
from trader.commands import app
from trader.commands.fleet import run
from trader.fleet.accounts import Member, read_fleet
from trader.fleet.asking import ask_all, worst_first

pytest.importorskip("pebble", reason="pebble keeps the processes; pip install 'tallybook[fleet]'")

ONE, TWO, THREE = "DU2000001", "DU2000002", "DU2000003"


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three accounts of three sessions, decided by the real cycle."""
    folder = tmp_path_factory.mktemp("fleet")
    list(fleet_histories(folder / "accounts", 3, sessions=3, processes=1))
    (folder / "fleet.toml").write_text(
        f'homes = ["accounts/*"]\n[groups]\nfew = ["{ONE}", "{TWO}"]\n', encoding="utf-8"
    )
    return folder


@pytest.fixture(scope="module")
def archive(decided: Path) -> str:
    """The sealed days of all three, as `fleet export` writes them."""
    pytest.importorskip("deltalake", reason="deltalake writes archives; pip install 'tallybook[delta]'")
    uri = str(decided / "archive")
    assert run(["export", "delta", uri, "--file", str(decided / "fleet.toml")]) == exits.FINE
    return uri


@pytest.fixture
def fleet(decided: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder where the fleet is; its logs stay where they were stamped."""
    for name in ("fleet.toml", "accounts"):
        (tmp_path / name).symlink_to(decided / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def broken(decided: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fleet with a copy of an account whose log is damaged."""
    copytree(decided / "accounts" / THREE, tmp_path / "bad" / THREE)
    first = min((tmp_path / "bad" / THREE / "var" / "events").iterdir())
    first.chmod(0o600)
    first.write_bytes(b"x" + first.read_bytes()[1:])
    rmtree(tmp_path / "bad" / THREE / "var" / "checkpoints")
    homes = [str(decided / "accounts" / name) for name in (ONE, TWO)]
    (tmp_path / "fleet.toml").write_text(f"homes = {[*homes, 'bad/*']!r}\n".replace("'", '"'), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_status_of_all_is_a_line_each_and_their_exact_total(
    fleet: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["status", "--format", "csv"]) == exits.FINE

    *accounts, total = lines(capsys)
    assert {row["account"] for row in accounts} == {ONE, TWO, THREE}
    assert total["account"] == "TOTAL"
    assert Decimal(total["NAV"]) == sum(Decimal(row["NAV"]) for row in accounts)
    assert Decimal(total["today"]) == sum(Decimal(row["today"]) for row in accounts)
    assert total["currency"] == "USD"


def test_a_group_and_an_account_choose_some(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["status", "--group", "few", "--format", "csv"])
    assert {row["account"] for row in lines(capsys)} == {ONE, TWO, "TOTAL"}
    run(["status", "--account", THREE, "--format", "csv"])
    assert {row["account"] for row in lines(capsys)} == {THREE, "TOTAL"}


def test_every_account_is_verified_and_decided_again(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify"]) == exits.FINE
    assert capsys.readouterr().out.count("clean · ") == 3
    assert run(["audit", "2024-12"]) == exits.FINE
    assert capsys.readouterr().out.count("6 cycles decided again, 6 equal") == 3
    assert run(["reconcile"]) == exits.FINE
    assert capsys.readouterr().out.count("position 4 agree; cash 1 agree; nav 1 agree; ") == 3


def test_one_account_that_fails_stops_no_other_and_stands_first(
    decided: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(decided, tmp_path, monkeypatch)

    status = run(["status", "--format", "csv"])

    rows = lines(capsys)
    assert status == exits.COULD_NOT
    assert rows[0]["account"] == THREE
    assert rows[0]["state"] == "COULD NOT BE ASKED"
    assert "log-damaged" in rows[0]["what waits, or is wrong"]
    assert [Decimal(row["NAV"]) > 0 for row in rows[1:3]] == [True, True]
    assert rows[3]["NAV"] == "unknown"
    assert f"1 of 3 not known in USD: {THREE}" in rows[3]["what waits, or is wrong"]


def test_one_question_is_asked_of_all(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = "SELECT account, sum(quantity * price) AS paid FROM order_filled GROUP BY account ORDER BY account"

    assert run(["sql", question, "--format", "csv"]) == exits.FINE

    together = lines(capsys)
    assert [row["account"] for row in together] == [ONE, TWO, THREE]
    for row in together:
        one = "SELECT sum(quantity * price) AS paid FROM order_filled"
        alone = command("sql", one, "--format", "csv", home=fleet / "accounts" / row["account"])
        assert alone.stdout == f"paid\n{row['paid']}\n"


def test_views_and_books_of_all_are_those_of_each(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    question = "SELECT account, count(*) AS lots, sum(gross) AS gross FROM lots GROUP BY ALL ORDER BY ALL"
    navs = (
        "SELECT sum(nav) AS nav FROM nav WHERE seq IN (SELECT max(seq) FROM nav AS of WHERE of.account = nav.account)"
    )

    run(["sql", question, "--format", "csv"])
    lots = lines(capsys)
    run(["sql", navs, "--format", "csv"])
    (total,) = lines(capsys)
    run(["status", "--format", "csv"])
    accounts = lines(capsys)[:-1]

    assert [row["account"] for row in lots] == [ONE, TWO, THREE]
    assert Decimal(total["nav"]) == sum(Decimal(row["NAV"]) for row in accounts)


@pytest.mark.parametrize(
    "question",
    [
        "SELECT account, count(*) AS n, sum(quantity * price) AS paid FROM order_filled WHERE trade_date IS NULL "
        "AND occurred_at < '2024-12-28' GROUP BY ALL ORDER BY ALL",
        "SELECT account, session_day, nav FROM nav WHERE session_day < '2024-12-28' ORDER BY ALL",
        "SELECT account, sum(amount) AS n FROM journal WHERE session_day < '2024-12-28' GROUP BY ALL ORDER BY ALL",
    ],
)
def test_an_archive_answers_as_the_homes_do(
    fleet: Path, archive: str, capsys: pytest.CaptureFixture[str], question: str
) -> None:
    run(["sql", question, "--format", "csv"])
    of_homes = capsys.readouterr().out

    assert run(["sql", question, "--format", "csv", "--archive", archive]) == exits.FINE

    assert capsys.readouterr().out == of_homes
    assert of_homes.count("DU2") > 2


@pytest.mark.parametrize("relation", ["nav", "order_filled"])
def test_a_group_and_an_account_choose_some_of_an_archive(
    fleet: Path, archive: str, capsys: pytest.CaptureFixture[str], relation: str
) -> None:
    question = f"SELECT DISTINCT account FROM {relation} ORDER BY account"
    chosen = {("--group", "few"): [ONE, TWO], ("--group", "few", "--account", ONE): [ONE, TWO], (): [ONE, TWO, THREE]}

    for words, expected in chosen.items():
        assert run(["sql", question, "--format", "csv", "--archive", archive, *words]) == exits.FINE
        assert [row["account"] for row in lines(capsys)] == expected


@pytest.mark.parametrize("relation", ["cash", "order_filled"])
def test_a_question_tells_of_accounts_that_could_not_be_asked(
    relation: str, decided: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken(decided, tmp_path, monkeypatch)

    status = run(["sql", f"SELECT DISTINCT account FROM {relation} ORDER BY account", "--format", "csv"])

    shown = capsys.readouterr()
    assert status == exits.COULD_NOT
    assert shown.out.splitlines() == ["account", ONE, TWO]
    assert shown.err.startswith(f"{THREE}: log-damaged: ")


@pytest.mark.parametrize(
    "statement", ["COPY (SELECT 1) TO 'x'", "SHOW TABLES", "SELECT * FROM read_text('/etc/passwd')"]
)
def test_what_is_no_question_about_accounts_is_refused(
    fleet: Path, capsys: pytest.CaptureFixture[str], statement: str
) -> None:
    assert run(["sql", statement]) == exits.COULD_NOT
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_question_outgrows_neither_the_machine_nor_its_time(
    fleet: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fence, "ROOM", 1_000_000_000)
    before = getrlimit(RLIMIT_AS)

    large = "SELECT repeat('x', 100_000_000) FROM order_filled, range(200)"  # made in one piece
    assert run(["sql", large]) == exits.COULD_NOT

    assert capsys.readouterr().err.startswith("sql-too-large: ")
    assert getrlimit(RLIMIT_AS) == before
    assert run(["sql", "SELECT 1", "--timeout", "inf"]) == exits.COULD_NOT


def test_a_report_of_each_is_kept_in_a_folder(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "day", "2024-12-30", "--format", "json", "--into", "kept"]) == exits.FINE

    assert sorted(path.name for path in (fleet / "kept").iterdir()) == [f"{name}.json" for name in (ONE, TWO, THREE)]
    assert all(f'"{path.stem}' in path.read_text(encoding="utf-8") for path in (fleet / "kept").iterdir())


def test_cycles_run_in_processes_of_their_own_and_say_what_hinders_them(
    decided: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copytree(decided / "accounts" / ONE, tmp_path / "homes" / "done")
    (tmp_path / "homes" / "empty").mkdir()
    (tmp_path / "homes" / "empty" / "tallybook.toml").write_text('[account]\nid = "DU2000009"\n')
    (tmp_path / "fleet.toml").write_text('homes = ["homes/*"]\n')
    monkeypatch.chdir(tmp_path)

    assert run(["cycle"]) == exits.COULD_NOT

    told = capsys.readouterr().out
    assert re.search(r"DU2000009 +2 .* log-missing: .*expected a log, found no day file", told)
    assert re.search(rf"{ONE} +0 .*nothing to say", told)


def hanging(folder: Path) -> Member:
    """An account whose settings nobody finishes writing."""
    folder.mkdir()
    os.mkfifo(folder / "tallybook.toml")
    return Member(folder.name, folder)


def begun(fifo: Path) -> int:
    """Wait until somebody reads the settings, and hold the pen."""
    until = monotonic() + 60
    while monotonic() < until:
        with suppress(OSError):  # as long as nobody reads
            return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
        sleep(0.02)
    raise AssertionError(f"{fifo}: expected a reader within a minute")


def test_an_account_that_hangs_is_given_up_and_the_others_answer(fleet: Path, tmp_path: Path) -> None:
    members = [hanging(tmp_path / "slow"), Member(ONE, fleet / "accounts" / ONE)]

    slow, fine = ask_all(app.run, members, ("status",), 2, 8.0)

    assert (slow.status, fine.status) == (exits.COULD_NOT, exits.FINE)
    assert slow.last_error.startswith("too-long: expected an end within 8 seconds")
    assert [one.member.name for one in worst_first((fine, slow))] == ["slow", ONE]


def test_a_cycle_that_nobody_waits_for_any_longer_goes_on_and_that_is_said(tmp_path: Path) -> None:
    member = hanging(tmp_path / "slow")

    (slow,) = ask_all(app.run, [member], ("cycle",), 1, 8.0)
    os.close(begun(member.home / "tallybook.toml"))  # it still reads; now it finds nothing, and ends

    assert slow.status == exits.COULD_NOT
    assert slow.last_error.startswith("too-long: expected an end within 8 seconds, found none; it goes on, within its")


def test_ctrl_c_ends_what_is_under_way_and_begins_nothing_more(fleet: Path, tmp_path: Path) -> None:
    members = [Member(ONE, fleet / "accounts" / ONE), hanging(tmp_path / "slow"), hanging(tmp_path / "next")]
    pens = list[int]()

    def interrupted(done: int) -> None:
        pens.append(begun(tmp_path / "slow" / "tallybook.toml"))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask_all(app.run, members, ("status",), 1, 3_600.0, interrupted)

    os.close(pens[0])
    assert [child for child in active_children() if child.is_alive()] == []


def test_a_process_that_dies_takes_no_other_account_with_it(fleet: Path, tmp_path: Path) -> None:
    members = [hanging(tmp_path / "dying"), Member(ONE, fleet / "accounts" / ONE)]
    with ThreadPoolExecutor(1) as apart:
        asked = apart.submit(ask_all, app.run, members, ("status",), 1, 120.0)
        pen = begun(tmp_path / "dying" / "tallybook.toml")
        (worker,) = (child for child in active_children() if child.pid is not None)
        worker.kill()
        died, fine = asked.result(timeout=60)
        os.close(pen)

    assert (died.status, fine.status) == (exits.COULD_NOT, exits.FINE)
    assert died.last_error.startswith("died: expected an end, found exit code")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("homes = []", "expected at least one home, found none"),
        ('homes = ["nowhere/*"]', r"homes: expected a home at nowhere/\*, found none"),
        ('homes = "accounts"', "homes: expected a list, found 'accounts'"),
        ('homes = ["accounts/*"]\ncolour = 1', "colour: expected one of currency, homes, processes, groups"),
        ('homes = ["accounts/*"]\nprocesses = 0', "processes: expected a whole number above 0, found 0"),
        ('homes = ["accounts/*"]\n[groups]\na = ["nobody"]', "nobody: expected an account of the fleet, found none"),
        ('homes = ["accounts/*"]\n[groups]\na = []', "group a: expected at least one account, found none"),
        ("homes = [", "expected a fleet file in TOML, found: "),
    ],
)
def test_a_fleet_file_that_cannot_be_used_is_told_in_one_line(
    fleet: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")

    assert run(["status", "--file", "wrong.toml"]) == exits.COULD_NOT

    said = capsys.readouterr().err
    assert said.startswith("fleet: wrong.toml: ")
    assert len(said.splitlines()) == 1
    assert re.search(told, said)


def test_no_account_has_two_homes(decided: Path, tmp_path: Path) -> None:
    copytree(decided / "accounts" / ONE, tmp_path / "copy")
    path = tmp_path / "fleet.toml"
    path.write_text(f'homes = ["copy", "{decided}/accounts/*"]', encoding="utf-8")

    with pytest.raises(Exception, match=f"expected one home an account, found {ONE} in"):
        read_fleet(path)


def test_the_default_help_does_not_speak_of_fleets(capsys: pytest.CaptureFixture[str]) -> None:
    from trader.commands.app import run as one

    one(["--help"])

    assert "fleet" not in capsys.readouterr().out
