-- Which trades were not ours?
SELECT filled_at, symbol, quantity, price, currency, notional, commission, order_ref, perm_id, source, execution_id, seq
FROM fills
WHERE NOT ours
ORDER BY filled_at, seq
