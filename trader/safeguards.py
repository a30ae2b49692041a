"""Reasons not to trade.

A safeguard looks at the book and the limits and returns its verdicts: pass, veto or unknown, with formula, figures and
distance. Unknown vetoes too. A position limit lets an order pass that shrinks a position: it must not block its cure.
To add one: write the function, add it to `SAFEGUARDS`, test both sides of its limit and a missing input.
"""
# ruff: noqa: ARG001, D401 - every safeguard has the same signature, and says what it stands for

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, localcontext

from ledger.book import Book
from ledger.events import (
    Fact,
    OrderPlanned,
    OrderPreviewed,
    SafeguardsEvaluated,
    TradingAllowed,
    TradingVetoed,
    VerdictRow,
    decimal_text,
)
from ledger.nav import Unvalued
from trader.limits import Limits
from trader.projection import (
    ARITHMETIC,
    cautious_nav,
    gross_value,
    held,
    only_reductions,
    planned_orders,
    reduces,
    reported_margin,
    running_cycle,
    touch,
    unit_value,
)
from trader.verdicts import Outcome, Verdict, at_least, at_most, unknown

LIVE = 1  # market data type: 2 frozen, 3 delayed, 4 delayed and frozen


Safeguard = Callable[[Book, Limits], tuple[Verdict, ...]]


def check_safeguards(book: Book, limits: Limits) -> tuple[Fact, ...]:
    """Return every verdict, and what follows from them; a closing cycle plans nothing, so there is nothing to allow."""
    started = running_cycle(book).started
    if started.kind == "close":
        return ()
    rows = tuple(row for safeguard in SAFEGUARDS for row in evaluate(safeguard, book, limits))
    reasons = tuple(_reason(book, row) for row in rows if row.outcome != "pass")
    if started.dry_run:
        reasons = ("dry run", *reasons)
    decided = TradingVetoed(reasons=reasons) if reasons else TradingAllowed(orders=len(planned_orders(book)))
    return SafeguardsEvaluated(verdicts=rows), decided


def evaluate(safeguard: Safeguard, book: Book, limits: Limits) -> tuple[VerdictRow, ...]:
    """Ask one safeguard; what it cannot value is unknown."""
    name = str(getattr(safeguard, "__name__", safeguard))
    with localcontext(ARITHMETIC):
        try:
            verdicts = safeguard(book, limits)
        except Unvalued as missing:
            verdicts = (unknown(name.replace("_", " "), str(missing)),)
    return tuple(
        VerdictRow(
            safeguard=name,
            outcome=verdict.outcome,
            formula=verdict.formula,
            observed=verdict.observed,
            limit=verdict.limit,
            distance=verdict.distance,
            age_seconds=verdict.age_seconds,
            con_id=verdict.con_id,
        )
        for verdict in verdicts
    )


