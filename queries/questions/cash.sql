-- How much cash was there at the end of a day, in each currency?
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
balance AS (
    SELECT seq, recorded_at AS taken_at, unnest(cash, max_depth := 2) FROM snapshot
)
SELECT currency, amount, rate, taken_at, seq
FROM balance
ORDER BY currency
