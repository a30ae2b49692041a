from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.log import read_events
from queries.charts import Mark, NothingToDraw, _draw_nav, course_of, nav_chart
from tests.queries.history import closed, new_world, two_sessions

PNG = b"\x89PNG\r\n\x1a\n"


def test_the_course_marks_breaks_and_dead_cycles_where_they_happened(tmp_path: Path) -> None:
    course = course_of(read_events(closed(two_sessions(tmp_path))))

    assert [snapshot.nav for snapshot in course.snapshots][-1] == Decimal("100080.67")
    assert course.marks == (Mark(2, "break", "B-1"), Mark(6, "killed", "SIGKILL"))
    assert (course.account, course.simulated, course.currency) == ("DU1000001", True, "USD")


def test_a_cycle_that_simply_stopped_is_marked(tmp_path: Path) -> None:
    world = two_sessions(tmp_path)
    world.begin(world.moment.date(), "10:35")
    world.begin(world.moment.date(), "10:40", attempt=2)

    assert course_of(read_events(closed(world))).marks[-1] == Mark(7, "killed", "died")


def test_the_chart_is_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    home = closed(two_sessions(tmp_path))

    path = nav_chart(home, home / "charts" / "nav.png", leverage_max=Decimal("1.5"))

    assert path.read_bytes().startswith(PNG)


def test_no_label_lies_on_the_curve(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

    course = course_of(read_events(closed(two_sessions(tmp_path))))
    figure = Figure(figsize=(10, 4), dpi=100)
    canvas: Any = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _draw_nav(axes, course)
    canvas.draw()

    highest = max(axes.transData.transform((0, float(snapshot.nav)))[1] for snapshot in course.snapshots)
    labels = {child.get_text(): child for child in axes.get_children() if isinstance(child, Annotation)}
    assert {"B-1", "SIGKILL"} <= labels.keys()
    for name in ("B-1", "SIGKILL"):
        assert super(Annotation, labels[name]).get_window_extent(canvas.get_renderer()).y0 > highest


def test_without_a_snapshot_there_is_nothing_to_draw(tmp_path: Path) -> None:
    home = closed(new_world(tmp_path))

    with pytest.raises(NothingToDraw, match="expected at least one finished cycle"):
        nav_chart(home, home / "nav.png")
    assert not (home / "nav.png").exists()
