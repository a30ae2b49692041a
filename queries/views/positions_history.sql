-- What was held after each cycle, at which marks?
WITH held AS (
    SELECT seq, recorded_at AS taken_at, session_day, cycle, kind, unnest(positions, max_depth := 2)
    FROM snapshot_taken
)
SELECT * FROM held
ORDER BY seq, symbol, con_id
