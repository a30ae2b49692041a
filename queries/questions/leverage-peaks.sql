-- When was leverage highest, and how near was its limit?
-- count (default 10): how many cycles
SELECT session_day, taken_at, kind, gross, gross_max, room, net, net_max, seq
FROM leverage
ORDER BY gross DESC, seq
LIMIT CAST($count AS BIGINT)
