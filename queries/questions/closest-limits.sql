-- Which limit is closest?
-- day (default latest): the trading day, YYYY-MM-DD
-- count (default 10): how many safeguards
WITH started AS (
    SELECT seq AS cycle, slot
    FROM cycle_started
    WHERE session_day = CASE
            WHEN $day = 'latest' THEN (SELECT max(session_day) FROM cycle_started WHERE kind = 'trade')
            ELSE CAST($day AS DATE)
        END
),
verdict AS (
    SELECT started.slot, seq, unnest(verdicts, max_depth := 2) FROM safeguards_evaluated JOIN started USING (cycle)
),
judged AS (
    SELECT
        *,
        TRY_CAST("limit" AS DECIMAL(38, 12)) AS bound,
        TRY_CAST(distance AS DECIMAL(38, 12)) AS room,
        CAST(100 * room / nullif(abs(bound), 0) AS DECIMAL(18, 2)) AS room_percent
    FROM verdict
    WHERE safeguard NOT IN ('the_open_is_over', 'the_close_is_not_near')
),
contract AS (
    SELECT con_id, arg_max(symbol, seq) AS symbol FROM contract_defined GROUP BY con_id
)
SELECT
    safeguard,
    coalesce(contract.symbol, '') AS symbol,
    slot,
    outcome AS verdict,
    observed,
    "limit" AS bound,
    distance,
    room_percent,
    formula
FROM judged
LEFT JOIN contract USING (con_id)
WHERE room_percent IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY safeguard ORDER BY room_percent, seq DESC) = 1
ORDER BY room_percent, safeguard
LIMIT CAST($count AS BIGINT)
