"""Reports of the broker's that are late, incomplete, or count otherwise: nothing has happened to the account."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from tests.reconcile.injections.kinds.kind import Kind
from tests.reconcile.injections.kinds.trades import size
from tests.reconcile.injections.markets import PAIR
from tests.reconcile.injections.world import CENT, Report, World
from trader.simulator.orders import OrderRequest

NO_STATEMENT = "nothing has happened to the account: the next report cures it"


def _move(report: Report, tag: str, amount: Decimal, currency: str = "USD") -> None:
    value = Decimal(report.values[tag, currency]) + amount
    report.values[tag, currency] = str(value.quantize(CENT, ROUND_HALF_UP))


def _move_cash(report: Report, amount: Decimal) -> None:
    for tag in ("CashBalance", "TotalCashBalance", "TotalCashValue"):
        _move(report, tag, amount)


def stale_snapshot(world: World) -> Iterator[None]:
    """Positions and cash are still those from before one of the last minutes' fills."""
    ticker, units = world.plan.pick(), size(world)
    held = world.chance.choice((0, 25, 90))
    yield
    if held:
        world.hold(ticker, held)
    yield
    world.let_pass_until("15:57")
    con_id = world.contract(ticker).con_id
    old = [world.position_row(con_id)] if held else []
    before, gross = world.book.cash["USD"], abs(world.held(ticker))
    world.trade(ticker, units)
    spent = world.book.cash["USD"] - before
    change = abs(world.held(ticker)) - gross
    value = change * world.mark(ticker)

    def tamper(report: Report) -> None:
        marked = [row.model_copy(update={"mark": world.mark(ticker)}) for row in old]
        report.positions = [row for row in report.positions if row.con_id != con_id] + marked
        _move_cash(report, -spent)
        _move(report, "GrossPositionValue", -value)
        _move(report, "NetLiquidation", -spent - units * world.mark(ticker))

    world.tampering.append(tamper)
    world.happened("stale snapshot", {("cash", "USD"): -spent, ("position", str(con_id)): -units})


def partial_snapshot(world: World) -> Iterator[None]:
    """One position is missing from the list; the account's totals hold it."""
    ticker, units = world.plan.pick(), size(world)
    yield
    world.hold(ticker, units)
    yield
    con_id = world.contract(ticker).con_id

    def tamper(report: Report) -> None:
        report.positions = [row for row in report.positions if row.con_id != con_id]

    world.tampering.append(tamper)
    world.happened("partial snapshot", {("position", str(con_id)): -units})


def unsettled_cash(world: World) -> Iterator[None]:
    """The cash that is told lacks what one of today's sales has brought; the totals hold it."""
    ticker, units = world.plan.pick(), abs(size(world))
    yield
    world.hold(ticker, units)
    yield
    execution = world.trade(ticker, -units)
    proceeds = execution.price * execution.shares

    def tamper(report: Report) -> None:
        for tag in ("CashBalance", "TotalCashBalance"):
            _move(report, tag, -proceeds)

    world.tampering.append(tamper)
    world.happened("unsettled cash", {("cash", "USD"): -proceeds})


def mark_difference(world: World) -> Iterator[None]:
    """The account's total is told at other marks than its positions."""
    ticker, part = world.plan.pick(), Decimal(world.chance.choice((10, 20, 35))) / 100
    yield
    units = (world.account.cash * part / world.mark(ticker)).to_integral_value()
    world.hold(ticker, units)
    yield
    share = Decimal(world.chance.choice((-7, -4, 3, 6))) / 100

    def moved() -> Decimal:
        return (units * world.mark(ticker) * share).quantize(CENT)

    def tamper(report: Report) -> None:
        _move(report, "NetLiquidation", moved())
        _move(report, "GrossPositionValue", moved())

    world.tampering.append(tamper)
    world.measure_at_the_close(lambda: world.happened("mark difference", {("nav", "NAV"): moved()}))


def currency_translation(world: World) -> Iterator[None]:
    """The account's total counts a currency at another rate than the one that is told."""
    yield
    world.hold(PAIR, (world.account.cash * world.chance.choice((1, 2)) / 8).to_integral_value())
    yield
    share = Decimal(world.chance.choice((-9, -5, 4, 8))) / 100

    def tamper(report: Report) -> None:
        euros = world.account.balances["EUR"]
        rate = Decimal(report.values["ExchangeRate", "EUR"])
        _move(report, "NetLiquidation", euros * rate * share)

    world.tampering.append(tamper)
    world.happened("currency translation", {("nav", "NAV"): None})


def rounding(world: World) -> Iterator[None]:
    """What the broker tells is a few cents away from what it books."""
    yield
    yield
    cents = Decimal(world.chance.choice((-3, -2, 2, 3))) / 100

    def tamper(report: Report) -> None:
        _move_cash(report, cents)
        _move(report, "NetLiquidation", cents)

    world.tampering.append(tamper)
    world.happened("rounding", {("cash", "USD"): cents})


def foreign_order(world: World) -> Iterator[None]:
    """Another client's order works at the broker."""
    ticker = world.plan.pick()
    yield
    yield
    contract, price = world.contract(ticker), (world.mark(ticker) / 2).quantize(CENT)
    quantity = Decimal(world.chance.choice((5, 20, 60)))
    request = OrderRequest(99, 1, contract.con_id, world.account.number, "BUY", quantity, "LMT", price, tif="GTC")
    order = world.exchange.place(request)
    world.happened("foreign order", {("foreign_order", str(order.perm_id)): None})
    world.record(*world.define(contract.con_id))


REPORTS: tuple[Kind, ...] = (
    Kind("stale snapshot", "stale snapshot", stale_snapshot, statement=NO_STATEMENT),
    Kind("partial snapshot", "partial snapshot", partial_snapshot, statement=NO_STATEMENT, totals=True, cashless=True),
    Kind("unsettled cash", "unsettled cash", unsettled_cash, statement=NO_STATEMENT, totals=True),
    Kind("mark difference", "mark difference", mark_difference, statement=NO_STATEMENT, totals=True),
    Kind("currency translation", "currency translation", currency_translation, statement=NO_STATEMENT, totals=True),
    Kind("rounding", "rounding", rounding, statement=NO_STATEMENT, free=True),
    Kind("foreign order", "foreign order", foreign_order, statement=NO_STATEMENT),
)
