from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from ledger.book import replay
from ledger.bridge import LINE_OF
from ledger.bridged_days import BridgedDay
from ledger.checkpoints import rebuild
from ledger.log import read_events
from queries import UnknownDay
from queries.bridge import bridge_of, bridge_words, days_of, print_bridges
from tests.history.telling import tell
from tests.queries.history import TUESDAY, WEDNESDAY, closed, two_sessions


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return closed(two_sessions(tmp_path_factory.mktemp("home")))


def test_every_day_of_a_home_is_bridged(home: Path) -> None:
    days = tuple(days_of(home))

    assert [(told.day, bridge_words(told)) for told in days] == [
        (
            TUESDAY,
            "bridge unrealised +68.67  commissions -3.00  flows +100,000.00 = +100,065.67   residual 0.00",
        ),
        (WEDNESDAY, "bridge unrealised +15.00 = +15.00   residual 0.00"),
    ]


def test_a_day_is_bridged_alike_from_a_checkpoint_and_from_the_log(home: Path) -> None:
    assert rebuild(home) == 1

    assert tuple(days_of(home, WEDNESDAY, WEDNESDAY)) == tuple(days_of(home))[1:]
    assert bridge_of(home, WEDNESDAY) == tuple(days_of(home))[1]


def test_a_day_on_which_nothing_finished_has_no_bridge(home: Path) -> None:
    with pytest.raises(UnknownDay, match="2005-03-05: expected a trading day with a finished cycle, found none"):
        tuple(days_of(home, date(2005, 3, 5), date(2005, 3, 5)))
    with pytest.raises(UnknownDay, match="2006-01-01 to the end"):
        tuple(days_of(home, date(2006, 1, 1)))
    with pytest.raises(UnknownDay, match="the beginning to 2001-01-01"):
        tuple(days_of(home, None, date(2001, 1, 1)))
    assert bridge_of(home, date(2005, 3, 5)) is None


def test_one_day_is_told_line_by_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = print_bridges(days_of(home, TUESDAY, TUESDAY), "USD", "table")

    assert status == 0
    assert capsys.readouterr().out.splitlines() == [
        "2005-03-01  NAV 0.00 → 100,065.67 USD",
        " unrealised        +68.67",
        " commissions        -3.00",
        " flows        +100,000.00",
        " = change     +100,065.67  residual 0.00",
    ]


def test_several_days_are_told_with_their_sum(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = print_bridges(days_of(home), "USD", "table")

    assert status == 0
    assert capsys.readouterr().out.splitlines() == [
        "day            opening  unrealised  commissions        flows     closing  residual",
        "2005-03-01        0.00      +68.67        -3.00  +100,000.00  100,065.67      0.00",
        "2005-03-02  100,065.67      +15.00        +0.00        +0.00  100,080.67      0.00",
        "together          0.00      +83.67        -3.00  +100,000.00  100,080.67      0.00",
    ]


def test_json_and_csv_keep_every_line_and_digit(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert print_bridges(days_of(home, WEDNESDAY), "USD", "json") == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert print_bridges(days_of(home, WEDNESDAY), "USD", "csv") == 0
    heading, line = capsys.readouterr().out.splitlines()

    assert (told["day"], told["unrealised"], told["residual"], told["prior_period"]) == ("2005-03-02", "15", "0", "0")
    assert heading.split(",") == list(told)
    assert line.split(",")[:2] == ["2005-03-02", told["opening"]]


def test_an_unknown_day_among_others_leaves_their_sum_unknown(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    days = (*days_of(home), BridgedDay(date(2005, 3, 3), None, "IBM: no mark was reported"))

    status = print_bridges(days, "USD", "table")

    said = capsys.readouterr().out.splitlines()
    assert status == 1
    assert said[-2].split(maxsplit=7) == ["2005-03-03", *6 * ["unknown"], "IBM: no mark was reported"]
    assert said[-1] == "together: unknown, for 1 of 3 days are"


def test_a_single_unknown_day_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    told = BridgedDay(TUESDAY, None, "IBM: no mark was reported")

    assert print_bridges([told], "USD", "table") == 1
    assert capsys.readouterr().out == "2005-03-01  unknown: IBM: no mark was reported\n"
    assert bridge_words(told) == "bridge unknown: IBM: no mark was reported"


def test_a_history_that_says_everything_leaves_no_residual_and_no_account_without_a_line(tmp_path: Path) -> None:
    home = tmp_path / "home"
    tell(home)
    book = replay(lambda: read_events(home), retain=True)
    assets = {"cash", "accruals"}

    bridges = [told.bridge for told in days_of(home)]
    accounts = {account for account, _ in book.journal if not account.startswith(("position:", "variation:"))}

    assert [found is not None and found.residual for found in bridges] == [0] * len(bridges)
    assert len(bridges) == 3
    assert accounts - assets - set(LINE_OF) == set()
