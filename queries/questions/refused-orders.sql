-- Which orders did the broker refuse, and why?
SELECT
    refused.recorded_at AS refused_at,
    orders.symbol,
    orders.quantity,
    orders.limit_price,
    refused.code,
    refused.reason,
    refused.order_ref,
    refused.seq
FROM order_rejected AS refused
LEFT JOIN orders USING (order_ref)
ORDER BY refused.seq
