"""What follows from figures that differ by the API, kind by kind: the policy. A statement's are shown, not judged."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ledger.events import decimal_text
from ledger.events.reconciliation import BreakKind, Consequence
from ledger.nav import Unvalued, own_nav
from ledger.state import ZERO, State
from reconcile.comparing import api
from reconcile.comparing.finding import Finding
from reconcile.comparing.names import symbol
from reconcile.comparing.rows import Row
from reconcile.comparing.totals import cash_differences, cash_value, explained_in_nav, nav_bound, unsettled
from reconcile.tolerances import Tolerances


def positions(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Units must be equal; a contract whose are not is locked."""
    rows = (row for row in api.positions(book, tolerances) if row.differs)
    for row in sorted(rows, key=lambda row: int(row.subject)):
        con_id = int(row.subject)
        yield _found(row, "lock", symbol(book, con_id), con_id=con_id)


def cash(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Cash per currency; how far apart all currencies are together decides the consequence."""
    consequence = _cash_consequence(book, tolerances, cash_differences(book, tolerances))
    for row in api.cash(book, tolerances):
        if row.differs:
            # Money that nobody announced is not invested: sizing uses the smaller NAV.
            severity: Consequence = "note" if (row.difference or ZERO) < 0 else consequence
            yield _found(row, severity, f"cash {row.subject}", currency=row.subject)


def nav(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Own NAV against IB's, both without accruals, less what the position and cash differences explain."""
    for row in api.nav(book, tolerances):
        if row.differs:
            own = own_nav(book)
            figures = (own, row.broker, explained_in_nav(book, tolerances), nav_bound(book, own, tolerances))
            told = (f"{figure:,.2f}" for figure in figures if isinstance(figure, Decimal))
            text = "NAV: the book says {}, the broker {}; breaks explain {}, marks and rounding {}".format(*told)
            text += _marks_part(book, tolerances)
            found = _found(row._replace(subject="NAV"), "reduce_only", "NAV", currency=book.base_currency)
            yield found.saying(text)


def _marks_part(book: State, tolerances: Tolerances) -> str:
    """Say how much of it IB's own marks make: its sum of positions, less its list of them at the marks that it gave."""
    rows = (row for row in api.exposure(book, tolerances) if isinstance(row.broker, Decimal))
    return "".join(f"; its sum of positions is {-(row.difference or ZERO):+,.2f} from its list of them" for row in rows)


def exposure(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """IB's sum of positions against the positions that it lists: told, since NAV and positions decide."""
    for row in api.exposure(book, tolerances):
        if row.differs and isinstance(row.own, Decimal) and isinstance(row.broker, Decimal):
            text = f"positions that the broker lists are worth {row.own:,.2f}, its own sum of them {row.broker:,.2f}"
            yield _found(row, "note", "exposure", currency=book.base_currency).saying(text)


def executions(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Tell of an execution that the broker lists no more: it may have been busted. Units and cash decide."""
    for row in api.executions(book, tolerances):
        if row.differs and isinstance(row.own, Decimal):
            fill = next(fill for fill in book.fills.values() if fill.execution_id == row.subject)
            text = f"the broker lists {row.subject} no more: {decimal_text(row.own)} {symbol(book, fill.con_id)} at"
            yield Finding(
                "execution", row.subject, "note", con_id=fill.con_id, text=f"{text} {decimal_text(fill.price)}"
            )


def realised(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Tell where IB says that the session's executions realised something else: its lots may be others, to no harm."""
    for row in api.realised(book, tolerances):
        if row.differs:
            con_id = int(row.subject)
            yield _found(row, "note", f"{symbol(book, con_id)}, realised in this session", con_id=con_id)


def _found(
    row: Row, consequence: Consequence, name: str, *, con_id: int | None = None, currency: str | None = None
) -> Finding:
    assert isinstance(row.own, Decimal)
    assert isinstance(row.broker, Decimal)
    text = f"{name}: the book says {decimal_text(row.own)}, the broker {decimal_text(row.broker)}"
    kind: BreakKind = row.kind  # type: ignore[assignment] # the kinds of the API are those of breaks
    return Finding(kind, row.subject, consequence, row.own, row.broker, con_id=con_id, currency=currency, text=text)


def _cash_consequence(book: State, tolerances: Tolerances, differences: dict[str, Decimal]) -> Consequence:
    """Judge what is missing in all currencies together; money that came in makes up for none of it."""
    try:
        nav = own_nav(book)
        apart = cash_value(book, _missing(book, differences))
    except Unvalued:
        return "reduce_only"  # how much it is worth is unknown
    if apart > nav * tolerances.cash_halt_share:
        return "halt"
    if apart > nav * tolerances.cash_reduce_share:
        return "reduce_only"
    if apart > max(tolerances.cash_note_min, nav * tolerances.cash_note_share) and any(
        _sessions(book, currency) >= tolerances.cash_sessions_max
        for currency, amount in differences.items()
        if amount < 0
    ):
        return "reduce_only"
    return "note"


def _missing(book: State, differences: dict[str, Decimal]) -> dict[str, Decimal]:
    """Return what is missing by currency, less what futures lost since they were settled: own NAV has lost it, too."""
    missing = {currency: -amount for currency, amount in differences.items() if amount < 0}
    for currency, gained in unsettled(book).items():
        if gained < 0 and currency in missing:
            missing[currency] = min(missing[currency], abs(missing[currency] + gained))
    return missing


CHANGED = "it changed: another break goes on with it"


def _sessions(book: State, currency: str) -> int:
    """Count the past sessions that a currency's cash has differed in, by whatever amount."""
    if book.cycle is None:
        return 0
    since = book.cycle.started.session_day
    for known in reversed(book.breaks.values()):
        if (known.found.kind, known.found.subject) == ("cash", currency):
            if known.status == "accepted" or (known.status == "closed" and known.why != CHANGED):
                break
            since = known.session_day or since
    return sum(since <= day < book.cycle.started.session_day for day in book.snapshots)
