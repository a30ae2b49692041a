"""Reports of the broker's that are late, leave something out, or count otherwise: nothing happened to the account.

These candidates have no facts: there is nothing to record, the broker's half comes round by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import accumulate

from ledger.book import Book
from ledger.effects.changes import MARGINED
from ledger.events.reconciliation import Certainty
from ledger.nav import Unvalued, mark, own_nav, rate
from ledger.state import ZERO, Fill
from reconcile.candidates import Candidate, Case, Subject, money
from reconcile.causes.executions import fills_of_the_day, has_ended, is_fresh, paid, spelt
from reconcile.comparing.names import symbol
from reconcile.comparing.totals import nav_bound
from reconcile.tolerances import CENT

ROUNDED_MAX = 5 * CENT  # a cent for each of a few bookings
MARKS_APART_MAX = Decimal("0.1")  # of what is held: marks of one evening are no further apart
FILLS_MAX = 8  # of today that a report may not hold yet
NAV: Subject = ("nav", "NAV")


def stale_snapshot(case: Case) -> Iterator[Candidate]:
    """Show a report from before the last executions of today: in its positions, its cash, or both."""
    if not case.differences("position") and not case.differences("cash"):
        return
    fills = [fill for _, fill in fills_of_the_day(case.book) if fill.con_id in case.book.contracts][:FILLS_MAX]
    for fill in fills:
        yield from _before(case, (fill,))
    for several in list(accumulate(((fill,) for fill in fills), lambda before, next_: before + next_))[1:]:
        yield from _before(case, several)


def _before(case: Case, fills: tuple[Fill, ...]) -> Iterator[Candidate]:
    units, cash = dict[Subject, Decimal](), dict[Subject, Decimal]()
    for fill in fills:
        held, money_of = ("position", str(fill.con_id)), ("cash", fill.currency)
        moved = paid(case.book, fill.quantity, fill.price, fill.con_id) + (fill.commission or ZERO)
        units[held] = units.get(held, ZERO) - fill.quantity  # type: ignore[index, arg-type]
        cash[money_of] = cash.get(money_of, ZERO) - moved  # type: ignore[index, arg-type]
    last = max(fill.at for fill in fills)
    told = spelt(case.book, fills[0]) if len(fills) == 1 else f"{len(fills)} executions"
    speaks = (f"executed at {last:%H:%M:%S} UTC",)
    differing = {(finding.kind, finding.subject) for finding in case.findings}
    whole = ("", units | cash)
    parts = ((" in its positions", units), (" in its cash", cash))
    for where, amounts in (whole,) if (units | cash).keys() <= differing else parts:
        if amounts.keys() <= differing:
            text = f"the broker's report is from before {told}{where}"
            is_late = all(is_fresh(case.book, fill) and not has_ended(case.book, fill.con_id) for fill in fills)
            certainty: Certainty = "likely" if is_late else "possible"
            yield Candidate("stale snapshot", certainty, (), text, speaks, amounts=amounts)


def partial_snapshot(case: Case) -> Iterator[Candidate]:
    """Show a position that is missing from the list, while the account's totals still count it."""
    rows, residual = case.book.reported.positions or {}, case.differences("nav").get("NAV")
    for finding in case.findings:
        con_id = finding.con_id
        if finding.kind != "position" or con_id is None or con_id in rows or finding.difference is None:
            continue
        worth = _worth(case.book, con_id, -finding.difference)
        in_nav = worth is not None and residual is not None and _is_near(case, residual, worth)
        in_positions = worth is not None and _is_in_positions(case, abs(worth))
        amounts: dict[Subject, Decimal] = {("position", finding.subject): finding.difference}
        if residual is not None and worth is not None and (in_nav or in_positions):
            amounts[NAV] = residual if in_nav else worth
        speaks: tuple[str, ...] = (f"the account's total counts {money(worth or ZERO)} more",) if in_nav else ()
        speaks += (f"its sum of positions counts {money(abs(worth or ZERO))} more",) if in_positions else ()
        text = f"{symbol(case.book, con_id)} is missing from the broker's list of positions"
        certainty: Certainty = "likely" if in_nav or in_positions else "possible"
        yield Candidate("partial snapshot", certainty, (), text, speaks, amounts=amounts | _exposure(case, amounts))


def _is_in_positions(case: Case, worth: Decimal) -> bool:
    """Tell whether the broker's sum of positions counts so much more than its list."""
    nav = case.book.reported.nav
    counted = None if nav is None else nav.gross_position_value
    if counted is None:
        return False
    more = counted - _gross_value(case.book)
    return more * 2 > worth and _is_near(case, more, worth)  # nearer to it than to nothing


