"""Contracts: which instrument a row is about, by its con id, or by a stand-in made of what identifies it otherwise.

Every row that names an instrument defines it; the section SecuritiesInfo says most. To read another kind of instrument,
add its name to `KINDS`.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from typing import Literal

from ledger.events import ContractDefined
from reconcile.statements.reading import Reading
from reconcile.statements.rows import ZERO, Row, words

ONE = Decimal(1)
PERCENT = Decimal("0.01")
TICK = Decimal("0.01")  # statements do not tell it; the broker's API does

# The broker's asset categories, in Flex and in the CSV statement, and ours.
KINDS: tuple[tuple[str, str], ...] = (
    ("STK", "STK"), ("Stocks", "STK"), ("ETF", "STK"), ("OPT", "OPT"), ("Equity and Index Options", "OPT"),
    ("FUT", "FUT"), ("Futures", "FUT"), ("FOP", "FOP"), ("FSFOP", "FOP"), ("Options On Futures", "FOP"),
    ("Futures Options", "FOP"), ("FSOPT", "FOP"), ("Futures Style Options", "FOP"), ("CASH", "CASH"),
    ("Forex", "CASH"), ("CFD", "CFD"), ("CFDs", "CFD"), ("BOND", "BOND"), ("Bonds", "BOND"), ("BILL", "BOND"),
    ("Treasury Bills", "BOND"), ("FUND", "FUND"), ("Mutual Funds", "FUND"), ("WAR", "WAR"), ("Warrants", "WAR"),
    ("IOPT", "WAR"), ("Structured Products", "WAR"), ("CMDTY", "CMDTY"), ("Metals", "CMDTY"), ("CRYPTO", "CRYPTO"),
    ("Crypto", "CRYPTO"), ("Cryptocurrency", "CRYPTO"),
)  # fmt: skip
OURS = dict(KINDS)
OPTIONS = ("OPT", "FOP", "WAR")
MARGIN = ("FUT", "CFD")  # their price moves as variation, never as a purchase
STOCK_LIKE = frozenset({"multiplier", "strike", "expiry", "putCall"})

READS = words(
    "assetCategory symbol description conid isin cusip currency multiplier strike expiry maturity putCall "
    "underlyingConid underlyingSymbol listingExchange exchange standIn"
)


def contract_of(row: Row, reading: Reading) -> ContractDefined:
    """Return the contract that a row must name, defining it where it is new."""
    return _kept(row, reading, reading.contracts)


def mentioned(row: Row, reading: Reading) -> int | None:
    """Return the con id that a row of cash names, if any; the row's currency need not be the contract's."""
    if not (row.text("conid") or row.text("symbol") or row.text("isin")):
        return None
    return _kept(row, reading, reading.mentioned).con_id


def _kept(row: Row, reading: Reading, table: dict[int, ContractDefined]) -> ContractDefined:
    if not (row.text("conid") or row.text("symbol") or row.text("isin")):
        raise row.error("a conid or a symbol", "neither")
    con_id = con_id_of(row)
    found = _defined(row, con_id, reading)
    known = table.get(con_id)
    table[con_id] = found if known is None else _merged(known, found)
    return table[con_id]


def con_id_of(row: Row) -> int:
    """Return the broker's con id, or a stable negative one for an old or trimmed file that has none."""
    if told := row.values.get("standIn"):
        return int(told)
    value = row.text("conid").replace(",", "")
    if value.isdecimal() and value.isascii() and int(value) > 0 and len(value) <= 18:
        return int(value)
    if value and value != "0":
        raise row.error("a con id, which is a number", repr(value), "conid")
    return stand_in(kind_of(row), row.text("isin", "cusip") or row.text("symbol"), row.currency)


def stand_in(kind: str, identity: str, currency: str) -> int:
    """Return the con id that stands for a contract without one."""
    return -int(sha256(f"{kind}|{identity}|{currency}".encode()).hexdigest()[:15], 16)


def kind_of(row: Row) -> str:
    """Return the security type; a row that tells none, nor a multiplier or an expiry, is about a stock."""
    told = row.text("assetCategory")
    if told:
        if told not in OURS:
            raise row.error("an asset category that is known", repr(told), "assetCategory")
        return OURS[told]
    if any(row.text(name) not in {"", "0", "1"} for name in STOCK_LIKE):
        raise row.error("an asset category for what has a multiplier, a strike or an expiry", "none")
    return "STK"


