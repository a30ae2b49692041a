"""What brought the halves together again: which facts that were told since a break was found."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from decimal import Decimal
from itertools import chain, combinations, islice, takewhile
from typing import Any, NamedTuple

from ledger.events import (
    BreakClosed,
    ContractDelisted,
    ContractRenamed,
    MergerApplied,
    OptionAssigned,
    OptionExercised,
    OptionExpired,
    PositionAction,
    PositionTransferred,
    SpinOffApplied,
    SplitApplied,
    StockDividendApplied,
    TenderApplied,
    execution_base,
    type_name,
)
from ledger.events.reconciliation import TermRow
from ledger.state import ZERO, Break, State
from reconcile.comparing.finding import Finding
from reconcile.comparing.judging import CHANGED
from reconcile.explanations import first_of
from reconcile.tolerances import CENT

AGAIN = "both halves match again"
OVER = "its session is over, and the broker tells it no more: that day's statement decides"
RESTATED = "statement/commission/"  # how an adjustment is named by which a statement tells a commission otherwise
TOGETHER_MAX = 3  # facts that are looked at together
UNSTATED = frozenset({"note", "occurred_at", "trade_date", "report_date", "provisional", "replaces"})
LOOKED_AT = 24  # the last ones that concern a break

CAUSES_OF: dict[str, str] = {
    "fill": "missed fill",
    "bust": "busted fill",
    "commission": "late commission",
    "dividend_paid": "dividend",
    "payment_in_lieu_paid": "payment in lieu",
    "tax_withheld": "withholding tax",
    "interest_paid": "interest",
    "fee_charged": "fee",
    "commission_adjusted": "rebated commission",
    "cash_deposited": "deposit",
    "cash_withdrawn": "withdrawal",
    "variation_settled": "variation margin",
    "currency_converted": "currency conversion",
}

ACTIONS: tuple[tuple[type[PositionAction], str], ...] = (
    (SplitApplied, "split"),
    (StockDividendApplied, "stock dividend"),
    (SpinOffApplied, "spin-off"),
    (MergerApplied, "merger"),
    (TenderApplied, "merger"),
    (ContractRenamed, "rename"),
    (ContractDelisted, "merger"),
    (OptionExercised, "exercise"),
    (OptionAssigned, "assignment"),
    (OptionExpired, "expiry"),
    (PositionTransferred, "position transfer"),
)
ACTION_OF = {type_name(kind): (kind, cause) for kind, cause in ACTIONS}
BY_THE_BROKER = "stale snapshot"  # the book was right: the broker's half came round
ROUNDING, ROUNDED_MAX = "rounding", 5 * CENT  # a cent for each of a few bookings
OF_THE_REPORT = frozenset(  # explained as the broker's half alone: it stays so where no fact was told since
    {"stale snapshot", "partial snapshot", "unsettled cash", "mark difference", "currency translation", "rounding"}
)


class _Since(NamedTuple):
    """A fact that was told since a break was found, and concerns it."""

    key: str
    cause: str
    amount: Decimal | None  # what it moved of the difference; None: the key does not tell


class _Moved(NamedTuple):
    """What a fact moved, as far as its key and what is identical in it tell; None: an amount that they do not."""

    cause: str
    units: Mapping[int, Decimal | None]
    cash: Mapping[str, Decimal | None]


def closed(book: State, known: Break, now: Finding | None = None) -> BreakClosed:
    """End a break whose halves match again, or are apart by another amount `now`: by what was told since.

    What that does not make of the difference, the broker's half did: it came round.
    """
    left = ZERO if now is None else now.difference or ZERO
    difference = (known.found.difference or ZERO) - left
    since = tuple(islice(_since(book, known), LOOKED_AT))
    chosen = _making(since, difference)
    causes = [told.cause for told in chosen]
    if not chosen and now is None and known.found.kind in ("position", "cash", "nav"):
        chosen = tuple(reversed(since))
        rest = difference - sum((told.amount or ZERO for told in chosen), ZERO)
        is_rounded = bool(chosen) and known.found.kind == "cash" and abs(rest) <= ROUNDED_MAX
        causes = [*(told.cause for told in chosen), *((ROUNDING,) if is_rounded else _of_the_report(known))]
    return BreakClosed(
        break_id=known.found.break_id, reason=CHANGED if now is not None else OVER if _is_over(book, known) else AGAIN,
        cause=" + ".join(dict.fromkeys(causes)), evidence=tuple(told.key for told in chosen),
    )  # fmt: skip


def _is_over(book: State, known: Break) -> bool:
    """Tell whether a break is of what the broker tells of one session alone, and that session is over."""
    found, today = known.found, None if book.cycle is None else book.cycle.started.session_day
    fill = book.fills.get(execution_base(found.subject)[0]) if found.kind == "execution" else None
    is_of_a_session = found.kind == "realised" or (fill is not None and not fill.busted)
    return is_of_a_session and known.session_day is not None and today is not None and known.session_day < today


def _of_the_report(known: Break) -> tuple[str, ...]:
    """Name why the broker's half was not to be believed: as it was explained, else that it was late."""
    told = known.explanation
    rows = () if told is None else (first_of(told), *told.rivals)
    own = (_of_one(known, row.terms) or row.causes for row in rows)
    named = (tuple(cause for cause in causes if cause in OF_THE_REPORT) for causes in own)
    return next(filter(None, named), (BY_THE_BROKER,))


