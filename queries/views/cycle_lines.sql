-- How long did each line of each cycle take?
-- A line is known by the facts that it records. It runs from the last fact of the line before to its own last one, so it
-- bears what was computed and waited for in between; a line that recorded nothing is not told apart. Fills belong to the
-- line in which they came: as a rule `send`, which waits for them. `number` counts the lines of a cycle.
WITH line_of AS (
    SELECT unnest([
        {'type': 'cycle_started', 'line': 'start'},
        {'type': 'broker_connected', 'line': 'connect'},
        {'type': 'contract_defined', 'line': 'connect'},
        {'type': 'order_resolved', 'line': 'resolve'},
        {'type': 'order_cancel_attempted', 'line': 'cancel'},
        {'type': 'order_cancelled', 'line': 'cancel'},
        {'type': 'order_kept', 'line': 'cancel'},
        {'type': 'statement_imported', 'line': 'statements'},
        {'type': 'statement_reconciled', 'line': 'statements'},
        {'type': 'statement_missed', 'line': 'statements'},
        {'type': 'lot_method_set', 'line': 'lot methods'},
        {'type': 'open_orders_observed', 'line': 'observe'},
        {'type': 'executions_observed', 'line': 'observe'},
        {'type': 'positions_observed', 'line': 'observe'},
        {'type': 'cash_observed', 'line': 'observe'},
        {'type': 'rates_observed', 'line': 'observe'},
        {'type': 'nav_observed', 'line': 'observe'},
        {'type': 'margin_observed', 'line': 'observe'},
        {'type': 'break_found', 'line': 'reconcile'},
        {'type': 'break_explained', 'line': 'reconcile'},
        {'type': 'break_closed', 'line': 'reconcile'},
        {'type': 'book_reconciled', 'line': 'reconcile'},
        {'type': 'data_ingested', 'line': 'ingest'},
        {'type': 'data_fault_found', 'line': 'ingest'},
        {'type': 'targets_computed', 'line': 'forecast'},
        {'type': 'quotes_observed', 'line': 'quotes'},
        {'type': 'targets_scaled', 'line': 'plan'},
        {'type': 'order_planned', 'line': 'plan'},
        {'type': 'order_previewed', 'line': 'preview'},
        {'type': 'safeguards_evaluated', 'line': 'safeguards'},
        {'type': 'trading_allowed', 'line': 'safeguards'},
        {'type': 'trading_vetoed', 'line': 'safeguards'},
        {'type': 'strategies_crossed', 'line': 'cross'},
        {'type': 'order_modify_attempted', 'line': 'send'},
        {'type': 'order_modified', 'line': 'send'},
        {'type': 'order_modify_refused', 'line': 'send'},
        {'type': 'order_send_attempted', 'line': 'send'},
        {'type': 'order_acknowledged', 'line': 'send'},
        {'type': 'order_rejected', 'line': 'send'},
        {'type': 'order_deferred', 'line': 'defer'},
        {'type': 'recovery_started', 'line': 'recovery'},
        {'type': 'recovery_ended', 'line': 'recovery'},
        {'type': 'snapshot_taken', 'line': 'close'},
        {'type': 'cycle_finished', 'line': 'close'},
        {'type': 'cycle_failed', 'line': 'failed'},
        {'type': 'broker_disconnected', 'line': 'disconnect'}
    ], max_depth := 2)
),
batch AS ( -- the day goes along, and parts every window: a question of one day reads that day alone
    SELECT started.session_day, started.slot, events.cycle, type, events.recorded_at, min(events.seq) AS first_seq,
        max(events.seq) AS last_seq
    FROM events
    JOIN cycle_started AS started ON started.seq = events.cycle
    GROUP BY started.session_day, started.slot, events.cycle, type, events.recorded_at
),
told AS (
    SELECT batch.*, coalesce(line_of.line, last_value(line_of.line IGNORE NULLS) OVER past) AS line
    FROM batch
    LEFT JOIN line_of USING (type)
    WINDOW past AS (PARTITION BY session_day, cycle ORDER BY first_seq)
),
changed AS (
    SELECT *, line IS DISTINCT FROM lag(line) OVER (PARTITION BY session_day, cycle ORDER BY first_seq) AS is_new FROM told
),
numbered AS (
    SELECT *, CAST(count_if(is_new) OVER (PARTITION BY session_day, cycle ORDER BY first_seq) AS BIGINT) AS number
    FROM changed
),
ran AS (
    SELECT
        session_day,
        slot,
        cycle,
        number,
        any_value(line) AS line,
        min(first_seq) AS first_seq,
        max(last_seq) AS last_seq,
        max(recorded_at) AS ended_at
    FROM numbered
    GROUP BY session_day, slot, cycle, number
),
timed AS (
    SELECT *, coalesce(lag(ended_at) OVER (PARTITION BY session_day, cycle ORDER BY number), ended_at) AS begun_at FROM ran
)
SELECT
    session_day,
    slot,
    cycle,
    number,
    line,
    begun_at,
    ended_at,
    date_diff('millisecond', begun_at, ended_at) AS duration_ms,
    first_seq,
    last_seq
FROM timed
