"""`tallybook report execution`: how well orders became trades: how fast, at what cost, and what was refused.

Slippage is against the price that the plan was made from, + is worse, commissions apart; in basis points it is the sum
over the sum, never a mean of quotients. To tell another figure of an order: a column of `HEAD`, and its cell in `_row`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ledger.events import decimal_text, instant_text
from ledger.lots import ZERO, exactly
from queries.bridge import Tell, silent
from queries.figures import UNKNOWN, change, city, percent, points, price, quantity
from queries.pages.drawing import bars
from queries.pages.found import commissions, costs
from queries.pages.orders import Cost, Execution, Order, filled_share, middle, part, slowest_but_few
from queries.pages.stretch import Stretch, read
from queries.sections import Chart, Figure, Report, Section
from queries.tables import HOME_ZONE, UnknownDay

HEAD = ("sent", "contract", "ordered", "decided", "paid", "slippage", "", "had it", "filled in", "became")
TEXTS = frozenset((0, 1, 9))
ORDERS_SHOWN = 500  # the newest; the rest is counted, and stands in --format json
BARS_MAX = 20
NO_REASON = "no reason was told"


def execution_page(home: Path, first: date, last: date, *, zone: str = HOME_ZONE, tell: Tell = silent) -> Report:
    """Return the page of the orders and executions of some days; raises UnknownDay where no cycle ran."""
    stretch = read(home, first, last, zone=zone, fold=False, tell=tell)
    if not stretch.cycles:
        raise UnknownDay(f"{first} to {last}: expected a day with a cycle, found none")
    orders = tuple(stretch.orders.values())
    filled = sum(order.status == "filled" for order in orders)
    verdict = f"{filled:,} of {len(orders):,} orders filled" if orders else "no order left in these days"
    days = sorted(cycle.day for cycle in stretch.cycles.values())
    when = f"{days[0]}" if days[0] == days[-1] else f"{days[0]} to {days[-1]}"
    title = f"{stretch.account} {stretch.mode} · execution, {when} · times are {city(zone)}'s"
    sections = (*_summary(stretch, orders), *_by_contract(stretch, orders), *_refused(stretch, orders),
                *_foreign(stretch), *_orders(stretch, orders))  # fmt: skip
    remark = "Slippage is against the plan's reference price; + is worse. Commissions are not in it."
    return Report(days[0], title, verdict, (remark,), "fine", sections, _plain(stretch, orders))


def _summary(stretch: Stretch, orders: Sequence[Order]) -> Iterator[Section]:
    share = filled_share(orders)
    partly = sum(bool(order.executions) and order.status != "filled" for order in orders)
    figures = [
        Figure("filled", percent(share), f"of what was ordered; {partly} in part" if partly else "of what was ordered"),
        _latency("broker had it after", [order.acknowledged_after for order in orders]),
        _latency("filled after", [order.filled_after for order in orders]),
    ]
    for currency, cost in sorted(costs(stretch).items()):
        words = change(cost.slippage) if cost.known else UNKNOWN
        untold = f"{UNKNOWN} of {cost.unknown} of {cost.known + cost.unknown}" if cost.unknown else ""
        beside = [points(cost.basis_points) if cost.known else "", untold]
        figures.append(Figure(f"slippage {currency}", words, ", ".join(word for word in beside if word)))
    charged, pending = commissions(stretch)
    for currency, amount in sorted(charged.items()):
        figures.append(Figure(f"commissions {currency}", change(amount), f"{pending} not told yet" if pending else ""))
    refused = sum(order.ending == "rejected" for order in orders)
    rate = part(refused, len(orders))
    figures.append(Figure("refused", f"{refused}", "" if rate is None else f"{percent(rate)} of {len(orders)} orders"))
    yield Section("", figures=tuple(figures))


def _latency(name: str, told: Iterable[int | None]) -> Figure:
    known = sorted(each for each in told if each is not None)
    if not known:
        return Figure(name, UNKNOWN)
    beside = f"19 of 20 within {_span(slowest_but_few(known))}, slowest {_span(known[-1])}"
    return Figure(name, _span(middle(known)), beside)


def _span(milliseconds: int | None) -> str:
    """Spell a time that something took: the median first, for a mean hides what was slow."""
    if milliseconds is None:
        return ""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{Decimal(milliseconds) / 1000:,.1f} s"


def _cost_of(stretch: Stretch, told: Iterable[Execution]) -> Cost:
    found = Cost()
    for each in told:
        contract = stretch.contracts.get(each.con_id)
        multiplier = None if contract is None else contract.multiplier
        found = found.and_of(each, stretch.decided.get(each.order_ref), multiplier)
    return found


def _by_contract(stretch: Stretch, orders: Sequence[Order]) -> Iterator[Section]:
    contracts = dict.fromkeys((each.con_id, each.currency) for each in stretch.executions.values())
    if not contracts:
        return
    told = list[tuple[Cost, tuple[str, ...]]]()
    for con_id, currency in contracts:
        mine = [each for each in stretch.executions.values() if (each.con_id, each.currency) == (con_id, currency)]
        cost, of = _cost_of(stretch, mine), [order for order in orders if order.con_id == con_id]
        row = (
            stretch.symbol(con_id), str(len(of)), percent(filled_share(of)) if of else "", str(len(mine)),
            change(cost.slippage) if cost.known else UNKNOWN, points(cost.basis_points) if cost.known else UNKNOWN,
            str(cost.unknown) if cost.unknown else "", currency,
        )  # fmt: skip
        told.append((cost, row))
    told.sort(key=lambda each: -each[0].slippage)
    drawn = [(row[0], cost.slippage) for cost, row in told if cost.slippage]
    single = len({currency for _, currency in contracts}) == 1
    if len(drawn) > BARS_MAX:
        drawn = drawn[: BARS_MAX // 2] + drawn[-BARS_MAX // 2 :]
    charts = (
        (Chart("Slippage by contract, + is worse", bars(drawn, change, less_is_better=True)),)
        if drawn and single
        else ()
    )
    head = ("contract", "orders", "filled", "fills", "slippage", "", "unknown of", "")
    yield Section("By contract", charts=charts, head=head, rows=tuple(row for _, row in told))


def _refused(stretch: Stretch, orders: Sequence[Order]) -> Iterator[Section]:
    """Tell what the broker refused or took back, and why, in its own words."""
    told = Counter(
        (order.ending, stretch.symbol(order.con_id), order.reason or NO_REASON)
        for order in orders
        if order.ending and order.status != "filled"
    )
    rows = tuple((f"{count}", symbol, ending, reason) for (ending, symbol, reason), count in told.most_common())
    if rows:
        yield Section(
            "Not filled, and why", head=("orders", "contract", "became", "why"), rows=rows,
            texts=frozenset((1, 2, 3)),
        )  # fmt: skip


def _foreign(stretch: Stretch) -> Iterator[Section]:
    """Tell of executions that are of no order of ours."""
    foreign = [each for each in stretch.executions.values() if each.order_ref not in stretch.decided]
    if foreign:
        rows = tuple(
            (_at(stretch, each), stretch.symbol(each.con_id), f"{each.quantity:+f}", price(each.price), each.currency)
            for each in sorted(foreign, key=lambda each: each.at)
        )
        yield Section(
            "Not ours", head=("when", "contract", "units", "price", ""), rows=rows, texts=frozenset((0, 1, 4)),
            seqs=tuple(each.seq for each in sorted(foreign, key=lambda each: each.at)),
        )  # fmt: skip


def _orders(stretch: Stretch, orders: Sequence[Order]) -> Iterator[Section]:
    if not orders:
        return
    shown = sorted(orders, key=lambda order: order.sent_at)[-ORDERS_SHOWN:]
    more = len(orders) - len(shown)
    after = (f"{more:,} earlier ones are left out; --format json tells all.",) if more else ()
    yield Section(
        "Orders", head=HEAD, rows=tuple(_row(stretch, order) for order in shown), texts=TEXTS, after=after,
        seqs=tuple(order.seq for order in shown),
        apart=frozenset(place for place, order in enumerate(shown) if order.ending == "rejected"),
    )  # fmt: skip


def _row(stretch: Stretch, order: Order) -> tuple[str, ...]:
    there = order.sent_at.astimezone(ZoneInfo(stretch.zone))
    cost = _cost_of(stretch, order.executions)
    return (
        f"{there.day} {there:%b %H:%M}", _named(stretch, order.con_id), f"{order.quantity:+,f}",
        price(order.decided_price), _paid(order), change(cost.slippage) if cost.known else "",
        points(cost.basis_points) if cost.known else "", _span(order.acknowledged_after), _span(order.filled_after),
        _became(order),
    )  # fmt: skip


def _named(stretch: Stretch, con_id: int) -> str:
    """Name a contract, with its currency where that is not the account's."""
    known = stretch.contracts.get(con_id)
    foreign = known is not None and known.currency != stretch.base_currency
    return f"{stretch.symbol(con_id)} {known.currency}" if known is not None and foreign else stretch.symbol(con_id)


