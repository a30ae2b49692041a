"""What was held at the end and was wanted, and what each contract and each strategy made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from ledger.events import SnapshotRow, SnapshotTaken
from ledger.lots import ROUNDING, ZERO, exactly
from ledger.subbooks import REST
from queries.figures import UNKNOWN, adding_up, change, money, percent, percent_change, price, quantity
from queries.pages.drawing import bars
from queries.pages.found import Found
from queries.pages.profits import Profit, together
from queries.sections import Chart, Section
from queries.strategies import REST_IS_CALLED

BARS_MAX = 24  # contracts in a picture: the best and the worst
HEAD = ("contract", "units", "mark", "value", "of NAV", "target", "off by", "unrealised", "")


def sections(found: Found) -> Iterator[Section]:
    """Yield positions beside their targets, and who made what."""
    if found.last is not None:
        yield _held(found, found.last)
    if found.profits:
        yield _by_contract(found)
        if any(each.strategy != REST for each in found.profits):
            yield _by_strategy(found)


def _held(found: Found, last: SnapshotTaken) -> Section:
    rates = {row.currency: row.rate for row in last.cash}
    positions = sorted(last.positions, key=lambda row: row.symbol)
    values = _values((*(row.value for row in positions), *(row.amount for row in last.cash)), last, found)
    rows = [_position(row, value, rates, last, found) for row, value in zip(positions, values, strict=False)]
    for cash, value in zip(last.cash, values[len(positions) :], strict=True):
        share = percent(ROUNDING.divide(cash.amount * cash.rate, last.nav)) if last.nav > 0 else UNKNOWN
        rows.append(("cash", "", "", money(value), share, "", "", "", cash.currency))
    seqs = (found.last_seq,) * len(rows)
    when = "at the end" if not found.is_one_day else "at the close"
    lines = () if rows else ("Nothing is held.",)
    return Section(f"Positions and targets {when}", lines, head=HEAD, rows=tuple(rows), seqs=seqs)


def _values(values: Sequence[Decimal], last: SnapshotTaken, found: Found) -> Sequence[Decimal]:
    """Return values as they are shown: in cents that add up to NAV, where all are in its currency and make it up."""
    currencies = {row.currency for row in last.positions} | {row.currency for row in last.cash}
    with exactly():
        whole = currencies == {found.stretch.base_currency} and sum(values, ZERO) == last.nav
    return adding_up(values, last.nav) if whole else values


def _position(
    row: SnapshotRow, value: Decimal, rates: dict[str, Decimal], last: SnapshotTaken, found: Found
) -> tuple[str, ...]:
    rate = rates.get(row.currency, Decimal(1) if row.currency == found.stretch.base_currency else None)
    share = ROUNDING.divide(row.value * rate, last.nav) if rate is not None and last.nav > 0 else None
    target = row.target_weight
    off = "" if target is None or share is None else percent_change(share - target)
    return (
        row.symbol, quantity(row.quantity), price(row.mark), money(value), percent(share),
        "none" if target is None else percent(target), off, change(row.unrealised), row.currency,
    )  # fmt: skip


def _by_contract(found: Found) -> Section:
    told = together(found.profits, lambda each: each.con_id)
    names = [(found.stretch.symbol(each.con_id), each.in_base) for each in told]
    drawn = [(name, amount) for name, amount in names if amount]
    if len(drawn) > BARS_MAX:
        drawn = drawn[: BARS_MAX // 2] + drawn[-BARS_MAX // 2 :]
    base = found.stretch.base_currency
    charts = (Chart(f"What each contract made, {base}", bars(drawn, change)),) if drawn else ()
    rows: list[tuple[str, ...]] = [
        (
            found.stretch.symbol(each.con_id), quantity(each.before), quantity(each.after), money(each.value),
            change(each.profit), each.currency, change(made), percent_change(_share(found, each.in_base)),
        )
        for each, made in zip(told, _in_base(told), strict=True)
    ]  # fmt: skip
    head: tuple[str, ...] = ("contract", "units before", "after", "value", "made", "", f"made, {base}", "of NAV")
    texts = frozenset((0, 5))
    if all(each.currency == base for each in told):
        rows, head, texts = [(*row[:4], *row[6:]) for row in rows], (*head[:4], *head[6:]), frozenset((0,))
    after = (_rest(found, told),)
    return Section("By contract", charts=charts, head=head, rows=tuple(rows), texts=texts, after=after)


def _in_base(told: Sequence[Profit]) -> Sequence[Decimal | None]:
    """Return what was made as it is shown: in cents that add up to the sum, where all are known."""
    known = [each.in_base for each in told if each.in_base is not None]
    if len(known) < len(told):
        return [each.in_base for each in told]
    with exactly():
        total = sum(known, ZERO)
    return adding_up(known, total)


def _rest(found: Found, told: Iterable[Profit]) -> str:
    """Tell what is of no contract: what NAV gained beside what all contracts made."""
    amount, bridge, base = unassigned(found, told), found.bridge, found.stretch.base_currency
    if bridge is None or amount is None:
        return f"Together {UNKNOWN}: {found.unknown or 'a mark or a rate is missing'}."
    with exactly():
        made = bridge.gain - amount
    return (
        f"Together {change(made)} {base}, commissions, dividends and taxes in it; {change(amount)} of no contract "
        "(interest, fees, adjustments, exchange rates)."
    )


def unassigned(found: Found, told: Iterable[Profit]) -> Decimal | None:
    """Return what NAV gained and no contract made, in the base currency; None where either is unknown."""
    bridge, made = found.bridge, [each.in_base for each in told]
    if bridge is None or any(each is None for each in made):
        return None
    with exactly():
        return bridge.gain - sum((each or ZERO for each in made), ZERO)


def _share(found: Found, amount: Decimal | None) -> Decimal | None:
    """Return an amount as a share of what the days began with."""
    base = found.days[0].opening + found.days[0].flows if found.days else ZERO
    return ROUNDING.divide(amount, base) if amount is not None and base > 0 else None


def _by_strategy(found: Found) -> Section:
    base = found.stretch.base_currency
    rows = [
        (each.strategy or REST_IS_CALLED, change(each.in_base), percent_change(_share(found, each.in_base)))
        for each in together(found.profits, lambda each: each.strategy)
    ]
    return Section("By strategy", head=("strategy", f"made, {base}", "of NAV"), rows=tuple(rows), texts=frozenset((0,)))
