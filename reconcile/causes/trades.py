"""Executions that the book lacks, has twice, has otherwise than the broker, or has though they were taken back.

What is bought or sold from outside and told needs no cause: the comparison itself sees whose it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from ledger.book import Book
from ledger.effects.changes import MARGINED, PAID
from ledger.events import CommissionAdjusted, CommissionCharged, Fact, FillBusted, OrderFilled, decimal_text
from ledger.events.reconciliation import Certainty
from ledger.state import ZERO, Fill
from reconcile.candidates import Candidate, Case, money
from reconcile.causes.executions import (
    TRADED,
    commission_expected,
    fills_of_the_day,
    has_ended,
    inferred_fill,
    is_fresh,
    order_of,
    paid,
    recent_by_contract,
    recent_fills,
    revised,
    spelt,
    step_of,
)
from reconcile.causes.holdings import Moved, cents, moved, nearest, own_cost, reported_cost, row_of
from reconcile.tolerances import CENT

AT_ONCE = timedelta(seconds=1)  # two executions that say the same, and so near, may be one
PRICE_APART_MAX = Decimal("0.25")  # from the mark: further off it is no price of the day …
PRICE_NEAR = Decimal("0.05")  # … and up to here nothing speaks against it
CORRECTED_MAX = Decimal("0.2")  # by how much an exchange corrects a price
SOLD_CORRECTED_MAX = Decimal("0.03")  # where no average cost tells of it
RESTATED_MAX = 4  # executions of one contract that are looked at for one difference


def missed_fill(case: Case) -> Iterator[Candidate]:
    """Show units that were traded and not heard of: paid as the average cost tells, or by all the cash that differs.

    An order of ours that still wants them speaks for it.
    """
    for each in moved(case):
        if each.contract.security_type in TRADED:
            told = _by_cost(case, each)
            seen = case.differences("cash").get(each.contract.currency, ZERO)
            if told is not None and abs(seen - told) > 2 * CENT:
                yield from _missed(case, each, told, by_cost=True)
            if seen * each.units < 0 and (told is None or abs(seen - told) <= 2 * CENT):
                yield from _missed(case, each, seen, by_cost=told is not None)
            elif each.contract.security_type in MARGINED and not seen:
                yield from _missed_future(case, each, ZERO)
            if told is None and seen and each.contract.security_type in PAID:
                yield from _presumed(case, each)
    yield from _at_what_is_left(case)


def _by_cost(case: Case, each: Moved) -> Decimal | None:
    """Return the cash that went for units that were added, as the broker's average cost tells it."""
    grew = each.expected * each.found >= 0 and abs(each.found) > abs(each.expected)
    if not grew or row_of(case.book, each.con_id) is None or each.contract.security_type == "FUT":
        return None
    cost = reported_cost(case.book, each.con_id) - own_cost(case.book, each.con_id)
    return -cents(cost) if cost * each.units > 0 else None


def _missed(case: Case, each: Moved, moved_cash: Decimal, *, by_cost: bool) -> Iterator[Candidate]:
    price, commission = _price(each, moved_cash)
    mark = case.book.marks.get(each.con_id)
    traded_at = mark or _last_price(case.book, each.con_id)
    if price <= 0 or (traded_at and abs(price - traded_at) > traded_at * PRICE_APART_MAX):
        return
    order = order_of(case.book, each.con_id, each.units, price)
    evidence = []
    if order is not None:
        evidence.append(f"order {order.order_ref} still wants {decimal_text(order.remaining)}")
    if by_cost:
        evidence.append(f"the broker's average cost is {decimal_text(_average_cost(case.book, each))}")
    is_near = bool(mark) and abs(price - Decimal(mark or 0)) <= Decimal(mark or 0) * PRICE_NEAR
    is_other = _is_restated(case, each, moved_cash) or _is_free(each, moved_cash) or has_ended(case.book, each.con_id)
    is_likely = order is not None or (is_near and not is_other)
    yield _missed_candidate(case, each, price, commission, "likely" if is_likely else "possible", tuple(evidence))


def _last_price(book: Book, con_id: int) -> Decimal | None:
    """Return at what it was executed last: the broker tells no mark of what it does not list."""
    return next((fill.price for _, fill in recent_fills(book) if fill.con_id == con_id), None)


