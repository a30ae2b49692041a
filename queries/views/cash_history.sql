-- How much cash was there after each cycle, in each currency?
SELECT seq, recorded_at AS taken_at, session_day, cycle, kind, unnest(cash, max_depth := 2)
FROM snapshot_taken
