-- What part did each strategy have in each order, and what passed between them at the decision price?
-- One row a strategy, contract and cycle, oldest first; '' is what no strategy holds. `ordered` is planned, `crossed` happened.
-- Units, value and profit by strategy are shared out of fills: `report strategies` tells them.
WITH planned AS (
    SELECT seq, cycle, recorded_at, con_id, symbol, reference_price, order_ref, unnest(parts) AS part
    FROM order_planned
),
passed AS (
    SELECT crosses.cycle, crosses.row.con_id AS con_id, crosses.row.strategy AS strategy, crosses.row.quantity AS quantity
    FROM (SELECT cycle, unnest(rows) AS row FROM strategies_crossed) AS crosses
)
SELECT
    CAST(planned.recorded_at AS DATE) AS session_day,
    planned.recorded_at AS planned_at,
    planned.part.strategy AS strategy,
    planned.symbol,
    planned.con_id,
    planned.part.quantity AS ordered,
    coalesce(passed.quantity, 0) AS crossed,
    planned.reference_price,
    planned.order_ref,
    planned.cycle,
    planned.seq
FROM planned
LEFT JOIN passed
    ON passed.cycle = planned.cycle AND passed.con_id = planned.con_id AND passed.strategy = planned.part.strategy
ORDER BY planned.seq, strategy