def _of_one(known: Break, terms: tuple[TermRow, ...]) -> tuple[str, ...]:
    """Name the causes of one difference, of those that are explained together; a cent of rounding is none."""
    mine = (term for term in terms if (term.kind, term.subject) == (known.found.kind, known.found.subject))
    return tuple(dict.fromkeys(term.cause for term in mine if term.cause != "rounding" or abs(term.amount) > CENT))


def _making(since: tuple[_Since, ...], difference: Decimal) -> tuple[_Since, ...]:
    """Return the facts that make a difference together: all that were told, else the fewest.

    Else the actions, whose amounts only their lots tell.
    """
    told = tuple(each for each in since if each.amount is not None)
    for some in chain((told,), _few(told), _all_but_few(told)):
        if abs(sum((each.amount or ZERO for each in some), ZERO) - difference) <= CENT:
            return tuple(reversed(some))
    return tuple(each for each in reversed(since) if each.amount is None)


def _few(told: tuple[_Since, ...]) -> Iterator[tuple[_Since, ...]]:
    return chain.from_iterable(combinations(told, size) for size in range(1, TOGETHER_MAX + 1))


def _all_but_few(told: tuple[_Since, ...]) -> Iterator[tuple[_Since, ...]]:
    """Yield most of the facts: a day's statement may tell many that make one difference, and little else."""
    sizes = range(len(told), max(len(told) - TOGETHER_MAX, TOGETHER_MAX), -1)
    return chain.from_iterable(combinations(told, size) for size in sizes)


def _since(book: State, known: Break) -> Iterator[_Since]:
    """Yield the facts since a break was found that concern its contract or its currency, the last first."""
    found = known.found
    told = dict(takewhile(lambda each: each[1][0] > known.seq, reversed(book.keys.items())))
    for key, (_, part) in told.items():
        moved = None if _is_later(book, key, known) else _moved(book, key, part or (), told)
        if moved is not None and found.kind == "position" and found.con_id is not None and found.con_id in moved.units:
            yield _Since(key, moved.cause, moved.units[found.con_id])
        elif moved is not None and found.kind == "cash" and found.currency is not None and found.currency in moved.cash:
            yield _Since(key, moved.cause, moved.cash[found.currency])


def _is_later(book: State, key: str, known: Break) -> bool:
    """Tell whether an execution happened after a break was found: both halves saw it, and it explains nothing."""
    kind, _, rest = key.partition("/")
    base = {"fill": rest.partition("/")[2], "commission": rest}.get(kind, "").rpartition("/")[0]
    fill = book.fills.get(base)
    return fill is not None and fill.at > known.at


