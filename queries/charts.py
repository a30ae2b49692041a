"""NAV and leverage as a picture: one step a cycle, so that nights and weekends take no room.

Numbers turn into floats here, at the very end, because a pixel needs no cents. To mark something else on the NAV line,
collect it in `course_of`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ledger.checkpoints import folded_from
from ledger.events import BreakFound, CycleFailed, CycleStarted, LogStarted, SnapshotTaken
from ledger.line import Event
from ledger.log import read_events
from ledger.log.storage import day_files, events_folder

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAV_COLOUR, GAIN_COLOUR, LOSS_COLOUR = "#1b4965", "#5fa8d3", "#c1666b"
BREAK_COLOUR, KILL_COLOUR, CAP_COLOUR, QUIET = "#d1495b", "#333333", "#d1495b", "#8a8f98"
DAY_TICKS_MAX = 12
SIZE, SMALL = (10.0, 5.6), (6.0, 4.4)  # inches: a page, and a telephone, where the same letters are larger
MARK_LABELS_MAX = 8
FILES_MORE = 10  # of the log, for days without a session between


@dataclass(frozen=True, slots=True)
class Mark:
    """Something on the way: where on the line, what kind, its name."""

    step: int  # index of the first snapshot at or after it
    kind: Literal["break", "killed"]
    label: str


@dataclass(frozen=True, slots=True)
class Course:
    """What the picture shows."""

    account: str
    mode: str
    simulated: bool
    currency: str
    snapshots: tuple[SnapshotTaken, ...]
    marks: tuple[Mark, ...]
    is_small: bool = False  # for a telephone
    start: Decimal | None = None  # NAV that gains and losses are drawn against; None: what was put in


class NothingToDraw(Exception):
    """The log holds no snapshot yet."""


def nav_chart(home: Path, path: Path, *, leverage_max: Decimal | None = None, sessions: int | None = None) -> Path:
    """Draw NAV and gross leverage over the cycles into a PNG (or what the path's ending says); return the path.

    `sessions` is how many of the last ones are shown; all, if it is not said.
    """
    course = course_of(read_events(home)) if sessions is None else recent_course(home, sessions)
    if not course.snapshots:
        raise NothingToDraw(f"{home}: expected at least one finished cycle, found none: run `tallybook cycle` first")
    draw(course, path, leverage_max=leverage_max)
    return path


def course_of(events: Iterable[Event]) -> Course:
    """Collect the snapshots, and what happened on the way."""
    genesis: LogStarted | None = None
    snapshots: list[SnapshotTaken] = []
    marks: list[Mark] = []
    running = False
    for event in events:
        match event.fact:
            case LogStarted() as started:
                genesis = started
            case SnapshotTaken() as snapshot:
                snapshots.append(snapshot)
                running = False
            case BreakFound() as found if found.consequence != "note":
                marks.append(Mark(len(snapshots), "break", found.break_id))
            case CycleFailed() as failed:
                marks.append(Mark(len(snapshots), "killed", failed.signal or failed.code))
                running = False
            case CycleStarted():
                if running:
                    marks.append(Mark(len(snapshots), "killed", "died"))
                running = True
            case _:
                pass
    return Course(
        account=genesis.account if genesis else "",
        mode=genesis.mode if genesis else "",
        simulated=genesis is not None and genesis.clock == "simulated",
        currency=genesis.base_currency if genesis else "",
        snapshots=tuple(snapshots),
        marks=tuple(marks),
    )


def recent_course(home: Path, sessions: int) -> Course:
    """Return the last sessions, drawn against the NAV that they began with; earlier days are not read again."""
    files = day_files(events_folder(home))
    first = files[-min(len(files), 2 * sessions + FILES_MORE)].name
    book, seal = folded_from(home, before=first)
    course = course_of(read_events(home, since=seal))
    if book.log_id:
        course = replace(
            course, account=book.account, mode=book.mode, simulated=book.clock == "simulated",
            currency=book.base_currency,
        )  # fmt: skip
    return _last_of(replace(course, is_small=True), sessions)


def _last_of(course: Course, sessions: int) -> Course:
    days = sorted({snapshot.session_day for snapshot in course.snapshots})[-sessions:]
    first = next((n for n, snapshot in enumerate(course.snapshots) if snapshot.session_day in days), 0)
    marks = tuple(replace(mark, step=mark.step - first) for mark in course.marks if mark.step >= first)
    start = course.snapshots[first].nav if first else None
    return replace(course, snapshots=course.snapshots[first:], marks=marks, start=start)


def draw(course: Course, path: Path, *, leverage_max: Decimal | None) -> None:
    """Draw the course; no display is needed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=SMALL if course.is_small else SIZE, dpi=144, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    _draw_nav(above, course)
    _draw_leverage(below, course, leverage_max)
    _draw_days(above, below, course)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


def _draw_nav(axes: Axes, course: Course) -> None:
    from matplotlib.ticker import StrMethodFormatter

    navs = [float(snapshot.nav) for snapshot in course.snapshots]
    steps = range(len(navs))
    start = float(course.snapshots[0].flows if course.start is None else course.start)
    axes.axhline(start, color=QUIET, linewidth=0.8, linestyle=(0, (4, 4)))
    for colour, wanted in (
        (GAIN_COLOUR, [nav >= start for nav in navs]),
        (LOSS_COLOUR, [nav <= start for nav in navs]),
    ):
        axes.fill_between(steps, navs, start, where=wanted, interpolate=True, color=colour, alpha=0.18, linewidth=0)
    axes.plot(steps, navs, color=NAV_COLOUR, linewidth=1.8 if len(navs) < 500 else 0.9, solid_joinstyle="round")
    axes.plot(len(navs) - 1, navs[-1], "o", color=NAV_COLOUR, markersize=5)
    axes.annotate(
        f"{course.snapshots[-1].nav:,.2f}", (len(navs) - 1, navs[-1]), xytext=(8, 0), textcoords="offset points",
        va="center", fontsize=10, fontweight="bold", color=NAV_COLOUR, annotation_clip=False,
    )  # fmt: skip
    _draw_marks(axes, course, navs)
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_ylabel(f"NAV {course.currency}")
    axes.margins(x=0.01, y=0.14)
    axes.set_title(_title(course), loc="left", fontsize=12, fontweight="bold", color="#222222")
    if not course.is_small:
        axes.set_title(_subtitle(course), loc="right", fontsize=9, color=QUIET)
    _quieten(axes)


def _draw_marks(axes: Axes, course: Course, navs: list[float]) -> None:
    for kind, colour, marker, name, row in (
        ("break", BREAK_COLOUR, "X", "break found", 0.985),
        ("killed", KILL_COLOUR, "v", "cycle died or failed", 0.945),
    ):
        marks = [mark for mark in course.marks if mark.kind == kind]
        if not marks:
            continue
        where = [min(mark.step, len(navs) - 1) for mark in marks]
        heights = [navs[step] for step in where]
        axes.plot(where, heights, marker, color=colour, markersize=9, markeredgecolor="white", label=name, zorder=5)
        for mark, step, height in zip(marks, where, heights, strict=True) if len(marks) <= MARK_LABELS_MAX else ():
            _label(axes, mark.label, (step, height), row, colour)
    if course.marks and not course.is_small:  # there the names of the marks say it
        axes.legend(loc="best", frameon=False, fontsize=9)


def _label(axes: Axes, text: str, at: tuple[float, float], row: float, colour: str) -> None:
    """Write a mark's name above everything, in the room that the margin leaves, with a thin line down to it."""
    axes.annotate(
        text, at, xytext=(at[0], row), textcoords=axes.get_xaxis_transform(), ha="center", va="top", fontsize=8,
        color=colour, arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "alpha": 0.5, "shrinkB": 5},
    )  # fmt: skip


