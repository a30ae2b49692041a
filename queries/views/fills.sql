-- What was bought and sold, by whom, and what did it cost?
-- The latest revision of each execution that stands (a busted one is left out). `commission` is NULL while it is pending.
-- `ours` is false for an order that this log never sent. Products are exact: DECIMAL places add up, so the quantity is
-- narrowed to 10 places and the multiplier to 2, loudly if that would lose something.
-- `decided_price` is the plan's reference price, `slippage` what the fill cost against it (+ is worse): NULL where no plan
-- of ours told one.
WITH told AS NOT MATERIALIZED (
    SELECT
        *,
        left(execution_id, length(execution_id) - strpos(reverse(execution_id), '.')) AS base,
        CAST(split_part(execution_id, '.', -1) AS BIGINT) AS revision
    FROM order_filled
),
newest AS ( -- of the few that were corrected
    SELECT account, base, max(revision) AS revision FROM told WHERE revision > 1 GROUP BY account, base
),
busted AS (
    SELECT
        left(execution_id, length(execution_id) - strpos(reverse(execution_id), '.')) AS base,
        max(CAST(split_part(execution_id, '.', -1) AS BIGINT)) AS revision
    FROM fill_busted
    GROUP BY base
),
charge AS NOT MATERIALIZED (
    SELECT
        left(execution_id, length(execution_id) - strpos(reverse(execution_id), '.')) AS base,
        CAST(split_part(execution_id, '.', -1) AS BIGINT) AS revision,
        amount,
        realised_reported
    FROM commission_charged
),
newest_charge AS (
    SELECT base, max(revision) AS revision FROM charge WHERE revision > 1 GROUP BY base
),
charged AS (
    SELECT charge.*
    FROM charge
    LEFT JOIN newest_charge USING (base)
    WHERE newest_charge.revision IS NULL OR newest_charge.revision = charge.revision
),
contract AS (
    SELECT
        con_id,
        symbol,
        CASE
            WHEN multiplier = CAST(multiplier AS DECIMAL(20, 2)) THEN CAST(multiplier AS DECIMAL(20, 2))
            WHEN multiplier IS NULL THEN NULL
            ELSE error('fills: a multiplier has more than 2 decimal places: contract ' || con_id)
        END AS money_a_point
    FROM contract_defined
    QUALIFY row_number() OVER (PARTITION BY con_id ORDER BY seq DESC) = 1
),
planned AS ( -- of orders whose intent does not tell the price
    SELECT order_ref, arg_min(reference_price, seq) AS reference_price
    FROM order_planned
    WHERE order_ref IN (SELECT order_ref FROM order_send_attempted WHERE reference_price IS NULL)
    GROUP BY order_ref
),
fill AS (
    SELECT
        told.*,
        CASE
            WHEN CAST(told.quantity AS DECIMAL(38, 10)) = told.quantity THEN CAST(told.quantity AS DECIMAL(38, 10))
            ELSE error('fills: a quantity has more than 10 decimal places: ' || told.execution_id)
        END AS units
    FROM told
    LEFT JOIN newest USING (account, base)
    LEFT JOIN busted USING (base)
    WHERE
        (newest.revision IS NULL OR newest.revision = told.revision)
        AND (busted.revision IS NULL OR busted.revision < told.revision)
)
SELECT
    fill.seq,
    coalesce(fill.occurred_at, fill.recorded_at) AS filled_at,
    CAST(coalesce(fill.occurred_at, fill.recorded_at) AS DATE) AS session_day,
    fill.cycle,
    fill.execution_id,
    fill.con_id,
    contract.symbol,
    fill.quantity,
    fill.price,
    fill.currency,
    fill.units * fill.price * contract.money_a_point AS notional,
    charged.amount AS commission,
    charged.realised_reported,
    fill.order_ref,
    sent.order_ref IS NOT NULL AS ours,
    fill.perm_id,
    fill.source,
    coalesce(sent.reference_price, planned.reference_price) AS decided_price,
    fill.units * (fill.price - coalesce(sent.reference_price, planned.reference_price)) * contract.money_a_point
        AS slippage
FROM fill
LEFT JOIN charged USING (base)
LEFT JOIN contract USING (con_id)
LEFT JOIN order_send_attempted AS sent ON sent.order_ref = fill.order_ref
LEFT JOIN planned ON planned.order_ref = fill.order_ref
