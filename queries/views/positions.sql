-- What is held, as the latest snapshot found it?
WITH latest AS (
    SELECT * FROM snapshot_taken WHERE seq = (SELECT max(seq) FROM snapshot_taken)
),
held AS (
    SELECT seq, recorded_at AS taken_at, session_day, cycle, kind, unnest(positions, max_depth := 2) FROM latest
)
SELECT * FROM held
ORDER BY symbol, con_id
