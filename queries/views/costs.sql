-- What did trading cost, by day and contract: commissions, taxes on trades, slippage?
-- In the currency of the contract's fills. `commission` and `tax` are signed as cash (- paid); `slippage` is + where fills
-- were worse than decided. `pending` counts fills whose commission has not come, `undecided` those without a decision price.
-- An execution that was busted is no fill any more; what it was charged stays, as in the book, until the broker gives it back.
-- What exercises cost (`option_exercised`, `option_assigned`) and what the broker adjusts later (`cash_movements`) is not in
-- it; with them `commission` comes to the journal's `commissions`.
WITH taxed AS (
    SELECT left(execution_id, length(execution_id) - strpos(reverse(execution_id), '.')) AS base, sum(amount) AS amount
    FROM transaction_tax_charged
    GROUP BY base
),
bust AS (
    SELECT
        left(execution_id, length(execution_id) - strpos(reverse(execution_id), '.')) AS base,
        max(CAST(split_part(execution_id, '.', -1) AS BIGINT)) AS revision
    FROM fill_busted
    GROUP BY base
),
busted AS (
    SELECT
        base,
        arg_max(CAST(coalesce(occurred_at, recorded_at) AS DATE), seq) AS session_day,
        arg_max(con_id, seq) AS con_id,
        arg_max(currency, seq) AS currency
    FROM order_filled
    JOIN bust ON bust.base = left(execution_id, length(execution_id) - strpos(reverse(execution_id), '.'))
    GROUP BY base
    HAVING max(CAST(split_part(execution_id, '.', -1) AS BIGINT)) <= any_value(bust.revision)
),
charged AS (
    SELECT base, arg_max(amount, CAST(split_part(execution_id, '.', -1) AS BIGINT)) AS amount
    FROM commission_charged
    JOIN busted ON busted.base = left(execution_id, length(execution_id) - strpos(reverse(execution_id), '.'))
    GROUP BY base
),
named AS (
    SELECT con_id, arg_max(symbol, seq) AS symbol FROM contract_defined GROUP BY con_id
),
execution AS (
    SELECT session_day, con_id, symbol, currency, true AS stands, quantity, notional, commission, slippage, decided_price,
        left(execution_id, length(execution_id) - strpos(reverse(execution_id), '.')) AS base
    FROM fills
    UNION ALL BY NAME
    SELECT busted.session_day, con_id, named.symbol, busted.currency, false AS stands, charged.amount AS commission, base
    FROM busted
    LEFT JOIN charged USING (base)
    LEFT JOIN named USING (con_id)
)
SELECT
    session_day,
    con_id,
    symbol,
    currency,
    count(*) FILTER (WHERE stands) AS fills,
    sum(quantity) FILTER (WHERE quantity > 0) AS bought,
    sum(quantity) FILTER (WHERE quantity < 0) AS sold,
    sum(abs(notional)) AS turnover,
    sum(commission) AS commission,
    count(*) FILTER (WHERE stands AND commission IS NULL) AS pending,
    sum(taxed.amount) AS tax,
    sum(slippage) AS slippage,
    count(*) FILTER (WHERE stands AND decided_price IS NULL) AS undecided
FROM execution
LEFT JOIN taxed USING (base)
GROUP BY session_day, con_id, symbol, currency
