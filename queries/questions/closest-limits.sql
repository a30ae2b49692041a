-- Which limit is closest?
-- day (default latest): the trading day, YYYY-MM-DD
-- count (default 10): how many safeguards
WITH chosen AS (
    SELECT
        CASE WHEN $day = 'latest' THEN (SELECT max(session_day) FROM safeguards) ELSE CAST($day AS DATE) END AS day
),
judged AS (
    SELECT *, CAST(100 * distance_number / nullif(abs(bound_number), 0) AS DECIMAL(18, 2)) AS room_percent
    FROM safeguards
    WHERE session_day = (SELECT day FROM chosen) AND distance_number IS NOT NULL AND bound_number <> 0
        AND safeguard NOT IN ('the_open_is_over', 'the_close_is_not_near')
)
SELECT
    safeguard,
    coalesce(symbol, '') AS symbol,
    slot,
    verdict,
    observed,
    bound,
    distance,
    room_percent,
    formula
FROM judged
QUALIFY row_number() OVER (PARTITION BY safeguard ORDER BY room_percent, seq DESC) = 1
ORDER BY room_percent, safeguard
LIMIT CAST($count AS BIGINT)
