-- What became of each order that was planned: sent, acknowledged, filled, and how fast?
-- `status` is the state at the end of the log; `in doubt` means sent without an answer. `not sent` was planned only.
WITH first_plan AS (
    SELECT min(seq) AS seq FROM order_planned WHERE order_ref IS NOT NULL GROUP BY order_ref -- later cycles may keep it
),
planned AS (
    SELECT order_planned.* FROM order_planned SEMI JOIN first_plan USING (seq)
),
acknowledged AS (
    SELECT order_ref, min(recorded_at) AS acknowledged_at, list_sort(list_distinct(list(perm_id))) AS perm_ids
    FROM order_acknowledged
    GROUP BY order_ref
),
filled AS (
    SELECT
        order_ref,
        sum(quantity) AS filled,
        sum(notional) AS notional,
        sum(commission) AS commission,
        count(*) AS fills,
        min(filled_at) AS first_filled_at,
        max(filled_at) AS last_filled_at
    FROM fills
    GROUP BY order_ref
),
modified AS (
    SELECT order_ref, arg_max(limit_price, seq) AS limit_price
    FROM order_modified
    GROUP BY order_ref
),
resolved AS (
    SELECT order_ref, arg_max(outcome, seq) AS outcome
    FROM order_resolved
    GROUP BY order_ref
)
SELECT
    coalesce(sent.order_ref, planned.order_ref) AS order_ref,
    coalesce(planned.cycle, sent.cycle) AS cycle,
    CAST(coalesce(sent.recorded_at, planned.recorded_at) AS DATE) AS session_day,
    coalesce(sent.con_id, planned.con_id) AS con_id,
    planned.symbol,
    coalesce(sent.quantity, planned.quantity) AS quantity,
    coalesce(modified.limit_price, sent.limit_price, planned.limit_price) AS limit_price,
    planned.reference_price,
    CASE
        WHEN sent.seq IS NULL THEN 'not sent'
        WHEN abs(filled.filled) >= abs(sent.quantity) THEN 'filled'
        WHEN rejected.seq IS NOT NULL THEN 'rejected'
        WHEN cancelled.seq IS NOT NULL THEN 'cancelled'
        WHEN expired.seq IS NOT NULL THEN 'expired'
        WHEN resolved.outcome = 'unknown' THEN 'in doubt'
        WHEN resolved.outcome = 'not_sent' THEN 'not sent'
        WHEN resolved.outcome IS NOT NULL THEN resolved.outcome
        WHEN acknowledged.acknowledged_at IS NOT NULL THEN 'working'
        ELSE 'in doubt'
    END AS status,
    coalesce(filled.filled, 0) AS filled,
    coalesce(filled.fills, 0) AS fills,
    filled.notional,
    filled.commission,
    planned.recorded_at AS planned_at,
    sent.recorded_at AS sent_at,
    acknowledged.acknowledged_at,
    filled.first_filled_at,
    filled.last_filled_at,
    date_diff('millisecond', sent.recorded_at, acknowledged.acknowledged_at) AS acknowledged_after_ms,
    date_diff('millisecond', sent.recorded_at, filled.last_filled_at) AS filled_after_ms,
    acknowledged.perm_ids,
    coalesce(rejected.reason, nullif(cancelled.reason, ''), planned.reason) AS reason
FROM planned
FULL JOIN order_send_attempted AS sent USING (order_ref)
LEFT JOIN acknowledged USING (order_ref)
LEFT JOIN filled USING (order_ref)
LEFT JOIN modified USING (order_ref)
LEFT JOIN resolved USING (order_ref)
LEFT JOIN order_rejected AS rejected USING (order_ref)
LEFT JOIN order_cancelled AS cancelled USING (order_ref)
LEFT JOIN order_expired AS expired USING (order_ref)
