-- What was held at the end of a day?
-- day (default latest): the trading day, YYYY-MM-DD
WITH chosen AS (
    SELECT max(seq) AS seq
    FROM snapshot_taken
    WHERE session_day = CASE
            WHEN $day = 'latest' THEN (SELECT max(session_day) FROM snapshot_taken)
            ELSE CAST($day AS DATE)
        END
),
snapshot AS (
    SELECT * FROM snapshot_taken WHERE seq = (SELECT seq FROM chosen)
),
held AS (
    SELECT seq, recorded_at AS taken_at, unnest(positions, max_depth := 2) FROM snapshot
)
SELECT symbol, con_id, quantity, mark, value, basis, unrealised, currency, target_weight, taken_at, seq
FROM held
ORDER BY symbol, con_id
