"""An archive many times over, for questions over as many events as a disk holds.

`python -m benchmarks.archive_copies SOURCE FOLDER TIMES`. Whose a row is stands in the folder's name and not in the
file, so that the same bytes serve as those of another account. Copies that are there already stay.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from queries.archive.files import addition, commit
from queries.archive.stores import store_of
from queries.archive.table import ArchivedFile, files_of, open_table, open_to_write


def multiply(source: str, folder: Path, times: int) -> int:
    """Copy every account so many times; return how many files the archive in the folder has."""
    files, store = files_of(open_table(store_of(source))), store_of(str(folder))
    for number in range(times):
        table = open_to_write(store)
        there = {file.account for file in files_of(table)}
        copies = [_copy(file, number, Path(store.events)) for file in files]
        new = [copy for copy in copies if copy.account not in there]
        for file, copy in zip(files, copies, strict=True):
            if copy.account not in there:
                Path(copy.uri).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.uri, copy.uri)
        if new:
            commit(store, table, [addition(store, copy) for copy in new], (), 0)
    return len(files_of(open_table(store)))


def _copy(file: ArchivedFile, number: int, root: Path) -> ArchivedFile:
    account = f"{file.account}x{number}"
    path = file.path.replace(f"account={file.account}/", f"account={account}/")
    return file._replace(account=account, path=path, root=str(root))


if __name__ == "__main__":
    print(multiply(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])), "files")
