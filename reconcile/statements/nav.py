"""What the statement says of the whole account: its base currency, cash, value, rates and what has accrued.

None of it moves anything but interest that accrued; it is what the book is compared with. To observe another line, read
it here into a field of `Observed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from ledger.events import InterestAccrued
from reconcile.statements.reading import ACCRUAL, Reading
from reconcile.statements.rows import ZERO, Row, end_of, number_of, words
from reconcile.statements.sections import Section
from reconcile.statements.statement import Funds

BASE = frozenset({"BASE_SUMMARY", "BASE", "Base Currency Summary"})
PARTS = ("Sec", "Com", "IBUKL", "Paxos", "MTD", "YTD", "InBase")  # parts of a line, or longer periods of it
NO_LINES = words(
    "startingCash endingCash endingSettledCash deposits withdrawals avgCreditBalance avgDebitBalance "
    "slbStartingCashCollateral slbNetSecuritiesLentActivity slbEndingCashCollateral slbNetCash slbNetSettledCash"
)
CASH_LINES = words(
    "clientFees commissions billableCommissions depositWithdrawals accountTransfers linkingAdjustments "
    "internalTransfers debitCardActivity billPay dividends insuredDepositInterest brokerInterest bondInterest "
    "cashSettlingMtm realizedVm realizedForexVm cfdCharges netTradesSales netTradesPurchases advisorFees "
    "feesReceivables paymentInLieu transactionTax taxReceivables withholdingTax withholding871m "
    "withholdingCollectedTax withholdingTaxCollected salesTax ipoSubscription fxTranslationGainLoss otherFees "
    "otherIncome other referralFee commissionCreditsRedemption carbonCredits donations paxosTransfers "
    "excessFundSweep brokerFees billableSalesTax softDollars grantActivity commissionReceivables "
    "corporateActionProceeds"
)
CENT = Decimal("0.01")
RATED = ("Trades", "CashTransactions", "CorporateActions")  # whose rows give the rate of their day

NAV_LINES = words(
    "mtm mtmAtPaxos realized changeInUnrealized costAdjustments transferredPnlAdjustments depositsWithdrawals "
    "internalCashTransfers assetTransfers debitCardActivity billPay dividends withholdingTax withholding871m "
    "withholdingTaxCollected changeInDividendAccruals interest changeInInterestAccruals advisorFees brokerFees "
    "changeInBrokerFeeAccruals clientFees otherFees otherIncome feesReceivables commissions commissionsAtPaxos "
    "commissionReceivables forexCommissions transactionTax taxReceivables salesTax billableSalesTax softDollars "
    "netFxTrading fxTranslation linkingAdjustments corporateActionProceeds commissionCreditsRedemption grantActivity "
    "excessFundSweep carbonCredits donations paxosTransfers referralFee changeInIncentiveCouponAccruals "
    "incentiveCouponAccruals marginFinancingCharges changeInMarginFinancingChargeAccruals eventContractInterest "
    "changeInEventContractInterestAccruals assetTransfersInBase other"
)


def take_account(rows: list[Row], reading: Reading) -> None:
    """Learn the base currency."""
    for row in rows:
        reading.base_currency = row.text("currency") or reading.base_currency


def take_cash_report(rows: list[Row], reading: Reading) -> None:
    """Observe each currency's balance and lines; what is converted into the base currency is left out."""
    rows = [row for row in rows if not _is_base(row)]
    if not rows:
        return
    last = max(row.day("toDate") or date.min for row in rows)
    first = min(row.day("fromDate") or date.min for row in rows)
    for row in rows:
        if not row.currency:
            raise row.error("a currency", "none", "currency")
        if (row.day("toDate") or date.min) == last:
            reading.add("cash", row.currency, row.money("endingCash"))
        if (row.day("fromDate") or date.min) == first:
            reading.add("cash_start", row.currency, row.money("startingCash"))
        for line in sorted(CASH_LINES & row.values.keys()):
            reading.add("cash_lines", (row.currency, line), row.money(line))
        if "depositWithdrawals" not in row.values:
            for part in ("deposits", "withdrawals"):
                reading.add("cash_lines", (row.currency, "depositWithdrawals"), row.money(part))
        _check_sum(row, reading)


def _is_base(row: Row) -> bool:
    return row.text("currency") in BASE or row.text("levelOfDetail").upper() in {"BASECURRENCY", "BASE"}


