"""What a statement tells under another name than the log has it. Pure.

The activity statement as CSV has no ids, and a query may leave them out: such an execution, or such a movement, bears a
name that is made of what it says. Told by the API or by another statement it has the broker's own. So where one of the
two names is made up, what says the same is the same: each of the log's facts stands for one of the statement's. Where
the broker tells the executions of a day in another way (by order), nobody can tell which are new: that is refused.

What cancels an execution of another file is the reverse of one that the log may have: then it is that one's bust.

To recognise another kind of fact, say in `_said` what it says.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime

from ledger.book import Book, Forgotten
from ledger.events import (
    BrokerCash,
    CommissionAdjusted,
    CommissionCharged,
    Fact,
    FillBusted,
    OrderFilled,
    PositionAction,
    execution_base,
)
from ledger.line import Event
from ledger.state import Fill
from reconcile.comparing.names import INFERRED
from reconcile.periods import OF_EXECUTION, booked_on, broker_day
from reconcile.statements.trades import CANCELLING
from trader.importing.files import StatementRefused

STATEMENT = "statement"
UNNAMED = "statement-"  # an execution without the broker's execution id
MADE_UP = re.compile(r"[0-9a-f]{16}(-\d+)?", re.ASCII)  # by `Reading.reference`
NAMED = (OrderFilled, BrokerCash, PositionAction)
Said = tuple[object, ...]
Known = dict[Said, list[Fact]]


def is_doubtful(book: Book, facts: Iterable[Fact]) -> bool:
    """Tell whether a statement or the log has names that are made up, so that the log must be looked at."""
    return any(map(_is_made_up, facts)) or any(_is_made_up_key(key) for key in book.keys)


def retold(book: Book, facts: tuple[Fact, ...], events: Iterable[Event]) -> Iterator[Fact]:
    """Leave out what the log holds under another name; raises StatementRefused where that cannot be told."""
    facts = tuple(_cancelling(book, facts))
    known = _known(book, {fact.key for fact in facts}, events)
    same = {place: _taken(known, fact) for place, fact in enumerate(facts) if fact.key not in book.keys}
    _require_new((facts[place] for place, found in same.items() if found is None), known)
    renamed = {
        execution_base(told.execution_id)[0]: found
        for place, found in same.items()
        if isinstance(told := facts[place], OrderFilled) and isinstance(found, OrderFilled)
    }
    for place, fact in enumerate(facts):
        if isinstance(fact, OF_EXECUTION) and (base := execution_base(fact.execution_id)[0]) in renamed:
            yield from _following(book, fact, renamed[base])
        elif same.get(place) is None:
            yield fact


def _cancelling(book: Book, facts: tuple[Fact, ...]) -> Iterator[Fact]:
    """Let the reverse of an execution that the statement lacks, and the log has, be its bust."""
    busted = dict[str, Fill]()  # by the base of what cancels
    for fact in facts:
        base = execution_base(fact.execution_id)[0] if isinstance(fact, OrderFilled | CommissionCharged) else ""
        fill = _cancelled(book, fact) if isinstance(fact, OrderFilled) and base.startswith(CANCELLING) else None
        dates = {"occurred_at": fact.occurred_at, "trade_date": fact.trade_date, "report_date": fact.report_date}
        if fill is not None and fact.key not in book.keys:
            busted[base] = fill
            told = {"account": book.account, "execution_id": fill.execution_id, "reason": "cancelled by the broker"}
            yield FillBusted.model_validate(dates | told)
        elif base not in busted:
            yield fact
        elif isinstance(fact, CommissionCharged) and fact.amount:
            told = {"source": STATEMENT, "reference": base.removeprefix(CANCELLING), "currency": fact.currency}
            more = {"con_id": busted[base].con_id, "amount": fact.amount, "note": "of a cancelled execution"}
            yield CommissionAdjusted.model_validate(dates | told | more)


def _cancelled(book: Book, fact: OrderFilled) -> Fill | None:
    """Return the execution whose reverse something is."""
    if book.horizon is not None and fact.occurred_at is not None and fact.occurred_at < book.horizon:
        raise Forgotten(f"what {fact.execution_id} cancels may be forgotten")
    wanted = (fact.con_id, -fact.quantity, fact.price, _second(fact.occurred_at))
    fills = [fill for base, fill in book.fills.items() if not base.startswith((CANCELLING, INFERRED))]
    same = [fill for fill in fills if (fill.con_id, fill.quantity, fill.price, _second(fill.at)) == wanted]
    return min(same, key=lambda fill: fill.busted, default=None)  # one that is busted already is busted by this


def _known(book: Book, names: set[str | None], events: Iterable[Event]) -> Known:
    """Return what the log holds and the statement does not tell by its name, by what it says."""
    known: Known = defaultdict(list)
    for event in events:
        if not isinstance(event.fact, NAMED) or event.key in names:
            continue
        if event.key not in book.replaced and not _is_void(book, event) and not _is_inferred(event.fact):
            fact = event.fact.model_copy(update={"occurred_at": event.at})
            if (said := _said(fact)) is not None:
                known[said].append(fact)
    return known


def _is_inferred(fact: Fact) -> bool:
    """Tell whether an execution has a name of ours alone: the broker tells it as a new one."""
    return isinstance(fact, OrderFilled) and fact.execution_id.startswith(INFERRED)


def _is_void(book: Book, event: Event) -> bool:
    """Tell whether an execution is another one's older revision, or was taken back."""
    if not isinstance(event.fact, OrderFilled):
        return False
    base, revision = execution_base(event.fact.execution_id)
    valid = book.fills.get(base)
    return valid is not None and (valid.busted or valid.revision != revision)