def _moved(book: State, key: str, part: tuple[object, ...], told: Container[str]) -> _Moved | None:
    """Read off a key, and what is identical in it, what its fact moved."""
    kind, _, rest = key.partition("/")
    match kind, part:
        case "fill", (_, int(), Decimal(), Decimal(), str()):
            return _filled(book, rest, part)
        case "bust", _:
            fill = book.fills.get(rest.partition("/")[2].rpartition("/")[0])
            if fill is None:
                return None
            worth = fill.quantity * fill.price * _multiplier(book, fill.con_id)
            return _Moved(CAUSES_OF[kind], {fill.con_id: -fill.quantity}, {fill.currency: worth})
        case "commission", (Decimal() as amount, str() as currency):
            return _charged(book, rest, amount, currency, told)
        case "broker-cash", (str() as cause, Decimal() as amount, str() as currency) if cause in CAUSES_OF:
            name = "borrow fee" if key in book.borrow_fees else CAUSES_OF[cause]
            if cause == "commission_adjusted" and rest.startswith(RESTATED):
                name = "wrong commission"
            return _Moved(name, {}, {currency: amount})
        case "action", _:
            name = next((each for each in part if isinstance(each, str) and each in ACTION_OF), "")
            return _acted(book, name, part) if name else None
        case _:
            return None


def _filled(book: State, rest: str, part: tuple[Any, ...]) -> _Moved:
    """Read what an execution moved, or its correction: then what it moved otherwise than the revision before."""
    _, con_id, units, price, currency = part
    base, paid = rest.partition("/")[2], -units * price * _multiplier(book, con_id)
    contract, before = book.contracts.get(con_id), _before(book, f"fill/{rest}")
    if contract is not None and contract.security_type == "CASH":
        return _Moved("currency conversion", {}, {contract.symbol[:3]: units, currency: paid})
    if before is not None:
        paid += before[2] * before[3] * _multiplier(book, con_id)
        return _Moved("corrected fill", {con_id: units - before[2]}, {currency: paid})
    is_fraction = abs(units) < 1 and base.startswith("statement")  # no exchange executed it
    return _Moved("cash in lieu" if is_fraction else CAUSES_OF["fill"], {con_id: units}, {currency: paid})


def _charged(book: State, rest: str, amount: Decimal, currency: str, told: Container[str]) -> _Moved:
    """Read what a commission moved: one that came with its fill is part of what that is."""
    fill, before = f"fill/{book.account}/{rest}", _before(book, f"commission/{rest}")
    part = book.keys[fill][1] if fill in told else None
    cause = _filled(book, fill.partition("/")[2], part).cause if part else CAUSES_OF["commission"]
    return _Moved(cause, {}, {currency: amount - (before[0] if before is not None else ZERO)})


def _before(book: State, key: str) -> tuple[Any, ...] | None:
    """Return what an earlier revision of an execution, or of its commission, stated; None for the first one."""
    base, _, revision = key.rpartition("/")
    earlier = (book.keys.get(f"{base}/{number}") for number in range(int(revision) - 1, 0, -1))
    return next((known[1] for known in earlier if known is not None), None)


def _acted(book: State, name: str, part: tuple[object, ...]) -> _Moved | None:
    """Read what an action moved off what it states."""
    kind, cause = ACTION_OF[name]
    fields = [each for each in kind.model_fields if each not in UNSTATED]
    if len(fields) != len(part):
        return None  # of a vocabulary that knew fewer fields
    stated: dict[str, Any] = dict(zip(fields, part, strict=True))
    units: dict[int, Decimal | None] = {stated["con_id"]: stated.get("quantity_change", stated.get("quantity"))}
    for other, amount in (
        ("successor_con_id", "successor_quantity"), ("child_con_id", "child_quantity"),
        ("underlying_con_id", "underlying_quantity"),
    ):  # fmt: skip
        if stated.get(other) is not None:
            units[stated[other]] = stated.get(amount)
    cash: dict[str, Decimal | None] = {stated["currency"]: stated["cash"]} if stated.get("cash") else {}
    if "strike" in stated:
        contract, moved = book.contracts.get(stated["con_id"]), stated["amount"]
        under = stated["underlying_con_id"]
        if moved is None and under is not None:
            moved = -stated["underlying_quantity"] * stated["strike"] * _multiplier(book, under)
        if contract is not None and moved is not None:
            cash[contract.currency] = moved + (stated["commission"] or ZERO)
    if cause == "split" and stated["numerator"] < stated["denominator"]:
        cause = "reverse split"
    return _Moved(cause, units, cash)


def _multiplier(book: State, con_id: int) -> Decimal:
    contract = book.contracts.get(con_id)
    return Decimal(1) if contract is None else contract.multiplier
