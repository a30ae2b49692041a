-- When did cycles fail, die or not run at all?
-- since (default 0001-01-01): the first trading day, YYYY-MM-DD
WITH failed AS (
    SELECT session_day, slot, attempt, outcome, coalesce(code, '') AS code, reason, started_at AS told_at, cycle AS seq
    FROM cycles WHERE outcome IN ('failed', 'died')
    UNION ALL
    SELECT CAST(split_part(slot, '/', 1) AS DATE), slot, NULL, 'skipped', '', reason, recorded_at, seq FROM cycle_skipped
)
SELECT * FROM failed
WHERE session_day >= CAST($since AS DATE)
ORDER BY seq
