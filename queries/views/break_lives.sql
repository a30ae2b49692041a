-- Which breaks were there, why, and how long did each stay?
-- `ending`: open, accepted (by the operator), closed (both halves matched again) or taken back (an acceptance undone).
-- `lasted_seconds` of one that is open runs to the last cycle's start. `difference` is found minus expected.
WITH explained AS (
    SELECT * FROM break_explained
    QUALIFY row_number() OVER (PARTITION BY break_id ORDER BY seq DESC) = 1
),
ended AS (
    SELECT seq, break_id, recorded_at, 'accepted' AS ending, "by", why FROM break_accepted
    UNION ALL
    SELECT seq, break_id, recorded_at, 'closed', '', reason FROM break_closed
),
first_end AS (
    SELECT * FROM ended
    QUALIFY row_number() OVER (PARTITION BY break_id ORDER BY seq) = 1
),
contract AS (
    SELECT con_id, arg_max(symbol, seq) AS symbol FROM contract_defined GROUP BY con_id
),
newest AS (
    SELECT max(recorded_at) AS recorded_at FROM cycle_started
)
SELECT
    opened.break_id,
    opened.seq,
    opened.recorded_at AS found_at,
    CAST(opened.recorded_at AS DATE) AS session_day,
    opened.cycle,
    opened.kind,
    opened.subject,
    opened.con_id,
    contract.symbol,
    opened.currency,
    opened.consequence,
    opened.expected,
    opened."found" AS found,
    opened."found" - opened.expected AS difference,
    opened.text,
    explained.cause,
    explained.certainty,
    explained.text AS explanation,
    explained.unexplained,
    CASE WHEN back.seq IS NOT NULL THEN 'taken back' ELSE coalesce(first_end.ending, 'open') END AS ending,
    first_end.recorded_at AS ended_at,
    first_end."by" AS ended_by,
    first_end.why,
    back.recorded_at AS taken_back_at,
    date_diff(
        'second', opened.recorded_at, coalesce(first_end.recorded_at, greatest(newest.recorded_at, opened.recorded_at))
    ) AS lasted_seconds
FROM break_found AS opened
CROSS JOIN newest
LEFT JOIN explained USING (break_id)
LEFT JOIN first_end USING (break_id)
LEFT JOIN acceptance_taken_back AS back USING (break_id)
LEFT JOIN contract ON contract.con_id = opened.con_id
ORDER BY opened.seq
