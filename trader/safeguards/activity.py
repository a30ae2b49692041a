"""How much is traded: orders and turnover, in a cycle and in a day."""
# ruff: noqa: D401 - every safeguard has the same signature, and says what it stands for

from __future__ import annotations

from decimal import Decimal

from ledger.book import Book
from ledger.lots import ZERO
from trader.limits import Limits
from trader.projection import cautious_nav, planned_orders, running_cycle, unit_value
from trader.safeguards.judging import shrinks, worth
from trader.verdicts import Verdict, at_most


def few_enough_orders(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A runaway plan is a bug, not an opportunity."""
    return (at_most(Decimal(len(planned_orders(book))), Decimal(limits.orders_per_cycle_max), "orders planned"),)


def few_enough_orders_in_a_day(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A loop that trades a little at every cycle is a bug, too."""
    day = running_cycle(book).started.session_day
    sent = sum(order.session_day == day for order in book.orders.values())
    kept = {order.order_ref for order in book.kept_orders}  # of what was sent
    planned = sum(order.order_ref not in kept for order in planned_orders(book))
    total = Decimal(sent + planned)
    return (
        at_most(total, Decimal(limits.orders_per_day_max), "orders sent today and planned", reduction=shrinks(book)),
    )


def turnover_of_a_cycle_stays_within_limit(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """What turns the whole account over more than once in an hour is a mistake, or ought to be one."""
    share = _planned(book) / cautious_nav(book)
    formula = "sum of |quantity x limit price| / NAV"
    return (at_most(share, limits.turnover_per_cycle_max, formula, reduction=shrinks(book)),)


def turnover_of_a_day_stays_within_limit(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """Commissions and spreads eat what is turned over again and again."""
    share = (_traded_today(book) + _planned(book)) / cautious_nav(book)
    formula = "sum of |quantity x price| filled today and planned / NAV"
    return (at_most(share, limits.turnover_per_day_max, formula, reduction=shrinks(book)),)


def _planned(book: Book) -> Decimal:
    return sum((worth(book, order) for order in planned_orders(book)), ZERO)


def _traded_today(book: Book) -> Decimal:
    """Return what our orders of today have filled, in the base currency."""
    day = running_cycle(book).started.session_day
    today = {ref for ref, order in book.orders.items() if order.session_day == day}
    fills = (fill for fill in book.fills.values() if fill.order_ref in today and not fill.busted)
    return sum((abs(fill.quantity) * unit_value(book, fill.con_id, fill.price) for fill in fills), ZERO)
