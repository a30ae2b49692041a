"""Every order of the plan, and all of them together: how many, how large, in what."""
# ruff: noqa: ARG001, D401 - every safeguard has the same signature, and says what it stands for

from __future__ import annotations

from decimal import Decimal

from ledger.book import Book
from ledger.events import OrderPlanned
from ledger.nav import Unvalued
from trader.limits import Limits
from trader.projection import (
    cautious_nav,
    held,
    planned_orders,
    reduces,
    unit_value,
)
from trader.safeguards.judging import each, previewed, worth
from trader.verdicts import Outcome, Verdict, at_most


def few_enough_orders(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A runaway plan is a bug, not an opportunity."""
    return (at_most(Decimal(len(planned_orders(book))), Decimal(limits.orders_per_cycle_max), "orders planned"),)


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

    return each(book, verdict)


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


def broker_would_accept(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """IB's what-if says whether an order is valid and affordable."""

    def verdict(order: OrderPlanned) -> Verdict:
        preview = previewed(book, order)
        outcome: Outcome = "pass" if preview.accepted else "veto"
        observed = "accepted" if preview.accepted else f"refused: {preview.reason}"
        return Verdict(outcome, "the broker's preview of the order", observed, "accepted", con_id=order.con_id)

    return each(book, verdict)
