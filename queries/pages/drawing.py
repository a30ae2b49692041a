"""Pictures of a page as SVG: curves over time, and bars by name. No library, no script, no colour: the style sheet's.

Text stays text: it can be read aloud, searched, and is larger on a telephone. Figures turn into floats here, at the
very end, because a pixel needs no cents. To draw a curve in another way: a style in `templates/report.css`, and its
name in `Style`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from html import escape
from itertools import groupby, pairwise
from math import floor, log10
from typing import Literal, NamedTuple

Style = Literal["line", "second", "limit", "area"]
Shown = Callable[[Decimal], str]
Point = tuple[float, float]
TOP, BOTTOM = 24.0, 24.0  # room for the upper label, and for the days
BAR, NAMES, FIGURES = 24.0, 110.0, 120.0  # height of a row; room for the names and for the figures
TICKS_MAX = 8
ROUND_STEPS = ((1, 1.5), (2, 3.5), (5, 7.5))  # between levels, and up to how much is rounded to it
POINTS_MAX = 250  # more of them need no tip each
SPARKS = "▁▂▃▄▅▆▇█"
SPARK_WIDTH = 40


class Size(NamedTuple):
    """How large a picture is drawn, in units of its own: the page scales it to the room that there is."""

    name: str  # the style sheet's, which makes its letters as large as those around it
    width: float
    height: float
    levels: int


WIDE, NARROW = Size("wide", 640.0, 230.0, 3), Size("narrow", 480.0, 150.0, 2)


class Curve(NamedTuple):
    """One line; None where it is not known."""

    name: str
    values: Sequence[Decimal | None]
    style: Style = "line"
    steps: bool = False


class Mark(NamedTuple):
    """Something on the way: where, and what."""

    place: int
    words: str


class Frame(NamedTuple):
    """Where figures lie on the paper."""

    places: int
    low: float
    high: float
    size: Size

    def x(self, place: float) -> float:
        """Return where a place lies; one alone stands in the middle."""
        return self.size.width * (place / (self.places - 1) if self.places > 1 else 0.5)

    def y(self, value: float) -> float:
        """Return where a value lies."""
        room = self.size.height - TOP - BOTTOM
        return TOP + room * (1 - (value - self.low) / (self.high - self.low))


def curves(
    told: Sequence[Curve],
    places: Sequence[str],
    shown: Shown,
    *,
    marks: Sequence[Mark] = (),
    base: Decimal | None = None,
    size: Size = WIDE,
) -> str:
    """Draw curves over places that have names (days); `base` is always in sight, and areas reach down to it."""
    values = [float(value) for curve in told for value in curve.values if value is not None]
    frame = _frame(len(places), values + ([] if base is None else [float(base)]), size)
    levels = list(_levels(frame))
    inside = [_line(frame, frame.y(float(level))) for level in levels]
    for curve in told:
        inside += _curve(frame, curve, base)
    inside += [_text(0, frame.y(float(level)) - 4, shown(level)) for level in levels]
    inside += _names(frame, places)
    inside += [_mark(frame, told[0], mark) for mark in marks]
    inside += _last(frame, told[0], shown)
    inside += _tips(frame, told, places, shown)
    return _svg(size.name, size.width, size.height, inside)


def bars(rows: Sequence[tuple[str, Decimal]], shown: Shown, *, less_is_better: bool = False) -> str:
    """Draw a bar a name: above nothing to the right, below it to the left, and what is good in the colour of gains."""
    values = [float(value) for _, value in rows]
    low, high = min([*values, 0.0]), max([*values, 0.0])
    scale = (WIDE.width - NAMES - FIGURES) / ((high - low) or 1.0)
    zero = NAMES - low * scale
    inside = [f'<line class="axis" x1="{zero:.1f}" x2="{zero:.1f}" y1="0" y2="{BAR * len(rows):.1f}"/>']
    for place, (name, value) in enumerate(rows):
        length, top = abs(float(value)) * scale, BAR * place
        left = zero if value >= 0 else zero - length
        style = "gain" if (value < 0) == less_is_better else "loss"
        inside += [
            f'<rect class="{style}" x="{left:.1f}" y="{top + 4:.1f}" width="{length:.1f}" height="{BAR - 8:.1f}"/>',
            _text(0, top + BAR * 0.66, name, "strong"),
            _text(WIDE.width, top + BAR * 0.66, shown(value), "end"),
        ]
    return _svg(WIDE.name, WIDE.width, BAR * max(len(rows), 1), inside)


def spark(values: Sequence[Decimal | None]) -> str:
    """Draw a course in a few characters; a gap where it is not known."""
    every = -(-len(values) // SPARK_WIDTH) or 1
    taken = [values[min(start + every, len(values)) - 1] for start in range(0, len(values), every)]
    known = [float(value) for value in taken if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    last = len(SPARKS) - 1
    return "".join(" " if each is None else SPARKS[round(last * (float(each) - low) / span)] for each in taken)


def _svg(name: str, width: float, height: float, inside: Sequence[str]) -> str:
    lines = "\n".join(inside)
    return f'<svg class="chart {name}" viewBox="0 0 {width:.0f} {height:.0f}" role="img">\n{lines}\n</svg>'


def _text(x: float, y: float, words: str, style: str = "") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def _frame(places: int, values: Sequence[float], size: Size) -> Frame:
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if low == high == 0:
        high = 1.0
    spare = (high - low) * 0.06 or abs(high) * 0.01
    return Frame(places, low - spare if low else low, high + spare if high else high, size)


def _line(frame: Frame, y: float) -> str:
    return f'<line class="grid" x1="0" x2="{frame.size.width:.0f}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _levels(frame: Frame) -> Iterator[Decimal]:
    """Choose a few round levels; each is named above its line, so that no room is lost at the side."""
    step = _round_step((frame.high - frame.low) / frame.size.levels)
    level = floor(frame.low / float(step) + 1) * step
    while float(level) <= frame.high:
        yield level
        level += step


def _round_step(rough: float) -> Decimal:
    power = floor(log10(rough))
    factor = next((step for step, until in ROUND_STEPS if until * 10.0**power >= rough), 10)
    return Decimal(factor).scaleb(power)


def _names(frame: Frame, places: Sequence[str]) -> Iterator[str]:
    """Name the places below; places in a row that have one name are named once, and only some where there are many."""
    firsts = [(place, name) for name, group in groupby(enumerate(places), key=lambda each: each[1])
              for place, _ in (next(group),)]  # fmt: skip
    every = -(-len(firsts) // TICKS_MAX) or 1
    chosen = [each for each in firsts[::every] if not each[0] or frame.x(each[0]) > frame.size.width / TICKS_MAX]
    for number, (place, name) in enumerate(chosen):
        style = "" if number == 0 else "end" if place == frame.places - 1 else "middle"
        x = 0.0 if number == 0 else frame.x(place)
        minor = " minor" if number % 2 else ""
        yield _text(x, frame.size.height - 6, name, f"{style}{minor}".strip())


def _curve(frame: Frame, curve: Curve, base: Decimal | None) -> Iterator[str]:
    for known, group in groupby(enumerate(curve.values), key=lambda each: each[1] is not None):
        points = [(frame.x(place), frame.y(float(value or 0))) for place, value in group]
        if not known:
            continue
        if curve.steps:
            points = list(_stepped(points))
        if len(points) == 1:  # of one place alone: a line across
            x, y = points[0]
            points = [(max(x - 20, 0.0), y), (min(x + 20, frame.size.width), y)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        if curve.style == "area":
            floor_y = frame.y(frame.low if base is None else float(base))
            left, right = points[0][0], points[-1][0]
            yield f'<path class="area" d="M{left:.1f} {floor_y:.1f}L{path}L{right:.1f} {floor_y:.1f}Z"/>'
        else:
            yield f'<path class="{curve.style}" d="M{path}"/>'


def _stepped(points: Sequence[Point]) -> Iterator[Point]:
    yield points[0]
    for (_, before), (x, y) in pairwise(points):
        yield (x, before)
        yield (x, y)


def _mark(frame: Frame, curve: Curve, mark: Mark) -> str:
    place = min(mark.place, len(curve.values) - 1)
    value = curve.values[place]
    y = frame.size.height - BOTTOM if value is None else frame.y(float(value))
    at = f'cx="{frame.x(place):.1f}" cy="{y:.1f}"'
    return f'<circle class="mark" {at} r="4.5"><title>{escape(mark.words)}</title></circle>'


def _last(frame: Frame, curve: Curve, shown: Shown) -> Iterator[str]:
    """Write the last known figure at the end of the first curve, where the curve does not come from."""
    known = [(place, float(value), value) for place, value in enumerate(curve.values) if value is not None]
    if known:
        place, height, value = known[-1]
        before = [each for _, each, _ in known[-max(len(known) // 8, 2) :]]
        fell = max(before) - height > height - min(before)
        y = min(frame.y(height) + 15, frame.size.height - BOTTOM) if fell else max(frame.y(height) - 9, 16.0)
        x = frame.x(place)
        yield _text(x, y, shown(value), "strong end" if x > frame.size.width / 4 else "strong")


def _tips(frame: Frame, told: Sequence[Curve], places: Sequence[str], shown: Shown) -> Iterator[str]:
    if len(places) > POINTS_MAX:
        return
    for place, name in enumerate(places):
        lines = [
            f"{curve.name} {shown(value)}"
            for curve in told
            if curve.style != "area" and (value := curve.values[place]) is not None
        ]
        value = told[0].values[place]
        if lines and value is not None:
            words = escape("\n".join((name, *lines)))
            at = f'cx="{frame.x(place):.1f}" cy="{frame.y(float(value)):.1f}"'
            yield f'<circle class="point" {at} r="5"><title>{words}</title></circle>'
