-- Which days earned the most, and which lost the most?
-- count (default 5): how many of each
WITH ranked AS (
    SELECT
        *,
        row_number() OVER (ORDER BY profit DESC, session_day) AS best,
        row_number() OVER (ORDER BY profit, session_day) AS worst
    FROM returns
)
SELECT
    session_day,
    profit,
    base,
    CAST(100 * profit / nullif(base, 0) AS DECIMAL(9, 2)) AS percent,
    nav,
    below_peak,
    seq
FROM ranked
WHERE (best <= CAST($count AS BIGINT) AND profit > 0) OR (worst <= CAST($count AS BIGINT) AND profit < 0)
ORDER BY profit DESC, session_day
