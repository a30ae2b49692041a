-- What did trading cost, by day and contract: commissions, taxes on trades, slippage?
-- In the currency of the contract's fills. `commission` and `tax` are signed as cash (- paid); `slippage` is + where fills
-- were worse than decided. `pending` counts fills whose commission has not come, `undecided` those without a decision price.
WITH taxed AS (
    SELECT regexp_extract(execution_id, '^(.*)\.[0-9]+$', 1) AS base, sum(amount) AS amount
    FROM transaction_tax_charged
    GROUP BY base
)
SELECT
    session_day,
    con_id,
    symbol,
    currency,
    count(*) AS fills,
    sum(quantity) FILTER (WHERE quantity > 0) AS bought,
    sum(quantity) FILTER (WHERE quantity < 0) AS sold,
    sum(abs(notional)) AS turnover,
    sum(commission) AS commission,
    count(*) FILTER (WHERE commission IS NULL) AS pending,
    sum(taxed.amount) AS tax,
    sum(slippage) AS slippage,
    count(*) FILTER (WHERE decided_price IS NULL) AS undecided
FROM fills
LEFT JOIN taxed ON taxed.base = regexp_extract(fills.execution_id, '^(.*)\.[0-9]+$', 1)
GROUP BY session_day, con_id, symbol, currency
