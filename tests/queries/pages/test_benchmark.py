from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

from ledger.events import SeriesRow
from ledger.returns import DayOfAccount
from queries.pages.benchmark import Closes, course, kept_closes

D = Decimal
HEADER = "day,open,high,low,close,volume,adjusted_close"


def day(number: int) -> date:
    return date(2005, 3, number)


def closes(**told: str) -> Closes:
    """Closes by day of March: d1="100"."""
    return Closes("SPY", {day(int(name[1:])): D(close) for name, close in told.items()})


def account(*told: tuple[int, str, str, str]) -> tuple[DayOfAccount, ...]:
    return tuple(
        DayOfAccount(day(number), D(opening), D(flows), D(closing)) for number, opening, flows, closing in told
    )


def keep(home: Path, told: Mapping[int, tuple[str, str]]) -> SeriesRow:
    """Keep a series as a cycle does: close and adjusted close by day of March."""
    lines = (f"{day(n)},1,1,1,{close},5,{adjusted}" for n, (close, adjusted) in sorted(told.items()))
    content = "\n".join((HEADER, *lines, "")).encode()
    digest = sha256(content).hexdigest()
    path = home / "var" / "data" / digest[:2] / f"{digest}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return SeriesRow(con_id=1, symbol="SPY", sha256=digest, bars=len(told), first=day(min(told)), last=day(max(told)))


def test_the_same_money_goes_in_on_the_same_days() -> None:
    found = course(account((2, "1000", "0", "990"), (3, "990", "500", "1500")), closes(d1="100", d2="110", d3="99"))

    assert found.values == (D(1100), D(1440))  # 1000 x 1.1; (1100 + 500) x 0.9
    assert (found.total_return, found.until) == (D("-0.01"), day(3))


def test_a_day_without_a_close_is_not_known_and_the_last_ones_are_left_out() -> None:
    told = account((2, "1000", "0", "1"), (3, "1", "0", "1"), (4, "1", "0", "1"))

    assert course(told, closes(d1="100", d2="120")).values == (D(1200), None, None)
    assert course(told, closes(d1="100", d2="120")).until == day(2)
    assert course(told, closes(d3="100", d4="120")).values == (None, None, None)  # nothing to grow from


def test_dividends_are_in_adjusted_closes(tmp_path: Path) -> None:
    row = keep(tmp_path, {1: ("100", "98"), 2: ("98", "98")})

    found = kept_closes(tmp_path, "SPY", [row], day(2))

    assert found is not None
    assert found.with_dividends
    assert (
        course(
            account(
                (2, "1000", "0", "1"),
            ),
            found,
        ).total_return
        == 0
    )


def test_raw_closes_are_told_as_such(tmp_path: Path) -> None:
    found = kept_closes(tmp_path, "SPY", [keep(tmp_path, {1: ("100", ""), 2: ("98", "")})], day(2))

    assert found is not None
    assert not found.with_dividends
    assert course(
        account(
            (2, "1000", "0", "1"),
        ),
        found,
    ).total_return == D("-0.02")


def test_an_older_series_is_linked_where_both_tell_a_day(tmp_path: Path) -> None:
    older = keep(tmp_path, {1: ("100", "50"), 2: ("110", "55"), 3: ("121", "60.5")})
    newer = keep(tmp_path, {3: ("121", "30.25"), 4: ("121", "30.25")})  # another dividend since: all of it was adjusted

    found = kept_closes(tmp_path, "SPY", [older, newer], day(1))

    assert found is not None
    assert found.closes == {day(1): D(25), day(2): D("27.5"), day(3): D("30.25"), day(4): D("30.25")}


def test_a_series_with_adjusted_closes_is_preferred_to_a_newer_one_without(tmp_path: Path) -> None:
    adjusted = keep(tmp_path, {1: ("100", "50"), 2: ("110", "55")})
    raw = keep(tmp_path, {1: ("100", ""), 2: ("110", ""), 3: ("120", "")})

    found = kept_closes(tmp_path, "SPY", [adjusted, raw], day(1))

    assert found is not None
    assert found.with_dividends
    assert max(found.closes) == day(2)


def test_a_damaged_series_and_none_at_all_are_no_benchmark(tmp_path: Path) -> None:
    row = keep(tmp_path, {1: ("100", "98")})
    next((tmp_path / "var" / "data").glob("*/*.csv")).write_text("day,close\n", encoding="utf-8")

    assert kept_closes(tmp_path, "SPY", [row], day(1)) is None
    assert kept_closes(tmp_path, "SPY", [], day(1)) is None
