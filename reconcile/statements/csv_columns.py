"""The activity statement as CSV: which Flex section and attribute each of its sections and columns is.

A column that is not named here keeps its own name, and is an error where it holds a number, for that may be money. To
read another section, add a `Table`; one that only repeats others goes to `LEFT_OUT`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

IDENTITY: Mapping[str, str] = {
    "Asset Category": "assetCategory", "Currency": "currency", "Account": "accountId", "Symbol": "symbol",
    "Code": "code", "Conid": "conid", "Security ID": "isin", "Underlying": "underlyingSymbol",
    "Listing Exch": "listingExchange", "Multiplier": "multiplier", "Mult": "multiplier", "Expiry": "expiry",
    "Delivery Month": "deliveryMonth", "Strike": "strike", "Maturity": "maturity", "Issue Date": "issueDate",
    "Description": "description", "DataDiscriminator": "levelOfDetail", "Issuer": "issuer", "CUSIP": "cusip",
    "Exchange": "exchange", "Model": "model", "Acct ID": "accountId", "Account ID": "accountId",
}  # fmt: skip
ACCRUAL: Mapping[str, str] = {
    "Date": "date", "Ex Date": "exDate", "Pay Date": "payDate", "Quantity": "quantity", "Tax": "tax", "Fee": "fee",
    "Gross Rate": "grossRate", "Gross Amount": "grossAmount", "Net Amount": "netAmount",
}  # fmt: skip
PAID: Mapping[str, str] = {"Date": "dateTime", "Date/Time": "dateTime", "Settle Date": "dateTime", "Amount": "amount"}


@dataclass(frozen=True, slots=True)
class Table:
    """A section of the CSV file whose rows are rows of a Flex section."""

    name: str
    section: str
    tag: str
    columns: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)  # attributes that the file does not tell


def _paid(name: str, kind: str, *more: tuple[str, str]) -> Table:
    return Table(name, "CashTransactions", "CashTransaction", {**PAID, **dict(more)}, {"type": kind})


TABLES: tuple[Table, ...] = (
    Table("Financial Instrument Information", "SecuritiesInfo", "SecurityInfo", {"Type": "putCall"}),
    Table(
        "Trades", "Trades", "Trade",
        {
            "Date/Time": "dateTime", "Quantity": "quantity", "T. Price": "tradePrice", "C. Price": "closePrice",
            "Proceeds": "proceeds", "Notional Value": "tradeMoneyInBase", "Comm/Fee": "ibCommission", "Basis": "cost",
            "Realized P/L": "fifoPnlRealized", "MTM P/L": "mtmPnl", "Realized P/L %": "closePrice",
            "Comm/Tax": "ibCommission", "Realized P&L": "fifoPnlRealized", "MTM P&L": "mtmPnl", "Code": "notes",
            "Settle Date": "settleDateTarget", "Order Type": "orderType", "TradeID": "tradeID",
        },
    ),
    Table(
        "Open Positions", "OpenPositions", "OpenPosition",
        {
            "Open": "openDateTime", "Quantity": "position", "Cost Price": "costBasisPrice",
            "Cost Basis": "costBasisMoney", "Close Price": "markPrice", "Value": "positionValue",
            "Unrealized P/L": "fifoPnlUnrealized", "Unrealized P/L %": "percentOfNAV",
            "Unrealized P&L": "fifoPnlUnrealized", "% of NAV": "percentOfNAV",
        },
    ),
    Table(
        "Corporate Actions", "CorporateActions", "CorporateAction",
        {
            "Report Date": "reportDate", "Date/Time": "dateTime", "Date": "dateTime", "Quantity": "quantity",
            "Proceeds": "proceeds", "Value": "value", "Realized P/L": "fifoPnlRealized", "MTM P/L": "mtmPnl",
            "Realized P&L": "fifoPnlRealized",
        },
    ),
    Table(
        "Transfers", "Transfers", "Transfer",
        {
            "Date": "date", "Type": "type", "Direction": "direction", "Xfer Company": "company",
            "Xfer Account": "account", "Qty": "quantity", "Quantity": "quantity", "Xfer Price": "transferPrice",
            "Market Value": "positionAmount", "Realized P/L": "pnlAmount", "Cash Amount": "cashTransfer",
        },
    ),
    Table(
        "Transaction Fees", "TransactionTaxes", "TransactionTax",
        {
            "Date/Time": "date", "Description": "taxDescription", "Quantity": "quantity", "Trade Price": "tradePrice",
            "Amount": "taxAmount",
        },
    ),
    _paid("Deposits & Withdrawals", "Deposits & Withdrawals"),
    _paid("Dividends", "Dividends"),
    _paid("Payment In Lieu Of Dividends", "Payment In Lieu Of Dividends"),
    _paid("Withholding Tax", "Withholding Tax"),
    _paid("871(m) Withholding", "871(m) Withholding"),
    _paid("Interest", "Broker Interest Paid"),
    _paid("Broker Interest Paid", "Broker Interest Paid"),
    _paid("Broker Interest Received", "Broker Interest Received"),
    _paid("Bond Interest Paid", "Bond Interest Paid"),
    _paid("Bond Interest Received", "Bond Interest Received"),
    _paid("Fees", "Other Fees", ("Subtitle", "type")),
    _paid("Other Fees", "Other Fees"),
    _paid("Broker Fees", "Broker Fees"),
    _paid("Advisor Fees", "Advisor Fees"),
    _paid("Client Fees", "Client Fees"),
    _paid("Other Income", "Other Income"),
    _paid("Commission Adjustments", "Commission Adjustments"),
    _paid("Price Adjustments", "Price Adjustments"),
    _paid("CFD Charges", "CFD Charges"),
    _paid("Sales Tax", "Sales Tax"),
    _paid("Debit Card Activity", "Debit Card Activity"),
    Table("Change in Dividend Accruals", "ChangeInDividendAccruals", "ChangeInDividendAccrual", ACCRUAL),
    Table("Open Dividend Accruals", "OpenDividendAccruals", "OpenDividendAccrual", ACCRUAL),
    Table(
        "Mark-to-Market Performance Summary", "MTMPerformanceSummaryInBase", "MTMPerformanceSummaryUnderlying",
        {
            "Prior Quantity": "prevCloseQuantity", "Current Quantity": "closeQuantity", "Prior Price": "prevClosePrice",
            "Current Price": "closePrice", "Mark-to-Market P/L Position": "priorOpenMtm",
            "Mark-to-Market P/L Transaction": "transactionMtm", "Mark-to-Market P/L Commissions": "commissions",
            "Mark-to-Market P/L Other": "other", "Mark-to-Market P/L Total": "total", "Position": "priorOpenMtm",
            "Transaction": "transactionMtm", "Commissions": "commissions", "Other": "other", "Total": "total",
        },
    ),
    Table(
        "Base Currency Exchange Rate", "ConversionRates", "ConversionRate",
        {"Currency": "fromCurrency", "Rate": "rate", "Exchange Rate": "rate"},
    ),
)  # fmt: skip
BY_NAME = {table.name: table for table in TABLES}

# Lines of the cash report, and how Flex calls them.
CASH_LINES: tuple[tuple[str, str], ...] = (
    ("Starting Cash", "startingCash"), ("Ending Cash", "endingCash"), ("Ending Settled Cash", "endingSettledCash"),
    ("Commissions", "commissions"), ("Deposits", "depositWithdrawals"), ("Withdrawals", "depositWithdrawals"),
    ("Deposits & Withdrawals", "depositWithdrawals"), ("Dividends", "dividends"),
    ("Net Trades (Sales)", "netTradesSales"), ("Trades (Sales)", "netTradesSales"),
    ("Net Trades (Purchase)", "netTradesPurchases"), ("Trades (Purchase)", "netTradesPurchases"),
    ("Broker Interest Paid and Received", "brokerInterest"), ("Bond Interest Paid and Received", "bondInterest"),
    ("Insured Deposit Interest", "insuredDepositInterest"), ("Withholding Tax", "withholdingTax"),
    ("871(m) Withholding", "withholding871m"), ("Transaction Fees", "transactionTax"),
    ("Transaction Tax", "transactionTax"), ("Sales Tax", "salesTax"), ("Other Fees", "otherFees"),
    ("Payment In Lieu of Dividends", "paymentInLieu"), ("Payment In Lieu Of Dividends", "paymentInLieu"),
    ("Payments in Lieu of Dividends", "paymentInLieu"), ("Cash Settling MTM", "cashSettlingMtm"),
    ("Cash FX Translation Gain/Loss", "fxTranslationGainLoss"), ("FX Translation Gain/Loss", "fxTranslationGainLoss"),
    ("Account Transfers", "accountTransfers"), ("Internal Transfers", "internalTransfers"),
    ("Advisor Fees", "advisorFees"), ("Client Fees", "clientFees"), ("Broker Fees", "brokerFees"),
    ("Fees Receivables", "feesReceivables"), ("Tax Receivables", "taxReceivables"), ("CFD Charges", "cfdCharges"),
    ("Debit Card Activity", "debitCardActivity"), ("Bill Pay", "billPay"), ("Other Income", "otherIncome"),
    ("Linking Adjustments", "linkingAdjustments"), ("IPO Subscription", "ipoSubscription"), ("Other", "other"),
    ("Commission Credits Redemption", "commissionCreditsRedemption"), ("Referral Fee", "referralFee"),
    ("Carbon Credits", "carbonCredits"), ("Donations", "donations"), ("Excess Fund Sweep", "excessFundSweep"),
    ("Realized VM", "realizedVm"), ("Soft Dollars", "softDollars"), ("Grant Activity", "grantActivity"),
)  # fmt: skip
NAV_LINES: tuple[tuple[str, str], ...] = (
    ("Starting Value", "startingValue"), ("Ending Value", "endingValue"), ("Mark-to-Market", "mtm"),
    ("Realized P/L", "realized"), ("Change in Unrealized P/L", "changeInUnrealized"),
    ("Deposits & Withdrawals", "depositsWithdrawals"), ("Position Transfers", "assetTransfers"),
    ("Cash Transfers", "internalCashTransfers"), ("Dividends", "dividends"), ("Withholding Tax", "withholdingTax"),
    ("Change in Dividend Accruals", "changeInDividendAccruals"), ("Interest", "interest"),
    ("Change in Interest Accruals", "changeInInterestAccruals"), ("Commissions", "commissions"),
    ("Commission Adjustments", "commissionReceivables"), ("Other Fees", "otherFees"), ("Advisor Fees", "advisorFees"),
    ("Transaction Fees", "transactionTax"), ("Sales Tax", "salesTax"), ("Other FX Translations", "fxTranslation"),
    ("FX Translation", "fxTranslation"), ("Net FX Trading", "netFxTrading"), ("Cost Adjustments", "costAdjustments"),
    ("Corporate Action Proceeds", "corporateActionProceeds"), ("Broker Fees", "brokerFees"), ("Other", "other"),
    ("Other Income", "otherIncome"), ("Client Fees", "clientFees"), ("Linking Adjustments", "linkingAdjustments"),
)  # fmt: skip
INTEREST_LINES: tuple[tuple[str, str], ...] = (
    ("Starting Accrual Balance", "startingAccrualBalance"), ("Interest Accrued", "interestAccrued"),
    ("Accrual Reversal", "accrualReversal"), ("FX Translation", "fxTranslation"),
    ("Ending Accrual Balance", "endingAccrualBalance"),
)  # fmt: skip

# Sections that say in another way what others tell, or that are text. A name that begins so is meant, too.
LEFT_OUT: tuple[str, ...] = (
    "Realized & Unrealized Performance Summary", "Month & Year to Date Performance Summary", "Forex Balances",
    "Forex P/L Details", "Net Stock Position Summary", "Codes", "Notes", "Notes/Legal Notes", "Legal Notes",
    "Location of Customer Assets", "Trade Summary by", "Commission Details", "Stock Yield Enhancement Program",
    "Securities Lent", "Borrow Fee Details", "Total P/L for Statement Period", "Options Exercises",
    "Exercises, Assignments and Expirations", "Pending Exercises", "Statement of Funds", "Open Position Summary",
    "Change in Position Value", "Hard to Borrow", "Interest Details", "Tier Interest", "IBKR Managed",
    "Unbundled Commission", "Routing Commissions", "Soft Dollar Details", "Client Fee Details", "Equity Summary",
    "Historical Performance", "Time Period Performance", "Prior Period Positions", "Deposits On Hold",
    "Securities Borrowed", "Collateral", "Customer Identification", "Complex Positions",
)  # fmt: skip
