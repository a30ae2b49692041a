"""Every order of the plan: how large, in what, and whether the broker would take it."""
# ruff: noqa: ARG001, D401 - every safeguard has the same signature, and says what it stands for

from __future__ import annotations

from decimal import Decimal

from ledger.book import Book
from ledger.events import OrderPlanned
from ledger.lots import ZERO
from ledger.nav import Unvalued
from ledger.overriding import allowed
from trader.limits import Limits
from trader.netting import allowed_to_any
from trader.projection import (
    average_volume,
    borrowable,
    cautious_nav,
    held,
    is_conversion,
    planned_orders,
    planned_positions,
    reduces,
    running_cycle,
    unit_value,
    values_after,
)
from trader.safeguards.judging import age_of, each, each_position, previewed, shrinks, worth
from trader.verdicts import Outcome, Verdict, at_most


def names_stay_within_share(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """One contract must not carry the account."""
    nav = cautious_nav(book)

    def verdict(order: OrderPlanned) -> Verdict:
        if order.reference_price is None:
            raise Unvalued(f"{order.symbol}: the plan has no reference price")
        after = held(book, order.con_id) + order.quantity
        share = abs(after) * unit_value(book, order.con_id, order.reference_price) / nav
        return at_most(
            share,
            limits.name_share_max,
            "|quantity after the order x price| / NAV",
            con_id=order.con_id,
            reduction=reduces(held(book, order.con_id), order.quantity),
        )

    return each_position(book, verdict)


def order_notional_stays_within_limit(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A fat finger is stopped by an amount that does not depend on what NAV was computed to be."""
    return each(
        book,
        lambda order: at_most(
            worth(book, order),
            limits.order_notional_max,
            f"|quantity x limit price| in {book.base_currency}",
            con_id=order.con_id,
            reduction=reduces(held(book, order.con_id), order.quantity),
        ),
    )


def order_share_stays_within_limit(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """No order moves more than a share of the account."""
    nav = cautious_nav(book)
    return each(
        book,
        lambda order: at_most(
            worth(book, order) / nav,
            limits.order_share_max,
            "|quantity x limit price| / NAV",
            con_id=order.con_id,
            reduction=reduces(held(book, order.con_id), order.quantity),
        ),
    )


def orders_stay_within_volume(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """An order that is a large part of a day's trading moves the price against itself."""

    def verdict(order: OrderPlanned) -> Verdict:
        volume = average_volume(book, order.con_id)
        if volume <= 0:
            raise Unvalued(f"{order.symbol}: expected an average volume above zero, found {volume}")
        formula, reduction = "|quantity| / average volume a day", reduces(held(book, order.con_id), order.quantity)
        share = abs(order.quantity) / volume
        return at_most(share, limits.order_volume_share_max, formula, con_id=order.con_id, reduction=reduction)

    return each_position(book, verdict)


def restricted_names_only_shrink(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """What the owner may not buy is not bought, whatever a strategy wants of it."""
    formula = "orders that grow a position in a restricted contract"
    grown = [
        order.symbol
        for order in planned_orders(book)
        if order.symbol in limits.restricted and not reduces(held(book, order.con_id), order.quantity)
    ]
    return (Verdict("veto" if grown else "pass", formula, ", ".join(grown) or "none", "none"),)


def overrides_are_respected(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """What the owner set aside is left alone, or shrinks at most."""
    formula = "orders against an override of contract, strategy or account"
    against = []
    for order in planned_orders(book):
        is_ours = not is_conversion(book, order.con_id)
        allow = (allowed_to_any(book, order.symbol) if is_ours else allowed(book, order.symbol, "")).allow
        shrinks_only = reduces(held(book, order.con_id), order.quantity)
        if allow == "none" or (allow == "reduce_only" and not shrinks_only):
            against.append(order.symbol)
    return (Verdict("veto" if against else "pass", formula, ", ".join(against) or "none", "none"),)


def short_sales_can_be_borrowed(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """What nobody lends is not sold short: IB would hold the order, and locate the shares much later."""
    formula = "shares to be sold short, of those that can be borrowed"

    def verdict(order: OrderPlanned) -> Verdict:
        short = min(-(held(book, order.con_id) + order.quantity), -order.quantity)
        if short <= 0:
            return Verdict("pass", formula, "0", "", con_id=order.con_id)
        shares = borrowable(book, order.con_id)
        if shares is None:
            raise Unvalued(f"{order.symbol}: the broker did not say what can be borrowed")
        return at_most(short, shares, formula, con_id=order.con_id, age=age_of(book, book.quotes_at))

    return each_position(book, verdict)


def short_bans_are_respected(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """What may not be sold short is sold to zero at most."""
    formula = "orders that sell short what may not be"
    short = [
        order.symbol
        for order in planned_positions(book)
        if limits.bans_short(order.symbol) and order.quantity < 0 and held(book, order.con_id) + order.quantity < 0
    ]
    return (Verdict("veto" if short else "pass", formula, ", ".join(short) or "none", "none"),)


def sectors_stay_within_share(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """Names that move together count together; what the settings give no sector counts as none."""
    formula, worth = "|positions of a sector after all orders| / NAV", dict[str, Decimal]()
    for con_id, value in values_after(book, running_cycle(book).plan).items():
        contract = book.contracts.get(con_id)
        sector = limits.sector_of(contract.symbol) if contract is not None else ""
        if sector:
            worth[sector] = worth.get(sector, ZERO) + abs(value)
    if not worth:
        return (Verdict("pass", formula, "nothing of a sector", ""),)
    nav, most = cautious_nav(book), max(sorted(worth), key=worth.__getitem__)
    named = f"{formula}, the most in {most}"
    return (at_most(worth[most] / nav, limits.sector_share_max, named, reduction=shrinks(book)),)


def broker_would_accept(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """IB's what-if says whether an order is valid and affordable."""

    def verdict(order: OrderPlanned) -> Verdict:
        preview = previewed(book, order)
        outcome: Outcome = "pass" if preview.accepted else "veto"
        observed = "accepted" if preview.accepted else f"refused: {preview.reason}"
        return Verdict(outcome, "the broker's preview of the order", observed, "accepted", con_id=order.con_id)

    return each(book, verdict)
