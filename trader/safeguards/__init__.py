"""Reasons not to trade.

A safeguard looks at the book and the limits and returns its verdicts: pass, veto or unknown, with formula, figures and
distance. Unknown vetoes too. A limit of a position or of the account lets an order pass that shrinks a position: it
must not block its cure. To add one: write the function in the file of its family, add it to `SAFEGUARDS`, test both
sides of its limit and a missing input.
"""

from __future__ import annotations

from decimal import localcontext

from ledger.book import Book
from ledger.events import Fact, SafeguardsEvaluated, TradingAllowed, TradingVetoed, VerdictRow
from ledger.nav import Unvalued
from trader.limits import Limits
from trader.projection import ARITHMETIC, planned_orders, running_cycle
from trader.safeguards import account, activity, cycle, hours, orders, prices, targets
from trader.safeguards.judging import Safeguard
from trader.verdicts import unknown

SAFEGUARDS: tuple[Safeguard, ...] = (
    cycle.book_is_reconciled,
    cycle.no_step_failed,
    cycle.not_halted,
    cycle.this_log_is_the_newest,
    cycle.the_slot_before_was_finished,
    cycle.nothing_in_doubt,
    cycle.breaks_are_respected,
    cycle.every_order_has_a_target,
    targets.targets_stay_within_leverage,
    targets.targets_do_not_jump,
    targets.targets_change,
    targets.targets_are_fresh,
    cycle.this_slot_was_not_traded,
    cycle.account_and_mode_match,
    cycle.live_was_decided,
    cycle.settings_are_approved,
    cycle.clocks_agree,
    cycle.disk_has_room,
    cycle.mails_leave,
    hours.market_is_open,
    hours.the_open_is_over,
    hours.the_close_is_not_near,
    hours.gateway_does_not_restart,
    activity.few_enough_orders,
    activity.few_enough_orders_in_a_day,
    activity.turnover_of_a_cycle_stays_within_limit,
    activity.turnover_of_a_day_stays_within_limit,
    account.gross_leverage_stays_within_limit,
    account.net_leverage_stays_within_limit,
    orders.names_stay_within_share,
    account.excess_liquidity_remains,
    account.purchases_are_settled,
    account.cushion_remains,
    account.nav_does_not_jump,
    account.the_day_loses_no_more_than_allowed,
    account.drawdown_stays_within_limit,
    account.currencies_stay_within_share,
    orders.order_notional_stays_within_limit,
    orders.order_share_stays_within_limit,
    prices.limit_prices_stay_near_the_last,
    prices.limit_prices_stay_near_the_close,
    prices.prices_agree_with_a_second_source,
    prices.prices_are_fresh,
    prices.market_data_are_live,
    prices.spreads_are_narrow,
    orders.orders_stay_within_volume,
    orders.restricted_names_only_shrink,
    orders.overrides_are_respected,
    orders.short_bans_are_respected,
    orders.short_sales_can_be_borrowed,
    orders.sectors_stay_within_share,
    orders.broker_would_accept,
)


def check_safeguards(book: Book, limits: Limits, safeguards: tuple[Safeguard, ...] = SAFEGUARDS) -> tuple[Fact, ...]:
    """Return every verdict, and what follows from them; a closing cycle plans nothing, so there is nothing to allow."""
    started = running_cycle(book).started
    if started.kind == "close":
        return ()
    rows = tuple(row for safeguard in safeguards for row in evaluate(safeguard, book, limits))
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


def reductions_only(book: Book, limits: Limits) -> str:
    """Say why only what shrinks a position may be planned, or nothing: an account as it stands vetoes its growth.

    Raises Unvalued where that cannot be told.
    """
    if book.reduce_only:
        return "an open break"
    for safeguard in account.STANDING:
        for row in evaluate(safeguard, book, limits):
            if row.outcome == "unknown":
                raise Unvalued(row.observed)
            if row.outcome == "veto":
                return f"{row.safeguard}: {row.observed}, limit {row.limit}"
    return ""


def _reason(book: Book, row: VerdictRow) -> str:
    contract = book.contracts.get(row.con_id) if row.con_id is not None else None
    subject = f" {contract.symbol}" if contract else ""
    limit = f", limit {row.limit}" if row.limit else ""
    return f"{row.safeguard}{subject}: {row.formula}: {row.observed}{limit}"
