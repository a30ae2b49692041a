-- Why did we not trade?
-- day (default latest): the trading day, YYYY-MM-DD
SELECT
    slot,
    outcome,
    dry_run,
    orders_planned,
    orders_sent,
    vetoes,
    failures,
    reason
FROM cycles
WHERE
    kind = 'trade'
    AND session_day = CASE
        WHEN $day = 'latest' THEN (SELECT max(session_day) FROM cycle_started)
        ELSE CAST($day AS DATE)
    END
ORDER BY cycle
