-- How far was the account leveraged after each cycle, and how far was it allowed to be?
-- The limits are those that the cycle's safeguards judged by; a cycle that judged nothing (a closing one) has those of the
-- one before. `room` is what was left to the limit of gross leverage: below 0 it was above.
WITH judged AS (
    SELECT
        cycle,
        list_filter(verdicts, lambda each: each.safeguard = 'gross_leverage_stays_within_limit') AS of_gross,
        list_filter(verdicts, lambda each: each.safeguard = 'net_leverage_stays_within_limit') AS of_net
    FROM safeguards_evaluated
    QUALIFY row_number() OVER (PARTITION BY cycle ORDER BY seq DESC) = 1
),
allowed AS (
    SELECT
        cycle,
        TRY_CAST(of_gross[1]."limit" AS DECIMAL(38, 12)) AS gross_max,
        TRY_CAST(of_net[1]."limit" AS DECIMAL(38, 12)) AS net_max
    FROM judged
),
taken AS (
    SELECT
        snapshot.*,
        last_value(allowed.gross_max IGNORE NULLS) OVER (ORDER BY snapshot.seq) AS gross_max,
        last_value(allowed.net_max IGNORE NULLS) OVER (ORDER BY snapshot.seq) AS net_max
    FROM snapshot_taken AS snapshot
    LEFT JOIN allowed USING (cycle)
)
SELECT
    seq,
    recorded_at AS taken_at,
    session_day,
    cycle,
    kind,
    leverage_gross AS gross,
    gross_max,
    gross_max - leverage_gross AS room,
    leverage_net AS net,
    net_max
FROM taken
ORDER BY seq