def multiplier_of(row: Row, kind: str) -> Decimal:
    """Return money a point; a bond's price is in percent of what it pays back."""
    told = row.number("multiplier") or ONE
    if kind != "BOND":
        return told
    money, quantity, price = row.number("tradeMoney"), row.number("quantity"), row.number("tradePrice")
    if money and quantity and price and abs(money) * 2 > abs(quantity * price * told):
        return told  # some bonds are told with their multiplier in it
    return told * PERCENT if told == ONE else told


def _defined(row: Row, con_id: int, reading: Reading) -> ContractDefined:
    kind = kind_of(row)
    underlying = row.text("underlyingConid").replace(",", "")
    words = row.text("description") if row.section not in {"CorporateActions", "CashTransactions"} else ""
    if con_id < 0:
        reading.note(f"{row.text('symbol', 'isin')}: the file gives no con id; {con_id} stands for it")
        words = f"{words} (no con id in the statement)".strip()
    return ContractDefined(
        con_id=con_id,
        symbol=_symbol(row, kind) or row.text("isin") or str(con_id),
        security_type=kind,
        currency=row.currency,  # empty: the row does not say
        exchange=row.text("listingExchange"),
        primary_exchange=row.text("listingExchange"),
        multiplier=multiplier_of(row, kind),
        min_tick=TICK,
        long_name=words,
        isin=row.text("isin") or None,
        underlying_con_id=int(underlying) if underlying.isdecimal() and int(underlying) else None,
        expiry=row.day("expiry", "maturity") if kind in {"OPT", "FOP", "FUT", "WAR", "BOND"} else None,
        strike=row.money("strike") or None if kind in OPTIONS else None,
        right=right_of(row),
    )


def _symbol(row: Row, kind: str) -> str:
    """Return the symbol; a pair whose own currency comes first is told from its other side, in units of the other."""
    symbol = row.text("symbol")
    first, dot, second = symbol.partition(".")
    return f"{second}.{first}" if kind == "CASH" and dot and row.currency == first != second else symbol


def right_of(row: Row) -> Literal["C", "P"] | None:
    """Return call or put."""
    told = row.text("putCall").upper()[:1]
    return "C" if told == "C" else "P" if told == "P" else None


def _merged(known: ContractDefined, found: ContractDefined) -> ContractDefined:
    """Let each row add what the others leave out; a choice among two that differ is made by their spelling alone."""
    first, second = sorted((known, found), key=_saying)
    told = {
        name: getattr(second, name)
        for name in (
            "currency",
            "exchange",
            "primary_exchange",
            "long_name",
            "isin",
            "underlying_con_id",
            "expiry",
            "strike",
            "right",
        )
        if getattr(first, name) in {None, ""} and getattr(second, name) not in {None, ""}
    }
    if first.multiplier == ONE != second.multiplier:
        told["multiplier"] = second.multiplier
    return first.model_copy(update=told) if told else first


def _saying(contract: ContractDefined) -> tuple[object, ...]:
    """Order two descriptions of one contract: the later name is the one without the suffix of an old one."""
    return (
        contract.symbol.endswith(".OLD"), contract.symbol, contract.currency, contract.security_type,
        contract.multiplier or ZERO, contract.long_name,
    )  # fmt: skip


def told_apart(rows: list[Row], reading: Reading) -> list[Row]:
    """Give currency pairs that the file tells under one con id an id each: one id with two currencies is none."""
    pairs = dict[str, set[str]]()
    for row in rows:
        if row.text("assetCategory") == "CASH" and row.text("conid"):
            pairs.setdefault(row.text("conid"), set()).add(row.text("symbol"))
    mixed = {con_id for con_id, symbols in pairs.items() if len(symbols) > 1}
    for con_id in sorted(mixed):
        reading.note(f"con id {con_id} stands for {' and '.join(sorted(pairs[con_id]))}: each is given one of its own")
    return [_apart(row) if row.text("conid") in mixed else row for row in rows]


def _apart(row: Row) -> Row:
    own = str(stand_in("CASH", row.text("symbol"), row.currency))
    return replace(row, values={**row.values, "standIn": own})


def take_securities(rows: list[Row], reading: Reading) -> None:
    """Read the list of instruments."""
    for row in rows:
        contract_of(row, reading)
