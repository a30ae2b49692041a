"""Flex files: which sections there are, in which order they are read, and which say nothing that others do not.

A section that carries money and is neither read nor named in `LEFT_OUT` is an error. To read another one, write its
function in the file of its group, and add its `Section` to that file's tuple.
"""

from __future__ import annotations

from reconcile.statements.accruals import ACCRUALS
from reconcile.statements.actions import ACTIONS
from reconcile.statements.cash import CASH_SECTIONS
from reconcile.statements.nav import ACCOUNT, EQUITY, NAV, infer_base_currency, note_adjusted_costs, observe_rates
from reconcile.statements.positions import POSITIONS
from reconcile.statements.reading import Reading
from reconcile.statements.rows import Row, words
from reconcile.statements.sections import Section
from reconcile.statements.securities import READS, take_securities, told_apart
from reconcile.statements.statement import Statement
from reconcile.statements.taxes import TAXES
from reconcile.statements.trades import TRADES
from reconcile.statements.transfers import TRANSFERS
from reconcile.statements.variation import VARIATION, settle_rest
from reconcile.statements.xml_rows import Sections, parse

SECURITIES = Section("SecuritiesInfo", ("SecurityInfo",), take_securities, READS, words("initialInvestment"))

# The order of reading: contracts before what names them, trades before what belongs to them.
SECTIONS: tuple[Section, ...] = (
    *ACCOUNT, SECURITIES, *NAV, *EQUITY, *TRADES, *POSITIONS, *CASH_SECTIONS, *TAXES, *ACTIONS, *TRANSFERS, *ACCRUALS,
    *VARIATION,
)  # fmt: skip

# Sections that say in another way what others tell, and move nothing: section, and why it is left out.
LEFT_OUT: tuple[tuple[str, str], ...] = (
    ("FIFOPerformanceSummaryInBase", "realised by contract, converted: trades tell it in their own currency"),
    ("FIFOPerformanceSummaryUnderlying", "as above"),
    ("MTDYTDPerformanceSummary", "longer periods"),
    ("ChangeInPositionValues", "values by asset class"),
    ("NetStockPositionSummary", "positions with what is lent or borrowed"),
    ("ComplexPositions", "positions, grouped"),
    ("FxPositions", "lots of currencies in the base currency: cash is kept in its own"),
    ("FxTransactions", "as above"),
    ("FxLots", "as above"),
    ("OptionEAE", "exercises, assignments and expiries, which stand among the trades"),
    ("PendingExcercises", "not done yet"),
    ("PendingExercises", "not done yet"),
    ("UnbundledCommissionDetails", "parts of commissions"),
    ("CommissionDetails", "parts of commissions"),
    ("RoutingCommissions", "parts of commissions"),
    ("PriorPeriodPositions", "marks of the positions before"),
    ("ClientFeesDetail", "parts of fees"),
    ("TierInterestDetails", "how interest was computed"),
    ("HardToBorrowDetails", "how borrow fees were computed: cash tells what was paid"),
    ("HardToBorrowMarkupDetails", "as above"),
    ("SLBOpenContracts", "what is lent"),
    ("SLBActivities", "what was lent: collateral is not the account's"),
    ("SLBCollaterals", "as above"),
    ("SLBFees", "how fees of lending were computed: cash tells what was paid"),
    ("UnsettledTransfers", "not done yet"),
    ("UnbookedTrades", "not booked yet"),
    ("DepositsOnHold", "not available yet"),
    ("IncentiveCouponAccrualDetails", "how an accrual was computed"),
    ("HKIPOOpenSubscriptions", "not allotted yet"),
    ("CommissionCredits", "commission credits: the cash report tells what was redeemed"),
    ("TransactionTaxDetails", "parts of taxes"),
    ("MTMPerformanceSummaryUnderlying", "as MTMPerformanceSummaryInBase"),
    ("Codes", "what codes mean"),
)
REASONS = dict(LEFT_OUT)
KINDS: tuple[tuple[str, str], ...] = (("TCF", "flex trade confirmation"), ("AF", "flex activity"))


def read_flex(content: bytes, file: str) -> tuple[Statement, ...]:
    """Read every statement of a Flex file."""
    document = parse(content, file)
    kind = dict(KINDS).get(document.query_type, "flex activity")
    return tuple(_statement(sections, kind, file) for sections in document.statements)


def _statement(sections: Sections, kind: str, file: str) -> Statement:
    head = sections.head
    account, first, last = head.text("accountId"), head.day("fromDate"), head.day("toDate")
    if not account:
        raise head.error("an account", "none", "accountId")
    if first is None or last is None or first > last:
        raise head.error("a period from fromDate to toDate", f"{head.text('fromDate')} to {head.text('toDate')}")
    reading = Reading(file, head, kind, account, first, last, head.moment("whenGenerated"))
    read_sections(sections.rows, reading)
    return reading.statement()


def _one_account(rows: dict[str, list[Row]]) -> None:
    """Refuse rows of several accounts under one: which of them moved what would be lost."""
    told = dict[str, Row]()
    for row in (row for found in rows.values() for row in found):
        if (account := row.text("accountId")) and set(account) - set("UX*FC"):  # masked in a file that was shared
            told.setdefault(account.rstrip("FC") if account[-2:-1].isdigit() else account, row)
    if len(told) > 1:
        raise list(told.values())[-1].error("rows of one account: make a query for each", ", ".join(sorted(told)))


def read_sections(rows: dict[str, list[Row]], reading: Reading) -> None:
    """Read all sections of one statement; what none of them knows is an error where it may be money."""
    _one_account(rows)
    rows = {name: told_apart(found, reading) if name == "Trades" else found for name, found in rows.items()}
    known = {section.name for section in SECTIONS} | REASONS.keys()
    for name, found in rows.items():
        if name not in known:
            if found:
                raise found[0].error("a section that is known, for it may move money", f"<{name}>")
            reading.note(f"{name}: a section that is not known, and empty")
    infer_base_currency([row for found in rows.values() for row in found], reading)
    for section in SECTIONS:
        if section.name in rows:
            section.take(section.checked(rows[section.name], reading), reading)
    settle_rest(reading.head, reading)
    note_adjusted_costs(rows.get("FIFOPerformanceSummaryInBase", []), reading)
    observe_rates(rows, reading)
