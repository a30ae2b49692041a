-- What became of orders that a crash or a time-out left undecided, and what was sent again?
WITH told AS (
    SELECT recorded_at, 'resolved: ' || outcome AS what, order_ref, evidence, seq FROM order_resolved
    UNION ALL
    SELECT recorded_at, 'sent again', order_ref, '', seq
    FROM order_send_attempted
    WHERE CAST(regexp_extract(order_ref, '-([0-9]+)$', 1) AS BIGINT) > 1
)
SELECT told.recorded_at AS told_at, told.what, orders.symbol, orders.quantity, orders.status, orders.filled,
    told.order_ref, told.evidence, told.seq
FROM told
LEFT JOIN orders USING (order_ref)
ORDER BY told.seq
