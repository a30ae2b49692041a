"""An answer as a picture: a strip for each column of numbers, all over the same names or times. SVG, without a script.

What stands in the first column that tells a day, a moment or a name is the axis: times become lines, names become bars.
Numbers turn into floats here, at the very end: a pixel needs no cents. Colours are the page's (`templates/style.css`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape
from typing import NamedTuple

from queries.sql import Answer, cell_text
from trader.commands.dashboard.links import lead

STRIPS_MAX, STRIPS_OF_BARS_MAX, LINES_MAX, BARS_MAX = 4, 2, 6, 40
DOTS_MAX = 90  # of a line with more points none is told by itself
TIME = re.compile(r"\d{4}-\d{2}(-\d{2}([ T]\d{2}:\d{2}.*)?)?")
IDENTITY = re.compile(r"(.*_)?(id|seq|sha256|hash|attempt|v)")
ROW_OF_BARS = 20


@dataclass(frozen=True, slots=True)
class Size:
    """How large a picture is, in pixels; its letters do not shrink with it."""

    width: int
    strip: int  # height of each
    ticks: int  # names below
    name: int  # so many letters of a name beside a bar


WIDE, NARROW = Size(1080, 190, 8, 28), Size(350, 150, 3, 12)


class Line(NamedTuple):
    """One series: its name, and what it is at each place of the axis; None where nothing is told."""

    name: str
    values: tuple[float | None, ...]


class Strip(NamedTuple):
    """One column of numbers."""

    name: str
    lines: tuple[Line, ...]


class Drawing(NamedTuple):
    """What is drawn: the axis, and the strips above it."""

    axis: tuple[str, ...]
    strips: tuple[Strip, ...]
    is_course: bool  # lines over time; else bars by name


def drawing_of(answer: Answer) -> Drawing | None:
    """Choose what of an answer can be drawn; None for a single row, or where no column is a number."""
    numbers = [at for at in range(len(answer.columns)) if _is_measure(answer, at)][:STRIPS_MAX]
    axis = _axis(answer)
    if axis is None or not numbers or len(answer.rows) < 2:
        return None
    is_course = all(_is_time(row[axis]) for row in answer.rows)
    rows = sorted(answer.rows, key=lambda row: str(row[axis])) if is_course else list(answer.rows)
    places = [cell_text(row[axis]) for row in rows]
    repeated = len(set(places)) < len(places)
    if repeated and (not is_course or _group(answer, axis) is not None):
        places = list(dict.fromkeys(places))
        strips = _grouped(answer, rows, axis, numbers, places)
    else:
        strips = [Strip(answer.columns[at], (Line("", tuple(_float(row[at]) for row in rows)),)) for at in numbers]
    strips = [strip for strip in strips if _moves(strip)] or strips  # a limit that never changed tells little
    if not strips or (not is_course and len(places) > BARS_MAX):
        return None
    if not is_course:
        strips = strips[:STRIPS_OF_BARS_MAX]
    return Drawing(tuple(places), tuple(strips), is_course)


def _moves(strip: Strip) -> bool:
    return len({value for line in strip.lines for value in line.values}) > 1


def _grouped(
    answer: Answer, rows: Sequence[tuple[object, ...]], axis: int, numbers: list[int], places: list[str]
) -> list[Strip]:
    """Tell series apart by the next column of names; none where they are too many, or where that does not suffice."""
    group = _group(answer, axis)
    if group is None:
        return []
    names = list(dict.fromkeys(cell_text(row[group]) for row in rows))
    found = {(cell_text(row[group]), cell_text(row[axis])): row for row in rows}
    if len(found) < len(rows) or len(names) > LINES_MAX:
        return []
    return [
        Strip(
            answer.columns[at],
            tuple(
                Line(name, tuple(_float(row[at]) if (row := found.get((name, x))) else None for x in places))
                for name in names
            ),
        )
        for at in numbers
    ]


def _axis(answer: Answer) -> int | None:
    """Choose what stands below: moments that tell the rows apart, else whatever names them first."""
    named = [at for at in range(len(answer.columns)) if _is_axis(answer, at)]
    moments = (
        at
        for at in named
        if all(_is_time(row[at]) for row in answer.rows)
        if _tells_apart([row[at] for row in answer.rows])
    )
    return next(moments, named[0] if named else None)


def _tells_apart(cells: list[object]) -> bool:
    return len(set(cells)) == len(cells)


def _group(answer: Answer, axis: int) -> int | None:
    return next((at for at in range(len(answer.columns)) if at != axis and _is_axis(answer, at)), None)


def _is_measure(answer: Answer, at: int) -> bool:
    name = answer.columns[at]
    if lead(name, 1) is not None or IDENTITY.fullmatch(name):
        return False
    told = [row[at] for row in answer.rows if row[at] is not None]
    return any(_float(cell) is not None for cell in told) and all(
        isinstance(cell, Decimal | int | float) and not isinstance(cell, bool) for cell in told
    )


def _is_axis(answer: Answer, at: int) -> bool:
    return bool(answer.rows) and all(isinstance(row[at], str | date) for row in answer.rows)


def _is_time(cell: object) -> bool:
    return isinstance(cell, date) or (isinstance(cell, str) and TIME.fullmatch(cell) is not None)


def _float(cell: object) -> float | None:
    number = float(cell) if isinstance(cell, Decimal | int | float) else None
    return number if number is not None and math.isfinite(number) else None


def svg_of(drawing: Drawing, size: Size) -> str:
    """Draw it."""
    if drawing.is_course:
        parts = [_course(drawing, strip, place, size) for place, strip in enumerate(drawing.strips)]
        height = size.strip * len(drawing.strips) + 24
        return _svg(size, height, [*("".join(part) for part in parts), *_dates(drawing, size, height)], drawing)
    each = ROW_OF_BARS * len(drawing.axis) + 30
    parts = [_bars(drawing, strip, place * each, size) for place, strip in enumerate(drawing.strips)]
    return _svg(size, each * len(drawing.strips), ["".join(part) for part in parts], drawing)


def _svg(size: Size, height: int, parts: list[str], drawing: Drawing) -> str:
    words = escape(", ".join(strip.name for strip in drawing.strips))
    return (
        f'<svg class="plot" role="img" aria-label="{words}" viewBox="0 0 {size.width} {height}" '
        f'width="{size.width}" height="{height}">{"".join(parts)}</svg>'
    )


LEFT, RIGHT, ABOVE, BELOW = 66, 12, 26, 8  # margins of a strip


def _course(drawing: Drawing, strip: Strip, place: int, size: Size) -> Iterator[str]:
    """Draw the lines of one strip, over ticks at round numbers."""
    told = [value for line in strip.lines for value in line.values if value is not None]
    ticks = _ticks(min(told), max(told))
    low, high = min(ticks[0], *told), max(ticks[-1], *told)
    top, bottom = place * size.strip + ABOVE, (place + 1) * size.strip - BELOW
    across, up = (size.width - LEFT - RIGHT) / max(len(drawing.axis) - 1, 1), (bottom - top) / (high - low)

    def at(index: int, value: float) -> tuple[float, float]:
        return LEFT + index * across, bottom - (value - low) * up

    yield from _legend(strip, place * size.strip + 15)
    for tick in ticks:
        y = at(0, tick)[1]
        zero = " zero" if tick == 0 else ""
        yield f'<path class="grid{zero}" d="M{LEFT} {y:.1f}H{size.width - RIGHT}"/>'
        yield _tick(LEFT - 8, round(y + 4, 1), _figure(tick, ticks))
    for number, line in enumerate(strip.lines):
        points = [(index, value) for index, value in enumerate(line.values) if value is not None]
        drawn = " ".join("{:.1f},{:.1f}".format(*at(*point)) for point in _thinned(points, size.width))
        yield f'<polyline class="line s{number}" points="{drawn}"/>'
        for index, value in points if len(points) <= DOTS_MAX else points[-1:]:
            x, y = at(index, value)
            words = f"{escape(f'{drawing.axis[index]} {line.name}'.strip())}: {value:,g}"
            yield f'<circle class="dot s{number}" cx="{x:.1f}" cy="{y:.1f}" r="2.5"><title>{words}</title></circle>'


def _legend(strip: Strip, y: int) -> Iterator[str]:
    """Name the column, and each line where there are several."""
    several = "".join(
        f'<tspan class="key s{number}" dx="12">{escape(line.name)}</tspan>'
        for number, line in enumerate(strip.lines)
        if line.name
    )
    yield f'<text class="name" x="4" y="{y}">{escape(strip.name)}{several}</text>'


def _dates(drawing: Drawing, size: Size, height: int) -> Iterator[str]:
    last = len(drawing.axis) - 1
    for index in _evenly(last, size.ticks):
        x = LEFT + index * (size.width - LEFT - RIGHT) / max(last, 1)
        anchor = "start" if index == 0 else "end" if index == last else "middle"
        words = escape(drawing.axis[index][: 10 if len(drawing.axis[index]) <= 10 or last > 40 else 16])
        yield _tick(round(x, 1), height - 6, words, anchor)


def _evenly(last: int, most: int) -> list[int]:
    """Choose places from the first to the last one, as far from each other."""
    step = max(1, math.ceil(last / (most - 1)))
    shown = list(range(0, last + 1, step))
    if shown[-1] != last:
        shown = [*shown[: -1 if last - shown[-1] < 0.75 * step else None], last]
    return shown


def _bars(drawing: Drawing, strip: Strip, top: int, size: Size) -> Iterator[str]:
    """Draw a row for each name, from zero to the left or to the right."""
    told = [value for line in strip.lines for value in line.values if value is not None]
    low, high = min(0.0, *told), max(0.0, *told)
    left, right = size.name * 7 + 8, size.width - 84
    across = (right - left) / ((high - low) or 1)
    yield f'<text class="name" x="4" y="{top + 15}">{escape(strip.name)}</text>'
    alike = _alike(drawing.axis)
    thick = (ROW_OF_BARS - 6) / len(strip.lines)
    for index, name in enumerate(drawing.axis):
        y = top + 24 + index * ROW_OF_BARS
        yield _tick(left - 8, y + 12, escape(_short(name[alike:], size.name)))
        for number, line in enumerate(strip.lines):
            value = line.values[index]
            if value is None:
                continue
            x, width = left + (min(value, 0.0) - low) * across, max(abs(value) * across, 0.5)
            where = f'x="{x:.1f}" y="{y + 1 + number * thick:.1f}" width="{width:.1f}" height="{thick:.1f}"'
            words = f"{escape(f'{name} {line.name}'.strip())}: {value:,g}"
            yield f'<rect class="bar s{number}" {where}><title>{words}</title></rect>'
        if len(strip.lines) == 1 and (value := strip.lines[0].values[index]) is not None:
            yield _tick(size.width - 4, y + 12, _figure(value, told))


def _tick(x: float, y: float, words: str, anchor: str = "end") -> str:
    return f'<text class="tick" x="{x}" y="{y}" text-anchor="{anchor}">{words}</text>'


def _alike(names: Sequence[str]) -> int:
    """Return how many letters all names begin with, up to the end of a part: `2005-02-28/` of slots of a day."""
    first, last = min(names), max(names)  # whatever these two begin with, those between do too
    same = next((at for at, letter in enumerate(first) if last[at] != letter), len(first))
    return max(first.rfind(end, 0, same) for end in "/-_. ") + 1


def _short(name: str, letters: int) -> str:
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def _thinned(points: Sequence[tuple[int, float]], width: int) -> Iterator[tuple[int, float]]:
    """Keep the lowest and the highest of what falls on one pixel, in order."""
    each = math.ceil(len(points) / width)
    if each <= 2:
        yield from points
        return
    for begin in range(0, len(points), each):
        run = points[begin : begin + each]
        low, high = min(run, key=lambda point: point[1]), max(run, key=lambda point: point[1])
        yield from sorted({low, high})


def _ticks(low: float, high: float) -> list[float]:
    """Return three to six round numbers that span the values."""
    if low == high:
        low, high = (low - 1, high + 1) if low == 0 else (low - abs(low) * 0.05, high + abs(high) * 0.05)
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _figure(value: float, among: Sequence[float]) -> str:
    """Spell a number with the places that tell it from its neighbours."""
    largest = max(abs(other) for other in among)
    if largest >= 1e15 or (0 < largest < 1e-6):
        return f"{value:g}"
    most = 0 if largest >= 1e5 else 3 if largest >= 0.1 else 6
    places = next((n for n in range(most) if all(round(other, n) == other for other in among)), most)
    return f"{value:,.{max(places, 2 * bool(places))}f}"
