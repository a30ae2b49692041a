"""The archive as others read it: DuckDB with its own extension, and the Spark API as Sail serves it; no code of ours.

`python -m benchmarks.foreign_readers`, beside a package registry: both are installed into an environment of their own,
since the extension is made for one version of DuckDB. Accounts are archived on a folder and on a store that speaks S3
(moto's server), and each reader is asked the SQL of docs/archive.md over both. The fills have to be the books', to the
last digit, and every day what its seal says. The result is written into docs/soak.md.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.fleet_copies import fleet_copies
from benchmarks.sections import write_section
from queries.archive.reading import accounts
from queries.archive.typed import connect
from queries.archive.writing import export

ACCOUNTS, SESSIONS = 4, 40
DUCKDB, SAIL = "1.5.5", "0.7.2"
INSTALLED = (
    f"duckdb=={DUCKDB}", f"duckdb-extensions=={DUCKDB}", f"duckdb-extension-delta=={DUCKDB}",
    f"duckdb-extension-httpfs=={DUCKDB}", f"pysail=={SAIL}", "pyspark[connect]==4.1.4",
)  # fmt: skip
BUCKET = "archives"
DOCS = Path(__file__).parents[1] / "docs"
REPORT, HEADING = DOCS / "soak.md", "Other readers"

# Each is given an archive and SQL, and prints the rows of its statements as JSON.
READ_BY_DUCKDB = """
import json, os, sys
import duckdb
from duckdb_extensions import import_extension

con = duckdb.connect()
for name in ("delta", "httpfs"):
    import_extension(name)
    con.execute(f"LOAD {name}")
if server := os.environ.get("AWS_ENDPOINT_URL"):
    con.execute(
        "CREATE SECRET (TYPE s3, KEY_ID 'key', SECRET 'secret', REGION 'us-east-1', URL_STYLE 'path', USE_SSL false, "
        f"ENDPOINT '{server.removeprefix('http://')}')"
    )
questions = sys.argv[2].replace("/mnt/archive", sys.argv[1]).split(";")
print(json.dumps([con.execute(sql).fetchall() for sql in questions if sql.strip()], default=str))
"""
READ_BY_SAIL = """
import json, sys
from pysail.spark import SparkConnectServer
from pyspark.sql import SparkSession

server = SparkConnectServer("127.0.0.1", 0)
server.start()
spark = SparkSession.builder.remote("sc://127.0.0.1:{}".format(server.listening_address[1])).getOrCreate()
spark.read.format("delta").load(sys.argv[1] + "/events").createOrReplaceTempView("events")
asked = [sql for sql in sys.argv[2].split(";") if sql.strip()]
print(json.dumps([[tuple(row) for row in spark.sql(sql).collect()] for sql in asked], default=str))
"""
SPARK_SQL = """
SELECT account, month, get_json_object(event, '$.con_id') AS con_id,
    sum(CAST(get_json_object(event, '$.quantity') AS DECIMAL(38, 12))) AS quantity
FROM events WHERE type = 'order_filled' GROUP BY 1, 2, 3;
SELECT account, day FROM (
    SELECT account, day, day_sha256, transform(sort_array(collect_list(struct(seq, line))), x -> x.line) AS lines
    FROM events GROUP BY account, day, day_sha256
) WHERE sha2(concat(array_join(lines, chr(10)), chr(10)), 256) <> day_sha256
"""
THE_PAGES_SQL = re.findall(r"```sql\n(.*?)```", (DOCS / "archive.md").read_text(encoding="utf-8"), re.S)[0]
READERS = (
    (f"DuckDB {DUCKDB}, extension delta", READ_BY_DUCKDB, THE_PAGES_SQL),
    (f"Sail {SAIL}, the Spark API", READ_BY_SAIL, SPARK_SQL),
)


@contextmanager
def store() -> Iterator[str]:
    """Serve a bucket for as long as the block lasts, named by the environment as any user would."""
    import boto3
    from moto.server import ThreadedMotoServer

    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    os.environ |= {
        "AWS_ENDPOINT_URL": "http://{}:{}".format(*running.get_host_and_port()), "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    try:
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield f"s3://{BUCKET}/books"
    finally:
        running.stop()


def environment(folder: Path) -> Path:
    """Install the readers by themselves; return their Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *INSTALLED], check=True)
    return python


def fills(uri: str) -> list[list[str]]:
    """Return what the books say: account, month, contract, and the quantity that was filled."""
    sql = """SELECT account, strftime(recorded_at, '%Y-%m'), con_id, CAST(sum(quantity) AS DECIMAL(38, 12))
        FROM order_filled GROUP BY ALL"""
    return sorted(
        [str(value) for value in row]
        for account in accounts(uri)
        for row in connect(uri, account, wanted=("order_filled",)).execute(sql).fetchall()
    )


def read(python: Path, script: str, uri: str, sql: str) -> tuple[list[list[str]], list[list[str]]]:
    """Have a reader answer the page's two questions: the fills, sorted, and the days that are not as sealed."""
    ran = subprocess.run([python, "-c", script, uri, sql], stdout=subprocess.PIPE, text=True, check=True)
    bought, broken = json.loads(ran.stdout.splitlines()[-1])
    return sorted(bought), broken


def main() -> int:
    """Archive, ask, compare; return 1 where an answer differs."""
    told, equal = [f"{ACCOUNTS} accounts of {SESSIONS} sessions, asked by `python -m benchmarks.foreign_readers`."], []
    with tempfile.TemporaryDirectory() as folder, store() as bucket:
        homes = tuple(fleet_copies(Path(folder) / "homes", ACCOUNTS, SESSIONS))
        python = environment(Path(folder) / "readers")
        for uri, where in ((f"{folder}/archive", "a folder"), (bucket, "a store that speaks S3")):
            for home in homes:
                export(home, uri)
            expected = fills(uri)
            for reader, script, sql in READERS:
                found, broken = read(python, script, uri, sql)
                equal.append(found == expected and not broken)
                told.append(
                    f"{reader}, on {where}: {len(found)} sums of fills, {sum(row not in expected for row in found)} "
                    f"other than the books', {len(broken)} days other than sealed."
                )
                print(told[-1], flush=True)
    write_section(REPORT, HEADING, told)
    return 0 if all(equal) else 1


if __name__ == "__main__":
    sys.exit(main())
