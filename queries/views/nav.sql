-- What was the account worth after each cycle, and what did it earn since the one before?
-- `profit` is the change of NAV without deposits and withdrawals; `below_peak` is in money: the distance of the profit
-- since the adoption from its highest value so far (0 or negative).
WITH snapshot AS (
    SELECT
        *,
        nav - flows AS profit_since_start,
        lag(nav) OVER (ORDER BY seq) AS nav_before,
        lag(nav - flows) OVER (ORDER BY seq) AS profit_before
    FROM snapshot_taken
)
SELECT
    seq,
    recorded_at AS taken_at,
    session_day,
    cycle,
    kind,
    nav,
    nav_reported,
    nav - nav_reported AS apart,
    nav - nav_before AS change,
    profit_since_start - profit_before AS profit,
    profit_since_start,
    profit_since_start - max(profit_since_start) OVER (ORDER BY seq) AS below_peak,
    leverage_gross,
    leverage_net,
    realised,
    unrealised,
    commissions,
    dividends,
    taxes,
    interest,
    fees,
    flows,
    adjustments,
    margin_initial,
    margin_maintenance,
    excess_liquidity
FROM snapshot
ORDER BY seq
