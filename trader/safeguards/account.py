"""The account as a whole: leverage, margin, currencies, and what it lost.

Those in `STANDING` judge the account as it stands: sizing asks them before it plans, and where one vetoes it plans
reductions alone.
"""
# ruff: noqa: D401 - every safeguard has the same signature, and says what it stands for

from __future__ import annotations

from decimal import Decimal

from ledger.book import Book
from ledger.events import SnapshotTaken
from ledger.lots import ZERO
from ledger.nav import Unvalued, mark, own_nav, rate
from trader.limits import Limits
from trader.projection import (
    cautious_nav,
    planned_orders,
    planned_positions,
    reported_margin,
    running_cycle,
    unit_value,
    values_after,
)
from trader.safeguards.judging import Safeguard, age_of, previewed, shrinks, worth
from trader.snapshot import adjustments_of, flows_of
from trader.verdicts import Verdict, at_least, at_most, unknown


def gross_leverage_stays_within_limit(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """All positions, those outside the universe included, after all orders."""
    values = values_after(book, running_cycle(book).plan).values()
    observed = sum(map(abs, values), ZERO) / cautious_nav(book)
    formula = "sum of |quantity after all orders x price| / NAV"
    age = age_of(book, book.reported.nav_at)
    return (at_most(observed, limits.gross_leverage_max, formula, reduction=shrinks(book), age=age),)


def net_leverage_stays_within_limit(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """What is short makes up for what is long: how much of the market the account carries."""
    values = values_after(book, running_cycle(book).plan).values()
    observed = abs(sum(values, ZERO)) / cautious_nav(book)
    formula = "|sum of quantity after all orders x price| / NAV"
    age = age_of(book, book.reported.nav_at)
    return (at_most(observed, limits.net_leverage_max, formula, reduction=shrinks(book), age=age),)


def excess_liquidity_remains(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A margin call sells at the worst moment; each preview tells what its order adds to the maintenance margin."""
    formula = "(excess liquidity - sum of maintenance margin added by each order) / NAV"
    margin = reported_margin(book)
    left = margin.excess_liquidity
    for order in planned_orders(book):
        after = previewed(book, order).maintenance_margin_after
        if after is None:
            return (unknown(formula, f"{order.symbol}: the preview tells no maintenance margin"),)
        left -= max(after - margin.maintenance, ZERO)
    share, age = left / cautious_nav(book), age_of(book, book.reported.margin_at)
    return (at_least(share, limits.excess_liquidity_min, formula, reduction=shrinks(book), age=age),)


def purchases_are_settled(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A cash account that buys with what has not settled, and sells too soon, is restricted for ninety days."""
    formula = "worth of all purchases, in the base currency"
    if not limits.settled_cash_only:
        return (Verdict("pass", formula, "settled or not", ""),)
    settled = reported_margin(book).settled_cash
    bought = sum((worth(book, order) for order in planned_positions(book) if order.quantity > 0), ZERO)
    if not bought:
        return (Verdict("pass", formula, "nothing is bought", ""),)
    if settled is None:
        return (unknown(formula, "the broker told no settled cash"),)
    return (at_most(bought, settled, formula, age=age_of(book, book.reported.margin_at)),)


def cushion_remains(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """IB's cushion, which falls to 0 when IB begins to liquidate."""
    formula, reported = "excess liquidity / IB's net liquidation value", book.reported.nav
    if reported is None or reported.net_liquidation <= 0:
        return (unknown(formula, "the broker reported no net liquidation value above zero"),)
    share = reported_margin(book).excess_liquidity / reported.net_liquidation
    age = age_of(book, book.reported.margin_at)
    return (at_least(share, limits.cushion_min, formula, reduction=shrinks(book), age=age),)


def nav_does_not_jump(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A NAV that leaps within a slot is a wrong price, a wrong quantity or a day to look at."""
    formula, last = "|NAV - flows since - NAV of the last cycle| / NAV of the last cycle", book.snapshot
    if last is None:
        return (Verdict("pass", formula, "no cycle before", ""),)
    jump, age = abs(_gained_since(book, last)) / _above_zero(last.nav), age_of(book, book.snapshot_at)
    return (at_most(jump, limits.nav_jump_max, formula, reduction=shrinks(book), age=age),)


def the_day_loses_no_more_than_allowed(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A bad day ends the buying, not the selling."""
    formula, day = "(NAV of the last session + flows since - NAV) / NAV of it", running_cycle(book).started.session_day
    earlier = [known for known in book.snapshots if known < day]
    if not earlier:
        return (Verdict("pass", formula, "no session before", ""),)
    before = book.snapshots[max(earlier)]
    loss = -_gained_since(book, before) / _above_zero(before.nav)
    age = age_of(book, book.reported.positions_at)  # they brought the marks
    return (at_most(loss, limits.daily_loss_max, formula, reduction=shrinks(book), age=age),)


def drawdown_stays_within_limit(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """The distance from the best that a unit of the account ever was, flows taken out."""
    growth = book.growth
    if growth.nav is None and growth.known:
        return (Verdict("pass", "1 - NAV / its high-water mark, net of flows", "no cycle before", ""),)
    now = growth.after(own_nav(book), flows_of(book))
    if now.drawdown is None:
        raise Unvalued("the growth of the account is unknown: its NAV was not above zero at some time")
    formula = f"1 - NAV {own_nav(book):.2f} / high-water mark {now.nav_at_peak:.2f}, net of flows"
    age = age_of(book, book.reported.positions_at)
    return (at_most(-now.drawdown, limits.drawdown_max, formula, reduction=shrinks(book), age=age),)


def currencies_stay_within_share(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """What is worth something in another currency moves with it; a trade at its price changes nothing of that."""
    nav, worth = cautious_nav(book), {c: amount * rate(book, c) for c, amount in book.cash.items() if amount}
    for con_id, quantity in book.positions.items():
        currency = book.holdings[con_id].currency
        worth[currency] = worth.get(currency, ZERO) + quantity * unit_value(book, con_id, mark(book, con_id))
    foreign = {currency: abs(amount) for currency, amount in worth.items() if currency != book.base_currency}
    formula = f"|cash and positions in a currency other than {book.base_currency}| / NAV"
    if not foreign:
        return (Verdict("pass", formula, "none", ""),)
    most = max(sorted(foreign), key=foreign.__getitem__)
    named = f"{formula}, the most in {most}"
    age = age_of(book, book.reported.rates_at)
    return (at_most(foreign[most] / nav, limits.currency_share_max, named, reduction=shrinks(book), age=age),)


def _gained_since(book: Book, then: SnapshotTaken) -> Decimal:
    """Return own NAV less that of a snapshot, and what came in or was accepted as it stands since."""
    came_in = flows_of(book) - then.flows + adjustments_of(book) - then.adjustments
    return own_nav(book) - came_in - then.nav


def _above_zero(nav: Decimal) -> Decimal:
    if nav <= 0:
        raise Unvalued(f"expected an earlier NAV above zero, found {nav}")
    return nav


STANDING: tuple[Safeguard, ...] = (
    excess_liquidity_remains,
    cushion_remains,
    nav_does_not_jump,
    the_day_loses_no_more_than_allowed,
    drawdown_stays_within_limit,
    currencies_stay_within_share,
)
