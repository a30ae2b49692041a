from __future__ import annotations

import grp
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.queries.history import TUESDAY, WEDNESDAY
from tests.trader.homes import ROOT, SETTINGS, SIMULATED, command, mail_section, tallybook, write_settings
from tests.trader.mailbox import mailbox
from tests.trader.recorded_home import book, facts, home_with_break
from tests.trader.simulator.gateway_world import running
from trader import exits
from trader.commands.app import home_first
from trader.simulator.simulator import Simulator

VENUE = """\
dry_run = false

[account]
id = "DU1000001"

[broker]
port = {port}
requests_per_second_max = 0

[universe]
symbols = ["ACME", "MOVE"]

[strategy]
kind = "fixed"
weights = {{ ACME = 0.2, MOVE = 0 }}

[simulator]
control = "127.0.0.1:{control}"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return home_with_break(tmp_path)


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[tuple[Simulator, Path]]:
    """A running simulator, and an empty home that knows it."""
    with running(tmp_path) as simulator:
        home = tmp_path / "home"
        write_settings(home, VENUE.format(port=simulator.port, control=simulator.control.address[1]))
        yield simulator, home


# What is typed


@pytest.mark.parametrize(
    "arguments",
    [["--home", "H", "breaks", "B-1"], ["breaks", "--home", "H", "B-1"], ["breaks", "B-1", "--home", "H"]],
)
def test_the_home_may_stand_anywhere(arguments: list[str]) -> None:
    assert home_first(arguments) == ["--home", "H", "breaks", "B-1"]


def test_help_lists_the_commands_in_groups(tmp_path: Path) -> None:
    shown = tallybook("--help", home=tmp_path)

    assert shown.returncode == exits.FINE
    assert [group for group in ("Daily", "Start", "History", "Care") if group not in shown.stdout] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["nonsense"], "usage: No such command 'nonsense'.", id="no such command"),
        pytest.param(["accept", "B-2"], "usage: Missing option '--why'.", id="no reason"),
        pytest.param(["accept", "B-2", "--why", " "], "usage: Invalid value for --why: expected a reason", id="empty"),
        pytest.param(["accept", "B-9", "--why", "x"], "impossible: break B-9: expected an open break (B-2)", id="id"),
        pytest.param(["accept", "B-1", "--why", "x"], "impossible: break B-1: expected an open break (B-2)", id="over"),
        pytest.param(
            ["adjust-cost", "SPY", "-100", "--why", "x"],
            "usage: expected an option before the negative number -100, as in adjust-cost SPY --by -100",
            id="minus",
        ),
        pytest.param(["breaks", "B-9"], "impossible: break B-9: expected one of B-1, B-2", id="no such break"),
        pytest.param(["audit", "yesterday"], "usage: Invalid value: expected a trading day", id="no day"),
        pytest.param(["audit", "2005-03-05"], "unknown-day: 2005-03-05: expected a day of the log", id="a Saturday"),
        pytest.param(
            ["audit", "2005-02"], "unknown-day: expected days of the log, found none; it was written on", id="no month"
        ),
        pytest.param(["commit", "2005-03-05"], "unknown-day: 2005-03-05: expected a session", id="no session"),
        pytest.param(["sql", "DELETE FROM fills"], "sql: ", id="no question"),
        pytest.param(["cycle", "--quick"], "usage: expected an option of cycle, found '--quick'", id="no option"),
        pytest.param(["init"], "settings-wrong: ", id="settings are there"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(home: Path, arguments: list[str], words: str) -> None:
    before = facts(home)

    told = (tallybook if arguments[0] == "cycle" else command)(*arguments, home=home)

    assert told.returncode == exits.COULD_NOT
    assert told.stderr.startswith(words)
    assert len(told.stderr.splitlines()) == 1
    assert facts(home) == before


@pytest.mark.parametrize("words", ["status", "breaks", "accept B-1 --why x", "resume --why x", "commit"])
def test_a_home_without_a_log_says_how_to_begin(tmp_path: Path, words: str) -> None:
    write_settings(tmp_path)

    told = command(*words.split(), home=tmp_path)

    assert (told.returncode, len(told.stderr.splitlines())) == (exits.COULD_NOT, 1)
    assert "run: tallybook adopt" in told.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="needs an ordinary user: root writes everywhere")
def test_a_home_that_cannot_be_written_says_so(home: Path) -> None:
    (home / "var").chmod(0o500)

    told = command("resume", "--why", "x", home=home)

    assert (told.returncode, len(told.stderr.splitlines())) == (exits.COULD_NOT, 1)


# Start


def test_init_writes_settings_that_work(tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"

    written = command("init", "--account", "DU42", home=fresh)
    shown = command("settings", home=fresh)

    assert written.returncode == exits.FINE
    assert (fresh / "tallybook.toml").read_text().count("#") > 8
    assert 'id = "DU42"' in shown.stdout.splitlines()


def test_init_shares_a_home_with_a_group(tmp_path: Path) -> None:
    group = grp.getgrgid(os.getegid()).gr_name
    fresh = tmp_path / "fresh"

    shared = tallybook("init", "--group", group, home=fresh)
    halted = tallybook("halt", home=fresh)
    unknown = tallybook("init", "--group", "no such group", home=tmp_path / "other")

    assert (shared.returncode, halted.returncode) == (exits.FINE, exits.FINE)
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in fresh.rglob("*")}
    assert found == {"tallybook.toml": 0o640, "var": 0o2770, "HALT": 0o660}
    assert unknown.returncode == exits.COULD_NOT
    assert "expected a group of this machine, found 'no such group'" in unknown.stderr


def test_what_is_written_in_a_shared_home_is_the_groups_whatever_the_umask(home: Path) -> None:
    for path in (home / "var", *(home / "var").rglob("*")):
        path.chmod(0o2770 if path.is_dir() else 0o660)

    before = os.umask(0o077)
    try:
        recorded = tallybook("halt", home=home)
    finally:
        os.umask(before)

    assert recorded.returncode == exits.FINE
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (home / "var").rglob("*")}
    assert {oct(mode) for path, mode in modes.items() if path.is_dir()} <= {oct(0o2770)}
    assert {oct(mode) for path, mode in modes.items() if path.is_file()} <= {oct(0o660), oct(0o440)}


def test_the_crontab_line_names_home_and_command(home: Path) -> None:
    shown = command("schedule", "print", home=home)

    line, _, _, *slots = shown.stdout.splitlines()
    assert line.startswith(f"*/5 * * * * cd {home} && /")
    assert line.endswith(" cycle")
    assert slots[0].split()[:1] == [f"{WEDNESDAY}/1035"]
    assert "Wed 02 Mar 10:35 New York" in slots[0]


def test_an_account_is_adopted_as_it_is_found(venue: tuple[Simulator, Path]) -> None:
    simulator, home = venue
    simulator.control.trade("ACME", Decimal(30))
    simulator.control.trade("MOVE", Decimal(-7))

    adopted = tallybook("adopt", "--yes", home=home)

    dump = simulator.control.dump()
    found = book(home)
    assert adopted.returncode == exits.FINE, adopted.stderr
    assert "ACME" in adopted.stdout
    assert found.adopted
    assert {str(con_id): units for con_id, units in found.positions.items()} == {
        con_id: Decimal(row["quantity"]) for con_id, row in dump["positions"].items()
    }
    assert found.cash == {"USD": Decimal(dump["cash"]["USD"])}
    for con_id, row in dump["positions"].items():
        assert found.holdings[int(con_id)].gross_basis == Decimal(row["average_cost"]) * Decimal(row["quantity"])
    assert tallybook("adopt", "--yes", home=home).stderr.startswith("adoption-refused: account DU1000001")


def test_nobody_adopts_without_saying_so(venue: tuple[Simulator, Path]) -> None:
    _, home = venue

    refused = tallybook("adopt", home=home)

    assert refused.returncode == exits.COULD_NOT
    assert "adoption-refused: adopt: expected somebody to confirm" in refused.stderr
    assert not (home / "var" / "events").exists()


def test_an_account_that_nobody_serves_is_told_in_one_line(home: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    write_settings(fresh, SETTINGS)

    told = tallybook("adopt", "--yes", home=fresh)

    assert (told.returncode, len(told.stderr.splitlines())) == (exits.COULD_NOT, 1)
    assert told.stderr.startswith("gateway-down: 127.0.0.1:1")


# Daily


def test_a_session_runs_through_the_command(venue: tuple[Simulator, Path]) -> None:
    simulator, home = venue
    with mailbox() as box:
        path = home / "tallybook.toml"
        path.write_text(path.read_text() + mail_section(box.port))
        assert tallybook("adopt", "--yes", home=home).returncode == exits.FINE

        traded = tallybook("cycle", "--verbose", home=home)
        assert (traded.returncode, traded.stderr) == (exits.FINE, "")
        assert "order_send_attempted" in traded.stdout
        *lines, last = traded.stdout.splitlines()
        assert [line.split()[2] for line in lines][-2:] == ["keep_due", "due_mails"]
        assert last == "2005-03-01/0935 ran: all fine; see: tallybook status"
        assert " s  - " not in traded.stdout
        assert len(book(home).positions) == 1

        simulator.control.trade("MOVE", Decimal(5))
        simulator.control.advance(seconds=3600)
        found = tallybook("cycle", home=home)
        assert (found.returncode, found.stderr) == (exits.BAD_NEWS, "")
        listed = tallybook("breaks", home=home)
        assert listed.returncode == exits.BAD_NEWS
        assert "MOVE locked, others trade · BOUGHT OUTSIDE TALLYBOOK" in listed.stdout
        assert 'do       tallybook accept B-1 --why "…"' in listed.stdout

        accepted = tallybook("accept", "B-1", "--why", "my own trade", home=home)
        assert accepted.stdout == "B-1 accepted; no open breaks left\n"
        assert tallybook("breaks", home=home).returncode == exits.FINE
        assert [subject.split()[1] for subject in box.subjects] == ["START", "ALARM"]  # a break that locks, at once


def test_breaks_are_told_to_programs_exactly(home: Path) -> None:
    (row,) = json.loads(command("breaks", "--format", "json", home=home).stdout)

    assert (row["break_id"], row["expected"], row["found"], row["difference"]) == ("B-2", "1000", "847.7", "-152.3")


def test_a_break_is_shown_whatever_became_of_it(home: Path) -> None:
    shown = command("breaks", "B-1", home=home)

    assert shown.stdout.splitlines()[0] == "B-1  accepted · TRADED OUTSIDE TALLYBOOK · certain (the broker's execution)"
    assert "accepted: my own trade, forgot" in shown.stdout


def test_accepting_cash_takes_the_brokers_word(home: Path) -> None:
    before = book(home).cash["USD"]

    assert command("accept", "B-2", "--as-suspense", "--why", "a fee", home=home).returncode == exits.FINE

    assert book(home).cash["USD"] == before + Decimal("-152.3")
    assert not book(home).open_breaks


def test_an_acceptance_says_what_it_booked_and_takes_an_id_in_any_case(home: Path) -> None:
    told = command("accept", "b-2", "--as-suspense", "--why", "a fee", home=home).stdout.splitlines()

    assert told == ["B-2 accepted; no open breaks left", " booked cash adjusted -152.30 USD"]
    assert command("breaks", "b-2", home=home).stdout.startswith("B-2  accepted")


def test_a_reason_and_no_reason_at_once_are_refused(home: Path) -> None:
    done = command("accept", "B-2", "--explanation", "1", "--as-suspense", "--why", "a fee", home=home)

    assert (done.returncode, done.stdout) == (exits.COULD_NOT, "")
    assert "expected --explanation or --as-suspense, found both" in done.stderr
    assert book(home).open_breaks


OTHER_ACCOUNT, OTHER_CLOCK = SETTINGS.replace("DU1000001", "DU7") + SIMULATED, SETTINGS


@pytest.mark.parametrize("words", ["status", "breaks", f"audit {TUESDAY}", "sql VALUES(1)", "commit"])
@pytest.mark.parametrize("settings", [OTHER_ACCOUNT, OTHER_CLOCK], ids=["account", "clock"])
def test_the_log_of_another_account_or_clock_answers_nothing(home: Path, words: str, settings: str) -> None:
    write_settings(home, settings)

    told = command(*words.split(), home=home)

    assert (told.returncode, told.stderr.partition(":")[0], told.stdout) == (exits.COULD_NOT, "log-foreign", "")
    assert len(told.stderr.splitlines()) == 1
    assert not (home / "var" / "tallybook.duckdb").exists()


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ("status", exits.BAD_NEWS),
        ("breaks", exits.BAD_NEWS),
        (f"audit {TUESDAY}", exits.BAD_NEWS),
        ("sql VALUES(1)", 0),
    ],
)
def test_what_only_reads_needs_no_settings_that_can_be_read(home: Path, words: str, status: int) -> None:
    write_settings(home, "[account")

    told = command(*words.split(), home=home)

    assert (told.returncode, told.stderr) == (status, "")
    if words == "status":
        assert "SETTINGS WRONG" in told.stdout
        assert "no cycle can start: settings-wrong: " in told.stdout


def test_a_dry_run_of_the_settings_is_told(home: Path) -> None:
    assert "DRY RUN" in command("status", home=home).stdout.splitlines()[1]

    write_settings(home, "dry_run = false\n" + SETTINGS + SIMULATED)
    assert "DRY RUN" not in command("status", home=home).stdout


# History and care


def test_a_day_whose_settings_are_lost_is_told_but_cannot_be_decided_again(home: Path) -> None:
    told = command("audit", TUESDAY.isoformat(), home=home)

    assert told.returncode == exits.BAD_NEWS
    assert "settings" in told.stdout.splitlines()[2]
    assert "IBM" in told.stdout


def test_history_is_asked_in_sql(home: Path) -> None:
    asked = command("sql", "SELECT sum(quantity) AS held FROM fills", "--format", "csv", home=home)

    assert asked.stdout == "held\n150\n"


def test_a_commit_is_recorded_once(home: Path) -> None:
    first = tallybook("commit", TUESDAY.isoformat(), home=home)
    count = len(facts(home))
    second = tallybook("commit", TUESDAY.isoformat(), home=home)

    assert first.stdout.startswith(f"{TUESDAY}: 6 snapshots and 3 fills")
    assert second.returncode == exits.FINE
    assert len(facts(home)) == count
    assert TUESDAY in book(home).committed


def test_a_commit_looks_at_the_sealed_files_and_halts_on_damage(home: Path) -> None:
    sealed = min((home / "var" / "events").glob("*.jsonl"))
    content = bytearray(sealed.read_bytes())
    content[len(content) // 2] ^= 1
    sealed.chmod(0o600)
    sealed.write_bytes(content)

    done = command("commit", WEDNESDAY.isoformat(), home=home)

    assert done.returncode == exits.COULD_NOT
    assert done.stderr.startswith(f"log-damaged: {sealed.name}, line ")
    assert "tallybook verify" in done.stderr
    assert (home / "var" / "HALT").read_text().startswith(f"the log is damaged: {sealed.name}")


def test_the_schema_of_every_fact_is_printed(tmp_path: Path) -> None:
    schema = json.loads(command("export", "schema", home=tmp_path).stdout)

    assert "OrderFilled" in schema["$defs"]


def test_the_version_is_told_without_a_home(tmp_path: Path) -> None:
    shown = tallybook("--version", home=tmp_path / "none")

    assert shown.returncode == exits.FINE
    assert shown.stdout.startswith("tallybook")
    assert shown.stderr == ""


def test_no_word_at_all_shows_the_help(tmp_path: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "trader.commands"], capture_output=True, text=True, cwd=tmp_path, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60,
    )  # fmt: skip

    assert "Usage: tallybook" in shown.stdout + shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize(
    "moment", ["trader.commands._share", "trader.commands.app._app", "trader.commands.daily.status_of_home"]
)
def test_ctrl_c_ends_it_with_one_line_at_any_time(home: Path, moment: str) -> None:
    """Interrupted by a real signal at the start, among the imports, and at work."""
    folder, _, name = moment.rpartition(".")
    program = (
        f"import os, signal, sys; import {folder} as place; from trader.commands import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # whoever starts the tests may ignore it
        f"place.{name} = lambda *_, **__: os.kill(os.getpid(), signal.SIGINT)\n"
        f"sys.argv = ['tallybook', '--home', {str(home)!r}, 'status']; sys.exit(main())"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=60,
    )  # fmt: skip

    assert (done.returncode, done.stderr.count("\n")) == (exits.COULD_NOT, 1), done.stderr
    assert done.stderr.startswith("aborted: ")
