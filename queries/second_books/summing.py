"""The second bookkeeping: positions, cash, commissions, open lots and what was realised, in SQL from the log's lines.

It shares nothing with the fold: DuckDB reads the day files as text, every number as DECIMAL, and adds up. First in,
first out needs no matching there: the n-th unit bought always meets the n-th unit sold, whichever came first. So what
is open is what lies beyond the other side's total, and what was realised is the cash of all trades plus the cost of
what is open. The one division is a trade's share of a cost where only a part of the trade is still open: at most one
lot a contract.

What is not booked here is said to be unknown, for exactly the contracts and currencies that it touches, and never
compared. To book another type of fact, name it in `BOOKED` and let a question read it (`questions.py`); a type that is
named nowhere makes everything unknown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from ledger.events import BY_NAME
from queries.fence import new_database, quoted
from queries.second_books.checking import checked
from queries.second_books.questions import (
    CASH,
    COMMISSIONS,
    EXECUTIONS,
    EXERCISES,
    FIELDS,
    GROUPS_WITHOUT_MONEY,
    HELD_BEFORE,
    MOVED,
    OPEN,
    OTHER_LOTS,
    OTHER_METHOD,
    OTHER_POSITIONS,
    PAID,
    PASSED,
    PREPARED,
    READ,
    TOUCHED,
    UNITS,
    UNKNOWN_MONEY,
    WITHOUT_MONEY,
)

if TYPE_CHECKING:
    import duckdb

ROUNDING = Decimal("1e-10")  # the book rounds each share of a cost to this


FINENESS = (  # which fields decide how fine quantities, prices, multipliers and amounts are added up
    ("q", ("quantity", "quantity_change", "successor_quantity", "child_quantity", "underlying_quantity")),
    ("p", ("price", "strike")),
    ("m", ("multiplier",)),
    ("a", ("amount", "sold", "bought", "cash", "commission")),
)


class SecondBooksUnknown(Exception):
    """The second bookkeeping can say nothing: a figure does not fit 38 digits, or a type of fact is not known to it."""


class OpenLot(NamedTuple):
    """Units of one trade that are not closed."""

    execution: str
    quantity: Decimal
    gross: Decimal
    commission: Decimal


class Fifo(NamedTuple):
    """One contract, first in, first out."""

    lots: tuple[OpenLot, ...]  # oldest first
    realised_gross: Decimal
    realised_commission: Decimal
    tolerance: Decimal  # of its costs: the book's rounding of each share
    exact: bool  # every trade's gross is quantity x price x multiplier


@dataclass(frozen=True)
class SecondBooks:
    """What the log comes to, in SQL, up to one seq."""

    seq: int
    positions: Mapping[int, Decimal]
    cash: Mapping[str, Decimal]
    commissions: Mapping[str, Decimal]  # + paid, as the journal has it
    contracts: Mapping[int, Fifo]
    unknown_lots: frozenset[int] = field(default_factory=frozenset)
    unknown_cash: frozenset[str] = field(default_factory=frozenset)


def second_books(home: Path, *, until_seq: int | None = None) -> SecondBooks:
    """Check the chain and add up what the log says; LogError for a damaged log, SecondBooksUnknown if it cannot."""
    import duckdb

    sealed, newest, last = checked(home)
    upto = last if until_seq is None else min(last, until_seq)
    with TemporaryDirectory(prefix="tallybook-") as folder, new_database() as con:
        try:
            _settle(con, Path(folder))
            _tell(con, sealed, newest, upto)
            _require_known_types(con)
            return _summed(con, upto, _trades(con))
        except duckdb.Error as error:
            found = str(error).splitlines()[0]
            raise SecondBooksUnknown(
                f"expected figures that fit 38 digits, and room for them in the temporary folder, found: {found}"
            ) from error


def _settle(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Let tables lie in a file that is thrown away: those of ten million lines do not fit into memory."""
    con.execute("SET threads = 1")  # two take more seconds of CPU together, and are hardly sooner
    con.execute("SET preserve_insertion_order = false")
    con.execute(f"SET temp_directory = {quoted(folder / 'spilt')}")
    con.execute(f"ATTACH {quoted(folder / 'told.duckdb')} AS told_here")
    con.execute("USE told_here")


