"""What the mails say of a book, line by line. Pure: every figure is read off the book.

To tell something else: write a function from the book to lines, and name it in a letter (`compose.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from ledger.book import Book
from ledger.bridge import FLOWS, PRIOR_PERIOD, TRANSLATION
from ledger.bridged_days import BridgedDay
from ledger.events import SnapshotTaken
from ledger.nav import is_of_one_currency
from ledger.slippage import Slippage, decided_price, slippage
from ledger.state import Break, Fill, Order
from queries.advice import accepting, halt, kept_back, recovery, undecided
from queries.break_words import choices, ended_words, follows, said_of_total, span, symbol, what_differs, why
from queries.figures import adding_up, change, clock_time, money, percent, points, price, quantity
from queries.witness_words import statement_lines

ZERO = Decimal(0)
CENT_OF_PRICE = Decimal("0.0001")
FRESH = timedelta(minutes=15)
INDENT = "  "  # of a line that belongs to the one above

# What moves NAV, in the order in which it is told.
BRIDGE: tuple[tuple[str, str], ...] = (
    ("realised", "realised"),
    ("unrealised", "unrealised"),
    ("dividends", "dividends"),
    ("taxes", "tax"),
    ("interest", "interest"),
    ("fees", "fees"),
    ("commissions", "commission"),
    ("conversion", "currency trades"),
    (TRANSLATION, "exchange rates"),
    (FLOWS, "deposits and withdrawals"),
    ("adjustments", "adjustments"),
    (PRIOR_PERIOD, "told late of earlier days"),
)


def day_text(day: date) -> str:
    """Spell a day as `Mon 28 Feb`."""
    return f"{day:%a} {day.day} {day:%b}"


def age_text(age: timedelta) -> str:
    """Spell an age as `3 h 05 min`."""
    minutes = max(0, int(age.total_seconds()) // 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def needs(book: Book) -> Iterator[str]:
    """Say what waits for the owner, and what to do about it; what belongs to the line above is indented."""
    if (halted := halt(book)) is not None:
        reason, cure = halted
        yield f"Trading is halted: {reason}. {cure[:1].upper()}{cure[1:]}"
    for line in recovery(book):
        yield f"{line[:1].upper()}{line[1:]}"
    for place, failure in book.witness_failures.items():
        yield f"Witness {place} cannot be used, {failure}. Trading goes on; check [witness] in the settings."
    for order in undecided(book):
        yield f"Order {order.order_ref} is in doubt: nothing is sent until the next cycle finds it at the broker."
    for known in book.open_breaks:
        yield from _open_break(book, known)


def _open_break(book: Book, known: Break) -> Iterator[str]:
    told = choices(known)
    yield f"{known.found.break_id} {what_differs(book, known)}: {follows(book, known)}."
    if told and (said := said_of_total(known)):
        yield f"{INDENT}{said}"
    yield from (f"{INDENT}{line}" for line in told or (f"{why(book, known)}.",))
    yield f"{INDENT}To settle it: {accepting(known)}"


def reconciliation(book: Book, kind: str, day: date, zone: ZoneInfo) -> Iterator[str]:
    """Tell what a day's comparisons found: whether the halves agree, which breaks are over, what the statement said."""
    over = tuple(ended_breaks(book, day, zone))
    yield from (*agreement(book, zone), *over, *statement(book, kind, day, zone))
    if over or book.open_breaks:
        yield f"The whole day: tallybook report reconciliation {day}"


def agreement(book: Book, zone: ZoneInfo) -> Iterator[str]:
    """Say what the last comparison with the broker found."""
    found, at = book.reconciled, book.reconciled_at
    if found is None or at is None:
        yield "Book and broker were never compared."
        return
    when = f"{day_text(at.astimezone(zone).date())} {clock_time(at, zone.key)}"
    apart = f"NAV apart by {money(abs(found.nav_difference))}"
    if found.open_breaks:
        yield f"Book ≠ broker: {counted(found.open_breaks, 'break')} open, {apart} ({when})."
    else:
        yield f"Book = broker: {counted(found.positions, 'position')}, cash, {apart} ({when})."


def counted(number: int, noun: str) -> str:
    """Spell a number of things."""
    return f"{number} {noun}{'s' if number != 1 else ''}"


def ended_breaks(book: Book, day: date, zone: ZoneInfo) -> Iterator[str]:
    """Tell the breaks of the day that are over."""
    for known in book.breaks.values():
        if known.status == "open" or known.ended_at is None or known.ended_at.astimezone(zone).date() != day:
            continue
        what = f"{known.found.break_id} {what_differs(book, known)}, {follows(book, known)}"
        yield f"{what} {span(known.at, known.ended_at, zone.key)}; {ended_words(known, 'you')}."
        if told := why(book, known):
            yield f"{INDENT}{told}"


