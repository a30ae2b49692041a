-- What were we told at once, and when was it over?
SELECT
    opened.recorded_at AS opened_at,
    opened.code,
    opened.slot,
    opened.headline,
    ended.recorded_at AS ended_at,
    date_diff('second', opened.recorded_at, ended.recorded_at) AS lasted_seconds,
    opened.nav,
    opened.incident,
    opened.seq
FROM incident_opened AS opened
LEFT JOIN incident_ended AS ended USING (incident)
ORDER BY opened.seq
