"""One contract for another: mergers for cash, for units or for both, new names, and spin-offs.

What is gone was given for what came: the broker's average cost of what came says how much of the cost went along. Cash
is the difference that is seen, if it is a price in cents a unit near the mark; else what the mark says, which what is
left of the difference then corrects.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from ledger.book import Book
from ledger.events import ContractRenamed, MergerApplied, SpinOffApplied, SplitApplied, decimal_text
from ledger.events.reconciliation import Certainty
from ledger.state import ZERO
from reconcile.candidates import Candidate, Case, Subject, money
from reconcile.causes.holdings import (
    COST_APART_MAX,
    PAPER,
    Moved,
    cents,
    is_near,
    is_small,
    moved,
    nearest,
    own_cost,
    reported_cost,
    row_of,
    worth,
)
from reconcile.comparing.names import symbol
from reconcile.tolerances import CENT

MERGER = "merger"
SAME_COST_APART_MAX = Fraction(1, 1000)  # the whole cost of what is gone went along
OFFER_APART_MAX = Fraction(1, 10)  # the last mark before a merger is near what is offered
VALUE_APART_MAX = Fraction(1, 4)  # what is received is worth about what is given, by marks of different moments
CASH_SHARE_MIN = Fraction(1, 20)  # of what is given: less than that apart is the marks' doing
COST_NOTICED_MIN = Fraction(1, 100)  # of the parent's cost, that went to a spin-off's child
CHILD_RATIO_MAX = 20  # the greatest number in a ratio that a spin-off is presumed to have …
SHARE = Decimal("1e-6")  # … and the step of the fraction of the cost that its child bears
PARENTS_SHOWN = 2


def rename(case: Case) -> Iterator[Candidate]:
    """Show the same units, at the same cost, under another contract; or those of a split, under another id."""
    for old, new in _exchanged(case):
        came_at, cost = _came_at(case.book, new), own_cost(case.book, old.con_id)
        if not is_near(came_at, cost):
            continue
        sure: Certainty = "likely" if _is_carried(case.book, old, new) else "possible"
        common = {"con_id": old.con_id, "source": case.origin.source, "provisional": True}
        common |= {"reference": case.origin.named(f"to {new.con_id}"), "successor_con_id": new.con_id}
        became = f"{decimal_text(old.expected)} {old.contract.symbol} → {decimal_text(new.units)} {new.contract.symbol}"
        evidence = ("the broker's cost went along", f"contract {old.con_id} → {new.con_id}")
        ratio = Fraction(new.units) / Fraction(old.expected)
        if ratio == 1:
            renamed = ContractRenamed.model_validate(common)
            yield Candidate("rename", sure, (renamed,), f"{became}: another name", evidence)
        elif _is_one_name(old, new) and ratio > 0:
            stated = {"numerator": ratio.numerator, "denominator": ratio.denominator}
            split = SplitApplied.model_validate(common | stated | {"quantity_change": new.units - old.expected})
            cause = "split" if ratio > 1 else "reverse split"
            text = f"{became}: {cause} {ratio.numerator}:{ratio.denominator} under another id"
            yield Candidate(cause, sure, (split,), text, evidence)


def _is_one_name(old: Moved, new: Moved) -> bool:
    """Tell whether only the broker's suffix of what is gone tells two names apart."""
    return old.contract.symbol.partition(".")[0] == new.contract.symbol.partition(".")[0]


def merger(case: Case) -> Iterator[Candidate]:
    """All units of a contract given: for cash, for units of another contract, or for both."""
    exchanged = tuple(_exchanged(case))
    carried = {old.con_id for old, new in exchanged if _is_carried(case.book, old, new)}
    for old in _gone(case):
        yield from _for_cash(case, old, "possible" if old.con_id in carried else _certainty(case.book, old))
    for old, new in exchanged:
        if new.units != old.expected:
            yield from _for_units(case, old, new)
    yield from _corrected(case)


def _for_cash(case: Case, old: Moved, sure: Certainty) -> Iterator[Candidate]:
    at_mark = worth(case.book, old.con_id, old.expected)
    if not at_mark:
        return
    for amount in _paid(case, old, at_mark, at_mark):
        fact = _merged(case, old, amount)
        evidence, presumes = (_gone_text(case.book, old),), _presumed(case, fact, at_mark)
        yield Candidate(MERGER, sure, (fact,), _spelt(case, fact), evidence, presumes=presumes)


def _presumed(case: Case, fact: MergerApplied, at_mark: Decimal) -> Subject | None:
    """Return the difference that a price of the mark only presumes; none where it is what is seen."""
    is_seen = case.differences("cash").get(fact.currency) == fact.cash
    return ("cash", fact.currency) if fact.cash == at_mark and not is_seen else None


