"""What the owner is told at once, though the cycle itself did not fail: an order in doubt, one that the broker made
twice, settings that wait for approval, and a cycle before this one that ended without a word.

An end that the parent saw is told by `aftermath.py`. One mail a code and day. To tell something else at once: a
function in `ALARMS`, its code in docs/runbook.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ledger.book import Book
from ledger.events import CycleFailed, NoticeFailed, NoticeSent
from ledger.ledger import Ledger
from ledger.refusals import resting
from ledger.state import ZERO, Cycle, State
from trader.notices.compose import Failure, alarm_letter
from trader.notices.mail import send
from trader.settings import Settings

CUT_OFF = "it ended without a word: the machine went down, or its parent was killed with it"


class CycleCutOff:
    """A cycle that neither finished nor failed, as far as the log knows."""

    code = "cycle-cut-off"


class OrderInDoubt:
    """An order of which it is not known whether it arrived."""

    code = "order-in-doubt"


class OrderDoubled:
    """An order that the broker made more than once."""

    code = "order-doubled"


class ContractRests:
    """A contract whose orders the broker refused twice in a session."""

    code = "contract-rests"


class SettingsWait:
    """Settings that changed and that nobody approved yet."""

    code = "settings-wait"


def tell_untold(ledger: Ledger, settings: Settings, home: Path) -> None:
    """Record and mail the end of the start before, where nobody was left to do so, or the mail did not leave."""
    cycle = ledger.book.cycle
    if cycle is not None and not cycle.ended:
        ledger.record((CycleFailed(slot=cycle.started.slot, code=CycleCutOff.code, reason=CUT_OFF),))
    failed = ledger.book.failed
    if failed is not None:
        failure = Failure(failed.code, failed.reason, failed.slot)
        ledger.log.barrier()  # the mail is a witness
        ledger.record(_mailed(ledger.book, settings, home, failure))


def tell_of_orders(ledger: Ledger, settings: Settings, home: Path) -> None:
    """Mail what the cycle that just ran found out about orders. Sync HEAD first."""
    for alarm in ALARMS:
        failure = alarm(ledger.book)
        if failure is not None:
            ledger.record(_mailed(ledger.book, settings, home, failure))


def settings_wait(book: State) -> Failure | None:
    """Tell what changed in the settings, and what the plan by them would turn over and cost."""
    cycle = book.cycle
    if cycle is None or cycle.settings_changed is None or book.settings_approved == cycle.started.settings_sha256:
        return None
    texts = [f"{change.name}: {change.before} -> {change.after}." for change in cycle.settings_changed.changes]
    texts.append(_turnover(cycle))
    return _failure(book, SettingsWait.code, "The settings changed; no order leaves by them until you approve.", texts)


def _turnover(cycle: Cycle) -> str:
    orders = [row for row in cycle.plan if row.action != "NOTHING"]
    worth = sum((abs(row.quantity) * (row.limit_price or row.reference_price or ZERO) for row in orders), ZERO)
    told = [preview.commission for preview in cycle.previews.values() if preview.commission is not None]
    cost = f"commissions of {sum(told, ZERO):,.2f}" if len(told) == len(orders) else "commissions that are not told"
    return f"By them this cycle would have sent {len(orders)} orders worth {worth:,.2f}, for {cost}."


def in_doubt(book: State) -> Failure | None:
    """Tell the orders that may or may not work at the broker."""
    texts = [f"Order {order.order_ref}: no word of it, whether it arrived is unknown." for order in book.in_doubt]
    texts += _found(book, lambda order_ref: len(book.orders[order_ref].perm_ids) < 2)
    return _failure(book, OrderInDoubt.code, "An order is in doubt; nothing more was sent.", texts)


def doubled(book: State) -> Failure | None:
    """Tell the orders that the broker has more than one of."""
    texts = _found(book, lambda order_ref: len(book.orders[order_ref].perm_ids) > 1)
    return _failure(book, OrderDoubled.code, "The broker made more than one order of ours.", texts)


def rest(book: State) -> Failure | None:
    """Tell the contracts that are not ordered again today."""
    if book.cycle is None:
        return None
    resting_now = resting(book, book.cycle.started.session_day)
    texts = [f"{book.contracts[con_id].symbol}: {why}." for con_id, why in resting_now.items()]
    return _failure(book, ContractRests.code, "The broker refused orders twice; they are not sent again today.", texts)


ALARMS: tuple[Callable[[State], Failure | None], ...] = (in_doubt, doubled, rest, settings_wait)


def _found(book: State, is_meant: Callable[[str], bool]) -> list[str]:
    """Return what open breaks of orders say: those of a cycle that was killed before it told them too."""
    orders = (known for known in book.open_breaks if known.found.kind == "order")
    return [f"{known.found.text}." for known in orders if is_meant(known.found.subject)]


def _failure(book: State, code: str, headline: str, texts: list[str]) -> Failure | None:
    if not texts or book.cycle is None:
        return None
    return Failure(code, " ".join(dict.fromkeys(texts)), book.cycle.started.slot, headline=headline)


def _mailed(book: Book, settings: Settings, home: Path, failure: Failure) -> Iterator[NoticeSent | NoticeFailed]:
    if settings.mail.wanted and failure.incident not in book.mailed:
        yield send(settings.mail, home, alarm_letter(book, failure, settings.account.mode, book.now))
