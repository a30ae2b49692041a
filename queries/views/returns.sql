-- What did each session earn, on what, and how far was the account below its peak?
-- Money, and the money to divide by: a return is `profit` over `base` (NAV before, and the day's flows), the drawdown
-- `below_peak` over `peak_nav` (the highest profit so far, and all that flowed). `report performance` divides.
WITH closing AS (
    SELECT
        session_day,
        max(seq) AS seq,
        arg_max(nav, seq) AS nav,
        arg_max(flows, seq) AS flows_since_start
    FROM snapshot_taken
    GROUP BY session_day
),
day AS (
    SELECT
        *,
        lag(nav) OVER past AS nav_before,
        flows_since_start - coalesce(lag(flows_since_start) OVER past, 0) AS flows,
        nav - flows_since_start AS profit_since_start,
        greatest(0, max(nav - flows_since_start) OVER past) AS peak_profit
    FROM closing
    WINDOW past AS (ORDER BY seq)
)
SELECT
    session_day,
    seq,
    nav,
    flows,
    nav - coalesce(nav_before, 0) - flows AS profit,
    coalesce(nav_before, 0) + flows AS base,
    profit_since_start,
    flows_since_start,
    peak_profit,
    profit_since_start - peak_profit AS below_peak,
    peak_profit + flows_since_start AS peak_nav
FROM day
ORDER BY seq
