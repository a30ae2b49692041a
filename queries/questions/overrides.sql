-- Which overrides are in force, and why?
SELECT subject, allow, scale, until, why, recorded_at AS since, seq
FROM override_set
QUALIFY
    row_number() OVER (PARTITION BY subject ORDER BY seq DESC) = 1
    AND NOT (allow = 'all' AND scale = 1)
    AND (until IS NULL OR until >= (SELECT max(session_day) FROM cycle_started))
ORDER BY subject