def _tell(con: duckdb.DuckDBPyConnection, sealed: Sequence[Path], newest: list[str], until_seq: int) -> None:
    """Put what moves anything into one table of texts; the lines of other types are only counted."""
    source = "SELECT unnest($newest::VARCHAR[]) AS line"
    if sealed:
        paths = ", ".join(quoted(path) for path in sealed)
        source += (
            f" UNION ALL SELECT line FROM read_csv([{paths}], columns = {{'line': 'VARCHAR'}}, auto_detect = false,"
            " header = false, delim = '\x01', quote = '', escape = '', max_line_size = 4194305, new_line = '\\n')"
        )
    paths_in_line = ["$.key", "$.occurred_at", "$.recorded_at", *(f"$.fact.{name}" for name in FIELDS)]
    columns = ", ".join(f'p[{number}] AS "{name}"' for number, name in enumerate(FIELDS, 4))
    con.execute(
        f"""
        CREATE TABLE told AS
        SELECT seq, type, v, p[1] AS key, coalesce(p[2], p[3]) AS moment, {columns} FROM (
            SELECT h.seq::BIGINT AS seq, h.type AS type, h.v::INTEGER AS v,
                CASE WHEN h.type IN ({_list(READ)}) THEN json_extract_string(line, $paths) END AS p
            FROM (SELECT line, regexp_extract(line, $header, ['seq', 'type', 'v']) AS h FROM ({source}))
            WHERE h.seq::BIGINT <= $until)
        """,
        {
            "newest": newest, "paths": paths_in_line, "until": until_seq,
            "header": r'^\{"seq":([0-9]+),"type":"([a-z0-9_]+)","v":([0-9]+),',
        },
    )  # fmt: skip
    ((lines,),) = con.execute("SELECT count(*) FROM told").fetchall()
    if lines != until_seq + 1:
        raise SecondBooksUnknown(f"expected {until_seq + 1} lines up to seq {until_seq}, found {lines}")


def _require_known_types(con: duckdb.DuckDBPyConnection) -> None:
    named = {*READ, *WITHOUT_MONEY}
    for name, version in con.execute("SELECT DISTINCT type, v FROM told").fetchall():
        known = BY_NAME.get(name)
        group = known.__module__.rpartition(".")[2] if known else ""
        if known is None or version != known.VERSION or (name not in named and group not in GROUPS_WITHOUT_MONEY):
            raise SecondBooksUnknown(f"{name}, version {version}: the second bookkeeping does not know what it moves")


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(quoted, names))


def _trades(con: duckdb.DuckDBPyConnection) -> int:
    """Prepare trades and cash; return the decimal places of a trade's amount. No text is cut: the finest one counts."""
    asked = [(letter, name) for letter, names in FINENESS for name in names]
    longest = ", ".join(f"coalesce(max(length(split_part({name}, '.', 2))), 0)" for _, name in asked)
    (found,) = con.execute(f"SELECT {longest} FROM told").fetchall()
    scale = dict.fromkeys((letter for letter, _ in FINENESS), 0)
    for (letter, _), places in zip(asked, found, strict=True):
        scale[letter] = max(scale[letter], places)
    scale["g"] = max(scale["q"] + scale["p"] + scale["m"], scale["a"])
    rest = _list(name for name in READ if name not in EXECUTIONS)
    lists = {"cash": CASH, "actions": OTHER_POSITIONS, "exercises": EXERCISES, "paid": PAID}
    con.execute(PREPARED.format(**scale, rest=rest, **{name: _list(types) for name, types in lists.items()}))
    _pass_on(con)
    con.execute(f"SET VARIABLE places = {scale['a']}")
    return int(scale["g"])


