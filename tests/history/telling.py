"""One history that says everything that the book can take in: three days, with all that may go wrong in them.

It is told through `Ledger`, as a cycle would tell it, on a clock that stands still; crashes and second starts are real
ones. A fact that is added to the vocabulary is added here (`freeze` names what is missing), and frozen with the next
log; the logs that are frozen already stay as they are.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal

from ledger.book import book_hash, new_order_ref
from ledger.errors import LogLocked
from ledger.events import (
    AccountAdopted,
    BreakClosed,
    BrokerConnected,
    BrokerDisconnected,
    BrokerLost,
    CrossRow,
    CycleFailed,
    CycleFinished,
    CycleSkipped,
    DataFaultFound,
    DataIngested,
    DayCommitted,
    ExecutionsObserved,
    Fact,
    GoneLive,
    IncidentEnded,
    IncidentOpened,
    MarginObserved,
    NoticeFailed,
    NoticeSent,
    OrderCancelAttempted,
    OrderDeferred,
    OrderExpired,
    OrderKept,
    OrderModified,
    OrderModifyAttempted,
    OrderModifyRefused,
    OrderPlanned,
    OrderPreviewed,
    OrderRejected,
    OrderResolved,
    OverrideSet,
    PartRow,
    PingAnswered,
    PingFailed,
    PositionsObserved,
    PreflightFinished,
    PreflightRow,
    QuoteRow,
    QuotesObserved,
    RecoveryEnded,
    RecoveryStarted,
    SafeguardsEvaluated,
    SeriesRow,
    SettingChange,
    SettingsApproved,
    SettingsChanged,
    StepFailed,
    StrategiesCrossed,
    TargetRow,
    TargetsComputed,
    TargetsScaled,
    TradingAllowed,
    TradingHalted,
    TradingResumed,
    TradingVetoed,
    VerdictRow,
    WitnessDropped,
    WitnessFailed,
    WitnessKept,
)
from ledger.ledger import Ledger
from ledger.log.storage import events_folder, var_folder
from reconcile.acceptance import acceptance
from reconcile.reconciliation import reconcile
from reconcile.taking_back import taking_back
from reconcile.tolerances import Tolerances
from tests.facts import (
    AAPL,
    ACCOUNT,
    CONTRACTS,
    GENESIS,
    SAP,
    SPY,
    UNKNOWN,
    acknowledged,
    attempted,
    bought,
    busted,
    cancelled,
    cash_reported,
    commission,
    cycle_started,
    mirrored,
    opened,
    opened_cash,
    positions_reported,
    rates,
    sold,
)
from tests.facts import snapshot as snapshot_taken
from tests.history.accounting import accounting
from tests.history.moving import move_money
from trader.evidence import put

NEVER_TOLD: tuple[type[Fact], ...] = ()  # what no book can take in
DAYS = (date(2005, 3, 1), date(2005, 3, 2), date(2005, 3, 4))
HEADS = ("HEAD.0", "HEAD.1")


class HandClock:
    """Stands where it was put."""

    kind: Literal["simulated"] = "simulated"

    def __init__(self) -> None:
        self.moment = datetime(2005, 3, 1, 14, 30, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)

    def put(self, day: date, hour: int, minute: int = 35) -> None:
        self.moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


class Telling:
    """A home, its clock, and how far the story has come."""

    def __init__(self, home: Path) -> None:
        self.home, self.clock, self.order_id = home, HandClock(), 0
        self.settings = put(home, b"dry_run = false\n", ".toml")
        self.bars = put(home, b"date,open,high,low,close,volume\n2005-02-28,400,401,399,400,1000\n")
        self.strategy = put(home, b"def weights(bars): ...\n", ".txt")
        self.targets = put(home, b"con_id,symbol,weight\n756733,SPY,0.5\n")
        self.statement = put(home, b"<FlexQueryResponse/>", ".xml")

    def tell(self) -> None:
        """Tell all of it; the log is closed at the end."""
        home, clock = self.home, self.clock
        with Ledger.create(home, clock, GENESIS) as ledger:
            self._first_day(ledger)
            with suppress(LogLocked):
                Ledger.open(home, clock, slot="2005-03-01/1635")  # leaves a note: StartRefused
        clock.put(DAYS[1], 14)
        with Ledger.open(home, clock) as ledger:
            self._second_day(ledger)
        with self._crash():
            clock.sleep(60)
            with Ledger.open(home, clock) as ledger:
                ledger.record((BrokerLost(reason="the machine stopped"),))
        self._tear()
        clock.sleep(60)
        Ledger.open(home, clock).close()  # HeadAdvanced and TailTruncated
        clock.sleep(-3600)
        Ledger.open(home, clock).close()  # WallClockRegressed
        clock.put(DAYS[2], 14)
        with Ledger.open(home, clock) as ledger:
            self._third_day(ledger)

    @contextmanager
    def _crash(self) -> Iterator[None]:
        """Lose what HEAD would have vouched for: as if the process had died before the barrier."""
        var = var_folder(self.home)
        kept = {name: (var / name).read_bytes() for name in HEADS}
        yield
        for name, content in kept.items():
            (var / name).write_bytes(content)

    def _tear(self) -> None:
        last = max(events_folder(self.home).glob("*.jsonl"))
        with last.open("ab") as file:
            file.write(b'{"seq":9999,"type":"order_fil')

    # the days

    def _first_day(self, ledger: Ledger) -> None:
        adopted = AccountAdopted(account=ACCOUNT, execution_ids=("adopted.01",), open_order_perm_ids=(77,))
        ledger.record((adopted, *CONTRACTS))
        ledger.record((opened_cash("100000"), opened_cash("5000", "EUR"), opened(AAPL, "30", "1200.123456789")))
        ledger.record((rates(EUR="1.3"),))
        ledger.record((CycleSkipped(slot="2005-03-01/0935", reason="no process ran"),))
        row = PreflightRow(name="session", passed=False, found="127.0.0.1:4002: no session within 15 s")
        ledger.record(
            (PreflightFinished(slot="2005-03-01/preflight", passed=False, rows=(row,), code="gateway-silent"),)
        )
        spy = self._begin(ledger, DAYS[0], "0935")
        self._plan(ledger, spy)
        self._send(ledger, spy, "10")
        at = self.clock.now()
        ledger.record((bought(SPY, "6", "400.01", execution="a1.01", at=at, order_ref=spy, perm_id=1),))
        ledger.record((commission("a1.01", "-1.05"),))
        late = at + timedelta(microseconds=700)
        ledger.record((bought(SPY, "4", "400.02", execution="a2.01", at=late, order_ref=spy, perm_id=1),))
        self._finish(ledger, DAYS[0], "0935")
        self.clock.put(DAYS[0], 15)
        self._troubles(ledger)
        self.clock.put(DAYS[0], 16)
        self._doubt(ledger)
        self._day_ends(ledger, DAYS[0])

    def _troubles(self, ledger: Ledger) -> None:
        """A rejection, a cancellation, a connection lost midway, a step that fails."""
        first = self._begin(ledger, DAYS[0], "1035")
        self._allow(ledger)
        waiting = new_order_ref(ledger.book, AAPL.con_id, "B")
        ledger.record((OrderDeferred(order_ref=waiting, reason="waits for proceeds of 300.00: 290.00 came"),))
        self._send(ledger, first, "3", acknowledge=False)
        ledger.record((OrderRejected(order_ref=first, code=201, reason="margin"),))
        second = new_order_ref(ledger.book, SAP.con_id, "S")
        ledger.record((attempted(second, SAP, "-5", self._next_id()), acknowledged(second, 2)))
        ledger.record((OrderCancelAttempted(order_ref=second, order_id=self.order_id, perm_id=2),))
        ledger.record((cancelled(second),))
        ledger.record((BrokerLost(reason="1100"), StepFailed(step="execute", reason="the connection broke")))
        ledger.record((TradingVetoed(reasons=("a step failed",)),))
        ledger.record((CycleFailed(slot="2005-03-01/1035", code="broker-lost", reason="1100", exit_status=1),))

    def _doubt(self, ledger: Ledger) -> None:
        """An order without an answer, resolved by the next cycle; and one that expires partly filled."""
        lost = self._begin(ledger, DAYS[0], "1135")
        self._allow(ledger)
        self._send(ledger, lost, "2", acknowledge=False)
        ledger.record((CycleFailed(slot="2005-03-01/1135", code="killed", reason="", signal="SIGKILL"),))
        self.clock.put(DAYS[0], 17)
        aapl = self._begin(ledger, DAYS[0], "1235", sell=True)
        ledger.record((OrderResolved(order_ref=lost, outcome="not_sent", evidence="looked twice, found nowhere"),))
        self._allow(ledger)
        ledger.record((attempted(aapl, AAPL, "-20", self._next_id()), acknowledged(aapl, 4)))
        self._change(ledger, aapl)
        at = self.clock.now()
        ledger.record((sold(AAPL, "7", "41.5", execution="b1.01", at=at, order_ref=aapl, perm_id=4),))
        ledger.record((commission("b1.01", "-0.35"), OrderExpired(order_ref=aapl, filled=Decimal(7))))
        self._finish(ledger, DAYS[0], "1235")

    def _change(self, ledger: Ledger, order_ref: str) -> None:
        """A working order is kept, changed once, and a second change comes too late."""
        order, limit = ledger.book.orders[order_ref], Decimal("399.5")
        ledger.record((OrderKept(order_ref=order_ref, perm_id=4, limit_price=order.limit_price, filled=order.filled),))
        ledger.record(
            (
                OrderModifyAttempted(
                    order_ref=order_ref, order_id=order.order_id, perm_id=4, quantity=order.quantity, limit_price=limit
                ),
            )
        )
        ledger.record((OrderModified(order_ref=order_ref, limit_price=limit),))
        ledger.record((OrderModifyRefused(order_ref=order_ref, code=104, reason="Cannot modify a filled order."),))

    def _second_day(self, ledger: Ledger) -> None:
        """What was told too early or too late is put right; money comes and goes; the operator speaks."""
        yesterday = datetime(2005, 3, 1, 14, 35, tzinfo=UTC)
        self._begin(ledger, DAYS[1], "0935")
        fill = ledger.book.fills["a1"]
        ledger.record(
            (bought(SPY, "6", "399.99", execution="a1.02", at=yesterday, order_ref=fill.order_ref, perm_id=1),)
        )
        ledger.record((commission("a1.02", "-1.04"), commission("a2.01", "-0.7")))
        ledger.record((bought(AAPL, "11", "40.1", execution="f1.01", at=yesterday),))  # by hand
        ledger.record((commission("f1.01", "-1"), sold(AAPL, "1", "40.2", execution="f2.01", at=yesterday)))
        ledger.record((busted("f2.01"),))
        ledger.record((bought(UNKNOWN, "1", execution="u1.01"),))  # FactRefused
        self._reconcile(ledger)
        for known in ledger.book.open_breaks:
            ledger.record(acceptance(ledger.book, known.found.break_id, "seen at the broker", as_suspense=True))
        move_money(ledger, self.clock.now(), self.statement, DAYS)
        ledger.record(accounting(self.clock.now() - timedelta(hours=4)))
        if refused := [known for known in ledger.book.open_breaks if known.found.kind == "refused_fact"]:
            raise ValueError(f"{refused[0].found.text}: expected a fact that the book takes in")
        self._apart(ledger)
        change = SettingChange(name="limits.name_share_max", before="1", after="2")
        before = ledger.book.settings_approved
        ledger.record((SettingsChanged(settings_sha256=before, since=before, changes=(change,)),))
        ledger.record((SettingsApproved(settings_sha256=before, by="operator", why="I want it so"),))
        ledger.record((GoneLive(account=ACCOUNT, paper_sessions=20, why=""),))
        ledger.record((ExecutionsObserved(execution_ids=("a1.02", "a2.01")),))
        ledger.record(
            (OverrideSet(subject="SPY", allow="reduce_only", scale=Decimal("0.5"), until=DAYS[1], why="a quiet day"),)
        )
        ledger.record((TradingHalted(reason="by hand"), TradingResumed(why="looked at it")))
        self._finish(ledger, DAYS[1], "0935")
        self._day_ends(ledger, DAYS[1])

    def _apart(self, ledger: Ledger) -> None:
        """The broker holds two shares and thirty dollars too many: accepted, but for the share that goes again."""
        book = ledger.book
        rated, held, working, _, nav = mirrored(book)
        assert isinstance(held, PositionsObserved)
        rows = (row.model_copy(update={"quantity": row.quantity + 1}) for row in held.rows)
        cash = {currency: str(amount + (30 if currency == "USD" else 0)) for currency, amount in book.cash.items()}
        ledger.record((rated, positions_reported(*rows), working, cash_reported(**cash), nav))
        ledger.record(reconcile(ledger.book, Tolerances()))
        dollars = next(known.found.break_id for known in ledger.book.open_breaks if known.found.kind == "cash")
        ledger.record(acceptance(ledger.book, dollars, "nothing explains it", as_suspense=True))
        ledger.record(taking_back(ledger.book, dollars, "looked again"))
        ledger.record(reconcile(ledger.book, Tolerances()))
        for known in ledger.book.open_breaks:
            subject = known.found
            if subject.con_id != AAPL.con_id:
                ledger.record(acceptance(ledger.book, subject.break_id, "nothing explains it", as_suspense=True))
            else:
                ledger.record((BreakClosed(break_id=subject.break_id, reason="the halves agree again"),))
        self._reconcile(ledger)

    def _third_day(self, ledger: Ledger) -> None:
        """A restored home finds that nothing is newer, and trades again; the session ends."""
        ledger.record((RecoveryStarted(reason="restored from a backup", witness=f"3:{'0' * 64}"),))
        self._begin(ledger, DAYS[2], "0935")
        ledger.record((RecoveryEnded(evidence=("executions: none unknown", "open orders: none")),))
        self._finish(ledger, DAYS[2], "0935")
        self.clock.put(DAYS[2], 15)
        spy = self._begin(ledger, DAYS[2], "1035", sell=True)
        self._plan(ledger, spy)
        self._send(ledger, spy, "-13")
        at = self.clock.now()
        ledger.record((sold(SPY, "13", "401.5", execution="c1.01", at=at, order_ref=spy, perm_id=self.order_id),))
        ledger.record((commission("c1.01", "-1.3"),))
        self._finish(ledger, DAYS[2], "1035")
        self._day_ends(ledger, DAYS[2])

    # the parts of a cycle

    def _begin(self, ledger: Ledger, day: date, slot: str, *, sell: bool = False) -> str:
        """Start a cycle, look at the broker, and return the reference of an order for SPY."""
        started = cycle_started(day, slot).model_copy(update={"settings_sha256": self.settings})
        ledger.record((started,))
        connected = BrokerConnected(
            account=ACCOUNT, client_id=17, server_version=176, broker_time=self.clock.now(), clock_difference_seconds=0
        )
        ledger.record((connected,))
        self._reconcile(ledger)
        return new_order_ref(ledger.book, SPY.con_id, "S" if sell else "B")

    def _reconcile(self, ledger: Ledger) -> None:
        margin = MarginObserved(
            currency="USD", initial=Decimal(1000), maintenance=Decimal(800), available_funds=Decimal(90_000),
            excess_liquidity=Decimal("91234.56"), equity_with_loan=Decimal(99_000),
        )  # fmt: skip
        ledger.record((*mirrored(ledger.book), margin))
        ledger.record(reconcile(ledger.book, Tolerances()))

    def _plan(self, ledger: Ledger, order_ref: str) -> None:
        series = SeriesRow(con_id=SPY.con_id, symbol="SPY", sha256=self.bars, bars=1, first=DAYS[0], last=DAYS[0])
        ledger.record(
            (
                DataIngested(
                    source="folder", series=(series,), origin="https://a.example/b", fetched_at=self.clock.now()
                ),
            )
        )
        fault = DataFaultFound(
            source="folder", con_id=SPY.con_id, symbol="SPY", kind="unit", first=DAYS[0], last=DAYS[0], field="close",
            observed=Decimal(40_000), expected=Decimal(400), text="another unit; bring all into one", skipped=True,
        )  # fmt: skip
        ledger.record((fault,))
        target = TargetRow(
            con_id=SPY.con_id, symbol="SPY", weight=Decimal("0.5"), leverage=Decimal(1), reference_price=Decimal(400)
        )
        computed = TargetsComputed(
            strategy="fixed", strategy_sha256=self.strategy, rows=(target,), inputs=(self.bars,),
            file="targets/any.csv", file_sha256=self.targets,
        )  # fmt: skip
        ledger.record((computed,))
        quote = QuoteRow(con_id=SPY.con_id, symbol="SPY", bid=Decimal("399.99"), ask=Decimal(400), at=self.clock.now())
        ledger.record((QuotesObserved(rows=(quote,)),))
        planned = OrderPlanned(
            con_id=SPY.con_id, symbol="SPY", action="BUY", quantity=Decimal(10), reason="drift 50 % of NAV",
            held=Decimal(0), target=Decimal(10), weight=Decimal("0.5"), reference_price=Decimal(400),
            limit_price=Decimal(400), order_ref=order_ref,
            parts=(PartRow(strategy="fixed", quantity=Decimal(7)), PartRow(strategy="trend", quantity=Decimal(3))),
        )  # fmt: skip
        nothing = OrderPlanned(
            con_id=AAPL.con_id, symbol="AAPL", action="NOTHING", quantity=Decimal(0), reason="in the band",
            held=Decimal(30), target=Decimal(30), weight=Decimal("0.01"),
        )  # fmt: skip
        scaled = TargetsScaled(limit="leverage", factor=Decimal("0.8"), con_ids=(SPY.con_id,), reason="2.5 beyond 2")
        ledger.record((scaled, planned, nothing))
        ledger.record((OrderPreviewed(order_ref=order_ref, accepted=True, initial_margin_after=Decimal(2000)),))
        self._allow(ledger)

    def _allow(self, ledger: Ledger) -> None:
        verdict = VerdictRow(
            safeguard="few_enough_orders", outcome="pass", formula="orders planned", observed="1", limit="50",
            distance="49",
        )  # fmt: skip
        ledger.record((SafeguardsEvaluated(verdicts=(verdict,)), TradingAllowed(orders=1)))
        given, rest = (
            CrossRow(con_id=SPY.con_id, symbol="SPY", strategy=name, quantity=Decimal(units), price=Decimal(400))
            for name, units in (("fixed", 1), ("", -1))
        )
        ledger.record((StrategiesCrossed(rows=(given, rest)),))

    def _send(self, ledger: Ledger, order_ref: str, quantity: str, *, acknowledge: bool = True) -> None:
        ledger.record((attempted(order_ref, SPY, quantity, self._next_id()),))
        if acknowledge:
            ledger.record((acknowledged(order_ref, self.order_id),))

    def _next_id(self) -> int:
        self.order_id += 1
        return self.order_id

    def _finish(self, ledger: Ledger, day: date, slot: str) -> None:
        self._reconcile(ledger)
        ledger.record((snapshot_taken(day),))
        ledger.record((CycleFinished(slot=f"{day}/{slot}", book_hash=book_hash(ledger.book)),))
        ledger.record((BrokerDisconnected(client_id=17),))
        ledger.record((NoticeSent(kind="start", subject="…", incident=f"start/{day}"),))

    def _day_ends(self, ledger: Ledger, day: date) -> None:
        witness = f"{ledger.log.head[0]}:{ledger.log.head[1]}"
        facts: tuple[Fact, ...] = (
            NoticeFailed(kind="end", subject="…", reason="no route to host"),
            *_incident(day),
            PingFailed(reason="found HTTP status 404"),
            PingAnswered(),
            WitnessKept(place="file", witness=witness, session_day=day, part="end"),
            WitnessFailed(place="git", doing="writing", reason="no such folder"),
            WitnessFailed(place="git of before", doing="writing", reason="no such folder"),
            WitnessDropped(place="git of before"),
            DayCommitted(session_day=day, snapshots=1, fills=len(ledger.book.fills)),
        )
        ledger.record(iter(facts))


def _incident(day: date) -> tuple[Fact, ...]:
    """A gateway that was down, told at once and at its end."""
    name = f"gateway-down/{day}"
    return (
        IncidentOpened(
            incident=name, code="gateway-down", slot=f"{day}/0935", subjects=("outage",), headline="No cycle finished",
            lines=("nobody listens",), command="tallybook doctor", of_starts=True, to=("mail", "apprise"),
            nav=Decimal(100),
        ),
        NoticeSent(kind="alarm", subject="…", incident=name),
        NoticeFailed(kind="alarm", subject="…", reason="refused", incident=name, by="apprise"),
        IncidentEnded(incident=name, lines=("a cycle finished",)),
        NoticeSent(kind="ended", subject="…", incident=name),
    )  # fmt: skip


def tell(home: Path) -> None:
    """Tell the history into a new home; what a home holds besides is removed."""
    home.mkdir(parents=True)
    Telling(home).tell()
    for name in ("lock", "checkpoints", "parquet"):
        path = var_folder(home) / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
