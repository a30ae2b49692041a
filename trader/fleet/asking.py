"""A command in every home of a fleet, each in a process that may die, hang or fail alone.

pebble keeps the processes: one that dies is told of and replaced, one that takes too long is ended.
"""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from concurrent.futures import TimeoutError as TooLate
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic
from typing import TYPE_CHECKING

from trader import exits
from trader.fleet.accounts import FleetWrong, Member

if TYPE_CHECKING:
    from pebble import ProcessPool

Command = Callable[[list[str]], int]
APART = frozenset({"cycle"})  # commands whose process has to be their own: it sets bounds for itself
EXTRA = "expected the library pebble, found none; install it: pip install 'tallybook[fleet]'"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command said in one home."""

    member: Member
    status: int  # the command's exit status; 2 where it did not come to one
    out: str
    error: str
    seconds: float

    @property
    def last_error(self) -> str:
        """The last line of what went wrong."""
        lines = self.error.strip().splitlines()
        return lines[-1] if lines else ""


def ask_all(
    run: Command,
    members: Sequence[Member],
    words: Sequence[str],
    processes: int,
    timeout_seconds: float,
    tell: Callable[[int], None] = lambda _: None,
) -> tuple[Said, ...]:
    """Have a command run in every home, some at a time; return what each said, in the order of the members.

    The word `{account}`, in any of the command's, stands for the account.

    `run` is the function that takes a command line; `tell` is told how many are done.
    """
    said = dict[Member, Said]()
    with workers(min(processes, len(members))) as pool:
        asked = dict[Future[Said], Member]()
        for member in members:
            asked[pool.schedule(_run, args=[run, member, tuple(words)], timeout=timeout_seconds)] = member
        for done, future in enumerate(as_completed(asked), start=1):
            said[asked[future]] = _answer(future, asked[future], timeout_seconds, goes_on=words[0] in APART)
            tell(done)
    return tuple(said[member] for member in members)


@contextmanager
def workers(processes: int) -> Iterator[ProcessPool]:
    """Keep processes that work; what ends the wait for them, such as Ctrl-C, ends them with their accounts."""
    try:
        from pebble import ProcessPool
    except ModuleNotFoundError:
        raise FleetWrong(EXTRA) from None
    # spawned: a fork would take threads' locks along
    with ProcessPool(max_workers=processes, context=get_context("spawn")) as pool:
        try:
            yield pool
        except BaseException:
            pool.stop()  # type: ignore[no-untyped-call]
            raise


def _answer(future: Future[Said], member: Member, timeout_seconds: float, *, goes_on: bool) -> Said:
    """Return what an account said, or why it said nothing; a command apart `goes_on` though nobody waits for it."""
    from pebble import ProcessExpired

    try:
        return future.result()
    except TooLate:
        on_its_own = f"it goes on, within its own limits: tallybook --home {member.home} status"
        remedy = on_its_own if goes_on else "look at it alone: --account"
        why = f"too-long: expected an end within {timeout_seconds:g} seconds, found none; {remedy}"
    except ProcessExpired as died:
        why = f"died: expected an end, found exit code {died.exitcode} of its process; look at it alone: --account"
    except Exception as error:  # noqa: BLE001 - whatever one account does, the others go on
        why = f"failed: {type(error).__name__}: {' '.join(str(error).split())}"
    return Said(member, exits.COULD_NOT, "", why, timeout_seconds)


def _run(run: Command, member: Member, words: tuple[str, ...]) -> Said:
    """Run a command in this process, or where it wants one of its own in another."""
    began = monotonic()
    arguments = ["--home", str(member.home), *(word.replace("{account}", member.name) for word in words)]
    if words[0] in APART:
        return _run_apart(arguments, member, began)
    out, error = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(error):
        status = run(arguments)
    return Said(member, status, out.getvalue(), error.getvalue(), monotonic() - began)


def _run_apart(arguments: list[str], member: Member, began: float) -> Said:
    """Run a command in a process of its own; into files, which are there however we end: a pipe would break."""
    with TemporaryFile("w+", encoding="utf-8") as out, TemporaryFile("w+", encoding="utf-8") as error:
        ran = subprocess.run(
            [sys.executable, "-m", "trader.commands", *arguments],
            check=False, stdout=out, stderr=error, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        out.seek(0)
        error.seek(0)
        return Said(member, ran.returncode, out.read(), error.read(), monotonic() - began)


def worst_first(said: Sequence[Said]) -> Iterator[Said]:
    """Yield those that could not be asked, then bad news, then the rest; each by name."""
    yield from sorted(said, key=lambda one: (one.status == exits.FINE, -one.status, one.member.name))


def save(said: Sequence[Said], folder: Path, ending: str) -> None:
    """Write what each home said into a file of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in said:
        if one.out:
            (folder / f"{one.member.name}{ending}").write_text(one.out, encoding="utf-8")
