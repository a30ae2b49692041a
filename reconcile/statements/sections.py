"""A section: which rows it has, which of their attributes are read, and which are known and left out.

Whatever else stands in a row is an error if it is a number other than zero, for it may be money, and a note otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconcile.statements.reading import Reading
from reconcile.statements.rows import Row, looks_like_number, number_of, words

Take = Callable[[list[Row], Reading], None]

# Names, ids and classifications: they carry no money in any section.
NO_MONEY = words(
    "accountId acctAlias model currency fxRateToBase assetCategory subCategory symbol description conid securityID "
    "securityIDType cusip isin sedol figi listingExchange underlyingConid underlyingSymbol underlyingSecurityID "
    "underlyingListingExchange underlyingCategory issuer issuerCountryCode multiplier strike expiry maturity issueDate "
    "putCall principalAdjustFactor reportDate levelOfDetail serialNumber deliveryType commodityType fineness weight "
    "code transactionID transactionId actionID clientReference date dateTime fromDate toDate settlementPolicyMethod "
    "type fromAcct toAcct activityDescription tradeID tradeId relatedTradeID relatedTransactionID origTransactionID "
    "rtn positionActionID expiryDate deliveryMonth uniqueID"
)


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a statement. `rows` empty: any."""

    name: str
    rows: tuple[str, ...]
    take: Take
    reads: frozenset[str] = frozenset()
    ignores: frozenset[str] = frozenset()  # figures that other rows tell, or that only describe
    suffixes: tuple[str, ...] = ()  # endings of names that repeat or divide what is read

    def checked(self, rows: Iterable[Row], reading: Reading) -> list[Row]:
        """Return rows of which nothing that may be money is left unread."""
        known, kept = NO_MONEY | self.reads | self.ignores, list(rows)
        for row in kept:
            if self.rows and row.tag not in self.rows:
                raise row.error(f"rows {', '.join(self.rows)}", f"<{row.tag}>")
            for name in row.values.keys() - known:
                if not (self.suffixes and name.endswith(self.suffixes)):
                    self._unknown(row, name, reading)
        return kept

    def _unknown(self, row: Row, name: str, reading: Reading) -> None:
        told = row.text(name)
        if looks_like_number(told) and number_of(told) != 0:
            raise row.error("attributes that are known, for a number may be money", f"{told!r}", name)
        if told and not looks_like_number(told):
            reading.note(f"{row.section}: the attribute {row.names.get(name, name)} is not known, and was left out")
