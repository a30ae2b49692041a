"""Cash that moved without a trade: by the type that the broker gives it.

The broker lists the same movement as a summary and in detail: details count, or summaries where there is no detail. To
read another type, add it to `TYPES`; one that is not there stops the import.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ledger.events import (
    BrokerCash,
    CashDeposited,
    CashWithdrawn,
    CommissionAdjusted,
    DividendPaid,
    FeeCharged,
    InterestPaid,
    PaymentInLieuPaid,
    ReturnOfCapitalPaid,
    TaxWithheld,
    VariationSettled,
)
from reconcile.statements.reading import CASH, Reading
from reconcile.statements.rows import Row, words
from reconcile.statements.sections import Section
from reconcile.statements.securities import MARGIN, READS, mentioned

Kind = tuple[type[BrokerCash], str]  # the fact, and of a fee its kind

TYPES: tuple[tuple[str, type[BrokerCash], str], ...] = (
    ("Deposits & Withdrawals", CashDeposited, ""),
    ("Deposits/Withdrawals", CashDeposited, ""),
    ("Deposits and Withdrawals", CashDeposited, ""),
    ("Internal Transfers", CashDeposited, ""),
    ("Account Transfers", CashDeposited, ""),
    ("Debit Card Activity", CashDeposited, ""),
    ("Bill Pay", CashDeposited, ""),
    ("Dividends", DividendPaid, ""),
    ("Payment In Lieu Of Dividends", PaymentInLieuPaid, ""),
    ("Withholding Tax", TaxWithheld, ""),
    ("871(m) Withholding", TaxWithheld, ""),
    ("Broker Interest Paid", InterestPaid, ""),
    ("Broker Interest Received", InterestPaid, ""),
    ("Bond Interest Paid", InterestPaid, "bond"),
    ("Bond Interest Received", InterestPaid, "bond"),
    ("Insured Deposit Interest", InterestPaid, ""),
    ("Commission Adjustments", CommissionAdjusted, ""),
    ("Other Fees", FeeCharged, ""),
    ("Broker Fees", FeeCharged, "broker"),
    ("Advisor Fees", FeeCharged, "advisor"),
    ("Client Fees", FeeCharged, "client"),
    ("Sales Tax", FeeCharged, "sales_tax"),
    ("Transaction Tax", FeeCharged, "transaction_tax"),
    ("CFD Charges", FeeCharged, "cfd"),
    ("Other Income", FeeCharged, "income"),
    ("Soft Dollars", FeeCharged, "soft_dollars"),
    ("Referral Fee", FeeCharged, "referral"),
    ("Price Adjustments", FeeCharged, "price_adjustment"),
    ("Carbon Credits", FeeCharged, "carbon_credits"),
    ("Donations", FeeCharged, "donation"),
    ("Realized P/L", FeeCharged, "realised"),
)
BY_NAME = {name.casefold(): (fact, kind) for name, fact, kind in TYPES}

# What a fee is for, by words of its description.
FEES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("market_data", ("SNAPSHOT", "BUNDLE", "(NP", "NP,L", ",L1)", ",L2)", "MARKET DATA", "STREAMING", "QUOTE")),
    ("borrow", ("BORROW FEE",)),
    ("adr", (" ADR", "DEPOSITARY", " - FEE")),
    ("minimum", ("MINIMUM FEE", "MONTHLY MINIMUM")),
)
CAPITAL = "RETURN OF CAPITAL"
BOND, REALISED = "bond", "realised"


def take_cash(rows: list[Row], reading: Reading) -> None:
    """Tell every movement once."""
    details = [row for row in rows if row.text("levelOfDetail").upper() not in {"SUMMARY", "BASECURRENCY"}]
    for row in details or rows:
        take_movement(row, reading)


def take_movement(row: Row, reading: Reading, told_as: str = "", name: str = "amount") -> None:
    """Tell one movement, of the type that its row or its section tells."""
    kind = told_as or row.text("type")
    found = BY_NAME.get(kind.casefold())
    if found is None:
        raise row.error("a type of cash that is known", repr(kind), "type")
    amount = row.money(name)
    if amount is None:
        raise row.error(f"a number as {name}", "none")
    moment = row.moment("dateTime", "date", "settleDate", "reportDate")
    if moment is None:
        raise row.error("a dateTime, a date or a reportDate", "none")
    if not row.currency:
        raise row.error("a currency", "none", "currency")
    transaction = row.text("transactionID", "transactionId")
    if transaction and transaction in reading.transactions:
        return
    reference = reading.reference(row, *IDENTIFYING, name, told=("transactionID", "transactionId"))
    reading.transactions.add(transaction)
    common = {
        "source": "statement", "reference": reference, "amount": amount, "currency": row.currency,
        "note": row.text("description", "activityDescription", "taxDescription"), "occurred_at": moment,
        "report_date": row.day("reportDate"),
    }  # fmt: skip
    reading.tell(row, _fact(row, found, mentioned(row, reading), amount, common, reading), CASH, reference)


IDENTIFYING = (
    "type",
    "dateTime",
    "date",
    "settleDate",
    "currency",
    "description",
    "activityDescription",
    "conid",
    "symbol",
)


def _fact(
    row: Row, kind: Kind, con_id: int | None, amount: Decimal, common: dict[str, Any], reading: Reading
) -> BrokerCash:
    fact, words_ = kind[0], row.text("description").upper()
    if fact is CashDeposited:
        return CashDeposited(**common) if amount >= 0 else CashWithdrawn(**common)
    if fact in (DividendPaid, PaymentInLieuPaid):
        return _dividend(row, fact, con_id, CAPITAL in words_, common)
    if fact is FeeCharged:
        contract = None if con_id is None else reading.mentioned[con_id]
        if kind[1] == REALISED and contract is not None and contract.security_type in MARGIN:
            return VariationSettled(con_id=contract.con_id, **common)
        return FeeCharged(con_id=con_id, kind=kind[1] or kind_of_fee(words_), **common)
    if fact is InterestPaid:
        return InterestPaid(con_id=con_id if kind[1] == BOND else None, **common)
    if fact is TaxWithheld:
        return TaxWithheld(con_id=con_id, **common)
    return CommissionAdjusted(con_id=con_id, **common)


def _dividend(
    row: Row, fact: type[BrokerCash], con_id: int | None, of_capital: bool, common: dict[str, Any]
) -> BrokerCash:
    if con_id is None:
        raise row.error("the contract that paid", "none", "conid")
    if of_capital:
        return ReturnOfCapitalPaid(con_id=con_id, **common)
    return DividendPaid(con_id=con_id, **common) if fact is DividendPaid else PaymentInLieuPaid(con_id=con_id, **common)


def kind_of_fee(description: str) -> str:
    """Return what a fee is for."""
    return next((kind for kind, told in FEES if any(word in description for word in told)), "other")


def movements(told_as: str, name: str) -> Any:
    """Return the function that reads a section whose rows are all of one type, their amount under one name."""

    def take(rows: list[Row], reading: Reading) -> None:
        for row in rows:
            if row.money(name) is not None and row.text("levelOfDetail").upper() != "SUMMARY":
                take_movement(row, reading, told_as, name)

    return take


READ = READS | words("type dateTime date settleDate amount reportDate transactionID")
DESCRIBING = words("availableForTradingDate exDate tradeID feeType expenseIndicator")

CASH_SECTIONS: tuple[Section, ...] = (
    Section("CashTransactions", ("CashTransaction",), take_cash, READ, DESCRIBING),
    Section(
        "CFDCharges", ("CFDCharge",), movements("CFD Charges", "total"), READ | words("total"),
        DESCRIBING | words("received paid"),
    ),
    Section(
        "ClientFees", ("ClientFee",), movements("Client Fees", "net"), READ | words("net"),
        DESCRIBING | words("revenue expense revenueInBase expenseInBase netInBase execID buySell quantity tradePrice "
                           "proceeds"),
    ),
    Section(
        "SalesTaxes", ("SalesTax",), movements("Sales Tax", "salesTax"), READ | words("salesTax"),
        DESCRIBING | words("country taxType payer taxableDescription taxableAmount taxRate taxableTransactionID"),
    ),
    Section(
        "DebitCardActivities", ("DebitCardActivity",), movements("Debit Card Activity", "amount"),
        READ | words("transactionDateTime postingDate"), DESCRIBING | words("status category merchantNameLocation"),
    ),
)  # fmt: skip
