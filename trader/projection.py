"""What the account would be after a plan: the arithmetic that sizing and the safeguards share.

Pure. Whatever cannot be valued raises `Unvalued`, which sizing reports and which a safeguard turns into `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext

from ledger.book import Book
from ledger.events import DataFaultFound, MarginObserved, OrderPlanned
from ledger.lots import ZERO
from ledger.nav import Unvalued, mark, own_nav, rate
from ledger.state import Cycle

# Products here are exact; a quotient is compared with a limit, or truncated to whole shares.
ARITHMETIC = Context(prec=60, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])


@dataclass(frozen=True, slots=True)
class Touch:
    """A complete quote: every price that a plan rests on, each above zero."""

    bid: Decimal
    ask: Decimal
    last: Decimal
    close: Decimal  # of the previous session
    data_type: int = 1  # 1 live, 2 frozen, 3 delayed, 4 delayed and frozen

    @property
    def reference(self) -> Decimal:
        """The last price, brought between bid and ask: what quantities are computed from."""
        return min(max(self.last, self.bid), self.ask)

    def far(self, quantity: Decimal) -> Decimal:
        """Return the far side of the touch: what an order without a limit pays, or is paid, at first."""
        return self.ask if quantity > 0 else self.bid

    @property
    def spread(self) -> Decimal:
        """Ask minus bid, as a fraction of the bid."""
        return ARITHMETIC.divide(self.ask - self.bid, self.bid)


def running_cycle(book: Book) -> Cycle:
    """Return the cycle that runs; raise LookupError outside of one."""
    if book.cycle is None or book.cycle.ended:
        raise LookupError("expected a running cycle, found none: CycleStarted comes first")
    return book.cycle


def cautious_nav(book: Book) -> Decimal:
    """Return the smaller of our own and the broker's NAV, which must be above zero."""
    reported = book.reported.nav
    if reported is None:
        raise Unvalued("the broker reported no NAV")
    if reported.currency != book.base_currency:
        raise Unvalued(f"the broker reported NAV in {reported.currency}, expected {book.base_currency}")
    nav = min(own_nav(book), reported.net_liquidation)
    if nav <= 0:
        raise Unvalued(f"expected a NAV above zero, found {nav}")
    return nav


def reported_margin(book: Book) -> MarginObserved:
    """Return the broker's margin figures, in the base currency."""
    margin = book.reported.margin
    if margin is None:
        raise Unvalued("the broker reported no margin")
    if margin.currency != book.base_currency:
        raise Unvalued(f"the broker reported margin in {margin.currency}, expected {book.base_currency}")
    return margin


def held(book: Book, con_id: int) -> Decimal:
    """Return our own quantity, 0 if flat."""
    holding = book.holdings.get(con_id)
    return ZERO if holding is None else holding.quantity


def unit_value(book: Book, con_id: int, price: Decimal) -> Decimal:
    """Return one unit's value at a price, in the base currency."""
    contract = book.contracts.get(con_id) or book.holdings.get(con_id)  # what is held tells its currency too
    if contract is None:
        raise Unvalued(f"contract {con_id}: the broker has not defined it")
    return ARITHMETIC.multiply(ARITHMETIC.multiply(price, contract.multiplier), rate(book, contract.currency))


def touch(book: Book, con_id: int) -> Touch:
    """Return a contract's market as quoted in this cycle; raise Unvalued where any part of it is missing."""
    quote = book.quotes.get(con_id) if running_cycle(book).quoted else None
    if quote is None:
        raise Unvalued("the broker quoted none")
    match quote.bid, quote.ask, quote.last, quote.close:
        case Decimal() as bid, Decimal() as ask, Decimal() as last, Decimal() as close:
            if min(bid, ask, last, close) <= 0:
                raise Unvalued(f"expected prices above zero, found bid {bid}, ask {ask}, last {last}, close {close}")
            return Touch(bid, ask, last, close, quote.market_data_type)
        case Decimal() as bid, Decimal() as ask, None, Decimal() as close if is_conversion(book, con_id):
            return _untraded(bid, ask, close, quote.market_data_type)
        case _:
            prices = {"bid": quote.bid, "ask": quote.ask, "last": quote.last, "close": quote.close}
            raise Unvalued(f"{', '.join(name for name, price in prices.items() if price is None)} missing")