def statement(book: Book, kind: str, day: date, zone: ZoneInfo) -> Iterator[str]:
    """Tell what the statement showed that was read in this session; nothing if none was.

    The first mail after it tells all, one of a later kind what differs still.
    """
    if book.stated is None or book.stated_at is None or book.stated_at.astimezone(zone).date() != day:
        return
    read_at, _ = book.keys.get(book.stated.key, (0, None))
    is_told = any(mail not in ("alarm", "ended", kind) and seq > read_at for (mail, _), seq in book.notices.items())
    yield from statement_lines(book.stated, lambda con_id: symbol(book, con_id), brief=is_told)


def previous_snapshot(book: Book, day: date) -> SnapshotTaken | None:
    """Return the last snapshot of an earlier session."""
    earlier = [known for known in book.snapshots if known < day]
    return book.snapshots[max(earlier)] if earlier else None


def pnl(book: Book, day: date, told: BridgedDay | None = None) -> Decimal | None:
    """Return the day's gain or loss without deposits and withdrawals; None without a snapshot.

    In several currencies only a bridge tells it: flows of another day moved with their rates since.
    """
    if told is not None and told.bridge is not None:
        return told.bridge.gain
    today, before = book.snapshots.get(day), previous_snapshot(book, day)
    if today is None or not is_of_one_currency(book):
        return None
    return today.nav - today.flows if before is None else today.nav - before.nav - (today.flows - before.flows)


def bridge(told: BridgedDay | None) -> Iterator[str]:
    """Tell how NAV came from the last session's to this one's; an adopted account begins with what it held."""
    if told is None:
        return
    found = told.bridge
    if found is None:
        yield f"How NAV came about is unknown: {told.unknown}."
        return
    is_first = found.opened_at is None
    opening = found.lines[FLOWS] if is_first else found.opening
    lines = {word: found.lines[name] for name, word in BRIDGE if not (is_first and name == FLOWS)}
    moved = {word: amount for word, amount in lines.items() if amount}
    began, *parts = adding_up((opening, *moved.values()), found.closing - found.residual)
    words = [money(began)]
    for word, part in zip(moved, parts, strict=True):
        words.append(f"{'+' if part > 0 else '-'} {word} {money(abs(part))}")
    yield f"{' '.join(words)} = {money(found.closing)}, residual {money(found.residual)}"


def trades(book: Book, day: date, zone: ZoneInfo) -> Iterator[str]:
    """Tell the executions of the day, an order a line, with what they cost against the price decided upon."""
    by_order: dict[str, list[Fill]] = {}
    for fill in book.fills.values():
        if not fill.busted and fill.at.astimezone(zone).date() == day:
            by_order.setdefault(fill.order_ref if not fill.foreign else fill.execution_id, []).append(fill)
    for fills in by_order.values():
        yield _trade(book, fills)
    if len(by_order) > 1:
        yield from _slippage_of_day(book, by_order.values())


def _trade(book: Book, fills: list[Fill]) -> str:
    first = fills[0]
    traded = sum((fill.quantity for fill in fills), ZERO)
    spent = sum((fill.quantity * fill.price for fill in fills), ZERO)
    words = f"Trade {'BUY' if traded > 0 else 'SELL'} {quantity(abs(traded))} {symbol(book, first.con_id)}"
    words += f" @ {price((spent / traded).quantize(CENT_OF_PRICE) if len(fills) > 1 else first.price)}"
    if (cost := slippage(book, fills)) is not None:
        words += f" (decided {price(decided_price(book, first))}, slippage {_cost(cost, first.currency)})"
    charged = [fill.commission for fill in fills if fill.commission is not None]
    told = money(-sum(charged, ZERO)) if len(charged) == len(fills) else "pending"
    return f"{words}, commission {told}{', not ours' if first.foreign else ''}"


def _cost(cost: Slippage, currency: str) -> str:
    """Spell slippage: in money and in basis points, + is worse than decided."""
    return f"{change(cost.money)} {currency}, {points(cost.basis_points)}"


def _slippage_of_day(book: Book, orders: Iterable[list[Fill]]) -> Iterator[str]:
    """Sum up by currency what the trades cost whose decided price is recorded, and say of how many it is not."""
    costs: dict[str, list[Slippage]] = {}
    unknown = 0
    for fills in orders:
        cost = slippage(book, fills)
        if cost is None:
            unknown += 1
        else:
            costs.setdefault(fills[0].currency, []).append(cost)
    for currency, told in sorted(costs.items()):
        total = Slippage(sum((cost.decided for cost in told), ZERO), sum((cost.money for cost in told), ZERO))
        untold = f"; of {unknown} unknown" if unknown else ""
        yield f"Slippage of the day {_cost(total, currency)}{untold}"


