-- When did cycles fail, die or not run at all?
-- since (default 0001-01-01): the first trading day, YYYY-MM-DD
WITH turn AS (
    SELECT seq, 'started' AS what FROM cycle_started
    UNION ALL
    SELECT seq, 'finished' FROM cycle_finished
    UNION ALL
    SELECT seq, 'failed' FROM cycle_failed
),
followed AS (
    SELECT seq, what, lead(what) OVER (ORDER BY seq) AS next_what FROM turn
),
failed AS (
    SELECT started.session_day, started.slot, started.attempt, 'died' AS outcome, '' AS code,
        'the log does not tell its end' AS reason, started.recorded_at AS told_at, started.seq
    FROM cycle_started AS started
    JOIN followed USING (seq)
    WHERE followed.next_what = 'started'
    UNION ALL
    SELECT started.session_day, failure.slot, started.attempt, 'failed', failure.code, failure.reason,
        failure.recorded_at, failure.seq
    FROM cycle_failed AS failure
    ASOF LEFT JOIN cycle_started AS started ON failure.seq >= started.seq
    UNION ALL
    SELECT CAST(split_part(slot, '/', 1) AS DATE), slot, NULL, 'skipped', '', reason, recorded_at, seq FROM cycle_skipped
)
SELECT * FROM failed
WHERE session_day >= CAST($since AS DATE)
ORDER BY seq