def _spelt(case: Case, fact: MergerApplied) -> str:
    """Say what was given for what."""
    given = f"{decimal_text(-fact.quantity_change)} {symbol(case.book, fact.con_id)}"
    if fact.successor_con_id is None or fact.successor_quantity is None:
        price = cents(Fraction(fact.cash) / Fraction(-fact.quantity_change))
        return f"{given} merged for {money(price)} each ({money(fact.cash)})"
    received = f"{decimal_text(fact.successor_quantity)} {symbol(case.book, fact.successor_con_id)}"
    return f"{given} merged into {received}" + (f" and {money(fact.cash)}" if fact.cash else "")


def _for_units(case: Case, old: Moved, new: Moved) -> Iterator[Candidate]:
    """Units for units where the whole cost went along, or what they are worth is alike; else cash beside them."""
    book, cost, came_at = case.book, own_cost(case.book, old.con_id), _came_at(case.book, new)
    given, received = worth(book, old.con_id, old.expected), worth(book, new.con_id, new.units)
    evidence = (_gone_text(book, old), f"the broker says that {new.contract.symbol} cost {money(came_at)}")
    is_worth_it = given is None or received is None or is_near(received, given, VALUE_APART_MAX)
    if is_near(came_at, cost) and (is_worth_it or not _is_paid(case, old)):
        exchanged = _merged(case, old, ZERO, new)
        sure: Certainty = "likely" if is_worth_it and _is_carried(book, old, new) else "possible"
        yield Candidate(MERGER, sure, (exchanged,), _spelt(case, exchanged), evidence)
    cash = ZERO if given is None or received is None else given - received
    is_share = Fraction(came_at) / Fraction(cost) <= 1 + COST_APART_MAX if came_at * cost > 0 else False
    if (
        given is None
        or not is_share
        or cash * given <= 0
        or abs(Fraction(cash)) < abs(Fraction(given)) * CASH_SHARE_MIN
    ):
        return
    for amount in _paid(case, old, cash, given):
        fact = _merged(case, old, amount, new, _settled(cost, came_at))
        yield Candidate(MERGER, "likely", (fact,), _spelt(case, fact), evidence, presumes=_presumed(case, fact, cash))


def _is_paid(case: Case, old: Moved) -> bool:
    """Tell whether cash came for what a long position gave, or went for a short one."""
    return case.differences("cash").get(old.contract.currency, ZERO) * old.expected > 0


def _paid(case: Case, old: Moved, expected: Decimal, given: Decimal) -> Iterator[Decimal]:
    """Yield what is seen to be paid, if it may be a price in cents a unit, and what the marks say."""
    seen = case.differences("cash").get(old.contract.currency)
    if seen is not None and abs(Fraction(seen - expected)) <= abs(Fraction(given)) * OFFER_APART_MAX:
        amount = _priced(seen, old.expected)
        if amount is not None and amount != expected:
            yield amount
    yield expected


def _corrected(case: Case) -> Iterator[Candidate]:
    """Correct what was presumed to be paid at the mark by what is left of the cash: another price in cents, near it."""
    for candidate in case.chosen:
        if candidate.cause != MERGER or candidate.presumes is None:
            continue
        fact = next(fact for fact in candidate.facts if isinstance(fact, MergerApplied))
        paid = _priced(fact.cash + case.differences("cash").get(fact.currency, ZERO), fact.quantity_change)
        if paid is None or paid == fact.cash or not is_near(paid, fact.cash, OFFER_APART_MAX):
            continue
        told = {"cash": paid, "replaces": fact.key, "reference": f"{fact.reference}, corrected"}
        instead = fact.model_copy(update=told)
        yield Candidate(
            MERGER, "likely", (instead,), _spelt(case, instead), candidate.evidence, corrects=candidate.text
        )


def _priced(paid: Decimal, units: Decimal) -> Decimal | None:
    """Return what units come to at a price in cents, if that is what was paid, to the cent."""
    amount = abs(nearest(Fraction(paid) / Fraction(units), CENT)) * abs(units)
    return amount.copy_sign(paid) if abs(amount - abs(paid)) <= CENT else None


def _settled(cost: Decimal, came_at: Decimal) -> Decimal:
    """Return how much of what was given is settled by the cash: what did not go along with the units."""
    settled = cents(cost - came_at)
    if abs(settled) <= CENT or settled * cost <= 0:
        return ZERO
    return settled if abs(settled) < abs(cost) else cost


def _merged(
    case: Case, old: Moved, cash: Decimal, new: Moved | None = None, settled: Decimal | None = None
) -> MergerApplied:
    for_what = "cash" if new is None else f"{new.con_id}"
    return MergerApplied(
        con_id=old.con_id, source=case.origin.source, reference=case.origin.named(f"merged for {for_what}"),
        provisional=True, quantity_change=-old.expected, cash=cash, currency=old.contract.currency,
        successor_con_id=None if new is None else new.con_id, successor_quantity=None if new is None else new.units,
        basis_to_cash=settled,
    )  # fmt: skip


