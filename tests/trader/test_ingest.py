"""Data of several sources: read, checked, compared, kept; a failure is a fact of the cycle."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ledger.events import ContractDefined, DataIngested, Fact, StepFailed
from tests.trader.decisions import AAPL, IBM, KO, SESSION, D, contract, situation, started, told
from trader.bars import Bar, read_series
from trader.broker import BrokerIncomplete, BrokerLost
from trader.calendar import Calendar
from trader.evidence import get
from trader.ingest import BarRules, ingest, ingested_bars
from trader.sources import BrokerBars, FolderBars, Source, SourceError

CALENDAR = Calendar.load()
YESTERDAY = date(2005, 2, 28)
UNIVERSE = (contract(AAPL), contract(IBM))
SHARED_DAILY = Path(__file__).parents[2] / ".." / "shared" / "data" / "daily"

MANY = """Ticker,Date,Open,High,Low,Close,Volume,Adj Close
AAPL,2005-02-25,89.62,89.91,88.19,88.99,32666400,43.025
AAPL,2005-02-28,44.68,45.14,43.96,44.86,23271100,43.378
AAPL,2005-03-01,44.99,45.11,44.16,44.50,16712600,43.03
IBM,2005-02-25,92.0,93.0,91.5,92.8,5000000,84.2
IBM,2005-02-28,92.6,92.9,92.1,92.58,5100000,84.0
FB,2005-02-28,x,x,x,x,x,x
"""
ONE = """date,open,high,low,close,volume
2005-02-28,44.68,45.14,43.96,44.86,23271100
2005-02-25,89.62,89.91,88.19,88.99,32666400
"""


def folder(path: Path, files: Mapping[str, str]) -> FolderBars:
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        content = text.encode()
        (path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return FolderBars(path)


def bar(day: str, close: str, adjusted: str | None = None) -> Bar:
    price = D(close)
    return Bar(date.fromisoformat(day), price, price, price, price, D("1000"), D(adjusted) if adjusted else None)


@dataclass
class Desk:
    """A broker that has been told what to answer."""

    bars: dict[str, tuple[Bar, ...]] = field(default_factory=dict)
    problem: Exception | None = None
    asked: list[tuple[str, int, date]] = field(default_factory=list)

    def daily_bars(self, contract: ContractDefined, days: int, before: date) -> tuple[Bar, ...]:
        self.asked.append((contract.symbol, days, before))
        if self.problem:
            raise self.problem
        return self.bars[contract.symbol]


def both(aapl: str = "44.86", ibm: str = "92.58") -> BrokerBars:
    return BrokerBars(Desk({"AAPL": (bar("2005-02-28", aapl),), "IBM": (bar("2005-02-28", ibm),)}))


def ingested(home: Path, *sources: Source, rules: BarRules | None = None) -> tuple[Fact, ...]:
    return ingest(situation(), home, sources, UNIVERSE, CALENDAR, rules or BarRules())


def reasons(facts: tuple[Fact, ...]) -> list[str]:
    return [fact.reason for fact in facts if isinstance(fact, StepFailed)]


def test_one_file_of_many_tickers_is_read_up_to_the_day_before(tmp_path: Path) -> None:
    fetched = folder(tmp_path / "bars", {"stocks.csv.gz": MANY}).fetch(UNIVERSE, YESTERDAY)

    assert [bar.day.isoformat() for bar in fetched[AAPL]] == ["2005-02-25", "2005-02-28"]
    assert fetched[IBM][-1] == Bar(YESTERDAY, D("92.6"), D("92.9"), D("92.1"), D("92.58"), D("5100000"), D("84.0"))


def test_a_file_a_ticker_is_read_and_sorted(tmp_path: Path) -> None:
    fetched = folder(tmp_path / "bars", {"AAPL.csv": ONE, "ibm.csv": ONE, "notes.csv": "a,b\n1,2\n"}).fetch(
        UNIVERSE, YESTERDAY
    )

    assert [bar.day.isoformat() for bar in fetched[IBM]] == ["2005-02-25", "2005-02-28"]
    assert fetched[AAPL][0].adjusted_close is None


def test_parquet_is_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "bars" / "all.parquet"
    path.parent.mkdir()
    (tmp_path / "many.csv").write_text(MANY.replace("FB,2005-02-28,x,x,x,x,x,x\n", ""))
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT * REPLACE (CAST(Close AS DECIMAL(18,4)) AS Close) FROM read_csv('{tmp_path / 'many.csv'}'))"
            f" TO '{path}' (FORMAT parquet)"
        )

    fetched = FolderBars(path.parent).fetch(UNIVERSE, YESTERDAY)

    assert fetched[AAPL][-1].close == D("44.86")
    assert fetched[AAPL][-1].day == YESTERDAY


def test_a_single_file_serves_as_a_folder(tmp_path: Path) -> None:
    source = folder(tmp_path / "bars", {"stocks.csv": MANY})

    assert FolderBars(source.path / "stocks.csv").fetch(UNIVERSE, YESTERDAY) == source.fetch(UNIVERSE, YESTERDAY)


def test_only_the_last_bars_are_kept(tmp_path: Path) -> None:
    source = replace(folder(tmp_path / "bars", {"stocks.csv": MANY}), days=1)

    assert [len(series) for series in source.fetch(UNIVERSE, YESTERDAY).values()] == [1, 1]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        pytest.param({}, "every ticker: expected .* to be a folder with files .csv", id="empty folder"),
        pytest.param({"AAPL.csv": ONE}, "IBM: expected bars up to 2005-02-28, found none", id="a ticker is missing"),
        pytest.param({"a.csv": MANY, "AAPL.csv": ONE}, "AAPL: stands in a.csv and in another", id="a ticker twice"),
        pytest.param({"AAPL.csv": "date,open\n"}, "AAPL: AAPL.csv lacks the column 'high'", id="a column is missing"),
        pytest.param({"AAPL.csv": ONE + "2005-02-24,1,2\n"}, "row 4: expected 6 columns, found 3", id="a short row"),
        pytest.param({"AAPL.csv": ONE.replace("88.99", "")}, "column close: expected a number, found ''", id="a gap"),
        pytest.param({"AAPL.csv": ONE.replace("2005-02-25", "25/02/05")}, "row 3: expected a date like", id="a date"),
        pytest.param({"AAPL.csv": ONE.replace("2005-02-25", "2005-02-00")}, "AAPL: AAPL.csv: day is out", id="no day"),
    ],
)
def test_a_folder_that_does_not_answer_whole_is_named(tmp_path: Path, files: dict[str, str], problem: str) -> None:
    with pytest.raises(SourceError, match=f"source folder: .*{problem}"):
        folder(tmp_path / "bars", files).fetch(UNIVERSE, YESTERDAY)


def test_a_torn_gzip_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bars"
    path.mkdir()
    (path / "stocks.csv.gz").write_bytes(gzip.compress(MANY.encode())[:-20])

    with pytest.raises(SourceError, match=r"stocks\.csv\.gz cannot be read"):
        FolderBars(path).fetch(UNIVERSE, YESTERDAY)


def test_one_ticker_of_two_contracts_cannot_be_told_apart_in_files(tmp_path: Path) -> None:
    universe = (contract(AAPL), contract(IBM, symbol="AAPL"))

    with pytest.raises(SourceError, match="AAPL: two contracts of the universe bear this ticker"):
        folder(tmp_path / "bars", {"stocks.csv": MANY}).fetch(universe, YESTERDAY)


@pytest.mark.skipif(not SHARED_DAILY.is_dir(), reason=f"needs the recorded bars of {SHARED_DAILY}")
def test_recorded_bars_with_dividend_and_split_columns_are_read() -> None:
    fetched = FolderBars(SHARED_DAILY).fetch((contract(AAPL), contract(KO)), date(2012, 1, 4))

    assert fetched[AAPL][0].close == D("58.747143")
    assert [len(series) for series in fetched.values()] == [2, 2]


def test_the_broker_is_asked_for_bars_before_the_session(tmp_path: Path) -> None:
    desk = Desk({"AAPL": (bar("2005-02-28", "44.86"), bar("2005-03-01", "44.50")), "IBM": (bar("2005-02-28", "92"),)})

    fetched = BrokerBars(desk, days=2).fetch(UNIVERSE, YESTERDAY)

    assert desk.asked == [("AAPL", 2, SESSION), ("IBM", 2, SESSION)]
    assert [bar.day for bar in fetched[AAPL]] == [YESTERDAY]  # today's is not over


@pytest.mark.parametrize(
    ("desk", "problem"),
    [
        pytest.param(Desk({"AAPL": (), "IBM": ()}), "source broker: AAPL: expected daily bars", id="none"),
        pytest.param(Desk(problem=BrokerIncomplete("no-answer", "AAPL: late")), "AAPL: late", id="late"),
    ],
)
def test_a_broker_that_does_not_answer_whole_fails_the_step(tmp_path: Path, desk: Desk, problem: str) -> None:
    [failed] = ingested(tmp_path, BrokerBars(desk))

    assert isinstance(failed, StepFailed)
    assert problem in failed.reason


def test_a_lost_connection_is_the_broker_s_error_and_ends_the_cycle(tmp_path: Path) -> None:
    with pytest.raises(BrokerLost):
        ingested(tmp_path, BrokerBars(Desk(problem=BrokerLost("connection-lost", "socket closed"))))


def test_every_source_is_told_with_the_hashes_of_what_was_kept(tmp_path: Path) -> None:
    facts = ingested(tmp_path, folder(tmp_path / "bars", {"stocks.csv": MANY}), both())

    assert [fact.source for fact in facts if isinstance(fact, DataIngested)] == ["folder", "broker"]
    assert reasons(facts) == []
    told_of = facts[0]
    assert isinstance(told_of, DataIngested)
    row = told_of.series[0]
    assert (row.symbol, row.bars, row.last) == ("AAPL", 2, YESTERDAY)
    assert read_series(get(tmp_path, row.sha256))[-1].close == D("44.86")


def test_one_source_down_fails_the_step_and_the_other_is_kept_all_the_same(tmp_path: Path) -> None:
    facts = ingested(tmp_path, folder(tmp_path / "bars", {}), both())

    assert [type(fact) for fact in facts] == [StepFailed, DataIngested]


@pytest.mark.parametrize(
    ("last", "ages"),
    [
        pytest.param("2005-02-28", [], id="the session before"),
        pytest.param("2005-02-25", ["2 sessions before 2005-03-01"], id="a session missing, weekend apart"),
    ],
)
def test_stale_bars_fail_the_step(tmp_path: Path, last: str, ages: list[str]) -> None:
    facts = ingested(tmp_path, BrokerBars(Desk({"AAPL": (bar(last, "44.86"),), "IBM": (bar("2005-02-28", "92"),)})))

    assert len(reasons(facts)) == len(ages)
    assert all(age in reason and "AAPL: stale" in reason for age, reason in zip(ages, reasons(facts), strict=True))


def test_older_bars_may_be_allowed(tmp_path: Path) -> None:
    desk = Desk({"AAPL": (bar("2005-02-25", "44.86"),), "IBM": (bar("2005-02-28", "92"),)})

    assert reasons(ingested(tmp_path, BrokerBars(desk), rules=BarRules(bars_age_sessions_max=2))) == []


@dataclass(frozen=True)
class Oracle:
    """A source that knows today's close in the morning."""

    name: str = "oracle"

    def fetch(self, universe: tuple[ContractDefined, ...], last_day: date) -> dict[int, tuple[Bar, ...]]:
        return {one.con_id: (bar((last_day + timedelta(days=1)).isoformat(), "44"),) for one in universe}


