"""What to do about every contract of the universe: buy, sell or nothing, how much, at what limit, and why.

Pure. Limits shape the plan first (`shaping.py`): a name above its share is cut, all are scaled pro rata to the leverage
that holdings outside the plan leave free, drift above the cap is reduced, one order is kept within its bounds
(`rows.py`). What is bought with the proceeds of other orders waits for them (`proceeds.py`); cash in
other currencies comes back as the settings ask (`currencies.py`). Where several strategies trade, each row says what
each has in it (`parts.py`). A halted or doubtful book
plans too, so that the log shows what would be done: the safeguards veto it.
"""

from __future__ import annotations

from decimal import localcontext

from ledger.book import Book
from ledger.events import Fact, StepFailed
from ledger.nav import Unvalued
from ledger.sending import deferred
from trader.projection import ARITHMETIC, cautious_nav, running_cycle
from trader.safeguards import reductions_only
from trader.sizing.currencies import conversions
from trader.sizing.kept import unwanted, with_kept
from trader.sizing.parts import cross_strategies, with_parts
from trader.sizing.proceeds import with_needs
from trader.sizing.rows import nothing, rows_of
from trader.sizing.shaping import shaped
from trader.sizing.wishes import Frame, Sizing, bare, wish_of

STEP = "plan"


def plan_orders(book: Book, sizing: Sizing) -> tuple[Fact, ...]:
    """Return how limits shaped the targets, and one planned row for each contract; a closing cycle plans nothing."""
    if running_cycle(book).started.kind == "close":
        return ()
    with localcontext(ARITHMETIC):
        try:
            frame = _frame(book, sizing)
            wishes = tuple(wish_of(frame, con_id) for con_id in sizing.universe)
            wishes, scaled = shaped(frame, wishes)
            rows = with_needs(frame, rows_of(frame, wishes))  # from here on, quantities are final
            return (*scaled, *with_kept(book, with_parts(frame, wishes, rows)), *conversions(frame, rows))
        except Unvalued as unknown:
            idle = (bare(book, con_id, f"not sized: {unknown}") for con_id in sizing.universe)
            return (StepFailed(step=STEP, reason=str(unknown)), *(nothing(wish) for wish in idle))


def unwanted_orders(book: Book, sizing: Sizing) -> tuple[str, ...]:
    """Name the orders that work already and that a plan made now would not want as they are; mostly there are none."""
    return unwanted(book, plan_orders(book, sizing)) if book.kept_orders else ()


def defer_orders(book: Book) -> tuple[Fact, ...]:
    """Say of each order that was allowed and did not leave what it waits for."""
    return deferred(running_cycle(book).plan, book.orders) if book.may_trade else ()


def _frame(book: Book, sizing: Sizing) -> Frame:
    nav = cautious_nav(book)
    return Frame(book, sizing, nav, reductions_only(book, sizing.limits))


__all__ = ["Sizing", "cross_strategies", "defer_orders", "plan_orders", "unwanted_orders"]
