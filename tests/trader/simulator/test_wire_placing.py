"""placeOrder is read exactly, in all its conditional branches."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ib_insync import (
    ComboLeg,
    Contract,
    DeltaNeutralContract,
    Order,
    PriceCondition,
    Stock,
    TagValue,
    TimeCondition,
)
from ib_insync.client import Client
from ib_insync.order import OrderComboLeg

from trader.simulator.orders import OrderRequest
from trader.simulator.placing import Placement, read_placement
from trader.simulator.wire import Fields, MalformedError

STOCK = Stock("ACME", "SMART", "USD", conId=265598)
ADAPTIVE = [TagValue("adaptivePriority", "Patient")]


class Recorder(Client):
    """The real client's serialisation, without a socket."""

    def __init__(self, version: int) -> None:
        self.version, self.sent = version, ""

    def serverVersion(self) -> int:  # noqa: N802 - ib_insync's name
        return self.version

    def isConnected(self) -> bool:  # noqa: N802 - ib_insync's name
        return True

    def sendMsg(self, msg: str) -> None:  # noqa: N802 - ib_insync's name
        self.sent = msg


def fields_of(order: Order, contract: Contract = STOCK, version: int = 176) -> list[str]:
    """Return what ib_insync sends for an order, without the message's number."""
    recorder = Recorder(version)
    Client.placeOrder(recorder, 17, contract, order)  # type: ignore[no-untyped-call]
    return recorder.sent.split("\0")[1:-1]


def limit(**terms: Any) -> Order:
    own = {"action": "BUY", "totalQuantity": 100, "orderType": "LMT", "lmtPrice": 50.01}
    return Order(**{**own, "tif": "DAY", "orderRef": "tb-1", "account": "DU1", **terms})


def read(fields: list[str], version: int = 176) -> Placement:
    return read_placement(Fields(fields, version))


def request(placement: Placement) -> OrderRequest:
    return placement.request(client_id=3, con_id=265598, account="DU1")


@pytest.mark.parametrize("version", [157, 176])  # 178: tests/trader/simulator/test_peers.py
def test_a_plain_limit_order_arrives_as_it_was_meant(version: int) -> None:
    placement = read(fields_of(limit(), version=version), version)

    assert request(placement) == OrderRequest(
        3, 17, 265598, "DU1", "BUY", Decimal(100), "LMT", Decimal("50.01"), "DAY", "tb-1"
    )


def test_adaptive_brings_its_priority() -> None:
    arrived = request(read(fields_of(limit(algoStrategy="Adaptive", algoParams=ADAPTIVE))))

    assert (arrived.algo, arrived.algo_priority) == ("Adaptive", "Patient")


def test_a_preview_is_a_preview() -> None:
    assert request(read(fields_of(limit(whatIf=True)))).what_if


BAG = Contract(
    secType="BAG",
    symbol="ACME",
    exchange="SMART",
    currency="USD",
    comboLegs=[ComboLeg(1, 1, "BUY", "SMART"), ComboLeg(2, 1, "SELL", "SMART")],
)
HEDGED = Stock("ACME", "SMART", "USD", deltaNeutralContract=DeltaNeutralContract(5, 0.5, 12.0))
BRANCHES = {
    "combo": (
        BAG,
        limit(orderComboLegs=[OrderComboLeg(1.5)], smartComboRoutingParams=[TagValue("NonGuaranteed", "1")]),
    ),
    "delta neutral order": (STOCK, limit(deltaNeutralOrderType="MKT")),
    "scale": (STOCK, limit(scalePriceIncrement=0.5)),
    "hedge": (STOCK, limit(hedgeType="B", hedgeParam="1.5")),
    "delta neutral contract": (HEDGED, limit()),
    "unknown algo parameter": (STOCK, limit(algoStrategy="Vwap", algoParams=[TagValue("maxPctVol", "0.1")])),
    "pegged to a benchmark": (STOCK, limit(orderType="PEG BENCH")),
    "conditions": (STOCK, limit(conditions=[PriceCondition(price=1.5), TimeCondition(time="20050301 10:00:00")])),
    "IBKRATS": (Stock("ACME", "IBKRATS", "USD"), limit(minTradeQty=5)),
    "pegged to the best": (STOCK, limit(orderType="PEG BEST", minCompeteSize=5, competeAgainstBestOffset=0.01)),
    "pegged to the best or the middle": (STOCK, limit(orderType="PEG BEST", competeAgainstBestOffset=math.inf)),
    "pegged to the middle": (STOCK, limit(orderType="PEG MID", midOffsetAtWhole=0.01)),
}


@pytest.mark.parametrize("branch", BRANCHES.values(), ids=BRANCHES)
def test_every_branch_is_read_to_its_last_field_and_then_refused_by_name(branch: tuple[Contract, Order]) -> None:
    contract, order = branch

    placement = read(fields_of(order, contract))

    with pytest.raises(MalformedError, match="not simulated"):
        request(placement)


@settings(max_examples=1000)
@given(
    where=st.integers(0, 120),
    what=st.sampled_from(["drop", "", "0", "1", "B", "2147483647", "1.7976931348623157E308"]),
    preview=st.booleans(),
    adaptive=st.booleans(),
)
def test_a_message_that_is_one_field_off_is_never_an_order(
    where: int, what: str, preview: bool, adaptive: bool
) -> None:
    algo = {"algoStrategy": "Adaptive", "algoParams": ADAPTIVE} if adaptive else {}
    fields = fields_of(limit(whatIf=preview, **algo))
    place = where % len(fields)
    shifted = fields[:place] + ([] if what == "drop" else [what]) + fields[place + (what == "drop") :]

    with pytest.raises(MalformedError):
        request(read(shifted))


def test_what_a_gateway_wrote_into_an_open_order_may_be_sent_back_with_a_change() -> None:
    echoed = limit(deltaNeutralOrderType="None", adjustedOrderType="None", trailStopPrice=51.01, ocaType=3, cashQty=0.0)

    assert request(read(fields_of(echoed))).limit_price == Decimal("50.01")


def test_an_order_type_that_is_not_simulated_is_refused_by_name() -> None:
    with pytest.raises(MalformedError, match="orderType should be LMT, MKT or MOC, found 'STP'"):
        request(read(fields_of(limit(orderType="STP"))))
