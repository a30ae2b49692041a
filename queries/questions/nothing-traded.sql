-- Why did we not trade?
-- day (default latest): the trading day, YYYY-MM-DD
WITH chosen AS (
    SELECT CASE WHEN $day = 'latest' THEN (SELECT max(session_day) FROM cycle_started) ELSE CAST($day AS DATE) END AS day
),
started AS (
    SELECT * FROM cycles WHERE kind = 'trade' AND session_day = (SELECT day FROM chosen)
),
told AS (
    SELECT slot, cycle AS seq, 'orders sent' AS what, '' AS subject, CAST(orders_sent AS VARCHAR) AS why
    FROM started WHERE orders_sent > 0
    UNION ALL
    SELECT slot, cycle, 'cycle ' || outcome, coalesce(code, ''), reason FROM started WHERE outcome IN ('failed', 'died')
    UNION ALL
    SELECT slot, cycle, 'dry run', '', 'nothing is sent in a dry run' FROM started WHERE dry_run
    UNION ALL
    SELECT started.slot, failure.seq, 'step failed', failure."step", failure.reason
    FROM step_failed AS failure JOIN started USING (cycle)
    UNION ALL
    SELECT started.slot, veto.seq, 'vetoed', '', unnest(veto.reasons)
    FROM trading_vetoed AS veto JOIN started USING (cycle)
    UNION ALL
    SELECT started.slot, planned.seq, 'nothing to do', planned.symbol, planned.reason
    FROM order_planned AS planned JOIN started USING (cycle)
    WHERE planned.action = 'NOTHING'
    UNION ALL
    SELECT started.slot, deferred.seq, 'deferred', deferred.order_ref, deferred.reason
    FROM order_deferred AS deferred JOIN started USING (cycle)
    UNION ALL
    SELECT slot, seq, 'slot skipped', '', reason
    FROM cycle_skipped WHERE starts_with(slot, CAST((SELECT day FROM chosen) AS VARCHAR))
    UNION ALL
    SELECT '', seq, 'halted', coalesce(code, ''), reason
    FROM trading_halted WHERE CAST(recorded_at AS DATE) = (SELECT day FROM chosen)
)
SELECT slot, what, subject, why, seq
FROM told
ORDER BY seq
