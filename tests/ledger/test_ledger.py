"""The only way in: what is prepared, refused, written, and when a generator goes on."""

from __future__ import annotations

import errno
import os
from collections.abc import Generator, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.book import Book, Impossible, book_hash, replay
from ledger.errors import LogLocked, LogNotWritable
from ledger.events import (
    BreakAccepted,
    BreakFound,
    Fact,
    FactRefused,
    OpeningBalanceRecorded,
    OrderAcknowledged,
    OrderCancelAttempted,
    OrderFilled,
    StartRefused,
    TradingHalted,
    TradingVetoed,
)
from ledger.ledger import BookOutOfStep, FactContradicted, IntentRepeated, Ledger
from ledger.log import Log, read_events
from ledger.log.head import read_head
from ledger.state import ALLOWED_FOR
from tests.ledger.logs import (
    GENESIS,
    MAY_TRADE,
    WEDNESDAY,
    StillClock,
    acknowledged,
    attempted,
    day_lines,
    filled,
    lost,
)

CANCEL = OrderCancelAttempted(order_ref="tb-DU1-3-abcd-756733-B-1", order_id=7, perm_id=1)
BEFORE = 1 + len(MAY_TRADE)  # lines that the fixture writes
Steps = Generator[Fact | tuple[Fact, ...], None, None]


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def ledger(tmp_path: Path, clock: StillClock) -> Iterator[Ledger]:
    ledger = Ledger.create(tmp_path, clock, GENESIS)
    ledger.record(MAY_TRADE)
    yield ledger
    ledger.log.close()


def recorded(home: Path) -> list[Fact]:
    return [event.fact for event in read_events(home)][BEFORE:]


def types(home: Path) -> list[str]:
    return [fact.type for fact in recorded(home)]


