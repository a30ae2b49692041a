-- What did each strategy want of each contract in each cycle, what was held, and what was done about it?
-- `weight` and `leverage` are the strategy's, a fraction of its share `capital` of NAV. `planned_weight`, `held`, `target`
-- and `drift` (target minus held, in units) are the account's: all strategies together, after all limits.
-- One row a strategy and contract; `strategy` is NULL for what was planned though no strategy of the cycle names it.
WITH wanted AS (
    SELECT seq, cycle, strategy, capital, unnest(rows) AS target
    FROM targets_computed
    QUALIFY row_number() OVER (PARTITION BY cycle, strategy ORDER BY seq DESC) = 1
),
planned AS (
    SELECT * FROM order_planned
    QUALIFY row_number() OVER (PARTITION BY cycle, con_id ORDER BY seq DESC) = 1
)
SELECT
    started.session_day,
    started.slot,
    coalesce(planned.cycle, wanted.cycle) AS cycle,
    wanted.strategy,
    coalesce(planned.con_id, wanted.target.con_id) AS con_id,
    coalesce(planned.symbol, wanted.target.symbol) AS symbol,
    wanted.target.weight AS weight,
    wanted.target.leverage AS leverage,
    wanted.capital,
    wanted.target.reference_price AS seen_price,
    wanted.target.reference_day AS seen_day,
    planned.weight AS planned_weight,
    planned.held,
    planned.target,
    planned.target - planned.held AS drift,
    planned.action,
    planned.quantity,
    planned.reference_price,
    planned.limit_price,
    planned.order_ref,
    planned.reason
FROM planned
FULL JOIN wanted ON wanted.cycle = planned.cycle AND wanted.target.con_id = planned.con_id
LEFT JOIN cycle_started AS started ON started.seq = coalesce(planned.cycle, wanted.cycle)
ORDER BY cycle, symbol, con_id, strategy
