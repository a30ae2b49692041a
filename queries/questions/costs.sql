-- What did we pay for trading, by month?
SELECT
    strftime(session_day, '%Y-%m') AS month,
    currency,
    CAST(sum(fills) AS BIGINT) AS fills,
    sum(turnover) AS turnover,
    sum(commission) AS commission,
    sum(tax) AS tax,
    sum(slippage) AS slippage,
    CAST(sum(pending) AS BIGINT) AS commissions_pending
FROM costs
GROUP BY month, currency
ORDER BY month, currency
