-- What did each strategy want of each contract in each cycle, what was held, and what was done about it?
-- `weight` and `leverage` are the strategy's, a fraction of its share `capital` of NAV. `planned_weight`, `held`, `target`
-- and `drift` (target minus held, in units) are the account's: all strategies together, after all limits.
-- One row a strategy and contract; `strategy` is NULL for what was planned though no strategy of the cycle names it.
WITH target AS (
    SELECT cycle, strategy, capital, unnest(rows, max_depth := 2) FROM targets_computed
),
stand AS (
    SELECT
        planned.cycle, planned.con_id, planned.symbol, target.strategy, target.weight AS wish, target.leverage,
        target.capital, target.reference_price AS seen_price, target.reference_day AS seen_day,
        planned.weight AS planned_weight, planned.held, planned.target, planned.action, planned.quantity,
        planned.reference_price, planned.limit_price, planned.order_ref, planned.reason
    FROM order_planned AS planned
    LEFT JOIN target ON target.cycle = planned.cycle AND target.con_id = planned.con_id
    UNION ALL BY NAME
    SELECT -- wanted, and the plan never came
        target.cycle, target.con_id, target.symbol, target.strategy, target.weight AS wish, target.leverage,
        target.capital, target.reference_price AS seen_price, target.reference_day AS seen_day
    FROM target
    ANTI JOIN order_planned AS planned ON target.cycle = planned.cycle AND target.con_id = planned.con_id
)
SELECT
    started.session_day,
    started.slot,
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
LEFT JOIN cycle_started AS started ON started.seq = stand.cycle
