"""What the owner is told at once, though the cycle itself did not fail: an order in doubt or made twice, a break that
stops something, a failed step, a veto, settings that wait, a watch that cannot be reached, mails that fail. Pure.

An alarm is a function from the book to troubles; each trouble has a subject, and an incident lasts as long as any of
its subjects is named (`trader/incidents.py`). A start that failed is no alarm of these: `trader/aftermath.py` tells it.
To tell something else at once: a kind with its code, headline and command, its function in `ALARMS`, and the code in
docs/runbook.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import ClassVar

from ledger.book import Book
from ledger.refusals import resting
from ledger.state import Cycle
from queries.break_words import follows, symbol, what_differs, why

ZERO = Decimal(0)
MAIL_FAILS_AFTER = timedelta(hours=1)  # a server may be away for a moment
NO_PRICE = "no price: "  # what the plan's reason begins with then

# What a veto of these means is told as what it follows from, or, of the last ones, asks for nothing but patience.
TOLD_OTHERWISE = (
    "book_is_reconciled", "no_step_failed", "not_halted", "this_log_is_the_newest", "nothing_in_doubt",
    "breaks_are_respected", "settings_are_approved", "mails_leave", "the_slot_before_was_finished",
    "this_slot_was_not_traded",
)  # fmt: skip


class Kind:
    """A kind of incident: its code, what a mail begins with (40 columns at most), and what to type first."""

    code: ClassVar[str]
    headline: ClassVar[str]
    command: ClassVar[str] = "tallybook status"
    of_trading: ClassVar[bool] = False  # only a cycle that trades can tell that it is over
    not_by: ClassVar[tuple[str, ...]] = ()  # what cannot tell it


class OrderInDoubt(Kind):
    """An order of which it is not known whether it arrived."""

    code = "order-in-doubt"
    headline = "An order is in doubt."


class OrderDoubled(Kind):
    """An order that the broker made more than once."""

    code = "order-doubled"
    headline = "An order was made twice."
    command = "tallybook breaks"


class ContractRests(Kind):
    """A contract whose orders the broker refused twice in a session."""

    code = "contract-rests"
    headline = "A contract rests: refused twice."


class SettingsWait(Kind):
    """Settings that changed and that nobody approved yet."""

    code = "settings-wait"
    headline = "Settings wait for you."
    command = "tallybook approve"


class BreakOpen(Kind):
    """A difference between the book and the broker that stops something."""

    code = "break-open"
    headline = "Book and broker differ."
    command = "tallybook breaks"


class StepBroke(Kind):
    """A line of the cycle that could not do its work: no order left."""

    code = "step-failed"
    headline = "A step failed: no order left."
    of_trading = True


class OrdersVetoed(Kind):
    """Orders were wanted, and a safeguard let none leave."""

    code = "orders-vetoed"
    headline = "Orders were vetoed."
    of_trading = True


class NoPrice(Kind):
    """A contract that could be traded, had anybody quoted it."""

    code = "no-price"
    headline = "No price: nothing is traded."
    command = "tallybook doctor"
    of_trading = True


class InRecovery(Kind):
    """This log may not be the newest: no order leaves."""

    code = "in-recovery"
    headline = "In recovery: no order leaves."


class PingUnanswered(Kind):
    """The watch that waits for a sign of life could not be reached."""

    code = "ping-failed"
    headline = "The watch could not be reached."
    command = "tallybook doctor"


class MailFails(Kind):
    """No mail could be handed over for an hour: who is told by nothing else learns of nothing."""

    code = "mail-fails"
    headline = "No mail leaves."
    command = "tallybook doctor"
    not_by = ("mail",)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong now."""

    kind: type[Kind]
    subject: str
    line: str
    opens: bool = True  # False: it keeps an incident going, and begins none
    command: str = ""  # what to type, if not what its kind says


def troubles(book: Book) -> tuple[Trouble, ...]:
    """Return everything that is wrong now and is told at once."""
    return tuple(trouble for alarm in ALARMS for trouble in alarm(book))


def in_doubt(book: Book) -> Iterator[Trouble]:
    """Tell the orders that may or may not work at the broker."""
    for order in book.in_doubt:
        line = f"Order {order.order_ref}: no word of it, whether it arrived is unknown; nothing more was sent."
        yield Trouble(OrderInDoubt, f"order {order.order_ref}", line)
    yield from _of_orders(book, OrderInDoubt, lambda order_ref: not _is_doubled(book, order_ref))


def doubled(book: Book) -> Iterator[Trouble]:
    """Tell the orders that the broker has more than one of."""
    yield from _of_orders(book, OrderDoubled, lambda order_ref: _is_doubled(book, order_ref))


def _of_orders(book: Book, kind: type[Kind], is_meant: Callable[[str], bool]) -> Iterator[Trouble]:
    """Yield what open breaks of orders say: those of a cycle that was killed before it told them too."""
    for known in book.open_breaks:
        if known.found.kind == "order" and is_meant(known.found.subject):
            prefix = "order" if kind is OrderInDoubt else "doubled"
            yield Trouble(
                kind, f"{prefix} {known.found.subject}", f"{known.found.text}.", command=_look(known.found.break_id)
            )


def _is_doubled(book: Book, order_ref: str) -> bool:
    order = book.orders.get(order_ref)
    return order is not None and len(order.perm_ids) > 1


