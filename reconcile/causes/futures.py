"""What futures gain and lose: settled into cash day by day, and once more at their end.

Their gain since the last settlement follows from the mark; where the cash says another price, it is a multiple of the
contract's tick, and near the mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from ledger.book import Book
from ledger.effects.changes import MARGINED
from ledger.events import Fact, MergerApplied, VariationSettled, decimal_text
from ledger.events.observations import ContractDefined
from ledger.nav import VARIATION
from ledger.state import ZERO
from reconcile.candidates import Candidate, Case, money
from reconcile.causes.holdings import cents, is_near, moved, nearest
from reconcile.tolerances import CENT

PRICE_APART_MAX = Fraction(1, 20)  # between the mark and a settlement that it does not hold any more
TOGETHER_MIN = 2  # futures that are told in one candidate, too


def variation_margin(case: Case) -> Iterator[Candidate]:
    """Cash by what each future that is held, or was, gained since it was settled: at the mark, or at another price."""
    chosen = {getattr(fact, "con_id", None) for candidate in case.chosen for fact in candidate.facts}
    by_currency: dict[str, list[Candidate]] = {}
    for contract, held, account in _margined(case.book):
        mark = case.book.marks.get(contract.con_id)
        if contract.con_id in chosen or (held and mark is None):
            continue
        prices = (mark or ZERO, *_other_prices(case, contract, held, account))
        for place, price in enumerate(dict.fromkeys(prices)):
            amount = cents(held * price * contract.multiplier + account)
            if not amount:
                continue
            candidate = _settled(case, contract, held, price, amount)
            yield candidate
            if not place:
                by_currency.setdefault(contract.currency, []).append(candidate)
    for together in by_currency.values():
        if len(together) >= TOGETHER_MIN:
            yield _together(together)


def _margined(book: Book) -> Iterator[tuple[ContractDefined, Decimal, Decimal]]:
    """Yield what is settled day by day: units held, and what its account has of them that is not settled."""
    for con_id, holding in sorted(book.holdings.items()):
        contract = book.contracts[con_id]
        account = book.journal.get((f"{VARIATION}{con_id}", contract.currency), ZERO)
        if contract.security_type in MARGINED and (holding.quantity or account):
            yield contract, holding.quantity, account


def _other_prices(case: Case, contract: ContractDefined, held: Decimal, account: Decimal) -> Iterator[Decimal]:
    """Yield the price that makes the difference which is seen, if it is one that the contract can have."""
    seen, mark = case.differences("cash").get(contract.currency), case.book.marks.get(contract.con_id)
    if not held or seen is None or mark is None or not contract.min_tick:
        return
    price = nearest(Fraction(seen - account) / Fraction(held * contract.multiplier), contract.min_tick)
    makes = held * price * contract.multiplier + account
    if abs(makes - seen) <= CENT and is_near(price, mark, PRICE_APART_MAX):
        yield price


def _settled(case: Case, contract: ContractDefined, held: Decimal, price: Decimal, amount: Decimal) -> Candidate:
    fact = VariationSettled(
        con_id=contract.con_id, source=case.origin.source, provisional=True, amount=amount, currency=contract.currency,
        reference=case.origin.named(f"variation {contract.con_id} at {decimal_text(price)}"),
    )  # fmt: skip
    at = f"{decimal_text(held)} {contract.symbol} at {decimal_text(price)}" if held else f"{contract.symbol}, closed"
    text = f"{at}: gained {money(amount)} since it was settled"
    speaks, due = (f"before it stood at {_before(case, fact)}",), (f"variation {contract.con_id}",)
    return Candidate("variation margin", "likely", (fact,), text, speaks, due=due)


def _before(case: Case, fact: VariationSettled) -> str:
    """Say what the book has against the value of the units."""
    return money(-case.book.journal.get((f"{VARIATION}{fact.con_id}", fact.currency), ZERO))


def _together(candidates: list[Candidate]) -> Candidate:
    facts = tuple(fact for candidate in candidates for fact in candidate.facts)
    evidence = tuple(told for candidate in candidates for told in candidate.evidence)
    return Candidate("variation margin", "likely", facts, "; ".join(each.text for each in candidates), evidence)


def future_expiry(case: Case) -> Iterator[Candidate]:
    """Futures that are gone on or after their last day: closed at a last price, which is settled into cash."""
    today = case.book.now.date() if case.book.cycle is None else case.book.cycle.started.session_day
    for each in moved(case):
        contract, mark = each.contract, case.book.marks.get(each.con_id)
        is_over = contract.expiry is not None and contract.expiry <= today and not each.found
        if contract.security_type != "FUT" or not is_over or mark is None:
            continue
        account = case.book.journal.get((f"{VARIATION}{each.con_id}", contract.currency), ZERO)
        for price in dict.fromkeys((*_other_prices(case, contract, each.expected, account), mark)):
            facts = _closed(case, contract, each.expected, price, account)
            text = f"{decimal_text(each.expected)} {contract.symbol} ended at {decimal_text(price)}"
            yield Candidate("expiry", "likely", facts, text, (f"its last day was {contract.expiry}",))


def _closed(case: Case, contract: ContractDefined, held: Decimal, price: Decimal, account: Decimal) -> tuple[Fact, ...]:
    worth = held * price * contract.multiplier
    common = {"con_id": contract.con_id, "source": case.origin.source, "provisional": True}
    common |= {"currency": contract.currency, "reference": case.origin.named(f"end {decimal_text(price)}")}
    closed = MergerApplied.model_validate(common | {"quantity_change": -held, "cash": worth, "note": "its last day"})
    gained = cents(worth + account)
    if not gained:
        return (closed,)
    common["reference"] = f"{common['reference']}/{contract.con_id}"
    return (closed, VariationSettled.model_validate(common | {"amount": gained}))
