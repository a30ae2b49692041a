"""Flex files as text, as small as a sentence: only the attributes that matter to a case are told."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TypeVar
from xml.sax.saxutils import quoteattr

from ledger.events import Fact
from reconcile.statements import Statement, read

SHARED = Path(__file__).parents[4] / "shared" / "statements"
F = TypeVar("F", bound=Fact)

ACME = {"symbol": "ACME", "conid": "101", "assetCategory": "STK", "currency": "USD", "multiplier": "1"}
BOLT = {**ACME, "symbol": "BOLT", "conid": "102"}
ES = {**ACME, "symbol": "ESH6", "conid": "201", "assetCategory": "FUT", "multiplier": "50", "expiry": "20260320"}
PUT = {
    **ACME, "symbol": "ACME P50", "conid": "301", "assetCategory": "OPT", "multiplier": "100", "strike": "50",
    "expiry": "20260116", "putCall": "P", "underlyingConid": "101", "underlyingSymbol": "ACME",
}  # fmt: skip
EURUSD = {**ACME, "symbol": "EUR.USD", "conid": "12087792", "assetCategory": "CASH"}


def row(tag: str, /, *parts: dict[str, str], **attributes: object) -> str:
    told = {name: value for part in parts for name, value in part.items()} | attributes
    text = " ".join(f"{name.rstrip('_')}={quoteattr(str(value))}" for name, value in told.items())
    return f"<{tag} {text} />"


def trade(number: int, quantity: str, price: str, /, *parts: dict[str, str], **attributes: object) -> str:
    told: dict[str, object] = {
        "tradeID": 9000 + number, "transactionID": 8000 + number, "ibExecID": f"0000e0d5.{number:08x}.01.01",
        "dateTime": f"20260114;1000{number:02}", "tradeDate": "20260114", "reportDate": "20260114",
        "buySell": "SELL" if quantity.startswith("-") else "BUY", "quantity": quantity, "tradePrice": price,
        "ibCommission": "-1", "ibCommissionCurrency": "USD", "levelOfDetail": "EXECUTION",
        "transactionType": "ExchTrade",
    }  # fmt: skip
    return row("Trade", *(parts or (ACME,)), **(told | attributes))


def cash(kind: str, amount: str, /, *parts: dict[str, str], **attributes: object) -> str:
    told: dict[str, object] = {
        "type": kind, "amount": amount, "currency": "USD", "dateTime": "20260114;202000", "reportDate": "20260114",
        "levelOfDetail": "DETAIL", "description": kind,
    }  # fmt: skip
    return row("CashTransaction", *parts, **(told | attributes))


def action(kind: str, quantity: str, words: str, /, *parts: dict[str, str], **attributes: object) -> str:
    told: dict[str, object] = {
        "type": kind, "quantity": quantity, "description": words, "dateTime": "20260114;202500",
        "reportDate": "20260115", "proceeds": "0", "fifoPnlRealized": "0", "levelOfDetail": "DETAIL",
    }  # fmt: skip
    return row("CorporateAction", *(parts or (ACME,)), **(told | attributes))


def section(name: str, *rows: str) -> str:
    return f"<{name}>{''.join(f'{each}{chr(10)}' for each in rows)}</{name}>"


def flex(
    *sections: str, account: str = "U1", kind: str = "AF", first: str = "20260101", last: str = "20260131"
) -> bytes:
    head = f'accountId="{account}" fromDate="{first}" toDate="{last}" whenGenerated="20260201;050000"'
    base = row("AccountInformation", accountId=account, currency="USD")
    body = "\n".join((base, *sections))
    return (
        f'<FlexQueryResponse queryName="q" type="{kind}">\n<FlexStatements count="1">\n<FlexStatement {head}>\n{body}\n'
        "</FlexStatement>\n</FlexStatements>\n</FlexQueryResponse>\n"
    ).encode()


def told(*sections: str, **how: str) -> Statement:
    (statement,) = read(flex(*sections, **how), "day.xml")
    return statement


def trades(*rows: str) -> Statement:
    return told(section("Trades", *rows))


def only(kind: type[F], statement: Statement) -> F:
    """Return the one fact of a kind."""
    (found,) = (fact for fact in statement.facts if type(fact) is kind)
    return found


def every(kind: type[F], statement: Statement) -> list[F]:
    return [fact for fact in statement.facts if type(fact) is kind]


D = Decimal
