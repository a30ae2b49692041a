"""The activity statement as CSV, in English: its sections turned into rows of Flex, and read as those are.

The file has no ids of trades, and names contracts by symbol: the section Financial Instrument Information tells which
they are. `csv_columns.py` says what its columns mean.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from reconcile.statements.csv_columns import BY_NAME, CASH_LINES, IDENTITY, INTEREST_LINES, LEFT_OUT, NAV_LINES, Table
from reconcile.statements.csv_contracts import Instruments
from reconcile.statements.flex import read_sections
from reconcile.statements.reading import Reading
from reconcile.statements.rows import Row, moment_of, number_of
from reconcile.statements.statement import Statement, StatementError, UnknownStatement

KIND = "activity csv"
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
DAY = re.compile(rf"({'|'.join(MONTHS)}) (\d{{1,2}}), (\d{{4}})", re.ASCII)
MONTH = re.compile(rf"({'|'.join(MONTHS)}),? (\d{{4}})", re.ASCII)
IN_CURRENCY = re.compile(r"(Comm|MTM|Comm/Fee|Comm/Tax) in ([A-Z]{3})", re.ASCII)
DATA, HEADER = "Data", "Header"
SUMS = ("SubTotal", "Total", "Notes", "Trailer")
BASE = "Base Currency Summary"

Line = tuple[int, list[str]]  # number, cells
Fields = dict[str, str]


def read_csv(content: bytes, file: str) -> tuple[Statement, ...]:
    """Read one activity statement."""
    lines = list(_lines(content, file))
    _check_language(lines, file)
    told = _Csv(file, lines)
    return (told.statement(),)


def _lines(content: bytes, file: str) -> Iterator[Line]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StatementError(file, content[: error.start].count(b"\n") + 1, "other bytes", "UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise StatementError(file, reader.line_num, str(error), "comma separated values") from error


def _check_language(lines: list[Line], file: str) -> None:
    number, cells = lines[0] if lines else (1, [])
    if cells[:4] != ["Statement", HEADER, "Field Name", "Field Value"]:
        raise UnknownStatement(
            file, number, ",".join(cells[:4]) or "an empty file", "Statement,Header,Field Name,Field Value: one "
            "in English (choose the language in the Client Portal)",
        )  # fmt: skip


class _Csv:
    """One file: its lines by section, under the header that holds for them."""

    def __init__(self, file: str, lines: list[Line]) -> None:
        self.file, self.notes = file, list[str]()
        self.sections = dict[str, list[tuple[int, Fields]]]()
        headers = dict[str, list[str]]()
        for number, cells in lines:
            name, kind = cells[0], cells[1] if len(cells) > 1 else ""
            if kind == HEADER:
                headers[name] = cells[2:]
            elif kind == DATA:
                if name not in headers:
                    raise StatementError(file, number, f"data of {name}", f"{name},Header before it")
                self.sections.setdefault(name, []).append(
                    (number, self._fields(number, name, headers[name], cells[2:]))
                )
            elif kind not in SUMS:
                raise StatementError(file, number, f"a row {kind!r} in {name}", f"{HEADER}, {DATA} or a sum")

    def _fields(self, number: int, name: str, header: list[str], cells: list[str]) -> Fields:
        extra = [cell for cell in cells[len(header) :] if cell]
        if extra:
            raise StatementError(
                self.file, number, f"{extra[0]!r} after the last column of {name}", f"{len(header)} cells"
            )
        return {column: cell for column, cell in zip(header, cells, strict=False) if column}

    def statement(self) -> Statement:
        """Read all of it."""
        heading, account = self._pairs("Statement"), self._pairs("Account Information")
        head = Row(self.file, 1, "Statement", "Statement", {})
        title = heading.get("Title", "Activity Statement")
        if "Activity Statement" not in title and title != "Activity":
            raise UnknownStatement(self.file, 1, f"a {title}", "an Activity Statement")
        name = (account.get("Account", "").split() or [""])[0]
        if not name:
            raise head.error("Account Information,Data,Account", "none")
        first, last = self._period(head, heading.get("Period", ""))
        told = moment_of(heading.get("WhenGenerated", ""))
        generated = None if told is None else Row(self.file, 1, "", "", {"at": heading["WhenGenerated"]}).moment("at")
        reading = Reading(self.file, head, KIND, name, first, last, generated, account.get("Base Currency", ""))
        reading.commissions_hold_taxes = True
        read_sections(self._rows(reading), reading)
        self._observe(reading)
        return reading.statement()

    def _pairs(self, name: str) -> Fields:
        return {
            fields.get("Field Name", ""): fields.get("Field Value", "") for _, fields in self.sections.get(name, [])
        }

    def _period(self, head: Row, text: str) -> tuple[date, date]:
        days = [date(int(year), MONTHS.index(month) + 1, int(day)) for month, day, year in self._valid(DAY, text)]
        if len(days) in (1, 2):
            return days[0], days[-1]
        if not days and (found := MONTH.fullmatch(text)) and 1980 <= int(found[2]) <= 2200:
            first = date(int(found[2]), MONTHS.index(found[1]) + 1, 1)
            return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        raise head.error("a period, as January 1, 2026 - January 31, 2026", repr(text), "Period")

    def _valid(self, pattern: re.Pattern[str], text: str) -> list[tuple[str, str, str]]:
        found = pattern.findall(text)
        for month, day, year in found:
            if moment_of(f"{int(year):04}-{MONTHS.index(month) + 1:02}-{int(day):02}") is None:
                raise StatementError(self.file, 1, repr(text), "a period of days that exist")
        return list(found)

    def _rows(self, reading: Reading) -> dict[str, list[Row]]:
        """Return the file's rows as rows of Flex."""
        instruments = Instruments(self.sections)
        rows = dict[str, list[Row]]()
        for name, lines in self.sections.items():
            if name in BY_NAME:
                table = BY_NAME[name]
                rows.setdefault(table.section, []).extend(self._table(table, lines, instruments, reading))
            elif name in OWN or any(name.startswith(told) for told in LEFT_OUT):
                continue
            else:
                raise StatementError(
                    self.file, lines[0][0], f"{name!r}", "a section that is known, for it may move money"
                )
        for name, lines_of, section, tag in (
            ("Cash Report", CASH_LINES, "CashReport", "CashReportCurrency"),
            ("Interest Accruals", INTEREST_LINES, "InterestAccruals", "InterestAccrualsCurrency"),
        ):
            if name in self.sections:
                rows[section] = self._turned(name, dict(lines_of), section, tag)
        return rows

    def _table(
        self, table: Table, lines: list[tuple[int, Fields]], instruments: Instruments, reading: Reading
    ) -> Iterator[Row]:
        trade: Fields = {}
        for number, fields in lines:
            if _is_sum(fields):
                continue
            columns = {**IDENTITY, **table.columns}
            values: Fields = dict(table.constants)
            names = dict[str, str]()
            for column, cell in fields.items():
                found = IN_CURRENCY.fullmatch(column)
                name = columns.get(column, column)
                if found:
                    name = "mtmPnl" if found[1] == "MTM" else "ibCommission"
                    if name == "ibCommission":
                        values["ibCommissionCurrency"] = found[2]
                        reading.note(
                            f"commissions of currency pairs are told in {found[2]}, whatever they were taken in"
                        )
                if cell or name not in values:
                    values[name], names[name] = cell, column
            trade = PREPARED.get(table.section, _as_it_is)(values, trade, reading)
            instruments.fill(values, table.section)
            yield Row(self.file, number, table.section, table.tag, values, names)

    def _turned(self, name: str, lines: dict[str, str], section: str, tag: str) -> list[Row]:
        """Return one row a currency of a section that has one row a line."""
        found = dict[str, tuple[int, Fields]]()
        for number, fields in self.sections[name]:
            currency = fields.get("Currency", "")
            line = fields.get("Currency Summary", fields.get("Field Name", ""))
            amount = fields.get("Total", fields.get("Field Value", ""))
            if currency == BASE or not currency or currency.startswith("Total"):
                continue
            row = found.setdefault(currency, (number, {"currency": currency}))[1]
            attribute, told = lines.get(line, _camel(line)), number_of(amount)
            if told is None:
                raise StatementError(self.file, number, f"{amount!r} in {name} as {line}", "a number")
            before = number_of(row.get(attribute, "0")) or 0
            row[attribute] = format(before + told, "f")
        return [Row(self.file, number, section, tag, values) for number, values in found.values()]

    def _observe(self, reading: Reading) -> None:
        """Observe the account's value, which Flex tells otherwise."""
        for number, fields in self.sections.get("Net Asset Value", []):
            if fields.get("Asset Class") == "Total":
                row = Row(self.file, number, "Net Asset Value", "", fields)
                reading.observed["nav"] = row.required("Current Total")
                reading.observed["nav_start"] = row.required("Prior Total")
        known = dict(NAV_LINES)
        for number, fields in self.sections.get("Change in NAV", []):
            row = Row(self.file, number, "Change in NAV", "", fields)
            line = known.get(row.text("Field Name"), _camel(row.text("Field Name")))
            if line == "endingValue":
                reading.observed.setdefault("nav", row.required("Field Value"))
            elif line == "startingValue":
                reading.observed.setdefault("nav_start", row.required("Field Value"))
            else:
                reading.add("nav_lines", line, row.number("Field Value"))


