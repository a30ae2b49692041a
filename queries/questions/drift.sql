-- How far is each position from its target?
-- day (default latest): the trading day, YYYY-MM-DD; its last plan counts
WITH chosen AS (
    SELECT max(cycle) AS cycle
    FROM targets_and_positions
    WHERE session_day = CASE
            WHEN $day = 'latest' THEN (SELECT max(session_day) FROM targets_and_positions)
            ELSE CAST($day AS DATE)
        END
)
SELECT slot, symbol, strategy, weight, leverage, planned_weight, held, target, drift, action, reason
FROM targets_and_positions
WHERE cycle = (SELECT cycle FROM chosen)
ORDER BY symbol, strategy
