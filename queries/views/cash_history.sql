-- How much cash was there after each cycle, in each currency?
WITH balance AS (
    SELECT seq, recorded_at AS taken_at, session_day, cycle, kind, unnest(cash, max_depth := 2)
    FROM snapshot_taken
)
SELECT * FROM balance
ORDER BY seq, currency