OWN = ("Statement", "Account Information", "Net Asset Value", "Change in NAV", "Cash Report", "Interest Accruals")
TOTALS = ("Total", "Starting ", "Ending ", "Other FX", "Increase", "Change in ")


def _is_sum(fields: Fields) -> bool:
    """Tell whether a row of data is a sum of others, by its first words."""
    first = [cell for cell in fields.values() if cell][:2]
    return any(cell.startswith(TOTALS) for cell in first) or not first


def _camel(text: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", text)
    return "".join((words[0].lower(), *(word.capitalize() for word in words[1:]))) if words else "other"


def _as_it_is(_: Fields, trade: Fields, __: Reading) -> Fields:
    return trade


LEVELS = {"Order": "ORDER", "Trade": "EXECUTION", "Execution": "EXECUTION", "ClosedLot": "CLOSED_LOT"}


def _trade(values: Fields, trade: Fields, _: Reading) -> Fields:
    """Date a closed lot: it stands under the trade that closed it, and tells when it was opened."""
    values["levelOfDetail"] = LEVELS.get(values.get("levelOfDetail", ""), values.get("levelOfDetail", ""))
    if values.get("assetCategory") in {"Forex", "CASH"}:
        values.pop("fifoPnlRealized", None)
    if values["levelOfDetail"] != "CLOSED_LOT":
        return values
    values["openDateTime"], values["dateTime"] = values.get("dateTime", ""), trade.get("dateTime", "")
    values["buySell"] = "SELL" if trade.get("quantity", "").startswith("-") else "BUY"
    return trade


def _paid(values: Fields, trade: Fields, _: Reading) -> Fields:
    """Tell payments in lieu and coupons from what stands in one section with them."""
    words = values.get("description", "").upper()
    if values.get("type") == "Dividends" and "PAYMENT IN LIEU" in words:
        values["type"] = "Payment In Lieu Of Dividends"
    if values.get("type", "").startswith("Broker Interest") and ("BOND" in words or "COUPON" in words):
        values["type"] = "Bond Interest Received"
    return trade


def _rate(values: Fields, trade: Fields, reading: Reading) -> Fields:
    values["toCurrency"] = reading.base_currency
    return trade


def _position(values: Fields, trade: Fields, _: Reading) -> Fields:
    values["levelOfDetail"] = values.get("levelOfDetail", "").upper()
    return trade


def _instrument(values: Fields, trade: Fields, _: Reading) -> Fields:
    """Read the type: that of a stock is a word, that of an option says whether it is a call."""
    if values.get("putCall") not in {"C", "P", "CALL", "PUT", "Call", "Put"}:
        values["subCategory"] = values.pop("putCall", "")
    values["symbol"] = values.get("symbol", "").split(",")[0].strip()
    return trade


PREPARED: dict[str, Callable[[Fields, Fields, Reading], Fields]] = {
    "Trades": _trade, "CashTransactions": _paid, "ConversionRates": _rate, "OpenPositions": _position,
    "SecuritiesInfo": _instrument,
}  # fmt: skip
