"""What cures what waits for the owner: `status`, `breaks` and the mails say the same.

A halt is lifted where it was made: one by hand with `resume`, one of a break with the break, one of ours as its section
of docs/runbook.md says. To add one of ours: give `TradingHalted` its code, and the code its cure in `CURES`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.events.reconciliation import BreakKind
from ledger.state import Break, Order, State

RECOVERED = 'tallybook resume --recovered --why "…"'
DAMAGED = "the log is damaged: "  # how the halt begins that a commit makes
MEND = "do not resume: tallybook verify, then docs/runbook.md, 'A damaged log'"
RESUME = 'to lift it: tallybook resume --why "…"'

TOTALS: tuple[BreakKind, ...] = ("nav", "exposure")  # nothing is booked for them: there is nothing to choose

CURES: dict[str, str] = {
    "old-copy": "do not resume: put the newest copy of the log in the place of this one, see docs/runbook.md#old-copy",
}

BEFORE_ACCEPTING: dict[BreakKind, str] = {
    "position": "if the broker is right",
    "cash": "if the broker is right",
    "nav": "if the broker is right",
    "foreign_trade": "it is booked; the strategy then acts on what it finds",
    "foreign_order": "after it was cancelled in the Gateway, or to let it work",
    "refused_fact": "after a look into the account statement: what was refused is not booked",
    "corporate_action": "with --basis-to-cash for cash and shares; or import a statement that tells",
    "order": "after a look into the account statement: did it fill?",
    "execution": "after a look into the account statement: did it happen?",
    "commission": "if the broker is right",
    "realised": "to have seen it: nothing is booked",
    "exposure": "if the broker is right: nothing is booked",
    "second_books": "after `tallybook verify`, once you know which of the two is right: nothing is booked",
}


def halt(book: State, halt_file: str | None = None) -> tuple[str, str] | None:
    """Return why trading is halted by anything but a break, and what cures it; `halt_file` is what var/HALT says.

    A halt of ours comes before any by hand: to resume would lift it too.
    """
    reason = book.halt if book.halt_code else halt_file or book.halt
    by_hand = MEND if reason is not None and reason.startswith(DAMAGED) else RESUME
    return None if reason is None else (reason, CURES.get(book.halt_code or "", by_hand))


def recovery(book: State) -> Iterator[str]:
    """Say that the home is in recovery, and what ends that."""
    if book.recovery is None:
        return
    seq, _, digest = (book.recovery_witness or "-1:").partition(":")
    # A witness of before the recovery was held against the log as it was restored: nothing is missing.
    held = f"the log holds the witness {seq}:{digest[:16]}…, " if int(seq) >= book.recovery_since else ""
    if book.halt_code == "old-copy":  # told, with its cure, as a halt
        why = "" if book.recovery == book.halt else f": {book.recovery}"
        yield f"in recovery{why}; if there is no newer log anywhere, and only then: {RECOVERED}"
        return
    yield (
        f"in recovery, no order leaves: {book.recovery}. It ends by itself when {held}a cycle finds nothing newer at "
        f"the broker, and every break found since is accepted; to end it by your word: {RECOVERED}"
    )


def accepting(known: Break) -> str:
    """Return how a break is accepted, and when."""
    found = known.found
    if is_unexplained(known):
        return f'tallybook accept {found.break_id} --as-suspense --why "…" ({BEFORE_ACCEPTING[found.kind]})'
    is_lone = known.explanation is not None and not known.explanation.rivals
    choice = f" --explanation {'1' if is_lone else 'N'}" if needs_a_choice(known) else ""
    return f'tallybook accept {found.break_id}{choice} --why "…" ({BEFORE_ACCEPTING[found.kind]})'


def needs_a_choice(known: Break) -> bool:
    """Tell whether an explanation has to be named: none is more than possible."""
    is_unsure = known.explanation is not None and known.explanation.certainty == "possible"
    return is_unsure and known.found.kind not in TOTALS


def is_unexplained(known: Break) -> bool:
    """Tell whether accepting a break would book an amount of which nobody knows where it comes from."""
    explained = known.explanation is not None and known.explanation.certainty != "unexplained"
    return known.found.kind in ("cash", "position") and not explained


def undecided(book: State) -> Iterator[Order]:
    """Return the orders in doubt that the next cycle may still decide; of the others a break waits for the owner."""
    waiting = {known.found.subject for known in book.open_breaks if known.found.kind == "order"}
    return (order for order in book.in_doubt if order.order_ref not in waiting)


def kept_back(book: State) -> Iterator[str]:
    """Tell the orders of the last plan that had to wait; the next cycle plans them anew, so there is nothing to do."""
    cycle = book.cycle
    planned = {row.order_ref: row for row in cycle.plan} if cycle is not None else {}
    for told in cycle.deferred if cycle is not None else ():
        row = planned.get(told.order_ref)
        what = f"{row.action} {abs(row.quantity)} {row.symbol}" if row is not None else told.order_ref
        yield f"{what} {told.reason}"
