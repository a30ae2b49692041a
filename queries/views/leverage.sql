-- How far was the account leveraged after each cycle, and how far was it allowed to be?
-- The limits are those that the cycle's safeguards judged by; a cycle that judged nothing (a closing one) has those of the
-- one before. `room` is what was left to the limit of gross leverage: below 0 it was above.
WITH verdict AS (
    SELECT seq, cycle, unnest(verdicts) AS found FROM safeguards_evaluated
),
allowed AS (
    SELECT
        cycle,
        arg_max(TRY_CAST(found."limit" AS DECIMAL(38, 12)), seq)
            FILTER (WHERE found.safeguard = 'gross_leverage_stays_within_limit') AS gross_max,
        arg_max(TRY_CAST(found."limit" AS DECIMAL(38, 12)), seq)
            FILTER (WHERE found.safeguard = 'net_leverage_stays_within_limit') AS net_max
    FROM verdict
    WHERE found.safeguard IN ('gross_leverage_stays_within_limit', 'net_leverage_stays_within_limit')
    GROUP BY cycle
),
taken AS (
    SELECT
        snapshot.seq,
        snapshot.recorded_at,
        snapshot.session_day,
        snapshot.cycle,
        snapshot.kind,
        snapshot.leverage_gross,
        snapshot.leverage_net,
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