def test_a_bar_of_the_session_itself_is_refused(tmp_path: Path) -> None:
    [failed] = ingested(tmp_path, Oracle())

    assert isinstance(failed, StepFailed)
    assert "that would be hindsight" in failed.reason


def test_a_bad_bar_fails_the_step_and_is_named(tmp_path: Path) -> None:
    files = {"stocks.csv": MANY.replace("45.14,43.96", "4.514,43.96")}

    assert reasons(ingested(tmp_path, folder(tmp_path / "bars", files))) == [
        "source folder: AAPL: 2005-02-28: expected a high of at least open, low and close, found 4.514; "
        "correct the data at their source"
    ]


@pytest.mark.parametrize(
    ("close", "count"),
    [
        pytest.param("45.3086", 0, id="at the limit"),
        pytest.param("45.31", 1, id="above"),
        pytest.param("89.72", 1, id="a split that only one source knows"),
    ],
)
def test_sources_that_disagree_on_a_close_fail_the_step(tmp_path: Path, close: str, count: int) -> None:
    facts = ingested(tmp_path, folder(tmp_path / "bars", {"stocks.csv": MANY}), both(aapl=close))

    assert len(reasons(facts)) == count
    assert all(
        reason.startswith(f"AAPL: sources disagree on the close of 2005-02-28: folder 44.86, broker {close}")
        for reason in reasons(facts)
    )