def _became(order: Order) -> str:
    if order.status == "filled" or not order.executions:
        return order.status
    return order.status.replace("part filled", f"{quantity(abs(order.filled))} filled")


def _paid(order: Order) -> str:
    """Tell the price of an order's executions; of several the lowest and the highest."""
    prices = sorted({each.price for each in order.executions})
    return "-".join(price(each) for each in (prices if len(prices) < 2 else (prices[0], prices[-1])))


def _at(stretch: Stretch, each: Execution) -> str:
    there = each.at.astimezone(ZoneInfo(stretch.zone))
    return f"{there.day} {there:%b %H:%M}"


# The same for a program


def _plain(stretch: Stretch, orders: Sequence[Order]) -> dict[str, Any]:
    charged, pending = commissions(stretch)
    share = filled_share(orders)
    return {
        "first": stretch.first.isoformat(), "last": stretch.last.isoformat(), "account": stretch.account,
        "mode": stretch.mode, "orders_sent": len(orders),
        "orders_filled": sum(order.status == "filled" for order in orders),
        "filled_share": None if share is None else decimal_text(round(share, 6)),
        "slippage": {
            currency: {
                "amount": decimal_text(cost.slippage) if cost.known else None, "unknown_of": cost.unknown,
                "basis_points": None if cost.basis_points is None else decimal_text(cost.basis_points),
            }
            for currency, cost in sorted(costs(stretch).items())
        },
        "commissions": {currency: decimal_text(amount) for currency, amount in sorted(charged.items())},
        "commissions_pending": pending,
        "orders": [_plain_order(stretch, order) for order in orders],
    }  # fmt: skip