def _pass_on(con: duckdb.DuckDBPyConnection) -> None:
    """Let positions that pass whole into another contract do so, one after the other: a name may change twice."""
    for moment, seq, con_id, successor, change in con.execute(PASSED).fetchall():
        ((held,),) = con.execute(HELD_BEFORE, {"con_id": con_id, "moment": moment, "seq": seq}).fetchall()
        con.execute(
            "INSERT INTO moved VALUES ($seq, $moment, $con_id, -$held), ($seq, $moment, $successor, $held + $change)",
            {"seq": seq, "moment": moment, "con_id": con_id, "successor": successor, "held": held, "change": change},
        )


def _summed(con: duckdb.DuckDBPyConnection, seq: int, places: int) -> SecondBooks:
    with localcontext(prec=80):
        open_lots: dict[int, list[OpenLot]] = defaultdict(list)
        for con_id, *lot in _rows(con, OPEN):
            open_lots[int(con_id)].append(_open(*lot))
        contracts, positions = dict[int, Fifo](), dict[int, Decimal]()
        for told in con.execute("SELECT * EXCLUDE (bought, sold) FROM totals").fetchall():
            con_id, quantity, gross, cost, plain, trades = int(told[0]), *told[1:]
            lots = tuple(open_lots[con_id])
            contracts[con_id] = Fifo(
                lots,
                sum((lot.gross for lot in lots), Decimal(0)) - gross,
                (cost or Decimal(0)) - sum((lot.commission for lot in lots), Decimal(0)),
                ROUNDING * trades,
                plain and places <= -int(ROUNDING.as_tuple().exponent),
            )
            positions[con_id] = quantity
        for con_id, quantity in con.execute(UNITS).fetchall():
            positions[con_id] = positions.get(con_id, Decimal(0)) + quantity
        moved = MOVED.format(paid=_list(PAID), a=_places_of_cash(con))
        touched = _ids(con, TOUCHED.format(actions=_list(OTHER_POSITIONS)))
        unpaid = UNKNOWN_MONEY.format(exercises=_list(EXERCISES), paid=_list(PAID))
        return SecondBooks(
            seq, positions, _by_currency(con, moved), _by_currency(con, COMMISSIONS), contracts,
            touched | _ids(con, OTHER_METHOD.format(lots=_list(OTHER_LOTS))),
            frozenset(row[0] for row in con.execute(unpaid).fetchall()),
        )  # fmt: skip


def _open(
    execution: str, quantity: Decimal, gross: Decimal, cost: Decimal | None, before: Decimal, other: Decimal | None
) -> OpenLot:
    """Return what is open of a trade, where so many units were traded on its side before it, and on the other side."""
    closed = max((other or Decimal(0)) - before, Decimal(0)) * (1 if quantity > 0 else -1)
    units = quantity - closed
    charged = cost or Decimal(0)
    if not closed:
        return OpenLot(execution, quantity, gross, charged)
    return OpenLot(execution, units, gross * units / quantity, charged * units / quantity)


def _places_of_cash(con: duckdb.DuckDBPyConnection) -> int:
    ((places,),) = con.execute("SELECT getvariable('places')").fetchall()
    return int(places)


def _ids(con: duckdb.DuckDBPyConnection, question: str) -> frozenset[int]:
    return frozenset(int(con_id) for (con_id,) in con.execute(question).fetchall() if con_id is not None)


def _by_currency(con: duckdb.DuckDBPyConnection, questions: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for currency, amount in _rows(con, questions):
        if not isinstance(amount, Decimal):
            raise SecondBooksUnknown(f"{currency}: expected an exact sum, found {amount!r}")
        found[currency] += amount
    return dict(found)


def _rows(con: duckdb.DuckDBPyConnection, questions: str) -> Iterable[Any]:
    for question in questions.split(";"):
        yield from con.execute(question).fetchall()