def _said(fact: Fact) -> Said | None:
    """Return all that a fact says but for its name; None for what has no name of its own."""
    match fact:
        case OrderFilled(occurred_at=at) if at is not None:
            return (fact.type, fact.con_id, fact.quantity, fact.price, fact.currency, _second(at))
        case BrokerCash(source="statement"):
            return (fact.type, getattr(fact, "con_id", None), fact.amount, fact.currency, booked_on(fact))
        case PositionAction(source="statement"):
            part = tuple(each for each in fact.economic_part if each != fact.reference)
            return (fact.type, *part, booked_on(fact))
        case _:
            return None


def _taken(known: Known, fact: Fact) -> Fact | None:
    """Take the first one that says the same, if one of the two names is made up."""
    said = _said(fact)
    alike = [] if said is None else known.get(said, [])
    for place, same in enumerate(alike):
        if _is_made_up(fact) or _is_made_up(same):
            return alike.pop(place)
    return None


def _following(book: Book, fact: Fact, same: OrderFilled) -> Iterator[Fact]:
    """Let what follows an execution follow the one that it is, if the log lacks it: a name without an id says less."""
    follows = fact.model_copy(update={"execution_id": same.execution_id})
    if same.source != STATEMENT and follows.key not in book.keys:
        yield follows


def _require_new(facts: Iterable[Fact], known: Known) -> None:
    """Refuse an execution of a day and a contract of which the log holds others that the statement does not tell."""
    others = {
        (other.con_id, _day(other)): other
        for left in known.values()
        for other in left
        if isinstance(other, OrderFilled)
    }
    for fact in facts:
        other = others.get((fact.con_id, _day(fact))) if isinstance(fact, OrderFilled) else None
        if other is None or not isinstance(fact, OrderFilled) or fact.execution_id.startswith(CANCELLING):
            continue
        if _naming(fact) != _naming(other):
            raise StatementRefused(
                f"execution {fact.execution_id} of contract {fact.con_id} on {_day(fact)}: expected the broker's id, "
                f"for the log holds {other.execution_id} of that day, and without ids nobody can tell what is new; "
                "make a Flex query with ibExecID, trades at the level of executions"
            )


def _second(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(microsecond=0)


def _day(fact: OrderFilled) -> date | None:
    if fact.trade_date is not None or fact.occurred_at is None:
        return fact.trade_date
    return broker_day(fact.occurred_at)


def _naming(fact: OrderFilled) -> str:
    """Say what an execution is named by: names of one kind tell by themselves what is new."""
    name = fact.execution_id.removeprefix(UNNAMED)
    if name == fact.execution_id:
        return "the broker's execution id"
    return "another id" if name.partition(".")[0].isdecimal() else "what it says"


def _is_made_up(fact: Fact) -> bool:
    if isinstance(fact, OrderFilled):
        return fact.execution_id.startswith(UNNAMED)
    is_named = isinstance(fact, BrokerCash | PositionAction) and fact.source == STATEMENT
    return is_named and MADE_UP.fullmatch(getattr(fact, "reference", "")) is not None


def _is_made_up_key(key: str) -> bool:
    kind, _, rest = key.partition("/")
    if kind == "fill":
        return rest.partition("/")[2].startswith(UNNAMED)
    if kind not in ("broker-cash", "action") or not rest.startswith("statement/"):
        return False
    return MADE_UP.fullmatch(rest.split("/")[1]) is not None
