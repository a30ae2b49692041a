"""The report of a day's reconciliation, as somebody reads it who has not seen the system."""

from __future__ import annotations

import json
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ledger.events import (
    BreakAccepted,
    BreakClosed,
    BreakExplained,
    BreakFound,
    FeeCharged,
    StatementFact,
    StatementReconciled,
    WitnessCount,
    WitnessRow,
)
from ledger.events.reconciliation import ExplanationRow, TermRow
from queries.reconciliation_report import report_of
from queries.sections import WIDTH, Report, Section, rendered
from queries.tables import UnknownDay
from queries.witness_words import name_of, names_of
from tests.queries.history import TUESDAY, WEDNESDAY, World, closed, new_world

FEE = FeeCharged(reference="B-1", amount=Decimal("-16.25"), currency="USD", source="operator", provisional=True)
FEE_KEY = FEE.key


def term(cause: str, amount: str) -> TermRow:
    return TermRow(cause=cause, kind="cash", subject="USD", amount=Decimal(amount), text=cause)


def rival(cause: str, amount: str, *evidence: str) -> ExplanationRow:
    return ExplanationRow(
        causes=(cause,), certainty="possible", text=cause, terms=(term(cause, amount),), unexplained=Decimal(0),
        evidence=evidence,
    )  # fmt: skip