def _check_sum(row: Row, reading: Reading) -> None:
    start, end = row.money("startingCash"), row.money("endingCash")
    if start is None or end is None:
        return
    lines = CASH_LINES if "depositWithdrawals" in row.values else CASH_LINES | {"deposits", "withdrawals"}
    told = sum((row.money(line) or ZERO for line in lines & row.values.keys()), start)
    if abs(told - end) > CENT:
        reading.note(f"CashReport {row.currency}: its lines lead to {told:f}, and it ends with {end:f}")


def take_change_in_nav(rows: list[Row], reading: Reading) -> None:
    """Observe the account's value at both ends, and the lines between them."""
    rows = sorted((row for row in rows if not _is_detail(row)), key=_end)
    if not rows:
        return
    reading.base_currency = reading.base_currency or rows[-1].text("currency")
    if rows[-1].number("endingValue") is not None:
        reading.observed["nav"] = rows[-1].number("endingValue")
    if rows[0].number("startingValue") is not None:
        reading.observed["nav_start"] = rows[0].number("startingValue")
    for row in rows:
        for line in sorted(NAV_LINES & row.values.keys()):
            reading.add("nav_lines", line, row.number(line))


def _is_detail(row: Row) -> bool:
    return row.text("endingValue", "startingValue") == ""


def _end(row: Row) -> date:
    return row.day("toDate") or date.min


def take_equity(rows: list[Row], reading: Reading) -> None:
    """Observe the account's value where ChangeInNAV does not say it."""
    dated = sorted(((day, row) for row in rows if (day := row.day("reportDate"))), key=lambda pair: pair[0])
    told = [(day, row) for day, row in dated if day <= reading.last_day and row.text("total")]
    if told:
        day, row = told[-1]
        reading.base_currency = reading.base_currency or row.text("currency")
        if "nav" not in reading.observed:
            models = [other for other_day, other in told if other_day == day]
            reading.observed["nav"] = sum((other.required("total") for other in models), ZERO)


def take_rates(rows: list[Row], reading: Reading) -> None:
    """Observe the last rate of each currency that the period has."""
    into = {row.text("toCurrency") for row in rows}
    if not reading.base_currency and len(into) == 1:
        reading.base_currency = into.pop()
    latest = dict[str, tuple[date, Decimal]]()
    for row in rows:
        day, rate = row.day("reportDate") or reading.last_day, row.number("rate")
        if row.text("toCurrency") != reading.base_currency or not rate or rate < 0 or day > reading.last_day:
            continue
        currency = row.text("fromCurrency")
        latest[currency] = max(latest.get(currency, (day, rate)), (day, rate))
    if latest:
        reading.observed["rates"] = {currency: rate for currency, (_, rate) in sorted(latest.items())}


def observe_rates(sections: Mapping[str, list[Row]], reading: Reading) -> None:
    """Observe the rates that stand beside what the account moved, day by day; a table of rates completes them."""
    days = dict[date, dict[str, Decimal]]()
    moved = {row.currency for rows in sections.values() for row in rows if row.currency and not _is_base(row)}
    for row in sections.get("ConversionRates", []):
        if row.text("toCurrency") == reading.base_currency and row.text("fromCurrency") in moved:
            _keep_rate(days, row, row.text("fromCurrency"), row.number("rate"), reading)
    for row in (row for name in RATED for row in sections.get(name, ())):
        one = row.text("levelOfDetail").upper() in {"", "EXECUTION", "DETAIL"}  # sums stand for several days
        if one and row.currency == row.text("currency"):  # not told in pence
            _keep_rate(days, row, row.currency, row.number("fxRateToBase"), reading)
    if days:
        reading.observed["rates_by_day"] = {day: days[day] for day in sorted(days)}


def _keep_rate(
    days: dict[date, dict[str, Decimal]], row: Row, currency: str, rate: Decimal | None, reading: Reading
) -> None:
    day = row.day("reportDate")
    if day is not None and rate and rate > 0 and currency and currency != reading.base_currency:
        days.setdefault(day, {})[currency] = rate


