"""Flex statements of an invented history, for any part of it. Their figures are computed here, not by the ledger."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.sax.saxutils import quoteattr

ACCOUNT = "DU7654321"
IDS = {"ACME": 101, "BOLT": 102}

LINE_OF = {
    "Dividends": "dividends",
    "Withholding Tax": "withholdingTax",
    "Other Fees": "otherFees",
    "Deposits/Withdrawals": "depositWithdrawals",
}
LINES = ("commissions", "netTradesSales", "netTradesPurchases", *LINE_OF.values())


@dataclass(frozen=True)
class Traded:
    day: date
    symbol: str
    quantity: Decimal
    price: Decimal
    commission: Decimal = Decimal("-1")
    clock: str = "100000"

    @property
    def proceeds(self) -> Decimal:
        return -self.quantity * self.price


@dataclass(frozen=True)
class Moved:
    """Cash that moved without a trade."""

    day: date
    kind: str  # IB's type
    amount: Decimal
    symbol: str = ""


Happening = Traded | Moved


@dataclass
class Lots:
    """First in, first out, as plainly as can be; basis and realised net of commissions."""

    open: dict[str, deque[list[Decimal]]] = field(default_factory=dict)  # units, basis a unit

    def trade(self, traded: Traded) -> tuple[Decimal, str]:
        """Return what the trade realised, and whether it opened, closed, or both."""
        queue, left, realised = self.open.setdefault(traded.symbol, deque()), traded.quantity, Decimal(0)
        net_a_unit = (traded.proceeds + traded.commission) / -traded.quantity  # paid or received a unit
        while left and queue and queue[0][0] * left < 0:
            units, basis = queue[0]
            part = min(abs(units), abs(left)).copy_sign(left)
            realised += -part * net_a_unit + part * basis
            left -= part
            queue[0][0] += part
            if not queue[0][0]:
                queue.popleft()
        closed = left != traded.quantity
        if left:
            queue.append([left, net_a_unit])
        return realised, "C;O" if closed and left else "C" if closed else "O"

    def held(self) -> dict[str, tuple[Decimal, Decimal]]:
        sums = {s: (sum(u for u, _ in q), sum(u * b for u, b in q)) for s, q in self.open.items()}
        return {symbol: (Decimal(units), Decimal(basis)) for symbol, (units, basis) in sums.items() if units}


def statement(history: Iterable[Happening], first: date, last: date, *, account: str = ACCOUNT, extra: str = "") -> str:
    """Return the statement of one part of a history that began long before."""
    lots, cash, start, trades, moves = Lots(), Decimal(0), Decimal(0), list[str](), list[str]()
    lines = dict.fromkeys(LINES, Decimal(0))
    for number, happening in enumerate(history, start=1):
        if happening.day > last:
            break
        realised, way = lots.trade(happening) if isinstance(happening, Traded) else (Decimal(0), "")
        amount = happening.proceeds + happening.commission if isinstance(happening, Traded) else happening.amount
        cash += amount
        if happening.day < first:
            start = cash
        elif isinstance(happening, Traded):
            lines["netTradesSales" if happening.quantity < 0 else "netTradesPurchases"] += happening.proceeds
            lines["commissions"] += happening.commission
            trades.append(_trade(number, happening, realised, way))
        else:
            lines[LINE_OF[happening.kind]] += happening.amount
            moves.append(_move(number, happening))
    positions = [_position(symbol, *held, last) for symbol, held in sorted(lots.held().items())]
    return _whole(
        account, first, last, trades, moves, positions, {**lines, "startingCash": start, "endingCash": cash}, extra
    )


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _attributes(**named: object) -> str:
    return " ".join(f"{name.rstrip('_')}={quoteattr(str(value))}" for name, value in named.items())


def _contract(symbol: str) -> str:
    return _attributes(
        accountId=ACCOUNT, currency="USD", fxRateToBase="1", assetCategory="STK", symbol=symbol,
        description=f"{symbol} CORP", conid=IDS[symbol], multiplier="1",
    )  # fmt: skip


def _trade(number: int, traded: Traded, realised: Decimal, way: str) -> str:
    day = f"{traded.day:%Y%m%d}"
    told = _attributes(
        tradeID=9000 + number, transactionID=8000 + number, ibExecID=f"0000e0d5.{number:08x}.01.01", tradeDate=day,
        reportDate=day, dateTime=f"{day};{traded.clock}", transactionType="ExchTrade", exchange="NYSE",
        buySell="BUY" if traded.quantity > 0 else "SELL", quantity=f"{traded.quantity:f}",
        tradePrice=f"{traded.price:f}", tradeMoney=f"{-traded.proceeds:f}", proceeds=f"{traded.proceeds:f}", taxes="0",
        ibCommission=f"{traded.commission:f}", ibCommissionCurrency="USD",
        netCash=f"{traded.proceeds + traded.commission:f}", openCloseIndicator=way,
        cost=f"{-traded.proceeds - traded.commission + realised:f}", fifoPnlRealized=f"{realised:f}", notes="",
        levelOfDetail="EXECUTION",
    )  # fmt: skip
    return f"<Trade {_contract(traded.symbol)} {told} />"


def _move(number: int, moved: Moved) -> str:
    day = f"{moved.day:%Y%m%d}"
    told = _attributes(
        type=moved.kind, amount=f"{moved.amount:f}", dateTime=f"{day};202000", settleDate=day, reportDate=day,
        transactionID=8000 + number, description=f"{moved.kind} {moved.symbol}", levelOfDetail="DETAIL",
    )  # fmt: skip
    contract = (
        _contract(moved.symbol) if moved.symbol else _attributes(accountId=ACCOUNT, currency="USD", fxRateToBase=1)
    )
    if moved.symbol:
        told = told.replace(f"description={quoteattr(f'{moved.kind} {moved.symbol}')} ", "")
    return f"<CashTransaction {contract} {told} />"


def _position(symbol: str, units: Decimal, basis: Decimal, day: date) -> str:
    mark = Decimal(50)
    told = _attributes(
        reportDate=f"{day:%Y%m%d}", position=f"{units:f}", markPrice=f"{mark:f}", positionValue=f"{units * mark:f}",
        openPrice=f"{basis / units:f}", costBasisPrice=f"{basis / units:f}", costBasisMoney=f"{basis:f}",
        side="Long" if units > 0 else "Short", levelOfDetail="SUMMARY",
    )  # fmt: skip
    return f"<OpenPosition {_contract(symbol)} {told} />"


def _whole(
    account: str, first: date, last: date, trades: list[str], moves: list[str], positions: list[str],
    lines: dict[str, Decimal], extra: str,
) -> str:  # fmt: skip
    period = _attributes(
        accountId=account, fromDate=f"{first:%Y%m%d}", toDate=f"{last:%Y%m%d}", period="",
        whenGenerated=f"{last:%Y%m%d};220000",
    )  # fmt: skip
    report = _attributes(
        accountId=account, currency="USD", levelOfDetail="Currency", fromDate=f"{first:%Y%m%d}",
        toDate=f"{last:%Y%m%d}", **{name: f"{amount:f}" for name, amount in lines.items()},
    )  # fmt: skip
    body = "\n".join(
        [
            f"<AccountInformation {_attributes(accountId=account, currency='USD')} />",
            f"<CashReport><CashReportCurrency {report} /></CashReport>",
            "<Trades>", *trades, "</Trades>",
            "<CashTransactions>", *moves, "</CashTransactions>",
            "<OpenPositions>", *positions, "</OpenPositions>",
            extra,
        ]
    )  # fmt: skip
    text = f'<FlexStatements count="1">\n<FlexStatement {period}>\n{body}\n</FlexStatement>\n</FlexStatements>'
    return f'<FlexQueryResponse queryName="day" type="AF">\n{text}\n</FlexQueryResponse>\n'.replace(ACCOUNT, account)
