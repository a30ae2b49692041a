-- Which fills still lack their commission?
SELECT filled_at, symbol, quantity, price, currency, execution_id, order_ref, seq
FROM fills
WHERE commission IS NULL
ORDER BY filled_at, seq
