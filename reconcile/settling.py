"""What becomes of what was inferred, once a statement covers its day: undone where the statement lacks it. Pure.

The evidence for undoing is the statement's own balances: they must be right without it, and wrong with it. On the
statement's last day the API's last word must side with the statement too; a later day needs no other witness. What has
no such evidence waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import combinations

from ledger.book import Book, Impossible
from ledger.events import DividendPaid, Fact, PaymentInLieuPaid, StatementFact, StatementReconciled, type_name
from ledger.lots import ZERO, exactly
from reconcile.comparing.names import INFERRED
from reconcile.statements import Statement
from reconcile.taking_back import AGAIN, accrued_again, executed_again, fill_taken_back
from reconcile.tolerances import CENT
from reconcile.witness import Reports

HALF_CENT = CENT / 2
TOGETHER = 4  # so many at most are undone by one statement for one difference
LOOKED_AT = 12  # the oldest so many; the next statement looks at the rest
LACKED = "the statement lacks it"
ENDED = "accrual-reversed/"
PAYMENTS = (type_name(DividendPaid), type_name(PaymentInLieuPaid))
Subject = tuple[str, str | int]  # ("cash", "USD"), ("position", 8314)
Moved = dict[Subject, Decimal]


def inferred_keys(book: Book) -> dict[str, int]:
    """Return what was inferred and stands, executions included, with its seq."""
    booked = {key: each.seq for key, each in book.provisional.items()}
    fills = {
        f"fill/{book.account}/{base}/{fill.revision}": fill.seq
        for base, fill in book.fills.items()
        if base.startswith(INFERRED) and not fill.busted
    }
    busts = {key: book.keys[key][0] for _, key in _inferred_busts(book)}
    return dict(sorted({**booked, **fills, **busts}.items(), key=lambda each: (each[1], each[0])))


def _inferred_busts(book: Book) -> Iterator[tuple[str, str]]:
    """Yield the keys of what an acceptance took back of the broker's own executions, with the breaks' names."""
    for break_id, known in book.breaks.items():
        recorded = known.accepted.recorded if known.status == "accepted" and known.accepted is not None else ()
        for key in recorded:
            base = base_of(key)
            fill = book.fills.get(base) if key.startswith("bust/") and not base.startswith(INFERRED) else None
            if fill is not None and fill.busted and f"{INFERRED}{break_id}{AGAIN}{base}" not in book.fills:
                yield break_id, key


def is_waiting(key: str, day: date, statement: Statement) -> bool:
    """Tell whether the broker's word on something inferred is still to come.

    A bust has been seen by the statement of its day; what stands again is the broker's own execution.
    """
    return (
        day <= statement.last_day and AGAIN not in key and (not key.startswith("bust/") or day >= statement.first_day)
    )


def undoing(book: Book, keys: tuple[str, ...], reconciled: StatementReconciled) -> tuple[Fact, ...]:
    """Return one batch that undoes what was inferred, executions first."""
    names = {each.key: each for each in reconciled.reversed}
    rows = tuple(names.get(key) or StatementFact(key=key, type=key.partition("/")[0]) for key in keys)
    fills = (base_of(key) for key in keys if key.startswith("fill/"))
    busts = tuple(fact for base in fills for fact in fill_taken_back(book, base, LACKED))
    again = {key: break_id for break_id, key in _inferred_busts(book)}
    busts += tuple(fact for key in keys if key in again for fact in executed_again(book, again[key], base_of(key), key))
    accruals = tuple(fact for key in keys for fact in _due_again(book, key))
    return (*busts, reconciled.model_copy(update={"reversed": rows}), *accruals)


def _due_again(book: Book, key: str) -> Iterator[Fact]:
    """Accrue again what an inferred payment ended that never came."""
    payment = book.provisional.get(key)
    if payment is None or payment.type not in PAYMENTS:
        return
    for break_id, known in book.breaks.items():
        accepted, closed = known.accepted, known.closed
        recorded = accepted.recorded if accepted is not None else closed.evidence if closed is not None else ()
        for ended in recorded if key in recorded else ():
            told = book.keys.get(ended)
            is_its_own = told is not None and told[1] is not None and told[1][0] == payment.con_id
            if ended.startswith(ENDED) and is_its_own:
                yield from accrued_again(book, break_id, ended.removeprefix(ENDED), ended)


def base_of(key: str) -> str:
    """Return the base of the execution that a key names."""
    return key.partition("/")[2].partition("/")[2].rpartition("/")[0]


def lacking(
    book: Book, end: Book, statement: Statement, reports: Reports, days: Mapping[str, date], empty: StatementReconciled
) -> tuple[str, ...]:
    """Return the keys of what was inferred and the statement shows not to be; fewest first, then oldest."""
    apart = _apart(end, statement)
    if not apart:
        return ()
    known = (key for key in inferred_keys(book) if days.get(key, statement.first_day) <= statement.last_day)
    candidates = tuple(_movements(book, tuple(known)[:LOOKED_AT], empty))
    for size in range(1, min(TOGETHER, len(candidates)) + 1):
        for chosen in combinations(candidates, size):
            keys, moved = tuple(key for key, _ in chosen), _sum(moves for _, moves in chosen)
            is_later = all(days.get(key, statement.first_day) < statement.last_day for key in keys)
            if _closes(moved, apart) and (is_later or _sides(moved, statement, reports)):
                return keys
    return ()


def _apart(end: Book, statement: Statement) -> Moved:
    """Return by how much the book is more than the statement; what the statement does not tell is absent."""
    cash, positions, apart = statement.observed.cash, statement.observed.positions, Moved()
    with exactly():
        for currency in sorted(cash.keys() | end.cash.keys()) if cash is not None else ():
            apart["cash", currency] = end.cash.get(currency, ZERO) - (cash or {}).get(currency, ZERO)
        for con_id in sorted(positions.keys() | end.positions.keys()) if positions is not None else ():
            listed = (positions or {}).get(con_id)
            apart["position", con_id] = end.positions.get(con_id, ZERO) - (ZERO if listed is None else listed.quantity)
    return apart if any(_differs(subject, amount) for subject, amount in apart.items()) else {}


def _differs(subject: Subject, amount: Decimal) -> bool:
    return abs(amount) > (HALF_CENT if subject[0] == "cash" else ZERO)


def _movements(book: Book, keys: tuple[str, ...], empty: StatementReconciled) -> Iterator[tuple[str, Moved]]:
    """Measure by how much the book would be less without each; what cannot be undone is no candidate."""
    for key in keys:
        try:
            without = book.supposing(undoing(book, (key,), empty))
        except Impossible:
            continue
        with exactly():
            moved = Moved()
            for currency in book.cash.keys() | without.cash.keys():
                moved["cash", currency] = book.cash.get(currency, ZERO) - without.cash.get(currency, ZERO)
            for con_id in book.positions.keys() | without.positions.keys():
                moved["position", con_id] = book.positions.get(con_id, ZERO) - without.positions.get(con_id, ZERO)
        yield key, {subject: amount for subject, amount in moved.items() if amount}


def _sum(parts: Iterator[Moved]) -> Moved:
    total = Moved()
    with exactly():
        for moved in parts:
            for subject, amount in moved.items():
                total[subject] = total.get(subject, ZERO) + amount
    return total


def _closes(moved: Moved, apart: Moved) -> bool:
    """Tell whether every subject that is touched was apart by just that."""
    if not moved or not moved.keys() <= apart.keys():
        return False
    with exactly():
        rests = {subject: apart[subject] - amount for subject, amount in moved.items()}
    was_apart = any(_differs(subject, apart[subject]) for subject in moved)
    return was_apart and not any(_differs(subject, rest) for subject, rest in rests.items())


def _sides(moved: Moved, statement: Statement, reports: Reports) -> bool:
    """Tell whether the API's last word of the day is the statement's, for all that is touched."""
    told = statement.observed
    for kind, name in moved:
        if kind == "cash":
            balances = {row.currency: row.amount for row in reports.cash.rows} if reports.cash is not None else None
            stated = (told.cash or {}).get(str(name), ZERO)
            if balances is None or abs(balances.get(str(name), ZERO) - stated) > CENT:
                return False
        else:
            held = {row.con_id: row.quantity for row in reports.positions.rows} if reports.positions else None
            listed = (told.positions or {}).get(int(name))
            if held is None or held.get(int(name), ZERO) != (ZERO if listed is None else listed.quantity):
                return False
    return True