def order_troubles(book: Book, day: date) -> Iterator[str]:
    """Tell the orders of the day that were rejected, or ended before they were whole."""
    for order in book.orders.values():
        if order.session_day == day:
            yield from _trouble(book, order)


def _trouble(book: Book, order: Order) -> Iterator[str]:
    what = f"{'BUY' if order.quantity > 0 else 'SELL'} {quantity(abs(order.quantity))} {symbol(book, order.con_id)}"
    limit = f" limit {price(order.limit_price)}" if order.limit_price is not None else ""
    if order.status == "rejected":
        yield f"Rejected: {what}{limit}: {order.ended_reason or 'no reason given'}"
    elif order.status == "not_sent":
        yield f"Never sent: {what}{limit}: {order.ended_reason}"
    elif order.ended and order.filled != order.quantity:
        share = f"filled {quantity(abs(order.filled))} of {quantity(abs(order.quantity))}"
        yield f"{'Partly filled' if order.filled else 'Not filled'}: {what}{limit}: {share}, {order.status}"


def cycle_troubles(book: Book, day: date, slots: tuple[str, ...]) -> Iterator[str]:
    """Tell the slots of the day that were missed or needed several starts, and what stopped the last plan."""
    for name in slots:
        known = book.slots.get(name)
        if known is not None and known.skipped:
            yield f"{name}: no cycle ran"
        elif known is not None and known.attempts and not known.finished:
            yield f"{name}: no start of {known.attempts} finished"
        elif known is not None and known.attempts > 1:
            yield f"{name}: it took {known.attempts} starts"
    cycle = book.cycle
    if cycle is not None and cycle.started.session_day == day:
        yield from (f"{failure.step} failed: {failure.reason}" for failure in cycle.failures)
        yield from (f"no order left: {reason}" for reason in cycle.vetoed)
        yield from (f"kept back: {line}" for line in kept_back(book))


def incidents_of(book: Book, day: date, zone: ZoneInfo) -> Iterator[str]:
    """Tell the incidents that lasted at some time of the day."""
    for known in book.incidents.values():
        ended = known.ended_at.astimezone(zone).date() if known.ended_at is not None else None
        if known.at.astimezone(zone).date() <= day and (ended is None or ended >= day):
            when = span(known.at, known.ended_at or known.at, zone.key)
            yield f"Incident {known.opened.code} {f'{when}, ended' if ended else f'since {when}'}."


def outage_lasts(book: Book, zone: ZoneInfo) -> Iterator[str]:
    """Tell since when no cycle finishes, and why it began."""
    for known in book.incidents.values():
        if known.is_open and known.opened.of_starts:
            since = f"{day_text(known.at.astimezone(zone).date())} {clock_time(known.at, zone.key)}"
            starts = counted(known.starts, "start")
            yield f"No cycle has finished since {since}: {known.opened.code}; {starts} failed. {known.opened.lines[0]}"


def standing(
    book: Book,
    day: date,
    slots: tuple[str, ...] = (),
    *,
    leverage_max: Decimal | None = None,
    drawdown: Decimal | None = None,
    mailed: str = "",
) -> Iterator[str]:
    """Tell leverage, drawdown, how many cycles ran and what was mailed, on one line."""
    today = book.snapshots.get(day)
    words = []
    if today is not None:
        bound = f" of {leverage_max:.2f}" if leverage_max is not None else ""
        words.append(f"Leverage {today.leverage_gross:.2f}{bound}")
        if today.excess_liquidity is not None:
            words.append(f"excess liquidity {money(today.excess_liquidity)}")
    if drawdown is not None:
        words.append(f"drawdown {percent(drawdown, 2)}")
    if slots:
        finished = sum(1 for name in slots if name in book.slots and book.slots[name].finished)
        words.append(f"{finished} of {len(slots)} cycles")
    if mailed:
        words.append(mailed)
    if words:
        yield " · ".join(words)


def figures_age(book: Book, now: datetime, zone: ZoneInfo) -> Iterator[str]:
    """Tell from when the broker's figures are."""
    at = book.reported.nav_at
    if at is None:
        yield "The broker has never reported a NAV."
        return
    old = f", {age_text(now - at)} old" if now - at > FRESH else ""
    yield f"The broker's figures are of {day_text(at.astimezone(zone).date())} {clock_time(at, zone.key)}{old}."
