"""What may be asked of one account: of its sealed days, whoever keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

import pytest

from ledger.book import book_hash, replay
from ledger.log import read_events
from queries.sealed import events_of, seals
from tests.trader.fleet.engine.conftest import OLD, ONE, TERMS, one_by_one
from trader import exits
from trader.fleet.accounts import FleetWrong
from trader.fleet.engine.sealed_home import sealed_home
from trader.fleet.engine.tasks import TASKS, Bring, answer
from trader.fleet.engine.terms import Terms


def asked(task: str, home: Path, terms: Terms = TERMS) -> tuple[dict[str, Any], int]:
    told = json.loads(answer(task, home.name, partial(sealed_home, home), terms))
    assert (told["task"], told["account"]) == (task, home.name)
    return told["found"], told["exit"]


def test_a_replay_tells_the_book_of_the_sealed_days(homes: Mapping[str, Path]) -> None:
    home = homes[ONE]
    events = [event for seal in seals(home) for event in events_of(home, seal)]

    found, status = asked("replay", home)

    assert found == {"book": book_hash(replay(events)), "events": len(events), "head": events[-1].hash}
    assert status == exits.FINE
    assert len(list(read_events(home))) > len(events)  # today is not sealed


def test_every_decision_of_a_sound_account_comes_out_again(homes: Mapping[str, Path]) -> None:
    audited, status = asked("audit", homes[ONE])
    reconciled, also = asked("reconcile", homes[ONE])

    assert (audited["cycles"], audited["equal"], audited["divergences"]) == (4, 4, [])
    assert (reconciled["reconciled"], reconciled["open_breaks"], reconciled["divergences"]) == (8, [], [])
    assert status == also == exits.FINE


def test_a_period_bounds_what_is_decided_again_and_what_returned(homes: Mapping[str, Path]) -> None:
    (first, *_) = sorted(seal.file.removesuffix(".jsonl") for seal in seals(homes[ONE]))
    day = date.fromisoformat(first)

    assert asked("audit", homes[ONE], Terms(day, day))[0]["cycles"] == 2
    assert asked("returns", homes[ONE], Terms(day, day))[0]["periods"][-1]["opening"] == "51000"
    found, status = asked("returns", homes[ONE], Terms(date(1990, 1, 1), date(1990, 1, 2)))
    assert "expected a trading day of the range" in found["error"]
    assert status == exits.COULD_NOT


def test_a_history_under_a_lower_limit_orders_less(homes: Mapping[str, Path]) -> None:
    found, _ = asked("limits", homes[ONE])
    same, _ = asked("limits", homes[ONE], Terms(over={"limits": {}}))
    none, status = asked("limits", homes[ONE], Terms())

    first = found["differing"][0]
    assert first["recorded"]["orders"] != first["otherwise"]["orders"]
    assert same["differing"] == []
    assert "--with" in none["error"]
    assert status == exits.COULD_NOT


def test_lost_evidence_is_bad_news_and_names_no_folder_of_the_moment(homes: Mapping[str, Path], tmp_path: Path) -> None:
    home = Path(copytree(homes[ONE], tmp_path / "home"))
    rmtree(home / "var" / "data")

    for task in ("verify", "audit"):
        found, status = asked(task, home)
        assert status == exits.BAD_NEWS
        assert "tallybook-engine-" not in json.dumps(found)


@pytest.mark.parametrize("task", TASKS)
def test_a_damaged_day_is_told_and_is_no_exception(task: str, homes: Mapping[str, Path], tmp_path: Path) -> None:
    home = Path(copytree(homes[ONE], tmp_path / "home"))
    day = home / "var" / "events" / seals(home)[0].file
    day.chmod(0o600)
    day.write_bytes(day.read_bytes().replace(b'"mode":"paper"', b'"mode":"papes"'))

    assert asked(task, home)[1] != exits.FINE


def test_a_home_without_a_sealed_day_says_so(homes: Mapping[str, Path], tmp_path: Path) -> None:
    home = Path(copytree(homes[ONE], tmp_path / "home"))
    for path in sorted((home / "var" / "events").iterdir())[1:]:
        path.unlink()

    found, status = asked("replay", home)

    assert found["error"].startswith("nothing-sealed: home: expected a sealed day")
    assert status == exits.COULD_NOT


@pytest.mark.parametrize("task", TASKS)
def test_an_archive_answers_the_same_bytes_as_the_homes(task: str, bring: Mapping[str, Bring], uri: str) -> None:
    from trader.fleet.engine.archived_home import archived, archived_home

    files = archived(uri)
    of_archive = {name: partial(archived_home, uri, mine, TASKS[task].reads_evidence) for name, mine in files.items()}

    assert one_by_one(task, of_archive) == one_by_one(task, bring)
    assert sorted(files)[0] == OLD


def test_rows_that_somebody_lost_or_doubled_are_refused(uri: str, tmp_path: Path) -> None:
    from queries.archive.reading import rows
    from queries.archive.rows import Row
    from trader.fleet.engine.archived_home import archived, home_of_rows, last_seq

    told, last = list(rows(uri, ONE)), last_seq(archived(uri)[ONE])

    for wrong in (told[:-1], told[1:], [*told[:5], *told[4:]], [*told[:5], *told[6:]], list[Row]()):
        bring = partial(home_of_rows, partial(iter, wrong), last, "")
        found = json.loads(answer("replay", ONE, bring, TERMS))
        assert found["found"]["error"].startswith("archive-damaged: ")


def test_an_archive_without_rows_and_an_account_that_it_lacks_are_refused(uri: str, tmp_path: Path) -> None:
    from queries.archive.errors import ArchiveMissing
    from queries.archive.stores import store_of
    from queries.archive.table import open_to_write
    from trader.fleet.engine.archived_home import archived

    open_to_write(store_of(str(tmp_path / "empty")))

    with pytest.raises(ArchiveMissing, match="expected rows of an account"):
        archived(str(tmp_path / "empty"))
    with pytest.raises(FleetWrong, match="DU9999999: expected an account of the archive"):
        archived(uri, ["DU9999999"])
