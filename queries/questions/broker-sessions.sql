-- How reliable was the broker: sessions, lost ones, clock?
WITH session AS (
    SELECT cycle, recorded_at, clock_difference_seconds, server_version FROM broker_connected
),
lost AS (
    SELECT cycle, count(*) AS times FROM broker_lost GROUP BY cycle
)
SELECT
    CAST(session.recorded_at AS DATE) AS session_day,
    count(*) AS sessions,
    CAST(coalesce(sum(lost.times), 0) AS BIGINT) AS lost,
    max(abs(session.clock_difference_seconds)) AS clock_apart_seconds,
    max(session.server_version) AS server_version
FROM session
LEFT JOIN lost USING (cycle)
GROUP BY session_day
ORDER BY session_day
