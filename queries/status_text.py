"""The status as a person reads it, and as a program does: text, JSON, CSV."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from queries.disk import bytes_text
from queries.figures import (
    change,
    city,
    clock_time,
    columns,
    day_and_time,
    money,
    percent,
    percent_change,
    price,
    quantity,
)
from queries.formats import Answer, Format, csv_text, plain
from queries.status import CashLine, PositionLine, Status


def print_status(shown: Status, format: Format = "table") -> int:
    """Print the status; return its exit status."""
    match format:
        case "table":
            print("\n".join(status_lines(shown)))
        case "json":
            print(json_of(shown))
        case "csv":
            print(csv_text(figures_of(shown)), end="")
    return shown.exit_status


def status_lines(shown: Status) -> list[str]:
    """Spell the status: the important thing first."""
    waits = f"{len(shown.waiting)} waiting for you" if shown.waiting else "nothing waits for you"
    following = [f"next cycle {shown.next_cycle}"] if shown.next_cycle else []
    return [
        f"{shown.account} {shown.mode} · {day_and_time(shown.now, shown.zone)} {city(shown.zone)}",
        " · ".join([shown.verdict, waits, *following]),
        *(f" ! {line}" for line in shown.waiting),
        _nav_line(shown),
        *_holding_lines(shown),
        _agreement_line(shown),
        *_provisional_lines(shown),
        *(f" {line}" for line in shown.data_faults),
        *(
            f"expected: {change(amount)} {currency} by {until} ({name})"
            for name, amount, currency, until in shown.expected
        ),
        *(f"kept back: {line}" for line in shown.kept_back),
        *(f" since the snapshot: {line}" for line in shown.since_then),
        *_disk_lines(shown),
    ]


def _nav_line(shown: Status) -> str:
    if shown.nav is None or shown.nav_at is None:
        return "NAV unknown: no cycle has taken a snapshot yet"
    day = (
        "today" if _is_today(shown) else f"{shown.session_day:%a} {shown.session_day.day}" if shown.session_day else ""
    )
    cap = "" if shown.leverage_max is None else f" of {shown.leverage_max:.2f}"
    leverage = "unknown" if shown.leverage is None else f"{shown.leverage:.2f}{cap}"
    share = "" if shown.today_share is None else f" ({percent_change(shown.today_share)})"
    return "   ".join(
        (
            f"NAV {money(shown.nav)}",
            f"{day} {change(shown.today)}{share}",
            f"start {percent_change(shown.since_start)}",
            f"drawdown {percent(shown.drawdown, 2)}",
            f"leverage {leverage}",
            f"({_when(shown.nav_at, shown)})",
        )
    )


def _holding_lines(shown: Status) -> list[str]:
    several = len({line.currency for line in shown.positions} | {line.currency for line in shown.cash}) > 1
    rows = [_position_cells(line, several) for line in shown.positions]
    rows += [_cash_cells(line, several) for line in shown.cash]
    return [line.rstrip() for line in columns(rows, right=frozenset({1, 3, 4, 5, 7}), gap=" ")] if rows else []


def _cash_cells(line: CashLine, several: bool) -> tuple[str, ...]:
    return (
        f" cash{f' {line.currency}' if several else ''}",
        "",
        "",
        "",
        money(line.amount),
        percent(line.share),
        "",
        "",
    )


def _position_cells(line: PositionLine, several: bool) -> tuple[str, ...]:
    target = f"(target {line.target * 100:.1f})" if line.target is not None else ""
    unrealised = "" if line.unrealised is None else f"unrealised {change(line.unrealised)}"
    name = f" {line.symbol}{' LOCKED' if line.locked else ''}{f' {line.currency}' if several else ''}"
    return (
        name,
        quantity(line.quantity),
        "×",
        price(line.mark),
        money(line.value),
        percent(line.share),
        target,
        unrealised,
    )


def _agreement_line(shown: Status) -> str:
    found = shown.agreement
    if found is None:
        return "book ? broker: never compared yet"
    when = _when(found.at, shown)
    apart = f"NAV apart by {money(abs(found.nav_difference))}"
    if found.open_breaks:
        since = "" if found.open_now else "; none is open now, the next cycle compares"
        return f"book ≠ broker: {_counted(found.open_breaks, 'open break')}, {apart} ({when}){since}"
    return f"book = broker: {_counted(found.positions, 'position')}, cash, {apart} ({when})"


def _provisional_lines(shown: Status) -> list[str]:
    """Tell what was inferred and the broker has not said yet."""
    if not shown.provisional:
        return []
    amounts = ", ".join(f"{currency} {change(amount)}" for currency, amount in shown.provisional_cash)
    items = _counted(shown.provisional, "item")
    return [f"provisional: {items}{f', {amounts}' if amounts else ''}, until a statement tells them"]


def _disk_lines(shown: Status) -> list[str]:
    """Tell the growth of what is kept for ever, once enough days say something of it."""
    if shown.disk is None or shown.disk.year is None:
        return []
    return [f"disk: log and evidence grow {bytes_text(shown.disk.year)} a year, {bytes_text(shown.disk.free)} free"]


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _is_today(shown: Status) -> bool:
    return shown.session_day == shown.now.astimezone(ZoneInfo(shown.zone)).date()


def _when(moment: datetime, shown: Status) -> str:
    """Return the time; with its day if that is not the day it is now."""
    zone = ZoneInfo(shown.zone)
    if moment.astimezone(zone).date() == shown.now.astimezone(zone).date():
        return clock_time(moment, shown.zone)
    return day_and_time(moment, shown.zone)


def json_of(shown: Status) -> str:
    """Spell every figure exactly, as one JSON object."""
    fields = asdict(shown) | {"exit_status": shown.exit_status}
    return json.dumps(plain(fields), indent=1, ensure_ascii=False)


def figures_of(shown: Status) -> Answer:
    """Return the figures as rows: the verdict, NAV, positions, cash."""
    rows: list[tuple[object, ...]] = [("verdict", shown.verdict, *[None] * 7)]
    if shown.nav is not None:
        rows.append(("nav", shown.base_currency, None, None, shown.nav, Decimal(1), None, None, shown.base_currency))
    rows += [
        ("position", p.symbol, p.quantity, p.mark, p.value, p.share, p.target, p.unrealised, p.currency)
        for p in shown.positions
    ]
    rows += [("cash", c.currency, None, None, c.amount, c.share, None, None, c.currency) for c in shown.cash]
    names = ("kind", "name", "quantity", "mark", "value", "share", "target", "unrealised", "currency")
    return Answer(names, tuple(rows))
