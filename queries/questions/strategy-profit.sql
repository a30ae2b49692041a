-- What did each strategy earn after costs?
SELECT
    CASE strategy WHEN '' THEN 'no strategy' ELSE strategy END AS strategy,
    symbol,
    con_id,
    currency,
    quantity,
    value,
    cash_flow,
    profit
FROM strategy_books
ORDER BY strategy, profit DESC, symbol
