"""One file after the other: what of it is new is tried on a copy of the book, then recorded in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Literal

from ledger.book import Book, Forgotten, Impossible, replay
from ledger.clock import Clock
from ledger.effects.changes import MARGINED
from ledger.errors import LogMissing
from ledger.events import (
    AccountAdopted,
    Fact,
    LogStarted,
    OpeningBalanceRecorded,
    StatementImported,
    StatementReconciled,
)
from ledger.journal import balance
from ledger.ledger import Ledger
from ledger.line import Event
from ledger.log import read_from, read_genesis
from ledger.lots import ZERO, Holding, exactly
from queries.break_words import symbol
from queries.witness_words import statement_lines
from reconcile.inferred import without_inferred
from reconcile.periods import broker_day, period_of
from reconcile.statements import Statement
from reconcile.witness import is_settled
from trader import evidence
from trader.importing.announced import announced, announced_since
from trader.importing.charged import charged_otherwise
from trader.importing.files import File, StatementRefused
from trader.importing.fitting import Beginning, fitting, new_contracts, opening_lots, pending, replacing
from trader.importing.opening import opening
from trader.importing.reading_off import beginning_of_statement, rates_of, said_of
from trader.importing.retold import is_doubtful, retold
from trader.importing.sums import rests
from trader.importing.witnessing import witnessed
from trader.place import stamp

FACTS_A_BATCH = 5_000
PAPER = ("DU", "DF")  # what the broker's paper accounts begin with
Tell = Callable[[int], None]
Reading = Callable[[int], Iterable[Event]]  # the log's events from a seq on; some of before it may come too


@dataclass(frozen=True, slots=True)
class Expected:
    """Whose statements a home takes; None: whatever the first file says."""

    account: str | None = None
    mode: Literal["paper", "live"] | None = None
    base_currency: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file."""

    name: str
    account: str
    first_day: str
    last_day: str
    facts: int
    facts_new: int
    known: bool  # the very file was imported before
    notes: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()  # of what the log holds already: breaks were opened
    witnessed: tuple[str, ...] = ()  # what came of comparing it three ways, as the mails tell it; nothing of history
    differs: bool = False  # a figure of book and statement still, with all that it told


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be recorded of a file."""

    facts: tuple[Fact, ...]
    facts_new: int  # how many of them the statement tells, and the log did not hold
    notes: tuple[str, ...]
    contradictions: tuple[str, ...]


def take_in(
    home: Path, files: Iterable[File], clock: Clock, expected: Expected, tell: Tell = lambda _: None
) -> Iterator[Imported]:
    """Import files in the order of their periods; yield what became of each.

    One that does not fit raises StatementRefused: nothing of it is recorded, and what came before it stays.
    """
    ordered = sorted(files, key=lambda file: (file.statement.first_day, file.statement.last_day, file.name))
    account = expected.account or _account_of(home) or ordered[0].statement.account
    for file in ordered:
        _require(file, account)
    with _ledger(home, clock, ordered[0], expected, tell) as ledger:
        done = 0
        for file in ordered:
            yield _taken(ledger, home, file, partial(_told_further, tell, done))
            done += len(file.statement.facts)


def _told_further(tell: Tell, done: int, more: int) -> None:
    tell(done + more)


def _account_of(home: Path) -> str | None:
    """Return whose log a home holds; None if it holds none."""
    try:
        return read_genesis(home).account
    except LogMissing:
        return None


def _require(file: File, account: str) -> None:
    if file.statement.account != account:
        raise StatementRefused(
            f"{file.name}: expected a statement of account {account}, found {file.statement.account}; "
            "one home is one account: name another --home"
        )


@contextmanager
def _ledger(home: Path, clock: Clock, first: File, expected: Expected, tell: Tell) -> Iterator[Ledger]:
    """Open the log, or begin one; a log begins only once its first file was tried."""
    try:
        opened = Ledger.open(home, clock, account=expected.account or first.statement.account, mode=expected.mode)
    except LogMissing:
        genesis = genesis_of(first, clock, expected)
        _prepared(Book().supposing((genesis,)), first, None, tell)
        home.mkdir(parents=True, exist_ok=True)
        opened = Ledger.create(home, clock, genesis)
        stamp(home)
    with opened as ledger:
        yield ledger


def genesis_of(first: File, clock: Clock, expected: Expected) -> LogStarted:
    """Begin the log of a statement's account."""
    account = first.statement.account
    mode = expected.mode or ("paper" if account.startswith(PAPER) else "live")
    return LogStarted(account=account, mode=mode, clock=clock.kind, base_currency=_base_currency(first, expected))


