-- What did each session bring: NAV, profit, cycles, orders, fills?
WITH ended AS (
    SELECT
        session_day,
        arg_max(nav, seq) AS nav,
        arg_max(nav_reported, seq) AS nav_reported,
        arg_max(profit_since_start, seq) AS profit_since_start,
        arg_max(flows, seq) AS flows,
        arg_max(leverage_gross, seq) AS leverage_gross,
        count(*) AS snapshots
    FROM nav
    GROUP BY session_day
),
run AS (
    SELECT
        session_day,
        count(*) AS cycles,
        count(*) FILTER (WHERE outcome = 'finished') AS cycles_finished,
        sum(orders_planned)::BIGINT AS orders_planned,
        sum(orders_sent)::BIGINT AS orders_sent
    FROM cycles
    GROUP BY session_day
),
traded AS (
    SELECT
        session_day,
        count(*) AS fills,
        count(*) FILTER (WHERE NOT ours) AS foreign_fills
    FROM fills
    GROUP BY session_day
)
SELECT
    run.session_day,
    ended.nav,
    ended.nav_reported,
    ended.profit_since_start - coalesce(lag(ended.profit_since_start IGNORE NULLS) OVER (ORDER BY run.session_day), 0) AS profit,
    ended.profit_since_start,
    ended.flows,
    ended.leverage_gross,
    run.cycles,
    run.cycles_finished,
    run.orders_planned,
    run.orders_sent,
    coalesce(traded.fills, 0) AS fills,
    coalesce(traded.foreign_fills, 0) AS foreign_fills,
    coalesce(ended.snapshots, 0) AS snapshots
FROM run
LEFT JOIN ended USING (session_day)
LEFT JOIN traded USING (session_day)
ORDER BY run.session_day
