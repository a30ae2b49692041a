"""Executions of a Flex statement become facts, each once."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ledger.events import (
    CommissionAdjusted,
    CommissionCharged,
    FillBusted,
    LotsSpecified,
    OptionAssigned,
    OptionExercised,
    OptionExpired,
    OrderFilled,
    ProceedsSettled,
    TransactionTaxCharged,
    VariationSettled,
    WashSaleObserved,
)
from reconcile.statements import StatementError, read
from tests.reconcile.statements.flex_text import (
    ACME,
    ES,
    EURUSD,
    PUT,
    D,
    every,
    flex,
    only,
    row,
    section,
    told,
    trade,
    trades,
)


def test_an_execution_is_a_fill_and_its_commission() -> None:
    statement = trades(trade(1, "100", "10.5", orderReference="tally-1", ibOrderID="77", exchange="ARCA"))

    fill, charged = only(OrderFilled, statement), only(CommissionCharged, statement)
    assert (fill.con_id, fill.quantity, fill.price, fill.currency) == (101, D(100), D("10.5"), "USD")
    assert (fill.execution_id, fill.order_ref, fill.perm_id, fill.venue) == (
        "0000e0d5.00000001.01.01", "tally-1", 77, "ARCA",
    )  # fmt: skip
    assert fill.occurred_at == datetime(2026, 1, 14, 15, 0, 1, tzinfo=UTC)
    assert (charged.amount, charged.realised_reported) == (D(-1), None)


def test_a_closing_execution_tells_what_the_broker_says_it_realised() -> None:
    statement = trades(trade(1, "-100", "12", openCloseIndicator="C", fifoPnlRealized="198.5"))

    assert only(CommissionCharged, statement).realised_reported == D("198.5")
    assert statement.observed.realised == {101: D("198.5")}
    assert statement.observed.closing == {"0000e0d5.00000001.01.01"}


def test_levels_of_one_fill_are_counted_once() -> None:
    fill = trade(1, "157", "19.065")
    levels = [
        row(tag, ACME, quantity="157", tradePrice="19.065", ibCommission="-1", buySell="BUY", tradeDate="20260114",
            levelOfDetail=level)
        for tag, level in (("Order", "ORDER"), ("SymbolSummary", "SYMBOL_SUMMARY"), ("AssetSummary", "ASSET_SUMMARY"))
    ]  # fmt: skip

    assert len(every(OrderFilled, trades(*levels, fill))) == 1


def test_orders_stand_for_executions_where_there_are_none() -> None:
    order = row("Order", ACME, quantity="157", tradePrice="19.065", ibCommission="-2", buySell="BUY",
                tradeDate="20260114", levelOfDetail="ORDER")  # fmt: skip
    statement = trades(order)

    assert only(OrderFilled, statement).quantity == D(157)
    assert any("by order" in note for note in statement.notes)


def test_sums_alone_are_refused() -> None:
    summary = row("SymbolSummary", ACME, quantity="157", tradePrice="19.065", levelOfDetail="SYMBOL_SUMMARY")

    with pytest.raises(StatementError, match="executions or orders"):
        trades(summary)


def test_a_confirmation_that_the_trades_tell_is_no_second_fill() -> None:
    confirm = row("TradeConfirm", ACME, execID="0000e0d5.00000001.01.01", dateTime="20260114;100001", quantity="100",
                  price="10.5", buySell="BUY", commission="-1", commissionCurrency="USD", tradeID="9001")  # fmt: skip
    other = confirm.replace("00000001.01.01", "00000009.01.01")

    statement = told(section("Trades", trade(1, "100", "10.5")), section("TradeConfirms", confirm, other))

    assert [fill.execution_id[9:17] for fill in every(OrderFilled, statement)] == ["00000001", "00000009"]


def test_confirmations_alone_are_read() -> None:
    confirm = row("TradeConfirm", ACME, execID="0000e0d5.00000001.01.01", dateTime="2026-01-14, 10:00:01",
                  quantity="-100", price="10.5", buySell="SELL", commission="-1.25", commissionCurrency="EUR", tax="0",
                  orderID="55", amount="-1050", proceeds="1050")  # fmt: skip
    statement = told(section("TradeConfirms", confirm), kind="TCF")

    assert statement.kind == "flex trade confirmation"
    assert only(OrderFilled, statement).quantity == D(-100)
    assert (only(CommissionCharged, statement).amount, only(CommissionCharged, statement).currency) == (
        D("-1.25"),
        "EUR",
    )


def test_gv08_what_the_broker_rounded_counts() -> None:
    statement = trades(trade(1, "3", "455.5054", tradeMoney="1366.52", proceeds="-1366.52"))

    assert only(ProceedsSettled, statement).amount == D("-1366.52")


def test_what_quantity_and_price_tell_is_not_told_again() -> None:
    assert every(ProceedsSettled, trades(trade(1, "3", "455.5", proceeds="-1366.5"))) == []


def test_gv06_proceeds_may_hold_more_than_price_and_quantity() -> None:
    statement = trades(trade(1, "10000", "3.1", proceeds="-31010", tradeMoney="31000", transactionType="DvpTrade"))

    assert only(ProceedsSettled, statement).amount == D(-31010)


def test_a_future_moves_no_proceeds() -> None:
    statement = trades(trade(1, "2", "5000", ES, proceeds="-500000", tradeMoney="500000"))

    assert every(ProceedsSettled, statement) == []


def test_a_tax_stands_beside_its_trade() -> None:
    statement = trades(trade(1, "1000", "5", taxes="-25", proceeds="-5000", netCash="-5026"))

    assert only(TransactionTaxCharged, statement).amount == D(-25)


def test_gv23_the_commission_of_a_currency_pair_has_its_own_currency() -> None:
    statement = trades(trade(1, "-3634", "1.0719", EURUSD, ibCommission="-1.8726", ibCommissionCurrency="EUR",
                             proceeds="3895.2846", netCash="0", cost="0"))  # fmt: skip

    assert only(OrderFilled, statement).quantity == D(-3634)
    assert (only(CommissionCharged, statement).amount, only(CommissionCharged, statement).currency) == (
        D("-1.8726"),
        "EUR",
    )
    assert every(ProceedsSettled, statement) == []


CANCEL = {"ibExecID": "", "tradeID": "", "ibCommission": "0", "transactionType": "TradeCancel", "notes": "Ca"}


def test_gv26_a_cancelled_execution_keeps_its_commission() -> None:
    statement = trades(
        trade(1, "450", "5.432", ibCommission="-2.4444"),
        trade(
            1,
            "-450",
            "5.432",
            buySell="BUY (Ca.)",
            transactionID=8002,
            origTradeID=9001,
            reportDate="20260115",
            **CANCEL,
        ),
    )

    assert only(FillBusted, statement).execution_id == only(OrderFilled, statement).execution_id
    assert only(CommissionCharged, statement).amount == D("-2.4444")
    assert every(CommissionAdjusted, statement) == []


def test_a_cancellation_that_refunds_the_commission_tells_so() -> None:
    statement = trades(
        trade(1, "100", "420.5"),
        trade(1, "-100", "420.5", **(CANCEL | {"buySell": "BUY (Ca.)", "ibCommission": "1", "transactionID": "8002"})),
    )

    assert only(CommissionAdjusted, statement).amount == D(1)


def test_gv25_a_correction_is_a_higher_revision_and_no_bust() -> None:
    statement = trades(
        trade(1, "-1143.28", "30.3"),
        trade(1, "1143.28", "30.3", buySell="SELL (Ca.)", transactionID=8002, origTransactionID=8001, **CANCEL),
        trade(1, "-1145.92", "30.2", transactionID=8003, ibExecID="0000e0d5.00000001.01.02"),
    )

    assert every(FillBusted, statement) == []
    assert [(fill.execution_id[-2:], fill.quantity) for fill in every(OrderFilled, statement)] == [
        ("01", D("-1143.28")), ("02", D("-1145.92")),
    ]  # fmt: skip


def test_a_correction_that_refunds_the_old_commission_counts_the_new_one_alone() -> None:
    statement = trades(
        trade(1, "100", "420.5"),
        trade(1, "-100", "420.5", **(CANCEL | {"buySell": "BUY (Ca.)", "ibCommission": "1", "transactionID": "8002"})),
        trade(1, "100", "421.5", transactionID=8003, ibExecID="0000e0d5.00000001.01.02"),
    )

    assert every(CommissionAdjusted, statement) == []
    assert [charged.execution_id[-2:] for charged in every(CommissionCharged, statement)] == ["01", "02"]


def test_gv25_a_correction_told_a_day_later_takes_the_original_s_place_and_no_reverse_is_booked() -> None:
    later = {"reportDate": "20260115", "transactionID": 8002}
    statement = trades(
        trade(1, "1143.28", "30.3", buySell="SELL (Ca.)", origTradeID=9001, **(CANCEL | later)),
        trade(1, "-1145.92", "30.2", transactionID=8003, ibExecID="0000e0d5.00000001.01.02", reportDate="20260115"),
    )

    assert only(OrderFilled, statement).execution_id.endswith(".01.02")
    assert every(FillBusted, statement) == []


def test_what_cancels_a_trade_of_another_file_is_booked_as_its_reverse() -> None:
    statement = trades(trade(1, "-450", "5.432", buySell="BUY (Ca.)", origTradeID=777, **CANCEL))

    assert only(OrderFilled, statement).quantity == D(-450)
    assert any("not in the file" in note for note in statement.notes)


def test_two_fills_of_one_moment_stay_two() -> None:
    statement = trades(trade(1, "100", "10"), trade(2, "100", "10", dateTime="20260114;100001"))

    assert len({fill.key for fill in every(OrderFilled, statement)}) == 2


def test_rows_without_any_id_are_named_by_what_they_say_and_counted() -> None:
    bare = {"ibExecID": "", "tradeID": "", "transactionID": ""}
    statement = trades(trade(1, "100", "10", **bare), trade(1, "100", "10", **bare), trade(1, "50", "10", **bare))

    names = [fill.execution_id for fill in every(OrderFilled, statement)]
    assert len(set(names)) == 3
    assert all(name.startswith("statement-") and name.endswith(".01") for name in names)


def test_ids_that_are_none_of_the_broker_are_no_revisions_of_each_other() -> None:
    statement = trades(trade(1, "100", "10", ibExecID="0001test.001"), trade(2, "50", "11", ibExecID="0001test.002"))

    assert [fill.execution_id for fill in every(OrderFilled, statement)] == [
        "statement-0001test.001.01", "statement-0001test.002.01",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        pytest.param({"quantity": "-100", "buySell": "BUY"}, "sign of BUY", id="sign contradicts the side"),
        pytest.param({"tradePrice": ""}, "tradePrice", id="no price"),
        pytest.param({"quantity": "ten"}, "a number", id="no number"),
        pytest.param({"dateTime": "14/01/2026"}, "a date", id="a date of unknown order"),
        pytest.param({"dateTime": "20261301;100000"}, "a date", id="no such month"),
        pytest.param({"buySell": "HOLD"}, "BUY or SELL", id="no side"),
        pytest.param({"conid": "XUSD"}, "con id", id="no con id"),
        pytest.param({"assetCategory": "MOON"}, "asset category", id="unknown category"),
        pytest.param({"levelOfDetail": "TICK"}, "level of detail", id="unknown level"),
        pytest.param({"lunarFee": "0.5"}, "lunarFee", id="an unknown attribute that may be money"),
    ],
)
def test_a_trade_that_is_not_understood_stops_the_reading(attributes: dict[str, str], expected: str) -> None:
    with pytest.raises(StatementError, match=expected) as refused:
        trades(trade(1, "100", "10.5", **attributes))

    assert refused.value.file == "day.xml"
    assert refused.value.line == 5
    assert "nothing of it was read" in str(refused.value)


def test_an_unknown_attribute_that_is_no_number_is_noted() -> None:
    assert any("mood" in note for note in trades(trade(1, "1", "1", mood="calm")).notes)
    assert trades(trade(1, "1", "1", lunarFee="0.00")).notes == ()


def test_gv13_an_assignment_is_one_fact_of_both_legs() -> None:
    statement = trades(
        trade(1, "1", "0", PUT, notes="A", transactionType="BookTrade", ibCommission="0", dateTime="20260116;162000"),
        trade(2, "100", "50", notes="A", transactionType="BookTrade", ibCommission="-2", proceeds="-5000",
              dateTime="20260116;162000"),
    )  # fmt: skip

    assigned = only(OptionAssigned, statement)
    assert (assigned.con_id, assigned.quantity, assigned.strike) == (301, D(1), D(50))
    assert (assigned.underlying_con_id, assigned.underlying_quantity) == (101, D(100))
    assert (assigned.amount, assigned.commission) == (D(-5000), D(-2))
    assert every(OrderFilled, statement) == []


def test_an_expiry_is_no_trade_at_zero() -> None:
    statement = trades(trade(1, "1", "0", PUT, notes="Ep", transactionType="BookTrade", ibCommission="0"))

    assert only(OptionExpired, statement).quantity == D(1)
    assert every(OrderFilled, statement) == []


def test_an_exercise_that_is_settled_in_cash_tells_the_cash() -> None:
    statement = trades(trade(1, "-2", "3.5", PUT, notes="Ex", transactionType="BookTrade", proceeds="700"))

    exercised = only(OptionExercised, statement)
    assert (exercised.underlying_con_id, exercised.amount) == (None, D(700))


def test_a_purchase_that_bears_a_code_of_an_opening_is_no_assignment() -> None:
    assert len(every(OrderFilled, trades(trade(1, "1", "2", PUT, notes="O;P")))) == 1


def test_an_option_on_a_future_is_delivered_into_it() -> None:
    option = {**ES, "symbol": "E1AF6 C5000", "conid": "401", "assetCategory": "FOP", "strike": "5000", "putCall": "C",
              "underlyingConid": "201"}  # fmt: skip
    at = {"transactionType": "BookTrade", "notes": "Ex", "dateTime": "20260116;162000"}
    statement = trades(trade(1, "-1", "0", option, **at), trade(2, "1", "5000", ES, **at))

    exercised = only(OptionExercised, statement)
    assert (exercised.underlying_con_id, exercised.underlying_quantity, exercised.amount) == (201, D(1), None)


def test_lots_that_were_chosen_are_named() -> None:
    lot = row("Lot", ACME, quantity="60", tradePrice="11", cost="660", fifoPnlRealized="60", transactionID="8002",
              dateTime="20260114;100003", openDateTime="20260114;100002", buySell="SELL", openCloseIndicator="C",
              levelOfDetail="CLOSED_LOT")  # fmt: skip
    statement = trades(trade(1, "60", "10"), trade(2, "60", "11"), trade(3, "-60", "12", notes="SL"), lot)

    assert [(each.execution, each.quantity) for each in only(LotsSpecified, statement).lots] == [
        ("0000e0d5.00000002.01", D(60))
    ]
    (closed,) = statement.observed.closed_lots or ()
    assert (closed.quantity, closed.basis, closed.realised) == (D(60), D(660), D(60))


def test_lots_that_closed_by_age_need_no_word() -> None:
    lot = row("Lot", ACME, quantity="60", cost="660", transactionID="8001", dateTime="20260114;100003",
              openDateTime="20251114;100002", buySell="BUY", levelOfDetail="CLOSED_LOT")  # fmt: skip
    statement = trades(trade(3, "60", "12"), lot)

    assert every(LotsSpecified, statement) == []
    (closed,) = statement.observed.closed_lots or ()
    assert (closed.quantity, closed.basis) == (D(-60), D(-660))


def test_a_wash_sale_is_observed() -> None:
    wash = row("WashSale", ACME, quantity="10", fifoPnlRealized="35.5", dateTime="20260114;100003",
               transactionID="8050", levelOfDetail="WASH_SALE")  # fmt: skip

    assert only(WashSaleObserved, trades(trade(1, "1", "1"), wash)).amount == D("35.5")


def test_a_tax_of_the_trade_is_not_counted_again_from_its_section() -> None:
    tax = row("TransactionTax", ACME, date="20260114;100001", taxAmount="-25", taxDescription="UK Stamp Tax",
              tradeId="9001")  # fmt: skip
    both = told(section("Trades", trade(1, "1000", "5", taxes="-25")), section("TransactionTaxes", tax))
    alone = told(section("Trades", trade(1, "1000", "5", taxes="0")), section("TransactionTaxes", tax))

    assert [each.amount for each in every(TransactionTaxCharged, both)] == [D(-25)]
    assert [(each.name, each.amount) for each in every(TransactionTaxCharged, alone)] == [("UK Stamp Tax", D(-25))]


def test_daily_variation_is_told_by_contract() -> None:
    marks = row("MTMPerformanceSummaryUnderlying", ES, priorOpenMtm="1000", transactionMtm="-1500", commissions="-9",
                total="-509")  # fmt: skip
    statement = told(
        section("Trades", trade(1, "2", "5000", ES)), section("MTMPerformanceSummaryInBase", marks), last="20260114",
        first="20260114",
    )  # fmt: skip

    settled = only(VariationSettled, statement)
    assert (settled.con_id, settled.amount, settled.currency) == (201, D(-500), "USD")


def test_variation_in_another_currency_is_told_by_the_cash_report() -> None:
    dax = {**ES, "symbol": "FDAX", "conid": "202", "currency": "EUR"}
    report = row("CashReportCurrency", currency="EUR", cashSettlingMtm="550", startingCash="0", endingCash="550")
    statement = told(section("CashReport", report), section("Trades", trade(1, "1", "11463", dax, mtmPnl="550")))

    assert (only(VariationSettled, statement).con_id, only(VariationSettled, statement).amount) == (202, D(550))


def test_a_bond_is_priced_in_percent() -> None:
    bond = {**ACME, "symbol": "T 4 2030", "conid": "501", "assetCategory": "BOND"}
    statement = trades(trade(1, "10000", "98.5", bond, proceeds="-9850", tradeMoney="9850"))

    assert statement.contracts[0].multiplier == D("0.01")
    assert every(ProceedsSettled, statement) == []


def test_pence_become_pounds() -> None:
    pence = {**ACME, "symbol": "VOD", "currency": "GBX"}
    statement = trades(trade(1, "1000", "75.5", pence, proceeds="-75500", ibCommissionCurrency="GBP"))

    fill = only(OrderFilled, statement)
    assert (fill.price, fill.currency) == (D("0.755"), "GBP")
    assert every(ProceedsSettled, statement) == []


def test_several_accounts_in_one_statement_are_refused() -> None:
    with pytest.raises(StatementError, match="one account"):
        read(
            flex(section("Trades", trade(1, "1", "1", accountId="U7654321"), trade(2, "1", "1", accountId="U1234567"))),
            "x",
        )


def test_the_realised_sum_of_a_contract_is_of_all_its_executions() -> None:
    statement = trades(trade(1, "-1", "5", fifoPnlRealized="2.5"), trade(2, "-1", "5", fifoPnlRealized="-1"))

    assert statement.observed.realised == {101: Decimal("1.5")}


def test_a_trade_of_nothing_is_left_out_and_noted() -> None:
    statement = trades(trade(1, "0", "10", ibCommission="0", buySell=""))

    assert statement.facts == ()
    assert any("of nothing" in note for note in statement.notes)


def test_a_commission_without_units_is_not_left_out() -> None:
    with pytest.raises(StatementError, match="other than zero"):
        trades(trade(1, "0", "10", ibCommission="-1", buySell=""))
