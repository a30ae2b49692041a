-- What was each trade decided at, and what did it cost against that?
-- One row a fill. `slippage` is in the contract's currency, + where it was worse than decided, NULL where no
-- plan of ours told a price. Commissions are not in it. Basis points are a quotient: `report trades` tells them.
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
    commission,
    ours,
    order_ref,
    execution_id,
    seq
FROM fills
