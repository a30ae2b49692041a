"""Dividends as they come in life: on their day, late, taxed otherwise, on another day than was announced.

No statement tells of any of them; under the retail profile nothing of it stops an order.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from ledger.events import DividendPaid
from tests.trader.cycles.world import AROUND, TUESDAY, world, write_bars
from trader import exits
from trader.calendar import Calendar
from trader.sources.announcements import FILE_NAME

HEADING = "Ticker,Kind,Ex Date,Pay Date,Amount,Currency,Ratio\n"
FIRST, LAST = date(2005, 3, 2), date(2005, 3, 21)
HELD = {
    "ACME": (Decimal(400), Decimal(50)),
    "CLIMB": (Decimal(300), Decimal(20)),
    "THIN": (Decimal(100), Decimal(40)),
    "WAVE": (Decimal(500), Decimal(30)),
}
ROWS = {  # announced: ex date, pay date, amount a unit
    "ACME": "2005-03-03,2005-03-07,0.31",
    "CLIMB": "2005-03-03,2005-03-08,0.17",
    "THIN": "2005-03-04,2005-03-10,0.23",
    "WAVE": "2005-03-07,2005-03-14,0.12",
}
REDATED = "2005-03-07,2005-03-17,0.12"  # WAVE's, as the file says from the 14th on
PAID = {  # when it comes, of what, how much a unit, less which tax
    date(2005, 3, 7): ("ACME", "0.31", "0.30"),  # on its day
    date(2005, 3, 11): ("CLIMB", "0.17", "0.15"),  # three days late, and less withheld
    date(2005, 3, 10): ("THIN", "0.23", "0"),  # nothing withheld
    date(2005, 3, 17): ("WAVE", "0.12", "0.30"),  # on its other day
}


def _announce(folder: Path, rows: dict[str, str]) -> None:
    lines = (f"{ticker},dividend,{row},USD,\n" for ticker, row in rows.items())
    (folder / FILE_NAME).write_text(HEADING + "".join(lines), encoding="utf-8")


def test_weeks_of_dividends_late_withheld_and_redated_stop_no_order(tmp_path: Path) -> None:
    folder = write_bars(tmp_path / "data", TUESDAY - AROUND, TUESDAY + AROUND)
    _announce(folder, ROWS)
    more: Any = {"sources": {"folder": str(folder), "history_days": 5}, "universe": {"symbols": sorted(HELD)}}
    wanted = {"kind": "fixed", "weights": {"ACME": "0.15", "CLIMB": "0.05", "THIN": "0.03", "WAVE": "0.1"}}
    with world(tmp_path, positions=HELD, strategy=wanted, **more) as paying:
        entitled, gross = dict[str, Decimal](), Decimal()
        for session in Calendar.load().sessions(FIRST, LAST):
            paying.advance_to(session.day, 0)
            held = {row["symbol"]: Decimal(row["quantity"]) for row in paying.control.dump()["positions"].values()}
            entitled |= {ticker: held[ticker] for ticker, row in ROWS.items() if row.startswith(str(session.day))}
            if session.day == date(2005, 3, 14):
                _announce(folder, {**ROWS, "WAVE": REDATED})
            if session.day in PAID:
                ticker, each, tax = PAID[session.day]
                amount = entitled[ticker] * Decimal(each)
                paying.control.cash(amount - (amount * Decimal(tax)).quantize(Decimal("0.01"), ROUND_HALF_UP))
                gross += amount

            assert paying.trade() == exits.FINE, session.day

        assert paying.book().halted is None
        assert {fact.source for fact in paying.facts(DividendPaid)} == {"rule"}
        assert len(paying.facts(DividendPaid)) == len(PAID)
        assert sum(fact.amount for fact in paying.facts(DividendPaid)) == gross
        assert paying.apart() == ()
