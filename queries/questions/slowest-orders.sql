-- Which orders took longest?
-- count (default 10): how many
SELECT
    order_ref,
    symbol,
    quantity,
    limit_price,
    status,
    sent_at,
    acknowledged_after_ms,
    filled_after_ms,
    filled,
    fills
FROM orders
WHERE sent_at IS NOT NULL
ORDER BY filled_after_ms DESC NULLS LAST, acknowledged_after_ms DESC NULLS LAST, sent_at
LIMIT CAST($count AS BIGINT)
