-- What did each strategy want of each contract in each cycle, what was held, and what was done about it?
-- `weight` and `leverage` are the strategy's, a fraction of its share `capital` of NAV. `planned_weight`, `held`, `target`
-- and `drift` (target minus held, in units) are the account's: all strategies together, after all limits.
-- One row a strategy and contract; `strategy` is NULL for what was planned though no strategy of the cycle names it.
WITH target AS NOT MATERIALIZED (
    SELECT started.session_day, started.slot, computed.cycle, strategy, capital, unnest(rows, max_depth := 2)
    FROM targets_computed AS computed
    JOIN cycle_started AS started ON started.seq = computed.cycle
),
planned AS NOT MATERIALIZED (
    SELECT started.session_day, started.slot, order_planned.*
    FROM order_planned
    JOIN cycle_started AS started ON started.seq = order_planned.cycle
),
stand AS (
    SELECT
        planned.session_day, planned.slot, planned.cycle, planned.con_id, planned.symbol,
        target.strategy, target.weight AS wish, target.leverage, target.capital,
        target.reference_price AS seen_price, target.reference_day AS seen_day,
        planned.weight AS planned_weight, planned.held, planned.target, planned.action, planned.quantity,
        planned.reference_price, planned.limit_price, planned.order_ref, planned.reason
    FROM planned
    LEFT JOIN target USING (session_day, cycle, con_id)
    UNION ALL BY NAME
    SELECT -- wanted, and the plan never came
        target.session_day, target.slot, target.cycle, target.con_id, target.symbol,
        target.strategy, target.weight AS wish, target.leverage, target.capital,
        target.reference_price AS seen_price, target.reference_day AS seen_day
    FROM target
    ANTI JOIN planned USING (session_day, cycle, con_id)
)
SELECT
    stand.session_day,
    stand.slot,
    stand.cycle,
    stand.strategy,
    stand.con_id,
    stand.symbol,
    stand.wish AS weight,
    stand.leverage,
    stand.capital,
    stand.seen_price,
    stand.seen_day,
    stand.planned_weight,
    stand.held,
    stand.target,
    stand.target - stand.held AS drift,
    stand.action,
    stand.quantity,
    stand.reference_price,
    stand.limit_price,
    stand.order_ref,
    stand.reason
FROM stand