def _plain_order(stretch: Stretch, order: Order) -> dict[str, Any]:
    cost = _cost_of(stretch, order.executions)
    charges = [stretch.commissions.get(base) for base in _bases(stretch, order)]
    with exactly():
        charged = None if None in charges else sum((each[1] for each in charges if each is not None), ZERO)
    return {
        "order_ref": order.order_ref, "seq": order.seq, "day": order.day.isoformat(), "con_id": order.con_id,
        "symbol": stretch.symbol(order.con_id), "quantity": decimal_text(order.quantity),
        "limit_price": _text(order.limit_price), "decided_price": _text(order.decided_price),
        "filled": decimal_text(order.filled), "status": order.status, "reason": order.reason or None,
        "sent_at": instant_text(order.sent_at), "acknowledged_after_ms": order.acknowledged_after,
        "filled_after_ms": order.filled_after, "slippage": decimal_text(cost.slippage) if cost.known else None,
        "basis_points": _text(cost.basis_points), "commission": _text(charged) if order.executions else None,
        "fills": [
            {"quantity": decimal_text(each.quantity), "price": decimal_text(each.price), "at": instant_text(each.at)}
            for each in order.executions
        ],
    }  # fmt: skip


def _bases(stretch: Stretch, order: Order) -> Iterator[str]:
    return (base for base, each in stretch.executions.items() if each.order_ref == order.order_ref)


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else decimal_text(amount)
