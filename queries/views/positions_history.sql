-- What was held after each cycle, at which marks?
SELECT seq, recorded_at AS taken_at, session_day, cycle, kind, unnest(positions, max_depth := 2)
FROM snapshot_taken
