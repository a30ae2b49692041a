"""What the owner says of a basis: a spin-off's share, and a change that no event told."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ledger.checkpoints import book_of
from ledger.clock import SystemClock
from ledger.events import SpinOffApplied
from ledger.ledger import Ledger
from tests.facts import AAPL, ACCOUNT, CONTRACTS, GENESIS, SPY, bought, commission, opened_cash
from tests.trader.homes import write_settings
from trader import exits
from trader.commands.app import run

SPIN_OFF = SpinOffApplied(
    con_id=SPY.con_id, source="statement", reference="so1", child_con_id=AAPL.con_id, child_quantity=Decimal(2)
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Ten SPY for 4,000.00 and two AAPL that were spun off, their basis not known yet."""
    write_settings(tmp_path, f'[account]\nid = "{ACCOUNT}"\n[universe]\nsymbols = ["SPY"]\n' + STRATEGY)
    genesis = GENESIS.model_copy(update={"clock": "system"})
    with Ledger.create(tmp_path, SystemClock(), genesis) as ledger:
        ledger.record((*CONTRACTS, opened_cash("10000")))
        ledger.record((bought(SPY, "10", "400", execution="a.01"), commission("a.01", "0")))
        ledger.record((SPIN_OFF,))
    return tmp_path


STRATEGY = '[strategy]\nkind = "fixed"\nweights = { SPY = 0.5 }\n'


def said(home: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    status = run(["--home", str(home), *words])
    return status, capsys.readouterr()


def test_a_spin_off_is_listed_until_its_share_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, told = said(home, capsys, "allocate", "--format", "csv")

    assert status == exits.FINE
    assert f"{SPIN_OFF.key},SPY,AAPL,2," in told.out


def test_the_share_moves_basis_from_the_parent_and_may_be_corrected(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said(home, capsys, "allocate", SPIN_OFF.key, "--fraction", "0.5", "--why", "a guess")[0] == exits.FINE
    assert said(home, capsys, "allocate", SPIN_OFF.key, "--fraction", "0.25", "--why", "form 8937")[0] == exits.FINE

    book = book_of(home)
    assert book.holdings[SPY.con_id].basis == Decimal(3000)
    assert book.holdings[AAPL.con_id].basis == Decimal(1000)
    assert sum(book.journal.values()) == 0


def test_a_change_of_basis_moves_neither_cash_nor_what_was_realised(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, told = said(
        home, capsys, "adjust-cost", "SPY", "--by", "-12.34", "--why", "return of capital, reclassified"
    )

    assert (status, told.out) == (exits.FINE, "SPY: basis now 3987.66 USD\n")
    book = book_of(home)
    assert book.cash == {"USD": Decimal(6000)}
    assert book.holdings[SPY.con_id].realised == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        pytest.param(
            ("allocate", "nothing", "--fraction", "1", "--why", "x"), "impossible: spin-off nothing", id="unknown"
        ),
        pytest.param(("allocate", SPIN_OFF.key, "--fraction", "2", "--why", "x"), "impossible: ", id="above one"),
        pytest.param(("allocate", SPIN_OFF.key, "--fraction", "x", "--why", "x"), "usage: ", id="no number"),
        pytest.param(("allocate", SPIN_OFF.key, "--fraction", "1"), "usage: ", id="no reason"),
        pytest.param(
            ("adjust-cost", "IBM", "--by", "1", "--why", "x"), "impossible: IBM 1: expected one", id="not held"
        ),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_recorded(
    home: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], complaint: str
) -> None:
    before = book_of(home).seq

    status, told = said(home, capsys, *words)

    assert status == 2
    assert told.err.startswith(complaint)
    assert book_of(home).seq == before
