"""Our side and the API's, as tables of figures by kind. Pure.

What the broker's session did not report is not reported, never zero; what our side cannot know (a folded lot, an
adopted position's lots, a mark that is missing) is unknown. To compare something else that the API tells: a function
here that yields rows, its name in `COMPARED`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from ledger.book import Book
from ledger.lots import EXACT, ROUNDING, ZERO, Folded, Holding, exactly
from ledger.lots.disposals import Disposal, disposals_by
from ledger.nav import Unvalued, own_nav
from ledger.state import Fill, State
from reconcile.comparing.names import INFERRED, UNNAMED, name_of, symbol
from reconcile.comparing.rows import NOT_REPORTED, UNKNOWN, Figure, Row, paired
from reconcile.comparing.totals import (
    accepted_last,
    apart_in_nav,
    explained_in_nav,
    listed_exposure,
    nav_bound,
    pending_commissions,
)
from reconcile.periods import broker_day
from reconcile.tolerances import Tolerances

UNIT = Decimal("1e-6")

Comparison = Callable[[State, Tolerances], Iterable[Row]]


def positions(book: State, _: Tolerances) -> Iterator[Row]:
    """Compare units."""
    told = book.reported.positions
    theirs = None if told is None else {con_id: row.quantity for con_id, row in told.items()}
    yield from paired("position", book.positions, theirs, name=lambda con_id: name_of(book, con_id))


def cash(book: State, tolerances: Tolerances) -> Iterator[Row]:
    """Compare each currency's balance, beside commissions that are still to come."""
    pending = pending_commissions(book, tolerances)
    rounding = tolerances.cash_rounding
    yield from paired("cash", book.cash, book.reported.cash, tolerance=rounding, pending=pending)


def nav(book: State, tolerances: Tolerances) -> Iterator[Row]:
    """Compare own NAV with IB's, both without accruals; what other differences explain counts on our side.

    Both are valued at IB's own marks and rates, of the same account download: what they explain is nothing but the
    moments between its parts, which the bound allows for.
    """
    reported = book.reported.nav
    theirs = None if reported is None else {book.base_currency: reported.without_accruals}
    ours = own_nav(book)
    if reported is None:
        yield from paired("nav", {book.base_currency: ours}, theirs)
        return
    mine = EXACT.add(ours, explained_in_nav(book, tolerances))
    bound = apart_in_nav(book, nav_bound(book, ours, tolerances), mine)
    yield from paired("nav", {book.base_currency: mine}, theirs, tolerance=bound)


def exposure(book: State, tolerances: Tolerances) -> Iterator[Row]:
    """Compare IB with itself: the positions that it lists, at its marks, with its sum of positions.

    That both lists of its positions agree is asked of every look: one that does not hold together is not taken in.
    """
    reported = book.reported.nav
    counted = None if reported is None else reported.gross_position_value
    if counted is None or book.reported.positions is None:
        return
    bound, listed = nav_bound(book, own_nav(book), tolerances), listed_exposure(book)
    residual = EXACT.subtract(counted, listed)
    if abs(residual - accepted_last(book, "exposure")) <= bound:
        bound = max(bound, abs(residual))  # the operator knows of it
    yield from paired("exposure", {"listed": listed}, {"listed": counted}, tolerance=bound)


def executions(book: State, _: Tolerances) -> Iterator[Row]:
    """Compare the executions that the broker lists with those of the book, revision by revision.

    It lists since its own midnight: of an earlier day, absence says nothing. What it lists and the book has not is a
    fact that was refused, and a break of its own.
    """
    reported = book.reported
    if reported.executions is None or reported.executions_at is None:
        return
    day = broker_day(reported.executions_at)
    listed = frozenset(reported.executions)
    told = (fill for fill in book.fills.values() if _is_of(fill, day) and fill.at <= reported.executions_at)
    mine = {fill.execution_id: fill for fill in told}
    if listed.isdisjoint(mine):
        return  # the gateway's day may be another than the broker's: of a list without any of them nothing is known
    own = {execution_id: fill.quantity for execution_id, fill in mine.items()}
    theirs = {execution_id: quantity for execution_id, quantity in own.items() if execution_id in listed}
    yield from paired("execution", own, theirs)


