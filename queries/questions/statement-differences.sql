-- What did the broker's statements tell otherwise than the book or the API?
WITH told AS (
    SELECT seq, recorded_at, first_day, last_day, unnest(rows) AS found FROM statement_reconciled
)
SELECT
    last_day AS statement_day,
    found.kind AS kind,
    found.subject AS subject,
    found.own_before AS own_before,
    found.api AS api,
    found.statement AS statement,
    found.own AS own_after,
    found.tolerance AS tolerance,
    found.verdict AS verdict,
    seq
FROM told
WHERE found.verdict NOT IN ('agree', 'unknown')
ORDER BY seq, kind, subject
