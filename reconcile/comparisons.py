"""What is compared, over the union of both sides' keys. One function a comparison.

A comparison takes the book and the tolerances and returns findings; it never decides whether a finding is new.
To add one: write the function, add it to `COMPARISONS`, test agreement, a difference, and a side that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext

from ledger.events.reconciliation import BreakKind, Consequence
from ledger.lots import EXACT
from ledger.nav import Unvalued, mark, own_nav, rate
from ledger.references import is_ours
from ledger.state import ZERO, Fill, State
from reconcile.tolerances import Tolerances


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference, and what is known of its cause."""

    kind: BreakKind
    subject: str
    consequence: Consequence
    expected: Decimal | None = None
    found: Decimal | None = None
    con_id: int | None = None
    currency: str | None = None
    text: str = ""
    cause: str = "unexplained"
    certain: bool = False
    evidence: tuple[str, ...] = ()


Comparison = Callable[[State, Tolerances], Iterable[Finding]]


def positions(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Quantities must be equal; what only one side knows counts as zero on the other, whose answer was complete."""
    own, reported = book.positions, book.reported.positions or {}
    for con_id in sorted(own.keys() | reported.keys()):
        expected = own.get(con_id, ZERO)
        row = reported.get(con_id)
        found = row.quantity if row is not None else ZERO
        if expected != found:
            name = symbol(book, con_id)
            text = f"{name}: the book says {expected}, the broker {found}"
            yield Finding("position", str(con_id), "lock", expected, found, con_id=con_id, text=text)


def cash(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Cash per currency; how far apart all currencies are together decides the consequence."""
    differences = cash_differences(book, tolerances)
    consequence = _cash_consequence(book, tolerances, differences)
    reported = book.reported.cash or {}
    for currency, difference in differences.items():
        expected, found = book.cash.get(currency, ZERO), reported.get(currency, ZERO)
        text = f"cash {currency}: the book says {expected}, the broker {found}"
        certainly_in = difference > 0  # money that nobody announced is not invested: sizing uses the smaller NAV
        severity: Consequence = "note" if certainly_in else consequence
        yield Finding("cash", currency, severity, expected, found, currency=currency, text=text)


def cash_differences(book: State, tolerances: Tolerances) -> dict[str, Decimal]:
    """Return found minus expected per currency, beyond rounding and commissions that are still to come."""
    reported = book.reported.cash or {}
    differences = {}
    for currency in sorted(book.cash.keys() | reported.keys()):
        difference = reported.get(currency, ZERO) - book.cash.get(currency, ZERO)
        pending = _pending_commissions_max(book, currency, tolerances)
        if not -pending - tolerances.cash_rounding <= difference <= tolerances.cash_rounding:
            differences[currency] = difference
    return differences


def _pending_commissions_max(book: State, currency: str, tolerances: Tolerances) -> Decimal:
    pending = (f for f in book.fills.values() if f.commission is None and not f.busted and f.currency == currency)
    with localcontext(EXACT):
        shares = (abs(f.quantity) * f.price * tolerances.pending_commission_share for f in pending)
        return sum((max(share, tolerances.pending_commission_min) for share in shares), ZERO)


def _cash_consequence(book: State, tolerances: Tolerances, differences: dict[str, Decimal]) -> Consequence:
    try:
        nav = own_nav(book)
        apart = sum((abs(amount) * rate(book, currency) for currency, amount in differences.items()), ZERO)
    except Unvalued:
        return "reduce_only"  # how much it is worth is unknown
    if apart > nav * tolerances.cash_halt_share:
        return "halt"
    if apart > nav * tolerances.cash_reduce_share:
        return "reduce_only"
    if apart > max(tolerances.cash_note_min, nav * tolerances.cash_note_share) and _is_old(book, tolerances):
        return "reduce_only"
    return "note"


def _is_old(book: State, tolerances: Tolerances) -> bool:
    """Tell whether some cash break has been with us, changed or not, for too many sessions."""
    earliest = None
    for known in reversed(book.breaks.values()):
        if known.found.kind == "cash" and known.status != "accepted":
            if known.status == "closed" and known.why != CHANGED:
                break
            earliest = known.session_day or earliest
    return earliest is not None and sum(day >= earliest for day in book.snapshots) > tolerances.cash_sessions_max


CHANGED = "the difference changed"


def nav(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Own NAV against IB's, both without accruals, less what the position and cash differences explain."""
    reported = book.reported.nav
    if reported is None:
        return
    own = own_nav(book)
    found = reported.net_liquidation - (reported.accrued_cash or ZERO)
    explained = sum((_position_value(book, f) for f in positions(book, tolerances)), ZERO)
    apart_cash = cash_differences(book, tolerances)
    explained += sum((amount * rate(book, currency) for currency, amount in apart_cash.items()), ZERO)
    currencies = book.cash.keys() | (book.reported.cash or {}).keys()
    rounding = tolerances.cash_rounding * (1 + len(currencies))
    pending = sum((_pending_commissions_max(book, c, tolerances) * rate(book, c) for c in book.cash), ZERO)
    if abs(found - own - explained) > max(rounding + pending, own * tolerances.nav_share):
        text = f"NAV: the book says {own}, the broker {found}; breaks explain {explained}"
        yield Finding("nav", "NAV", "reduce_only", own, found, currency=book.base_currency, text=text)


def _position_value(book: State, finding: Finding) -> Decimal:
    con_id = finding.con_id
    if con_id is None or finding.expected is None or finding.found is None:
        return ZERO
    contract = book.contracts.get(con_id)
    row = (book.reported.positions or {}).get(con_id)
    currency = contract.currency if contract is not None else (row.currency if row is not None else book.base_currency)
    multiplier = contract.multiplier if contract is not None else Decimal(1)
    return (finding.found - finding.expected) * mark(book, con_id) * multiplier * rate(book, currency)


def foreign_trades(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Executions that are not ours are booked, because they happened, and lock their contract until accepted."""
    told = {base for b in book.breaks.values() if b.found.kind == "foreign_trade" for base in _evidence(b.explanation)}
    groups: dict[tuple[int, int], list[Fill]] = {}
    for base, fill in book.fills.items():
        if fill.foreign and not fill.busted and base not in told:
            groups.setdefault((fill.con_id, fill.perm_id), []).append(fill)
    for (con_id, _), fills in groups.items():
        yield _foreign_trade(book, con_id, fills)


def _evidence(explanation: object) -> tuple[str, ...]:
    return tuple(getattr(explanation, "evidence", ()))


def _foreign_trade(book: State, con_id: int, fills: list[Fill]) -> Finding:
    quantity = sum((fill.quantity for fill in fills), ZERO)
    held = book.positions.get(con_id, ZERO)
    name = symbol(book, con_id)
    parts = [
        f"{fill.quantity} {name} at {fill.price} ({-fill.quantity * fill.price} {fill.currency})" for fill in fills
    ]
    charged = sum((fill.commission for fill in fills if fill.commission is not None), ZERO)
    text = f"{'bought' if quantity > 0 else 'sold'} outside tallybook: {', '.join(parts)}, commission {charged}"
    bases = tuple(fill.execution_id.rpartition(".")[0] for fill in fills)
    subject = str(fills[0].perm_id or bases[0])
    return Finding(
        "foreign_trade", subject, "lock", held - quantity, held, con_id=con_id, currency=fills[0].currency, text=text,
        cause="foreign trade", certain=True, evidence=bases,
    )  # fmt: skip


def foreign_orders(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Orders that work at the broker and are not ours: they may change the position at any moment."""
    if tolerances.foreign_orders == "leave":
        return
    for row in book.reported.open_orders or ():
        if not is_ours(row.order_ref, book.account):
            text = f"an order that is not ours works: {row.quantity} {row.symbol}, client {row.client_id}, {row.status}"
            subject, evidence = str(row.perm_id), (f"perm id {row.perm_id}",)
            yield Finding(
                "foreign_order", subject, "lock", con_id=row.con_id, text=text, cause="foreign order", certain=True,
                evidence=evidence,
            )  # fmt: skip


def ended_orders(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """What an ended order filled, as the broker says, must be the sum of its executions; nothing fills too much."""
    for order in book.orders.values():
        over = abs(order.filled) > abs(order.quantity)
        told = order.filled_reported
        if over or (told is not None and told != abs(order.filled)):
            found = abs(order.quantity) if told is None else told
            text = f"order {order.order_ref}: executions say {abs(order.filled)}, the order {found}"
            yield Finding("order", order.order_ref, "lock", abs(order.filled), found, con_id=order.con_id, text=text)


def symbol(book: State, con_id: int) -> str:
    """A contract's name for people."""
    if con_id in book.contracts:
        return book.contracts[con_id].symbol
    row = (book.reported.positions or {}).get(con_id)
    return row.symbol if row is not None else f"contract {con_id}"


COMPARISONS: tuple[Comparison, ...] = (positions, cash, nav, foreign_trades, foreign_orders, ended_orders)
