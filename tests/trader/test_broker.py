from __future__ import annotations

from typing import Any, cast

import pytest

from ledger.events import RecoveryStarted, TradingHalted
from trader.broker import BrokerRefused, ContractSpec, OldCopyOfLog
from trader.cycle import _last_words


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (ContractSpec("XXXX"), "XXXX (USD, SMART)"),
        (ContractSpec("SAP", "EUR", primary_exchange="IBIS", con_id=14204), "SAP (EUR, SMART, IBIS, con_id 14204)"),
    ],
)
def test_a_contract_that_the_broker_does_not_know_is_named_as_a_person_would(spec: ContractSpec, told: str) -> None:
    refused = BrokerRefused("unknown-contract", f"{spec}: expected one contract, found 0")

    assert str(refused).startswith(f"{told}: expected one contract, found 0; ")


def test_an_old_copy_of_the_log_halts_under_its_code() -> None:
    problem = OldCopyOfLog("order tb-1 works")

    assert _last_words(cast("Any", None), problem) == (
        RecoveryStarted(reason=str(problem)),  # once the halt is lifted, it must still show that it is the newest
        TradingHalted(reason=str(problem), code="old-copy"),
    )
