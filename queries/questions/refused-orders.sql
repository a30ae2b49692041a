-- Which orders did the broker refuse, and why?
WITH contract AS (
    SELECT con_id, arg_max(symbol, seq) AS symbol FROM contract_defined GROUP BY con_id
)
SELECT
    refused.recorded_at AS refused_at,
    contract.symbol,
    sent.quantity,
    sent.limit_price,
    refused.code,
    refused.reason,
    refused.order_ref,
    refused.seq
FROM order_rejected AS refused
LEFT JOIN order_send_attempted AS sent USING (order_ref)
LEFT JOIN contract USING (con_id)
ORDER BY refused.seq
