-- How much cash is there in each currency, as the latest snapshot found it?
WITH latest AS (
    SELECT * FROM snapshot_taken WHERE seq = (SELECT max(seq) FROM snapshot_taken)
),
balance AS (
    SELECT seq, recorded_at AS taken_at, session_day, cycle, kind, unnest(cash, max_depth := 2) FROM latest
)
SELECT * FROM balance
ORDER BY currency
