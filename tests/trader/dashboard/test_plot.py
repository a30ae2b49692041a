from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from queries.sql import Answer
from trader.commands.dashboard.plot import NARROW, WIDE, drawing_of, svg_of

DAYS = tuple(date(2005, 3, day) for day in range(1, 6))


def rows(*columns: tuple[object, ...]) -> tuple[tuple[object, ...], ...]:
    return tuple(zip(*columns, strict=True))


COURSE = Answer(
    ("session_day", "seq", "nav", "leverage"), rows(DAYS, (1, 2, 3, 4, 5), (Decimal(9), 8, 7, None, 9), (1, 1, 2, 2, 1))
)


def test_numbers_over_days_are_lines_a_strip_each_and_a_seq_is_no_measure() -> None:
    drawing = drawing_of(COURSE)

    assert drawing is not None
    assert drawing.is_course
    assert [strip.name for strip in drawing.strips] == ["nav", "leverage"]
    assert drawing.strips[0].lines[0].values == (9.0, 8.0, 7.0, None, 9.0)


def test_days_stand_in_their_order_whatever_the_answer_is_sorted_by() -> None:
    drawing = drawing_of(Answer(("session_day", "nav"), rows(DAYS[::-1], (5, 4, 3, 2, 1))))

    assert drawing is not None
    assert drawing.axis == tuple(map(str, DAYS))
    assert drawing.strips[0].lines[0].values == (1.0, 2.0, 3.0, 4.0, 5.0)


def test_a_day_that_repeats_is_told_apart_by_the_next_name() -> None:
    answer = Answer(("day", "symbol", "value"), ((DAYS[0], "IBM", 1), (DAYS[0], "AAPL", 2), (DAYS[1], "IBM", 3)))

    drawing = drawing_of(answer)

    assert drawing is not None
    assert [(line.name, line.values) for line in drawing.strips[0].lines] == [
        ("IBM", (1.0, 3.0)),
        ("AAPL", (2.0, None)),
    ]


def test_moments_that_tell_the_rows_apart_stand_below_before_days_that_do_not() -> None:
    times = ("2005-03-01 09:35:00-05", "2005-03-01 10:35:00-05", "2005-03-02 09:35:00-05")

    drawing = drawing_of(
        Answer(("session_day", "taken_at", "nav"), rows((DAYS[0], DAYS[0], DAYS[1]), times, (1, 2, 3)))
    )

    assert drawing is not None
    assert drawing.axis == times


def test_a_column_that_never_changes_is_left_out_where_others_do() -> None:
    answer = Answer(("day", "leverage", "limit"), rows(DAYS, (1, 2, 1, 2, 1), (4, 4, 4, 4, 4)))

    drawing, still = drawing_of(answer), drawing_of(Answer(("day", "limit"), rows(DAYS, (4, 4, 4, 4, 4))))

    assert drawing is not None
    assert [strip.name for strip in drawing.strips] == ["leverage"]
    assert still is not None


def test_ticks_are_told_to_the_place_that_tells_them_apart() -> None:
    drawing = drawing_of(Answer(("day", "leverage"), rows(DAYS, (Decimal("0.96"), 1, 1, 1, Decimal("1.05")))))

    assert drawing is not None
    assert {">0.950<", ">0.975<", ">1.000<", ">1.025<", ">1.050<"} <= set(re.findall(r">[^<]+<", svg_of(drawing, WIDE)))


def test_names_become_bars_from_zero_to_either_side() -> None:
    drawing = drawing_of(Answer(("symbol", "profit"), (("IBM", Decimal("-50")), ("AAPL", Decimal("100")))))

    assert drawing is not None
    bars = ElementTree.fromstring(svg_of(drawing, WIDE)).findall("{*}rect")
    loss, gain = ((round(float(bar.get("x", ""))), round(float(bar.get("width", "")))) for bar in bars)
    assert abs(gain[1] - 2 * loss[1]) <= 1  # pixels
    assert abs(loss[0] + loss[1] - gain[0]) <= 1


def test_what_all_names_begin_with_is_left_out_beside_the_bars() -> None:
    drawing = drawing_of(Answer(("slot", "orders"), (("2005-02-28/0935", 1), ("2005-02-28/1035", 2))))

    assert drawing is not None
    assert {">0935<", ">1035<"} <= set(re.findall(r">[^<]+<", svg_of(drawing, NARROW)))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(("symbol", "n"), ()), id="no row"),
        pytest.param(Answer(("symbol", "n"), (("IBM", 1),)), id="a single row"),
        pytest.param(Answer(("symbol", "currency"), (("IBM", "USD"), ("AAPL", "USD"))), id="no number"),
        pytest.param(Answer(("symbol", "con_id"), (("IBM", 8314), ("AAPL", 265598))), id="numbers that are names"),
        pytest.param(Answer(("a", "b"), ((1, 2), (3, 4))), id="nothing to stand below"),
        pytest.param(Answer(("symbol", "n"), tuple((f"S{n}", n) for n in range(200))), id="too many names"),
        pytest.param(Answer(("symbol", "n"), (("IBM", None), ("AAPL", None))), id="nothing known"),
        pytest.param(Answer(("symbol", "n"), (("IBM", float("inf")), ("AAPL", float("nan")))), id="no number ends"),
    ],
)
def test_what_cannot_be_drawn_is_not(answer: Answer) -> None:
    assert drawing_of(answer) is None


@pytest.mark.parametrize(
    "values",
    [
        pytest.param((5, 5, 5, 5, 5), id="all the same"),
        pytest.param((0, 0, 0, 0, 0), id="all zero"),
        pytest.param((Decimal("1e-9"), 0, 0, 0, 0), id="tiny"),
        pytest.param((Decimal("1e18"), -1, 0, 0, 0), id="huge"),
        pytest.param((float("inf"), 1, 2, float("nan"), 3), id="no numbers at all"),
    ],
)
def test_any_numbers_are_drawn_within_the_picture(values: tuple[object, ...]) -> None:
    drawing = drawing_of(Answer(("day", "n"), rows(DAYS, values)))

    assert drawing is not None
    for which in (WIDE, NARROW):
        picture = ElementTree.fromstring(svg_of(drawing, which))
        points = re.findall(r"([\d.-]+),([\d.-]+)", picture.findall("polyline")[0].get("points", ""))
        assert points
        assert all(
            0 <= float(x) <= which.width and 0 <= float(y) <= float(picture.get("height", "")) for x, y in points
        )


def test_a_name_that_is_markup_is_text() -> None:
    drawing = drawing_of(Answer(("x", "<b>"), (("<script>", 1), ('"&', 2))))

    assert drawing is not None
    picture = svg_of(drawing, WIDE)
    assert "<script>" not in picture
    assert "&lt;script&gt;" in picture
    ElementTree.fromstring(picture)


def test_more_points_than_pixels_become_the_lowest_and_the_highest_of_each() -> None:
    many = tuple((f"2005-01-01 00:00:{n:05d}", n % 1000) for n in range(50_000))

    drawing = drawing_of(Answer(("at", "n"), many))

    assert drawing is not None
    picture = ElementTree.fromstring(svg_of(drawing, WIDE))
    assert len(picture.findall("polyline")[0].get("points", "").split()) <= 2 * WIDE.width
