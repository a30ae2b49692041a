"""The exchange: orders in, fills out, and time only by `advance`.

How orders fill, always inside regular hours and in whole shares:
- A limit order that is marketable on arrival fills at the touch after a seeded 5 to 60 seconds, if it is still
  marketable then. Adaptive shifts the range by its priority: Urgent 5 to 15, Normal 5 to 60, Patient 20 to 60.
- Any other limit order fills at its limit when a minute's price reaches it.
- A market order fills at the touch after 1 to 5 seconds; placed before the open, at the open.
- An order at the close (MOC), entered ten minutes before it at the latest, fills whole at the closing price.
- All orders in a contract together get at most `volume_share` of an hourly bar's volume, which becomes available minute
  by minute; a trade by hand takes what it wants. Thin volume makes partial fills.
DAY orders end at the close of the session that they were placed in or before: status Cancelled, completed status
'Cancelled by System' (our name for it; a client's own cancel is 'Cancelled by Trader'). GTC orders stay.
What happens to the account overnight stands in `settlement.py`. A split cancels the orders in its contract; where the
terms do not let the venue apply it, advancing over one of a contract that is held or on order raises.

`place`, `replace` and `cancel` tell the listeners themselves (`cancel` twice: PendingCancel, then Cancelled).
The knobs for faults (`reject_next`, `volume_share`, `commission_delay`, `fill_orders`) may be turned at any time.
The same seed and the same sequence of calls give the same fills.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext

from trader.simulator.account import Account
from trader.simulator.bookings import PAYMENT, CashLabel
from trader.simulator.bridge import MINUTE, seeded
from trader.simulator.commissions import commission_of
from trader.simulator.contracts import Contract
from trader.simulator.dumps import dump_account, dump_execution, dump_order
from trader.simulator.happenings import (
    AccountChanged,
    CommissionCharged,
    Executed,
    Happening,
    OrderChanged,
    PositionChanged,
)
from trader.simulator.lots import CONTEXT, ZERO, plain
from trader.simulator.margin import check_margin, preview
from trader.simulator.market import Market, touch
from trader.simulator.matching import TAKER, Working, available, delay_range, execution, is_marketable, offer
from trader.simulator.orders import (
    SIGN_OF_ACTION,
    Commission,
    Execution,
    Order,
    OrderRequest,
    Preview,
    Rejected,
)
from trader.simulator.reports import Report, Reports
from trader.simulator.restating import book_revision, execution_of, revised, take_back
from trader.simulator.rules import check_change, check_request, check_time
from trader.simulator.sessions import new_york_date, next_session, session_after, session_at
from trader.simulator.settlement import Settlement
from trader.simulator.terms import Terms

VENUE = "ISLAND"  # where every execution in a stock happens
AVERAGE_PLACES = Decimal("1E-8")
FIRST_PERM_ID = 1_000_000_000
FIRST_EXECUTION = 0x42240000  # IB's second group is a time in hexadecimal; only its growth matters
ORDERS_APART = 1_000_000  # permIds of one account of a login, and of the next
NO_TERMS = Terms()


class Exchange:
    """One account's orders against one market."""

    def __init__(self, market: Market, account: Account, start: datetime, seed: int, terms: Terms = NO_TERMS) -> None:
        self.market = market
        self.account = account
        self.now = start
        self.listen: list[Callable[[Happening], None]] = []
        self.reject_next: list[tuple[int, str, str | None]] = []  # code, message, symbol (None: any)
        self.volume_share = Decimal("0.10")
        self.commission_delay = timedelta(0)
        self.fill_orders = True
        self.settlement = Settlement(market, account, terms, start)
        self._seed = seed
        self._orders_made = 0
        self._executions_made = 0
        self._venue = seeded(seed, "venue").getrandbits(18)
        self._working: dict[int, Working] = {}  # by permId, so in the order of placing
        self._completed: dict[date, list[Order]] = {}
        self._reports = Reports()
        self._taken: dict[tuple[int, datetime], Decimal] = {}  # shares filled, by contract and hourly bar
        self._check_time(start)

    def beside(self, account: Account, place: int) -> Exchange:
        """Return another account's venue on the same market, from now on, with permIds and executions of its own."""
        other = Exchange(self.market, account, self.now, self._seed + place, self.settlement.terms)
        other._orders_made = place * ORDERS_APART
        return other

    def place(self, request: OrderRequest) -> Order:
        """Take a new order, PreSubmitted outside the session, else Submitted; raise Rejected."""
        contract = self._checked(request)
        if request.what_if:
            raise ValueError("place: expected an order, found a what-if; ask what_if() instead")
        for place, (code, message, symbol) in enumerate(self.reject_next):
            if symbol in (None, contract.name):
                del self.reject_next[place]
                raise Rejected(code, message)
        check_margin(self._preview(request, request.quantity))
        order = Order(request, self._next_perm_id(), "PreSubmitted", self.now)
        expires_at = next_session(self.now).close if request.tif == "DAY" else None
        working = self._working[order.perm_id] = Working(order, expires_at)
        if session_at(self.now):
            self._arrive(working)
        self._tell(OrderChanged(self.now, order))
        return order

    def replace(self, order: Order, request: OrderRequest) -> None:
        """Change quantity or price of a working order, which starts anew in the queue; raise Rejected."""
        check_change(order, request, self.market.contract(request.con_id), self.account.number)
        check_margin(self._preview(request, request.quantity - order.filled))
        order.request = request
        working = self._working[order.perm_id]
        if session_at(self.now):
            self._arrive(working)
        self._tell(OrderChanged(self.now, order))

    def cancel(self, order: Order) -> None:
        """Cancel what has not filled; raise Rejected if nothing is left to cancel."""
        if not order.is_open:
            number = order.request.order_id
            text = f"OrderId {number} that needs to be cancelled can not be cancelled, state: {order.status}."
            raise Rejected(10148, text)
        order.status = "PendingCancel"
        self._tell(OrderChanged(self.now, order))
        self._complete(order, "Cancelled", "Cancelled by Trader")

    def what_if(self, request: OrderRequest) -> Preview:
        """Return what the order would do to the margin, even if that is too much; raise Rejected for a bad request."""
        self._checked(request)
        return self._preview(request, request.quantity)

    def advance(self, to: datetime) -> None:
        """Move time, fill and expire orders, and tell the listeners in order; ValueError past the end of the bars."""
        if to < self.now:
            raise ValueError(f"time: expected {self.now} or later, found {to}")
        self._check_time(to)
        while self.now < to:
            moment = self._next_moment(to)
            self.settlement.refuse_splits(self.now, moment, self._concerned())
            self.now = moment
            if self.settlement.is_due(moment):
                self._settle()
            self._report_commissions()
            self._open_and_close()
            if self.fill_orders and session_at(self.now):
                for working in [working for working in self._working.values() if working.is_ready(self.now)]:
                    self._try_to_fill(working)

    def trade_by_hand(
        self,
        symbol: str,
        quantity: Decimal,
        price: Decimal | None = None,
        client_id: int = 0,
        liquidation: bool = False,
    ) -> Execution:
        """Trade at once (+ bought, - sold), as the account's owner does in the broker's own program.

        Without a price it is the touch, or the last price outside the session. No order of it is ever seen. It may be
        another client's, or the broker's own liquidation.
        """
        contract = self.market.contract_of(symbol)
        if contract is None:
            raise Rejected(200, "No security definition has been found for the request")
        if not quantity.is_finite() or quantity == 0 or quantity != quantity.to_integral_value():
            raise ValueError(f"trade by hand in {symbol}: expected a whole number of shares, found {quantity}")
        if price is not None and not (price.is_finite() and price > 0):
            raise ValueError(f"trade by hand in {symbol}: expected a positive price, found {price}")
        action = "BUY" if quantity > 0 else "SELL"
        last = self._last(contract)
        running = self.market.bar_at(contract.con_id, self.now)
        at_market = touch(last, contract.min_tick)[quantity > 0] if running else last
        asked = client_id, 0, contract.con_id, self.account.number, action, abs(quantity), "MKT", None
        request = OrderRequest(*asked, liquidation=liquidation)
        check_time(request, contract, self.now)
        order = Order(request, self._next_perm_id(), "Submitted", self.now)
        return self._execute(Working(order, None), abs(quantity), at_market if price is None else price, TAKER)

    def move_cash(self, amount: Decimal, currency: str = "USD", label: CashLabel = PAYMENT) -> None:
        """Pay in (+) or out (-), or let the broker charge or pay something."""
        self.market.rate(currency, self.now)  # refused if nothing says what it is worth
        self.account.move_cash(amount, currency, self.now, label)
        self._tell(AccountChanged(self.now))

    def restate(self, exec_id: str, *, quantity: Decimal | None = None, price: Decimal | None = None) -> None:
        """Bust an execution, or correct it: its next revision has so many shares (a magnitude) at this price."""
        old = execution_of(self.account, exec_id)
        contract = self.market.known(old.con_id)
        take_back(self.account, contract, exec_id, self.now)
        self._reports.drop(exec_id)
        self._tell(AccountChanged(self.now))
        if quantity or price:
            new = revised(old, quantity or old.shares, price or old.price)
            self._report(new, book_revision(self.account, contract, new, self.now))

    def open_orders(self) -> list[Order]:
        """Return the working orders, oldest first."""
        return [working.order for working in self._working.values()]

    def completed_orders(self) -> list[Order]:
        """Return what was filled, cancelled or expired since midnight in New York."""
        return [*self._completed.get(new_york_date(self.now), [])]

    def executions_today(self) -> list[tuple[Execution, Commission | None]]:
        """Return the executions since midnight in New York; a commission that has not been told yet is None."""
        return [
            (report.execution, None if report.due else report.commission) for report in self._reports.today(self.now)
        ]

    def dump(self) -> dict[str, object]:
        """Return everything, exact: the account, open and today's completed orders, today's executions."""
        orders = [*self.completed_orders(), *self.open_orders()]
        reports = self._reports.today(self.now)
        return {
            **dump_account(self.account, self.market, self.now),
            "orders": [dump_order(order) for order in orders],
            "executions": [dump_execution(report.execution, report.commission) for report in reports],
            "pending_commissions": [report.execution.exec_id for report in self._reports.untold],
        }

    def _check_time(self, moment: datetime) -> None:
        if moment.utcoffset() is None or moment.microsecond:
            raise ValueError(f"time: expected an aware time in whole seconds, found {moment!r}")
        last = self.market.last_date
        if session_after(last).open <= moment:
            raise ValueError(f"time: the bars end on {last}, found {moment}; bring later bars or start earlier")

    def _next_moment(self, to: datetime) -> datetime:
        moments = [to, *self.settlement.moments(self.now)]
        moments += [report.due for report in self._reports.untold if report.due]
        if self._working or self.account.held():
            session = next_session(self.now)
            moments += [session.open, session.close]
        if self._working and session_at(self.now):
            moments.append(self.now.replace(second=0) + MINUTE)
            moments += [working.due for working in self._working.values() if working.due]
        return min(moment for moment in moments if moment > self.now)

    def _open_and_close(self) -> None:
        session = session_at(self.now)
        for working in [*self._working.values()]:
            if session and session.open == self.now:
                self._arrive(working)
                self._tell(OrderChanged(self.now, working.order))
            elif working.expires_at and working.expires_at <= self.now:
                if self._fills_at_close(working):
                    continue
                self._complete(working.order, "Cancelled", "Cancelled by System")
            elif not session and working.order.status == "Submitted":
                working.order.status, working.arrived = "PreSubmitted", False
                self._tell(OrderChanged(self.now, working.order))

    def _fills_at_close(self, working: Working) -> bool:
        """Fill an order at the close whole, at the closing price, if it was at the market; say whether it was."""
        request = working.order.request
        price = self.market.mark(request.con_id, self.now)
        if request.order_type != "MOC" or not working.arrived or price is None or not self.fill_orders:
            return False
        self._execute(working, working.order.remaining, price, TAKER)
        return True

    def _concerned(self) -> Iterator[int]:
        """Yield the contracts that are held or on order, some of them twice."""
        yield from self.account.held()
        yield from (working.order.request.con_id for working in self._working.values())

    def _settle(self) -> None:
        """Let happen what happens without a trade."""
        ending = self.settlement.ending_now(self.now, self._concerned())
        for working in [*self._working.values()]:
            if working.order.request.con_id in ending:
                self._complete(working.order, "Cancelled", "Cancelled by System")
        settled = self.settlement.settle(self.now)
        for con_id in settled.positions:
            self._tell(PositionChanged(self.now, self.account.position(con_id)))
        if settled.money or settled.positions:
            self._tell(AccountChanged(self.now))

    def _report_commissions(self) -> None:
        for report in self._reports.due(self.now):
            self._tell(CommissionCharged(self.now, report.commission, report.execution))

    def _checked(self, request: OrderRequest) -> Contract:
        contract = self.market.contract(request.con_id)
        check_request(request, contract, self.account.number)
        if contract is None:
            raise AssertionError("a request for an unknown contract is refused")
        check_time(request, contract, self.now)
        return contract

    def _arrive(self, working: Working) -> None:
        """Let an order reach the market, now, in the session."""
        order, session = working.order, session_at(self.now)
        at_opening = session is not None and session.open == self.now
        order.status, working.arrived = "Submitted", True
        working.at_open = at_opening and order.request.order_type == "MKT" and order.submitted_at < self.now
        least, most = (0, 0) if working.at_open else delay_range(order.request)
        delay = seeded(self._seed, "delay", order.perm_id, self.now.isoformat()).randint(least, most)
        price = self.market.mark(order.request.con_id, self.now)
        marketable = price is not None and is_marketable(
            order.request, price, self.market.known(order.request.con_id).min_tick
        )
        working.due = self.now + timedelta(seconds=delay) if marketable else None

    def _complete(self, order: Order, status: str, completed_status: str) -> None:
        order.status, order.completed_status, order.completed_at = status, completed_status, self.now
        self._working.pop(order.perm_id, None)
        self._completed.setdefault(new_york_date(self.now), []).append(order)
        self._tell(OrderChanged(self.now, order))

    def _preview(self, request: OrderRequest, quantity: Decimal) -> Preview:
        return preview(request, quantity, self.account, self.market, self.now)

    def _try_to_fill(self, working: Working) -> None:
        request = working.order.request
        running = self.market.bar_at(request.con_id, self.now)
        if running is None:
            return  # halted
        bar, minute = running
        found = offer(working, bar.path[minute], self.now, self.market.known(request.con_id).min_tick)
        taken = self._taken.get((request.con_id, bar.start), ZERO)
        shares = min(working.order.remaining, available(bar, minute, self.volume_share, taken))
        if found and shares:
            self._taken[request.con_id, bar.start] = taken + shares
            self._execute(working, shares, *found)

    def _execute(self, working: Working, shares: Decimal, price: Decimal, liquidity: int) -> Execution:
        """Book a fill, then tell of it."""
        order, contract = working.order, self.market.known(working.order.request.con_id)
        with localcontext(CONTEXT):
            working.value += shares * price
            order.filled += shares
            order.last_price = price
            order.average_price = (working.value / order.filled).quantize(AVERAGE_PLACES)
            cost = commission_of(order.filled, working.value, contract) - working.charged
            working.charged += cost
        execution = self._execution(order, shares, price, liquidity)
        signed = shares * SIGN_OF_ACTION[order.request.action]
        realised = self.account.trade(
            contract.con_id, signed, price, cost, self.now, contract=contract, execution=execution
        )
        commission = Commission(execution.exec_id, cost, contract.commission_currency, realised)
        self._report(execution, commission, order)
        return execution

    def _report(self, execution: Execution, commission: Commission, order: Order | None = None) -> None:
        """Tell of an execution, of its order, and of its commission now or later."""
        late = bool(self.commission_delay)
        self._reports.add(Report(execution, commission, self.now + self.commission_delay if late else None), self.now)
        self._tell(Executed(self.now, execution))
        if order is not None:
            self._after_fill(order)
        if not late:
            self._tell(CommissionCharged(self.now, commission, execution))
        if not self.market.known(execution.con_id).is_currency:
            self._tell(PositionChanged(self.now, self.account.position(execution.con_id)))
        self._tell(AccountChanged(self.now))

    def _after_fill(self, order: Order) -> None:
        if order.perm_id not in self._working:
            return  # by hand: nobody sees an order
        if order.remaining:
            self._tell(OrderChanged(self.now, order))
        else:
            self._complete(order, "Filled", f"Filled Size: {plain(order.filled)}")

    def _execution(self, order: Order, shares: Decimal, price: Decimal, liquidity: int) -> Execution:
        self._executions_made += 1
        exec_id = f"{self._venue:08x}.{FIRST_EXECUTION + self._executions_made:08x}.01.01"
        return execution(order, exec_id, self.now, shares, price, self._venue_of(order.request.con_id), liquidity)

    def _venue_of(self, con_id: int) -> str:
        contract = self.market.known(con_id)
        return VENUE if contract.security_type == "STK" else contract.primary_exchange

    def _tell(self, happening: Happening) -> None:
        for listener in [*self.listen]:
            listener(happening)

    def _next_perm_id(self) -> int:
        self._orders_made += 1
        return FIRST_PERM_ID + self._orders_made

    def _last(self, contract: Contract) -> Decimal:
        last = self.market.mark(contract.con_id, self.now)
        if last is None:
            raise Rejected(201, f"Order rejected - reason:{contract.symbol} has not traded yet")
        return last
