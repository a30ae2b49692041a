"""What is compared, over the union of both sides' keys. One function a comparison, one comparison a kind of break.

A comparison takes the book and the tolerances and returns findings, each of a subject of its own; it never decides
whether a finding is new. It raises Unvalued where a mark or a rate is missing: then nothing is known of its kind.
To add one: write the function, add it to `COMPARISONS`, test agreement, a difference, and a side that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from ledger.effects.changes import MARGINED
from ledger.events import decimal_text, execution_base
from ledger.events.reconciliation import BreakKind, Consequence
from ledger.nav import VARIATION, Unvalued, mark, own_nav, rate
from ledger.references import is_ours
from ledger.state import ZERO, Break, Fill, Order, State
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

    @property
    def difference(self) -> Decimal | None:
        """Found minus expected; None where the finding has no amount."""
        return None if self.expected is None or self.found is None else self.found - self.expected


INFERRED = "inferred."  # how the executions begin that nobody but we told
PRESUMED_FOR = timedelta(minutes=30)  # longer than a slot is due, shorter than the way to the next one

Comparison = Callable[[State, Tolerances], Iterable[Finding]]


def positions(book: State, _: Tolerances) -> Iterator[Finding]:
    """Quantities must be equal; what only one side knows counts as zero on the other, whose answer was complete."""
    own, reported = book.positions, book.reported.positions or {}
    for con_id in sorted(own.keys() | reported.keys()):
        expected = own.get(con_id, ZERO)
        row = reported.get(con_id)
        found = row.quantity if row is not None else ZERO
        if expected != found:
            name = symbol(book, con_id)
            text = f"{name}: the book says {decimal_text(expected)}, the broker {decimal_text(found)}"
            yield Finding("position", str(con_id), "lock", expected, found, con_id=con_id, text=text)


def cash(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Cash per currency; how far apart all currencies are together decides the consequence."""
    differences = cash_differences(book, tolerances)
    consequence = _cash_consequence(book, tolerances, differences)
    reported = book.reported.cash or {}
    for currency, difference in differences.items():
        expected, found = book.cash.get(currency, ZERO), reported.get(currency, ZERO)
        text = f"cash {currency}: the book says {decimal_text(expected)}, the broker {decimal_text(found)}"
        # Money that nobody announced is not invested: sizing uses the smaller NAV.
        severity: Consequence = "note" if difference > 0 else consequence
        yield Finding("cash", currency, severity, expected, found, currency=currency, text=text)


def cash_differences(book: State, tolerances: Tolerances) -> dict[str, Decimal]:
    """Return found minus expected per currency, beyond rounding and commissions that are still to come."""
    reported = book.reported.cash or {}
    pending = _pending_commissions_max(book, tolerances)
    differences = {}
    for currency in sorted(book.cash.keys() | reported.keys()):
        difference = reported.get(currency, ZERO) - book.cash.get(currency, ZERO)
        if not -pending.get(currency, ZERO) - tolerances.cash_rounding <= difference <= tolerances.cash_rounding:
            differences[currency] = difference
    return differences


def _pending_commissions_max(book: State, tolerances: Tolerances) -> dict[str, Decimal]:
    bounds: dict[str, Decimal] = {}
    for fill in book.fills.values():
        if fill.commission is None and not fill.busted:
            share = abs(fill.quantity) * fill.price * tolerances.pending_commission_share
            bound = max(share, tolerances.pending_commission_min)
            bounds[fill.currency] = bounds.get(fill.currency, ZERO) + bound
    return bounds


def _cash_consequence(book: State, tolerances: Tolerances, differences: dict[str, Decimal]) -> Consequence:
    """Judge what is missing in all currencies together; money that came in makes up for none of it."""
    try:
        nav = own_nav(book)
        apart = _cash_value(book, _missing(book, differences))
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


