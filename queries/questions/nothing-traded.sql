-- Why did we not trade?
-- day (default latest): the trading day, YYYY-MM-DD
WITH chosen AS (
    SELECT CASE WHEN $day = 'latest' THEN (SELECT max(session_day) FROM cycle_started) ELSE CAST($day AS DATE) END AS day
),
started AS (
    SELECT seq AS cycle, slot, dry_run
    FROM cycle_started
    WHERE kind = 'trade' AND session_day = (SELECT day FROM chosen)
),
told AS (
    SELECT started.slot, cycle AS seq, 'orders sent' AS what, '' AS subject, CAST(count(*) AS VARCHAR) AS why
    FROM order_send_attempted JOIN started USING (cycle)
    GROUP BY started.slot, cycle
    UNION ALL
    SELECT slot, seq, 'cycle failed', code, reason FROM cycle_failed WHERE slot IN (SELECT slot FROM started)
    UNION ALL
    SELECT slot, cycle, 'cycle died', '', 'the log does not tell its end'
    FROM started
    ANTI JOIN cycle_finished USING (cycle)
    ANTI JOIN cycle_failed USING (slot)
    WHERE cycle < (SELECT max(seq) FROM cycle_started)
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
