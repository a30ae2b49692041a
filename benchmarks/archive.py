"""The archive's soak: many accounts exported while exporters are killed, and then every line counted.

`make soak` or `python -m benchmarks.archive [--accounts N] [--sessions N] [--seed N] [--uri URI] [--keep]`. Homes are
made a few ahead (`fleet_copies.py`) and removed once they are archived. Two processes export them into one table; each
is killed with SIGKILL at moments that the seed draws, and begun again. At the end plain SQL counts every account's
lines (each seq once, none missing) and hashes each day; some accounts come back as homes and are verified. The result
is written into docs/soak.md.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from benchmarks.fleet_copies import fleet_copies
from benchmarks.sections import write_section
from queries.archive.reading import accounts, parquet_files, rebuilt
from queries.archive.writing import export
from queries.disk import bytes_text
from queries.sealed import seals
from queries.verification import Subject, verify

ACCOUNTS, SESSIONS, SEED = 100, 250, 1
AT_ONCE = 20  # homes that are there before they are archived
EXPORTERS = 2
KILLED_AFTER = (0.2, 9.0)  # seconds
LOOKED_AT = 3  # accounts that come back as homes
HEADING = "Archive"
REPORT = Path(__file__).parents[1] / "docs" / "soak.md"
COUNTED = """
SELECT count(*), count(DISTINCT seq), max(seq) + 1 FROM {rows}
"""
HASHED = """
SELECT count(*) FROM (
    SELECT sha256(string_agg(line || chr(10), '' ORDER BY seq)) AS found, any_value(day_sha256) AS said
    FROM {rows} GROUP BY day
) WHERE found <> said
"""


@dataclass(slots=True)
class Tally:
    """What exporters did and what became of them."""

    kills: int = 0
    seconds: float = 0.0
    lines: int = 0
    bytes_of_lines: int = 0
    peak_kilobytes: int = 0
    done: set[Path] = field(default_factory=set)


def run(uri: str, folder: Path, given: argparse.Namespace, tally: Tally, drawn: random.Random) -> None:
    """Make homes, some at a time, and export them, killing exporters meanwhile."""
    for first in range(1, given.accounts + 1, AT_ONCE):
        some = list(fleet_copies(folder, min(AT_ONCE, given.accounts + 1 - first), given.sessions, first))
        began = monotonic()
        shares = [some[place::EXPORTERS] for place in range(EXPORTERS)]
        with ThreadPoolExecutor(EXPORTERS) as pool:
            each = [pool.submit(_exported, uri, share, tally, random.Random(drawn.random())) for share in shares]
        for ended in each:
            ended.result()  # raises what its thread raised
        tally.seconds += monotonic() - began
        for home in some:
            sealed = seals(home)
            tally.lines += sealed[-1].last_seq + 1
            tally.bytes_of_lines += sum((home / "var" / "events" / seal.file).stat().st_size for seal in sealed)
            tally.done.add(home)
            if not given.keep:
                shutil.rmtree(home)
        sys.stderr.write(f"\r{len(tally.done)} accounts archived, {tally.kills} exporters killed ")


def _exported(uri: str, homes: list[Path], tally: Tally, drawn: random.Random) -> None:
    """Export until every home is archived; each exporter but the last is killed."""
    left = list(homes)
    while left:
        command = [sys.executable, "-m", "benchmarks.archive", "--export", uri, *map(str, left)]
        exporter = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert exporter.stdout is not None
        try:
            said, _ = exporter.communicate(timeout=drawn.uniform(*KILLED_AFTER))
        except subprocess.TimeoutExpired:
            exporter.kill()
            said, _ = exporter.communicate()
            tally.kills += 1
        for line in said.splitlines():
            home, _, kilobytes = line.partition("\t")
            tally.peak_kilobytes = max(tally.peak_kilobytes, int(kilobytes or 0))
            left = [other for other in left if str(other) != home]
        if exporter.returncode not in (0, -9):
            raise RuntimeError(f"an exporter ended with {exporter.returncode}")


def _export(uri: str, homes: list[str]) -> None:
    for home in homes:
        export(Path(home), uri)
        print(f"{home}\t{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}", flush=True)


def checked(uri: str) -> tuple[int, int, int, int, int]:
    """Count accounts, lines, lines that are there twice, that are missing, and days that are not as sealed."""
    import duckdb

    files, found = dict[str, list[str]](), [0, 0, 0, 0, 0]
    for file in parquet_files(uri):
        files.setdefault(file.split("/account=")[1].partition("/")[0], []).append(file)
    with duckdb.connect() as con:
        for named in files.values():
            rows = f"read_parquet({named})"
            ((lines, seqs, end),) = con.execute(COUNTED.format(rows=rows)).fetchall()
            ((other,),) = con.execute(HASHED.format(rows=rows)).fetchall()
            found = [sum(two) for two in zip(found, (1, lines, lines - seqs, end - seqs, other), strict=True)]
    return found[0], found[1], found[2], found[3], found[4]


def come_back(uri: str, folder: Path, drawn: random.Random) -> int:
    """Let some accounts come back as homes, and verify them; return how many were not clean."""
    names = drawn.sample(accounts(uri), min(LOOKED_AT, len(accounts(uri))))
    return sum(not verify(Subject(rebuilt(uri, name, folder / f"back-{name}"))).clean for name in names)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main(words: list[str]) -> int:
    """Make, export, kill and count."""
    if words[:1] == ["--export"]:
        _export(words[1], words[2:])
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=ACCOUNTS)
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path, help="where homes are made; default: a temporary folder")
    parser.add_argument("--uri", help="a folder; default: one beside the homes")
    parser.add_argument("--keep", action="store_true", help="keep the homes")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        uri, drawn, tally = given.uri or str(folder / "archive"), random.Random(given.seed), Tally()
        run(uri, folder, given, tally, drawn)
        began = monotonic()
        found_accounts, lines, twice, missing, other = checked(uri)
        counted = monotonic() - began
        unclean = come_back(uri, Path(temporary), drawn)
        events, evidence = (_size(Path(uri) / part) for part in ("events", "evidence"))
        files = len(parquet_files(uri))
    lost = tally.lines - lines + (given.accounts - found_accounts)
    report = [
        f"{given.accounts:,} accounts of {given.sessions} sessions, seed {given.seed}: {tally.lines:,} lines archived "
        f"by {EXPORTERS} processes at a time; {tally.kills} of them were killed.",
        f"Lost {lost}, twice {twice}, missing in between {missing}, days not as sealed {other}, homes that came back "
        f"and did not verify {unclean} of {min(LOOKED_AT, given.accounts)}.",
        f"{tally.seconds:,.0f} s ({tally.lines / tally.seconds:,.0f} lines a second, kills and starts included), "
        f"{files:,} files, {events / lines:.0f} bytes a line of {tally.bytes_of_lines / tally.lines:.0f}, evidence "
        f"{bytes_text(evidence)}; at most {tally.peak_kilobytes / 1024:.0f} MB in an exporter; counted and hashed in "
        f"{counted:,.0f} s.",
    ]
    sys.stderr.write("\n")
    print("\n".join(report))
    write_section(REPORT, HEADING, report)
    return 1 if any((lost, twice, missing, other, unclean)) else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONPATH", str(Path(__file__).parents[1]))
    sys.exit(main(sys.argv[1:]))
