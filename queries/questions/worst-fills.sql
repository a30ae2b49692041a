-- Which fills were the worst against the price that they were decided at?
-- count (default 10): how many
SELECT session_day, filled_at, symbol, action, quantity, price, decided_price, slippage, currency, order_ref, seq
FROM trades
WHERE slippage IS NOT NULL
ORDER BY slippage DESC, seq
LIMIT CAST($count AS BIGINT)
