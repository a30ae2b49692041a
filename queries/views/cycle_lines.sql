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
    SELECT started.session_day, events.cycle, line_of.line, events.recorded_at, min(events.seq) AS first_seq,
        max(events.seq) AS last_seq
    FROM events
    JOIN cycle_started AS started ON started.seq = events.cycle
    LEFT JOIN line_of USING (type)
    GROUP BY started.session_day, events.cycle, line_of.line, events.recorded_at
),
told AS ( -- what has no line of its own belongs to the one before it
    SELECT session_day, cycle, line, first_seq,
        lag(line IGNORE NULLS) OVER past AS line_before,
        lag(recorded_at) OVER past AS begun_at,
        lag(last_seq) OVER past AS last_before,
        max(recorded_at) OVER whole AS ended,
        max(last_seq) OVER whole AS last
    FROM batch
    WINDOW past AS (PARTITION BY session_day, cycle ORDER BY first_seq), whole AS (PARTITION BY session_day, cycle)
),
begun AS (
    SELECT * FROM told WHERE line IS NOT NULL AND line IS DISTINCT FROM line_before
),
ran AS (
    SELECT session_day, cycle, row_number() OVER later AS number, line, begun_at,
        coalesce(lead(begun_at) OVER later, ended) AS ended_at, first_seq,
        coalesce(lead(last_before) OVER later, last) AS last_seq
    FROM begun
    WINDOW later AS (PARTITION BY session_day, cycle ORDER BY first_seq)
)
SELECT
    ran.session_day,
    started.slot,
    ran.cycle,
    number,
    line,
    coalesce(begun_at, started.recorded_at) AS begun_at,
    ended_at,
    date_diff('millisecond', coalesce(begun_at, started.recorded_at), ended_at) AS duration_ms,
    first_seq,
    last_seq
FROM ran
JOIN cycle_started AS started ON started.seq = ran.cycle