def _presumed(case: Case, each: Moved) -> Iterator[Candidate]:
    """Trade at the mark: what else moved cash is found first, and what is left of it then tells the price."""
    mark = case.book.marks.get(each.con_id)
    if not mark or _is_restated(case, each, None):
        return
    price = nearest(Fraction(mark), step_of(each.contract))
    commission = cents(commission_expected(each.contract, each.units, price))
    presumed = _missed_candidate(case, each, price, commission, "likely", ())
    yield replace(presumed, presumes=("cash", each.contract.currency))


def _at_what_is_left(case: Case) -> Iterator[Candidate]:
    """Correct what was presumed to be traded at the mark by what is left of the cash: another price, near enough."""
    for candidate in case.chosen:
        if candidate.cause != "missed fill" or candidate.presumes is None:
            continue
        sold, charged = candidate.facts
        assert isinstance(sold, OrderFilled)
        assert isinstance(charged, CommissionCharged)
        each = Moved(case.book.contracts[sold.con_id], ZERO, sold.quantity)
        before = paid(case.book, sold.quantity, sold.price, sold.con_id) + charged.amount
        price, commission = _price(each, before + case.differences("cash").get(sold.currency, ZERO))
        if price == sold.price or abs(price - sold.price) > sold.price * PRICE_NEAR:
            continue
        instead = _missed_candidate(case, each, price, commission, "likely", candidate.evidence)
        again = [
            fact.model_copy(update={"execution_id": revised(sold.execution_id)}) for fact in instead.facts
            if isinstance(fact, OrderFilled | CommissionCharged)
        ]  # fmt: skip
        yield replace(instead, facts=tuple(again), corrects=candidate.text, instead=instead.facts)


def _missed_future(case: Case, each: Moved, commission: Decimal) -> Iterator[Candidate]:
    """Trade at the mark what no cash is paid for."""
    mark = case.book.marks.get(each.con_id)
    if mark and each.contract.security_type in ("FUT", "CFD"):
        yield _missed_candidate(case, each, mark, commission, "possible", ())


def _missed_candidate(
    case: Case, each: Moved, price: Decimal, commission: Decimal, certainty: Certainty, evidence: tuple[str, ...]
) -> Candidate:
    order = order_of(case.book, each.con_id, each.units, price)
    name = f"fill/{each.con_id}/{decimal_text(each.units)}/{decimal_text(price)}"
    facts = inferred_fill(case, name, each.con_id, each.units, price, -commission, order)
    words = "bought" if each.units > 0 else "sold"
    cost = f", commission {money(commission)}" if commission else ""
    text = f"{decimal_text(abs(each.units))} {each.contract.symbol} {words} at {price:,f}{cost}, and not heard of"
    return Candidate("missed fill", certainty, facts, text, evidence)


def _price(each: Moved, moved_cash: Decimal) -> tuple[Decimal, Decimal]:
    """Part what was paid into a price, a multiple of its step, and the commission that is likeliest beside it."""
    units, contract = each.units, each.contract
    size = Fraction(abs(units) * contract.multiplier)
    expected = commission_expected(contract, units, Decimal(round(Fraction(abs(moved_cash)) / size * 10**6)) / 10**6)
    sign = 1 if units > 0 else -1
    step = step_of(contract)
    price = nearest((Fraction(abs(moved_cash)) - sign * Fraction(expected)) / size, step)
    commission = -moved_cash - units * contract.multiplier * price
    if commission < 0:  # nobody is paid for trading
        price -= sign * step
        commission = -moved_cash - units * contract.multiplier * price
    return price, commission


def _average_cost(book: Book, each: Moved) -> Decimal:
    row = row_of(book, each.con_id)
    return ZERO if row is None else row.average_cost


def _is_free(each: Moved, moved_cash: Decimal) -> bool:
    """Tell whether it is a price without any commission, and not by chance: so actions are paid, not trades."""
    size, paid_in_all = abs(each.units) * each.contract.multiplier, abs(moved_cash)
    worth = Decimal(round(Fraction(paid_in_all) / Fraction(size) * 10**6)) / 10**6
    if size * step_of(each.contract) < commission_expected(each.contract, each.units, worth):
        return False
    return nearest(Fraction(abs(moved_cash)) / Fraction(size), step_of(each.contract)) * size == abs(moved_cash)


