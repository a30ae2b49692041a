"""What the free text of a corporate action says: which kind it is, of which contract, in which ratio.

`AAPL(US0378331005) SPLIT 4 FOR 1 (AAPL, APPLE INC, US0378331005)`: the contract that the action is of, what happened,
and in the last parentheses the contract of this row. To know another kind by its words, add it to `WORDS`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

# Words of a description, and the broker's code for such an action, for files that do not tell the code. First fits.
WORDS: tuple[tuple[str, str], ...] = (
    ("STOCK DIVIDEND", "SD"), ("CHOICE DIVIDEND", "CH"), ("EXPIRE DIVIDEND RIGHT", "ED"), ("DIVIDEND RIGHTS", "DI"),
    ("RIGHTS ISSUE", "RI"), ("SUBSCRIBES TO", "SR"), ("SUBSCRIBE", "SR"), ("SPINOFF", "SO"), ("SPIN-OFF", "SO"),
    ("TENDERED TO", "TO"), ("TENDER", "TO"), ("MERGED", "TC"), ("MERGER", "TC"), ("CUSIP/ISIN CHANGE", "IC"),
    ("SYMBOL CHANGE", "IC"), ("NAME CHANGE", "IC"), ("DELISTED", "DW"), ("WORTHLESS", "DW"), ("COUPON PAYMENT", "CP"),
    ("MATURITY", "BM"), ("MATURED", "BM"), ("REDEMPTION", "BM"), ("FULL CALL", "BM"), ("PARTIAL CALL", "BM"),
    ("CONVERSION", "BC"), ("CONVERTED", "BC"), ("VOLUNTARY", "GV"), ("PROXY", "PV"), ("CASH DIVIDEND", "CD"),
    ("FEE ALLOCATION", "FA"), ("LIQUIDATION", "TC"), ("SPLIT", "FS"),
)  # fmt: skip
STAMP = re.compile(r"^\d{8,14}(?=[A-Z])", re.ASCII)  # that the broker sometimes puts before the symbol
HEAD = re.compile(
    r"^(?P<symbol>[^()]{1,40}?)\s*\((?P<isin>(?=[A-Z]*\d)[A-Z0-9]{4,20})\)\s*(?P<what>.*)$", re.ASCII | re.DOTALL
)
TAIL = re.compile(r"\s*\((?P<symbol>[^(),]{1,40}),[^()]*(?:\([^()]*\)[^()]*)*,\s*(?P<isin>[A-Z0-9]*)\)\s*$", re.ASCII)
RATIO = re.compile(r"(?<![\d.])(\d{1,20}(?:\.\d{1,15})?)\s+FOR\s+(\d{1,20}(?:\.\d{1,15})?)(?![\d.])", re.ASCII)
COLON = re.compile(r"(?<![\d.:])(\d{1,9}):(\d{1,9})(?![\d.:])", re.ASCII)


class Described(NamedTuple):
    """What a description says."""

    stem: str  # the same in all rows of one action
    symbol: str  # of the contract that the action is of
    isin: str
    ratio: tuple[int, int] | None  # the integers as stated


def described(text: str) -> Described:
    """Take a description apart.

    >>> described("GCM(CA38501D2041) SPLIT 1 FOR 25 (GCM.OLD, GRAN COLOMBIA GOLD CORP, CA38501D2041)")
    Described(stem='GCM(CA38501D2041) SPLIT 1 FOR 25', symbol='GCM', isin='CA38501D2041', ratio=(1, 25))
    """
    stem = " ".join(TAIL.sub("", STAMP.sub("", text.strip())).upper().split())
    head = HEAD.match(stem)
    found = RATIO.search(stem) or COLON.search(stem)
    ratio = None if found is None else _integers(found[1], found[2])
    return Described(stem, head["symbol"].strip() if head else "", head["isin"] if head else "", ratio)


def _integers(numerator: str, denominator: str) -> tuple[int, int] | None:
    if numerator.isdigit() and denominator.isdigit():
        stated = (int(numerator), int(denominator))
    else:
        ratio = Fraction(Decimal(numerator)), Fraction(Decimal(denominator))
        scale = max(ratio[0].denominator, ratio[1].denominator)
        stated = (int(ratio[0] * scale), int(ratio[1] * scale))
    return stated if min(stated) > 0 and max(stated) < 10**18 else None


def kind_of(text: str) -> str:
    """Return the broker's code for what a description tells; empty for what is not known."""
    told = text.upper()
    return next((code for words, code in WORDS if words in told), "")
