-- Which safeguards said no, and how often?
-- since (default 0001-01-01): the first trading day, YYYY-MM-DD
SELECT
    safeguard,
    verdict,
    count(*) AS times,
    count(DISTINCT cycle) AS cycles,
    min(evaluated_at) AS first_at,
    max(evaluated_at) AS last_at,
    arg_max(observed, seq) AS last_observed,
    arg_max(bound, seq) AS last_bound
FROM safeguards
WHERE verdict <> 'pass' AND session_day >= CAST($since AS DATE)
GROUP BY safeguard, verdict
ORDER BY times DESC, safeguard