def _is_restated(case: Case, each: Moved, moved_cash: Decimal | None) -> bool:
    """Tell whether it is as well the reverse of an execution, or of a part of it at its very price."""
    for _, fill in recent_fills(case.book):
        if fill.con_id == each.con_id and fill.quantity == -each.units:
            return True
        if fill.con_id == each.con_id and fill.quantity * each.units < 0 and moved_cash is not None:
            apart = abs(moved_cash - paid(case.book, each.units, fill.price, each.con_id))
            if apart <= abs(fill.commission or ZERO) + CENT:
                return True
    return False


def duplicated_fill(case: Case) -> Iterator[Candidate]:
    """Show executions that were told under two names."""
    recent = recent_by_contract(case.book)
    for each in moved(case):
        mine = recent.get(each.con_id, [])
        for place, (base, fill) in enumerate(mine):
            if fill.quantity * each.units >= 0 or abs(fill.quantity) > abs(each.units):
                continue
            twin = next((other for _, other in mine[place + 1 :] if _is_same(fill, other)), None)
            if twin is None:
                continue
            text = f"{spelt(case.book, fill)} was told twice, as {twin.execution_id} and as {fill.execution_id}"
            speaks = (f"both at {fill.at:%H:%M:%S} UTC", "the same quantity and price")
            facts = _taken_back(case.book, base, fill, "told twice")
            yield Candidate("duplicated fill", "likely", facts, text, speaks)


def _is_same(fill: Fill, other: Fill) -> bool:
    alike = (fill.quantity, fill.price, fill.currency) == (other.quantity, other.price, other.currency)
    return alike and abs(fill.at - other.at) <= AT_ONCE


def _taken_back(book: Book, base: str, fill: Fill, reason: str) -> tuple[Fact, ...]:
    """Take an execution back that never was, with what it is said to have cost."""
    gone = FillBusted(account=book.account, execution_id=fill.execution_id, reason=reason)
    if not fill.commission or fill.commission_currency is None:
        return (gone,)
    last = f"{base}.{max(fill.revision, fill.commission_revision):02}"
    nothing = CommissionCharged(execution_id=revised(last), amount=ZERO, currency=fill.commission_currency)
    return (gone, nothing)


def busted_fill(case: Case) -> Iterator[Candidate]:
    """Show executions that the exchange took back, with their commission or without."""
    recent = recent_by_contract(case.book)
    for each in moved(case):
        for base, fill in _undone_by(recent.get(each.con_id, []), each, abs(each.units)):
            is_all = (
                fill.quantity == -each.units and not has_ended(case.book, each.con_id) and not is_fresh(case.book, fill)
            )
            text = f"{spelt(case.book, fill)} taken back by the exchange"
            speaks = (f"execution {fill.execution_id}",)
            facts = _busted(case, base, fill)
            yield Candidate("busted fill", "likely" if is_all else "possible", facts, text, speaks)
            seen = case.differences("cash").get(fill.currency, ZERO)
            gross = paid(case.book, -fill.quantity, fill.price, fill.con_id)
            if fill.commission and abs(seen - gross) <= CENT:  # it comes back as a rule
                text += f"; the commission of {money(-fill.commission)} stays"
                yield Candidate("busted fill", "likely" if is_all else "possible", facts[:1], text, speaks)


def _busted(case: Case, base: str, fill: Fill) -> tuple[Fact, ...]:
    """Let the exchange take an execution back, and the broker give back what it cost, as its statement tells it."""
    account, reason = case.book.account, "taken back, as both halves show"
    gone = FillBusted(account=account, execution_id=fill.execution_id, reason=reason)
    if not fill.commission or fill.commission_currency is None:
        return (gone,)
    refund = CommissionAdjusted(
        source=case.origin.source, reference=case.origin.named(f"refund/{base}"), amount=-fill.commission,
        currency=fill.commission_currency, con_id=fill.con_id, provisional=True,
    )  # fmt: skip
    return (gone, refund)


def _undone_by(recent: list[tuple[str, Fill]], each: Moved, most: Decimal) -> list[tuple[str, Fill]]:
    """Return executions in the other direction, those of just so many units first."""
    mine = [
        (base, fill) for base, fill in recent
        if fill.quantity * each.units < 0 and abs(fill.quantity) <= most
    ]  # fmt: skip
    return sorted(mine, key=lambda told: told[1].quantity != -each.units)[:RESTATED_MAX]