def take_interest(rows: list[Row], reading: Reading) -> None:
    """Tell how much interest to come has changed, by currency; the translation of it is no accrual."""
    for row in rows:
        if row.text("currency") in BASE:
            continue
        if not row.currency:
            raise row.error("a currency", "none", "currency")
        reading.add("accruals", row.currency, row.money("endingAccrualBalance"))
        reading.add("accruals_start", row.currency, row.money("startingAccrualBalance"))
        change = (row.money("interestAccrued") or ZERO) + (row.money("accrualReversal") or ZERO)
        day, first = row.day("toDate") or reading.last_day, row.day("fromDate") or reading.first_day
        if change:
            fact = InterestAccrued(
                source="statement", reference=f"{row.currency}/{first}/{day}", amount=change, currency=row.currency,
                occurred_at=end_of(day), report_date=day,
            )  # fmt: skip
            reading.tell(row, fact, ACCRUAL, fact.reference)


def take_funds(rows: list[Row], reading: Reading) -> None:
    """Observe the statement of funds: other sections tell what moved, this one the balance after it."""
    found = list[Funds]()
    for row in rows:
        amount, balance, day = row.money("amount"), row.money("balance"), row.day("date", "reportDate")
        if amount is None or balance is None or day is None:
            continue
        level = row.text("levelOfDetail")
        found.append(Funds(day, row.currency, level, amount, balance, row.text("activityDescription")))
    reading.observed["funds"] = (*reading.observed.get("funds", ()), *found)


def note_adjusted_costs(rows: list[Row], reading: Reading) -> None:
    """Say where the broker changed a basis without an event: only the operator can tell why."""
    for row in rows:
        if row.text("conid") and (amount := row.number("costAdj")):
            reading.note(f"{row.text('symbol')}: the broker changed its basis by {amount:f}, and no row says why")


def infer_base_currency(rows: list[Row], reading: Reading) -> None:
    """Take the one currency whose rate is one, where no section says it."""
    ones = {row.currency for row in rows if row.currency and number_of(row.text("fxRateToBase")) == 1} - BASE
    others = {row.currency for row in rows if (rate := number_of(row.text("fxRateToBase"))) and rate != 1}
    if not reading.base_currency and len(ones - others) == 1:
        reading.base_currency = (ones - others).pop()


ACCOUNT: tuple[Section, ...] = (
    Section(
        "AccountInformation", ("AccountInformation",), take_account, words("currency"),
        words(
            "name accountType customerType accountCapabilities tradingPermissions registeredRepName "
            "registeredRepPhone accountRepName accountRepPhone dateOpened dateFunded dateClosed lastTradedDate street "
            "street2 city state country postalCode streetResidentialAddress street2ResidentialAddress "
            "cityResidentialAddress stateResidentialAddress countryResidentialAddress postalCodeResidentialAddress "
            "masterName ibEntity primaryEmail accountId"
        ),
    ),
)  # fmt: skip
NAV: tuple[Section, ...] = (
    Section("CashReport", ("CashReportCurrency",), take_cash_report, CASH_LINES | NO_LINES, suffixes=PARTS),
    Section(
        "ChangeInNAV", ("ChangeInNAV",), take_change_in_nav, NAV_LINES | words("startingValue endingValue"),
        words("twr timeWeightedReturn mwr"),
    ),
    Section("ConversionRates", ("ConversionRate",), take_rates, words("reportDate fromCurrency toCurrency rate")),
    Section(
        "InterestAccruals", ("InterestAccrualsCurrency",), take_interest,
        words("startingAccrualBalance interestAccrued accrualReversal endingAccrualBalance"),
        words("fxTranslation endingAccrualBalanceInBase"),
    ),
    Section(
        "StmtFunds", ("StatementOfFundsLine",), take_funds, words("amount balance date reportDate activityDescription"),
        words(
            "settleDate activityCode orderID buySell tradeQuantity tradePrice tradeGross tradeCommission tradeTax "
            "debit credit tradeCode"
        ),
    ),
)  # fmt: skip

# Values of asset classes: the total is what is compared.
EQUITY: tuple[Section, ...] = (
    Section(
        "EquitySummaryInBase", ("EquitySummaryByReportDateInBase",), take_equity, words("total currency reportDate"),
        words(
            "cash stock options bonds commodities notes funds crypto physDel slbCashCollateral ipoSubscription "
            "slbDirectSecuritiesBorrowed slbDirectSecuritiesLent softDollars dividendAccruals interestAccruals "
            "forexCfdUnrealizedPl cfdUnrealizedPl fdicInsuredBankSweepAccount incentiveCouponAccruals futures "
            "futureOptions warrants eventContracts structuredProducts"
        ),
        suffixes=("Long", "Short", "Component", "Accruals"),
    ),
)  # fmt: skip
