-- Which orders were filled only in part, or not at all?
SELECT
    session_day,
    symbol,
    quantity,
    filled,
    abs(quantity) - abs(filled) AS missing,
    status,
    limit_price,
    sent_at,
    last_filled_at,
    order_ref,
    reason
FROM orders
WHERE sent_at IS NOT NULL AND abs(filled) < abs(quantity)
ORDER BY sent_at, order_ref