def corrected_fill(case: Case) -> Iterator[Candidate]:
    """Show executions that were of other units, or at another price, than was told."""
    recent = recent_by_contract(case.book)
    for each in moved(case):
        mine = recent.get(each.con_id, [])[:RESTATED_MAX]
        for base, fill in mine:
            if (fill.quantity + each.units) * fill.quantity > 0:
                yield from _of_other_units(case, each, base, fill)
    differing = {finding.con_id for finding in case.findings if finding.kind == "position"}
    seen: dict[int, int] = {}
    for base, fill in fills_of_the_day(case.book) if case.differences("cash") else ():
        seen[fill.con_id] = seen.get(fill.con_id, 0) + 1
        if fill.con_id not in differing and seen[fill.con_id] <= RESTATED_MAX:
            yield from _at_another_price(case, base, fill)


def _of_other_units(case: Case, each: Moved, base: str, fill: Fill) -> Iterator[Candidate]:
    """Correct the units, and the commission with them where it was IB's price of as many as were told."""
    certainty: Certainty = "likely" if fill.quantity * each.units < 0 else "possible"
    units, charged = fill.quantity + each.units, fill.commission or ZERO
    is_fixed = abs(charged + commission_expected(each.contract, fill.quantity, fill.price)) <= CENT
    apart = -commission_expected(each.contract, units, fill.price) - charged if is_fixed else ZERO
    yield _corrected(case, base, fill, units, fill.price, apart, certainty)
    seen = case.differences("cash").get(fill.currency, ZERO)
    if apart and abs(seen - paid(case.book, each.units, fill.price, fill.con_id)) <= CENT:
        yield _corrected(case, base, fill, units, fill.price, ZERO, certainty)


def _at_another_price(case: Case, base: str, fill: Fill) -> Iterator[Candidate]:
    """Correct the price by what the average costs are apart; or, where they tell nothing, by the cash."""
    book, row = case.book, row_of(case.book, fill.con_id)
    held = book.positions.get(fill.con_id, ZERO)
    if row is not None and held * fill.quantity > 0 and row.quantity == held:
        gone = own_cost(book, fill.con_id) - reported_cost(book, fill.con_id)
        price = _other_price(book, fill, gone, CORRECTED_MAX)
        if price is not None:
            speaks = (f"the broker's average cost is {decimal_text(row.average_cost)}",)
            yield _corrected(case, base, fill, fill.quantity, price, ZERO, "likely", speaks)
    elif seen := case.differences("cash").get(fill.currency):
        price = _other_price(book, fill, seen, SOLD_CORRECTED_MAX)
        if price is not None:
            yield _corrected(case, base, fill, fill.quantity, price, ZERO, "possible")


def _other_price(book: Book, fill: Fill, moved_cash: Decimal, apart_max: Decimal) -> Decimal | None:
    """Return the price at which so much more cash would have moved; None where that is none of the exchange's."""
    contract = book.contracts.get(fill.con_id)
    if contract is None or contract.security_type not in TRADED or contract.security_type == "FUT":
        return None
    size = fill.quantity * contract.multiplier
    price = nearest(Fraction(fill.price) - Fraction(moved_cash) / Fraction(size), step_of(contract))
    is_it = abs((fill.price - price) * size - moved_cash) <= CENT
    is_near = ZERO < abs(price - fill.price) <= fill.price * apart_max
    return price if is_it and is_near and price > 0 else None


def _corrected(
    case: Case, base: str, fill: Fill, units: Decimal, price: Decimal, commission: Decimal, certainty: Certainty,
    evidence: tuple[str, ...] = (),
) -> Candidate:  # fmt: skip
    """Take an execution back, and let one of ours stand for it until the broker tells its next revision."""
    account, reason = case.book.account, "corrected, as both halves show"
    told = FillBusted(account=account, execution_id=fill.execution_id, reason=reason)
    name = f"corrected/{decimal_text(units)}/{decimal_text(price)}/{base}"
    facts = (told, *inferred_fill(case, name, fill.con_id, units, price, commission, fill, fill.at))
    was, now = f"{decimal_text(fill.quantity)} × {fill.price:,f}", f"{decimal_text(units)} × {price:,f}"
    symbol = case.book.contracts[fill.con_id].symbol
    text = f"{symbol} {was} corrected to {now}"
    return Candidate("corrected fill", certainty, facts, text, (f"execution {fill.execution_id}", *evidence))
