"""How accounts and commodities are called in plain text accounting: assets positive, income negative, as in ours.

To name a new account of the journal, add it to `NAMES`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ledger.events import ContractDefined

NAMES: Mapping[str, str] = {
    "realised": "Income:Realised",
    "commissions": "Expenses:Commissions",
    "taxes": "Expenses:Taxes",
    "dividends": "Income:Dividends",
    "interest": "Income:Interest",
    "fees": "Expenses:Fees",
    "transfers": "Equity:Transfers",
    "conversion": "Equity:Conversion",
    "accruals": "Assets:Accruals",
    "opening": "Equity:Opening",
    "suspense": "Equity:Suspense",
    "exchange": "Equity:Exchange",
    "cost adjustments": "Equity:Cost-Adjustments",
}
CASH, POSITIONS, VARIATION = "Assets:Cash:", "Assets:Positions:", "Assets:Variation:"
ROUNDING = "Equity:Rounding"  # what a lot's cost per unit cannot say (`lots.py`)
SYMBOL_MAX = 12  # letters of a symbol in a commodity's name; the id makes it unique
NOT_ALLOWED = re.compile(r"[^A-Z0-9]+")


class Names:
    """The names of one log's accounts and commodities."""

    def __init__(self, contracts: Mapping[int, ContractDefined]) -> None:
        self._contracts = contracts
        self._commodities: dict[int, str] = {}
        self._accounts: dict[tuple[str, str], str] = {}

    def commodity(self, con_id: int) -> str:
        """Name a contract: its symbol, and its id, for a symbol is no identity."""
        known = self._commodities.get(con_id)
        if known is None:
            symbol = NOT_ALLOWED.sub("-", self._contracts[con_id].symbol.upper()).strip("-")[:SYMBOL_MAX].strip("-")
            symbol = symbol if symbol[:1].isalpha() else f"X{symbol}"
            known = self._commodities[con_id] = f"{symbol}-{con_id}" if con_id >= 0 else f"{symbol}-N{-con_id}"
        return known

    def account(self, account: str, currency: str) -> str:
        """Name an account of the journal."""
        known = self._accounts.get((account, currency))
        if known is None:
            known = self._accounts[account, currency] = self._named(account, currency)
        return known

    def _named(self, account: str, currency: str) -> str:
        kind, _, con_id = account.partition(":")
        match kind:
            case "cash":
                return f"{CASH}{currency}"
            case "position":
                return f"{POSITIONS}{self.commodity(int(con_id))}"
            case "variation":
                return f"{VARIATION}{self.commodity(int(con_id))}"
            case "realised" if con_id:
                return f"{NAMES[kind]}:{self.commodity(int(con_id))}"
            case _:
                return NAMES[kind]
