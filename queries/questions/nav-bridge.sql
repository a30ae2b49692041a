-- How did NAV come about?
-- day (default latest): the trading day, YYYY-MM-DD
SELECT session_day, line, amount, currency, note
FROM nav_bridge
WHERE session_day = CASE
        WHEN $day = 'latest' THEN (SELECT max(session_day) FROM nav_bridge)
        ELSE CAST($day AS DATE)
    END
ORDER BY place
