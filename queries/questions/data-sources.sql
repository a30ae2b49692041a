-- Which data came from where?
-- day (default latest): the trading day, YYYY-MM-DD
WITH started AS (
    SELECT seq AS cycle, slot
    FROM cycle_started
    WHERE session_day = CASE
            WHEN $day = 'latest' THEN (SELECT max(session_day) FROM cycle_started WHERE kind = 'trade')
            ELSE CAST($day AS DATE)
        END
),
read AS (
    SELECT DISTINCT unnest(inputs) AS sha256 FROM targets_computed JOIN started USING (cycle)
),
ingested AS (
    SELECT cycle, source, origin, coalesce(fetched_at, recorded_at) AS fetched_at, unnest(series, max_depth := 2)
    FROM data_ingested JOIN started USING (cycle)
)
SELECT
    source,
    coalesce(origin, '') AS origin,
    symbol,
    sha256,
    sha256 IN (SELECT sha256 FROM read) AS used,
    min(fetched_at) AS first_fetched_at,
    count(DISTINCT cycle) AS cycles,
    any_value(bars) AS bars,
    any_value("first") AS first_day,
    any_value("last") AS last_day
FROM ingested
GROUP BY source, origin, symbol, con_id, sha256
ORDER BY source, symbol, first_fetched_at