def unsettled_cash(case: Case) -> Iterator[Candidate]:
    """Show cash of today's sales that is missing from the balance, while the account's total counts it."""
    residual = case.differences("nav").get("NAV")
    for currency, difference in case.differences("cash").items():
        sales = [
            fill for _, fill in fills_of_the_day(case.book)
            if fill.currency == currency and fill.quantity < 0 and fill.con_id in case.book.contracts
        ]  # fmt: skip
        told = [(paid(case.book, fill.quantity, fill.price, fill.con_id), spelt(case.book, fill)) for fill in sales]
        for proceeds, sale in told:
            yield from _unsettled(case, currency, proceeds, residual, (f"{sale} brought as much",))
        if difference < 0 and all(abs(difference + proceeds) > CENT for proceeds, _ in told):
            yield from _unsettled(case, currency, -difference, residual, ())


def _unsettled(
    case: Case, currency: str, missing: Decimal, residual: Decimal | None, sold: tuple[str, ...]
) -> Iterator[Candidate]:
    """Propose an amount that a sale brought, or that the totals count more; of neither nothing can be said."""
    worth = _in_base(case.book, currency, missing)
    counted = residual is not None and worth is not None and _is_near(case, residual, worth)
    whole = abs(case.differences("cash")[currency] + missing) <= CENT
    # The totals may count otherwise, too: then a sale of today is a part of what they are apart.
    is_part = bool(sold) and residual is not None and worth is not None and not counted
    if not counted and not is_part and not (sold and whole):
        return
    most = is_part and _is_most(case, worth or ZERO, residual or ZERO)
    speaks: tuple[str, ...] = (f"the account's total counts {money(missing)} {currency} more",) if counted else ()
    speaks += (f"the account's total counts most of {money(missing)} {currency} more",) if most else ()
    amounts: dict[Subject, Decimal] = {("cash", currency): -missing}
    if residual is not None and worth is not None and (counted or is_part):
        amounts[NAV] = residual if counted else worth
    text = f"{money(missing)} {currency} is not in the broker's cash yet"
    certainty: Certainty = "likely" if sold and (counted or most) else "possible"
    yield Candidate("unsettled cash", certainty, (), text, (*sold, *speaks), amounts=amounts)


def _is_most(case: Case, worth: Decimal, residual: Decimal) -> bool:
    """Tell whether a total is nearer to an amount than to nothing; what other marks make of it is left out."""
    residual -= sum(case.differences("exposure").values(), ZERO)
    return abs(residual - worth) < min(abs(residual), worth)


def mark_difference(case: Case) -> Iterator[Candidate]:
    """Show the account's total at other marks than those of its positions."""
    residual, book = case.differences("nav").get("NAV"), case.book
    if not residual or not book.positions:
        return
    counted = book.reported.nav.gross_position_value if book.reported.nav is not None else None
    ours = _gross_value(book)
    if abs(residual) > ours * MARKS_APART_MAX:
        return
    is_in_positions = counted is not None and _is_near(case, abs(counted - ours), abs(residual))
    amounts: dict[Subject, Decimal] = {NAV: residual}
    counts = f"the broker counts positions of {money(counted or ZERO)}, at its own marks {money(ours)}"
    speaks = (counts,) if is_in_positions else ()
    text = f"the broker's total is {money(residual)} from what its own marks make"
    certainty: Certainty = "likely" if is_in_positions else "possible"
    yield Candidate("mark difference", certainty, (), text, speaks, amounts=amounts | _exposure(case, amounts))


def rounding(case: Case) -> Iterator[Candidate]:
    """Show cash that is a few cents apart, as a few bookings that were rounded make it."""
    for currency, difference in case.differences("cash").items():
        if abs(difference) <= ROUNDED_MAX:
            text = f"{money(difference)} {currency} from rounding"
            amounts: dict[Subject, Decimal] = {("cash", currency): difference}
            yield Candidate("rounding", "likely", (), text, (f"at most {money(ROUNDED_MAX)}",), amounts=amounts)


def _exposure(case: Case, amounts: dict[Subject, Decimal]) -> dict[Subject, Decimal]:
    """Return what else the same report shows: positions and their total are held against each other, too."""
    if NAV not in amounts:
        return {}
    told = case.differences("exposure").items()
    return {("exposure", subject): amount for subject, amount in told if _is_near(case, abs(amount), abs(amounts[NAV]))}


def _is_near(case: Case, one: Decimal, other: Decimal) -> bool:
    try:
        return abs(one - other) <= nav_bound(case.book, own_nav(case.book), case.tolerances)
    except Unvalued:
        return False


def _worth(book: Book, con_id: int, units: Decimal) -> Decimal | None:
    contract = book.contracts.get(con_id)
    if contract is None or con_id not in book.marks:
        return None
    return _in_base(book, contract.currency, units * mark(book, con_id) * contract.multiplier)


def _gross_value(book: Book) -> Decimal:
    """Value the broker's own positions at its own marks, each as a magnitude; futures are not counted."""
    rows = (book.reported.positions or {}).items()
    kinds = {con_id: contract.security_type for con_id, contract in book.contracts.items()}
    values = (_worth(book, con_id, row.quantity) for con_id, row in rows if kinds.get(con_id) not in MARGINED)
    return sum((abs(value) for value in values if value is not None), ZERO)


def _in_base(book: Book, currency: str, amount: Decimal) -> Decimal | None:
    try:
        return amount * rate(book, currency)
    except Unvalued:
        return None
