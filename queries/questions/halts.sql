-- When was trading halted, why, and for how long?
WITH told AS (
    SELECT seq, recorded_at, 'halted' AS what, code, reason FROM trading_halted
    UNION ALL
    SELECT seq, recorded_at, 'resumed', NULL, why FROM trading_resumed
),
changed AS (
    SELECT *, coalesce(lag(what) OVER (ORDER BY seq), '') <> what AS is_new FROM told
),
turn AS (
    SELECT *, lead(recorded_at) OVER (ORDER BY seq) AS ended_at, lead(reason) OVER (ORDER BY seq) AS why
    FROM changed
    WHERE is_new
)
SELECT
    recorded_at AS halted_at,
    coalesce(code, 'by the operator') AS code,
    reason,
    ended_at AS resumed_at,
    why AS resumed_why,
    date_diff('second', recorded_at, ended_at) AS lasted_seconds,
    seq
FROM turn
WHERE what = 'halted'
ORDER BY seq