def _is_of(fill: Fill, day: date) -> bool:
    """Tell whether the broker told of a fill, and on a day that it still lists."""
    return not fill.execution_id.startswith((INFERRED, UNNAMED)) and not fill.busted and broker_day(fill.at) == day


def commissions(book: State, _: Tolerances) -> Iterator[Row]:
    """Show each execution whose commission has not come: it is unknown, and what the broker took of it shows in cash.

    What has come is the broker's own word, revision by revision; a statement tells it a second time.
    """
    for base, fill in book.fills.items():
        if fill.commission is None and not fill.busted:
            yield Row("commission", f"{symbol(book, fill.con_id)} {base}", UNKNOWN, NOT_REPORTED, ZERO, ZERO, base)


def realised(book: State, _: Tolerances) -> Iterator[Row]:
    """Compare by contract what the executions of the session realised, commissions netted, with IB's word of each."""
    told: dict[int, dict[str, Fill]] = {}
    since = book.cycle.started.session_open if book.cycle is not None else None
    for base, fill in book.fills.items():
        if fill.realised_reported is not None and not fill.busted and since is not None and fill.at >= since:
            told.setdefault(fill.con_id, {})[base] = fill
    with exactly():
        theirs = {c: sum((_realised(fill) for fill in of.values()), ZERO) for c, of in told.items()}
        own: Mapping[int, Figure] = {c: _own_realised(book, c, of.keys()) for c, of in told.items()}
    if told:
        yield from paired("realised", own, theirs, name=lambda con_id: name_of(book, con_id))


def _realised(fill: Fill) -> Decimal:
    assert fill.realised_reported is not None
    return fill.realised_reported


def _own_realised(book: State, con_id: int, bases: Iterable[str]) -> Figure:
    """Add up what our lots realised by executions; unknown where a lot is none that an execution opened."""
    holding = book.holdings.get(con_id)
    closed = () if holding is None else tuple(disposals_by(holding, frozenset(bases)))
    if not closed or any(_is_our_own(book, lot) for lot in closed):
        return UNKNOWN
    return sum((lot.realised for lot in closed), ZERO)


def _is_our_own(book: State, lot: Disposal) -> bool:
    """Tell whether a lot, or how it was closed, is no matter of the broker's.

    It was adopted, accepted, transferred or made by an action; or it was closed by another method than IB's own.
    """
    opening = book.fills.get(lot.opened_by)
    if opening is not None and opening.revision > 1:
        return True  # corrected: IB's word on what closed it may be from before
    named = lot.opened_by == "opening" or "/" in lot.opened_by or lot.opened_by in book.breaks
    return named or lot.opened_by.startswith(INFERRED) or lot.method != "fifo"


def average_costs(book: State, _: Tolerances) -> Iterator[Row]:
    """Show IB's average cost beside our lots as they would be by the average method, per unit, in their currency."""
    rows = {c: row for c, row in (book.reported.positions or {}).items() if row.quantity and c in book.holdings}
    own = {con_id: _average(book.holdings[con_id]) for con_id in rows}
    theirs = {con_id: row.average_cost for con_id, row in rows.items()}
    if rows:
        yield from paired("average cost", own, theirs, name=lambda con_id: name_of(book, con_id))


def _average(holding: Holding) -> Figure:
    try:
        pooled = holding.averaged()
    except Folded:
        return UNKNOWN
    if not pooled.quantity:
        return UNKNOWN
    return ROUNDING.quantize(ROUNDING.divide(EXACT.plus(pooled.basis), pooled.quantity), UNIT)


COMPARED: tuple[tuple[str, Comparison], ...] = (
    ("position", positions),
    ("cash", cash),
    ("nav", nav),
    ("exposure", exposure),
    ("execution", executions),
    ("commission", commissions),
    ("realised", realised),
    ("average cost", average_costs),
)


def reported(book: Book, tolerances: Tolerances) -> tuple[Row, ...]:
    """Return every figure of the API beside ours, for people; give a book that keeps everything.

    From a book that has forgotten, the average costs of old positions are unknown.
    """
    with exactly():
        return tuple(row for kind, compare in COMPARED for row in _told(kind, compare, book, tolerances))


def _told(kind: str, compare: Comparison, book: Book, tolerances: Tolerances) -> Iterator[Row]:
    try:
        yield from tuple(compare(book, tolerances))
    except Unvalued:
        yield Row(kind, "", UNKNOWN, UNKNOWN, ZERO)
