-- Which lines of the cycle take the longest?
-- since (default 0001-01-01): the first trading day, YYYY-MM-DD
SELECT
    line,
    count(*) AS times,
    CAST(sum(duration_ms) AS BIGINT) AS total_ms,
    CAST(quantile_disc(duration_ms, 0.5) AS BIGINT) AS median_ms,
    max(duration_ms) AS longest_ms,
    arg_max(slot, duration_ms) AS longest_slot
FROM cycle_lines
WHERE session_day >= CAST($since AS DATE)
GROUP BY line
ORDER BY total_ms DESC, line