def _draw_leverage(axes: Axes, course: Course, leverage_max: Decimal | None) -> None:
    gross = [float(snapshot.leverage_gross) for snapshot in course.snapshots]
    steps = range(len(gross))
    axes.fill_between(steps, gross, 0, step="mid", color=GAIN_COLOUR, alpha=0.35, linewidth=0)
    axes.step(steps, gross, where="mid", color=NAV_COLOUR, linewidth=1.2)
    top = max([*gross, 0.01])
    if leverage_max is not None:
        cap = float(leverage_max)
        top = max(top, cap)
        axes.axhline(cap, color=CAP_COLOUR, linewidth=1.0, linestyle=(0, (4, 3)))
        axes.annotate(
            f"cap {leverage_max:.2f}", (0, cap), xytext=(4, -3), textcoords="offset points", va="top", fontsize=8,
            color=CAP_COLOUR,
        )  # fmt: skip
    axes.set_ylim(0, top * 1.12)
    axes.set_ylabel("gross leverage")
    _quieten(axes)


def _draw_days(above: Axes, below: Axes, course: Course) -> None:
    """Name the days below, each where its first cycle stands, and shade every other one."""
    firsts: list[tuple[int, date]] = []
    for step, snapshot in enumerate(course.snapshots):
        if not firsts or firsts[-1][1] != snapshot.session_day:
            firsts.append((step, snapshot.session_day))
    edges = [step - 0.5 for step, _ in firsts] + [len(course.snapshots) - 0.5]
    ticks_max = DAY_TICKS_MAX // 2 if course.is_small else DAY_TICKS_MAX
    if len(firsts) <= DAY_TICKS_MAX * 2:
        for axes in (above, below):
            for left, right in list(pairwise(edges))[1::2]:
                axes.axvspan(left, right, color="#f3f5f7", zorder=0, linewidth=0)
    every = -(-len(firsts) // ticks_max)
    named = [((left + right) / 2, day) for (_, day), left, right in zip(firsts, edges, edges[1:], strict=False)][
        ::every
    ]
    below.set_xticks([middle for middle, _ in named], [f"{day:%a}\n{day.day} {day:%b}" for _, day in named], fontsize=9)
    below.set_xlim(-0.5, len(course.snapshots) - 0.5)


def _quieten(axes: Axes) -> None:
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#c9ced6")
    axes.grid(axis="y", color="#e3e6ea", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelsize=9, colors="#444444")


def _title(course: Course) -> str:
    where = "SIMULATED broker" if course.simulated else course.mode
    return f"{course.account} · {where}"


def _subtitle(course: Course) -> str:
    first, last = course.snapshots[0].session_day, course.snapshots[-1].session_day
    return f"{first.day} {first:%b %Y} – {last.day} {last:%b %Y} · after each of {len(course.snapshots)} cycles"
