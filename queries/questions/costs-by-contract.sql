-- Which contracts cost the most to trade?
-- since (default 0001-01-01): the first trading day, YYYY-MM-DD
SELECT
    symbol,
    con_id,
    currency,
    CAST(sum(fills) AS BIGINT) AS fills,
    sum(turnover) AS turnover,
    sum(commission) AS commission,
    sum(tax) AS tax,
    sum(slippage) AS slippage,
    coalesce(sum(slippage), 0) - coalesce(sum(commission), 0) - coalesce(sum(tax), 0) AS cost
FROM costs
WHERE session_day >= CAST($since AS DATE)
GROUP BY symbol, con_id, currency
ORDER BY cost DESC, symbol
