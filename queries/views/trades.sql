-- What was each trade decided at, and what did it cost against that?
-- One row a fill, oldest first. `slippage` is in the contract's currency, `slippage_basis_points` in hundredths of a percent
-- of what was decided; both + where it was worse, NULL where no plan of ours told a price. Commissions are not in it.
SELECT
    session_day,
    filled_at,
    symbol,
    con_id,
    CASE WHEN quantity > 0 THEN 'BUY' ELSE 'SELL' END AS action,
    abs(quantity) AS quantity,
    decided_price,
    price,
    currency,
    slippage,
    round(10000 * sign(quantity) * (price - decided_price) / nullif(decided_price, 0), 2) AS slippage_basis_points,
    commission,
    ours,
    order_ref,
    execution_id,
    seq
FROM fills
ORDER BY filled_at, execution_id
