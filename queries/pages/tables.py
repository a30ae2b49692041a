"""Reports that are tables, as pages: the same columns and figures as on the terminal, and what stands above them.

To make a page of another one: a function that gives `_page` its verdict and its sections.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from ledger.bridge import FLOWS, summed
from ledger.bridged_days import BridgedDay
from ledger.lots import ZERO, exactly
from ledger.returns import DAYS_A_YEAR, over
from queries.bridge import COLUMNS as BRIDGE_COLUMNS
from queries.bridge import is_told, row_of
from queries.closed_lots import History
from queries.figures import UNKNOWN, change, money, percent, percent_change
from queries.formats import plain
from queries.pages.drawing import Curve, bars, curves
from queries.performance import COLUMNS as PERIOD_COLUMNS
from queries.performance import (
    EVENNESS_DAYS_MIN,
    REALISED_COLUMNS,
    Period,
    Realised,
    period_row,
    periods,
    realised_row,
)
from queries.sections import Chart, Figure, Report, Section, Tone
from queries.strategies import COLUMNS as STRATEGY_COLUMNS
from queries.strategies import Part, part_row
from queries.strategies import totals as strategy_totals
from queries.streams import Column, shown_table
from queries.tables import HOME_ZONE
from queries.tax import DISPOSAL_COLUMNS, SUM_COLUMNS, Sums, disposal_lines, notes, payment_lines, sum_row
from queries.trades import COLUMNS as TRADE_COLUMNS
from queries.trades import rows_of as trades_of
from queries.trades import totals as trade_totals

Rows = Iterable[Sequence[object]]


def bridge_page(bridged: Sequence[BridgedDay], base_currency: str, account: str) -> Report:
    """Return the NAV bridges of some days as a page."""
    found = [told.bridge for told in bridged if told.bridge is not None]
    whole = summed(found) if len(found) == len(bridged) else None
    residual = None if whole is None else whole.residual
    rows = [row_of(told.day, told.bridge, told.unknown) for told in bridged]
    if len(rows) > 1:
        rows.append(row_of("together", whole, f"for {len(bridged) - len(found)} of {len(bridged)} days are"))
    places = [n for n, column in enumerate(BRIDGE_COLUMNS) if is_told(column.name, [row[n] for row in rows])]
    section = _table("", [BRIDGE_COLUMNS[n] for n in places], [[row[n] for n in places] for row in rows])
    verdict = f"NAV {UNKNOWN}" if whole is None else f"NAV {money(whole.opening)} → {money(whole.closing)}"
    remark = f"residual {money(residual)} {base_currency}"
    is_fine = whole is not None and not residual and all(not each.residual for each in found)
    drawn = (
        [(line, amount) for line, amount in whole.lines.items() if amount and line != FLOWS]
        if whole is not None
        else []
    )
    charts = Section("", charts=(Chart("What moved it", bars(drawn, change)),)) if drawn else Section("")
    return _page("NAV bridge", bridged[0].day, _span(bridged), verdict, (remark,), is_fine, (charts, section),
                 _plain(BRIDGE_COLUMNS, rows), account)  # fmt: skip


def performance_page(bridged: Sequence[BridgedDay], base_currency: str, account: str) -> Report:
    """Return what each month and all of them returned, as a page."""
    found = tuple(periods(bridged))
    months, whole = found[:-1], found[-1]
    rows = [period_row(period) for period in found]
    hidden = {"money_weighted_a_year"}
    places = [n for n, column in enumerate(PERIOD_COLUMNS) if column.name not in hidden]
    table = _table(
        "Month by month", [PERIOD_COLUMNS[n] for n in places], [[row[n] for n in places] for row in rows],
        after=("Volatility and Sharpe ratio are of daily returns, a year being 252 sessions, over nothing.",),
    )  # fmt: skip
    sections = (*_of_period(whole, base_currency), *_months(months), table)
    verdict = f"time-weighted {percent_change(whole.time_weighted)}" if whole.days else f"return {UNKNOWN}"
    remark = f"{whole.unknown}" if whole.unknown else f"gain {change(whole.gain)} {base_currency}"
    return _page("performance", bridged[0].day, _span(bridged), verdict, (remark,), not whole.unknown, sections,
                 _plain(PERIOD_COLUMNS, rows), account)  # fmt: skip


def _of_period(whole: Period, base_currency: str) -> Iterator[Section]:
    if not whole.days:
        return
    rate, fall, first, last = whole.money_weighted, whole.drawdown, whole.days[0], whole.days[-1]
    length = (last.day - first.day).days
    of_money = (
        Figure("money-weighted", UNKNOWN)
        if rate is None
        else Figure("money-weighted", percent_change(over(rate, length)), f"over {length} days")
        if length < DAYS_A_YEAR
        else Figure("money-weighted", percent_change(rate), "a year")
    )
    figures = [
        Figure(f"NAV {base_currency}", money(last.closing), f"from {money(first.opening)}"),
        Figure("gain", change(whole.gain), f"put in or taken out {change(whole.flows)}"),
        Figure("time-weighted", percent_change(whole.time_weighted)),
        of_money,
        Figure("deepest fall", UNKNOWN if fall is None else percent_change(fall.depth), _fell(whole)),
    ]
    if len(whole.days) >= EVENNESS_DAYS_MIN:
        ratio = whole.sharpe
        figures += [
            Figure("Sharpe ratio", UNKNOWN if ratio is None else f"{ratio:.2f}", f"a year, of {len(whole.days)} days"),
            Figure("volatility", percent(whole.volatility), "a year"),
        ]
    places = [f"{day.day.day} {day.day:%b %Y}" for day in whole.days]
    course = Chart(f"NAV {base_currency}", curves([Curve("NAV", [day.closing for day in whole.days])], places, _level))
    yield Section("", figures=tuple(figures), charts=(course,))


def _level(amount: Any) -> str:
    return f"{amount:,.0f}"


def _fell(whole: Period) -> str:
    fall = whole.drawdown
    if fall is None or fall.bottom_on is None:
        return ""
    since = "the beginning" if fall.peak_on is None else f"{fall.peak_on}"
    return f"{since} to {fall.bottom_on}" + (f", recovered {fall.recovered_on}" if fall.recovered_on else "")


def _months(months: Sequence[Period]) -> Iterator[Section]:
    told = [(period.name, period.time_weighted) for period in months]
    drawn = [(name, returned) for name, returned in told if returned is not None]
    if len(drawn) > 1:
        yield Section("", charts=(Chart("Time-weighted, by month", bars(drawn, percent_change)),))


def realised_page(found: Iterable[Realised], base_currency: str) -> Report:
    """Return what was realised by contract and month, as a page."""
    told = tuple(found)
    rows = [realised_row(each) for each in told]
    known = [each.in_base for each in told if each.in_base is not None]
    is_fine = len(known) == len(told)
    with exactly():
        total = sum(known, ZERO)
    verdict = f"realised {change(total) if is_fine else UNKNOWN} {base_currency}" if told else "nothing was closed"
    remark = f"In {base_currency} at the rate of each closing; commissions of both legs included."
    sections = (_table("", REALISED_COLUMNS, rows),)
    return _page("realised", None, "", verdict, (remark,), is_fine, sections, _plain(REALISED_COLUMNS, rows))


def trades_page(home: Path, first: date | None, last: date | None, *, zone: str = HOME_ZONE) -> Report:
    """Return every fill beside the price that it was decided at, as a page."""
    rows = trades_of(home, first, last, zone=zone)
    verdict, *more = trade_totals(rows)
    remark = "Slippage is against the plan's reference price; + is worse. Commissions are not in it."
    sections = (_table("", TRADE_COLUMNS, rows),)
    return _page("trades", first, "", f"slippage {verdict}" if rows else verdict, (*more, remark), True, sections,
                 _plain(TRADE_COLUMNS, rows))  # fmt: skip


def strategies_page(parts: Sequence[Part]) -> Report:
    """Return what each strategy has of each contract, as a page."""
    rows = [part_row(part) for part in parts]
    *each, verdict = tuple(strategy_totals(parts))
    remark = "Flows are since the log began; profit is value and flows, before money that is of no contract."
    sections = (_table("", STRATEGY_COLUMNS, rows, before=tuple(each)),)
    return _page("strategies", None, "", verdict, (remark,), True, sections, _plain(STRATEGY_COLUMNS, rows))


def tax_page(history: History, year: int) -> Report:
    """Return what was closed in a year, and income by payer, as a page; what it leaves out stands on top."""
    sums = Sums()
    disposed = [
        [getattr(line, column.name) for column in DISPOSAL_COLUMNS]
        for line in sums.watch(disposal_lines(history, year))
    ]
    for _ in sums.watch(payment_lines(history, year)):
        pass
    rows = [sum_row(told) for told in sums.told]
    paid = [row for row, told in zip(rows, sums.told, strict=True) if told.kind != "disposal"]
    base = history.book.base_currency
    sections = (
        Section("Left out", lines=tuple(f"– {note}" for note in notes(history, year))),
        _table("Disposals", DISPOSAL_COLUMNS, disposed),
        _table("Income, withholding, interest and fees, by payer", SUM_COLUMNS, paid),
    )
    verdict = f"{len(disposed)} disposals" if sums.complete else f"{len(disposed)} disposals; a rate is missing"
    remark = f"In {base}: cost at the rate of its day, proceeds at theirs. By trade date in {history.zone}."
    plain = _plain(SUM_COLUMNS, rows) | {"disposals": _plain(DISPOSAL_COLUMNS, disposed)["rows"]}
    return _page(f"tax {year}", date(year, 1, 1), "", verdict, (remark,), sums.complete, sections, plain,
                 history.book.account)  # fmt: skip


def _table(heading: str, columns: Sequence[Column], rows: Rows, *, before: tuple[str, ...] = (),
           after: tuple[str, ...] = ()) -> Section:  # fmt: skip
    shown, told = shown_table(columns, rows)
    texts = frozenset(place for place, column in enumerate(shown) if column.shown is None)
    head = tuple(column.name.replace("_", " ") for column in shown)
    if not told:
        return Section(heading, (*before, "none"), after=after)
    return Section(heading, before, head=head, rows=tuple(map(tuple, told)), texts=texts, after=after)


def _page(
    name: str, day: date | None, span: str, verdict: str, remarks: tuple[str, ...], is_fine: bool,
    sections: Sequence[Section], plain: dict[str, Any], account: str = "",
) -> Report:  # fmt: skip
    tone: Tone = "fine" if is_fine else "bad"
    title = " · ".join(word for word in (account, name, span) if word)
    shown = tuple(section for section in sections if section != Section(""))
    return Report(day or date.min, title, verdict, remarks, tone, shown, plain)


def _span(bridged: Sequence[BridgedDay]) -> str:
    first, last = bridged[0].day, bridged[-1].day
    return f"{first}" if first == last else f"{first} to {last}"


def _plain(columns: Sequence[Column], rows: Rows) -> dict[str, Any]:
    names = [column.name for column in columns]
    return {"rows": [dict(zip(names, map(plain, row), strict=True)) for row in rows]}
