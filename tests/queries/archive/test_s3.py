"""The archive on a store that speaks S3: moto's server, asked over HTTP with the settings of the environment."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from queries.archive.errors import ArchiveDamaged, ArchiveUnreachable
from queries.archive.reading import accounts, lines, parquet_files, rebuilt
from queries.archive.stores import store_of
from queries.archive.typed import connect
from queries.archive.writing import export
from queries.sealed import seals
from queries.verification import Subject, verify
from tests.queries.archive.homes import ACCOUNT, EVERY_DAY, OTHER_ACCOUNT, sealed_lines

BUCKET, SECRET = "archives", "not-to-be-printed"
PLACES = count()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An S3 server of this process."""
    moto = pytest.importorskip("moto.server", reason="needs moto[server]")
    boto3 = pytest.importorskip("boto3", reason="needs boto3, to make a bucket")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    running = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    try:
        endpoint = "http://{}:{}".format(*running.get_host_and_port())
        boto3.client(
            "s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key=SECRET
        ).create_bucket(Bucket=BUCKET)
        yield endpoint
    finally:
        running.stop()


@pytest.fixture
def store(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place in it of the test's own."""
    for name, value in (
        ("AWS_ENDPOINT_URL", server), ("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_REGION", raising=False)
    return f"s3://{BUCKET}/test-{next(PLACES)}"


def test_a_store_takes_the_archive_and_gives_it_back(home: Path, other: Path, store: str, tmp_path: Path) -> None:
    told = export(home, store)
    export(other, store)

    assert (told.days, told.evidence) == (len(seals(home)), 1)
    assert accounts(store) == (ACCOUNT, OTHER_ACCOUNT)
    assert list(lines(store, ACCOUNT)) == sealed_lines(home)
    assert verify(Subject(rebuilt(store, OTHER_ACCOUNT, tmp_path / "again"))).clean


def test_each_day_is_there_once_on_a_store_too(home: Path, store: str) -> None:
    def meanwhile(point: str) -> None:
        if point == "compared":
            export(home, store, bytes_a_commit=EVERY_DAY)

    told = export(home, store, bytes_a_commit=EVERY_DAY, at=meanwhile)

    assert (told.lost, told.days) == (1, 0)
    assert list(lines(store, ACCOUNT)) == sealed_lines(home)
    assert export(home, store).days == 0


def test_sql_asks_a_store(home: Path, store: str) -> None:
    export(home, store)

    con = connect(store, ACCOUNT, wanted=["events", "fills"])

    assert con.execute("SELECT count(*) FROM events").fetchall() == [(len(sealed_lines(home)),)]
    assert con.execute("SELECT count(*) FROM fills").fetchall()[0][0] > 0


def test_a_changed_object_is_found(home: Path, store: str) -> None:
    export(home, store)
    name = parquet_files(store)[0].removeprefix(f"{store}/")
    content = store_of(store).read(name)
    store_of(store).put(name, content[:-1])

    with pytest.raises(ArchiveDamaged, match="do not hash to its name"):
        list(lines(store, ACCOUNT))


def test_a_bucket_that_is_not_there_is_told_without_the_keys(home: Path, store: str) -> None:
    with pytest.raises(ArchiveUnreachable) as refused:
        export(home, "s3://no-such-bucket/archive")

    assert SECRET not in str(refused.value)
    assert "404 Not Found" in str(refused.value)
    assert "NoSuchBucket" in str(refused.value)
    assert "\n" not in str(refused.value)