def _look(break_id: str) -> str:
    return f"tallybook breaks {break_id}"


def settings_wait(book: Book) -> Iterator[Trouble]:
    """Tell what changed in the settings, and what the plan by them would turn over and cost."""
    cycle = book.cycle
    if cycle is None or cycle.settings_changed is None or book.settings_approved == cycle.started.settings_sha256:
        return
    changes = " ".join(f"{it.name}: {it.before} -> {it.after}." for it in cycle.settings_changed.changes)
    line = f"The settings changed; no order leaves by them until you approve. {changes} {_turnover(cycle)}"
    command = 'tallybook approve --why "…"'
    yield Trouble(SettingsWait, f"settings {cycle.started.settings_sha256}", line, command=command)


def _turnover(cycle: Cycle) -> str:
    orders = [row for row in cycle.plan if row.action != "NOTHING"]
    worth = sum((abs(row.quantity) * (row.limit_price or row.reference_price or ZERO) for row in orders), ZERO)
    told = [preview.commission for preview in cycle.previews.values() if preview.commission is not None]
    cost = f"commissions of {sum(told, ZERO):,.2f}" if len(told) == len(orders) else "commissions that are not told"
    return f"By them this cycle would have sent {len(orders)} orders worth {worth:,.2f}, for {cost}."


def breaks(book: Book) -> Iterator[Trouble]:
    """Tell the breaks that stop something; those of orders are told as what they are."""
    for known in book.open_breaks:
        if known.found.consequence != "note" and known.found.kind != "order":
            name = known.found.break_id
            line = f"{name} {what_differs(book, known)}: {follows(book, known)}. {why(book, known) or 'unexplained'}."
            yield Trouble(BreakOpen, name, line, command=_look(name))


def failed_steps(book: Book) -> Iterator[Trouble]:
    """Tell the lines of the cycle that could not do their work."""
    for failure in book.cycle.failures if book.cycle is not None else ():
        yield Trouble(StepBroke, f"step {failure.step}", f"{failure.step} failed: {failure.reason}.")


def vetoes(book: Book) -> Iterator[Trouble]:
    """Tell the safeguards that let no order leave, though some were wanted."""
    cycle = book.cycle
    if cycle is None or cycle.verdicts is None:
        return
    is_wanted = any(planned.order_ref is not None for planned in cycle.plan)
    is_stopped = is_wanted and not cycle.started.dry_run and not cycle.failures  # else the failed step tells it
    for row in cycle.verdicts:
        if row.outcome != "pass" and row.safeguard not in TOLD_OTHERWISE:
            contract = book.contracts.get(row.con_id) if row.con_id is not None else None
            subject = f" {contract.symbol}" if contract is not None else ""
            limit = f", limit {row.limit}" if row.limit else ""
            line = f"{row.safeguard}{subject}: {row.formula}: {row.observed}{limit}."
            day = cycle.started.session_day
            yield Trouble(OrdersVetoed, f"veto {row.safeguard}", line, is_stopped, f"tallybook audit {day}")


def unpriced(book: Book) -> Iterator[Trouble]:
    """Tell the contracts that were left alone because the broker quoted no price that can be used."""
    for row in book.cycle.plan if book.cycle is not None else ():
        if row.reason.startswith(NO_PRICE):
            yield Trouble(NoPrice, f"price {row.con_id}", f"{row.symbol}: {row.reason}; it is left alone.")


def rest(book: Book) -> Iterator[Trouble]:
    """Tell the contracts that are not ordered again today."""
    if book.cycle is not None:
        day = book.cycle.started.session_day
        for con_id, reason in resting(book, day).items():
            line = f"The broker refused orders twice; they are not sent again today. {symbol(book, con_id)}: {reason}."
            yield Trouble(ContractRests, f"rests {con_id} {day}", line)


def recovering(book: Book) -> Iterator[Trouble]:
    """Tell that the log may not be the newest."""
    if book.recovery is not None:
        yield Trouble(InRecovery, "recovery", f"{book.recovery}.")


def unwatched(book: Book) -> Iterator[Trouble]:
    """Tell that the watch could not be reached: nobody would notice if all ended here."""
    if book.ping_failure is not None:
        line = f"The watch that waits for our sign of life: {book.ping_failure}. Trading goes on; see [notices]."
        yield Trouble(PingUnanswered, "ping", line)


def unmailed(book: Book) -> Iterator[Trouble]:
    """Tell that mails fail, by what else there is: after `limits.mail_hours_max` hours that vetoes every order."""
    since = book.mail_fails_since
    if since is not None and book.now - since >= MAIL_FAILS_AFTER:
        line = f"No mail has left since {since:%Y-%m-%d %H:%M} UTC; before long no order will either. See [mail]."
        yield Trouble(MailFails, "mail", line)


ALARMS: tuple[Callable[[Book], Iterator[Trouble]], ...] = (
    in_doubt, doubled, rest, breaks, failed_steps, vetoes, unpriced, recovering, settings_wait, unwatched, unmailed,
)  # fmt: skip
KINDS: tuple[type[Kind], ...] = (
    OrderInDoubt, OrderDoubled, ContractRests, BreakOpen, StepBroke, OrdersVetoed, NoPrice, InRecovery, SettingsWait,
    PingUnanswered, MailFails,
)  # fmt: skip
