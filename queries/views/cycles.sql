-- What did each cycle do, how long did it take, and what stopped it?
-- `outcome`: finished, failed, or `died` (a later cycle started), or `open` (the last one, no end recorded yet).
WITH started AS (
    SELECT *, lead(seq) OVER (ORDER BY seq) AS next_seq FROM cycle_started
),
failed AS (
    SELECT started.seq AS cycle, failure.*
    FROM cycle_failed AS failure
    ASOF JOIN started ON failure.seq >= started.seq
    QUALIFY row_number() OVER (PARTITION BY started.seq ORDER BY failure.seq DESC) = 1
),
planned AS (
    SELECT cycle, count(*) FILTER (WHERE action <> 'NOTHING') AS orders_planned
    FROM order_planned
    GROUP BY cycle
),
sent AS (
    SELECT cycle, count(*) AS orders_sent FROM order_send_attempted GROUP BY cycle
),
filled AS (
    SELECT cycle, count(*) AS fills, count(DISTINCT order_ref) FILTER (WHERE ours) AS orders_filled
    FROM fills
    GROUP BY cycle
),
vetoed AS (
    SELECT cycle, flatten(list(reasons ORDER BY seq)) AS vetoes FROM trading_vetoed GROUP BY cycle
),
step AS (
    SELECT cycle, list("step" || ': ' || reason ORDER BY seq) AS failures FROM step_failed GROUP BY cycle
),
reconciled AS (
    SELECT cycle, arg_max(open_breaks, seq) AS open_breaks, arg_max(nav_difference, seq) AS nav_difference
    FROM book_reconciled
    GROUP BY cycle
),
snapshot AS (
    SELECT cycle, arg_max(nav, seq) AS nav, arg_max(leverage_gross, seq) AS leverage_gross
    FROM snapshot_taken
    GROUP BY cycle
)
SELECT
    started.seq AS cycle,
    started.session_day,
    started.slot,
    started.attempt,
    started.kind,
    started.dry_run,
    CASE
        WHEN finished.seq IS NOT NULL THEN 'finished'
        WHEN failed.seq IS NOT NULL THEN 'failed'
        WHEN started.next_seq IS NOT NULL THEN 'died'
        ELSE 'open'
    END AS outcome,
    failed.code,
    coalesce(failed.reason, '') AS reason,
    started.recorded_at AS started_at,
    coalesce(finished.recorded_at, failed.recorded_at) AS ended_at,
    date_diff('millisecond', started.recorded_at, coalesce(finished.recorded_at, failed.recorded_at)) AS duration_ms,
    coalesce(planned.orders_planned, 0) AS orders_planned,
    coalesce(sent.orders_sent, 0) AS orders_sent,
    coalesce(filled.orders_filled, 0) AS orders_filled,
    coalesce(filled.fills, 0) AS fills,
    coalesce(vetoed.vetoes, []) AS vetoes,
    coalesce(step.failures, []) AS failures,
    reconciled.open_breaks,
    reconciled.nav_difference,
    snapshot.nav,
    snapshot.leverage_gross,
    finished.book_hash
FROM started
LEFT JOIN cycle_finished AS finished ON finished.cycle = started.seq
LEFT JOIN failed ON failed.cycle = started.seq
LEFT JOIN planned ON planned.cycle = started.seq
LEFT JOIN sent ON sent.cycle = started.seq
LEFT JOIN filled ON filled.cycle = started.seq
LEFT JOIN vetoed ON vetoed.cycle = started.seq
LEFT JOIN step ON step.cycle = started.seq
LEFT JOIN reconciled ON reconciled.cycle = started.seq
LEFT JOIN snapshot ON snapshot.cycle = started.seq
ORDER BY started.seq
