"""Which contract a symbol of a CSV statement is, by its own list of instruments."""

from __future__ import annotations

from collections.abc import Mapping

from reconcile.statements.descriptions import TAIL, described
from reconcile.statements.securities import OURS, stand_in

LIST = "Financial Instrument Information"
FILLED: tuple[tuple[str, str], ...] = (  # column of the list, attribute
    ("Conid", "conid"), ("Security ID", "isin"), ("Listing Exch", "listingExchange"), ("Multiplier", "multiplier"),
    ("Expiry", "expiry"), ("Strike", "strike"), ("Underlying", "underlyingSymbol"),
)  # fmt: skip
DESCRIBING = ("CashTransactions",)
ACTIONS = ("CorporateActions",)
NO_CONTRACT = ("ConversionRates",)


class Instruments:
    """The list of instruments, found by symbol or by ISIN."""

    def __init__(self, sections: Mapping[str, list[tuple[int, dict[str, str]]]]) -> None:
        self.by_symbol, self.by_isin = dict[tuple[str, str], dict[str, str]](), dict[str, dict[str, str]]()
        self.any = dict[str, dict[str, str]]()
        for _, fields in sections.get(LIST, []):
            kind = OURS.get(fields.get("Asset Category", ""), "")
            for symbol in fields.get("Symbol", "").split(","):
                self.by_symbol.setdefault((kind, symbol.strip()), fields)
                self.any.setdefault(symbol.strip(), fields)
            if isin := fields.get("Security ID"):
                self.by_isin.setdefault(isin, fields)

    def fill(self, values: dict[str, str], section: str) -> None:
        """Say of a row which contract it is about, as far as the file tells."""
        if section in NO_CONTRACT:
            return
        self._name(values, section)
        symbol, isin = values.get("symbol", ""), values.get("isin", "")
        kind = OURS.get(values.get("assetCategory", ""), "")
        found = self.by_symbol.get((kind, symbol)) or self.by_isin.get(isin)
        if found is None and section in (*DESCRIBING, *ACTIONS):
            found = self.any.get(symbol)
        if found is not None:
            values.setdefault("assetCategory", found.get("Asset Category", ""))
            for column, name in FILLED:
                if found.get(column) and not values.get(name):
                    values[name] = found[column]
            kind = OURS.get(values["assetCategory"], "")
            if kind in {"OPT", "FOP", "WAR"} and not values.get("putCall"):
                values["putCall"] = found.get("Type", "")
            underlying = self.any.get(found.get("Underlying", ""))
            if kind in {"OPT", "FOP"} and underlying is not None:
                values.setdefault("underlyingConid", underlying.get("Conid", ""))
        if (symbol or isin) and not values.get("conid"):
            values["standIn"] = str(stand_in(kind or "STK", isin or symbol, ""))

    def _name(self, values: dict[str, str], section: str) -> None:
        """Find the contract's name in a description, where no column tells it."""
        text = values.get("description", "")
        if section in ACTIONS and (tail := TAIL.search(text)):
            values.setdefault("symbol", tail["symbol"].strip())
            values.setdefault("isin", tail["isin"])
        elif section in (*DESCRIBING, *ACTIONS) and not values.get("symbol"):
            told = described(text)
            if told.symbol and told.isin:
                values["symbol"], values["isin"] = told.symbol, told.isin
