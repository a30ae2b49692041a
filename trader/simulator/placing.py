"""Reads placeOrder: all its conditional blocks, every field by name and type, to the last one.

The blocks stand in the order of the wire. What the venue cannot do (combos, conditions, attached orders, …) is read
exactly all the same, and only then refused by name: a field read in another's place could turn a preview into an order.
To let the venue do more: take the field out of `NOT_SIMULATED` and carry it in `OrderRequest`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from trader.simulator.orders import OrderRequest
from trader.simulator.wire import INFINITE, Fields, MalformedError

Value = str | int | bool | Decimal | None
Layout = tuple[tuple[str, str], ...]  # name and kind: text, integer, optional_integer, flag, decimal


@dataclass(frozen=True, slots=True)
class ContractQuery:
    """The contract as a client describes it; whatever is left open matches anything."""

    con_id: int
    symbol: str
    security_type: str
    exchange: str
    primary_exchange: str
    currency: str
    local_symbol: str
    expiry: str = ""
    strike: Decimal | None = None
    right: str = ""
    multiplier: str = ""


def take_contract(fields: Fields) -> ContractQuery:
    """Take the twelve contract fields of a request."""
    con_id = fields.integer("conId")
    symbol, security_type = fields.text("symbol"), fields.text("secType")
    expiry, strike = fields.text("lastTradeDateOrContractMonth"), fields.decimal("strike")
    right, multiplier = fields.text("right"), fields.text("multiplier")
    exchange, primary, currency = (fields.text(name) for name in ("exchange", "primaryExchange", "currency"))
    local = fields.text("localSymbol")
    fields.text("tradingClass")
    terms = (expiry, strike, right, multiplier)
    return ContractQuery(con_id, symbol, security_type, exchange, primary, currency, local, *terms)


@dataclass(frozen=True, slots=True)
class Placement:
    """A placeOrder as read: the contract asked for, and every order field by its name."""

    order_id: int
    contract: ContractQuery
    terms: dict[str, Value]

    def request(self, client_id: int, con_id: int, account: str) -> OrderRequest:
        """Turn the terms into what the venue takes; MalformedError names what it cannot do."""
        refuse_what_is_not_simulated(self.terms)
        limit = self.terms["lmtPrice"]
        quantity = self.terms["totalQuantity"]
        if not isinstance(quantity, Decimal):
            raise MalformedError("totalQuantity is missing")
        kind = str(self.terms["orderType"])
        return OrderRequest(
            client_id=client_id,
            order_id=self.order_id,
            con_id=con_id,
            account=str(self.terms["account"]) or account,
            action=str(self.terms["action"]),
            quantity=quantity,
            order_type=kind,
            limit_price=limit if isinstance(limit, Decimal) and kind == "LMT" else None,
            tif=str(self.terms["tif"]) or "DAY",
            order_ref=str(self.terms["orderRef"]),
            algo=str(self.terms["algoStrategy"]),
            algo_priority=str(self.terms.get("adaptivePriority", "")),
            outside_rth=self.terms["outsideRth"] is True,
            transmit=self.terms["transmit"] is True,
            what_if=self.terms["whatIf"] is True,
        )


def _layout(kinds: str) -> Layout:
    """Read 'name:kind' pairs; a name alone is text, and i, o, f, d stand for the other kinds."""
    kind_of = {"": "text", "i": "integer", "o": "optional_integer", "f": "flag", "d": "decimal"}
    pairs = (word.partition(":") for word in kinds.split())
    return tuple((name, kind_of[kind]) for name, _, kind in pairs)


MAIN = _layout(
    "secIdType secId action totalQuantity:d orderType lmtPrice:d auxPrice:d tif ocaGroup account openClose origin:i"
    " orderRef transmit:f parentId:i blockOrder:f sweepToFill:f displaySize:o triggerMethod:i outsideRth:f hidden:f"
)
COMBO_LEG = _layout("conId:i ratio:i action exchange openClose:i shortSaleSlot:i designatedLocation exemptCode:i")
ADVISOR = _layout("sharesAllocation discretionaryAmt:d goodAfterTime goodTillDate faGroup faMethod faPercentage")
SHORT_SALE = _layout("modelCode shortSaleSlot:i designatedLocation exemptCode:i")
EXTENDED = _layout(
    "ocaType:i rule80A settlingFirm allOrNone:f minQty:o percentOffset:d eTradeOnly:f firmQuoteOnly:f nbboPriceCap:d"
    " auctionStrategy:i startingPrice:d stockRefPrice:d delta:d stockRangeLower:d stockRangeUpper:d"
    " overridePercentageConstraints:f volatility:d volatilityType:o deltaNeutralOrderType deltaNeutralAuxPrice:d"
)
DELTA_NEUTRAL_ORDER = _layout(
    "deltaNeutralConId:i deltaNeutralSettlingFirm deltaNeutralClearingAccount deltaNeutralClearingIntent"
    " deltaNeutralOpenClose deltaNeutralShortSale:f deltaNeutralShortSaleSlot:i deltaNeutralDesignatedLocation"
)
TRAIL_AND_SCALE = _layout(
    "continuousUpdate:i referencePriceType:o trailStopPrice:d trailingPercent:d scaleInitLevelSize:o"
    " scaleSubsLevelSize:o scalePriceIncrement:d"
)
SCALE = _layout(
    "scalePriceAdjustValue:d scalePriceAdjustInterval:o scaleProfitOffset:d scaleAutoReset:f scaleInitPosition:o"
    " scaleInitFillQty:o scaleRandomPercent:f"
)
ACTIVE_AND_HEDGE = _layout("scaleTable activeStartTime activeStopTime hedgeType")
CLEARING = _layout("optOutSmartRouting:f clearingAccount clearingIntent notHeld:f")
DELTA_NEUTRAL_CONTRACT = _layout("deltaNeutralContractId:i deltaNeutralDelta:d deltaNeutralPrice:d")
AFTER_ALGO = _layout("algoId whatIf:f orderMiscOptions solicited:f randomizeSize:f randomizePrice:f")
PEG_BENCH = _layout(
    "referenceContractId:i isPeggedChangeAmountDecrease:f peggedChangeAmount:d referenceChangeAmount:d"
    " referenceExchangeId"
)
CONDITIONS = {  # what follows the type and the conjunction
    1: _layout("isMore:f price:d conId:i exchange triggerMethod:i"),
    3: _layout("isMore:f time"),
    4: _layout("isMore:f percent:d"),
    5: _layout("secType exchange symbol"),
    6: _layout("isMore:f volume:d conId:i exchange"),
    7: _layout("isMore:f changePercent:d conId:i exchange"),
}
ADJUSTED_AND_REST = _layout(
    "adjustedOrderType triggerPrice:d lmtPriceOffset:d adjustedStopPrice:d adjustedStopLimitPrice:d"
    " adjustedTrailingAmount:d adjustableTrailingUnit:o extOperator softDollarName softDollarValue cashQty:d"
    " mifid2DecisionMaker mifid2DecisionAlgo mifid2ExecutionTrader mifid2ExecutionAlgo dontUseAutoPriceForHedge:f"
    " isOmsContainer:f discretionaryUpToLimitPrice:f usePriceMgmtAlgo:f"
)
SINCE_VERSION: tuple[tuple[int, Layout], ...] = (
    (158, _layout("duration:o")),
    (160, _layout("postToAts:o")),
    (162, _layout("autoCancelParent:f")),
    (166, _layout("advancedErrorOverride")),
    (169, _layout("manualOrderTime")),
)
PEG_BEST = _layout("minCompeteSize:o competeAgainstBestOffset:d")
PEG_OFFSETS = _layout("midOffsetAtWhole:d midOffsetAtHalf:d")


def read_placement(fields: Fields) -> Placement:
    """Read a whole placeOrder (after its number), to its last field."""
    order_id = fields.optional_integer("orderId")
    if order_id is None:
        raise MalformedError("orderId is missing")
    contract = take_contract(fields)
    terms: dict[str, Value] = {}
    _take(fields, MAIN, terms)
    if contract.security_type == "BAG":
        _take_combo(fields, terms)
    _take(fields, ADVISOR, terms)
    if fields.version < 177:
        terms["faProfile"] = fields.text("faProfile")
    _take(fields, SHORT_SALE + EXTENDED, terms)
    if terms["deltaNeutralOrderType"]:
        _take(fields, DELTA_NEUTRAL_ORDER, terms)
    _take(fields, TRAIL_AND_SCALE, terms)
    increment = terms["scalePriceIncrement"]
    if isinstance(increment, Decimal) and increment > 0:
        _take(fields, SCALE, terms)
    _take(fields, ACTIVE_AND_HEDGE, terms)
    if terms["hedgeType"]:
        terms["hedgeParam"] = fields.text("hedgeParam")
    _take(fields, CLEARING, terms)
    terms["deltaNeutralContract"] = fields.flag("deltaNeutralContractPresent")
    if terms["deltaNeutralContract"]:
        _take(fields, DELTA_NEUTRAL_CONTRACT, terms)
    _take_algo(fields, terms)
    _take(fields, AFTER_ALGO, terms)
    _take_ending(fields, terms, contract.exchange)
    fields.end()
    return Placement(order_id, contract, terms)


def _take(fields: Fields, layout: Layout, terms: dict[str, Value]) -> None:
    for name, kind in layout:
        terms[name] = getattr(fields, kind)(name)


def _take_combo(fields: Fields, terms: dict[str, Value]) -> None:
    def routing_parameter() -> None:
        fields.text("smartComboTag")
        fields.text("smartComboValue")

    fields.repeated("comboLegCount", lambda: _take(fields, COMBO_LEG, {}))
    fields.repeated("orderComboLegCount", lambda: _take(fields, (("price", "decimal"),), {}))
    fields.repeated("smartComboParamCount", routing_parameter)
    terms["comboLegs"] = True


def _take_algo(fields: Fields, terms: dict[str, Value]) -> None:
    """Take the algorithm; its parameters go by their own names, and an unknown one is refused later."""

    def parameter() -> None:
        tag = fields.text("algoParamTag")
        known = tag == "adaptivePriority"
        terms[tag if known else "algoParams"] = fields.text(tag) if known else f"{tag}={fields.text(tag)}"

    terms["algoStrategy"] = fields.text("algoStrategy")
    if terms["algoStrategy"]:
        fields.repeated("algoParamsCount", parameter)


def _take_condition(fields: Fields) -> None:
    kind = fields.integer("conditionType")
    if kind not in CONDITIONS:
        raise MalformedError(f"conditionType should be one of {sorted(CONDITIONS)}, found {kind}")
    if (conjunction := fields.text("conjunction")) not in ("a", "o"):
        raise MalformedError(f"conjunction should be 'a' or 'o', found {conjunction!r}")
    _take(fields, CONDITIONS[kind], {})


def _take_ending(fields: Fields, terms: dict[str, Value], exchange: str) -> None:
    kind = str(terms["orderType"])
    if kind in ("PEG BENCH", "PEGBENCH"):
        _take(fields, PEG_BENCH, terms)
    terms["conditions"] = fields.repeated("conditionCount", lambda: _take_condition(fields))
    if terms["conditions"]:
        _take(fields, _layout("conditionsIgnoreRth:f conditionsCancelOrder:f"), terms)
    _take(fields, ADJUSTED_AND_REST, terms)
    for version, layout in SINCE_VERSION:
        if fields.version >= version:
            _take(fields, layout, terms)
    if fields.version >= 170:
        _take_pegging(fields, terms, kind, exchange)


def _take_pegging(fields: Fields, terms: dict[str, Value], kind: str, exchange: str) -> None:
    if exchange == "IBKRATS":
        terms["minTradeQty"] = fields.optional_integer("minTradeQty")
    if kind in ("PEG BEST", "PEGBEST"):
        _take(fields, PEG_BEST, terms)
        if terms["competeAgainstBestOffset"] == INFINITE:
            _take(fields, PEG_OFFSETS, terms)
    elif kind in ("PEG MID", "PEGMID"):
        _take(fields, PEG_OFFSETS, terms)


# Terms that the venue cannot honour: any value but the one that means nothing is refused, rather than overlooked.
NOT_SIMULATED: tuple[str, ...] = (
    *("secIdType", "secId", "auxPrice", "ocaGroup", "parentId", "blockOrder", "sweepToFill", "displaySize", "hidden"),
    *("comboLegs", "discretionaryAmt", "goodAfterTime", "goodTillDate", "faGroup", "faMethod", "faPercentage"),
    *("faProfile", "modelCode", "shortSaleSlot", "designatedLocation", "allOrNone", "minQty", "percentOffset"),
    *("nbboPriceCap", "auctionStrategy", "startingPrice", "stockRefPrice", "delta", "stockRangeLower"),
    *("stockRangeUpper", "volatility", "deltaNeutralOrderType", "trailingPercent"),
    *("scalePriceIncrement", "scaleTable", "activeStartTime", "activeStopTime", "hedgeType", "notHeld"),
    *("deltaNeutralContract", "algoParams", "conditions", "cashQty", "discretionaryUpToLimitPrice", "duration"),
    *("minTradeQty", "postToAts", "randomizeSize", "randomizePrice", "isOmsContainer", "adjustedOrderType"),
)


def refuse_what_is_not_simulated(terms: dict[str, Value]) -> None:
    """Raise MalformedError for the first term that asks for something the venue cannot do."""
    for name in NOT_SIMULATED:
        # '', 0, False and None ask for nothing, nor does the 'None' that a gateway itself wrote into an open order.
        if terms.get(name) not in ("", 0, False, None, "None"):
            raise MalformedError(f"{name}={terms[name]} is not simulated")
    if terms["orderType"] not in ("LMT", "MKT", "MOC"):
        raise MalformedError(
            f"orderType should be LMT, MKT or MOC, found {terms['orderType']!r}; others are not simulated"
        )
