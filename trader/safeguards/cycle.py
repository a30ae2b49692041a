"""The cycle and its surroundings: what must hold before any order may leave, whatever it is."""
# ruff: noqa: ARG001, D401 - every safeguard has the same signature, and says what it stands for

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal

from ledger.book import Book
from trader.limits import Limits
from trader.projection import (
    held,
    planned_orders,
    planned_positions,
    reduces,
    running_cycle,
)
from trader.safeguards.judging import age_of
from trader.verdicts import Outcome, Verdict, at_least, at_most, unknown


def book_is_reconciled(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """Both halves were looked at and compared in this very cycle."""
    formula, cycle = "both halves reported and compared since the cycle started", running_cycle(book)
    looked_at = [book.reported.nav_at, book.reported.positions_at, book.reported.cash_at]
    if cycle.reconciled is None:
        return (unknown(formula, "not compared in this cycle"),)
    seen = [at for at in looked_at if at is not None and at >= cycle.at]
    if len(seen) < len(looked_at):
        return (unknown(formula, "NAV, positions or cash not reported in this cycle"),)
    observed = f"compared, {cycle.reconciled.open_breaks} open breaks"
    return (Verdict("pass", formula, observed, "compared", age_seconds=age_of(book, min(seen))),)


def no_step_failed(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """The error flag: one failed step stops the orders of the whole cycle."""
    return (at_most(Decimal(len(running_cycle(book).failures)), Decimal(0), "failed steps in this cycle"),)


def not_halted(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A halt stands until somebody lifts it."""
    outcome: Outcome = "pass" if book.halted is None else "veto"
    return (Verdict(outcome, "halt, by the operator or by a break", book.halted or "no halt", "no halt"),)


def this_log_is_the_newest(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A restored, moved or copied home trades only after a cycle has shown that nothing outside is newer."""
    outcome: Outcome = "pass" if book.recovery is None else "veto"
    formula = "recovery, until a cycle shows nothing newer than the log"
    return (Verdict(outcome, formula, book.recovery or "no recovery", "no recovery"),)


def the_slot_before_was_finished(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """After an outage of over an hour, which is a slot, the first cycle only reconciles; the second may trade."""
    formula, this = "the slot before this one, after an outage", running_cycle(book).started.slot
    before = next((name for name in reversed(book.slots) if name != this), None)
    is_gap = before is not None and not book.slots[before].finished
    observed = f"{before} has no finished cycle" if is_gap else before or "no slot before"
    return (Verdict("veto" if is_gap else "pass", formula, observed, "finished"),)


def nothing_in_doubt(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """An order of which too little is known, or which still works, would be doubled."""
    kept = {order.order_ref for order in planned_orders(book)} & {order.order_ref for order in book.kept_orders}
    others = [order for order in book.working_orders if order.order_ref not in kept or order.status == "attempted"]
    formula = "orders of ours that may still fill, without those that the plan keeps"
    return (at_most(Decimal(len(others)), Decimal(0), formula),)


def breaks_are_respected(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A locked contract, or any while an open break says so, is ordered only to shrink its position."""
    formula = "orders that grow a position against an open break"
    against = [
        order.symbol
        for order in planned_orders(book)
        if (book.reduce_only or order.con_id in book.locked) and not reduces(held(book, order.con_id), order.quantity)
    ]
    return (Verdict("veto" if against else "pass", formula, ", ".join(against) or "none", "none"),)


def every_order_has_a_target(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """Only what this cycle's forecast names is ordered, and the forecast names the universe alone."""
    formula, computed = "ordered contracts that this cycle's forecast does not name", running_cycle(book).targets
    if not computed:
        return (unknown(formula, "no forecast in this cycle"),)
    named = {row.con_id for each in computed for row in each.rows}
    unnamed = [order.symbol for order in planned_positions(book) if order.con_id not in named]
    return (Verdict("veto" if unnamed else "pass", formula, ", ".join(unnamed) or "none", "none"),)


def this_slot_was_not_traded(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """What a slot decided is done once: a second start of it has nothing to trade."""
    slot, formula = running_cycle(book).started.slot, "cycles that finished in this slot"
    known = book.slots.get(slot)
    is_used = known is not None and known.finished and not known.rehearsed
    return (Verdict("veto" if is_used else "pass", formula, f"{slot}: {'one' if is_used else 'none'}", "none"),)


def account_and_mode_match(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """The session is with the account of this log; the broker's paper accounts begin with D, no other does."""
    formula, connected = "account and mode of the session, and of this log", running_cycle(book).connected
    if connected is None:
        return (unknown(formula, "no session in this cycle"),)
    mode = "paper" if connected.account.startswith("D") else "live"
    observed, expected = f"{connected.account}, {mode}", f"{book.account}, {book.mode}"
    return (Verdict("pass" if observed == expected else "veto", formula, observed, expected),)


def live_was_decided(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """Real money trades only once somebody typed its account: `tallybook go-live`."""
    is_allowed = book.mode != "live" or book.gone_live
    observed = f"{book.mode}{', gone live' if book.gone_live else ''}"
    return (Verdict("pass" if is_allowed else "veto", "paper, or gone live", observed, "gone live"),)


def settings_are_approved(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """Whoever changes the settings is shown what they would do before they do it."""
    formula, used = "settings of this cycle, and those that were approved", running_cycle(book).started.settings_sha256
    outcome: Outcome = "pass" if used == book.settings_approved else "veto"
    return (Verdict(outcome, formula, used[:12], book.settings_approved[:12]),)


def clocks_agree(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A clock that is wrong trades at the wrong hour and believes old prices."""
    formula, connected = "|the broker's clock minus ours| in seconds", running_cycle(book).connected
    if connected is None:
        return (unknown(formula, "no session in this cycle"),)
    apart = Decimal(abs(connected.clock_difference_seconds))
    return (at_most(apart, Decimal(limits.clock_seconds_max), formula),)


def disk_has_room(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """An order whose fill could not be recorded must not be sent."""
    formula, free = "megabytes free where the home lies", running_cycle(book).started.disk_free_megabytes
    if free is None:
        return (unknown(formula, "not told at the cycle's start"),)
    return (at_least(Decimal(free), Decimal(limits.disk_free_megabytes_min), formula),)


def mails_leave(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """An owner whom no mail reaches would not learn of what goes wrong; no mail that failed is no failure."""
    since, formula = book.mail_fails_since, "hours that mails have failed, none having left"
    hours = Decimal(0) if since is None else Decimal(int((book.now - since).total_seconds())) / 3600
    hours = hours.quantize(Decimal("0.01"), ROUND_CEILING)
    return (at_most(hours, Decimal(limits.mail_hours_max), formula),)
