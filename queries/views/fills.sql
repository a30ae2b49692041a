-- What was bought and sold, by whom, and what did it cost?
-- The latest revision of each execution that stands (a busted one is left out). `commission` is NULL while it is pending.
-- `ours` is false for an order that this log never sent. Products are exact: DECIMAL places add up, so the quantity is
-- narrowed to 10 places and the multiplier to 2, loudly if that would lose something.
-- `decided_price` is the plan's reference price, `slippage` what the fill cost against it (+ is worse): NULL where no plan
-- of ours told one.
WITH revision AS (
    SELECT
        *,
        regexp_extract(execution_id, '^(.*)\.[0-9]+$', 1) AS base,
        CAST(regexp_extract(execution_id, '\.([0-9]+)$', 1) AS BIGINT) AS revision
    FROM order_filled
    QUALIFY row_number() OVER (PARTITION BY account, base ORDER BY revision DESC) = 1
),
charged AS (
    SELECT
        regexp_extract(execution_id, '^(.*)\.[0-9]+$', 1) AS base,
        amount,
        realised_reported
    FROM commission_charged
    QUALIFY row_number() OVER (
        PARTITION BY base ORDER BY CAST(regexp_extract(execution_id, '\.([0-9]+)$', 1) AS BIGINT) DESC
    ) = 1
),
contract AS (
    SELECT con_id, symbol, multiplier
    FROM contract_defined
    QUALIFY row_number() OVER (PARTITION BY con_id ORDER BY seq DESC) = 1
),
decided AS (
    SELECT order_ref, coalesce(sent.reference_price, planned.reference_price) AS decided_price
    FROM order_send_attempted AS sent
    LEFT JOIN (
        SELECT order_ref, reference_price
        FROM order_planned
        WHERE order_ref IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY order_ref ORDER BY seq) = 1
    ) AS planned USING (order_ref)
),
narrowed AS (
    SELECT
        fill.*,
        decided.decided_price,
        CASE
            WHEN CAST(fill.quantity AS DECIMAL(38, 10)) = fill.quantity THEN CAST(fill.quantity AS DECIMAL(38, 10))
            ELSE error('fills: a quantity has more than 10 decimal places: ' || fill.execution_id)
        END AS units,
        CASE
            WHEN CAST(contract.multiplier AS DECIMAL(20, 2)) = contract.multiplier
            THEN CAST(contract.multiplier AS DECIMAL(20, 2))
            WHEN contract.multiplier IS NULL THEN NULL
            ELSE error('fills: a multiplier has more than 2 decimal places: contract ' || fill.con_id)
        END AS money_a_point,
        contract.symbol
    FROM revision AS fill
    LEFT JOIN contract USING (con_id)
    LEFT JOIN decided USING (order_ref)
)
SELECT
    fill.seq,
    coalesce(fill.occurred_at, fill.recorded_at) AS filled_at,
    CAST(coalesce(fill.occurred_at, fill.recorded_at) AS DATE) AS session_day,
    fill.cycle,
    fill.execution_id,
    fill.con_id,
    fill.symbol,
    fill.quantity,
    fill.price,
    fill.currency,
    fill.units * fill.price * fill.money_a_point AS notional,
    charged.amount AS commission,
    charged.realised_reported,
    fill.order_ref,
    fill.order_ref IN (SELECT order_ref FROM order_send_attempted) AS ours,
    fill.perm_id,
    fill.source,
    fill.decided_price,
    fill.units * (fill.price - fill.decided_price) * fill.money_a_point AS slippage
FROM narrowed AS fill
LEFT JOIN charged USING (base)
WHERE NOT EXISTS (
    SELECT 1 FROM fill_busted AS bust
    WHERE regexp_extract(bust.execution_id, '^(.*)\.[0-9]+$', 1) = fill.base
        AND CAST(regexp_extract(bust.execution_id, '\.([0-9]+)$', 1) AS BIGINT) >= fill.revision
)
ORDER BY fill.seq