FOUND = BreakFound(
    break_id="B-1", kind="cash", subject="USD", consequence="reduce_only", currency="USD", expected=Decimal(100),
    found=Decimal("83.75"),
)  # fmt: skip
EXPLAINED = BreakExplained(
    break_id="B-1", cause="withdrawal", certainty="possible", text="withdrawal", terms=(term("withdrawal", "-16.25"),),
    unexplained=Decimal(0), evidence=("nobody announced it",), rivals=(rival("fee", "-16.25", "it is small"),),
)  # fmt: skip
ACCEPTED = BreakAccepted(break_id="B-1", why='the <b>data</b> & "news"', by="ana", explanation=2, recorded=(FEE_KEY,))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A session whose first cycle agreed."""
    made = new_world(tmp_path)
    made.quiet_cycle(TUESDAY, "09:35", "92")
    made.at(TUESDAY, "10:35")
    return made


def told(world: World) -> Report:
    return report_of(closed(world), TUESDAY)


def section(report: Report, start: str) -> Section:
    return next(each for each in report.sections if each.heading.startswith(start))


def text(report: Report) -> list[str]:
    return rendered(report, "text").splitlines()


def stated(**changed: object) -> StatementReconciled:
    row = WitnessRow(
        kind="fee", subject="USD otherFees", own_before=Decimal(0), statement=Decimal("-16.25"), own=Decimal("-16.25"),
        tolerance=Decimal("0.01"), verdict="own differs",
    )  # fmt: skip
    plain = StatementReconciled(
        account="DU1000001", first_day=TUESDAY, last_day=TUESDAY, file_sha256="a" * 64, rows=(row,),
        agreeing=(WitnessCount(kind="position", agreeing=1), WitnessCount(kind="basis", agreeing=2)),
    )  # fmt: skip
    return plain.model_copy(update=changed)


def test_the_answer_stands_on_the_second_line(world: World) -> None:
    assert text(told(world))[:3] == [
        "DU1000001 paper · reconciliation of Tue 1 Mar 2005",
        "BOOK = BROKER · no breaks",
        "No statement of this day has been read yet: what was inferred stays provisional.",
    ]


def test_an_open_break_says_what_it_stops_and_first_what_to_do(world: World) -> None:
    world.record(FOUND, EXPLAINED)

    report = told(world)

    assert (report.exit_status, report.plain["agrees"]) == (1, False)
    assert report.verdict == "BOOK ≠ BROKER · B-1 open: only reductions trade · what to do stands below"
    shown = section(report, "Break B-1")
    assert shown.heading == "Break B-1 · cash USD -16.25 · OPEN: only reductions trade"
    assert shown.labelled == (
        ("to do", 'tallybook accept B-1 --explanation N --why "…" (if the broker is right)'),
        ("to do", "nothing, if the broker is wrong or late: it closes by itself when both sides match again"),
        ("apart", "-16.25 USD: the book says 100.00, the broker 83.75"),
        ("why", "1 possible: -16.25 = withdrawal (-16.25); unexplained 0.00"),
        ("why", "2 possible: -16.25 = fee (-16.25); unexplained 0.00"),
        ("rests on", "nobody announced it"),
        ("found", "10:35"),
    )


def test_an_accepted_break_shows_which_explanation_was_taken_and_what_it_booked(world: World) -> None:
    world.record(FOUND, EXPLAINED, ACCEPTED, FEE)

    report = told(world)

    assert (report.exit_status, report.verdict) == (0, "BOOK = BROKER · 1 break, settled")
    shown = dict(section(report, "Break B-1 · cash USD -16.25 · only reductions traded, accepted").labelled)
    assert shown["why"] == "2 possible: -16.25 = fee (-16.25); unexplained 0.00 ← accepted"
    assert shown["rests on"] == "it is small"
    assert shown["ended"] == '10:35, ana accepted it as explanation 2: the <b>data</b> & "news"'
    assert shown["booked"] == "fee charged -16.25 USD; provisional until a statement tells it"


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        ("confirmed", "the statement confirmed it"),
        ("replaced", "the statement told it otherwise"),
        ("waiting", "not told by the statement yet"),
    ],
)
def test_what_was_booked_for_a_break_says_what_the_statement_made_of_it(world: World, fate: str, words: str) -> None:
    world.record(FOUND, EXPLAINED, ACCEPTED, FEE)
    world.record(stated(**{fate: (StatementFact(key=FEE_KEY, type="fee_charged"),)}))

    assert ("booked", f"fee charged -16.25 USD; {words}") in section(told(world), "Break B-1").labelled


def test_what_closed_by_itself_on_another_day_says_which(world: World) -> None:
    world.record(FOUND, EXPLAINED)
    world.quiet_cycle(WEDNESDAY, "09:35", "92")
    world.record(BreakClosed(break_id="B-1", reason="both halves match again", cause="withdrawal"))

    shown = dict(section(told(world), "Break B-1").labelled)

    assert shown["ended"] == "Wed 2 Mar 09:35, closed: both halves match again (withdrawal)"


def test_the_lines_of_a_statement_bear_words_and_not_the_names_of_fields(world: World) -> None:
    world.record(stated())

    shown = section(told(world), "The broker's statement of Tue 1 Mar 2005")

    assert shown.rows == (("other fees USD", "0.00", "-", "-16.25", "-16.25", "book differed"),)
    assert shown.after == ("Agreeing three ways: 1 position, 2 costs of positions.",)


def test_a_figure_that_is_apart_within_its_tolerance_says_so(world: World) -> None:
    nav = WitnessRow(
        kind="nav", subject="USD", own_before=Decimal(100), api=Decimal(100), statement=Decimal(240),
        own=Decimal(240), tolerance=Decimal("504.17"), verdict="agree",
    )  # fmt: skip
    world.record(stated(rows=(nav,)))

    (row,) = section(told(world), "The broker's statement").rows

    assert row[-1] == "agrees within 504.17"


def test_a_statement_that_differs_still_is_the_answer_and_says_where_to_look(world: World) -> None:
    (row,) = stated().rows
    world.record(stated(rows=(row.model_copy(update={"own": Decimal(0)}),)))

    report = told(world)

    assert (report.exit_status, report.verdict) == (1, "BOOK ≠ STATEMENT · no breaks")
    assert report.remarks[0] == "1 figure of the statement differs still."
    assert "tallybook reconcile --statement FILE" in report.remarks[1]
    assert report.plain["statement"]["differs_still"] == [{"kind": "fee", "subject": "USD otherFees", "by": "16.25"}]


def test_equal_looks_of_a_minute_are_one_line_and_apart_is_what_the_broker_has_more(world: World) -> None:
    world.quiet_cycle(TUESDAY, "11:35", "92")
    world.agree()

    shown = section(told(world), "Looks at the broker")

    assert [row[0] for row in shown.rows] == ["09:35", "11:35"]
    assert shown.head[3:6] == ("NAV USD, book", "broker", "apart")


def test_no_line_is_wider_than_a_hundred_columns_and_no_word_is_broken(world: World) -> None:
    told_of = EXPLAINED.model_copy(update={"evidence": ("an execution that nobody knows of, " * 8,)})
    world.record(
        FOUND, told_of, stated(only_told=(StatementFact(key="k", type="fee_charged", text="fee: " + "x " * 90),))
    )

    lines = text(told(world))

    assert max(map(len, lines)) <= WIDTH
    assert not any(line.endswith(("-", "--")) for line in lines)


def test_a_page_escapes_what_others_wrote_fetches_nothing_and_fits_any_screen(world: World) -> None:
    world.record(FOUND, EXPLAINED, ACCEPTED)

    page = rendered(told(world), "html")

    assert "&lt;b&gt;data&lt;/b&gt; &amp; &#34;news&#34;" in page
    assert "<b>data" not in page
    tags = tags_of(page)
    assert not any(name in ("src", "href") for _, attributes in tags for name, _ in attributes)
    assert {"script", "link", "img"}.isdisjoint(tag for tag, _ in tags)
    assert [page.count(rule) for rule in ("prefers-color-scheme: dark", "@media print", 'name="viewport"')] == [1, 1, 1]


def tags_of(page: str) -> list[tuple[str, list[tuple[str, str | None]]]]:
    found = list[tuple[str, list[tuple[str, str | None]]]]()

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, attrs))

    Tags().feed(page)
    return found


def test_the_same_is_told_to_a_program(world: World) -> None:
    world.record(FOUND, EXPLAINED, ACCEPTED)

    plain = json.loads(rendered(told(world), "json"))

    assert (plain["day"], plain["agrees"], plain["statement"]) == ("2005-03-01", True, None)
    assert plain["verdict"] == "BOOK = BROKER · 1 break, settled"
    assert plain["remarks"] == ["No statement of this day has been read yet: what was inferred stays provisional."]
    assert [(each["status"], each["accepted"]["explanation"]) for each in plain["breaks"]] == [("accepted", 2)]


def test_a_day_that_nobody_compared_has_no_report(world: World) -> None:
    with pytest.raises(
        UnknownDay, match="2005-03-02: expected a day on which a cycle looked at the broker, found none; the log was"
    ):
        report_of(closed(world), WEDNESDAY)


def test_what_the_statement_alone_tells_is_named_where_it_is_little_and_counted_where_it_is_much(world: World) -> None:
    lines = ("mtm", "transfers", "otherFees", "brokerInterest")
    rows = tuple(
        WitnessRow(kind="nav line", subject=line, statement=Decimal(1), tolerance=Decimal(0), verdict="unknown")
        for line in lines
    )
    world.record(stated(rows=rows[:1]), stated(rows=rows, file_sha256="b" * 64))

    (*_, last) = section(told(world), "The broker's statement").after

    assert last.endswith("no such figure of the period: 4 lines of the change in NAV.")
    assert names_of(rows[:2]) == "NAV by prices, NAV by transfers"


def test_of_several_open_breaks_the_gravest_is_in_the_answer(world: World) -> None:
    halting = FOUND.model_copy(update={"break_id": "B-2", "subject": "EUR", "currency": "EUR", "consequence": "halt"})
    world.record(FOUND, halting)

    assert told(world).verdict == "BOOK ≠ BROKER · B-1, B-2 open: nothing trades · what to do stands below"


def test_what_only_you_can_end_is_not_said_to_close_by_itself_and_nothing_is_said_twice(world: World) -> None:
    words = "order tb-1: it was sent, and nobody knows what became of it"
    found = BreakFound(break_id="B-1", kind="order", subject="tb-1", consequence="lock", text=words)
    world.record(found, BreakExplained(break_id="B-1", cause="", certainty="unexplained", text=words))

    shown = section(told(world), "Break B-1").labelled

    assert [label for label, _ in shown] == ["to do", "why", "found"]
    assert dict(shown)["why"] == words


@pytest.mark.parametrize(
    ("kind", "subject", "name"),
    [
        ("cash", "USD", "cash USD"),
        ("nav", "USD", "NAV USD"),
        ("position", "IBM (8314)", "position IBM (8314)"),
        ("position", "ALL SHARES (7)", "position ALL SHARES (7)"),
        ("basis", "IBM (8314)", "cost of IBM (8314)"),
        ("cash line", "USD depositWithdrawals", "deposits, withdrawals USD"),
        ("fee", "EUR clientFees", "client fees EUR"),
        ("nav line", "changeInDividendAccruals", "NAV by dividends accrued"),
        ("execution", "0000e0d5.4213a1c0.01", "execution 0000e0d5.4213a1c0.01"),
    ],
)
def test_a_figure_of_a_statement_has_a_name(kind: str, subject: str, name: str) -> None:
    assert name_of(WitnessRow(kind=kind, subject=subject, tolerance=Decimal(0), verdict="agree")) == name
