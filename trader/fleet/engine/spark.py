"""The Spark engine: a task for every account of an archive, on the workers of a cluster.

Spark reads the Parquet files that the archive's table names at the moment of asking, and brings each account's rows
together (`applyInPandas`); a worker makes the account's home of them, checked by its seals, and runs the same function
as any other engine. Workers need tallybook[spark] installed, and the archive's folder at the same path. A worker that
dies is Spark's business: its accounts run again elsewhere, and only one answer of each counts.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.errors import Refusal
from queries.archive.rows import Row
from queries.archive.table import ArchivedFile
from trader.fleet.engine.archived_home import home_of_rows, last_seq
from trader.fleet.engine.tasks import TASKS, answer, died
from trader.fleet.engine.terms import Terms

if TYPE_CHECKING:
    import pandas as pd
    from pyspark.sql import SparkSession

PARTITIONS_MAX = 2_000
READ = "account string, month string, day date, seq long, hash string, line string, day_sha256 string"
ANSWERS = "account string, line string"
DEATHS = ("Python worker exited unexpectedly", "ExecutorLostFailure")  # how Spark calls a process that was no more
OBJECT_STORES = {"s3://": "s3a://"}  # as Hadoop calls them
CALLED = "An error occurred while calling"
LOOPBACK = "127.0.0.1"
LOCAL = {  # a master on this machine: nothing listens elsewhere
    "spark.driver.host": LOOPBACK,
    "spark.driver.bindAddress": LOOPBACK,
}
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.sql.adaptive.enabled": "false",  # it would join small partitions, and so accounts, into one task
    "spark.sql.execution.arrow.useLargeVarTypes": "true",  # an account's lines may be more than 2 GB of text
}


class SparkMissing(Refusal):
    """What the Spark engine needs is not installed."""

    code = "spark-not-installed"


class SparkFailed(Refusal):
    """Spark did not come to an end, or not to an answer of each account."""

    code = "spark-failed"


def run(name: str, uri: str, files: Mapping[str, tuple[ArchivedFile, ...]], terms: Terms, master: str) -> Iterator[str]:
    """Ask a task of every account on Spark; yield their lines in the order of the accounts."""
    with session(master, min(len(files), PARTITIONS_MAX)) as spark:
        answers = asked_apart(spark, name, uri, files, terms)
    if sorted(answers) != sorted(files):
        lost = sorted(set(files) - set(answers))
        raise SparkFailed(f"expected an answer of each of {len(files)} accounts, found none of {', '.join(lost[:3])}")
    yield from (answers[account] for account in sorted(answers))


def asked_apart(
    spark: SparkSession, name: str, uri: str, files: Mapping[str, tuple[ArchivedFile, ...]], terms: Terms
) -> dict[str, str]:
    """Ask as `asked` does; an account whose worker dies each time it is tried stops no other.

    Spark gives a whole job up when one of its tasks has failed too often, without a word of the account: so each half
    is asked by itself, until the account stands alone. That costs at most as much again for each such account.
    """
    try:
        return asked(spark, name, uri, files, terms)
    except Exception as error:
        if not any(sign in str(error) for sign in DEATHS):
            raise
    accounts = sorted(files)
    if len(accounts) == 1:
        return {accounts[0]: died(name, accounts[0])}
    half = len(accounts) // 2
    halves = ({account: files[account] for account in part} for part in (accounts[:half], accounts[half:]))
    first, second = (asked_apart(spark, name, uri, part, terms) for part in halves)
    return first | second


def asked(
    spark: SparkSession, name: str, uri: str, files: Mapping[str, tuple[ArchivedFile, ...]], terms: Terms
) -> dict[str, str]:
    """Ask in a session that is there; return each account's line."""
    paths = [_path(file.uri) for mine in files.values() for file in mine]
    root = _path(next(iter(files.values()))[0].root)
    rows = spark.read.schema(READ).option("basePath", root).parquet(*paths)
    chosen = rows.selectExpr("account", "CAST(day AS STRING) day", "seq", "hash", "line", "day_sha256")
    function = _function(name, uri, {account: last_seq(mine) for account, mine in files.items()}, terms)
    said = chosen.groupBy("account").applyInPandas(function, ANSWERS).collect()
    answers = {row["account"]: row["line"] for row in said}
    if len(answers) != len(said):
        raise SparkFailed(f"expected one answer of each account, found {len(said)} of {len(answers)}")
    return answers


def _function(name: str, uri: str, last: Mapping[str, int], terms: Terms) -> Any:
    """Return what a worker does with the rows of one account."""
    evidence = uri if TASKS[name].reads_evidence else ""

    def ask(key: tuple[str], frame: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        (account,) = key

        def bring(folder: Path) -> Path:
            return home_of_rows(lambda: _rows(frame), last[account], evidence, folder)

        return pd.DataFrame({"account": [account], "line": [answer(name, account, bring, terms)]})

    return ask


def _rows(frame: pd.DataFrame) -> Iterator[Row]:
    """Yield the rows of one account in the order of its log: Spark keeps none."""
    ordered = frame.sort_values("seq")
    names = ("seq", "day", "hash", "line", "day_sha256")
    for seq, day, digest, text, day_sha256 in zip(*(ordered[name] for name in names), strict=True):
        yield Row(int(seq), date.fromisoformat(day), digest, text.encode() + b"\n", day_sha256)


def _path(uri: str) -> str:
    for ours, theirs in OBJECT_STORES.items():
        if uri.startswith(ours):
            return theirs + uri.removeprefix(ours)
    return uri


@contextmanager
def session(master: str, partitions: int) -> Iterator[SparkSession]:
    """Open a session, and close it; what Spark failed at is told in a line."""
    builder = _builder()
    local = master.startswith("local")
    if local:  # workers are processes of this machine, and of this installation
        os.environ.setdefault("SPARK_LOCAL_IP", LOOPBACK)
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    told = {
        "spark.sql.shuffle.partitions": str(partitions),
        "spark.ui.showConsoleProgress": str(sys.stderr.isatty()).lower(),
    }
    settings = {**SETTINGS, **told, **(LOCAL if local else {})}
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
            spark: SparkSession = builder.master(master).appName("tallybook").getOrCreate()
            try:
                spark.sparkContext.setLogLevel("ERROR")
                yield spark
            finally:
                spark.stop()
    except (PySparkException, Py4JError) as error:
        raise SparkFailed(f"{master}: expected an end of the task, found: {_why(error)}") from error


def _why(error: Exception) -> str:
    """Return the first line that tells what happened: the very first may only name the call."""
    lines = (one.strip(": ") for one in str(error).splitlines())
    return next((one for one in lines if one and not one.startswith(CALLED)), type(error).__name__)


def _builder() -> Any:
    try:
        from pyspark.sql import SparkSession
    except ModuleNotFoundError:
        raise SparkMissing(
            "pyspark: expected to be installed, found it missing; run: pip install 'tallybook[spark]', with Java 17"
        ) from None
    return SparkSession.builder