def _certainty(book: Book, old: Moved) -> Certainty:
    """Tell how sure a merger for cash is: an order of ours in the contract may have sold it as well."""
    today = None if book.cycle is None else book.cycle.started.session_day
    own = any(order.con_id == old.con_id and order.session_day == today for order in book.orders.values())
    return "possible" if own else "likely"


def _gone_text(book: Book, old: Moved) -> str:
    mark = book.marks.get(old.con_id)
    at = "" if mark is None else f", last marked at {decimal_text(mark)}"
    return f"the broker holds no {old.contract.symbol} any more{at}"


def _gone(case: Case) -> Iterator[Moved]:
    for each in moved(case):
        if each.contract.security_type in PAPER and not each.found and row_of(case.book, each.con_id) is None:
            yield each


def _exchanged(case: Case) -> Iterator[tuple[Moved, Moved]]:
    """Yield what is gone with what came in its place, on the same side and in the same currency."""
    for old in _gone(case):
        for new in moved(case):
            is_paper = new.contract.security_type in PAPER and new.contract.currency == old.contract.currency
            if is_paper and new.con_id != old.con_id and new.units * old.expected > 0:
                yield old, new


def _is_carried(book: Book, old: Moved, new: Moved) -> bool:
    """Tell whether the whole cost of what is gone went along to what came."""
    return is_near(_came_at(book, new), own_cost(book, old.con_id), SAME_COST_APART_MAX)


def _came_at(book: Book, new: Moved) -> Decimal:
    """Return what the broker says that the units that came had cost, beside those that were there."""
    return reported_cost(book, new.con_id) - own_cost(book, new.con_id)


def spin_off(case: Case) -> Iterator[Candidate]:
    """Units of a child that cost nothing, or a part of what its parent had cost, in a ratio to units of the parent."""
    for child in moved(case):
        if child.contract.security_type in PAPER and child.found:
            found = sorted(_parents(case, child), key=lambda each: each[0])
            for place, (_, _, candidate) in enumerate(found[:PARENTS_SHOWN]):
                yield candidate if not place else _less_sure(candidate)


def _less_sure(candidate: Candidate) -> Candidate:
    return Candidate(candidate.cause, "possible", candidate.facts, candidate.text, candidate.evidence)


def _parents(case: Case, child: Moved) -> Iterator[tuple[tuple[bool, int], int, Candidate]]:
    """Yield what may have spun off a child: first whose cost became less, then by how simple the ratio is."""
    book, came_at = case.book, _came_at(case.book, child)
    gone = {old.con_id for old in _gone(case)}
    for con_id, held in sorted(book.positions.items()):
        contract = book.contracts[con_id]
        is_parent = contract.security_type in PAPER and contract.currency == child.contract.currency
        ratio = Fraction(child.units) / Fraction(held)
        if not is_parent or con_id in (child.con_id, *gone) or not is_small(ratio, CHILD_RATIO_MAX):
            continue
        fraction = _fraction(own_cost(book, con_id), reported_cost(book, con_id), came_at)
        if came_at and fraction is None:
            continue
        place = (fraction is None, ratio.numerator + ratio.denominator)
        yield place, con_id, _spun_off(case, con_id, child, ratio, fraction)


def _fraction(cost: Decimal, cost_left: Decimal, came_at: Decimal) -> Decimal | None:
    """Return how much of the parent's cost its child bears, by the broker's own costs; None where it bears none."""
    went = cost - cost_left
    if (
        not cost
        or abs(Fraction(went)) < abs(Fraction(cost)) * COST_NOTICED_MIN
        or not came_at
        or not is_near(came_at, went)
    ):
        return None
    share = nearest(Fraction(came_at) / Fraction(cost), SHARE)
    return share if ZERO <= share <= 1 else None


def _spun_off(case: Case, parent: int, child: Moved, ratio: Fraction, fraction: Decimal | None) -> Candidate:
    fact = SpinOffApplied(
        con_id=parent, source=case.origin.source, reference=case.origin.named(f"spin-off {child.con_id}"),
        provisional=True, child_con_id=child.con_id, child_quantity=child.units, basis_fraction=fraction,
    )  # fmt: skip
    name = symbol(case.book, parent)
    units = f"{decimal_text(child.units)} {child.contract.symbol}"
    text = f"{units} spun off {ratio.numerator}:{ratio.denominator} by {name}"
    cost = "they cost nothing" if fraction is None else f"they bear {decimal_text(fraction)} of what {name} had cost"
    return Candidate("spin-off", "likely", (fact,), text, (f"the broker says that {cost}",))
