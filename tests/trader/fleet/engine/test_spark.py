"""The same tasks on Spark: the same bytes as here, whatever is killed. Skipped where Spark is not installed."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.trader.fleet.engine.conftest import OLD, ONE, TERMS, TWO, killing, one_by_one
from trader.fleet.engine.tasks import TASKS, Bring, died

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FAILURES_MAX = 4  # of one Spark task, as a cluster has it by default
pytestmark = [pytest.mark.xdist_group("spark"), pytest.mark.timeout(300)]
pytestmark += [pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")]


@pytest.fixture(scope="module")
def spark(spark_is_there: Path) -> Iterator[SparkSession]:
    from trader.fleet.engine.spark import session

    with session(f"local[2,{FAILURES_MAX}]", 3) as spark:
        yield spark


def test_spark_answers_the_same_bytes_as_the_homes(spark: SparkSession, bring: Mapping[str, Bring], uri: str) -> None:
    from trader.fleet.engine.archived_home import archived
    from trader.fleet.engine.spark import asked

    files = archived(uri)

    for task in TASKS:
        answers = asked(spark, task, uri, files, TERMS)
        assert [answers[name] for name in sorted(answers)] == one_by_one(task, bring), task


def test_a_worker_that_is_killed_loses_no_account_and_doubles_none(
    spark: SparkSession, spark_is_there: Path, bring: Mapping[str, Bring], uri: str
) -> None:
    from trader.fleet.engine.archived_home import archived
    from trader.fleet.engine.spark import asked

    with killing(spark_is_there, ONE, times=1) as killed:
        answers = asked(spark, "audit", uri, archived(uri), TERMS)

    assert len(killed) == 1
    assert [answers[name] for name in sorted(answers)] == one_by_one("audit", bring)


def test_an_account_whose_worker_always_dies_stops_no_other(
    spark: SparkSession, spark_is_there: Path, bring: Mapping[str, Bring], uri: str
) -> None:
    from trader.fleet.engine.archived_home import archived
    from trader.fleet.engine.spark import asked_apart

    with killing(spark_is_there, ONE, times=sys.maxsize):
        answers = asked_apart(spark, "audit", uri, archived(uri), TERMS)

    old, _, two = one_by_one("audit", bring)
    assert answers == {OLD: old, ONE: died("audit", ONE), TWO: two}


def test_without_spark_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from trader.fleet.engine.spark import SparkMissing, session

    monkeypatch.setitem(sys.modules, "pyspark.sql", None)

    with pytest.raises(SparkMissing, match=r"tallybook\[spark\]"), session("local", 1):
        pass
