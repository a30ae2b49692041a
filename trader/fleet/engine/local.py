"""The local engine: a task for many accounts in processes of this machine, one account in one at a time.

A process that dies or hangs takes no other account with it; one that died is tried again, since what was killed from
outside is no fault of the account's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, as_completed
from concurrent.futures import TimeoutError as TooLate

from trader import exits
from trader.fleet.asking import workers
from trader.fleet.engine.tasks import Bring, answer, died, line
from trader.fleet.engine.terms import Terms

ATTEMPTS = 3


def run(
    name: str,
    homes: Mapping[str, Bring],
    terms: Terms,
    processes: int,
    timeout_seconds: float,
    tell: Callable[[int], None] = lambda _: None,
) -> Iterator[str]:
    """Ask a task of every account; yield their lines in the order of the accounts. `tell` is told how many are done."""
    said, left = dict[str, str](), dict(homes)
    with workers(min(processes, len(homes))) as pool:
        for attempt in range(1, ATTEMPTS + 1):
            asked = dict[Future[str], str]()
            for account, bring in left.items():
                asked[pool.schedule(answer, args=[name, account, bring, terms], timeout=timeout_seconds)] = account
            for future in as_completed(asked):
                told = _told(future, name, asked[future], timeout_seconds, last=attempt == ATTEMPTS)
                if told is not None:
                    said[asked[future]] = told
                    tell(len(said))
            left = {account: bring for account, bring in left.items() if account not in said}
    yield from (said[account] for account in sorted(said))


def _told(future: Future[str], name: str, account: str, seconds: float, *, last: bool) -> str | None:
    """Return an account's line; None where its process died, and it is to be asked again."""
    from pebble import ProcessExpired

    try:
        return future.result()
    except TooLate:
        why = f"too-long: expected an end within {seconds:g} seconds, found none; look at it alone: --account"
    except ProcessExpired:
        return died(name, account) if last else None
    return line(name, account, {"error": why}, exits.COULD_NOT)