def _base_currency(first: File, expected: Expected) -> str:
    """Return what is said, by the operator or the file; else the one currency that the file knows."""
    told = expected.base_currency or first.statement.base_currency
    known = {contract.currency for contract in first.statement.contracts}
    known |= {currency for currency, _ in first.statement.observed.cash_lines or ()}
    known |= {getattr(fact, "currency", "") for fact in first.statement.facts} - {""}
    if not told and len(known) != 1:
        raise StatementRefused(
            f"{first.name}: expected the account's base currency, found none, and {len(known)} currencies; "
            "say it: --base-currency USD"
        )
    return told or known.pop()


def _taken(ledger: Ledger, home: Path, file: File, tell: Tell) -> Imported:
    told = file.statement
    common = (file.name, told.account, told.first_day.isoformat(), told.last_day.isoformat(), len(told.facts))
    if _is_known(ledger.book, file):
        return Imported(*common, 0, known=True)
    events = partial(read_from, home)
    try:
        prepared = _prepared(ledger.book, file, events, tell)
    except Forgotten:
        ledger.book.become(replay(ledger.log.events(), retain=True))
        prepared = _prepared(ledger.book, file, events, tell)
    ledger.record(witnessed(ledger.book, home, file, _batches(home, file, prepared)))
    notes, stated = (*told.notes, *prepared.notes), _stated(ledger.book, file)
    words = () if stated is None else tuple(statement_lines(stated, lambda con_id: symbol(ledger.book, con_id)))
    differs = stated is not None and not is_settled(stated)
    return Imported(*common, prepared.facts_new, False, notes, prepared.contradictions, words, differs)


def _stated(book: Book, file: File) -> StatementReconciled | None:
    """Return what a file's comparison showed; None where it was not compared."""
    return book.stated if book.stated is not None and book.stated.file_sha256 == file.sha256 else None


def batches_of(book: Book, home: Path, file: File) -> Iterator[tuple[Fact, ...]]:
    """Yield what a file adds to the log of a home, to be recorded; nothing if it was imported before.

    Raises StatementRefused, and Forgotten where the book keeps too little to tell.
    """
    _require(file, book.account)
    if silent := _silent(file.statement):
        raise StatementRefused(f"{file.name}: {silent}")  # its days would count as told
    if not _is_known(book, file):
        prepared = _prepared(book, file, partial(read_from, home), lambda _: None)
        yield from witnessed(book, home, file, _batches(home, file, prepared))


def _silent(told: Statement) -> str:
    """Say so of a statement whose money moved, and that tells no fact of it; else ""."""
    if told.facts or not any(line.amount for line in told.observed.funds or ()):
        return ""
    return (
        "the statement of funds alone tells no facts, for it names no execution; add Trades, Cash Transactions and "
        "Open Positions to the query"
    )


def _is_known(book: Book, file: File) -> bool:
    return f"statement/{file.sha256}" in book.keys


def _batches(home: Path, file: File, prepared: Prepared) -> Iterator[tuple[Fact, ...]]:
    """Keep the file; yield its facts, and last that it is imported."""
    told = file.statement
    whole = StatementImported(
        source=file.source, account=told.account, first_day=told.first_day.isoformat(),
        last_day=told.last_day.isoformat(), file_sha256=evidence.put(home, file.content, file.suffix),
        facts=len(told.facts), facts_new=prepared.facts_new,
    )  # fmt: skip
    facts = (*prepared.facts, whole)
    for place in range(0, len(facts), FACTS_A_BATCH):
        yield facts[place : place + FACTS_A_BATCH]


def _prepared(book: Book, file: File, events: Reading | None, tell: Tell) -> Prepared:
    """Return what of a file is new, tried on a copy of the book; raises StatementRefused for what cannot be."""
    told, notes = file.statement, list[str]()
    begun = None if events is None else beginning_of(events(0))
    own: list[Fact] = list(new_contracts(book, told.contracts))
    if begun is None and not book.holdings and not any(book.cash.values()):
        opened = opening(said_of(told))
        own += opened.facts
        notes += opened.notes
        if not told.base_currency:
            notes.append(f"the statement does not say the account's base currency: {book.base_currency} is taken")
    facts = fitting(told.facts, begun)
    if len(facts) < len(told.facts):
        notes.append(
            f"{len(told.facts) - len(facts)} facts from before the log's beginning are left out: "
            "its opening balances hold them"
        )
    if events is not None:
        facts = _not_told_before(book, facts, events, notes)
    notes += [*_outside(told), *filter(None, (_silent(told),))]
    facts = tuple(charged_otherwise(book, facts))
    facts = tuple(replacing(map(pending, facts), inferred_in(book, events), book.keys))
    facts = without_inferred(book, facts)
    if begun is not None and begun.adopted:
        own += opening_lots(book, told.observed.lots or {}, begun)
    if book.cycle is None and not book.adopted:
        own += rates_of(told, book)
    new, contradictions = _tried(book, file, own, facts, tell)
    if begun is None and told.observed.cash_start is None:
        own += _cash_before(book, own, new, told)
    return Prepared((*_settled(book, own, new, told), *new), len(new), tuple(notes), contradictions)


