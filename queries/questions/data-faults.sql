-- What was wrong with the data that we were to decide on?
-- since (default 0001-01-01): the first day, YYYY-MM-DD
SELECT recorded_at AS found_at, source, symbol, kind, "first" AS first_day, "last" AS last_day, field, observed, expected,
    skipped, text, seq
FROM data_fault_found
WHERE CAST(recorded_at AS DATE) >= CAST($since AS DATE)
ORDER BY seq