def test_sources_without_a_common_day_cannot_vouch_for_each_other(tmp_path: Path) -> None:
    old = BrokerBars(Desk({"AAPL": (bar("2005-02-24", "44"),), "IBM": (bar("2005-02-28", "92.58"),)}))
    rules = BarRules(bars_age_sessions_max=5)

    found = reasons(ingested(tmp_path, folder(tmp_path / "bars", {"stocks.csv": MANY}), old, rules=rules))

    assert found == ["AAPL: sources folder and broker have no day in common; expected one to compare"]


@pytest.mark.parametrize("adjusted_first", [True, False])
def test_the_source_with_adjusted_closes_serves_the_forecast(tmp_path: Path, adjusted_first: bool) -> None:
    sources: list[Source] = [folder(tmp_path / "bars", {"stocks.csv": MANY}), both()]
    facts = ingested(tmp_path, *(sources if adjusted_first else reversed(sources)))

    bars, hashes = ingested_bars(told(situation(instead={DataIngested: ()}), *facts), tmp_path)

    assert bars.signal_closes(AAPL) == (D("43.025"), D("43.378"))
    assert len(hashes) == 2


def test_without_adjusted_closes_the_first_source_serves(tmp_path: Path) -> None:
    facts = ingested(tmp_path, both(aapl="44.80"), folder(tmp_path / "bars", {"AAPL.csv": ONE, "IBM.csv": ONE}))

    bars, _ = ingested_bars(told(situation(instead={DataIngested: ()}), *facts), tmp_path)

    assert bars.closes(AAPL) == (D("44.80"),)


def test_a_closing_cycle_ingests_nothing(tmp_path: Path) -> None:
    book = told(situation(), started(kind="close", slot="2005-03-01/close"))

    assert ingest(book, tmp_path, (both(),), UNIVERSE, CALENDAR, BarRules()) == ()
    assert not (tmp_path / "var").exists()


def test_prices_are_decimals_as_they_were_written(tmp_path: Path) -> None:
    series = folder(tmp_path / "bars", {"stocks.csv": MANY}).fetch(UNIVERSE, YESTERDAY)[AAPL]

    assert {type(number) for one in series for number in (one.open, one.close, one.volume)} == {Decimal}