def book_is_reconciled(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """Both halves were looked at and compared in this very cycle."""
    formula, cycle = "both halves reported and compared since the cycle started", running_cycle(book)
    looked_at = [book.reported.nav_at, book.reported.positions_at, book.reported.cash_at]
    if cycle.reconciled is None:
        return (unknown(formula, "not compared in this cycle"),)
    seen = [at for at in looked_at if at is not None and at >= cycle.at]
    if len(seen) < len(looked_at):
        return (unknown(formula, "NAV, positions or cash not reported in this cycle"),)
    observed = f"compared, {cycle.reconciled.open_breaks} open breaks"
    return (Verdict("pass", formula, observed, "compared", age_seconds=_age(book, min(seen))),)


def no_step_failed(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """The error flag: one failed step stops the orders of the whole cycle."""
    return (at_most(Decimal(len(running_cycle(book).failures)), Decimal(0), "failed steps in this cycle"),)


def not_halted(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A halt stands until somebody lifts it."""
    outcome: Outcome = "pass" if book.halted is None else "veto"
    return (Verdict(outcome, "halt, by the operator or by a break", book.halted or "no halt", "no halt"),)


def this_log_is_the_newest(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A restored, moved or copied home trades only after a cycle has shown that nothing outside is newer."""
    outcome: Outcome = "pass" if book.recovery is None else "veto"
    formula = "recovery, until a cycle shows nothing newer than the log"
    return (Verdict(outcome, formula, book.recovery or "no recovery", "no recovery"),)


def the_slot_before_was_finished(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """After an outage of over an hour, which is a slot, the first cycle only reconciles; the second may trade."""
    formula, this = "the slot before this one, after an outage", running_cycle(book).started.slot
    before = next((name for name in reversed(book.slots) if name != this), None)
    is_gap = before is not None and not book.slots[before].finished
    observed = f"{before} has no finished cycle" if is_gap else before or "no slot before"
    return (Verdict("veto" if is_gap else "pass", formula, observed, "finished"),)


def nothing_in_doubt(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """An order of which too little is known, or which still works, would be doubled."""
    return (at_most(Decimal(len(book.working_orders)), Decimal(0), "orders of ours that may still fill"),)


def breaks_are_respected(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A locked contract, or any while an open break says so, is ordered only to shrink its position."""
    formula = "orders that grow a position against an open break"
    against = [
        order.symbol
        for order in planned_orders(book)
        if (book.reduce_only or order.con_id in book.locked) and not reduces(held(book, order.con_id), order.quantity)
    ]
    return (Verdict("veto" if against else "pass", formula, ", ".join(against) or "none", "none"),)


def every_order_has_a_target(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """Only what this cycle's forecast names is ordered, and the forecast names the universe alone."""
    formula, computed = "ordered contracts that this cycle's forecast does not name", running_cycle(book).targets
    if not computed:
        return (unknown(formula, "no forecast in this cycle"),)
    named = {row.con_id for row in computed[-1].rows}
    unnamed = [order.symbol for order in planned_orders(book) if order.con_id not in named]
    return (Verdict("veto" if unnamed else "pass", formula, ", ".join(unnamed) or "none", "none"),)


def market_is_open(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """Orders are for the regular session."""
    started = running_cycle(book).started
    is_open = started.session_open <= book.now < started.session_close
    hours = f"{started.session_open:%Y-%m-%d %H:%M} to {started.session_close:%H:%M} UTC"
    left = decimal_text(Decimal(int((started.session_close - book.now).total_seconds())))
    return (Verdict("pass" if is_open else "veto", "now within the session", f"{book.now:%H:%M:%S}", hours, left),)


def few_enough_orders(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A runaway plan is a bug, not an opportunity."""
    return (at_most(Decimal(len(planned_orders(book))), Decimal(limits.orders_per_cycle_max), "orders planned"),)


def gross_leverage_stays_within_limit(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """All positions, those outside the universe included, after all orders."""
    observed = gross_value(book, running_cycle(book).plan) / cautious_nav(book)
    formula = "sum of |quantity after all orders x price| / NAV"
    age = _age(book, book.reported.nav_at)
    return (at_most(observed, limits.gross_leverage_max, formula, reduction=_shrinks(book), age=age),)


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

    return _each(book, verdict)


def excess_liquidity_remains(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A margin call sells at the worst moment; each preview tells what its order adds to the maintenance margin."""
    formula = "(excess liquidity - sum of maintenance margin added by each order) / NAV"
    margin = reported_margin(book)
    left = margin.excess_liquidity
    for order in planned_orders(book):
        after = _preview(book, order).maintenance_margin_after
        if after is None:
            return (unknown(formula, f"{order.symbol}: the preview tells no maintenance margin"),)
        left -= max(after - margin.maintenance, Decimal(0))
    share, age = left / cautious_nav(book), _age(book, book.reported.margin_at)
    return (at_least(share, limits.excess_liquidity_min, formula, reduction=_shrinks(book), age=age),)


def order_notional_stays_within_limit(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A fat finger is stopped by an amount that does not depend on what NAV was computed to be."""
    return _each(
        book,
        lambda order: at_most(
            _worth(book, order),
            limits.order_notional_max,
            f"|quantity x limit price| in {book.base_currency}",
            con_id=order.con_id,
            reduction=reduces(held(book, order.con_id), order.quantity),
        ),
    )


def order_share_stays_within_limit(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """No order moves more than a share of the account."""
    nav = cautious_nav(book)
    return _each(
        book,
        lambda order: at_most(
            _worth(book, order) / nav,
            limits.order_share_max,
            "|quantity x limit price| / NAV",
            con_id=order.con_id,
            reduction=reduces(held(book, order.con_id), order.quantity),
        ),
    )


def limit_prices_stay_near_the_last(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A limit price far from the last trade is a mistake, whoever made it."""

    def verdict(order: OrderPlanned) -> Verdict:
        last = touch(book, order.con_id).last
        distance = abs(_limit_price(order) - last) / last
        return at_most(distance, limits.price_collar, "|limit price - last| / last", con_id=order.con_id)

    return _each(book, verdict)


def limit_prices_stay_near_the_close(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A price far from yesterday's is a split, another contract or a wrong tick until somebody has looked."""

    def verdict(order: OrderPlanned) -> Verdict:
        close = touch(book, order.con_id).close
        distance = abs(_limit_price(order) - close) / close
        return at_most(distance, limits.close_collar, "|limit price - close| / close", con_id=order.con_id)

    return _each(book, verdict)


def prices_are_fresh(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A price that is old or missing is none; where the broker tells the time of the last trade, that counts too."""

    def verdict(order: OrderPlanned) -> Verdict:
        touch(book, order.con_id)
        if book.quotes_at is None:
            raise Unvalued(f"{order.symbol}: no quotes were recorded")
        traded_at = book.quotes[order.con_id].at
        age = _age(book, min(book.quotes_at, traded_at or book.quotes_at))
        limit = Decimal(limits.quote_age_seconds_max)
        return at_most(Decimal(age or 0), limit, "seconds since quote and last trade", con_id=order.con_id, age=age)

    return _each(book, verdict)


def market_data_are_live(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """Delayed or frozen prices are history; a halted contract has none."""

    def verdict(order: OrderPlanned) -> Verdict:
        touch(book, order.con_id)
        quote = book.quotes[order.con_id]
        live = quote.market_data_type == LIVE and not quote.halted
        observed = f"type {quote.market_data_type}{', halted' if quote.halted else ''}"
        formula = "market data type (1 live, 2 frozen, 3 delayed, 4 delayed and frozen)"
        return Verdict("pass" if live else "veto", formula, observed, f"type {LIVE}", con_id=order.con_id)

    return _each(book, verdict)


def spreads_are_narrow(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """A wide spread is a market that is not there."""
    return _each(
        book,
        lambda order: at_most(
            touch(book, order.con_id).spread, limits.spread_max, "(ask - bid) / bid", con_id=order.con_id
        ),
    )


def broker_would_accept(book: Book, limits: Limits) -> tuple[Verdict, ...]:
    """IB's what-if says whether an order is valid and affordable."""

    def verdict(order: OrderPlanned) -> Verdict:
        preview = _preview(book, order)
        outcome: Outcome = "pass" if preview.accepted else "veto"
        observed = "accepted" if preview.accepted else f"refused: {preview.reason}"
        return Verdict(outcome, "the broker's preview of the order", observed, "accepted", con_id=order.con_id)

    return _each(book, verdict)


SAFEGUARDS: tuple[Safeguard, ...] = (
    book_is_reconciled,
    no_step_failed,
    not_halted,
    this_log_is_the_newest,
    the_slot_before_was_finished,
    nothing_in_doubt,
    breaks_are_respected,
    every_order_has_a_target,
    market_is_open,
    few_enough_orders,
    gross_leverage_stays_within_limit,
    names_stay_within_share,
    excess_liquidity_remains,
    order_notional_stays_within_limit,
    order_share_stays_within_limit,
    limit_prices_stay_near_the_last,
    limit_prices_stay_near_the_close,
    prices_are_fresh,
    market_data_are_live,
    spreads_are_narrow,
    broker_would_accept,
)


def _each(book: Book, verdict: Callable[[OrderPlanned], Verdict]) -> tuple[Verdict, ...]:
    """Judge every planned order; one that cannot be judged is unknown, and the others are judged all the same."""
    return tuple(_judged(order, verdict) for order in planned_orders(book)) or (
        Verdict("pass", "every planned order", "no order planned", ""),
    )


def _judged(order: OrderPlanned, verdict: Callable[[OrderPlanned], Verdict]) -> Verdict:
    try:
        return verdict(order)
    except Unvalued as missing:
        return Verdict("unknown", "every planned order", str(missing), "", con_id=order.con_id)


def _worth(book: Book, order: OrderPlanned) -> Decimal:
    return abs(order.quantity) * unit_value(book, order.con_id, _limit_price(order))


def _limit_price(order: OrderPlanned) -> Decimal:
    if order.limit_price is None:
        raise Unvalued(f"{order.symbol}: the plan has no limit price")
    return order.limit_price


def _preview(book: Book, order: OrderPlanned) -> OrderPreviewed:
    preview = running_cycle(book).previews.get(order.order_ref or "")
    if preview is None:
        raise Unvalued(f"{order.symbol}: the broker did not preview the order")
    return preview


def _shrinks(book: Book) -> bool:
    """Tell whether the plan orders something, and nothing but reductions."""
    return bool(planned_orders(book)) and only_reductions(book)


def _age(book: Book, at: datetime | None) -> int | None:
    return None if at is None else max(0, int((book.now - at).total_seconds()))


def _reason(book: Book, row: VerdictRow) -> str:
    contract = book.contracts.get(row.con_id) if row.con_id is not None else None
    subject = f" {contract.symbol}" if contract else ""
    limit = f", limit {row.limit}" if row.limit else ""
    return f"{row.safeguard}{subject}: {row.formula}: {row.observed}{limit}"
