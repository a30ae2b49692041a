-- What did every safeguard find in every cycle, and how far was that from its limit?
-- `observed`, `bound` and `distance` are as they were recorded; the same as numbers where they are numbers, and NULL where
-- they are words. `distance` is in the unit of the formula, and below 0 beyond the limit.
WITH verdict AS (
    SELECT judged.seq, judged.recorded_at, judged.cycle, started.session_day, started.slot, unnest(judged.verdicts) AS found
    FROM safeguards_evaluated AS judged
    LEFT JOIN cycle_started AS started ON started.seq = judged.cycle
),
contract AS (
    SELECT con_id, arg_max(symbol, seq) AS symbol FROM contract_defined GROUP BY con_id
)
SELECT
    verdict.seq,
    verdict.recorded_at AS evaluated_at,
    verdict.session_day,
    verdict.cycle,
    verdict.slot,
    verdict.found.safeguard AS safeguard,
    verdict.found.outcome AS verdict,
    verdict.found.formula AS formula,
    verdict.found.observed AS observed,
    verdict.found."limit" AS bound,
    verdict.found.distance AS distance,
    TRY_CAST(verdict.found.observed AS DECIMAL(38, 12)) AS observed_number,
    TRY_CAST(verdict.found."limit" AS DECIMAL(38, 12)) AS bound_number,
    TRY_CAST(verdict.found.distance AS DECIMAL(38, 12)) AS distance_number,
    verdict.found.age_seconds AS age_seconds,
    verdict.found.con_id AS con_id,
    contract.symbol
FROM verdict
LEFT JOIN contract ON contract.con_id = verdict.found.con_id