def test_a_tuple_is_one_batch(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record((lost("a"), lost("b")))
    ledger.record([lost("c"), (lost("d"), lost("e"))])

    assert [event.batch for event in read_events(tmp_path)][BEFORE:] == [(1, 2), (2, 2), (1, 1), (1, 2), (2, 2)]


def test_an_empty_batch_writes_nothing(ledger: Ledger) -> None:
    ledger.record(())
    ledger.record([])
    ledger.record([()])

    assert ledger.log.head[0] == BEFORE - 1


def test_the_live_book_is_the_replayed_one(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record((filled(), lost("a")))
    ledger.record([filled("f.01", quantity="-2")])
    live = ledger.book

    replayed = replay(read_events(tmp_path))

    assert (live.seq, live.now, live.positions) == (replayed.seq, replayed.now, replayed.positions)
    assert book_hash(live) == book_hash(replayed)
    assert live.positions == {756733: Decimal(3)}


def test_the_book_that_was_handed_out_is_live(ledger: Ledger) -> None:
    book = ledger.book

    ledger.record((filled(),))

    assert book is ledger.book
    assert book.positions == {756733: Decimal(5)}


def test_a_ledger_opens_where_it_was_closed(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, StillClock(), GENESIS) as ledger:
        ledger.record((*MAY_TRADE, filled()))
        before = book_hash(ledger.book)

    with Ledger.open(tmp_path, StillClock()) as ledger:
        assert book_hash(ledger.book) == before
        assert ledger.book.seq == ledger.log.head[0]


def test_the_same_fact_told_again_is_dropped(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record((filled(), lost("a")))
    ledger.record((filled(), lost("b")))
    ledger.record([filled()])
    ledger.record((filled("f.01"), filled("f.01")))

    assert types(tmp_path) == ["order_filled", "broker_lost", "broker_lost", "order_filled"]
    assert ledger.book.positions == {756733: Decimal(10)}


def test_another_word_of_the_brokers_under_one_key_is_kept_raw_beside_a_break(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record((filled(),))
    ledger.record((lost("before"), filled(price="11"), lost("after")))

    before, refused, found, after = recorded(tmp_path)[1:]
    assert (before, after) == (lost("before"), lost("after"))
    assert isinstance(refused, FactRefused)
    assert isinstance(found, BreakFound)
    assert (refused.fact_type, '"price":"11"' in refused.raw) == ("order_filled", True)
    assert (found.break_id, found.kind, found.consequence, found.con_id) == ("B-1", "refused_fact", "lock", 756733)
    assert ledger.book.positions == {756733: Decimal(5)}


def test_a_refusal_that_is_told_again_every_hour_is_one_break(ledger: Ledger) -> None:
    ledger.record((filled(),))
    for _ in range(3):
        ledger.record((filled(price="11"),))
    ledger.record((BreakAccepted(break_id="B-1", why="seen"),))
    ledger.record((filled(price="11"), filled(price="12")))

    assert list(ledger.book.breaks) == ["B-1", "B-2"]


def test_two_refusals_in_one_batch_are_two_breaks(ledger: Ledger) -> None:
    ledger.record((filled("a.01"), filled("b.01")))
    ledger.record((filled("a.01", price="1"), filled("b.01", price="1")))

    assert [found.found.break_id for found in ledger.book.open_breaks] == ["B-1", "B-2"]


@pytest.mark.parametrize(
    "strange",
    [
        pytest.param({"execution_id": "no revision"}, id="an id without a revision"),
        pytest.param({"venue": "\ud800"}, id="text that cannot be spelt"),
    ],
)
def test_the_broker_can_say_nothing_that_stops_every_later_start(
    ledger: Ledger, tmp_path: Path, strange: dict[str, str]
) -> None:
    ledger.record((filled().model_copy(update=strange), lost("and goes on")))

    assert types(tmp_path) == ["fact_refused", "break_found", "broker_lost"]
    assert ledger.book.positions == {}


def test_our_own_code_may_not_contradict_itself(ledger: Ledger) -> None:
    ledger.record((OpeningBalanceRecorded(currency="USD", amount=Decimal(100)),))

    with pytest.raises(FactContradicted, match="opening/USD"):
        ledger.record((lost("x"), OpeningBalanceRecorded(currency="USD", amount=Decimal(101))))

    assert ledger.book.seq == ledger.log.head[0] == BEFORE


def test_our_own_impossible_fact_is_refused_whole_and_nothing_is_written(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(Impossible):
        ledger.record((lost("a"), BreakAccepted(break_id="B-9", why="none such"), lost("b")))

    assert types(tmp_path) == []
    ledger.record((lost("c"),))
    assert types(tmp_path) == ["broker_lost"]


def test_an_intent_is_never_repeated(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(IntentRepeated, match="twice in one batch"):
        ledger.record((attempted(), attempted()))
    ledger.record((attempted(),))
    with pytest.raises(IntentRepeated, match="found it in the log"):
        ledger.record((attempted(),))
    with pytest.raises(FactContradicted):
        ledger.record((attempted(quantity="6"),))

    assert types(tmp_path) == ["order_send_attempted"]


def test_a_generator_goes_on_only_when_what_it_yielded_is_on_disk(ledger: Ledger, tmp_path: Path) -> None:
    seen = []

    def steps() -> Steps:
        yield lost("a")
        seen.append((len(day_lines(tmp_path)), ledger.book.seq))
        yield lost("b"), lost("c")
        seen.append((len(day_lines(tmp_path)), ledger.book.seq))

    ledger.record(steps())

    assert seen == [(BEFORE + 1, BEFORE), (BEFORE + 3, BEFORE + 2)]


def test_an_intent_is_vouched_for_in_head_before_anything_acts(ledger: Ledger, tmp_path: Path) -> None:
    heads = []

    def head() -> int:
        found = read_head(tmp_path / "var")
        assert found is not None
        return found.seq

    def steps() -> Steps:
        yield lost("a")
        heads.append(head())
        yield attempted()
        heads.append(head())
        yield CANCEL
        heads.append(head())

    ledger.record(steps())

    assert heads == [0, BEFORE + 1, BEFORE + 2]


class Watched:
    """A generator that says how far it came and whether it was closed."""

    def __init__(self, *facts: Fact) -> None:
        self.facts = facts
        self.resumed = 0
        self.closed = False

    def steps(self) -> Steps:
        try:
            for fact in self.facts:
                yield fact
                self.resumed += 1
        finally:
            self.closed = True


def test_a_refused_generator_is_closed_and_never_resumed(ledger: Ledger) -> None:
    watched = Watched(lost("a"), BreakAccepted(break_id="B-9", why="none such"), lost("b"))

    with pytest.raises(Impossible):
        ledger.record(watched.steps())

    assert (watched.resumed, watched.closed) == (1, True)


def test_a_generator_is_resumed_after_a_refusal_of_the_brokers_word(ledger: Ledger) -> None:
    ledger.record((filled(),))
    watched = Watched(filled(price="11"), filled())

    ledger.record(watched.steps())

    assert watched.resumed == 2


@pytest.mark.parametrize("call", [pytest.param("fdatasync", id="of the line"), pytest.param("fsync", id="of HEAD")])
def test_an_intent_that_is_not_durable_is_not_acted_on(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def failing(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    watched = Watched(attempted())
    with monkeypatch.context() as patched:
        patched.setattr(os, call, failing)
        with pytest.raises(LogNotWritable):
            ledger.record(watched.steps())

    assert (watched.resumed, watched.closed) == (0, True)


@pytest.mark.parametrize("as_tuple", [True, False])
def test_a_halt_takes_the_intents_place_and_closes_the_generator(
    ledger: Ledger, tmp_path: Path, as_tuple: bool
) -> None:
    (tmp_path / "var/HALT").write_text("on holiday")
    watched = Watched(attempted(), lost("never"))

    ledger.record((attempted(), lost("never")) if as_tuple else watched.steps())

    assert recorded(tmp_path) == [TradingHalted(reason="on holiday")]
    assert (watched.resumed, watched.closed) == (0, not as_tuple)
    assert ledger.book.halted == "on holiday"


def test_an_unreadable_halt_halts(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "var/HALT").mkdir()

    ledger.record([attempted()])

    assert recorded(tmp_path) == [TradingHalted(reason="unreadable: not a plain file")]


def test_a_cancellation_passes_a_halt(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record((attempted(),))
    (tmp_path / "var/HALT").touch()
    watched = Watched(CANCEL)

    ledger.record(watched.steps())

    assert types(tmp_path) == ["order_send_attempted", "order_cancel_attempted"]
    assert watched.resumed == 1


def test_a_halt_that_comes_between_two_orders_stops_the_second(ledger: Ledger, tmp_path: Path) -> None:
    def steps() -> Steps:
        yield attempted()
        yield acknowledged()
        (tmp_path / "var/HALT").touch()
        yield attempted("tb-DU1-3-abcd-756733-B-2", order_id=8)

    ledger.record(steps())

    assert types(tmp_path) == ["order_send_attempted", "order_acknowledged", "trading_halted"]


@pytest.mark.parametrize(
    ("later", "reason"),
    [
        pytest.param(ALLOWED_FOR, None, id="as long as it holds"),
        pytest.param(ALLOWED_FOR + timedelta(seconds=1), "trading was allowed at 15:00:00", id="a machine that slept"),
        pytest.param(timedelta(hours=6), "the session ended at 21:00 UTC", id="over the end of the session"),
    ],
)
def test_a_permission_that_has_lapsed_takes_the_intents_place(
    ledger: Ledger, clock: StillClock, tmp_path: Path, later: timedelta, reason: str | None
) -> None:
    clock.moment += later
    watched = Watched(attempted(), acknowledged())

    ledger.record(watched.steps())

    (*_, last) = recorded(tmp_path)
    assert watched.closed
    assert watched.resumed == (0 if reason else 2)
    assert isinstance(last, TradingVetoed if reason else OrderAcknowledged)
    assert not isinstance(last, TradingVetoed) or last.reasons[0].startswith(str(reason))
    assert ledger.book.may_trade is (reason is None)


def test_a_cancellation_needs_no_permission(ledger: Ledger, clock: StillClock, tmp_path: Path) -> None:
    ledger.record((attempted(),))
    clock.moment += timedelta(hours=6)

    ledger.record([CANCEL])

    assert types(tmp_path) == ["order_send_attempted", "order_cancel_attempted"]


def test_what_is_no_fact_is_refused_by_name(ledger: Ledger) -> None:
    with pytest.raises(TypeError, match="expected a fact"):
        ledger.record(lost("a fact is no series of facts"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a fact"):
        ledger.record(["no fact"])  # type: ignore[list-item]

    assert ledger.log.head[0] == BEFORE - 1


def test_a_book_that_is_not_the_logs_records_nothing(ledger: Ledger) -> None:
    ledger.book.become(Book())

    with pytest.raises(BookOutOfStep, match="start again"):
        ledger.record((lost("a"),))


def test_the_seal_of_a_day_passes_through_the_book(tmp_path: Path) -> None:
    clock = StillClock()
    with Ledger.create(tmp_path, clock, GENESIS) as ledger:
        ledger.record(MAY_TRADE)
        clock.sleep(86_400)
        ledger.record((filled(), filled()))

        assert (ledger.book.seq, ledger.book.positions) == (BEFORE + 1, {756733: Decimal(5)})
        assert "day/2026-01-14/sealed" in ledger.book.keys
    assert types(tmp_path) == ["day_sealed", "order_filled"]


def test_the_holder_records_who_was_refused_before_it_lets_go(tmp_path: Path) -> None:
    with Ledger.create(tmp_path, StillClock(), GENESIS, slot="a") as ledger:
        ledger.record(MAY_TRADE)
        with pytest.raises(LogLocked):
            Log.open(tmp_path, StillClock(), slot="b")

    (refused,) = recorded(tmp_path)
    assert isinstance(refused, StartRefused)
    assert (refused.pid, refused.slot, refused.refused_at) == (os.getpid(), "b", WEDNESDAY)
    assert list((tmp_path / "var/refused").iterdir()) == []


def test_an_exception_leaves_the_notes_for_the_next_start(tmp_path: Path) -> None:
    def cycle() -> None:
        with Ledger.create(tmp_path, StillClock(), GENESIS, slot="a") as ledger:
            ledger.record(MAY_TRADE)
            with pytest.raises(LogLocked):
                Log.open(tmp_path, StillClock(), slot="b")
            raise RuntimeError("the cycle died")

    with pytest.raises(RuntimeError, match="the cycle died"):
        cycle()

    assert types(tmp_path) == []
    Ledger.open(tmp_path, StillClock()).close()
    assert types(tmp_path) == ["start_refused"]


def test_a_batch_of_many_known_facts_is_prepared_once(ledger: Ledger) -> None:
    day = tuple(filled(f"{place}.01") for place in range(500))
    ledger.record(day)
    ledger.record((*day, lost("and something new")))

    assert ledger.log.head[0] == BEFORE + 500
    assert all(isinstance(event.fact, OrderFilled) for event in list(ledger.log.events())[BEFORE : BEFORE + 500])