def nav(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Own NAV against IB's, both without accruals, less what the position and cash differences explain."""
    reported = book.reported.nav
    if reported is None:
        return
    own = own_nav(book)
    found = reported.without_accruals
    explained = sum((_position_value(book, f) for f in positions(book, tolerances)), ZERO)
    explained += _cash_value(book, cash_differences(book, tolerances))
    residual, bound = found - own - explained, nav_bound(book, own, tolerances)
    # The broker's cash may hold what futures gained since they were settled; own NAV holds it beside the cash.
    near = (residual, residual - _nav_accepted(book), residual + _cash_value(book, unsettled(book)))
    if min(map(abs, near)) > bound:
        told = (decimal_text(number) for number in (own, found, explained, bound))
        text = "NAV: the book says {}, the broker {}; breaks explain {}, marks and rounding {}".format(*told)
        yield Finding("nav", "NAV", "reduce_only", own + explained, found, currency=book.base_currency, text=text)


def nav_bound(book: State, own: Decimal, tolerances: Tolerances) -> Decimal:
    """Bound what rounding, pending commissions and marks of different moments explain."""
    currencies = {c for c, amount in (*book.cash.items(), *(book.reported.cash or {}).items()) if amount}
    rounding = tolerances.cash_rounding * (1 + _cash_value(book, dict.fromkeys(currencies, Decimal(1))))
    pending = _cash_value(book, _pending_commissions_max(book, tolerances))
    return max(rounding + pending, own * tolerances.nav_share)


def unsettled(book: State) -> dict[str, Decimal]:
    """Return what futures and CFDs gained since they were settled, by currency; raises Unvalued."""
    gained: dict[str, Decimal] = {}
    for con_id, holding in book.holdings.items():
        if book.contracts[con_id].security_type in MARGINED:
            amount = book.journal.get((f"{VARIATION}{con_id}", holding.currency), ZERO)
            if holding.quantity:
                amount += holding.quantity * mark(book, con_id) * holding.multiplier
            gained[holding.currency] = gained.get(holding.currency, ZERO) + amount
    return gained


def _nav_accepted(book: State) -> Decimal:
    """Return the residual that the operator accepted last: up to there it is known, beyond it is not."""
    breaks = (b for b in reversed(book.breaks.values()) if b.found.kind == "nav" and b.status == "accepted")
    return next((b.found.difference or ZERO for b in breaks), ZERO)


def _cash_value(book: State, amounts: dict[str, Decimal]) -> Decimal:
    return sum((amount * rate(book, currency) for currency, amount in amounts.items() if amount), ZERO)


def _position_value(book: State, finding: Finding) -> Decimal:
    con_id = finding.con_id
    if con_id is None or finding.expected is None or finding.found is None:
        return ZERO
    contract = book.contracts.get(con_id)
    if contract is not None and contract.security_type in MARGINED:
        return ZERO  # what it is worth was never paid; what it gained is in the cash
    row = (book.reported.positions or {}).get(con_id)
    currency = contract.currency if contract is not None else (row.currency if row is not None else book.base_currency)
    multiplier = contract.multiplier if contract is not None else Decimal(1)
    return (finding.found - finding.expected) * mark(book, con_id) * multiplier * rate(book, currency)


def foreign_trades(book: State, _: Tolerances) -> Iterator[Finding]:
    """Tell each once: it is booked, because it happened, and locks its contract until accepted."""
    told = {base for b in book.breaks.values() if b.found.kind == "foreign_trade" for base in _evidence(b)}
    groups: dict[tuple[int, int], list[Fill]] = {}
    for base, fill in book.fills.items():
        # What was inferred was accepted with it, or booked by a rule: it is no news.
        if fill.foreign and not fill.busted and base not in told and not base.startswith(INFERRED):
            groups.setdefault((fill.con_id, fill.perm_id), []).append(fill)
    for fills in groups.values():
        yield _foreign_trade(book, fills)


def _evidence(known: Break) -> tuple[str, ...]:
    return () if known.explanation is None else known.explanation.evidence


def _foreign_trade(book: State, fills: list[Fill]) -> Finding:
    con_id = fills[0].con_id
    quantity = sum((fill.quantity for fill in fills), ZERO)
    held = book.positions.get(con_id, ZERO)
    name = symbol(book, con_id)
    parts = (
        f"{decimal_text(fill.quantity)} {name} at {decimal_text(fill.price)} "
        f"({decimal_text(-fill.quantity * fill.price)} {fill.currency})"
        for fill in fills
    )
    charged = ", ".join(_commission_text(fill) for fill in fills)
    cause, whose = _whose(fills[0])
    text = f"{'bought' if quantity > 0 else 'sold'} {whose}: {', '.join(parts)}; commission {charged}"
    bases = tuple(execution_base(fill.execution_id)[0] for fill in fills)
    return Finding(
        "foreign_trade", bases[0], "lock", held - quantity, held, con_id=con_id, currency=fills[0].currency, text=text,
        cause=cause, certain=True, evidence=bases,
    )  # fmt: skip


def _whose(fill: Fill) -> tuple[str, str]:
    """Name whose trade one is that is not ours: what is traded by hand bears client 0."""
    if fill.liquidation:
        return "broker liquidation", "by the broker, to end a shortage of margin"
    if fill.client_id:
        return "other client's trade", f"outside tallybook, by client {fill.client_id}"
    return "foreign trade", "outside tallybook"


def _commission_text(fill: Fill) -> str:
    if fill.commission is None:
        return "pending"
    return f"{decimal_text(fill.commission)} {fill.commission_currency}"


def foreign_orders(book: State, tolerances: Tolerances) -> Iterator[Finding]:
    """Orders that work at the broker and that the log does not know: they may change the position at any moment.

    One that bears our prefix is never left alone: another copy of us placed it.
    """
    for row in book.reported.open_orders or ():
        is_left = tolerances.foreign_orders == "leave" and not is_ours(row.order_ref, book.account)
        if row.order_ref not in book.orders and not is_left:
            what = f"{decimal_text(row.quantity)} {row.symbol}"
            text = f"an order that is not ours works: {what}, client {row.client_id}, {row.status}"
            name = f"perm id {row.perm_id}" if row.perm_id else f"client {row.client_id}, order id {row.order_id}"
            subject = str(row.perm_id) if row.perm_id else name  # one of another client may have no permanent id yet
            yield Finding(
                "foreign_order", subject, "lock", con_id=row.con_id, text=text, cause="foreign order", certain=True,
                evidence=(name,),
            )  # fmt: skip


def orders(book: State, _: Tolerances) -> Iterator[Finding]:
    """Hold each order against its executions: they add up, not to too much, and nothing that ended works."""
    working = {row.order_ref for row in book.reported.open_orders or ()}
    for order in book.orders.values():
        executed, told = abs(order.filled), _filled_by_order(order)
        if doubt := _doubt(book, order):
            text = f"order {order.order_ref}: {doubt}"
            yield Finding("order", order.order_ref, "lock", con_id=order.con_id, text=text)
        elif order.ended and executed < abs(order.quantity) and order.order_ref in working:
            text = f"order {order.order_ref}: the book says {order.status}, the broker that it works"
            yield Finding("order", order.order_ref, "lock", con_id=order.con_id, text=text)
        elif told is not None and told != executed:
            text = f"order {order.order_ref}: executions say {decimal_text(executed)}, the order {decimal_text(told)}"
            yield Finding("order", order.order_ref, "lock", executed, told, con_id=order.con_id, text=text)


def _doubt(book: State, order: Order) -> str:
    """Say what is not certain of an order: whether it arrived, or how often.

    One that a crash left undecided over the end of its session can be decided by the operator alone. One that is
    nowhere at the broker may still appear: its contract rests until another slot decides anew.
    """
    today = book.cycle.started.session_day if book.cycle is not None else None
    if len(order.perm_ids) > 1:
        return f"the broker made {len(order.perm_ids)} of it, permanent ids {', '.join(map(str, order.perm_ids))}"
    if order.status == "attempted" and today is not None and order.session_day < today:
        return f"attempted on {order.session_day}, and nothing was heard of it since"
    if order.status == "attempted" and order.ended_reason:
        return f"it is not found at the broker: {order.ended_reason}"
    if order.status == "not_sent" and not order.perm_ids and book.now - order.attempted_at < PRESUMED_FOR:
        return "it is presumed never sent, but might still appear; its contract rests until the next slot"
    return ""


def _filled_by_order(order: Order) -> Decimal | None:
    """Return how much the order itself says that it filled, a magnitude; None while it says nothing."""
    if abs(order.filled) > abs(order.quantity):
        return abs(order.quantity)
    if order.filled_reported is None and order.status == "filled":
        return abs(order.quantity)
    if order.status in ("not_sent", "rejected"):
        return ZERO
    return order.filled_reported


def corporate_actions(book: State, _: Tolerances) -> Iterator[Finding]:
    """Actions that need the operator's choice: both halves may agree, and yet the lots cannot be known."""
    for key, action in book.pending_actions.items():
        text = f"{symbol(book, action.con_id)}: {action.description}"
        yield Finding(
            "corporate_action", key, "lock", con_id=action.con_id, text=text, cause="corporate action", certain=True,
            evidence=(key,),
        )  # fmt: skip


def symbol(book: State, con_id: int) -> str:
    """Name a contract for people."""
    if con_id in book.contracts:
        return book.contracts[con_id].symbol
    row = (book.reported.positions or {}).get(con_id)
    return row.symbol if row is not None else f"contract {con_id}"


COMPARISONS: tuple[tuple[BreakKind, Comparison], ...] = (
    ("position", positions),
    ("cash", cash),
    ("nav", nav),
    ("foreign_trade", foreign_trades),
    ("foreign_order", foreign_orders),
    ("order", orders),
    ("corporate_action", corporate_actions),
)
