-- How far is each position from its target?
-- day (default latest): the trading day, YYYY-MM-DD; its last plan counts
WITH started AS (
    SELECT seq AS cycle, slot
    FROM cycle_started
    WHERE session_day = CASE
            WHEN $day = 'latest' THEN (SELECT max(session_day) FROM cycle_started WHERE kind = 'trade')
            ELSE CAST($day AS DATE)
        END
),
planned AS (
    SELECT started.slot, order_planned.*
    FROM order_planned
    JOIN started USING (cycle)
    QUALIFY cycle = max(cycle) OVER ()
),
wanted AS (
    SELECT cycle, strategy, unnest(rows, max_depth := 2)
    FROM targets_computed
    WHERE cycle = (SELECT max(cycle) FROM planned)
)
SELECT
    planned.slot,
    planned.symbol,
    wanted.strategy,
    wanted.weight,
    wanted.leverage,
    planned.weight AS planned_weight,
    planned.held,
    planned.target,
    planned.target - planned.held AS drift,
    planned.action,
    planned.reason
FROM planned
LEFT JOIN wanted USING (con_id)
ORDER BY planned.symbol, wanted.strategy
