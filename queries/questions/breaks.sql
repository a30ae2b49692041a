-- Which breaks were there, and how long did they stay?
-- since (default 0001-01-01): found on this day or later, YYYY-MM-DD
SELECT
    break_id,
    found_at,
    kind,
    coalesce(symbol, currency, subject) AS subject,
    difference,
    cause,
    certainty,
    ending,
    lasted_seconds,
    why
FROM break_lives
WHERE session_day >= CAST($since AS DATE)
ORDER BY seq