def _not_told_before(book: Book, facts: tuple[Fact, ...], events: Reading, notes: list[str]) -> tuple[Fact, ...]:
    """Leave out what the log has under another name, and of sums over days what it has of some of them."""
    if is_doubtful(book, facts):
        told_by_name, facts = facts, tuple(retold(book, facts, events(0)))
        if len(facts) < len(told_by_name):
            notes.append(
                f"facts that the log has under another name, and are left out: {len(told_by_name) - len(facts)}"
            )
    if (since := announced_since(book, facts)) is not None:
        facts = tuple(announced(book, facts, events(since)))
    if book.statement_until is not None and any(map(period_of, facts)):
        left = tuple(rests(facts, (event.fact for event in events(0))))
        facts = tuple(rest.fact for rest in left if rest.fact is not None)
        notes += [rest.note for rest in left if rest.note]
    return facts


def _outside(told: Statement) -> Iterator[str]:
    """Say which facts happened outside the statement's period, by every date that it gives them."""
    days = [
        sorted(filter(None, (fact.trade_date, fact.report_date, fact.occurred_at and broker_day(fact.occurred_at))))
        for fact in told.facts
    ]
    outside = [known for known in days if known and (known[-1] < told.first_day or told.last_day < known[0])]
    if outside:
        first, last = min(known[0] for known in outside), max(known[-1] for known in outside)
        yield f"{len(outside)} facts are of {first} to {last}, outside the statement's period: taken all the same"


def _cash_before(book: Book, own: list[Fact], new: tuple[Fact, ...], told: Statement) -> list[Fact]:
    """Return what cash the statement began with, where it says only what it ends with: that, less what moved."""
    if book.holdings or any(book.cash.values()) or told.observed.cash is None:
        return []
    moved, at = book.supposing(chain(own, new)).cash, beginning_of_statement(told)
    with exactly():
        began = {currency: amount - moved.get(currency, ZERO) for currency, amount in told.observed.cash.items()}
    return [
        OpeningBalanceRecorded(currency=currency, amount=amount, occurred_at=at)
        for currency, amount in sorted(began.items())
        if amount
    ]


def _settled(book: Book, own: list[Fact], new: tuple[Fact, ...], told: Statement) -> Iterator[Fact]:
    """Let opening futures and CFDs know what they had settled: at the statement's end, all that they gained is."""
    kinds = {contract.con_id: contract.security_type for contract in told.contracts}
    opened = [f for f in own if isinstance(f, OpeningBalanceRecorded) and kinds.get(f.con_id or 0) in MARGINED]
    end = book.supposing(chain(own, new)) if opened else book
    for fact in own:
        held = end.holdings.get(fact.con_id or 0) if fact in opened else None
        yield fact if held is None else fact.model_copy(update={"settled": _unsettled(end, held, told)})


def _unsettled(end: Book, held: Holding, told: Statement) -> Decimal:
    listed = (told.observed.positions or {}).get(held.con_id)
    mark = ZERO if listed is None or listed.mark is None else listed.mark
    with exactly():
        value = held.quantity * mark * held.multiplier
        return value + balance(end.journal, f"variation:{held.con_id}", held.currency)


def _tried(
    book: Book, file: File, own: Iterable[Fact], facts: Iterable[Fact], tell: Tell
) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """Apply facts to a copy of the book; return those that the log does not hold, and what contradicts it."""
    new, contradictions = list[Fact](), list[str]()

    def unknown() -> Iterator[Fact]:
        for place, fact in enumerate(facts):
            tell(place)
            try:
                known = book.recognise(fact) is not None
            except Forgotten:
                raise
            except Impossible as error:
                contradictions.append(str(error))
                new.append(fact)  # to be recorded as a refusal, and a break
            else:
                if not known:
                    new.append(fact)
                    yield fact

    try:
        book.supposing(chain(own, unknown()))
    except Forgotten:
        raise
    except Impossible as error:
        where = file.place_of(new[-1]) if new else file.name
        raise StatementRefused(f"{where}: {error}; nothing of the file was imported") from error
    return tuple(new), tuple(contradictions)


def beginning_of(events: Iterable[Event]) -> Beginning | None:
    """Return where the log's opening balances stand; None if it began with nothing."""
    for event in events:
        if isinstance(event.fact, AccountAdopted):
            return Beginning(event.at, adopted=True)
        if isinstance(event.fact, OpeningBalanceRecorded):
            return Beginning(event.at, adopted=False)
        if isinstance(event.fact, StatementImported):
            return None
    return None


def inferred_in(book: Book, events: Reading | None) -> Mapping[str, Event]:
    """Return what was booked provisionally and nothing has replaced, by its key."""
    if events is None or not book.provisional:
        return {}
    wanted = {inferred.seq: key for key, inferred in book.provisional.items()}
    return {wanted[event.seq]: event for event in events(min(wanted)) if event.seq in wanted}
