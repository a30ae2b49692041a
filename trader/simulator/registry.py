"""Which messages exist, by number and name, and where a request carries its id.

Faults, refusals and the wire log speak of messages by these names. A request that stands here without an answer in
`answers*.py` is refused with errMsg 321 and its name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """A message from a client; `id_position` is the field that holds its request or order id."""

    number: int
    name: str
    id_position: int | None = None


REQUESTS: tuple[Request, ...] = (
    Request(1, "reqMktData", 2),
    Request(2, "cancelMktData", 2),
    Request(3, "placeOrder", 1),
    Request(4, "cancelOrder", 2),
    Request(5, "reqOpenOrders"),
    Request(6, "reqAccountUpdates"),
    Request(7, "reqExecutions", 2),
    Request(8, "reqIds"),
    Request(9, "reqContractDetails", 2),
    Request(10, "reqMktDepth", 2),
    Request(11, "cancelMktDepth", 2),
    Request(12, "reqNewsBulletins"),
    Request(13, "cancelNewsBulletins"),
    Request(14, "setServerLogLevel"),
    Request(15, "reqAutoOpenOrders"),
    Request(16, "reqAllOpenOrders"),
    Request(17, "reqManagedAccts"),
    Request(18, "requestFA"),
    Request(19, "replaceFA", 4),
    Request(20, "reqHistoricalData", 1),
    Request(21, "exerciseOptions", 2),
    Request(22, "reqScannerSubscription", 1),
    Request(23, "cancelScannerSubscription", 2),
    Request(24, "reqScannerParameters"),
    Request(25, "cancelHistoricalData", 2),
    Request(49, "reqCurrentTime"),
    Request(50, "reqRealTimeBars", 2),
    Request(51, "cancelRealTimeBars", 2),
    Request(52, "reqFundamentalData", 2),
    Request(53, "cancelFundamentalData", 2),
    Request(54, "calculateImpliedVolatility", 2),
    Request(55, "calculateOptionPrice", 2),
    Request(56, "cancelCalculateImpliedVolatility", 2),
    Request(57, "cancelCalculateOptionPrice", 2),
    Request(58, "reqGlobalCancel"),
    Request(59, "reqMarketDataType"),
    Request(61, "reqPositions"),
    Request(62, "reqAccountSummary", 2),
    Request(63, "cancelAccountSummary", 2),
    Request(64, "cancelPositions"),
    Request(67, "queryDisplayGroups", 2),
    Request(68, "subscribeToGroupEvents", 2),
    Request(69, "updateDisplayGroup", 2),
    Request(70, "unsubscribeFromGroupEvents", 2),
    Request(71, "startApi"),
    Request(74, "reqPositionsMulti", 2),
    Request(75, "cancelPositionsMulti", 2),
    Request(76, "reqAccountUpdatesMulti", 2),
    Request(77, "cancelAccountUpdatesMulti", 2),
    Request(78, "reqSecDefOptParams", 1),
    Request(79, "reqSoftDollarTiers", 1),
    Request(80, "reqFamilyCodes"),
    Request(81, "reqMatchingSymbols", 1),
    Request(82, "reqMktDepthExchanges"),
    Request(83, "reqSmartComponents", 1),
    Request(84, "reqNewsArticle", 1),
    Request(85, "reqNewsProviders"),
    Request(86, "reqHistoricalNews", 1),
    Request(87, "reqHeadTimestamp", 1),
    Request(88, "reqHistogramData", 1),
    Request(89, "cancelHistogramData", 1),
    Request(90, "cancelHeadTimestamp", 1),
    Request(91, "reqMarketRule"),
    Request(92, "reqPnL", 1),
    Request(93, "cancelPnL", 1),
    Request(94, "reqPnLSingle", 1),
    Request(95, "cancelPnLSingle", 1),
    Request(96, "reqHistoricalTicks", 1),
    Request(97, "reqTickByTickData", 1),
    Request(98, "cancelTickByTickData", 1),
    Request(99, "reqCompletedOrders"),
    Request(100, "reqWshMetaData", 1),
    Request(101, "cancelWshMetaData", 1),
    Request(102, "reqWshEventData", 1),
    Request(103, "cancelWshEventData", 1),
    Request(104, "reqUserInfo", 1),
)
REQUEST_OF_NUMBER = {request.number: request for request in REQUESTS}
REQUEST_NAMES = frozenset(request.name for request in REQUESTS)

MESSAGES: tuple[tuple[int, str], ...] = (  # from the gateway
    (1, "tickPrice"),
    (2, "tickSize"),
    (3, "orderStatus"),
    (4, "errMsg"),
    (5, "openOrder"),
    (6, "updateAccountValue"),
    (7, "portfolioValue"),
    (8, "accountUpdateTime"),
    (9, "nextValidId"),
    (10, "contractData"),
    (11, "execDetails"),
    (15, "managedAccounts"),
    (17, "historicalData"),
    (45, "tickGeneric"),
    (46, "tickString"),
    (49, "currentTime"),
    (52, "contractDataEnd"),
    (53, "openOrderEnd"),
    (54, "accountDownloadEnd"),
    (55, "execDetailsEnd"),
    (57, "tickSnapshotEnd"),
    (58, "marketDataType"),
    (59, "commissionReport"),
    (61, "position"),
    (62, "positionEnd"),
    (63, "accountSummary"),
    (64, "accountSummaryEnd"),
    (71, "positionMulti"),
    (72, "positionMultiEnd"),
    (73, "accountUpdateMulti"),
    (74, "accountUpdateMultiEnd"),
    (78, "familyCodes"),
    (79, "symbolSamples"),
    (81, "tickReqParams"),
    (88, "headTimestamp"),
    (93, "marketRule"),
    (101, "completedOrder"),
    (102, "completedOrdersEnd"),
    (107, "userInfo"),
)
NAME_OF_MESSAGE = {str(number): name for number, name in MESSAGES}
MESSAGE_NAMES = frozenset(name for _, name in MESSAGES)
