"""What taking an acceptance back records: everything that it inferred is undone, and the difference shows again.

Facts that another may take the place of are undone by the event itself. An execution is taken back by its bust, and
costs nothing any more; an accrual that was ended is accrued again, under a name of its own. What a statement has
confirmed meanwhile is the broker's word, and stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ledger.book import Book
from ledger.effects.opening import adjustment_name
from ledger.events import AcceptanceTakenBack, CommissionCharged, DividendAccrued, Fact, FillBusted, OrderFilled
from ledger.state import ZERO, Break, Impossible, State
from reconcile.acceptance import what_became
from reconcile.comparing.names import INFERRED

AGAIN = "/again/"  # in the name of what stands for one of the broker's that was thought to be taken back


def taking_back(book: Book, break_id: str, why: str, by: str = "") -> tuple[Fact, ...]:
    """Return one batch; raises Impossible for a break that was not accepted, or of which nothing can be undone."""
    known = _accepted_break(book, break_id)
    recorded = () if known.accepted is None else known.accepted.recorded
    standing = tuple(key for key in recorded if key not in book.replaced and not _is_paid(book, key, recorded))
    if recorded and not standing:
        raise Impossible(
            f"break {break_id}: expected what was inferred to stand, found that the statement has confirmed all of it"
        )
    withdraws = tuple(key for key in standing if key.startswith(("broker-cash/", "action/")))
    withdraws += (adjustment_name(break_id),) * (adjustment_name(break_id) in standing)
    others = tuple(fact for key in standing for fact in _undone(book, break_id, key, why))
    batch = (AcceptanceTakenBack(break_id=break_id, why=why, by=by, withdraws=withdraws), *others)
    book.supposing(batch)  # what cannot be undone is refused here, and nothing is recorded
    return batch


def _is_paid(book: State, key: str, recorded: tuple[str, ...]) -> bool:
    """Tell whether an accrual was ended by a payment of its amount that the statement has confirmed."""
    if not key.startswith("accrual-reversed/"):
        return False
    part = book.keys[key][1] or ()
    confirmed = (book.keys[each][1] or () for each in recorded if each in book.replaced)
    return any(paid[1:] == (part[1], part[3]) for paid in confirmed)


def _accepted_break(book: State, break_id: str) -> Break:
    known = book.breaks.get(break_id)
    if known is None or known.status != "accepted":
        listed = ", ".join(b.found.break_id for b in book.breaks.values() if b.status == "accepted") or "none"
        raise Impossible(f"break {break_id}: expected an accepted break ({listed}), found {what_became(known)}")
    return known


def _undone(book: State, break_id: str, key: str, why: str) -> Iterator[Fact]:
    kind, _, rest = key.partition("/")
    match kind:
        case "fill":
            base = rest.partition("/")[2].rpartition("/")[0]
            if not base.startswith(INFERRED):
                raise Impossible(
                    f"break {break_id}: {key} corrects an execution of the broker's; what it was is not recorded with "
                    "it: import the statement, which tells"
                )
            yield from fill_taken_back(book, base, why)
        case "accrual-reversed":
            yield from accrued_again(book, break_id, rest, key)
        case "commission" if rest.startswith(INFERRED):
            pass  # it goes with its execution
        case "bust" if not rest.partition("/")[2].startswith(INFERRED):
            yield from executed_again(book, break_id, rest.partition("/")[2].rpartition("/")[0], key)
        case "commission" if _is_of_taken_back(book, rest.rpartition("/")[0]):
            pass  # it stands again with its execution
        case "commission" | "proceeds" | "transaction-tax":
            raise Impossible(f"break {break_id}: {key} cannot be undone by us: import the statement, which tells")
        case _:
            pass  # the event undoes it


def fill_taken_back(book: State, base: str, why: str) -> Iterator[Fact]:
    """Take an inferred execution back, with its commission; nothing where that has happened already."""
    fill = book.fills.get(base)
    if fill is None or fill.busted:
        return
    yield FillBusted(account=book.account, execution_id=fill.execution_id, reason=why)
    if fill.commission:
        yield CommissionCharged(
            execution_id=f"{base}.{max(fill.revision, fill.commission_revision) + 1:02}", amount=ZERO,
            currency=fill.commission_currency or fill.currency,
        )  # fmt: skip


def executed_again(book: State, break_id: str, base: str, key: str) -> Iterator[Fact]:
    """Let an execution stand again that was thought to be taken back: as one of ours, until the broker tells another.

    One whose next revision was told meanwhile stands already. What it cost is charged under its own name still, unless
    that was taken back with it.
    """
    fill = book.fills.get(base)
    if fill is None:
        raise Impossible(f"break {break_id}: expected the execution of {key}, found none: import the statement")
    if not fill.busted:
        return
    name = f"{INFERRED}{break_id}{AGAIN}{base}.01"
    yield OrderFilled(
        account=book.account, execution_id=name, con_id=fill.con_id, quantity=fill.quantity, price=fill.price,
        currency=fill.currency, order_ref=fill.order_ref, perm_id=fill.perm_id, client_id=fill.client_id,
        source="operator", occurred_at=fill.at,
    )  # fmt: skip
    taken_back = _charged_before(book, base, fill.commission_revision) if _is_of_taken_back(book, base) else ZERO
    yield CommissionCharged(execution_id=name, amount=taken_back, currency=fill.commission_currency or fill.currency)


def _is_of_taken_back(book: State, base: str) -> bool:
    """Tell whether an execution was taken back with what it had cost."""
    fill = book.fills.get(base)
    return fill is not None and fill.busted and fill.commission == ZERO


def _charged_before(book: State, base: str, revision: int) -> Decimal:
    """Return what an execution was charged before that was taken back."""
    told = (book.keys.get(f"commission/{base}/{before}") for before in range(revision - 1, -1, -1))
    parts = (known[1] for known in told if known is not None and known[1] is not None)
    return next((amount for amount, *_ in parts if isinstance(amount, Decimal)), ZERO)


def accrued_again(book: State, break_id: str, reference: str, key: str) -> Iterator[Fact]:
    """Accrue again what an inferred payment ended; it is due, as it was when it was thought to have come."""
    _, part = book.keys[key]
    match part:
        case (int() as con_id, Decimal() as gross, Decimal() as tax, str() as currency) if book.cycle is not None:
            yield DividendAccrued(
                con_id=con_id, reference=f"{reference}/{break_id}", gross=gross, tax=tax, currency=currency,
                pay_date=book.cycle.started.session_day, resumes=key,
            )  # fmt: skip
        case _:
            raise Impossible(f"break {break_id}: expected an accrual under {key}, found {part}")
