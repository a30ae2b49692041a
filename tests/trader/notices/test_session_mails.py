"""What the mails of a session say, and what an alarm says of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from ledger.book import Book, replay
from ledger.bridged_days import BridgedDay
from ledger.events import (
    BreakAccepted,
    BreakClosed,
    BreakFound,
    CycleFailed,
    NoticeSent,
    OrderCancelled,
    OrderRejected,
    StatementFact,
    StatementReconciled,
    TradingHalted,
    WitnessRow,
)
from ledger.log import read_events
from queries.bridge import bridge_of
from queries.figures import percent
from queries.status import status
from tests.queries.history import (
    IBM,
    TUESDAY,
    WEDNESDAY,
    World,
    buy_ibm,
    closed,
    new_world,
    ready,
    send,
    snapshot,
    two_sessions,
)
from tests.trader.homes import SETTINGS, mail_section, write_settings
from tests.trader.mailbox import Mailbox
from tests.trader.notices.sessions import NAMES, finished, lines, mailed
from trader.incidents import Failure
from trader.notices import due_mails, session_letter
from trader.notices import send as send_letter
from trader.notices.incidents import alarm_letter
from trader.notices.mail import rendered
from trader.settings import load


def book_of(world: World) -> Book:
    return replay(read_events(closed(world)))


def test_the_end_of_a_day_tells_the_bridge_the_trades_and_that_nothing_is_needed(tmp_path: Path) -> None:
    book = book_of(two_sessions(tmp_path))

    letter = session_letter(
        book,
        "end",
        TUESDAY,
        NAMES,
        leverage_max=Decimal("1.5"),
        bridged=bridge_of(tmp_path, TUESDAY),
    )

    assert letter.subject == "[paper] END Tue 1 Mar  +65.67  NAV 100,065.67  all clear"
    assert letter.headline == "Nothing needs you."
    told = lines(letter)
    assert "100,000.00 + unrealised 68.67 - commission 3.00 = 100,065.67, residual 0.00" in told
    assert "Trade BUY 100 IBM @ 92.0133 (decided 92.01, slippage +0.33 USD, +0.4 bp), commission 2.00" in told
    assert "Trade BUY 50 IBM @ 94.20, commission 1.00, not ours" in told
    assert "Leverage 0.14 of 1.50 · 5 of 7 cycles · mailed 1 of 3" in told
    assert "Book = broker: 1 position, cash, NAV apart by 0.00 (Wed 2 Mar 09:40)." in told
    ended = told.index("B-1 foreign trade IBM, IBM was locked 11:35-13:10; you accepted it: my own trade, forgot.")
    assert told[ended + 1 : ended + 3] == [
        "  bought outside", "The whole day: tallybook report reconciliation 2005-03-01"
    ]  # fmt: skip
    assert letter.witness == f"{book.seq}:{book.head}"


def test_the_next_day_begins_where_the_last_one_ended(tmp_path: Path) -> None:
    book = book_of(two_sessions(tmp_path))

    letter = session_letter(book, "start", WEDNESDAY, (), bridged=bridge_of(tmp_path, WEDNESDAY))

    assert "START Wed 2 Mar  +15.00  NAV 100,080.67" in letter.subject
    assert "100,065.67 + unrealised 15.00 = 100,080.67, residual 0.00" in lines(letter)
    assert "The END mail of Tue 1 Mar was not sent." in lines(letter)


def test_a_day_whose_nav_cannot_be_explained_says_what_is_missing(tmp_path: Path) -> None:
    unknown = BridgedDay(TUESDAY, None, "IBM: no mark was reported")

    letter = session_letter(finished(tmp_path, "09:35").ledger.book, "end", TUESDAY, NAMES, bridged=unknown)

    assert "How NAV came about is unknown: IBM: no mark was reported." in lines(letter)


def test_an_open_break_and_a_halt_need_the_owner(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35")
    world.record(
        BreakFound(break_id="B-1", kind="cash", subject="USD", consequence="note", text="cash differs by -152.30"),
        TradingHalted(reason="by hand"),
    )

    letter = session_letter(world.ledger.book, "start", TUESDAY, NAMES)

    assert letter.subject.endswith("HALTED")
    assert letter.headline == "2 things need you, see below."
    assert 'Trading is halted: by hand. To lift it: tallybook resume --why "…"' in lines(letter)
    cure = 'tallybook accept B-1 --as-suspense --why "…" (if the broker is right)'
    assert lines(letter)[1:4] == [
        "B-1 cash USD: noted, all may trade.", "  cash differs by -152.30.", f"  To settle it: {cure}"
    ]  # fmt: skip


def test_a_halt_by_an_old_copy_is_never_answered_with_resume(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35")
    world.record(TradingHalted(reason="an order of ours is unknown", code="old-copy"), TradingHalted(reason="by hand"))

    (needed, *_) = lines(session_letter(world.ledger.book, "start", TUESDAY, NAMES))

    assert needed.startswith("Trading is halted: by hand. Do not resume: put the newest copy of the log")
    assert "--why" not in needed


def test_a_break_that_halts_is_settled_by_itself(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35")
    world.record(BreakFound(break_id="B-1", kind="cash", subject="USD", consequence="halt"))

    letter = session_letter(world.ledger.book, "start", TUESDAY, NAMES)

    assert letter.subject.endswith("HALTED")
    assert not any("tallybook resume" in line for line in lines(letter))
    assert any('tallybook accept B-1 --as-suspense --why "…"' in line for line in lines(letter))


def test_partial_fills_and_rejections_stand_in_the_digest(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    ready(world, TUESDAY, "09:35")
    partly = buy_ibm(world, "60")
    world.record(OrderCancelled(order_ref=partly, filled=Decimal(60)))
    world.observe("92.5")
    world.finish()
    ready(world, TUESDAY, "10:35")
    refused = send(world, "40")
    world.record(OrderRejected(order_ref=refused, code=201, reason="insufficient margin"))
    world.observe("92.5")
    world.finish()

    told = lines(session_letter(world.ledger.book, "end", TUESDAY, NAMES))

    assert "Partly filled: BUY 100 IBM limit 92.05: filled 60 of 100, cancelled" in told
    assert "Rejected: BUY 40 IBM limit 92.05: 201 insufficient margin" in told


def test_a_start_that_did_not_finish_is_told_and_how_many_it_took(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    world.record(CycleFailed(slot=f"{TUESDAY}/0935", code="cycle-killed", reason="killed"))

    assert f"{TUESDAY}/0935: no start of 1 finished" in lines(session_letter(world.ledger.book, "end", TUESDAY, NAMES))

    world.begin(TUESDAY, "09:35", attempt=2)
    world.observe("92")
    world.finish()
    assert f"{TUESDAY}/0935: it took 2 starts" in lines(session_letter(world.ledger.book, "end", TUESDAY, NAMES))


def test_an_alarm_tells_the_last_known_figures_and_their_age(tmp_path: Path) -> None:
    book = book_of(two_sessions(tmp_path))
    failure = Failure("gateway-down", "127.0.0.1:4002: nobody listens", f"{WEDNESDAY}/1035")

    letter = alarm_letter(book, failure, "paper", book.now + timedelta(minutes=65))

    assert letter.subject == "[paper] ALARM 2005-03-02/1035  gateway-down  NAV 100,080.67 (1 h 05 min old)"
    assert letter.incident == "gateway-down/2005-03-02"
    assert "127.0.0.1:4002: nobody listens" in lines(letter)
    assert "Last known NAV 100,080.67." in lines(letter)
    assert "The broker's figures are of Wed 2 Mar 09:40, 1 h 05 min old." in lines(letter)


def test_an_alarm_without_a_readable_log_says_so(tmp_path: Path) -> None:
    failure = Failure("log-damaged", "a line is gone", "2005-03-02/1035", recorded="log-damaged: a line is gone")

    letter = alarm_letter(None, failure, "live", two_sessions(tmp_path).moment)

    assert letter.subject == "[live] ALARM 2005-03-02/1035  log-damaged  NAV unknown"
    assert "The log could not record it: log-damaged: a line is gone" in lines(letter)
    assert "The log cannot be read: no figures are known." in lines(letter)


def test_a_mail_arrives_as_text_and_as_html_with_everything_escaped(tmp_path: Path, box: Mailbox) -> None:
    world = finished(tmp_path, "09:35")
    world.record(TradingHalted(reason="<script>alert(1)</script> & co"))
    write_settings(tmp_path, SETTINGS + mail_section(box.port))
    letter = session_letter(world.ledger.book, "start", TUESDAY, NAMES)

    fact = send_letter(load(tmp_path).mail, tmp_path, letter)

    assert fact == NoticeSent(kind="start", subject=letter.subject)
    assert box.subjects == [letter.subject]
    assert box.received[0]["To"] == "owner@example.com"
    assert "Trading is halted: <script>alert(1)</script> & co." in box.body("plain")
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in box.body("html")
    assert "<script>" not in box.body("html")
    assert letter.witness in box.body("plain")
    assert letter.witness in box.body("html")


def test_the_drawdown_of_a_mail_is_that_of_the_status(tmp_path: Path, box: Mailbox) -> None:
    world = new_world(tmp_path)
    ready(world, TUESDAY, "09:35")
    buy_ibm(world, "100")
    world.observe("95")
    world.finish()
    world.quiet_cycle(TUESDAY, "10:35", "92.5")
    world.quiet_cycle(TUESDAY, "12:35", "93")
    world.ledger.log.barrier()
    write_settings(tmp_path, SETTINGS + mail_section(box.port))

    world.ledger.record(due_mails(world.ledger.book, load(tmp_path), tmp_path))

    assert f"drawdown {percent(status(closed(world)).drawdown, 2)}" in box.body("plain")
    assert "drawdown -0.20 %" in box.body("plain")


def test_the_first_mail_after_a_statement_tells_it_and_the_next_kind_only_what_differs_still(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35")
    row = WitnessRow(
        kind="fee", subject="USD otherFees", own_before=Decimal(0), statement=Decimal("-16.25"), own=Decimal("-16.25"),
        tolerance=Decimal("0.01"), verdict="own differs",
    )  # fmt: skip
    by_line = row.model_copy(update={"kind": "nav line", "subject": "otherFees"})
    told = StatementReconciled(
        account="DU1000001", first_day=TUESDAY, last_day=TUESDAY, file_sha256="a" * 64, rows=(row, by_line),
        only_told=(StatementFact(key="k", type="fee_charged", amount=Decimal("-16.25"), currency="USD"),),
    )  # fmt: skip
    world.record(told)
    verdict = "Statement of Tue 1 Mar 2005: Book and statement agree; 2 figures differed before the statement was read."

    first = lines(session_letter(world.ledger.book, "start", TUESDAY, NAMES))
    at = first.index(verdict)
    assert first[at + 1 : at + 3] == [
        "Other fees USD: the book said 0.00, the statement -16.25; now -16.25.",
        "Only the statement knew: fee charged -16.25 USD.",
    ]

    mailed(world, "start")
    assert lines(session_letter(world.ledger.book, "start", TUESDAY, NAMES)) == first
    later = lines(session_letter(world.ledger.book, "middle", TUESDAY, NAMES))
    assert verdict in later
    assert not any("Other fees" in line or "Only the statement" in line for line in later)


def test_a_figure_that_differs_still_is_in_every_mail(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35")
    row = WitnessRow(
        kind="cash", subject="USD", own_before=Decimal(100), api=Decimal(90), statement=Decimal(90), own=Decimal(100),
        tolerance=Decimal("0.01"), verdict="own differs",
    )  # fmt: skip
    world.record(
        StatementReconciled(
            account="DU1000001", first_day=TUESDAY, last_day=TUESDAY, file_sha256="a" * 64, rows=(row,)
        )
    )  # fmt: skip
    mailed(world, "start")

    assert (
        "Cash USD: the book said 100.00, the API 90.00, the statement 90.00; DIFFERS STILL, the book says 100.00."
        in lines(session_letter(world.ledger.book, "end", TUESDAY, NAMES))
    )


def test_what_belongs_to_a_line_is_indented_and_no_line_of_the_text_is_too_long(tmp_path: Path) -> None:
    long = "cash differs by what nobody can say, " * 6
    world = finished(tmp_path, "09:35")
    world.record(BreakFound(break_id="B-1", kind="cash", subject="USD", consequence="note", text=long))
    letter = session_letter(world.ledger.book, "start", TUESDAY, NAMES)

    text, page = rendered(letter, "letter.txt.j2").splitlines(), rendered(letter, "letter.html.j2")

    assert max(map(len, text)) <= 100
    first = next(n for n, line in enumerate(text) if line.startswith("  cash differs by"))
    assert text[first + 1].startswith("    ")
    assert '<div style="margin-left: 1.5em">cash differs by what nobody' in page


def test_a_break_that_began_on_another_day_bears_its_day(tmp_path: Path) -> None:
    world = finished(tmp_path, "09:35")
    world.record(BreakFound(break_id="B-1", kind="cash", subject="USD", consequence="reduce_only", text="a fee?"))
    world.quiet_cycle(WEDNESDAY, "09:35", "92")
    world.record(BreakClosed(break_id="B-1", reason="both halves match again", cause="fee"))

    told = lines(session_letter(world.ledger.book, "start", WEDNESDAY, NAMES))

    ended = "Tue 1 Mar 09:35 to 09:35; closed: both halves match again (fee)."
    assert f"B-1 cash USD, only reductions traded {ended}" in told


def test_while_a_break_is_open_the_subject_names_the_broker_s_nav_where_it_is_another(tmp_path: Path) -> None:
    world = new_world(tmp_path)
    world.begin(TUESDAY, "09:35")
    world.observe("92")
    world.agree()
    world.record(BreakFound(break_id="B-1", kind="position", subject=str(IBM), consequence="lock", con_id=IBM))
    taken = snapshot(world.ledger.book)
    world.record(taken.model_copy(update={"nav_reported": taken.nav + 100}))

    open_subject = session_letter(world.ledger.book, "start", TUESDAY, NAMES).subject
    world.record(BreakAccepted(break_id="B-1", why="a split"))
    settled_subject = session_letter(world.ledger.book, "start", TUESDAY, NAMES).subject

    assert open_subject.endswith("NAV 100,000.00 (broker 100,100.00)  1 break open")
    assert settled_subject.endswith("NAV 100,000.00  all clear")
