from __future__ import annotations

import json
import shutil
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from ledger.checkpoints import rebuild
from queries.parquet import update
from tests.queries.history import SETTINGS as KEPT
from tests.queries.history import World, closed, new_world, two_sessions
from tests.queries.test_parquet import seven_days
from tests.trader.homes import SETTINGS, SIMULATED, command, write_settings
from trader import exits
from trader.drill import run
from trader.drill.copies import Copy, NotHere, fingerprint
from trader.drill.damages import DAMAGES, Damage
from trader.drill.telling import conclusion_of, lines_of


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with everything that can be damaged."""
    home = closed(seven_days(tmp_path_factory.mktemp("seven") / "home"))
    write_settings(home, SETTINGS + SIMULATED)
    update(home)
    rebuild(home)
    return home


@pytest.mark.parametrize("seed", range(2))
def test_every_damage_to_a_whole_home_is_detected(home: Path, seed: int) -> None:
    drill = run(home, seed)

    assert [trial.damage.name for trial in drill.trials if not trial.tried] == []
    assert [(trial.damage.name, trial.done) for trial in drill.trials if not trial.detected] == []
    assert (len(drill.damages), len(drill.repairs)) == (len(DAMAGES) - 1, 1)
    assert drill.passed


def test_the_users_own_files_are_as_they_were(home: Path) -> None:
    before = {path: (path.read_bytes(), path.stat().st_mode) for path in home.rglob("*") if path.is_file()}

    drill = run(home, 1)

    assert drill.untouched
    assert {path: (path.read_bytes(), path.stat().st_mode) for path in home.rglob("*") if path.is_file()} == before


def test_a_young_home_is_tried_with_what_it_has(tmp_path: Path) -> None:
    drill = run(closed(new_world(tmp_path)), 1)

    assert drill.passed
    assert "a bit flipped in the first sealed day" in [t.damage.name for t in drill.trials if not t.tried]
    assert "a line deleted" in [trial.damage.name for trial in drill.damages]


@pytest.mark.parametrize("torn", ["2005-04-04", "2005-04-05"], ids=["in the open day", "the first of a new day"])
def test_a_home_with_a_torn_tail_is_tried_without_it(home: Path, tmp_path: Path, torn: str) -> None:
    own = Path(shutil.copytree(home, tmp_path / "home"))
    with (own / "var/events" / f"{torn}.jsonl").open("ab") as file:
        file.write(b'{"seq":153,"type":"day_')

    drill = run(own, 1)

    assert drill.passed
    assert len(drill.damages) == len(DAMAGES) - 1


def test_a_home_that_is_damaged_already_fails_before_the_drill(home: Path, tmp_path: Path) -> None:
    spoilt = Path(shutil.copytree(home, tmp_path / "home"))
    Copy(spoilt, Random(1)).flip(spoilt / "var/events/2005-04-01.jsonl")

    drill = run(spoilt, 1)

    assert not drill.passed
    assert drill.trials == ()
    assert next(conclusion_of(drill, 1.0)).startswith("the copy was damaged before the drill began")


def test_a_file_that_changes_meanwhile_is_told(home: Path, tmp_path: Path) -> None:
    own = Path(shutil.copytree(home, tmp_path / "home"))

    def spoil(_: object) -> None:
        next((own / "var/data").glob("*/*.json")).write_bytes(b"changed")

    drill = run(own, 1, spoil)

    assert not drill.untouched
    assert not drill.passed
    assert any("CHANGED meanwhile" in line for line in conclusion_of(drill, 1.0))


def test_a_log_that_only_grew_meanwhile_is_untouched(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    sizes, before = fingerprint(world.home)
    grow(world)

    assert fingerprint(world.home, sizes)[1] == before
    closed(world)


def grow(world: World) -> None:
    world.later(60)
    world.quiet_cycle(world.moment.date(), "10:35", "93")


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.harm.__name__)
def test_a_damage_changes_the_copy_and_is_undone(home: Path, tmp_path: Path, damage: Damage) -> None:
    copy = Copy.of(home, tmp_path / "copy", seed=1)
    copy.evidence = (sha256(KEPT).hexdigest(),)
    before = {path: path.read_bytes() for path in copy.home.rglob("*") if path.is_file()}

    said = damage.harm(copy)
    spoilt = {path: path.read_bytes() for path in copy.home.rglob("*") if path.is_file()}
    copy.restore()

    assert said
    assert spoilt != before
    assert {path: path.read_bytes() for path in copy.home.rglob("*") if path.is_file()} == before


def test_a_damage_that_goes_unnoticed_fails_the_drill(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary: a damage that nothing could detect."""
    unnoticed = Damage("nothing at all", lambda _: "nothing was done", "found")
    monkeypatch.setattr("trader.drill.DAMAGES", (unnoticed,))

    drill = run(home, 1)

    assert not drill.passed
    assert list(conclusion_of(drill, 1.0))[-1] == "NOT DETECTED: nothing at all; report this"


def test_a_note_of_something_else_is_no_detection(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The canary for notes: one lies there already, and the damage itself is not noticed."""
    own = Path(shutil.copytree(home, tmp_path / "home"))
    (own / "var/events/2005-04-01.jsonl").chmod(0o600)
    monkeypatch.setattr("trader.drill.DAMAGES", (Damage("nothing", lambda _: "HEAD.0: nothing was done", "noted"),))

    assert not run(own, 1).passed


def test_what_is_not_there_is_not_damaged(tmp_path: Path) -> None:
    copy = Copy.of(closed(new_world(tmp_path / "home")), tmp_path / "copy", seed=1)

    with pytest.raises(NotHere, match="no Parquet copies yet"):
        copy.parquet_copy()


def test_a_trial_is_told_in_three_lines_at_most(home: Path) -> None:
    told = [list(lines_of(trial)) for trial in run(home, 1).trials]

    assert {len(lines) for lines in told} <= {2, 3}
    assert all(lines[0].startswith(" ✓ ") for lines in told)


def test_the_command_tells_its_figures(home: Path) -> None:
    shown = command("doctor", "--fire-drill", home=home)

    assert shown.returncode == exits.FINE, shown.stdout + shown.stderr
    assert "21 of 21 damages detected · 1 of 1 torn writes repaired" in shown.stdout
    assert "untouched" in shown.stdout.splitlines()[-1]


def test_the_command_tells_its_trials_as_json(home: Path) -> None:
    shown = command("doctor", "--fire-drill", "--format", "json", home=home)

    told = json.loads(shown.stdout)
    assert (shown.returncode, told["passed"], told["untouched"]) == (exits.FINE, True, True)
    assert [trial["damage"] for trial in told["trials"]] == [damage.name for damage in DAMAGES]


def test_without_a_log_there_is_no_drill(tmp_path: Path) -> None:
    shown = command("doctor", "--fire-drill", home=tmp_path)

    assert shown.returncode == exits.COULD_NOT
    assert shown.stderr.startswith("log-missing: ")
