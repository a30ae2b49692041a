-- How deep did the account fall below its peak, and how long did that last?
-- count (default 10): how many falls
WITH fall AS (
    SELECT
        peak_profit,
        min(session_day) FILTER (WHERE below_peak = 0) AS peak_day,
        min(session_day) FILTER (WHERE below_peak < 0) AS first_day,
        max(session_day) FILTER (WHERE below_peak < 0) AS last_day,
        arg_min(session_day, below_peak) AS deepest_day,
        min(below_peak) AS deepest,
        arg_min(peak_nav, below_peak) AS peak_nav,
        count(*) FILTER (WHERE below_peak < 0) AS sessions
    FROM returns
    GROUP BY peak_profit
)
SELECT
    peak_day,
    first_day,
    deepest_day,
    last_day,
    sessions,
    deepest,
    peak_nav,
    CAST(100 * deepest / nullif(peak_nav, 0) AS DECIMAL(9, 2)) AS percent,
    peak_profit < (SELECT max(peak_profit) FROM returns) AS recovered
FROM fall
WHERE sessions > 0
ORDER BY deepest, peak_day
LIMIT CAST($count AS BIGINT)
