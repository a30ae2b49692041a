-- Which data came from where?
-- day (default latest): the trading day, YYYY-MM-DD
WITH chosen AS (
    SELECT CASE WHEN $day = 'latest' THEN (SELECT max(session_day) FROM data_provenance) ELSE CAST($day AS DATE) END AS day
)
SELECT
    source,
    coalesce(origin, '') AS origin,
    symbol,
    sha256,
    bool_or(used) AS used,
    min(fetched_at) AS first_fetched_at,
    count(DISTINCT cycle) AS cycles,
    any_value(bars) AS bars,
    any_value(first_day) AS first_day,
    any_value(last_day) AS last_day
FROM data_provenance
WHERE session_day = (SELECT day FROM chosen)
GROUP BY source, origin, symbol, con_id, sha256
ORDER BY source, symbol, first_fetched_at
