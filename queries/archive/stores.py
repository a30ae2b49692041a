"""Where an archive lies: a folder, or a bucket of a store that speaks S3.

A store's address and keys come from the environment, as everywhere: AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. They are handed on and never printed. Files are there whole or not at all: in
a folder they are written aside and renamed, a store does so itself. To reach another kind of store, let `_opened`
return its file system, and `options` what deltalake wants to know of it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from ledger.log.storage import file_mode, folder_mode
from queries.archive.errors import ArchiveMissing, ArchiveNotInstalled, ArchiveUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

S3 = "s3://"
EVENTS, EVIDENCE = "events", "evidence"
COLOURS, WORDS, CODE = re.compile(r"\x1b\[[0-9;]*m"), re.compile(r"\?\S+"), re.compile("<Code>([A-Za-z]+)</Code>")
TOLD_MAX = 300  # characters of an error of a library's
REGION = "us-east-1"  # a store of one's own has none, and its clients want one


@dataclass(frozen=True)
class Store:
    """An archive's place; the empty name is the place itself."""

    uri: str  # without a slash at its end

    @property
    def events(self) -> str:
        """The table's own URI."""
        return self.of(EVENTS)

    @property
    def folder(self) -> Path | None:
        """The folder, if it is one of this machine."""
        return None if self.uri.startswith(S3) else Path(self.uri)

    @cached_property
    def options(self) -> dict[str, str]:
        """What deltalake has to be told beside the environment."""
        if self.folder is not None:
            return {}
        endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
        told = {"AWS_REGION": _region()}
        return told | ({"AWS_ALLOW_HTTP": "true"} if endpoint.startswith("http://") else {})

    def of(self, name: str) -> str:
        """Return the URI of something in the archive."""
        return f"{self.uri}/{name}"

    def path(self, uri: str) -> str:
        """Return a URI in the archive as its file system spells it."""
        return uri.removeprefix(S3)

    @cached_property
    def files(self) -> Any:
        """The file system of pyarrow that holds it."""
        require_libraries()
        return _opened(self.uri)

    def sizes(self, names: Iterable[str]) -> dict[str, int]:
        """Return the size of each file that there is."""
        names = tuple(names)
        with reaching(self.uri):
            found = self.files.get_file_info([self.path(self.of(name)) for name in names])
        return {name: told.size for name, told in zip(names, found, strict=True) if told.is_file}

    def listed(self, name: str) -> tuple[str, ...]:
        """Return the names of the files in one folder of the archive; none without the folder."""
        from pyarrow.fs import FileSelector

        with reaching(self.uri):
            found = self.files.get_file_info(FileSelector(self.path(self.of(name)), allow_not_found=True))
        return tuple(sorted(f"{name}/{told.base_name}" for told in found if told.is_file and told.base_name[0] != "."))

    def read(self, name: str) -> bytes:
        """Return the bytes of a file."""
        return self.read_uri(self.of(name))

    def read_uri(self, uri: str) -> bytes:
        """Return the bytes of a file by its URI."""
        with reaching(self.uri), self.files.open_input_file(self.path(uri)) as file:
            return cast("bytes", file.read())

    def put(self, name: str, content: bytes) -> None:
        """Write a file whole; in a folder it is on disk when this returns."""
        with reaching(self.uri):
            if self.folder is not None:
                _put_in_folder(self.folder / name, content)
                return
            with self.files.open_output_stream(self.path(self.of(name))) as file:
                file.write(content)

    def sync(self, uris: Iterable[str]) -> None:
        """Have files, and the folders that name them, on disk when this returns; a store does so itself."""
        if self.folder is None:
            return
        paths = [Path(uri) for uri in uris]
        folders = {folder for path in paths for folder in path.parents if folder.is_relative_to(self.folder)}
        with reaching(self.uri):
            for path in (*paths, *sorted(folders)):
                _sync(path)


def store_of(uri: str) -> Store:
    """Return the store of a URI: s3://bucket/path, file:///path, or a folder's name."""
    scheme = urlsplit(uri).scheme if "://" in uri else ""
    match scheme:
        case "s3":
            return Store(uri.rstrip("/"))
        case "file":
            return Store(str(Path(unquote(urlsplit(uri).path)).absolute()))
        case "":
            return Store(str(Path(uri).absolute()))
        case _:
            raise ArchiveUnreachable(f"{uri}: expected a folder or s3://BUCKET/PATH, found {scheme}://; correct it")


def require_libraries() -> None:
    """Refuse where what archives need is not installed."""
    try:
        import deltalake  # noqa: F401
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ArchiveNotInstalled(
            f"{error.name}: expected to be installed, found it missing; run: pip install 'tallybook[delta]'"
        ) from None


@contextmanager
def reaching(uri: str) -> Iterator[None]:
    """Tell what hindered reading or writing in a line, without what the environment holds."""
    try:
        yield
    except FileNotFoundError as error:
        raise ArchiveMissing(f"{uri}: expected a file of the archive, found none: {told_by(error)}") from error
    except OSError as error:
        raise ArchiveUnreachable(
            f"{uri}: expected a folder or store that can be used, found: {told_by(error)}; check its address, its keys "
            "in the environment (AWS_…) and its room"
        ) from error


def told_by(error: BaseException) -> str:
    """Return what an error says as one line: of a request its address without its words, of an answer its code."""
    text = COLOURS.sub("", str(error))
    codes = CODE.findall(text)
    said = " ".join(WORDS.sub("", text.partition("<")[0]).replace("↳", "·").split()) or type(error).__name__
    return f"{said[:TOLD_MAX]}{'…' if len(said) > TOLD_MAX else ''}{''.join(f' {code}' for code in codes[:1])}"


def _opened(uri: str) -> Any:
    from pyarrow import fs

    if not uri.startswith(S3):
        return fs.LocalFileSystem()
    endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    told: Mapping[str, str] = (
        {"endpoint_override": endpoint.netloc, "scheme": endpoint.scheme} if endpoint.netloc else {}
    )
    return fs.S3FileSystem(region=_region(), allow_delayed_open=True, background_writes=False, **told)


def _region() -> str:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or REGION


def make_folder(path: Path) -> None:
    """Make a folder as a home's are made: for nobody else, or for the group that the folder above it is shared with."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        path.chmod(folder_mode(path.parent))


def _put_in_folder(path: Path, content: bytes) -> None:
    make_folder(path.parent)
    aside = path.with_name(f".{path.name}.{token_hex(8)}")  # machines that share a folder count processes alike
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, file_mode(path.parent))
        file.write(content)
        file.flush()
        os.fsync(handle)
    aside.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
