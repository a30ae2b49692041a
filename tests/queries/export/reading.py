"""Histories exported, and read back by the programs that they are for: beancount in this process, hledger beside it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.events import Fact
from queries.export import beancount, hledger
from queries.export.gathering import gather
from queries.export.transactions import Balances, Books, Transaction
from tests.facts import CONTRACTS, GENESIS, START, events

ZONE = "America/New_York"
HLEDGER = shutil.which("hledger")
Held = dict[tuple[str, str], Decimal]  # by account and commodity; nothing at zero


def books(facts: Iterable[Fact]) -> Books:
    """Return the books after genesis, the contracts and these facts."""
    return Books(gather(events((GENESIS, *CONTRACTS, *facts), after=START - timedelta(hours=1))), ZONE)


def beancount_text(facts: Iterable[Fact]) -> str:
    return "".join(beancount.lines(books(facts)))


def hledger_text(facts: Iterable[Fact]) -> str:
    return "".join(hledger.lines(books(facts)))


def own_balances(facts: Iterable[Fact]) -> Held:
    """Sum what is exported, account by account."""
    found: Held = defaultdict(Decimal)
    for told in books(facts).transactions():
        match told:
            case Transaction():
                for account, amount, commodity, _ in told.postings:
                    found[account, commodity] += amount
            case Balances():
                pass
    return not_zero(found)


def beancount_balances(text: str) -> Held:
    """Load a file as `bean-check` does; every error fails."""
    from beancount import loader
    from beancount.core import data

    entries, errors, _ = loader.load_string(text)
    assert not errors, f"{errors[0].message}\n{errors[0].entry}\n{text}"
    found: Held = defaultdict(Decimal)
    for entry in entries:
        if isinstance(entry, data.Transaction):
            for posting in entry.postings:
                assert posting.units is not None
                assert posting.units.number is not None
                found[posting.account, posting.units.currency] += posting.units.number
    return not_zero(found)


def hledger_balances(text: str, path: Path) -> Held:
    """Let hledger check a file strictly, and read its balances."""
    if HLEDGER is None:
        pytest.skip("hledger is not installed: apt-get install hledger")
    path.write_text(text, encoding="utf-8")
    checked = subprocess.run(
        [HLEDGER, "-f", str(path), "check", "--strict"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, f"{checked.stderr}\n{text}"
    asked = [HLEDGER, "-f", str(path), "balance", "--flat", "-N", "-O", "json"]
    said = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)
    found: Held = defaultdict(Decimal)
    for account, _, _, amounts in said[0]:
        for amount in amounts:
            quantity = amount["aquantity"]
            exact = Decimal(quantity["decimalMantissa"]).scaleb(-quantity["decimalPlaces"])
            found[account, amount["acommodity"].strip('"')] += exact
    return not_zero(found)


def not_zero(held: Held) -> Held:
    return {place: amount for place, amount in held.items() if amount and place[0] != "Equity:Rounding"}