def _untraded(bid: Decimal, ask: Decimal, close: Decimal, data_type: int) -> Touch:
    """Return the market of a pair of currencies: no trade of it is told, so that the middle stands for the last."""
    if min(bid, ask, close) <= 0:
        raise Unvalued(f"expected prices above zero, found bid {bid}, ask {ask}, close {close}")
    return Touch(bid, ask, ARITHMETIC.divide(bid + ask, Decimal(2)), close, data_type)


def average_volume(book: Book, con_id: int) -> Decimal:
    """Return the smallest mean volume a day that a source of this cycle tells of a contract, in units."""
    rows = (row for data in running_cycle(book).data.values() for row in data.series if row.con_id == con_id)
    told = [row.average_volume for row in rows if row.average_volume is not None]
    if not told:
        raise Unvalued("no source told its volume")
    return min(told)


def skipped(book: Book) -> dict[int, DataFaultFound]:
    """Return the contracts whose data are not fit for the running cycle, each with its first fault."""
    found: dict[int, DataFaultFound] = {}
    for fault in running_cycle(book).data_faults:
        if fault.skipped:
            found.setdefault(fault.con_id, fault)
    return found


def borrowable(book: Book, con_id: int) -> Decimal | None:
    """Return how many shares can be borrowed, as told in this cycle; None where that is not told."""
    quote = book.quotes.get(con_id) if running_cycle(book).quoted else None
    return None if quote is None else quote.shortable


def planned_orders(book: Book) -> tuple[OrderPlanned, ...]:
    """Return the rows of the plan that order something."""
    return tuple(row for row in running_cycle(book).plan if row.action != "NOTHING")


def is_conversion(book: Book, con_id: int) -> bool:
    """Tell whether a contract is a pair of currencies: a trade in it moves two balances, and leaves no position."""
    contract = book.contracts.get(con_id)
    return contract is not None and contract.security_type == "CASH"


def planned_positions(book: Book) -> tuple[OrderPlanned, ...]:
    """Return the rows of the plan that order something that is held: all but conversions of currencies."""
    return tuple(row for row in planned_orders(book) if not is_conversion(book, row.con_id))


def reduces(position: Decimal, quantity: Decimal) -> bool:
    """Tell whether an order shrinks a position without turning it."""
    return position * quantity < 0 and abs(quantity) <= abs(position)


def only_reductions(book: Book) -> bool:
    """Tell whether every planned order shrinks a position; a conversion shrinks what is held in another currency."""
    return all(reduces(held(book, order.con_id), order.quantity) for order in planned_positions(book))


def values_after(book: Book, plan: Iterable[OrderPlanned]) -> dict[int, Decimal]:
    """Return what each position would be worth, signed, in the base currency, were every order of a plan filled.

    A contract is valued at the plan's reference price, and where it has none at the broker's mark.
    """
    rows = {row.con_id: row for row in plan if not is_conversion(book, row.con_id)}
    changes = {con_id: row.quantity for con_id, row in rows.items()}
    prices = {con_id: row.reference_price for con_id, row in rows.items() if row.reference_price is not None}
    values = dict[int, Decimal]()
    for con_id in {**book.positions, **changes}:
        quantity = held(book, con_id) + changes.get(con_id, ZERO)
        if quantity:
            price = prices[con_id] if con_id in prices else mark(book, con_id)
            values[con_id] = ARITHMETIC.multiply(quantity, unit_value(book, con_id, price))
    return values


def gross_value(book: Book, plan: Iterable[OrderPlanned]) -> Decimal:
    """Return what all positions would be worth, signs ignored, were every order of a plan filled."""
    with localcontext(ARITHMETIC):
        return sum(map(abs, values_after(book, plan).values()), ZERO)
