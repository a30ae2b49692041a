-- What did we believe then that was wrong?
-- since (default 0001-01-01): learned on this day or later, YYYY-MM-DD
WITH revised AS (
    SELECT
        *,
        regexp_extract(execution_id, '^(.*)\.[0-9]+$', 1) AS base,
        rtrim(rtrim(CAST(quantity AS VARCHAR), '0'), '.') || ' at ' || rtrim(rtrim(CAST(price AS VARCHAR), '0'), '.') AS traded,
        lag(recorded_at) OVER revision AS believed_at,
        lag(traded) OVER revision AS traded_then
    FROM order_filled
    WINDOW revision AS (
        PARTITION BY account, regexp_extract(execution_id, '^(.*)\.[0-9]+$', 1)
        ORDER BY CAST(regexp_extract(execution_id, '\.([0-9]+)$', 1) AS BIGINT)
    )
),
wrong AS (
    SELECT
        believed_at,
        recorded_at AS learned_at,
        'fill corrected' AS what,
        execution_id AS subject,
        traded_then AS believed,
        traded AS known_now,
        seq
    FROM revised
    WHERE believed_at IS NOT NULL
    UNION ALL
    SELECT occurred_at, recorded_at, 'fill told late', execution_id, 'none', traded, seq
    FROM revised
    WHERE believed_at IS NULL AND CAST(occurred_at AS DATE) < CAST(recorded_at AS DATE)
    UNION ALL
    SELECT fill.recorded_at, bust.recorded_at, 'fill taken back', bust.execution_id,
        fill.traded, 'none: ' || bust.reason, bust.seq
    FROM fill_busted AS bust
    LEFT JOIN revised AS fill USING (account, execution_id)
    UNION ALL
    SELECT NULL, told.recorded_at, 'inferred, and told otherwise', told.row.key,
        told.row.type || coalesce(' ' || rtrim(rtrim(CAST(told.row.amount AS VARCHAR), '0'), '.'), ''), told.row.by, told.seq
    FROM (SELECT seq, recorded_at, unnest(replaced) AS row FROM statement_reconciled) AS told
    UNION ALL
    SELECT NULL, told.recorded_at, 'inferred, and not so', told.row.key,
        told.row.type || coalesce(' ' || rtrim(rtrim(CAST(told.row.amount AS VARCHAR), '0'), '.'), ''), 'none', told.seq
    FROM (SELECT seq, recorded_at, unnest(reversed) AS row FROM statement_reconciled) AS told
    UNION ALL
    SELECT NULL, told.recorded_at, 'only the statement knew', told.row.key, 'none',
        told.row.type || coalesce(' ' || rtrim(rtrim(CAST(told.row.amount AS VARCHAR), '0'), '.'), ''), told.seq
    FROM (SELECT seq, recorded_at, unnest(only_told) AS row FROM statement_reconciled) AS told
    UNION ALL
    SELECT accepted.recorded_at, back.recorded_at, 'acceptance taken back', back.break_id, accepted.why, back.why, back.seq
    FROM acceptance_taken_back AS back
    LEFT JOIN break_accepted AS accepted USING (break_id)
)
SELECT * FROM wrong
WHERE CAST(learned_at AS DATE) >= CAST($since AS DATE)
ORDER BY seq
